import { WORKER_STOPPED } from '../engine/fold.ts';
import { isTerminal, type JournalEvent, type NodeError } from '../journal/event.ts';

/** What the journal of an execution says of one span that has ended. Times are those of its events. */
export type EndedSpan = SpanName & {
  /** Milliseconds of the epoch. Null for that of an execution: when it was started, which its row says. */
  startMs: number | null;
  endMs: number;
  /** SUCCEEDED, FAILED or CANCELED. */
  status: string;
  /** Of a failure. */
  errorCode: string | null;
  notes: Note[];
  /** Of so many more. */
  leftOutNotes: number;
};

export type SpanName =
  | { of: 'execution' }
  | { of: 'node'; nodeKey: string }
  | { of: 'attempt' | 'cell'; nodeKey: string; attempt: number; item: number | null };

/** Something that happened within a span. */
export interface Note {
  name: 'started' | 'waiting' | 'resumed';
  atMs: number;
  /** Of `waiting`. */
  reason?: string;
}

interface OpenSpan {
  startMs: number;
  notes: Note[];
  leftOutNotes: number;
}

interface OpenAttempt extends OpenSpan {
  number: number;
  /** Its worker has stopped: the next one starts another attempt, or goes on with this one where it had waited. */
  stoppedAt: number | null;
}

interface OpenNode extends OpenSpan {
  /** By item; null for the node itself. */
  attempts: Map<number | null, OpenAttempt>;
}

const MAX_NOTES = 100;
/** Of a list, the items from here on have a span only where an attempt of them failed. */
const MAX_ITEMS = 1_000;

/** The span of an attempt whose worker was lost ends where the next one begins. */
const WORKER_LOST = 'WORKER_LOST';

/**
 * The spans of one execution, folded from its journal. Pure. A journal has stretches, each of which ends where the
 * execution waits or ends; what has ended is handed on with its stretch. So whoever goes on with the execution knows from
 * the journal what was handed on.
 */
export interface TraceFold {
  /** What has ended and was not handed on. Whoever takes it empties it. */
  ended: EndedSpan[];
  /** What was committed before. */
  replay(events: readonly JournalEvent[]): void;
  /** Gives whether a stretch has ended. */
  add(events: readonly JournalEvent[]): boolean;
}

export function makeTraceFold(): TraceFold {
  const nodes = new Map<string, OpenNode>();
  const execution: OpenSpan = { startMs: 0, notes: [], leftOutNotes: 0 };
  const fold: TraceFold = {
    ended: [],
    replay(events) {
      for (const event of events) {
        apply(event);
        // Of the last stretch nobody may have handed it on: a request to cancel, or a worker that was lost just then.
        if (event.type === 'ExecutionWaiting') fold.ended = [];
      }
    },
    add(events) {
      for (const event of events) apply(event);
      return events.some((event) => event.type === 'ExecutionWaiting' || isTerminal(event));
    },
  };
  return fold;

  function apply(event: JournalEvent): void {
    const atMs = event.occurredAt.getTime();
    switch (event.type) {
      case 'ExecutionStarted':
        note(execution, { name: 'started', atMs });
        break;
      case 'ExecutionWaiting':
        note(execution, { name: 'waiting', atMs, reason: event.reason });
        break;
      case 'ExecutionResumed':
        note(execution, { name: 'resumed', atMs });
        break;
      case 'ExecutionSucceeded':
        endExecution(atMs, 'SUCCEEDED');
        break;
      case 'ExecutionFailed':
        endExecution(atMs, 'FAILED', event.error);
        break;
      case 'ExecutionCanceled':
        endExecution(atMs, 'CANCELED');
        break;
      case 'NodeStarted':
        start(event.nodeKey, event.item ?? null, event.attempt, atMs);
        break;
      case 'NodeWaiting':
        // A failure that waits for somebody ends its attempt.
        if (event.failure !== undefined) endAttempt(event, atMs, 'FAILED', event.failure);
        else note(attemptOf(event), { name: 'waiting', atMs, reason: event.reason });
        break;
      case 'NodeResumed': {
        const attempt = attemptOf(event);
        if (attempt !== undefined) attempt.stoppedAt = null;
        note(attempt, { name: 'resumed', atMs });
        break;
      }
      case 'NodeRetryScheduled': {
        const attempt = attemptOf(event);
        if (event.error.code !== WORKER_STOPPED) endAttempt(event, atMs, 'FAILED', event.error);
        else if (attempt !== undefined) attempt.stoppedAt = atMs;
        break;
      }
      case 'NodeSucceeded':
        end(event, atMs, 'SUCCEEDED');
        break;
      case 'NodeFailed':
        end(event, atMs, 'FAILED', event.error);
        break;
      case 'NodeCanceled':
        end(event, atMs, 'CANCELED');
        break;
      default: // has no span
    }
  }

  function start(nodeKey: string, item: number | null, number: number, atMs: number): void {
    const node = nodes.get(nodeKey) ?? { startMs: atMs, notes: [], leftOutNotes: 0, attempts: new Map() };
    nodes.set(nodeKey, node);
    const former = node.attempts.get(item);
    if (former !== undefined) {
      const { stoppedAt } = former;
      const code = stoppedAt === null ? WORKER_LOST : WORKER_STOPPED;
      endAttempt({ nodeKey, item }, stoppedAt ?? atMs, 'FAILED', { code });
    }
    node.attempts.set(item, { startMs: atMs, notes: [], leftOutNotes: 0, number, stoppedAt: null });
  }

  function attemptOf({ nodeKey, item }: Ended): OpenAttempt | undefined {
    return nodes.get(nodeKey)?.attempts.get(item ?? null);
  }

  function end(event: Ended, atMs: number, status: string, error?: Pick<NodeError, 'code'>): void {
    endAttempt(event, atMs, status, error);
    if ((event.item ?? null) === null) endNode(event.nodeKey, atMs, status, error);
  }

  function endAttempt(event: Ended, atMs: number, status: string, error?: Pick<NodeError, 'code'>): void {
    const { nodeKey, item = null, cellMs } = event;
    const attempts = nodes.get(nodeKey)?.attempts;
    const open = attempts?.get(item);
    if (open === undefined) return; // it has ended before
    attempts!.delete(item);
    if (item !== null && item >= MAX_ITEMS && status !== 'FAILED') return;
    const name = { nodeKey, item, attempt: open.number };
    if (cellMs !== undefined) {
      const startMs = Math.max(open.startMs, atMs - cellMs);
      add({ of: 'cell', ...name }, { startMs, notes: [], leftOutNotes: 0 }, atMs, status, error);
    }
    add({ of: 'attempt', ...name }, open, atMs, status, error);
  }

  function endNode(nodeKey: string, atMs: number, status: string, error?: Pick<NodeError, 'code'>): void {
    const node = nodes.get(nodeKey);
    if (node === undefined) return;
    for (const item of node.attempts.keys()) endAttempt({ nodeKey, item }, atMs, 'CANCELED');
    nodes.delete(nodeKey);
    add({ of: 'node', nodeKey }, node, atMs, status, error);
  }

  function endExecution(atMs: number, status: string, error?: NodeError): void {
    for (const nodeKey of nodes.keys()) endNode(nodeKey, atMs, 'CANCELED');
    add({ of: 'execution' }, { ...execution, startMs: null }, atMs, status, error);
  }

  function add(
    name: SpanName,
    { startMs, notes, leftOutNotes }: Pick<EndedSpan, 'startMs' | 'notes' | 'leftOutNotes'>,
    endMs: number,
    status: string,
    error?: Pick<NodeError, 'code'>,
  ): void {
    fold.ended.push({
      ...name,
      startMs,
      endMs,
      status,
      errorCode: error?.code ?? null,
      notes,
      leftOutNotes,
    });
  }
}

interface Ended {
  nodeKey: string;
  item?: number | null;
  cellMs?: number;
}

function note(span: OpenSpan | undefined, given: Note): void {
  if (span === undefined) return;
  if (span.notes.length < MAX_NOTES) span.notes.push(given);
  else span.leftOutNotes += 1;
}
