import type { Approval } from '@weft/client';
import { useApprovals } from '@weft/client/react';
import { type ReactElement, useState } from 'react';
import { ApprovalCard } from '../approvals/approval-card.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Callout } from '../ui/feedback.tsx';
import { Icon } from '../ui/icon.tsx';
import { live, workAt } from './model/moment.ts';
import type { RunModel } from './model/records.ts';
import { waitText } from './model/waiting.ts';
import { workOf } from './node-values.tsx';
import type { Selection } from './timeline.tsx';

export interface WaitLineProps {
  executionId: string;
  run: RunModel;
  /** Null for the run as a whole. */
  of: Selection | null;
  sequence: number;
}

/** What the chosen node waits for; and what people are asked now, where it is asked by it. */
export function WaitLine({ executionId, run, of, sequence }: WaitLineProps): ReactElement | null {
  const work = of === null ? undefined : workOf(run, of);
  const { status, attempt } = workAt(work, sequence);
  const wait = status === 'WAITING' ? (attempt?.wait ?? null) : null;
  const isAsking = run.end === null && sequence === live && mayAsk(run, of);
  return (
    <>
      {wait && (
        <p className="weft-run__wait">
          <Icon name="clock" size={14} /> Waits {waitText(wait, Date.now())}
        </p>
      )}
      {isAsking && <Asked executionId={executionId} of={of} />}
    </>
  );
}

/** Whether anything of it waits for people. */
function mayAsk(run: RunModel, of: Selection | null): boolean {
  const nodes = of === null ? [...run.nodes.values()] : [run.nodes.get(of.nodeKey)];
  return nodes.some((node) =>
    [node, ...(node?.items.values() ?? [])].some(
      (work) => work?.attempts.at(-1)?.wait?.reason === 'APPROVAL',
    ),
  );
}

function Asked({ executionId, of }: Pick<WaitLineProps, 'executionId' | 'of'>): ReactElement {
  const { approvals } = useApprovals({ executionId });
  const [chosenId, setChosenId] = useState<string | null>(null);
  const asked = approvals.filter(
    ({ status, nodeKey, item }) =>
      status === 'OPEN' &&
      (of === null || (nodeKey === of.nodeKey && (of.item === null || item === of.item))),
  );
  const chosen: Approval | undefined = approvals.find(({ id }) => id === chosenId);
  return (
    <>
      {asked.slice(0, maxAsked).map(({ id, title, required, decisions }) => (
        <Callout
          key={id}
          tone="waiting"
          title={title}
          actions={
            <Button size="small" icon="check" onClick={() => setChosenId(id)}>
              Decide
            </Button>
          }
        >
          {required > 1
            ? `${decisions.length} of ${required} have approved. The run goes on when all of them have.`
            : 'The run goes on when somebody has decided.'}
        </Callout>
      ))}
      {asked.length > maxAsked && (
        <p className="weft-run__wait">and {asked.length - maxAsked} more: choose a node to see its own.</p>
      )}
      <Dialog title="Decide" isOpen={chosen !== undefined} onClose={() => setChosenId(null)}>
        {chosen && (
          <>
            {chosen.status !== 'OPEN' && (
              <Callout
                tone="waiting"
                title="It was decided or closed meanwhile; what you entered was not sent."
              />
            )}
            <ApprovalCard approval={chosen} isInRun onDecided={() => setChosenId(null)} />
          </>
        )}
      </Dialog>
    </>
  );
}

const maxAsked = 3;
