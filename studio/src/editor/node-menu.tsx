import type { WorkflowNodeInput } from '@weft/client';
import { type ReactElement, useEffect } from 'react';
import { messageOf } from '../data/executions.ts';
import { nodeName } from '../data/node-name.ts';
import { Menu } from '../ui/menu.tsx';
import { useToast } from '../ui/toast.tsx';
import type { LastRun } from './last-run.ts';
import type { Pins } from './pins.ts';
import type { RunStart } from './use-run-start.ts';

export interface NodeMenuProps {
  node: WorkflowNodeInput;
  lastRun: LastRun | undefined;
  pins: Pins;
  run: RunStart;
  /** Whether it is known what the last run had. */
  isReady: boolean;
}

/** Runs of a part of the workflow, by the node that is chosen. What goes wrong with a start is said at once. */
export function NodeMenu({ node, lastRun, pins, run, isReady }: NodeMenuProps): ReactElement {
  const { key } = node;
  const toast = useToast();
  const { error } = run;
  useEffect(() => {
    if (error !== null) toast({ tone: 'failure', text: messageOf(error) ?? error.message });
  }, [error, toast]);
  const last = lastRun?.nodeExecutions.find(({ nodeKey, item }) => nodeKey === key && item === null);
  const hasOutput = last?.status === 'SUCCEEDED' || last?.status === 'REUSED';
  const isPinned = pins.keys.has(key);
  return (
    <Menu
      label={`Run ${nodeName(node)}`}
      icon="play"
      isIconOnly
      variant="ghost"
      size="small"
      items={[
        {
          label: 'Run from here',
          icon: 'play',
          isDisabled: !isReady || run.isStarting,
          onSelect: () => run.start({ from: key }),
        },
        {
          label: 'Run only this node',
          icon: 'play',
          isDisabled: !isReady || run.isStarting,
          onSelect: () => run.start({ from: key, to: key }),
        },
        {
          label: 'Run to here',
          icon: 'play',
          isDisabled: !isReady || run.isStarting,
          onSelect: () => run.start({ to: key }),
        },
        isPinned
          ? { label: 'Unpin its output', icon: 'pin', onSelect: () => pins.remove(key) }
          : {
              label: 'Pin its last output',
              icon: 'pin',
              isDisabled: !hasOutput,
              onSelect: () =>
                pins.add({ nodeKey: key, output: last?.output ?? null, handle: last?.handle ?? null }),
            },
      ]}
    />
  );
}
