import type { Token } from '@weft/client';
import { type ReactElement, useState } from 'react';
import { useTokenChange, useTokens } from '../data/access.ts';
import { messageOf } from '../data/executions.ts';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { Callout, EmptyState, SkeletonRows } from '../ui/feedback.tsx';
import { MoreOnScroll } from '../ui/more-on-scroll.tsx';
import { Badge } from '../ui/status-badge.tsx';
import { type Column, Table } from '../ui/table.tsx';
import { RelativeTime } from '../ui/time.tsx';
import { useToast } from '../ui/toast.tsx';
import { allowanceOf, mayOf, stateOf } from './token-words.ts';

/** The tokens of programs and people, each with what it may do, and what ends it. */
export function Tokens({ onNew }: { onNew: () => void }): ReactElement {
  const list = useTokens();
  const [ending, setEnding] = useState<Token | null>(null);
  const rows = list.data;
  if (list.error && rows === undefined)
    return (
      <Callout tone="failure" title="Could not read the tokens">
        {list.error.message}
      </Callout>
    );
  return (
    <>
      {rows === undefined ? (
        <SkeletonRows />
      ) : rows.length === 0 ? (
        <EmptyState
          icon="key"
          title="No tokens yet"
          actions={
            <Button variant="primary" icon="plus" onClick={onNew}>
              New token
            </Button>
          }
        >
          A token lets a program or a person in, with no more than what it needs.
        </EmptyState>
      ) : (
        <Table label="Tokens" columns={columnsOf(setEnding)} rows={rows} rowKey={({ id }) => id} />
      )}
      <MoreOnScroll {...list} />
      {ending && <Revoke token={ending} onClose={() => setEnding(null)} />}
    </>
  );
}

function Revoke({ token, onClose }: { token: Token; onClose: () => void }): ReactElement {
  const toast = useToast();
  const revoke = useTokenChange((client, id: string) => client.tokens.revoke(id));
  return (
    <ConfirmDialog
      title={`Revoke ${token.name}?`}
      action="Revoke"
      isBusy={revoke.isPending}
      onConfirm={() =>
        revoke.mutate(token.id, {
          onSuccess: onClose,
          onError: (error) => toast({ tone: 'failure', text: messageOf(error) }),
        })
      }
      onClose={onClose}
    >
      Whoever uses it is refused from now on, and so are the pages that it has let in.
    </ConfirmDialog>
  );
}

function columnsOf(onRevoke: (token: Token) => void): readonly Column<Token>[] {
  return [
    {
      id: 'name',
      header: 'Token',
      cell: ({ name, id }) => (
        <>
          {name}
          <div className="weft-muted weft-mono">…{id.slice(-8)}</div>
        </>
      ),
    },
    {
      id: 'may',
      header: 'May',
      priority: 2,
      cell: ({ scopes, project, workflowKeys, labels, costPerMinute, maxRunningExecutions }) => (
        <>
          {mayOf(scopes)}
          {project === null && <div className="weft-muted">In all projects</div>}
          {workflowKeys && <div className="weft-muted weft-mono">{workflowKeys.join(', ')}</div>}
          {(costPerMinute !== null || maxRunningExecutions !== null) && (
            <div className="weft-muted">{allowanceOf({ costPerMinute, maxRunningExecutions })}</div>
          )}
          {labels && (
            <div className="weft-muted weft-mono">
              {Object.entries(labels)
                .map(([name, value]) => `${name}=${value}`)
                .join(', ')}
            </div>
          )}
        </>
      ),
    },
    {
      id: 'used',
      header: 'Last used',
      width: '9rem',
      cell: ({ lastUsedAt }) => (lastUsedAt === null ? 'Never' : <RelativeTime at={lastUsedAt} />),
    },
    {
      id: 'expires',
      header: 'Expires',
      width: '9rem',
      priority: 2,
      cell: ({ expiresAt }) => (expiresAt === null ? 'Never' : <RelativeTime at={expiresAt} />),
    },
    {
      id: 'state',
      header: <span className="weft-hidden">State and actions</span>,
      width: '7rem',
      align: 'end',
      cell: (token) =>
        stateOf(token) === 'active' ? (
          <Button size="small" onClick={() => onRevoke(token)}>
            Revoke<span className="weft-hidden"> {token.name}</span>
          </Button>
        ) : (
          <Badge tone="neutral">{stateOf(token) === 'revoked' ? 'Revoked' : 'Expired'}</Badge>
        ),
    },
  ];
}
