import { useMutation } from '@tanstack/react-query';
import type { NodeFailure, ResumeOptions } from '@weft/client';
import { useWeft } from '@weft/client/react';
import type { ReactElement } from 'react';
import { messageOf } from '../data/executions.ts';
import { Button } from '../ui/button.tsx';
import { Menu } from '../ui/menu.tsx';
import { useToast } from '../ui/toast.tsx';
import type { RunModel } from './model/records.ts';

/** Why a node of it has failed that waits for somebody (`onFailure: PARK`); null where none does. */
export function parkedFailure(run: RunModel): NodeFailure | null {
  for (const { attempts } of run.nodes.values()) {
    const last = attempts.at(-1);
    if (last?.outcome === 'WAIT' && last.wait?.reason === 'FAILURE') return last.error;
  }
  return null;
}

/** Goes on with what failed once it was mended, or gives up. */
export function ResumeActions({ executionId }: { executionId: string }): ReactElement {
  const client = useWeft();
  const toast = useToast();
  const resume = useMutation({
    mutationFn: (options: ResumeOptions) => client.executions.run(executionId).resume(options),
    onError: (error) => toast({ tone: 'failure', text: messageOf(error) ?? '' }),
  });
  return (
    <>
      <Button
        variant="primary"
        icon="retry"
        isBusy={resume.isPending}
        onClick={() => resume.mutate({ version: 'LATEST' })}
      >
        Go on with the latest version
      </Button>
      <Menu
        label="Go on otherwise"
        icon="play"
        items={[
          { label: 'As it is', icon: 'retry', onSelect: () => resume.mutate({ version: 'SAME' }) },
          {
            label: 'Give up: the run fails',
            icon: 'stop',
            onSelect: () => resume.mutate({ action: 'FAIL' }),
          },
        ]}
      />
    </>
  );
}
