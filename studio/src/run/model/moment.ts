import type { ExecutionStatus, NodeExecutionStatus } from '@weft/client';
import type { Attempt, NodeRun, Pause, ProgressRecord, RunModel, WorkRun } from './records.ts';

/** The end of the journal, whatever comes. */
export const live = Number.POSITIVE_INFINITY;

/** A node, or an item of one, as it stood after an event. */
export interface WorkMoment {
  /** Null where it had not begun. */
  status: NodeExecutionStatus | null;
  /** The last that had begun. */
  attempt: Attempt | null;
  progress: ProgressRecord | null;
}

export interface ItemCounts {
  total: number;
  running: number;
  waiting: number;
  succeeded: number;
  failed: number;
}

/** The status of the run as it stood after an event. */
export function runStatusAt(run: RunModel, sequence: number): ExecutionStatus {
  if (run.end !== null && run.end.sequence <= sequence) return run.end.status;
  if (run.startedSequence === null || run.startedSequence > sequence) return 'QUEUED';
  return pauseAt(run, sequence) === null ? 'RUNNING' : 'WAITING';
}

/** The wait that the run was in after an event; null where it was in none. */
export function pauseAt(run: RunModel, sequence: number): Pause | null {
  const pause = lastAt(run.pauses, sequence, ({ fromSequence }) => fromSequence);
  return pause === null || (pause.toSequence !== null && pause.toSequence <= sequence) ? null : pause;
}

/** Whether it has ended for now, and goes on after a wait. */
export function isWaiting(attempt: Attempt | undefined): boolean {
  return attempt?.outcome === 'RETRY' || attempt?.outcome === 'WAIT';
}

export function workAt(work: WorkRun | undefined, sequence: number): WorkMoment {
  if (work === undefined) return notBegun;
  const attempt = lastAt(work.attempts, sequence, startOf);
  const progress = attempt === null ? null : lastAt(attempt.progress, sequence, sequenceOf);
  return { status: statusAt(work, attempt, sequence), attempt, progress };
}

/** Of a node that runs `forEach`; null of others. Counted once for each change of the node while the run is live. */
export function itemCountsAt(node: NodeRun, sequence: number): ItemCounts | null {
  if (node.items.size === 0) return null;
  const known = counted.get(node);
  if (sequence === live && known?.revision === node.revision) return known.counts;
  const counts = { total: 0, running: 0, waiting: 0, succeeded: 0, failed: 0 };
  for (const item of node.items.values()) {
    const status = statusAt(item, lastAt(item.attempts, sequence, startOf), sequence);
    if (status !== null) counts.total += 1;
    if (status === 'RUNNING') counts.running += 1;
    else if (status === 'WAITING') counts.waiting += 1;
    else if (status === 'SUCCEEDED' || status === 'REUSED') counts.succeeded += 1;
    else if (status === 'FAILED') counts.failed += 1;
  }
  if (sequence === live) counted.set(node, { revision: node.revision, counts });
  return counts.total === 0 ? null : counts;
}

const counted = new WeakMap<NodeRun, { revision: number; counts: ItemCounts }>();

/** Where to read its output as it stood then; null where it had none. */
export function outputPlaceAt(
  work: WorkRun | undefined,
  sequence: number,
): { sequence: number; cursorBefore: string | null; handle: string | null } | null {
  const { status, attempt } = workAt(work, sequence);
  if (status === 'REUSED') return work!.settled;
  if (status !== 'SUCCEEDED' || attempt?.endSequence == null) return null;
  return { sequence: attempt.endSequence, cursorBefore: attempt.cursorBefore, handle: attempt.handle };
}

/** The last of a sorted list that had happened by then. */
export function lastAt<T>(records: readonly T[], sequence: number, of: (record: T) => number): T | null {
  if (sequence === live) return records.at(-1) ?? null;
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (of(records[middle]!) <= sequence) low = middle + 1;
    else high = middle;
  }
  return records[low - 1] ?? null;
}

export function countUpTo(sequences: readonly number[], sequence: number): number {
  let low = 0;
  let high = sequences.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sequences[middle]! <= sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}

const notBegun: WorkMoment = { status: null, attempt: null, progress: null };
const startOf = ({ startSequence }: Attempt) => startSequence;
const sequenceOf = ({ sequence }: { sequence: number }) => sequence;

function statusAt(work: WorkRun, attempt: Attempt | null, sequence: number): NodeExecutionStatus | null {
  if (work.settled !== null && work.settled.sequence <= sequence) return work.settled.kind;
  if (attempt === null) return null;
  if (attempt.endSequence === null || attempt.endSequence > sequence) return 'RUNNING';
  switch (attempt.outcome) {
    case 'RETRY':
    case 'WAIT':
      return work.canceledSequence !== null && work.canceledSequence <= sequence ? 'CANCELED' : 'WAITING';
    case 'LOST':
    case null:
      return 'RUNNING';
    default:
      return attempt.outcome;
  }
}
