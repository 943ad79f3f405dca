import type { WorkflowWithLastRun } from '@weft/client';
import { type ReactElement, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { Menu } from '../../../ui/menu.tsx';
import { StatusBadge } from '../../../ui/status-badge.tsx';
import type { Column } from '../../../ui/table.tsx';
import { Duration, RelativeTime } from '../../../ui/time.tsx';
import { RunButton, RunWithInput } from '../../run-button.tsx';
import { DeleteDialog } from './delete-dialog.tsx';

export const workflowColumns: readonly Column<WorkflowWithLastRun>[] = [
  { id: 'name', header: 'Name', cell: (workflow) => <NameCell {...workflow} /> },
  { id: 'lastRun', header: 'Last run', width: '9rem', cell: ({ lastRun }) => <LastRunCell run={lastRun} /> },
  {
    id: 'duration',
    header: 'Duration',
    width: '7rem',
    align: 'end',
    priority: 3,
    cell: ({ lastRun }) =>
      lastRun?.startedAt ? <Duration from={lastRun.startedAt} until={lastRun.finishedAt} /> : <Nothing />,
  },
  {
    id: 'updated',
    header: 'Updated',
    width: '9rem',
    align: 'end',
    priority: 2,
    cell: ({ updatedAt }) => (
      <span className="weft-muted">
        <RelativeTime at={updatedAt} />
      </span>
    ),
  },
  {
    id: 'actions',
    header: <span className="weft-hidden">Actions</span>,
    width: '7.5rem',
    align: 'end',
    cell: (workflow) => <RowActions workflow={workflow} />,
  },
];

function NameCell({ id, name, description }: WorkflowWithLastRun): ReactElement {
  return (
    <div className="weft-workflows__name">
      <Link href={`/workflows/${id}`}>{name}</Link>
      {description && <p>{description}</p>}
    </div>
  );
}

function LastRunCell({ run }: { run: WorkflowWithLastRun['lastRun'] }): ReactElement {
  if (run === null) return <span className="weft-muted">Never run</span>;
  return (
    <Link href={`/runs/${run.id}`} className="weft-workflows__run">
      <StatusBadge status={run.status} />
      <span className="weft-workflows__when">
        <RelativeTime at={run.finishedAt ?? run.startedAt ?? run.createdAt} />
      </span>
    </Link>
  );
}

function Nothing(): ReactElement {
  return (
    <span className="weft-muted">
      <span aria-hidden="true">–</span>
      <span className="weft-hidden">None</span>
    </span>
  );
}

function RowActions({ workflow }: { workflow: WorkflowWithLastRun }): ReactElement {
  const { id, name } = workflow;
  const [, navigate] = useLocation();
  const [open, setOpen] = useState<'input' | 'delete' | null>(null);
  const close = () => setOpen(null);
  return (
    <div className="weft-workflows__actions">
      <RunButton workflowId={id} name={name} inputSchema={workflow.latestVersion.inputSchema} size="small" />
      <Menu
        label={`More for ${name}`}
        isIconOnly
        variant="ghost"
        size="small"
        items={[
          { label: 'Run with input …', icon: 'play', onSelect: () => setOpen('input') },
          { label: 'Edit', icon: 'edit', onSelect: () => navigate(`/workflows/${id}`) },
          { label: 'Runs', icon: 'runs', onSelect: () => navigate(`/runs?workflow=${id}`) },
          { label: 'Delete …', icon: 'trash', isDanger: true, onSelect: () => setOpen('delete') },
        ]}
      />
      {open === 'input' && (
        <RunWithInput
          workflowId={id}
          name={name}
          inputSchema={workflow.latestVersion.inputSchema}
          onClose={close}
        />
      )}
      <DeleteDialog id={id} name={name} isOpen={open === 'delete'} onClose={close} />
    </div>
  );
}
