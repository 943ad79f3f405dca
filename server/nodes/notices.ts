/** Of one node in one execution, however many items and attempts it has. */
export const MAX_NOTICES = 20;

const reportedByExecution = new WeakMap<object, Map<string, Set<string>>>();

/** What a node of an execution has been told already; the caller adds to it. `execution` is one object for the whole run. */
export function reportedNotices(execution: object, nodeKey: string): Set<string> {
  const byNode = reportedByExecution.get(execution) ?? new Map<string, Set<string>>();
  const reported = byNode.get(nodeKey) ?? new Set<string>();
  reportedByExecution.set(execution, byNode.set(nodeKey, reported));
  return reported;
}
