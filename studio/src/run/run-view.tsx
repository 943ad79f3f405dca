import { type ExecutionDetails, WeftNotFoundError } from '@weft/client';
import {
  lazy,
  type ReactElement,
  Suspense,
  useCallback,
  useDeferredValue,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import { nodeNames } from '../data/node-name.ts';
import { Button } from '../ui/button.tsx';
import { Callout, EmptyState, SkeletonRows } from '../ui/feedback.tsx';
import { Splitter } from '../ui/splitter.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { FailurePanel } from './failure-panel.tsx';
import { criticalPath } from './model/critical-path.ts';
import { live } from './model/moment.ts';
import { type NavigationProps, NavigationProvider } from './navigation.tsx';
import { parkedFailure } from './resume-actions.tsx';
import { RunHeader } from './run-header.tsx';
import { RunPanel } from './run-panel.tsx';
import type { RunPlace } from './run-place.ts';
import { useRunDetails } from './run-queries.ts';
import { type RunSnapshot, type RunStore, useRun, useRunStore } from './run-store.ts';
import './run-view.css';
import { Scrubber } from './scrubber.tsx';
import { Timeline } from './timeline.tsx';

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
        {problem.message}
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
  const [place, change] = usePlace(initialPlace, onPlaceChange);
  const wanted = place.at === null || place.at >= (run.end?.sequence ?? live) ? live : place.at;
  const sequence = useDeferredValue(wanted); // The handle follows the pointer, the rest as fast as it can.
  const version = details?.version;
  const nameOf = useMemo(() => nodeNames(version?.nodes ?? []), [version]);
  const nodeOrder = useMemo(() => version?.nodes.map(({ key }) => key) ?? [], [version]);
  const critical = useMemo(
    () => (run.end === null ? none : criticalPath(run, version?.edges ?? [])),
    [run, run.end, version],
  );
  const isNarrow = useIsNarrow();
  // A long journal is still being read when it is known already how the run ended.
  const readEnd = run.end !== null && run.end.sequence <= sequence ? run.end : null;
  const parked = sequence === live ? parkedFailure(run) : null;
  const error = snapshot.isCaughtUp ? (readEnd?.error ?? parked) : details?.error;

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
    <RunPanel
      executionId={executionId}
      store={store}
      snapshot={snapshot}
      details={details}
      sequence={sequence}
      place={place}
      onChange={change}
      nameOf={nameOf}
      runError={error ?? null}
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
          nameOf={nameOf}
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
      <Scrubber
        run={run}
        sequence={wanted}
        onChange={(next) => change({ at: next === live ? null : next })}
      />
    </div>
  );
}

/** What is looked at, and reports of it once it rests: browsers take few changes of an address within a second. */
function usePlace(
  initialPlace: RunProps['initialPlace'],
  onPlaceChange: RunProps['onPlaceChange'],
): [RunPlace, (part: Partial<RunPlace>) => void] {
  const [place, setPlace] = useState<RunPlace>({ ...firstPlace, ...initialPlace });
  const reported = useRef(place);
  useEffect(() => {
    if (place === reported.current) return;
    const report = () => {
      reported.current = place;
      onPlaceChange?.(place);
    };
    if (place.at === null || place.at === reported.current.at) return report();
    const timer = setTimeout(report, scrubbedMs);
    return () => clearTimeout(timer);
  }, [place, onPlaceChange]);
  const change = useCallback((part: Partial<RunPlace>) => setPlace((before) => ({ ...before, ...part })), []);
  return [place, change];
}

const firstPlace: RunPlace = { selected: null, tab: 'logs', view: 'timeline', at: null };
const scrubbedMs = 250;

const RunGraph = lazy(() => import('./run-graph.tsx'));
const overviews = [
  { id: 'timeline', label: 'Timeline' },
  { id: 'graph', label: 'Graph' },
] as const;
const none: ReadonlySet<string> = new Set();

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
