import type { DeadEdge, NodeError, Signal, WaitReason } from '../journal/event.ts';
import { ERROR_HANDLE_ID } from '../nodes/definition.ts';
import type { NodeRun, RunState } from './fold.ts';
import type { Graph, GraphNode } from './graph.ts';
import { readinessOf } from './join.ts';
import { type AddressedSignal, dueAt, hasSignalForItem, reasonOf, signalFor } from './waits.ts';

/** What to do next; the graph and the state alone decide it. */
export type Command =
  | { kind: 'start'; nodeKey: string }
  /** Goes on after its wait. */
  | { kind: 'resume'; nodeKey: string; signal: Signal | null }
  /** Not due before `at`, milliseconds of the epoch; Infinity where a signal ends it. */
  | { kind: 'wait'; nodeKey: string; at: number; reason: WaitReason }
  | { kind: 'skip'; nodeKey: string; because: DeadEdge[] }
  | { kind: 'succeed' }
  | { kind: 'fail'; error: NodeError };

/** Pure. A running node gives no command. `succeed` and `fail` come alone: nothing starts in an execution that is over. */
export function schedule(
  graph: Graph,
  state: RunState,
  nowMs: number,
  signals: readonly AddressedSignal[] = [],
): Command[] {
  const failed = graph.order.find((key) => isUnhandledFailure(graph.nodes.get(key)!, state));
  if (failed !== undefined) return [{ kind: 'fail', error: state.nodes.get(failed)!.error! }];

  const commands: Command[] = [];
  let open = false;
  for (const key of graph.order) {
    const run = state.nodes.get(key);
    if (run !== undefined && isSettled(run.status)) continue;
    open = true;
    if (run?.status === 'RUNNING') continue;
    if (run?.status === 'WAITING') {
      commands.push(afterWait(key, run, state, nowMs, signals));
      continue;
    }
    const readiness = readinessOf(graph.nodes.get(key)!, state);
    if (readiness.kind === 'ready') commands.push({ kind: 'start', nodeKey: key });
    if (readiness.kind === 'skipped')
      commands.push({ kind: 'skip', nodeKey: key, because: readiness.because });
  }
  return open ? commands : [{ kind: 'succeed' }];
}

function afterWait(
  nodeKey: string,
  run: NodeRun,
  state: RunState,
  nowMs: number,
  signals: readonly AddressedSignal[],
): Command {
  const signal = signalFor(state, signals, nodeKey, null);
  const at = dueAt(run);
  if (signal === null && at > nowMs && !hasSignalForItem(state, signals, nodeKey))
    return { kind: 'wait', nodeKey, at, reason: reasonOf(run) };
  // A worker that stopped gives a node back that was going on after its wait.
  const taken = signal ?? run.wait?.signal ?? null;
  return run.wait === null ? { kind: 'start', nodeKey } : { kind: 'resume', nodeKey, signal: taken };
}

function isSettled(status: string): boolean {
  return ['SUCCEEDED', 'REUSED', 'FAILED', 'SKIPPED', 'CANCELED'].includes(status);
}

function isUnhandledFailure(node: GraphNode, state: RunState): boolean {
  return state.nodes.get(node.key)?.status === 'FAILED' && !handlesFailure(node);
}

export function handlesFailure({ outgoing }: GraphNode): boolean {
  return outgoing.some(({ sourceHandle }) => sourceHandle === ERROR_HANDLE_ID);
}
