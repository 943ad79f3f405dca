/** @param goOn does what was held back */
export type Ask = (goOn: () => void) => void;

let held: { pathname: string; href: string; state: unknown; ask: Ask } | null = null;

/**
 * Holds back the browser's Back and Forward to another page of this app until `signal` is aborted, without knowing its
 * router.
 *
 * Where the browser has the Navigation API they are refused, as long as it lets a page do that. Else the address has
 * changed already when the page hears of it: in an app that has called `watchHistory` it is put back, as a new entry,
 * before the router hears of it, and whoever goes on goes back from there.
 */
export function guardHistory(signal: AbortSignal, ask: Ask): void {
  const { pathname, href } = location;
  const guard = { pathname, href, state: history.state as unknown, ask };
  held = guard;
  signal.addEventListener('abort', () => {
    if (held === guard) held = null;
  });
  globalThis.navigation?.addEventListener('navigate', (event) => refuse(event, guard), { signal });
}

function refuse(event: NavigateEvent, { pathname, ask }: NonNullable<typeof held>): void {
  const { key, url, sameDocument } = event.destination;
  const isLeaving = sameDocument && new URL(url).pathname !== pathname;
  if (event.navigationType !== 'traverse' || !event.cancelable || !isLeaving) return;
  event.preventDefault();
  ask(() => {
    const { committed, finished } = navigation.traverseTo(key);
    for (const outcome of [committed, finished]) outcome?.catch(() => {}); // what came of it is seen
  });
}

function putBack(event: PopStateEvent): void {
  if (held === null || location.pathname === held.pathname) return;
  event.stopImmediatePropagation();
  history.pushState(held.state, '', held.href);
  held.ask(() => history.back());
}

/**
 * To be called once, before the app's router listens: a window calls its listeners in the order in which they were added,
 * and an address that is put back after the router has followed it would be wrong.
 */
export function watchHistory(): void {
  addEventListener('popstate', putBack);
}
