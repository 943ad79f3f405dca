import type { Approval } from '@weft/client';
import { type ReactElement, useMemo, useState } from 'react';
import { useLocation } from 'wouter';
import { ApprovalBadge } from '../../approvals/approval-badge.tsx';
import { ApprovalCard, Origin } from '../../approvals/approval-card.tsx';
import { Decisions } from '../../approvals/decisions.tsx';
import { useApproval, useClosedApprovals, useOpenApprovals } from '../../data/approvals.ts';
import { NavigationProvider, type NavigationTarget } from '../../run/navigation.tsx';
import { Button } from '../../ui/button.tsx';
import { Callout, EmptyState, SkeletonRows } from '../../ui/feedback.tsx';
import { MoreOnScroll } from '../../ui/more-on-scroll.tsx';
import { type Column, Table } from '../../ui/table.tsx';
import { RelativeTime } from '../../ui/time.tsx';
import { Card, LoadFailed, Page } from '../page.tsx';
import { pathOf } from '../paths.ts';

export default function ApprovalsPage(): ReactElement {
  const [, navigate] = useLocation();
  const navigation = useMemo(
    () => ({ hrefOf: pathOf, onNavigate: (target: NavigationTarget) => navigate(pathOf(target)) }),
    [navigate],
  );
  return (
    <NavigationProvider value={navigation}>
      <Page title="Approvals" description="What runs ask people, as they ask it.">
        <Approvals />
      </Page>
    </NavigationProvider>
  );
}

function Approvals(): ReactElement {
  const { approvals, isLoading, problem } = useOpenApprovals();
  const history = useClosedApprovals(approvals);
  const [touched, setTouched] = useState<readonly Approval[]>([]);
  const forget = ({ id }: Approval) => setTouched((all) => all.filter((each) => each.id !== id));
  if (problem && approvals.length === 0)
    return <LoadFailed what="the approvals" error={problem} onRetry={() => location.reload()} />;
  const openIds = new Set(approvals.map(({ id }) => id));
  const shown = [...approvals, ...touched.filter(({ id }) => !openIds.has(id))].sort((a, b) =>
    a.id < b.id ? 1 : -1,
  );
  return (
    <>
      {isLoading ? (
        <Card>
          <SkeletonRows />
        </Card>
      ) : shown.length === 0 ? (
        <Card>
          <EmptyState icon="circleCheck" title="Nothing waits for a decision">
            A node of the type `approval` asks here, and its run goes on when somebody has decided.
          </EmptyState>
        </Card>
      ) : (
        <section className="weft-approvals" aria-label="Open approvals">
          {shown.map((approval) => (
            <Card key={approval.id}>
              {openIds.has(approval.id) ? (
                <ApprovalCard
                  approval={approval}
                  onTouch={() =>
                    setTouched((all) => (all.some(({ id }) => id === approval.id) ? all : [...all, approval]))
                  }
                  onDecided={forget}
                />
              ) : (
                <ClosedMeanwhile approval={approval} onDismiss={() => forget(approval)} />
              )}
            </Card>
          ))}
        </section>
      )}
      {history.data && history.data.length > 0 && (
        <Card title="Decided and closed">
          <Table label="Decided approvals" columns={columns} rows={history.data} rowKey={({ id }) => id} />
        </Card>
      )}
      {history.error && (
        <Callout tone="failure" title={`Could not read the history: ${history.error.message}`} />
      )}
      <MoreOnScroll {...history} />
    </>
  );
}

/** One that somebody was about to decide when it was closed: it does not vanish under their hands. */
function ClosedMeanwhile({
  approval,
  onDismiss,
}: {
  approval: Approval;
  onDismiss: () => void;
}): ReactElement {
  const { data } = useApproval(approval.id);
  return (
    <>
      <Callout
        tone="waiting"
        title="Closed while you were deciding; what you entered was not sent."
        actions={
          <Button size="small" onClick={onDismiss}>
            Dismiss
          </Button>
        }
      />
      {data && data.status !== 'OPEN' && <ApprovalCard approval={data} />}
    </>
  );
}

const columns: readonly Column<Approval>[] = [
  {
    id: 'title',
    header: 'Asked',
    cell: (approval) => (
      <>
        <strong>{approval.title}</strong>
        <div className="weft-muted">
          <Origin approval={approval} />
        </div>
      </>
    ),
  },
  { id: 'status', header: 'Status', width: '9rem', cell: ({ status }) => <ApprovalBadge status={status} /> },
  {
    id: 'decisions',
    header: 'Decisions',
    priority: 2,
    cell: ({ decisions }) => <Decisions decisions={decisions} />,
  },
  {
    id: 'createdAt',
    header: 'When',
    width: '9rem',
    priority: 3,
    cell: ({ createdAt }) => <RelativeTime at={createdAt} />,
  },
];
