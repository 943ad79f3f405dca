import type { NodeEventBody, Signal, Wait, WaitReason } from '../journal/event.ts';
import type { NodeRun, RunState } from './fold.ts';

/**
 * Waiting. Pure. A node or item that is WAITING goes on when its time has come (`dueAt`), or when a signal for it has
 * (`signalFor`). Where nothing of an execution runs and the next of these is more than `MAX_HELD_WAIT_MS` away, the
 * execution is parked: its worker has nothing of it, until its time or a signal makes a job of it again (queue.ts).
 */
export const MAX_HELD_WAIT_MS = 1_000;

/** A signal, and what it is for. */
export interface AddressedSignal extends Signal {
  nodeKey: string;
  item: number | null;
}

/** The wait that ends first of what an execution waits for; milliseconds of the epoch, Infinity where a signal ends it. */
export interface NextWait {
  at: number;
  reason: WaitReason;
}

/** When a node or item goes on by itself; milliseconds of the epoch. */
export function dueAt({ retryAt, wait }: NodeRun): number {
  if (retryAt !== null) return retryAt;
  return wait?.until == null ? Number.POSITIVE_INFINITY : Date.parse(wait.until);
}

export function reasonOf({ retryAt, wait }: NodeRun): WaitReason {
  return retryAt === null && wait !== null ? wait.reason : 'RETRY';
}

export function toWait({ at, reason }: NextWait): Wait {
  return { reason, until: Number.isFinite(at) ? new Date(at).toISOString() : null };
}

/** A timer takes no more than 2^31 - 1 ms; what waits longer looks again then. */
export function timerMs(ms: number): number {
  return Math.min(Math.max(0, ms), 2_147_483_647);
}

export function earlier(a: NextWait | null, b: NextWait): NextWait {
  return a === null || b.at < a.at ? b : a;
}

/** The oldest signal that the node or item takes, of those that none has taken. */
export function signalFor(
  state: RunState,
  signals: readonly AddressedSignal[],
  nodeKey: string,
  item: number | null,
): Signal | null {
  const found = addressed(signals)
    .get(nodeKey)
    ?.get(item)
    ?.find((signal) => isWanted(state, signal));
  return found === undefined ? null : { number: found.number, payload: found.payload };
}

/** Whether an item of the node takes one of the signals. */
export function hasSignalForItem(
  state: RunState,
  signals: readonly AddressedSignal[],
  nodeKey: string,
): boolean {
  for (const [item, ofItem] of addressed(signals).get(nodeKey) ?? [])
    if (item !== null && ofItem.some((signal) => isWanted(state, signal))) return true;
  return false;
}

/** By node, then by item; null for the node itself. */
type Addressed = Map<string, Map<number | null, AddressedSignal[]>>;

/** A memo of a pure function: a list of signals only grows, and all that an execution ever got are in it. */
const known = new WeakMap<readonly AddressedSignal[], { seen: number; by: Addressed }>();

function addressed(signals: readonly AddressedSignal[]): Addressed {
  const memo = known.get(signals) ?? { seen: 0, by: new Map() };
  known.set(signals, memo);
  for (; memo.seen < signals.length; memo.seen++) {
    const signal = signals[memo.seen]!;
    const ofNode = memo.by.get(signal.nodeKey) ?? new Map();
    memo.by.set(signal.nodeKey, ofNode);
    const ofItem = ofNode.get(signal.item) ?? [];
    ofNode.set(signal.item, ofItem);
    ofItem.push(signal);
  }
  return memo.by;
}

/** A signal may come before its node waits, and after it has ended. */
function isWanted({ nodes, taken }: RunState, { number, nodeKey, item }: AddressedSignal): boolean {
  const node = nodes.get(nodeKey);
  const run = item === null ? node : node?.items.get(item);
  return !taken.has(number) && run?.status === 'WAITING' && run.wait !== null && run.retryAt === null;
}

/** What ends with the execution while no task in this process does it: items of lists that wait. */
export function cancelWaitingItems(state: RunState): NodeEventBody[] {
  return [...state.nodes]
    .filter(([, { status }]) => status === 'WAITING')
    .flatMap(([nodeKey, { items }]) =>
      [...items]
        .filter(([, { status }]) => status === 'RUNNING' || status === 'WAITING')
        .map(([item, { attempt }]) => ({ type: 'NodeCanceled', nodeKey, item, attempt }) as const),
    );
}
