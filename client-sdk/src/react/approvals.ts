'use client';

import { useMemo, useSyncExternalStore } from 'react';
import type { ApprovalFilter } from '../_generated_operations.ts';
import { type ApprovalsView, approvalsStoreOf } from './approvals-store.ts';
import { useWeft } from './provider.ts';

/**
 * The newest 100 approvals that fit the filter, live; decide by `useWeft().approvals.resolve`. All components with the
 * same filter share one stream, which closes when the last of them is unmounted.
 */
export function useApprovals(filter: ApprovalFilter = {}): ApprovalsView {
  const client = useWeft();
  const key = JSON.stringify([filter.statuses, filter.workflowId, filter.executionId]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key is the filter
  const store = useMemo(() => approvalsStoreOf(client, key, filter), [client, key]);
  return useSyncExternalStore(store.subscribe, store.view, store.view);
}
