import { createClient, type Hooks, WeftAuthenticationError, type WeftClient } from '@weft/client';
import { makeStore, type Store } from './store.ts';

/** Who uses the console. With another token comes another client, with which all is read anew. */
export interface Session {
  client: WeftClient;
  /** Whether there is a token to sign out of. */
  hasToken: boolean;
  /** Why the server wants a (different) token; null while it is content. */
  signInReason: 'missing' | 'refused' | null;
}

export interface SessionControl {
  readonly state: Store<Session>;
  /** Keeps the token for this tab, once the server has accepted it. @throws WeftAuthenticationError when it does not */
  signIn(token: string): Promise<void>;
  signOut(): void;
}

/** @param url of the server; the page's own unless it is developed apart */
export function openSession(url: string, hooks: Hooks): SessionControl {
  const state = makeStore<Session>(sessionWith(readToken()));
  return {
    state,
    async signIn(token) {
      await createClient({ url, token, maxRetries: 1 }).viewer();
      keepToken(token);
      state.set(sessionWith(token));
    },
    signOut() {
      keepToken(undefined);
      location.reload(); // Nothing of what was read stays in memory.
    },
  };

  function sessionWith(token: string | undefined): Session {
    const onResponse: Hooks['onResponse'] = (response) => {
      hooks.onResponse?.(response);
      if (response.error instanceof WeftAuthenticationError) requireSignIn();
    };
    const timeouts = { reconnectMs: Number.POSITIVE_INFINITY };
    const client = createClient({ url, token, timeouts, hooks: { ...hooks, onResponse } });
    return { client, hasToken: token !== undefined, signInReason: null };

    function requireSignIn(): void {
      const current = state.get();
      if (current.client !== client || current.signInReason !== null) return;
      state.set({ ...current, signInReason: token === undefined ? 'missing' : 'refused' });
    }
  }
}

/** Storage of the tab: it outlives a reload, and no other tab, no cookie and no URL ever has it. */
const storageKey = 'weft.token';

function readToken(): string | undefined {
  try {
    return sessionStorage.getItem(storageKey) ?? undefined;
  } catch {
    return undefined; // storage is blocked: the token lives as long as the page
  }
}

function keepToken(token: string | undefined): void {
  try {
    if (token === undefined) sessionStorage.removeItem(storageKey);
    else sessionStorage.setItem(storageKey, token);
  } catch {
    // As above.
  }
}
