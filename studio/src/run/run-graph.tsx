import type { ExecutionDetails } from '@weft/client';
import { type ReactElement, useMemo } from 'react';
import type { CanvasNodeState, CanvasSelection } from '../canvas/types.ts';
import { WorkflowCanvas } from '../canvas/workflow-canvas.tsx';
import { useNodeDefinitions } from '../data/server.ts';
import { itemCountsAt, workAt } from './model/moment.ts';
import type { RunModel } from './model/records.ts';
import type { Selection } from './timeline.tsx';

export interface RunGraphProps {
  run: RunModel;
  /** Changes whenever the run has. */
  snapshot: unknown;
  workflow: NonNullable<ExecutionDetails['version']>;
  sequence: number;
  selected: Selection | null;
  onSelect: (selection: Selection | null) => void;
}

/** The version that is run as a graph, each node as it stood; a chunk of its own, since React Flow is large. */
export default function RunGraph(props: RunGraphProps): ReactElement {
  const { run, snapshot, workflow, sequence, selected, onSelect } = props;
  const definitions = useNodeDefinitions();
  // biome-ignore lint/correctness/useExhaustiveDependencies: `snapshot` says that the run has changed
  const states = useMemo(() => statesAt(run, sequence), [run, snapshot, sequence]);
  const nodeKey = selected?.nodeKey;
  const selection = useMemo<CanvasSelection>(
    () => ({ nodes: nodeKey === undefined ? [] : [nodeKey], edges: [] }),
    [nodeKey],
  );
  return (
    <WorkflowCanvas
      readOnly
      label="Graph of the run"
      workflow={workflow}
      definitions={definitions.data ?? noDefinitions}
      states={states}
      selected={selection}
      onSelect={({ nodes }) => {
        const key = nodes.at(-1);
        if (key === nodeKey) return;
        onSelect(key === undefined ? null : { nodeKey: key, item: null });
      }}
    />
  );
}

const noDefinitions: [] = [];

function statesAt(run: RunModel, sequence: number): Record<string, CanvasNodeState> {
  const states: Record<string, CanvasNodeState> = {};
  for (const [key, node] of run.nodes) {
    const { status, progress } = workAt(node, sequence);
    if (status === null) continue;
    const counts = itemCountsAt(node, sequence);
    const ofItems = counts && { current: counts.succeeded + counts.failed, total: counts.total };
    states[key] = { status, progress: progress ?? ofItems };
  }
  return states;
}
