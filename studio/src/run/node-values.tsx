import type { ExecutionDetails, NodeFailure } from '@weft/client';
import type { ReactElement } from 'react';
import { Callout, SkeletonRows } from '../ui/feedback.tsx';
import { live, outputPlaceAt, runStatusAt, workAt } from './model/moment.ts';
import { inputParts } from './model/node-input.ts';
import type { RunModel, WorkRun } from './model/records.ts';
import { type OutputPlace, useOutput, useRunInput } from './run-queries.ts';
import type { Selection } from './timeline.tsx';
import { ValueView } from './value-view.tsx';

export interface ValuesProps {
  executionId: string;
  run: RunModel;
  details: ExecutionDetails | undefined;
  /** Null for the run as a whole. */
  of: Selection | null;
  sequence: number;
  nameOf: (nodeKey: string) => string;
}

/** What the node, or the run, gave. */
export function OutputPanel({ executionId, run, of, sequence }: ValuesProps): ReactElement {
  const work = of === null ? undefined : workOf(run, of);
  const place = of === null ? runOutputPlace(run, sequence) : outputPlaceAt(work, sequence);
  if (place !== null)
    return (
      <OutputOf
        executionId={executionId}
        place={place}
        label={of === null ? 'Output of the run' : 'Output'}
      />
    );
  const error =
    of === null
      ? sequence >= (run.end?.sequence ?? live)
        ? run.end?.error
        : null
      : workAt(work, sequence).attempt?.error;
  if (error) return <ValueView label="Error" value={error} />;
  return <p className="weft-run__none">No output yet.</p>;
}

/** What came to the node over its edges, or what the run was started with. */
export function InputPanel({ executionId, run, details, of, sequence, nameOf }: ValuesProps): ReactElement {
  const edges = details?.version?.edges ?? [];
  const hasEdges = of !== null && edges.some(({ target }) => target === of.nodeKey);
  const node = details?.version?.nodes.find(({ key }) => key === of?.nodeKey);
  const parts = hasEdges && node ? inputParts(run, edges, node, sequence) : [];
  const given = useRunInput(executionId, !hasEdges);
  if (!hasEdges) {
    if (given.isPending) return <SkeletonRows count={3} />;
    if (given.error) return <Callout tone="failure" title={given.error.message} />;
    return <ValueView label="Input of the run" value={given.data.value} />;
  }
  if (parts.length === 0) return <p className="weft-run__none">Nothing has come to it yet.</p>;
  return (
    <div className="weft-run__values">
      {parts.map(({ name, source, isError }) => {
        const sent = run.nodes.get(source);
        if (isError)
          return <ValueView key={source} label={`${name}: error`} value={sent?.attempts.at(-1)?.error} />;
        const place = outputPlaceAt(sent, sequence);
        const label = parts.length === 1 ? `Output of ${nameOf(source)}` : name;
        return place === null ? null : (
          <OutputOf key={source} executionId={executionId} place={place} label={label} />
        );
      })}
    </div>
  );
}

function OutputOf({
  executionId,
  place,
  label,
}: {
  executionId: string;
  place: OutputPlace;
  label: string;
}): ReactElement {
  const output = useOutput(executionId, place);
  if (output.isPending) return <SkeletonRows count={3} />;
  if (output.error) return <Callout tone="failure" title={`Could not read it: ${output.error.message}`} />;
  return <ValueView label={label} value={output.data.value} />;
}

function runOutputPlace({ end }: RunModel, sequence: number): OutputPlace | null {
  return end?.status === 'SUCCEEDED' && end.sequence <= sequence ? end : null;
}

export function workOf(run: RunModel, { nodeKey, item }: Selection): WorkRun | undefined {
  const node = run.nodes.get(nodeKey);
  return item === null ? node : node?.items.get(item);
}

/** The status shown beside the name of what is looked at. */
export function statusOf(run: RunModel, of: Selection | null, sequence: number) {
  return of === null ? runStatusAt(run, sequence) : workAt(workOf(run, of), sequence).status;
}

/** Why the last attempt of what is looked at failed. */
export function errorOf(run: RunModel, of: Selection | null, sequence: number): NodeFailure | null {
  const attempt = of === null ? null : workAt(workOf(run, of), sequence).attempt;
  const hasEnded = attempt?.endSequence != null && attempt.endSequence <= sequence;
  return hasEnded ? attempt.error : null;
}

export function progressOf(run: RunModel, of: Selection | null, sequence: number) {
  return of === null ? null : workAt(workOf(run, of), sequence).progress;
}
