import type { DeadEdge, EventOf, ExecutionStatus, NodeFailure } from '@weft/client';
import type { LogLines } from './log-lines.ts';
import type { TimeIndex } from './time-index.ts';

/**
 * A run as its journal tells it, folded event by event in place. Everything keeps the sequence at which it happened, so
 * that the run as it stood after any event can be read from the same structures (moment.ts): they are append-only and
 * sorted, and a look-up in them is what a checkpoint with a replay would cost at best.
 *
 * What is large is not in it: outputs are read where somebody looks at one, and only the last lines are kept.
 */
export interface RunModel {
  /** The last event, 0 before the first. */
  sequence: number;
  /** Of the last event. */
  cursor: string | null;
  status: ExecutionStatus;
  queuedAt: number | null;
  startedAt: number | null;
  startedSequence: number | null;
  /** When no worker had it: by sequences, in order; the last may be open. */
  pauses: Pause[];
  /** The last moment that an event tells of. */
  lastAt: number;
  end: RunEnd | null;
  /** In the order in which they first appear. */
  nodes: Map<string, NodeRun>;
  logs: LogLines;
  /** When something was running: disjoint, in order; the last may be open. */
  activity: { from: number; to: number | null }[];
  /** Attempts that are running now. */
  running: number;
  artifacts: ArtifactRecord[];
  findings: Finding[];
  environments: EnvironmentRecord[];
  notices: Notice[];
  /** The sequences at which something changed its state: where a scrubber stops. */
  steps: number[];
  times: TimeIndex;
}

export interface Pause extends Wait {
  fromSequence: number;
  toSequence: number | null;
}

export type Wait = Pick<EventOf<'NodeWaiting'>, 'reason' | 'until'>;

export interface RunEnd {
  sequence: number;
  at: number;
  status: ExecutionStatus;
  error: NodeFailure | null;
  /** Of the event before it, to read the output by. */
  cursorBefore: string | null;
}

/** One node, or one item of a `forEach` node. */
export interface WorkRun {
  nodeKey: string;
  item: number | null;
  attempts: Attempt[];
  /** It never ran: it was skipped, or took its output from an earlier run. */
  settled: {
    kind: 'SKIPPED' | 'REUSED';
    sequence: number;
    at: number;
    handle: string | null;
    cursorBefore: string | null;
    /** Where it was skipped: the edges by which nothing came. */
    because: readonly DeadEdge[];
    /** Where it was skipped: whether whoever started the run left it out. */
    isLeftOut: boolean;
    /** Where its output was pinned: the run that it is from, or null where it was given. */
    pinned: { executionId: string | null } | null;
  } | null;
  /** While it waited to try again the run was ended. */
  canceledSequence: number | null;
}

export interface NodeRun extends WorkRun {
  item: null;
  items: Map<number, WorkRun>;
  /** Of the installation of its packages, where it or an item of it had to wait for one. */
  stages: EnvironmentRecord[];
  /** Grows whenever anything of it changes. */
  revision: number;
}

/** An attempt, or the part of one between two waits. */
export interface Attempt {
  number: number;
  startSequence: number;
  startAt: number;
  endSequence: number | null;
  endAt: number | null;
  /** WAIT: it goes on after a wait. LOST: its worker went away and another began it again. */
  outcome: 'SUCCEEDED' | 'FAILED' | 'RETRY' | 'WAIT' | 'CANCELED' | 'LOST' | null;
  error: NodeFailure | null;
  /** Where it is tried again: how long that waits. */
  retryDelayMs: number | null;
  /** Where it goes on after a wait: what for. */
  wait: Wait | null;
  handle: string | null;
  /** Of the event before its end, to read the output by. */
  cursorBefore: string | null;
  progress: ProgressRecord[];
}

type Sequenced<T> = T & {
  sequence: number;
  at: number;
  nodeKey: string;
  item: number | null;
  attempt: number;
};

export type ProgressRecord = Pick<EventOf<'NodeProgress'>, 'current' | 'total' | 'unit' | 'message'> & {
  sequence: number;
};
export type ArtifactRecord = Sequenced<EventOf<'ArtifactCreated'>['artifact']>;
export type Finding = Sequenced<EventOf<'SecurityViolation'>['violation']>;
export type EnvironmentRecord = Sequenced<
  Pick<EventOf<'NodeEnvironment'>, 'status' | 'packages' | 'message'>
> & {
  /** As the node names them; `packages` are those that they need, too, once that is known. */
  requested: readonly string[];
  /** Of the log; null where there is nothing to say. */
  line: string | null;
};
/** Something that a person should know and that is no failure: text that was left out, an alert. */
export type Notice = Sequenced<{ message: string }>;
