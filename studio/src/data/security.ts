import {
  keepPreviousData,
  type QueryClient,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import type { AuditedViolation, SecurityViolationFilter, WeftClient } from '@weft/client';
import { useWeft } from '@weft/client/react';
import { useEffect } from 'react';
import { keys } from './keys.ts';
import { mapPages, type Pages, pagesOf } from './pages.ts';
import { readAgain } from './read-again.ts';

/** The audit trail, newest first, page by page; what is refused while the component is there comes in at the top. */
export function useViolations(filter: SecurityViolationFilter) {
  const client = useWeft();
  const queries = useQueryClient();
  useEffect(() => {
    const leaving = new AbortController();
    void follow(client, queries, leaving.signal);
    return () => leaving.abort();
  }, [client, queries]);
  return useInfiniteQuery({
    queryKey: keys.violations(filter),
    placeholderData: keepPreviousData,
    ...pagesOf((place) => client.securityViolations.list({ filter, pageSize: 50, ...place })),
  });
}

/** The latest alerts that repeated violations have raised. */
export function useAlerts() {
  const client = useWeft();
  return useQuery({
    queryKey: keys.alerts,
    queryFn: async ({ signal }) =>
      (await client.securityViolations.alerts({ pageSize: 5, signal }).page()).items,
  });
}

/** Never rejects. */
async function follow(client: WeftClient, queries: QueryClient, signal: AbortSignal): Promise<void> {
  let timers: ReturnType<typeof setTimeout>[] = [];
  const stopTimers = () => {
    for (const timer of timers) clearTimeout(timer);
  };
  signal.addEventListener('abort', stopTimers, { once: true });
  try {
    const onOpen = () => void readAgain(queries, keys.violations(), keys.alerts);
    for await (const violation of client.securityViolations.added({ signal, onOpen })) {
      addViolation(queries, violation);
      // Whether a violation was one too many is decided just after it: the alerts are read once it is quiet, and once
      // more where a server with much to do takes longer.
      stopTimers();
      timers = quietMs.map((ms) =>
        setTimeout(() => void queries.invalidateQueries({ queryKey: keys.alerts }), ms),
      );
    }
  } catch (error) {
    if (!signal.aborted) console.warn('Violations are not live any more:', error);
  }
}

const quietMs = [1_000, 10_000];

/** Writes a violation into the lists in the store that it belongs to. */
function addViolation(queries: QueryClient, violation: AuditedViolation): void {
  const lists = queries.getQueriesData<Pages<AuditedViolation>>({ queryKey: keys.violations() });
  for (const [queryKey, data] of lists) {
    if (data === undefined || !fits(violation, queryKey[1] as SecurityViolationFilter)) continue;
    const next = mapPages(data, (items, pageIndex) =>
      pageIndex > 0 || items.some(({ cursor }) => cursor === violation.cursor)
        ? items
        : [violation, ...items],
    );
    queries.setQueryData(queryKey, next);
  }
}

function fits(
  { violation, severity, occurredAt, execution }: AuditedViolation,
  filter: SecurityViolationFilter,
): boolean {
  const { workflowId, executionId, rule, layer, minSeverity, occurredFrom, occurredBefore } = filter;
  const at = Date.parse(occurredAt);
  return (
    (workflowId == null || execution?.workflow?.id === workflowId) &&
    (executionId == null || execution?.id === executionId) &&
    (rule == null || violation.rule === rule) &&
    (layer == null || violation.layer === layer) &&
    (filter.severity == null || severity === filter.severity) &&
    (minSeverity == null || severities.indexOf(severity) >= severities.indexOf(minSeverity)) &&
    (occurredFrom == null || at >= Date.parse(occurredFrom)) &&
    (occurredBefore == null || at < Date.parse(occurredBefore))
  );
}

const severities = ['LOW', 'MEDIUM', 'HIGH'];
