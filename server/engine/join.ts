import type { DeadEdge } from '../journal/event.ts';
import { ERROR_HANDLE_ID } from '../nodes/definition.ts';
import type { RunState } from './fold.ts';
import type { Edge, GraphNode } from './graph.ts';

/**
 * When a node starts. Pure; agenda.ts counts.
 *
 * Edges that name the same target handle are alternatives for one input, an edge that names none is an input of its own
 * (graph.ts). An input has come when one of its edges is live, and cannot come when all of them are dead.
 *
 * - ALL: starts when every input has come; is skipped as soon as one cannot come.
 * - ANY: starts when all its edges are settled and at least one is live; is skipped when all of them are dead.
 *
 * A node that no edge leads to starts at once.
 */

export function handlesFailure({ outgoing }: GraphNode): boolean {
  return outgoing.some(({ sourceHandle }) => sourceHandle === ERROR_HANDLE_ID);
}

/** Why a node is skipped: the edges of the inputs that cannot come. Empty for a node that is not. */
export function deadEdges({ join, incoming, inputs }: GraphNode, state: RunState): DeadEdge[] {
  const isLost = (edges: readonly Edge[]) => edges.every((edge) => edgeState(edge, state) === 'dead');
  const lost = (join === 'ANY' ? [incoming] : inputs).filter(isLost).flat();
  return lost.map((edge) => toDeadEdge(edge, state));
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

function toDeadEdge({ source, sourceHandle, targetHandle }: Edge, state: RunState): DeadEdge {
  const edge = { source, sourceHandle, targetHandle };
  const run = state.nodes.get(source);
  if (run?.status === 'FAILED') return { ...edge, reason: 'SOURCE_FAILED', emitted: null };
  if (run?.status === 'SKIPPED') return { ...edge, reason: 'SOURCE_SKIPPED', emitted: null };
  return { ...edge, reason: 'OTHER_HANDLE', emitted: run?.handle ?? null };
}
