import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** By then a server has done what comes with its start; most servers of tests have ended. */
const AFTER_MS = 30_000;

/**
 * Collects what starting has left, once. V8 collects when it needs the room, which on a server that idles is never: 20 of
 * its 105 MB (`npm run bench -- idle-memory`). It takes about as long as one of the collections that any load brings. By
 * the flag, because a session of the inspector, which could collect too, holds 8 MB from then on.
 */
export function collectAfterStart(): void {
  setTimeout(() => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    collect();
  }, AFTER_MS).unref();
}
