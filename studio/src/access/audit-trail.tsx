import type { AuditedOperation, AuditFilter, AuditOutcome } from '@weft/client';
import { type ReactElement, useMemo, useState } from 'react';
import { useAuditLog } from '../data/access.ts';
import { Button } from '../ui/button.tsx';
import { CopyableId } from '../ui/copyable-id.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Callout, EmptyState, SkeletonRows } from '../ui/feedback.tsx';
import { Input } from '../ui/field.tsx';
import { FilterSelect, Filters } from '../ui/filters.tsx';
import { MoreOnScroll } from '../ui/more-on-scroll.tsx';
import { Badge, type StatusTone } from '../ui/status-badge.tsx';
import { type Column, Table } from '../ui/table.tsx';
import { RelativeTime } from '../ui/time.tsx';

/** What the list is narrowed to; the page keeps it in its address. */
export type AuditChoice = Record<'who' | 'what' | 'target' | 'outcome' | 'time', string>;

const outcomes: Record<AuditOutcome, { label: string; tone: StatusTone }> = {
  DONE: { label: 'Done', tone: 'success' },
  REFUSED: { label: 'Refused', tone: 'waiting' },
  FORBIDDEN: { label: 'Forbidden', tone: 'failure' },
  FAILED: { label: 'Failed', tone: 'failure' },
};

const hourMs = 3_600_000;
const times: Record<string, { label: string; ms: number }> = {
  '1h': { label: 'Last hour', ms: hourMs },
  '24h': { label: 'Last 24 hours', ms: 24 * hourMs },
  '7d': { label: 'Last 7 days', ms: 7 * 24 * hourMs },
  '30d': { label: 'Last 30 days', ms: 30 * 24 * hourMs },
};

interface AuditTrailProps {
  choice: AuditChoice;
  onChoose: (part: Partial<AuditChoice>) => void;
}

/** What clients changed, or tried to: who, what, when, from where, before and after. */
export function AuditTrail({ choice, onChoose }: AuditTrailProps): ReactElement {
  const { who, what, target, outcome, time } = choice;
  const filter = useMemo<AuditFilter>(
    () => ({
      ...(who && { principal: who }),
      ...(what && { operation: what }),
      ...(target && { target }),
      ...(outcome in outcomes && { outcome: outcome as AuditOutcome }),
      ...(time in times && { occurredFrom: new Date(Date.now() - times[time]!.ms).toISOString() }),
    }),
    [who, what, target, outcome, time],
  );
  const list = useAuditLog(filter);
  const [shown, setShown] = useState<AuditedOperation | null>(null);
  const rows = list.data;
  const known = (of: (row: AuditedOperation) => string) => [...new Set((rows ?? []).map(of))].sort();
  const names = new Map(rows?.map((row) => [row.principal, row.principalName]));
  if (list.error && rows === undefined)
    return (
      <Callout tone="failure" title="Could not read the audit trail">
        {list.error.message}
      </Callout>
    );
  return (
    <>
      <Filters>
        <FilterSelect
          label="Who"
          all="Everybody"
          value={who}
          options={known(({ principal }) => principal).map((id) => [id, names.get(id) ?? id])}
          onChange={(value) => onChoose({ who: value })}
        />
        <FilterSelect
          label="What"
          all="All operations"
          value={what}
          options={known(({ operation }) => operation).map((name) => [name, name])}
          onChange={(value) => onChoose({ what: value })}
        />
        <FilterSelect
          label="Outcome"
          all="Any outcome"
          value={outcome}
          options={Object.entries(outcomes).map(([id, { label }]) => [id, label])}
          onChange={(value) => onChoose({ outcome: value })}
        />
        <FilterSelect
          label="Time"
          all="Any time"
          value={time}
          options={Object.entries(times).map(([id, { label }]) => [id, label])}
          onChange={(value) => onChoose({ time: value })}
        />
        <Input
          aria-label="Done to (id)"
          className="weft-mono"
          placeholder="Done to (id)"
          value={target}
          onChange={(event) => onChoose({ target: event.target.value.trim() })}
        />
      </Filters>
      {rows === undefined ? (
        <SkeletonRows />
      ) : rows.length === 0 ? (
        <EmptyState icon="history" title="No operation fits">
          Whatever changes something is written here, by whom and from where. Lines never change.
        </EmptyState>
      ) : (
        <Table label="Operations" columns={columnsOf(setShown)} rows={rows} rowKey={({ id }) => id} />
      )}
      <MoreOnScroll {...list} />
      {shown && <Details operation={shown} onClose={() => setShown(null)} onChoose={onChoose} />}
    </>
  );
}

function columnsOf(onShow: (row: AuditedOperation) => void): readonly Column<AuditedOperation>[] {
  return [
    {
      id: 'what',
      header: 'What',
      cell: (row) => (
        <>
          <Button variant="ghost" size="small" onClick={() => onShow(row)}>
            {row.operation}
          </Button>
          {row.target && <div className="weft-muted weft-mono weft-access__target">{row.target}</div>}
        </>
      ),
    },
    { id: 'who', header: 'Who', width: '12rem', cell: ({ principalName }) => principalName },
    {
      id: 'outcome',
      header: 'Outcome',
      width: '8rem',
      cell: ({ outcome }) => <Badge tone={outcomes[outcome].tone}>{outcomes[outcome].label}</Badge>,
    },
    { id: 'where', header: 'From', width: '10rem', priority: 2, cell: ({ address }) => address ?? '' },
    {
      id: 'when',
      header: 'When',
      width: '8rem',
      align: 'end',
      cell: ({ occurredAt }) => (
        <span className="weft-muted">
          <RelativeTime at={occurredAt} />
        </span>
      ),
    },
  ];
}

function Details({
  operation: { operation, principal, principalName, target, code, address, forwardedFor, occurredAt, ...was },
  onClose,
  onChoose,
}: {
  operation: AuditedOperation;
  onClose: () => void;
  onChoose: AuditTrailProps['onChoose'];
}): ReactElement {
  const only = (part: Partial<AuditChoice>) => {
    onChoose(part);
    onClose();
  };
  return (
    <Dialog
      title={operation}
      isOpen
      onClose={onClose}
      size="large"
      actions={
        <>
          <Button onClick={() => only({ who: principal })}>All of {principalName}</Button>
          {target && <Button onClick={() => only({ target })}>All that was done to it</Button>}
        </>
      }
    >
      <p>
        {principalName} (<code>{principal}</code>), <RelativeTime at={occurredAt} />
        {address && `, from ${address}`}
        {forwardedFor && `, forwarded for ${forwardedFor}`}
        {code && (
          <>
            : <code>{code}</code>
          </>
        )}
      </p>
      {target && (
        <p>
          Done to <CopyableId id={target} of="target" />
        </p>
      )}
      {(['input', 'before', 'after'] as const).map((part) =>
        was[part] === null ? null : (
          <section key={part} aria-label={titles[part]}>
            <h3>{titles[part]}</h3>
            {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is to be scrolled by keyboard */}
            <pre className="weft-access__value" tabIndex={0}>
              {JSON.stringify(was[part], null, 2)}
            </pre>
          </section>
        ),
      )}
    </Dialog>
  );
}

const titles = { input: 'What was sent', before: 'Before', after: 'After' } as const;
