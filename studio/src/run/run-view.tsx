import { type ExecutionDetails, WeftNotFoundError } from '@weft/client';
import {
  lazy,
  type ReactElement,
  Suspense,
  useCallback,
  useDeferredValue,
  useMemo,
  useState,
  useSyncExternalStore,
} from 'react';
import { Button } from '../ui/button.tsx';
import { Callout, EmptyState, SkeletonRows } from '../ui/feedback.tsx';
import { Splitter } from '../ui/splitter.tsx';
import { StatusBadge } from '../ui/status-badge.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { Duration, RelativeTime } from '../ui/time.tsx';
import { FailurePanel } from './failure-panel.tsx';
import { Files } from './files.tsx';
import { Findings } from './findings.tsx';
import { Logs } from './logs.tsx';
import { criticalPath } from './model/critical-path.ts';
import { countUpTo, live, runStatusAt } from './model/moment.ts';
import type { RunModel } from './model/run-model.ts';
import { type NavigationProps, NavigationProvider, TargetLink } from './navigation.tsx';
import { InputPanel, OutputPanel, progressOf, statusOf } from './node-values.tsx';
import { RunActions } from './run-actions.tsx';
import { useRunDetails } from './run-queries.ts';
import { type RunSnapshot, type RunStore, useRun, useRunStore } from './run-store.ts';
import './run-view.css';
import { Scrubber } from './scrubber.tsx';
import { type Selection, Timeline } from './timeline.tsx';

/** What of a run is looked at: an app may keep it in the address. */
export interface RunPlace {
  /** The node, and of one that runs `forEach` the item; null for the run as a whole. */
  selected: Selection | null;
  tab: RunTab;
  /** Above it: bars in time, or the version's graph. */
  view: 'timeline' | 'graph';
}

export type RunTab = 'logs' | 'output' | 'input' | 'files' | 'findings';

export interface RunViewProps extends NavigationProps {
  executionId: string;
  /** Where to begin. */
  initialPlace?: Partial<RunPlace> | undefined;
  onPlaceChange?: ((place: RunPlace) => void) | undefined;
}

/**
 * One run, as it happens and as it was: states, timeline, logs, values, files, and a way through its journal. It stands in
 * a <WeftProvider> and fills its parent's height.
 */
export function RunView({ executionId, hrefOf, onNavigate, ...props }: RunViewProps): ReactElement {
  const navigation = useMemo(() => ({ hrefOf, onNavigate }), [hrefOf, onNavigate]);
  return (
    <NavigationProvider value={navigation}>
      <Content key={executionId} executionId={executionId} {...props} />
    </NavigationProvider>
  );
}

function Content({ executionId, ...props }: Omit<RunViewProps, keyof NavigationProps>): ReactElement {
  const store = useRunStore(executionId);
  const snapshot = useRun(store);
  const details = useRunDetails(executionId);
  const problem = snapshot.problem ?? details.error;
  if (problem instanceof WeftNotFoundError) return <NoSuchRun executionId={executionId} />;
  if (snapshot.run.sequence === 0) {
    return problem === null ? (
      <SkeletonRows count={6} />
    ) : (
      <Callout
        tone="failure"
        title="Could not read the run"
        actions={
          <Button size="small" icon="refresh" onClick={() => location.reload()}>
            Reload
          </Button>
        }
      >
        <p>{problem.message}</p>
      </Callout>
    );
  }
  return (
    <Run executionId={executionId} store={store} snapshot={snapshot} details={details.data} {...props} />
  );
}

function NoSuchRun({ executionId }: { executionId: string }): ReactElement {
  return (
    <EmptyState icon="runs" title="There is no such run">
      {executionId.slice(0, 80)} is not known to this server. It may have been removed when it grew old.
    </EmptyState>
  );
}

interface RunProps extends Pick<RunViewProps, 'executionId' | 'initialPlace' | 'onPlaceChange'> {
  store: RunStore;
  snapshot: RunSnapshot;
  details: ExecutionDetails | undefined;
}

function Run({ executionId, store, snapshot, details, initialPlace, onPlaceChange }: RunProps): ReactElement {
  const { run } = snapshot;
  const [place, setPlace] = useState<RunPlace>({
    selected: null,
    tab: 'logs',
    view: 'timeline',
    ...initialPlace,
  });
  const [wanted, setSequence] = useState(live);
  const sequence = useDeferredValue(wanted); // The handle follows the pointer, the rest as fast as it can.
  const change = useCallback(
    (part: Partial<RunPlace>) =>
      setPlace((before) => {
        const next = { ...before, ...part };
        onPlaceChange?.(next);
        return next;
      }),
    [onPlaceChange],
  );
  const version = details?.version;
  const names = useMemo(() => new Map(version?.nodes.map(({ key, name }) => [key, name ?? key])), [version]);
  const nameOf = useCallback((key: string) => names.get(key) ?? key, [names]);
  const nodeOrder = useMemo(() => version?.nodes.map(({ key }) => key) ?? [], [version]);
  const critical = useMemo(
    () => (run.end === null ? none : criticalPath(run, version?.edges ?? [])),
    [run, run.end, version],
  );
  const isNarrow = useIsNarrow();
  // A long journal is still being read when it is known already how the run ended.
  const readEnd = run.end !== null && run.end.sequence <= sequence ? run.end : null;
  const error = snapshot.isCaughtUp ? readEnd?.error : details?.error;

  const overview = (
    <Tabs
      label="Overview"
      selected={version ? place.view : 'timeline'}
      onSelect={(view) => change({ view })}
      tabs={version ? overviews : overviews.slice(0, 1)}
    >
      {place.view === 'graph' && version ? (
        <Suspense fallback={<SkeletonRows count={2} />}>
          <RunGraph
            run={run}
            snapshot={snapshot}
            workflow={version}
            sequence={sequence}
            selected={place.selected}
            onSelect={(selected) => change({ selected })}
          />
        </Suspense>
      ) : (
        <Timeline
          run={run}
          version={snapshot}
          sequence={sequence}
          selected={place.selected}
          onSelect={(selected) => change({ selected })}
          nodeOrder={nodeOrder}
          nameOf={nameOf}
          critical={critical}
        />
      )}
    </Tabs>
  );
  const panel = (
    <Panel
      executionId={executionId}
      store={store}
      snapshot={snapshot}
      details={details}
      sequence={sequence}
      place={place}
      onChange={change}
      nameOf={nameOf}
    />
  );
  return (
    <div className="weft-run">
      <RunHeader
        executionId={executionId}
        run={run}
        details={details}
        sequence={sequence}
        isCaughtUp={snapshot.isCaughtUp}
      />
      {snapshot.problem && (
        <Callout tone="failure" title={`The run cannot be followed: ${snapshot.problem.message}`} />
      )}
      {error && (
        <FailurePanel
          error={error}
          details={details}
          onSelectNode={(nodeKey) => change({ selected: { nodeKey, item: null }, tab: 'logs' })}
        />
      )}
      <div className="weft-run__body">
        {isNarrow ? (
          <>
            <div className="weft-run__overview">{overview}</div>
            {panel}
          </>
        ) : (
          <Splitter
            label="Height of the details"
            direction="column"
            initialSize={330}
            minSize={140}
            maxSize={800}
          >
            <div className="weft-run__overview">{overview}</div>
            {panel}
          </Splitter>
        )}
      </div>
      <Scrubber run={run} sequence={wanted} onChange={setSequence} />
    </div>
  );
}

const RunGraph = lazy(() => import('./run-graph.tsx'));
const overviews = [
  { id: 'timeline', label: 'Timeline' },
  { id: 'graph', label: 'Graph' },
] as const;
const none: ReadonlySet<string> = new Set();

interface HeaderProps {
  executionId: string;
  run: RunModel;
  details: ExecutionDetails | undefined;
  sequence: number;
  isCaughtUp: boolean;
}

function RunHeader({ executionId, run, details, sequence, isCaughtUp }: HeaderProps): ReactElement {
  const workflow = details?.workflow;
  const startedAt = run.startedAt === null ? null : new Date(run.startedAt).toISOString();
  const endedAt = run.end === null ? (details?.finishedAt ?? null) : new Date(run.end.at).toISOString();
  return (
    <header className="weft-run__header">
      <div className="weft-run__title">
        <h1>
          {workflow ? (
            <TargetLink target={{ kind: 'workflow', workflowId: workflow.id }}>{workflow.name}</TargetLink>
          ) : details === undefined ? (
            'Run'
          ) : (
            'Python run'
          )}
        </h1>
        <StatusBadge
          status={isCaughtUp || sequence !== live || !details ? runStatusAt(run, sequence) : details.status}
        />
        {sequence !== live && <span className="weft-run__past">as it stood then</span>}
      </div>
      <p className="weft-run__facts">
        {details?.version && <span>Version {details.version.number}</span>}
        {startedAt !== null && <Duration from={startedAt} until={endedAt} />}
        {run.queuedAt !== null && (
          <span>
            Started <RelativeTime at={run.startedAt ?? run.queuedAt} />
          </span>
        )}
        {details?.retryOf && (
          <TargetLink target={{ kind: 'run', executionId: details.retryOf.id }}>
            Retry of an earlier run
          </TargetLink>
        )}
        {!isCaughtUp && <span>Reading its journal …</span>}
        <code className="weft-run__id">{executionId}</code>
      </p>
      <div className="weft-run__actions">
        <RunActions executionId={executionId} run={run} details={details} />
      </div>
    </header>
  );
}

interface PanelProps extends Pick<RunProps, 'executionId' | 'store' | 'snapshot' | 'details'> {
  sequence: number;
  place: RunPlace;
  onChange: (part: Partial<RunPlace>) => void;
  nameOf: (nodeKey: string) => string;
}

/** What is known of the chosen node, or of the run where none is. */
function Panel(props: PanelProps): ReactElement {
  const { executionId, store, snapshot, details, sequence, place, onChange, nameOf } = props;
  const { run } = snapshot;
  const { selected, tab } = place;
  const isOf = <T extends { nodeKey: string; item: number | null; sequence: number }>(all: readonly T[]) =>
    all
      .slice(
        0,
        countUpTo(
          all.map((each) => each.sequence),
          sequence,
        ),
      )
      .filter(
        ({ nodeKey, item }) =>
          selected === null ||
          (nodeKey === selected.nodeKey && (selected.item === null || item === selected.item)),
      );
  const artifacts = isOf(run.artifacts);
  const findings = isOf(run.findings);
  const notices = isOf(run.notices);
  const environments = isOf(run.environments);
  const status = statusOf(run, selected, sequence);
  const progress = progressOf(run, selected, sequence);
  const name =
    selected === null
      ? 'All nodes'
      : nameOf(selected.nodeKey) + (selected.item === null ? '' : ` [${selected.item}]`);
  const values = { executionId, run, details, of: selected, sequence };
  return (
    <section className="weft-run__panel" aria-label={name}>
      <div className="weft-run__chosen">
        <h2>{name}</h2>
        {selected !== null &&
          (status ? <StatusBadge status={status} /> : <span className="weft-muted">Not begun</span>)}
        {progress && <ProgressBar {...progress} />}
        {selected !== null && (
          <Button size="small" variant="ghost" icon="close" onClick={() => onChange({ selected: null })}>
            All nodes
          </Button>
        )}
      </div>
      <Tabs
        label="Details"
        selected={tab}
        onSelect={(id) => onChange({ tab: id })}
        tabs={[
          { id: 'logs', label: 'Logs' },
          { id: 'output', label: 'Output' },
          { id: 'input', label: 'Input' },
          { id: 'files', label: counted('Files', artifacts.length) },
          { id: 'findings', label: counted('Findings', findings.length + notices.length) },
        ]}
      >
        {tab === 'logs' && (
          <Logs
            key={`${selected?.nodeKey}/${selected?.item}`}
            store={store}
            logs={run.logs}
            version={snapshot}
            sequence={sequence}
            of={selected}
            isLive={run.end === null && sequence === live}
            nameOf={nameOf}
          />
        )}
        {tab === 'output' && <OutputPanel {...values} />}
        {tab === 'input' && <InputPanel {...values} />}
        {tab === 'files' && <Files artifacts={artifacts} />}
        {tab === 'findings' && <Findings findings={findings} notices={notices} environments={environments} />}
      </Tabs>
    </section>
  );
}

function counted(label: string, count: number): string {
  return count === 0 ? label : `${label} ${count}`;
}

function ProgressBar({
  current,
  total,
  unit,
  message,
}: {
  current: number;
  total: number | null;
  unit: string | null;
  message: string | null;
}): ReactElement {
  const said = `${current.toLocaleString('en')}${total === null ? '' : ` of ${total.toLocaleString('en')}`}${unit ? ` ${unit}` : ''}`;
  return (
    <span className="weft-run__progress">
      <progress aria-label="Progress" value={total === null ? undefined : current} max={total ?? undefined} />
      <span>{said}</span>
      {message && <span className="weft-muted">{message}</span>}
    </span>
  );
}

const narrow = '(max-width: 760px), (max-height: 560px)';

/** Where there is no room for panes, they follow each other and the page scrolls. */
function useIsNarrow(): boolean {
  return useSyncExternalStore(
    (listener) => {
      const query = matchMedia(narrow);
      query.addEventListener('change', listener);
      return () => query.removeEventListener('change', listener);
    },
    () => matchMedia(narrow).matches,
  );
}
