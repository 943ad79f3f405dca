import type { Approval } from '@weft/client';
import type { ReactElement, ReactNode } from 'react';
import { TargetLink } from '../run/navigation.tsx';
import { withCode } from '../ui/code-text.tsx';
import { MomentTime, RelativeTime } from '../ui/time.tsx';
import { ApprovalBadge } from './approval-badge.tsx';
import './approvals.css';
import { DecideForm } from './decide-form.tsx';
import { Decisions } from './decisions.tsx';

export interface ApprovalCardProps {
  approval: Approval;
  /** Where it stands in its run, that need not be said. */
  isInRun?: boolean;
  /** Called with the first thing that is entered. */
  onTouch?: (() => void) | undefined;
  /** Called when a decision has been accepted. */
  onDecided?: ((approval: Approval) => void) | undefined;
  /** Beside the badge, such as what puts it away. */
  actions?: ReactNode;
}

/** What is asked, who has decided what, and while it is open the form to decide by. */
export function ApprovalCard(props: ApprovalCardProps): ReactElement {
  const { approval, isInRun = false, onTouch, onDecided, actions } = props;
  const { id, title, text, status, createdAt, expiresAt, required, decisions } = approval;
  return (
    <article className="weft-approval" aria-labelledby={`${id}-title`}>
      <header className="weft-approval__head">
        <h3 id={`${id}-title`}>{title}</h3>
        <ApprovalBadge status={status} />
        {actions}
      </header>
      <p className="weft-approval__facts">
        {!isInRun && <Origin approval={approval} />}
        <span>
          Asked <RelativeTime at={createdAt} />
        </span>
        {status === 'OPEN' && expiresAt && (
          <span>
            Until <MomentTime at={expiresAt} />
          </span>
        )}
        {required > 1 && (
          <span>
            {decisions.filter(({ decision }) => decision === 'APPROVE').length} of {required} have approved
          </span>
        )}
      </p>
      {text && <div className="weft-approval__text">{withCode(text)}</div>}
      <Decisions decisions={decisions} />
      {status === 'OPEN' && <DecideForm approval={approval} onTouch={onTouch} onDecided={onDecided} />}
    </article>
  );
}

/** The workflow, the run and the node that ask. */
export function Origin({ approval }: { approval: Approval }): ReactElement {
  const { execution, nodeKey, item } = approval;
  const node = item === null ? nodeKey : `${nodeKey} [${item}]`;
  return (
    <span className="weft-approval__origin">
      {execution === null ? (
        'A run that was deleted'
      ) : (
        <TargetLink target={{ kind: 'run', executionId: execution.id }}>
          {execution.workflow?.name ?? 'Python run'}
        </TargetLink>
      )}
      , node {node}
    </span>
  );
}
