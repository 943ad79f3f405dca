import type { PythonEnvironment } from '@weft/client';
import type { ReactElement } from 'react';
import { IconButton } from '../../../ui/button.tsx';
import { formatBytes } from '../../../ui/format.ts';
import { Icon } from '../../../ui/icon.tsx';
import { Badge } from '../../../ui/status-badge.tsx';
import type { Column } from '../../../ui/table.tsx';
import { RelativeTime } from '../../../ui/time.tsx';

interface Actions {
  onRetry: (packages: readonly string[]) => void;
  onDelete: (environment: PythonEnvironment) => void;
}

export function environmentColumns({ onRetry, onDelete }: Actions): readonly Column<PythonEnvironment>[] {
  return [
    { id: 'packages', header: 'Packages', cell: (environment) => <PackagesCell {...environment} /> },
    { id: 'state', header: 'State', width: '7.5rem', cell: ({ state }) => <StateBadge state={state} /> },
    {
      id: 'size',
      header: 'Size',
      width: '6rem',
      align: 'end',
      priority: 2,
      cell: ({ sizeBytes, state }) => (state === 'READY' ? formatBytes(sizeBytes) : '–'),
    },
    {
      id: 'age',
      header: 'Built',
      width: '8.5rem',
      align: 'end',
      priority: 3,
      cell: ({ createdAt }) => <Moment at={createdAt} />,
    },
    {
      id: 'used',
      header: 'Last used',
      width: '8.5rem',
      align: 'end',
      priority: 2,
      cell: ({ lastUsedAt }) => <Moment at={lastUsedAt} />,
    },
    {
      id: 'actions',
      header: <span className="weft-hidden">Actions</span>,
      width: '6rem',
      align: 'end',
      cell: (environment) => (
        <span className="weft-environments__actions">
          {environment.state === 'FAILED' && (
            <IconButton
              icon="retry"
              size="small"
              label={`Try ${titleOf(environment)} again`}
              onClick={() => onRetry(environment.requirements)}
            />
          )}
          {environment.state !== 'BUILDING' && (
            <IconButton
              icon="trash"
              size="small"
              label={`Delete ${titleOf(environment)}`}
              onClick={() => onDelete(environment)}
            />
          )}
        </span>
      ),
    },
  ];
}

/** How an environment is named: by what was requested. */
export function titleOf({ requirements }: PythonEnvironment): string {
  return requirements.join(', ');
}

function PackagesCell(environment: PythonEnvironment): ReactElement {
  const { packages, state, message } = environment;
  return (
    <div className="weft-environments__packages">
      <span className="weft-mono">{titleOf(environment)}</span>
      {state === 'FAILED' && message !== null && (
        <details>
          <summary>Why it failed</summary>
          <pre>{message}</pre>
        </details>
      )}
      {packages.length > 0 && (
        <details>
          <summary>{packages.length === 1 ? '1 package' : `${packages.length} packages`}</summary>
          <ul className="weft-mono">
            {packages.map(({ name, version }) => (
              <li key={name}>
                {name} <span className="weft-muted">{version}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function StateBadge({ state }: { state: PythonEnvironment['state'] }): ReactElement {
  switch (state) {
    case 'READY':
      return (
        <Badge tone="success">
          <Icon name="circleCheck" size={14} /> Ready
        </Badge>
      );
    case 'FAILED':
      return (
        <Badge tone="failure">
          <Icon name="circleX" size={14} /> Failed
        </Badge>
      );
    case 'BUILDING':
      return (
        <Badge tone="running">
          <span className="weft-spinner" aria-hidden="true" /> Building
        </Badge>
      );
    default:
      return <Badge tone="neutral">{state satisfies never}</Badge>;
  }
}

function Moment({ at }: { at: string | null }): ReactElement {
  return <span className="weft-muted">{at === null ? 'Never' : <RelativeTime at={at} />}</span>;
}
