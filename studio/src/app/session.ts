import { createClient, type Hooks, WeftAuthenticationError, type WeftClient, WeftError } from '@weft/client';
import { homePath } from './routes.ts';
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
  const state = makeStore<Session>(sessionWith(read(tokenKey)));
  return {
    state,
    async signIn(token) {
      await createClient({ url, token, maxRetries: 1 }).viewer();
      keep(tokenKey, token);
      keep(projectKey, undefined);
      state.set(sessionWith(token));
    },
    signOut() {
      keep(tokenKey, undefined);
      keep(projectKey, undefined);
      location.reload(); // Nothing of what was read stays in memory.
    },
  };

  function sessionWith(token: string | undefined): Session {
    const project = read(projectKey);
    const onResponse: Hooks['onResponse'] = (response) => {
      hooks.onResponse?.(response);
      // The project was deleted meanwhile.
      const { error } = response;
      if (project !== undefined && error instanceof WeftError && error.code === 'UNKNOWN_PROJECT')
        chooseProject(undefined);
      if (response.error instanceof WeftAuthenticationError) requireSignIn();
    };
    const timeouts = { reconnectMs: Number.POSITIVE_INFINITY };
    const client = createClient({ url, token, project, timeouts, hooks: { ...hooks, onResponse } });
    return { client, hasToken: token !== undefined, signInReason: null };

    function requireSignIn(): void {
      const current = state.get();
      if (current.client !== client || current.signInReason !== null) return;
      state.set({ ...current, signInReason: token === undefined ? 'missing' : 'refused' });
    }
  }
}

/** Another project is another console: nothing of what was read stays in memory. */
export function chooseProject(project: string | undefined): void {
  keep(projectKey, project);
  location.assign(homePath);
}

/** Storage of the tab: it outlives a reload, and no other tab, no cookie and no URL ever has it. */
const tokenKey = 'weft.token';
const projectKey = 'weft.project';

function read(key: string): string | undefined {
  try {
    return sessionStorage.getItem(key) ?? undefined;
  } catch {
    return undefined; // storage is blocked: the token lives as long as the page
  }
}

function keep(key: string, value: string | undefined): void {
  try {
    if (value === undefined) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, value);
  } catch {
    // As above.
  }
}
