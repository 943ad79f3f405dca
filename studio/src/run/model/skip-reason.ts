import type { DeadEdge } from '@weft/client';
import type { RunModel } from './records.ts';

/** Why nothing came by one edge. */
export interface SkipReason {
  source: string;
  /** `failed`, after the name of the source. */
  verb: string;
  /** Where the source was skipped too: the reason that began it. */
  root: SkipReason | null;
}

/** Why a node was skipped, one reason for each edge; empty where it was not, or a release before joins ran it. */
export function skipReasons(run: RunModel, nodeKey: string): SkipReason[] {
  return deadEdgesOf(run, nodeKey).map((edge) => ({ ...toReason(edge), root: rootOf(run, edge) }));
}

function toReason({ source, sourceHandle, reason, emitted }: DeadEdge): SkipReason {
  const verb = {
    SOURCE_FAILED: 'failed',
    SOURCE_SKIPPED: 'was skipped',
    OTHER_HANDLE: sourceHandle === 'error' ? 'did not fail' : `went by \u201c${emitted}\u201d`,
  }[reason];
  return { source, verb, root: null };
}

/** Along the first reason of each node that was skipped before. A graph has no circle, so it ends. */
function rootOf(run: RunModel, edge: DeadEdge): SkipReason | null {
  let root: DeadEdge | undefined;
  for (let next: DeadEdge | undefined = edge; next?.reason === 'SOURCE_SKIPPED'; next = root)
    [root] = deadEdgesOf(run, next.source);
  return root === undefined ? null : toReason(root);
}

function deadEdgesOf(run: RunModel, nodeKey: string): readonly DeadEdge[] {
  const settled = run.nodes.get(nodeKey)?.settled;
  return settled?.kind === 'SKIPPED' ? settled.because : [];
}
