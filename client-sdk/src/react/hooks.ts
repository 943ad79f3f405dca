'use client';

import { useMemo, useSyncExternalStore } from 'react';
import type { ExecutionEvent } from '../event.ts';
import { emptyNode, type NodeState } from '../execution-state.ts';
import { useWeft } from './provider.ts';
import { type ExecutionStore, type ExecutionView, idleStore, storeOf } from './store.ts';

/** An execution's id, or nothing yet: then the hooks give what there is before the first event. */
type MaybeId = string | null | undefined;

/**
 * An execution as it stands now, rendered again as it goes on. All hooks of one execution share one stream, which is
 * closed when the last component that uses it is unmounted.
 */
export function useExecution<Output = unknown>(id: MaybeId): ExecutionView<Output> {
  const store = useStore(id);
  return useSyncExternalStore(store.subscribe, store.view, store.view) as ExecutionView<Output>;
}

/** All that has happened in an execution so far. The list is a new one whenever there is more. */
export function useExecutionEvents(id: MaybeId): readonly ExecutionEvent[] {
  const store = useStore(id);
  return useSyncExternalStore(store.subscribe, store.events, store.events);
}

/** One node as it stands now: what it has printed, how far it is, what it gave. Other nodes cause no rendering. */
export function useNodeOutput<Output = unknown>(id: MaybeId, nodeKey: string): NodeState<Output> {
  const store = useStore(id);
  const node = () => store.view().nodes[nodeKey] ?? emptyNode;
  return useSyncExternalStore(store.subscribe, node, node) as NodeState<Output>;
}

function useStore(id: MaybeId): ExecutionStore {
  const client = useWeft();
  return useMemo(() => (id == null ? idleStore : storeOf(client, id)), [client, id]);
}
