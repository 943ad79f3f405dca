import { useQuery } from '@tanstack/react-query';
import type { RetryPlan } from '@weft/client';
import { useWeft } from '@weft/client/react';
import type { ReactElement } from 'react';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Callout, SkeletonRows } from '../ui/feedback.tsx';
import { Icon } from '../ui/icon.tsx';
import './retry-dialog.css';

export interface RetryDialogProps {
  executionId: string;
  nameOf: (nodeKey: string) => string;
  isBusy: boolean;
  onClose: () => void;
  onRetry: () => void;
}

/** What a retry with the latest version would reuse and run, before it is started. */
export function RetryDialog(props: RetryDialogProps): ReactElement {
  const { executionId, nameOf, isBusy, onClose, onRetry } = props;
  const plan = useLatestPlan(executionId);
  return (
    <Dialog
      title="Retry with the latest version"
      isOpen
      onClose={onClose}
      actions={
        <Button variant="primary" icon="retry" isBusy={isBusy} disabled={!plan.data} onClick={onRetry}>
          {plan.data ? `Retry with version ${plan.data.versionNumber}` : 'Retry'}
        </Button>
      }
    >
      {plan.error && <Callout tone="failure" title={plan.error.message} />}
      {plan.isPending && <SkeletonRows count={4} />}
      {plan.data && <Plan plan={plan.data} nameOf={nameOf} />}
    </Dialog>
  );
}

/** Asked again each time: the workflow may have changed since. */
function useLatestPlan(executionId: string) {
  const client = useWeft();
  return useQuery({
    queryKey: ['run', executionId, 'retryPlan'],
    queryFn: ({ signal }) =>
      client.executions.run(executionId).retryPlan('FROM_FAILURE', { version: 'LATEST', signal }),
    staleTime: 0,
    gcTime: 0,
    retry: false,
  });
}

function Plan({ plan, nameOf }: { plan: RetryPlan; nameOf: (nodeKey: string) => string }): ReactElement {
  const count = (action: string) => plan.nodes.filter((node) => node.action === action).length;
  return (
    <>
      <p className="weft-retry__summary">
        {count('RUN')} of {plan.nodes.length} nodes run; the results of {count('REUSE')} are kept.
      </p>
      <ul className="weft-retry__nodes">
        {plan.nodes.map(({ nodeKey, action, reason, items }) => (
          <li key={nodeKey} className={`weft-retry__node weft-retry__node--${action.toLowerCase()}`}>
            <Icon name={icons[action]} size={14} />
            <span className="weft-retry__name">{nameOf(nodeKey)}</span>
            <span className="weft-muted">
              {reason === null ? kept[action] : reasons[reason]}
              {items.length > 0 && `; ${items.length} items are kept`}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}

const icons = { RUN: 'play', REUSE: 'check', SKIP: 'minus' } as const;
const kept = { REUSE: 'is kept', SKIP: 'is skipped again', RUN: 'runs' } as const;
const reasons = {
  ALL_NODES: 'runs',
  NOT_SUCCEEDED: 'runs: it had not succeeded',
  NEW: 'runs: it is new',
  CHANGED: 'runs: it was changed',
  INPUT_CHANGED: 'runs: its input is another one',
  FOLLOWS: 'runs: it follows one that runs',
} as const;
