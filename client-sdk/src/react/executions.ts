'use client';

import { useCallback, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import type { ExecutionStatus } from '../_generated_operations.ts';
import type { WeftClient } from '../client.ts';
import type { WeftError } from '../errors.ts';
import type { ExecutionSummary, StartInput } from '../executions.ts';
import { type LiveList, type LiveSource, liveListOf } from './live-list.ts';
import { useWeft } from './provider.ts';

export interface ExecutionsView extends Omit<LiveList<ExecutionSummary>, 'items'> {
  /** Newest first, without input and output. */
  readonly executions: readonly ExecutionSummary[];
}

/** Which executions a list has; by default all. */
export interface ExecutionsFilter {
  workflowId?: string;
  statuses?: readonly ExecutionStatus[];
}

/**
 * The newest 100 executions that fit the filter, live. All components with the same filter share one stream, which
 * closes when the last of them is unmounted.
 */
export function useExecutions(filter: ExecutionsFilter = {}): ExecutionsView {
  const client = useWeft();
  const key = JSON.stringify(['executions', filter.statuses, filter.workflowId]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key is the filter
  const store = useMemo(() => liveListOf(client, key, sourceOf(client, filter)), [client, key]);
  const view = useSyncExternalStore(store.subscribe, store.view, store.view);
  return useMemo(() => toExecutions(view), [view]);
}

function sourceOf(
  { executions }: WeftClient,
  { workflowId, statuses }: ExecutionsFilter,
): LiveSource<ExecutionSummary> {
  const of = workflowId === undefined ? {} : { workflowId };
  const filter = statuses === undefined ? of : { ...of, statuses: [...statuses] };
  return {
    list: (options) => executions.summaries({ ...options, filter }),
    // Of all statuses: one that changes to another status leaves the list.
    updates: (options) => executions.summaryUpdates({ ...options, ...of }),
    fits: ({ status }) => statuses?.includes(status) ?? true,
  };
}

function toExecutions({ items, ...view }: LiveList<ExecutionSummary>): ExecutionsView {
  return { ...view, executions: items };
}

export interface StartView {
  /** Starts the workflow; rejects with what `problem` says too. Resolves to the id of the execution. */
  start(input?: unknown, options?: Omit<StartInput, 'workflowId' | 'workflowKey' | 'input'>): Promise<string>;
  /** Of the execution that was started last, for `useExecution`; null before. */
  readonly id: string | null;
  readonly isStarting: boolean;
  /** Why the last start failed: what is wrong with the input, or why the server did not answer. */
  readonly problem: WeftError | null;
}

/** Starts a workflow, named by its key or its id, from a button or a form. */
export function useStart(
  workflow: { workflowKey: string; workflowId?: never } | { workflowId: string; workflowKey?: never },
): StartView {
  const client = useWeft();
  const [view, setView] = useState<Omit<StartView, 'start'>>(idle);
  const latest = useRef(0);
  const { workflowKey, workflowId } = workflow;
  const start = useCallback<StartView['start']>(
    async (input, options) => {
      latest.current += 1;
      const own = latest.current;
      const show = (next: Omit<StartView, 'start'>) => own === latest.current && setView(next);
      show({ ...idle, isStarting: true });
      const named = workflowKey === undefined ? { workflowId: workflowId! } : { workflowKey };
      try {
        const { id } = await client.executions.start({ ...options, input, ...named });
        show({ ...idle, id });
        return id;
      } catch (problem) {
        show({ ...idle, problem: problem as WeftError });
        throw problem;
      }
    },
    [client, workflowKey, workflowId],
  );
  return { ...view, start };
}

const idle = { id: null, isStarting: false, problem: null };
