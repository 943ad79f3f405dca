'use client';

import { useMemo, useSyncExternalStore } from 'react';
import type { ExecutionEvent } from '../event.ts';
import { emptyNode, type NodeState } from '../execution-state.ts';
import { useWeft } from './provider.ts';
import { type ExecutionStore, type ExecutionView, idleStore, storeOf } from './store.ts';

/** An execution's id. Without one, the hooks return the state before the first event. */
type MaybeId = string | null | undefined;

/**
 * The current state of an execution; the component renders again when the state changes. All hooks of one execution
 * share one stream, which closes when the last component that uses it is unmounted.
 */
export function useExecution<Output = unknown>(id: MaybeId): ExecutionView<Output> {
  const store = useStore(id);
  return useSyncExternalStore(store.subscribe, store.view, store.view) as ExecutionView<Output>;
}

/** All events of an execution so far. The array is a new one whenever events arrive. */
export function useExecutionEvents(id: MaybeId): readonly ExecutionEvent[] {
  const store = useStore(id);
  return useSyncExternalStore(store.subscribe, store.events, store.events);
}

/** The current state of one node: its text, progress and output. Events of other nodes cause no render. */
export function useNodeOutput<Output = unknown>(id: MaybeId, nodeKey: string): NodeState<Output> {
  const store = useStore(id);
  const node = () => store.view().nodes[nodeKey] ?? emptyNode;
  return useSyncExternalStore(store.subscribe, node, node) as NodeState<Output>;
}

function useStore(id: MaybeId): ExecutionStore {
  const client = useWeft();
  return useMemo(() => (id == null ? idleStore : storeOf(client, id)), [client, id]);
}
