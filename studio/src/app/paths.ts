import type { NavigationTarget } from '../run/navigation.tsx';

/** The console's address of a run, of the runs with a label, of a schedule, of a webhook, or of a workflow's editor at a node and a line of its code. */
export function pathOf(target: NavigationTarget): string {
  if (target.kind === 'run') return `/runs/${encodeURIComponent(target.executionId)}`;
  if (target.kind === 'runs') return `/runs?${new URLSearchParams({ labels: target.label })}`;
  if (target.kind === 'schedule') return `/schedules?${new URLSearchParams({ schedule: target.scheduleId })}`;
  if (target.kind === 'webhook') return `/webhooks?${new URLSearchParams({ webhook: target.webhookId })}`;
  const { workflowId, nodeKey, line } = target;
  const params = new URLSearchParams({
    ...(nodeKey === undefined ? {} : { node: nodeKey }),
    ...(line === undefined ? {} : { line: String(line) }),
  });
  const path = `/workflows/${encodeURIComponent(workflowId)}`;
  return params.size === 0 ? path : `${path}?${params}`;
}
