import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Approval, ApprovalDecisionInput, ApprovalStatus } from '@weft/client';
import { useApprovals, useWeft } from '@weft/client/react';
import { useEffect } from 'react';
import { asInputError } from './approval-errors.ts';
import { keys } from './keys.ts';
import { pagesOf } from './pages.ts';

/** What waits for people now, newest first, live. */
export function useOpenApprovals() {
  return useApprovals({ statuses: ['OPEN'] });
}

const closed: ApprovalStatus[] = ['APPROVED', 'REJECTED', 'TIMED_OUT', 'CANCELED'];

/** What was decided, or nobody waits for any more, newest first, page by page; read again when an open one is closed. */
export function useClosedApprovals(open: readonly Approval[]) {
  const client = useWeft();
  const queries = useQueryClient();
  const openIds = open.map(({ id }) => id).join(' ');
  // biome-ignore lint/correctness/useExhaustiveDependencies: the ids say whether one was closed
  useEffect(() => {
    void queries.invalidateQueries({ queryKey: keys.closedApprovals });
  }, [queries, openIds]);
  return useInfiniteQuery({
    queryKey: keys.closedApprovals,
    ...pagesOf((place) => client.approvals.list({ filter: { statuses: closed }, pageSize: 30, ...place })),
  });
}

/** How one stands that was open a moment ago. */
export function useApproval(id: string) {
  const client = useWeft();
  return useQuery({
    queryKey: keys.approval(id),
    queryFn: ({ signal }) => client.approvals.get(id, { signal }),
    staleTime: 0,
  });
}

/** Decides. Of an error, what concerns a field of the form is named as that of an input. */
export function useResolveApproval(id: string) {
  const client = useWeft();
  return useMutation({
    mutationFn: (decision: ApprovalDecisionInput) =>
      client.approvals.resolve(id, decision).catch((error) => {
        throw asInputError(error);
      }),
  });
}
