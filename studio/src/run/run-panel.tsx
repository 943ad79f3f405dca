import type { ExecutionDetails, NodeFailure } from '@weft/client';
import type { ReactElement } from 'react';
import { Button } from '../ui/button.tsx';
import { StatusBadge } from '../ui/status-badge.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { ChildRuns } from './child-runs.tsx';
import { startsRuns } from './children.ts';
import { FailurePanel } from './failure-panel.tsx';
import { Files } from './files.tsx';
import { Findings } from './findings.tsx';
import { Logs } from './logs.tsx';
import { installingAt, installingText } from './model/installing.ts';
import { countUpTo, live } from './model/moment.ts';
import type { EnvironmentRecord, RunModel } from './model/records.ts';
import { errorOf, InputPanel, OutputPanel, progressOf, statusOf } from './node-values.tsx';
import { PinnedLine } from './pinned-line.tsx';
import type { RunPlace } from './run-place.ts';
import type { RunSnapshot, RunStore } from './run-store.ts';
import { SkipReasonLine } from './skip-reason.tsx';
import type { Selection } from './timeline.tsx';
import { WaitLine } from './wait-line.tsx';

export interface RunPanelProps {
  executionId: string;
  store: RunStore;
  snapshot: RunSnapshot;
  details: ExecutionDetails | undefined;
  sequence: number;
  place: RunPlace;
  onChange: (part: Partial<RunPlace>) => void;
  nameOf: (nodeKey: string) => string;
  /** Why the run failed, which is shown above it all. */
  runError: NodeFailure | null;
}

/** What is known of the chosen node, or of the run where none is. */
export function RunPanel(props: RunPanelProps): ReactElement {
  const { executionId, store, snapshot, details, sequence, place, onChange, nameOf, runError } = props;
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
  const error = errorOf(run, selected, sequence);
  const name =
    selected === null
      ? 'All nodes'
      : nameOf(selected.nodeKey) + (selected.item === null ? '' : ` [${selected.item}]`);
  const hasRuns = startsRuns(details, selected?.nodeKey ?? null);
  const shownTab = tab === 'runs' && !hasRuns ? 'logs' : tab;
  const values = { executionId, run, details, of: selected, sequence, nameOf };
  return (
    <section className="weft-run__panel" aria-label={name}>
      <div className="weft-run__chosen">
        <h2>{name}</h2>
        {selected !== null &&
          (status ? <StatusBadge status={status} /> : <span className="weft-muted">Not begun</span>)}
        {progress && <ProgressBar {...progress} />}
        <Installing run={run} of={selected} sequence={sequence} nameOf={nameOf} />
        {selected !== null && (
          <Button size="small" variant="ghost" icon="close" onClick={() => onChange({ selected: null })}>
            All nodes
          </Button>
        )}
      </div>
      {selected !== null && status === 'SKIPPED' && (
        <SkipReasonLine
          run={run}
          nodeKey={selected.nodeKey}
          nameOf={nameOf}
          onSelectNode={(nodeKey) => onChange({ selected: { nodeKey, item: null } })}
        />
      )}
      {selected !== null && status === 'REUSED' && <PinnedLine run={run} nodeKey={selected.nodeKey} />}
      <WaitLine executionId={executionId} run={run} of={selected} sequence={sequence} />
      {error && !isSame(error, runError) && (
        <FailurePanel
          label={`Why ${name} failed`}
          error={error}
          details={details}
          nameOf={nameOf}
          isHandled={selected?.item === null && hasErrorEdge(details, selected.nodeKey)}
        />
      )}
      <Tabs
        label="Details"
        selected={shownTab}
        onSelect={(id) => onChange({ tab: id })}
        tabs={[
          { id: 'logs', label: 'Logs' },
          { id: 'output', label: 'Output' },
          { id: 'input', label: 'Input' },
          { id: 'files', label: counted('Files', artifacts.length) },
          { id: 'findings', label: counted('Findings', findings.length + notices.length) },
          ...(hasRuns ? [{ id: 'runs', label: 'Runs' } as const] : []),
        ]}
      >
        {shownTab === 'logs' && (
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
        {tab === 'files' && <Files artifacts={artifacts} nameOf={nameOf} />}
        {shownTab === 'runs' && (
          <ChildRuns executionId={executionId} run={run} of={selected} nameOf={nameOf} />
        )}
        {tab === 'findings' && (
          <Findings findings={findings} notices={notices} environments={environments} nameOf={nameOf} />
        )}
      </Tabs>
    </section>
  );
}

/** The packages that a node waits for, or in the whole run the first that waits for some. */
function Installing({
  run,
  of,
  sequence,
  nameOf,
}: {
  run: RunModel;
  of: Selection | null;
  sequence: number;
  nameOf: (nodeKey: string) => string;
}): ReactElement | null {
  const waiting = of === null ? firstInstalling(run, sequence) : installingAt(run, of, sequence);
  if (waiting === null) return null;
  return (
    <span className="weft-run__installing">
      <span className="weft-spinner" aria-hidden="true" />
      {of === null && `${nameOf(waiting.nodeKey)}: `}
      {installingText(waiting)}
    </span>
  );
}

function firstInstalling(run: RunModel, sequence: number): EnvironmentRecord | null {
  for (const node of run.nodes.values()) {
    const waiting = installingAt(run, node, sequence);
    if (waiting !== null) return waiting;
  }
  return null;
}

function isSame(error: NodeFailure, other: NodeFailure | null): boolean {
  return error.nodeKey === other?.nodeKey && error.message === other.message && error.line === other.line;
}

function hasErrorEdge(details: ExecutionDetails | undefined, nodeKey: string): boolean {
  const edges = details?.version?.edges ?? [];
  return edges.some(({ source, sourceHandle }) => source === nodeKey && sourceHandle === 'error');
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
