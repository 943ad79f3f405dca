import { useVirtualizer } from '@tanstack/react-virtual';
import type { ExecutionFilter, ExecutionStatus, ExecutionSummary } from '@weft/client';
import { type ReactElement, useDeferredValue, useEffect, useMemo, useRef } from 'react';
import { useExecutions } from '../data/executions.ts';
import { useWorkflows } from '../data/workflows.ts';
import { waitText } from '../run/model/waiting.ts';
import { type NavigationProps, NavigationProvider, TargetLink } from '../run/navigation.tsx';
import { isRefusal, useCancelRun, useRetryRun } from '../run/run-actions.tsx';
import { Button, IconButton } from '../ui/button.tsx';
import { withCode } from '../ui/code-text.tsx';
import { CopyableId } from '../ui/copyable-id.tsx';
import { Callout, EmptyState, SkeletonRows } from '../ui/feedback.tsx';
import { FilterSelect, Filters, FilterText } from '../ui/filters.tsx';
import { Icon } from '../ui/icon.tsx';
import { StatusBadge } from '../ui/status-badge.tsx';
import { Duration, RelativeTime } from '../ui/time.tsx';
import { BulkActions } from './bulk-actions.tsx';
import './run-list.css';

/** Which runs are listed; an app may keep it in the address. */
export interface RunListFilter {
  status: StatusFilter;
  /** Null for all workflows. */
  workflowId: string | null;
  within: TimeFilter;
  /** Such as `customer=42, plan=gold`; empty for any. */
  labels: string;
  /** Words of the error; empty for any. */
  error: string;
}

export type StatusFilter = 'all' | 'active' | 'parked' | 'succeeded' | 'failed' | 'canceled';
export type TimeFilter = 'any' | 'hour' | 'day' | 'week';

export interface RunListProps extends NavigationProps {
  filter: RunListFilter;
  onFilterChange: (filter: RunListFilter) => void;
  /** What to do where there are no runs at all. */
  emptyActions?: ReactElement | undefined;
}

export const anyRun: RunListFilter = {
  status: 'all',
  workflowId: null,
  within: 'any',
  labels: '',
  error: '',
};

/** Executions, newest first and live: only the rows in sight exist, and the next page is read when it is near. */
export function RunList({
  hrefOf,
  onNavigate,
  filter,
  onFilterChange,
  emptyActions,
}: RunListProps): ReactElement {
  const navigation = useMemo(() => ({ hrefOf, onNavigate }), [hrefOf, onNavigate]);
  // As text, so that the same filter is the same value.
  const wanted = useDeferredValue(JSON.stringify(apiFilterOf(filter)));
  const runs = useExecutions(JSON.parse(wanted) as ExecutionFilter);
  const { rows, isCut } = withinTime(runs.data ?? [], filter.within);
  const isFiltered = Object.entries(anyRun).some(
    ([name, any]) => filter[name as keyof RunListFilter] !== any,
  );
  return (
    <NavigationProvider value={navigation}>
      <div className="weft-run-list">
        <RunFilters filter={filter} onChange={onFilterChange} />
        <div className="weft-run-list__bulk">
          <BulkActions filter={bulkFilter(filter)} />
        </div>
        {runs.error && runs.data === undefined ? (
          <Callout
            tone="failure"
            title="Could not read the runs"
            actions={
              <Button size="small" icon="refresh" onClick={() => void runs.refetch()}>
                Try again
              </Button>
            }
          >
            {runs.error.message}
          </Callout>
        ) : runs.data === undefined ? (
          <div className="weft-run-list__card">
            <SkeletonRows count={8} />
          </div>
        ) : rows.length > 0 ? (
          <Rows
            runs={rows}
            onEnd={runs.hasNextPage && !isCut && !runs.isFetchingNextPage ? runs.fetchNextPage : undefined}
          />
        ) : (
          <div className="weft-run-list__card">
            {isFiltered ? (
              <EmptyState
                icon="filter"
                title="No run fits these filters"
                actions={<Button onClick={() => onFilterChange(anyRun)}>Clear the filters</Button>}
              />
            ) : (
              <EmptyState icon="runs" title="No runs yet" actions={emptyActions}>
                Each run of a workflow is here from the moment it is queued, live.
              </EmptyState>
            )}
          </div>
        )}
      </div>
    </NavigationProvider>
  );
}

/** All that the filters show, by the server's clock where a time is chosen. */
function bulkFilter(filter: RunListFilter): ExecutionFilter {
  const { within } = filter;
  return {
    ...apiFilterOf(filter),
    ...(within === 'any' ? {} : { createdAfter: new Date(Date.now() - msOf[within]).toISOString() }),
  };
}

/** But for the time, by which what is read already is cut. */
function apiFilterOf({ status, workflowId, labels, error }: RunListFilter): ExecutionFilter {
  const statuses = statusesOf[status];
  const named = labelsIn(labels);
  return {
    ...(workflowId === null ? {} : { workflowId }),
    ...(statuses === null ? {} : { statuses }),
    ...(status === 'parked' ? { isParked: true } : {}),
    ...(Object.keys(named).length === 0 ? {} : { labels: named }),
    ...(error.trim() === '' ? {} : { errorText: error.trim() }),
  };
}

/** Of `customer=42, plan=gold`; what is not whole yet is left out. */
function labelsIn(text: string): Record<string, string> {
  const pairs = text.split(',').map((part) => /^([^=]+)=(.+)$/.exec(part.trim()));
  return Object.fromEntries(pairs.flatMap((pair) => (pair ? [[pair[1]!.trim(), pair[2]!.trim()]] : [])));
}

const rowHeight = 46;

function Rows({
  runs,
  onEnd,
}: {
  runs: readonly ExecutionSummary[];
  onEnd: (() => unknown) | undefined;
}): ReactElement {
  const scroll = useRef<HTMLElement>(null);
  const virtual = useVirtualizer({
    count: runs.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => rowHeight,
    overscan: 10,
    getItemKey: (index) => runs[index]!.id,
  });
  const items = virtual.getVirtualItems();
  const lastShown = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (onEnd !== undefined && lastShown >= runs.length - 30) void onEnd();
  }, [onEnd, lastShown, runs.length]);
  return (
    <section
      ref={scroll}
      aria-label="Runs"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled with the keyboard
      tabIndex={0}
      className="weft-run-list__card weft-run-list__scroll"
    >
      <div className="weft-run-list__head weft-run-list__row" aria-hidden="true">
        <span>Workflow</span>
        <span className="weft-run-list__id">Id</span>
        <span className="weft-run-list__status">Status</span>
        <span className="weft-run-list__duration">Duration</span>
        <span className="weft-run-list__started">Started</span>
      </div>
      <ul className="weft-run-list__all" style={{ height: virtual.getTotalSize() }}>
        {items.map(({ key, index, start }) => (
          <Row key={key} run={runs[index]!} place={[index + 1, runs.length]} top={start} />
        ))}
      </ul>
    </section>
  );
}

interface RowProps {
  run: ExecutionSummary;
  /** Which it is, of how many. */
  place: [index: number, count: number];
  top: number;
}

function Row({ run, place, top }: RowProps): ReactElement {
  const { id, status, workflow, version, error, wait, createdAt, startedAt, finishedAt } = run;
  const name = workflow?.name ?? 'Python run';
  return (
    <li
      aria-posinset={place[0]}
      aria-setsize={place[1]}
      className="weft-run-list__row"
      style={{ transform: `translateY(${top}px)`, height: rowHeight }}
    >
      <span className="weft-run-list__workflow">
        <TargetLink target={{ kind: 'run', executionId: id }}>{name}</TargetLink>
        <span className="weft-run-list__detail">
          {error ? (
            <span className="weft-run-list__error">{withCode(error.message)}</span>
          ) : (
            [version && `Version ${version.number}`, wait && `waits ${waitText(wait, Date.now())}`]
              .filter(Boolean)
              .join(', ')
          )}
        </span>
      </span>
      <span className="weft-run-list__id">
        <CopyableId id={id} of={`run of ${name}`} isShort />
      </span>
      <span className="weft-run-list__status">
        <StatusBadge status={status} />
      </span>
      <span className="weft-run-list__duration">
        {startedAt && <Duration from={startedAt} until={finishedAt} />}
      </span>
      <span className="weft-run-list__started">
        <RelativeTime at={startedAt ?? createdAt} />
      </span>
      <span className="weft-run-list__actions">
        <RowAction run={run} name={name} />
      </span>
    </li>
  );
}

function RowAction({ run, name }: { run: ExecutionSummary; name: string }): ReactElement | null {
  const { id, status, workflow, error } = run;
  const cancel = useCancelRun();
  const retry = useRetryRun();
  if (active.includes(status)) {
    return (
      <IconButton
        icon="stop"
        label={`Cancel the run of ${name}`}
        size="small"
        isBusy={cancel.isPending}
        onClick={() => cancel.mutate({ executionId: id })}
      />
    );
  }
  if (status === 'SUCCEEDED') return null;
  if (isRefusal(error) && workflow !== null) {
    return (
      <TargetLink
        target={{ kind: 'workflow', workflowId: workflow.id, nodeKey: error?.nodeKey ?? undefined }}
        className="weft-button weft-button--ghost weft-button--small weft-button--icon"
        label={`Edit ${name}, whose code was refused`}
      >
        <Icon name="edit" />
      </TargetLink>
    );
  }
  return (
    <IconButton
      icon="retry"
      label={`Retry the run of ${name} from its failure`}
      size="small"
      isBusy={retry.isPending}
      onClick={() => retry.mutate({ executionId: id, strategy: 'FROM_FAILURE' })}
    />
  );
}

function RunFilters({
  filter,
  onChange,
}: {
  filter: RunListFilter;
  onChange: (filter: RunListFilter) => void;
}): ReactElement {
  const workflows = useWorkflows('');
  return (
    <Filters>
      <FilterSelect
        label="Status"
        all="All statuses"
        value={filter.status === anyRun.status ? '' : filter.status}
        options={statusOptions}
        onChange={(status) => onChange({ ...filter, status: (status || anyRun.status) as StatusFilter })}
      />
      <FilterSelect
        label="Workflow"
        all="All workflows"
        value={filter.workflowId ?? ''}
        options={workflows.data?.map(({ id, name }) => [id, name]) ?? []}
        onChange={(workflowId) => onChange({ ...filter, workflowId: workflowId || null })}
      />
      <FilterSelect
        label="Time"
        all="Any time"
        value={filter.within === anyRun.within ? '' : filter.within}
        options={timeOptions}
        onChange={(within) => onChange({ ...filter, within: (within || anyRun.within) as TimeFilter })}
      />
      <FilterText
        label="Labels"
        placeholder="customer=42"
        value={filter.labels}
        onChange={(labels) => onChange({ ...filter, labels })}
      />
      <FilterText
        label="Words of the error"
        placeholder="Words of the error"
        value={filter.error}
        onChange={(error) => onChange({ ...filter, error })}
      />
    </Filters>
  );
}

const statusOptions: readonly (readonly [StatusFilter, string])[] = [
  ['active', 'Active'],
  ['parked', 'Needs mending'],
  ['succeeded', 'Succeeded'],
  ['failed', 'Failed'],
  ['canceled', 'Canceled'],
];
const timeOptions: readonly (readonly [TimeFilter, string])[] = [
  ['hour', 'Last hour'],
  ['day', 'Last 24 hours'],
  ['week', 'Last 7 days'],
];

const active: ExecutionStatus[] = ['QUEUED', 'RUNNING', 'WAITING'];

const statusesOf: Record<StatusFilter, ExecutionStatus[] | null> = {
  all: null,
  active,
  parked: ['RUNNING', 'WAITING'],
  succeeded: ['SUCCEEDED'],
  failed: ['FAILED'],
  canceled: ['CANCELED'],
};

const msOf: Record<TimeFilter, number> = {
  any: Number.POSITIVE_INFINITY,
  hour: 3_600_000,
  day: 86_400_000,
  week: 7 * 86_400_000,
};

/** The API has no filter by time; runs come newest first, so what is older than wanted is at the end and not read on. */
function withinTime(runs: readonly ExecutionSummary[], within: TimeFilter) {
  if (within === 'any') return { rows: runs, isCut: false };
  const since = Date.now() - msOf[within];
  const rows = runs.filter(({ createdAt }) => Date.parse(createdAt) >= since);
  return { rows, isCut: rows.length < runs.length };
}
