import type { DeadEdge, NodeError, Signal, WaitReason } from '../journal/event.ts';
import { agendaOf } from './agenda.ts';
import type { NodeRun, RunState } from './fold.ts';
import type { Graph, GraphNode } from './graph.ts';
import { deadEdges } from './join.ts';
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
  const { open, decided, failed } = agendaOf(graph, state);
  const [first] = inOrder(graph, failed);
  if (first !== undefined) return [{ kind: 'fail', error: state.nodes.get(first.key)!.error! }];
  if (open === 0) return [{ kind: 'succeed' }];

  const commands: Command[] = [];
  for (const node of inOrder(graph, new Set([...decided.keys(), ...state.waiting]))) {
    const { key } = node;
    const run = state.nodes.get(key);
    const status = run?.status ?? 'QUEUED';
    if (status !== 'QUEUED') decided.delete(key);
    if (status === 'WAITING') commands.push(afterWait(key, run!, state, nowMs, signals));
    else if (decided.get(key) === 'ready') commands.push({ kind: 'start', nodeKey: key });
    else if (decided.has(key)) commands.push({ kind: 'skip', nodeKey: key, because: deadEdges(node, state) });
  }
  return commands;
}

function inOrder({ nodes }: Graph, keys: Iterable<string>): GraphNode[] {
  return [...keys].flatMap((key) => nodes.get(key) ?? []).sort((a, b) => a.rank - b.rank);
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
