import { useMutation, useQuery } from '@tanstack/react-query';
import type { BulkResult, ExecutionFilter } from '@weft/client';
import { useWeft } from '@weft/client/react';
import { type ReactElement, useState } from 'react';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Callout } from '../ui/feedback.tsx';

type Action = 'cancel' | 'retry';

/** Cancels or retries all runs that the filters show, once it is confirmed with their number. */
export function BulkActions({ filter }: { filter: ExecutionFilter }): ReactElement {
  const [action, setAction] = useState<Action | null>(null);
  return (
    <>
      <Button size="small" icon="stop" onClick={() => setAction('cancel')}>
        Cancel all …
      </Button>
      <Button size="small" icon="retry" onClick={() => setAction('retry')}>
        Retry all …
      </Button>
      {action && <Confirm action={action} filter={filter} onClose={() => setAction(null)} />}
    </>
  );
}

interface ConfirmProps {
  action: Action;
  filter: ExecutionFilter;
  onClose: () => void;
}

function Confirm({ action, filter, onClose }: ConfirmProps): ReactElement {
  const { executions } = useWeft();
  const [soFar, setSoFar] = useState<BulkResult | null>(null);
  const act = (dryRun: boolean) => {
    const options = { filter, dryRun, ...(dryRun ? {} : { onProgress: setSoFar }) };
    return action === 'cancel' ? executions.cancelAll(options) : executions.retryAll(options);
  };
  const count = useQuery({ queryKey: ['bulk', action, filter], queryFn: () => act(true), gcTime: 0 });
  const run = useMutation({ mutationFn: () => act(false) });
  const matched = count.data?.matched;
  const error = count.error ?? run.error;
  const done = run.data ?? soFar;
  return (
    <Dialog
      title={action === 'cancel' ? 'Cancel all of these runs' : 'Retry all of these runs'}
      isOpen
      onClose={onClose}
      actions={
        run.data ? (
          <Button onClick={onClose}>Close</Button>
        ) : (
          <>
            <Button onClick={onClose}>{run.isPending ? 'Close' : 'Leave them'}</Button>
            <Button
              variant={action === 'cancel' ? 'danger' : 'primary'}
              isBusy={run.isPending}
              disabled={!matched}
              onClick={() => run.mutate()}
            >
              {action === 'cancel' ? 'Cancel' : 'Retry'} {matched === undefined ? '' : runsOf(matched)}
            </Button>
          </>
        )
      }
    >
      {error && (
        <Callout tone="failure" title="It did not work">
          {error.message}
        </Callout>
      )}
      <p>{matched === undefined ? 'Counting …' : `${explain(action, matched)}`}</p>
      {done && (
        <p role="status">
          {runsOf(done.changed)} {action === 'cancel' ? 'cancelled' : 'retried'}
          {done.refused > 0 && `, ${done.refused} left as they are: ${done.refusals[0]!.message}`}
        </p>
      )}
    </Dialog>
  );
}

function explain(action: Action, matched: number): string {
  if (matched === 0) return action === 'cancel' ? 'None of them is under way.' : 'None of them has failed.';
  return action === 'cancel'
    ? `${runsOf(matched)} of those that the filters show, read or not, are under way and will be cancelled.`
    : `${runsOf(matched)} of those that the filters show, read or not, will be retried from the failure, each as a new run.`;
}

function runsOf(count: number): string {
  return count === 1 ? '1 run' : `${count} runs`;
}
