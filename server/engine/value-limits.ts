import { NodeFailure } from '../nodes/definition.ts';
import { MAX_VALUE, sizeOf } from '../shared/value-size.ts';
import type { AttemptEnd } from './attempt.ts';
import type { RunState } from './fold.ts';

/** What all outputs of one execution may take: its worker holds them, and so does whoever reads it whole. */
const MAX_TOTAL_MIB = 256;
const MIB = 1024 * 1024;

export interface ValueLimits {
  /** Of all outputs so far. */
  readonly outputBytes: number;
  /** Why a node cannot start with this input, or null. */
  refuseInput(nodeKey: string, input: unknown): AttemptEnd | null;
  /** An end whose output is too much is a failure. */
  judge(nodeKey: string, end: AttemptEnd): AttemptEnd;
}

/** Joins and branches make values of values: without limits a few nodes could make one that nothing can hold. */
export function makeValueLimits(state: RunState): ValueLimits {
  let total = bytesOf(state);
  return {
    get outputBytes() {
      return total;
    },
    refuseInput: (nodeKey, input) => tooLarge(nodeKey, 'input', input),
    judge(nodeKey, end) {
      if (end.kind !== 'succeeded') return end;
      const refused = tooLarge(nodeKey, 'output', end.emission.output);
      if (refused !== null) return refused;
      total += sizeOf(end.emission.output).bytes;
      if (total <= MAX_TOTAL_MIB * MIB) return end;
      return failed(
        nodeKey,
        `Expected the outputs of all nodes of an execution to take at most ${MAX_TOTAL_MIB} MiB together, and this one's is past it.`,
      );
    },
  };
}

/** Why a value is too large to be handed on, or null. */
export function sizeProblem(what: string, value: unknown): string | null {
  const { bytes, containers } = sizeOf(value);
  if (bytes <= MAX_VALUE.bytes && containers <= MAX_VALUE.containers) return null;
  const got = bytes > MAX_VALUE.bytes ? `${Math.ceil(bytes / MIB)} MiB` : `${containers} of them`;
  return `Expected ${what} of at most ${MAX_VALUE.bytes / MIB} MiB as JSON and ${MAX_VALUE.containers} lists and objects, got ${got}. Hand on less, or a file by save_artifact.`;
}

function tooLarge(nodeKey: string, what: 'input' | 'output', value: unknown): AttemptEnd | null {
  const problem = sizeProblem(`an ${what}`, value);
  return problem === null ? null : failed(nodeKey, problem);
}

function failed(nodeKey: string, message: string): AttemptEnd {
  const { error } = new NodeFailure({ code: 'VALUE_TOO_LARGE', message });
  return { kind: 'failed', error: { ...error, nodeKey }, durationMs: 0 };
}

function bytesOf({ nodes }: RunState): number {
  const runs = [...nodes.values()].flatMap((run) => [run, ...run.items.values()]);
  return runs.reduce((sum, { output }) => sum + (output === undefined ? 0 : sizeOf(output).bytes), 0);
}
