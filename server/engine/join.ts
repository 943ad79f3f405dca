import type { DeadEdge } from '../journal/event.ts';
import { ERROR_HANDLE_ID } from '../nodes/definition.ts';
import type { RunState } from './fold.ts';
import type { Edge, GraphNode } from './graph.ts';

/**
 * When a node starts. Pure.
 *
 * Edges that name the same target handle are alternatives for one input, an edge that names none is an input of its own
 * (graph.ts). An input has come when one of its edges is live, and cannot come when all of them are dead.
 *
 * - ALL: starts when every input has come; is skipped as soon as one cannot come.
 * - ANY: starts when all its edges are settled and at least one is live; is skipped when all of them are dead.
 *
 * A node that no edge leads to starts at once.
 */
export type Readiness = { kind: 'open' } | { kind: 'ready' } | { kind: 'skipped'; because: DeadEdge[] };

export function readinessOf({ join, incoming, inputs }: GraphNode, state: RunState): Readiness {
  const stateOf = (edge: Edge) => edgeState(edge, state);
  if (join === 'ANY') {
    const states = incoming.map(stateOf);
    if (states.includes('open')) return open;
    return states.length === 0 || states.includes('live') ? ready : skipped(incoming, state);
  }
  const lost = inputs.filter((edges) => edges.every((edge) => stateOf(edge) === 'dead'));
  if (lost.length > 0) return skipped(lost.flat(), state);
  return inputs.every((edges) => edges.some((edge) => stateOf(edge) === 'live')) ? ready : open;
}

const open: Readiness = { kind: 'open' };
const ready: Readiness = { kind: 'ready' };

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

function skipped(edges: readonly Edge[], state: RunState): Readiness {
  return { kind: 'skipped', because: edges.map((edge) => toDeadEdge(edge, state)) };
}

function toDeadEdge({ source, sourceHandle, targetHandle }: Edge, state: RunState): DeadEdge {
  const edge = { source, sourceHandle, targetHandle };
  const run = state.nodes.get(source);
  if (run?.status === 'FAILED') return { ...edge, reason: 'SOURCE_FAILED', emitted: null };
  if (run?.status === 'SKIPPED') return { ...edge, reason: 'SOURCE_SKIPPED', emitted: null };
  return { ...edge, reason: 'OTHER_HANDLE', emitted: run?.handle ?? null };
}
