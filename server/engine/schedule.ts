import type { DeadEdge, NodeError } from '../journal/event.ts';
import { ERROR_HANDLE_ID } from '../nodes/definition.ts';
import type { RunState } from './fold.ts';
import type { Graph, GraphNode } from './graph.ts';
import { readinessOf } from './join.ts';

/** What to do next; the graph and the state alone decide it. */
export type Command =
  | { kind: 'start'; nodeKey: string }
  /** A retry that is not due before `at`, milliseconds of the epoch. */
  | { kind: 'wait'; nodeKey: string; at: number }
  | { kind: 'skip'; nodeKey: string; because: DeadEdge[] }
  | { kind: 'succeed' }
  | { kind: 'fail'; error: NodeError };

/** Pure. A running node gives no command. `succeed` and `fail` come alone: nothing starts in an execution that is over. */
export function schedule(graph: Graph, state: RunState, nowMs: number): Command[] {
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
      const due = run.retryAt ?? nowMs;
      commands.push(due <= nowMs ? { kind: 'start', nodeKey: key } : { kind: 'wait', nodeKey: key, at: due });
      continue;
    }
    const readiness = readinessOf(graph.nodes.get(key)!, state);
    if (readiness.kind === 'ready') commands.push({ kind: 'start', nodeKey: key });
    if (readiness.kind === 'skipped')
      commands.push({ kind: 'skip', nodeKey: key, because: readiness.because });
  }
  return open ? commands : [{ kind: 'succeed' }];
}

function isSettled(status: string): boolean {
  return ['SUCCEEDED', 'REUSED', 'FAILED', 'SKIPPED', 'CANCELED'].includes(status);
}

function isUnhandledFailure(node: GraphNode, state: RunState): boolean {
  return (
    state.nodes.get(node.key)?.status === 'FAILED' &&
    !node.outgoing.some(({ sourceHandle }) => sourceHandle === ERROR_HANDLE_ID)
  );
}
