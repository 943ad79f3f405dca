'use client';

import { useMemo, useSyncExternalStore } from 'react';
import type { ApprovalFilter } from '../_generated_operations.ts';
import type { Approval } from '../approvals.ts';
import type { WeftClient } from '../client.ts';
import { type LiveList, type LiveSource, liveListOf } from './live-list.ts';
import { useWeft } from './provider.ts';

export interface ApprovalsView extends Omit<LiveList<Approval>, 'items'> {
  /** Newest first. */
  readonly approvals: readonly Approval[];
}

/**
 * The newest 100 approvals that fit the filter, live; decide by `useWeft().approvals.resolve`. All components with the
 * same filter share one stream, which closes when the last of them is unmounted.
 */
export function useApprovals(filter: ApprovalFilter = {}): ApprovalsView {
  const client = useWeft();
  const key = JSON.stringify(['approvals', filter.statuses, filter.workflowId, filter.executionId]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key is the filter
  const store = useMemo(() => liveListOf(client, key, sourceOf(client, filter)), [client, key]);
  const view = useSyncExternalStore(store.subscribe, store.view, store.view);
  return useMemo(() => toApprovals(view), [view]);
}

function sourceOf({ approvals }: WeftClient, filter: ApprovalFilter): LiveSource<Approval> {
  const { workflowId, executionId, statuses } = filter;
  const of = { ...(workflowId && { workflowId }), ...(executionId && { executionId }) };
  return {
    list: (options) => approvals.list({ ...options, filter }),
    updates: (options) => approvals.updates({ ...options, ...of }),
    fits: ({ status }) => statuses?.includes(status) ?? true,
  };
}

function toApprovals({ items, ...view }: LiveList<Approval>): ApprovalsView {
  return { ...view, approvals: items };
}
