import { type Hooks, WeftConnectionError } from '@weft/client';
import { makeStore, type Store } from './store.ts';

export type Connection = { kind: 'up' } | { kind: 'down'; since: number };

export interface ConnectionWatch {
  readonly state: Store<Connection>;
  /** For the client: it sees each request and each stream. */
  readonly hooks: Hooks;
  /** Calls back whenever the server is there again: what happened meanwhile has to be read. */
  onRestored(listener: () => void): () => void;
}

/** Whether the server can be reached, as the client's requests and streams find out; nothing is sent for it. */
export function watchConnection(): ConnectionWatch {
  const state = makeStore<Connection>({ kind: 'up' });
  const restored = new Set<() => void>();
  const lostStreams = new Set<string>();

  const down = () => {
    if (state.get().kind === 'up') state.set({ kind: 'down', since: Date.now() });
  };
  const up = (hasMissed: boolean) => {
    const wasDown = state.get().kind === 'down';
    state.set({ kind: 'up' });
    if (wasDown || hasMissed) for (const listener of [...restored]) listener();
  };
  return {
    state,
    hooks: {
      onResponse: ({ error }) => (error instanceof WeftConnectionError ? down() : up(false)),
      onStream(change) {
        if (change.state === 'open') up(lostStreams.delete(change.operation));
        if (change.state !== 'lost') return;
        lostStreams.add(change.operation);
        if (change.error instanceof WeftConnectionError) down();
      },
    },
    onRestored(listener) {
      restored.add(listener);
      return () => void restored.delete(listener);
    },
  };
}
