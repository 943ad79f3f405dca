import type { NavigationTarget } from '../run/navigation.tsx';

/** The console's address of a run, or of a workflow's editor at a node and a line of its code. */
export function pathOf(target: NavigationTarget): string {
  if (target.kind === 'run') return `/runs/${encodeURIComponent(target.executionId)}`;
  const { workflowId, nodeKey, line } = target;
  const params = new URLSearchParams({
    ...(nodeKey === undefined ? {} : { node: nodeKey }),
    ...(line === undefined ? {} : { line: String(line) }),
  });
  const path = `/workflows/${encodeURIComponent(workflowId)}`;
  return params.size === 0 ? path : `${path}?${params}`;
}
