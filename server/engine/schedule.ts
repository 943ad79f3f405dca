import type { NodeError } from '../journal/event.ts';
import { ERROR_HANDLE_ID } from '../nodes/definition.ts';
import type { RunState } from './fold.ts';
import type { Edge, Graph, GraphNode } from './graph.ts';

/** What to do next; the graph and the state alone decide it. */
export type Command =
  | { kind: 'start'; nodeKey: string }
  /** A retry that is not due before `at`, milliseconds of the epoch. */
  | { kind: 'wait'; nodeKey: string; at: number }
  | { kind: 'skip'; nodeKey: string }
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
    const edges = graph.nodes.get(key)!.incoming.map((edge) => edgeState(edge, state));
    if (edges.includes('open')) continue;
    const isStart = edges.length === 0 || edges.includes('live');
    commands.push({ kind: isStart ? 'start' : 'skip', nodeKey: key });
  }
  return open ? commands : [{ kind: 'succeed' }];
}

/** open: the source has not ended. live: the source emitted on the edge's handle. dead: the source never will. */
export function edgeState(edge: Edge, state: RunState): 'open' | 'live' | 'dead' {
  const source = state.nodes.get(edge.source);
  switch (source?.status) {
    case 'SUCCEEDED':
    case 'REUSED':
      return source.handle === edge.sourceHandle ? 'live' : 'dead';
    case 'FAILED':
      return edge.sourceHandle === ERROR_HANDLE_ID ? 'live' : 'dead';
    case 'SKIPPED':
    case 'CANCELED':
      return 'dead';
    default:
      return 'open';
  }
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
