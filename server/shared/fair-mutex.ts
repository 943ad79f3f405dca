/** Resolves when it is one's turn, which ends when it is disposed of; at once, and with no turn, where the signal aborts. */
export type Acquire = (signal: AbortSignal) => Promise<Disposable>;

export interface FairMutex {
  acquire: Acquire;
  /** To be called when it may have opened. */
  look(): void;
}

/** Lets one through at a time, in the order of asking, and nobody while it is not open. */
export function makeFairMutex(isOpen: () => boolean): FairMutex {
  const waiting = new Set<() => void>();
  let isTaken = false;
  const turn = {
    [Symbol.dispose]() {
      isTaken = false;
      look();
    },
  };

  function look(): void {
    const [begin] = waiting;
    if (begin === undefined || isTaken || !isOpen()) return;
    waiting.delete(begin);
    isTaken = true;
    begin();
  }

  return {
    look,
    async acquire(signal) {
      if (signal.aborted) return noTurn;
      const { promise, resolve } = Promise.withResolvers<Disposable>();
      const begin = () => resolve(turn);
      const leave = () => waiting.delete(begin) && resolve(noTurn);
      waiting.add(begin);
      signal.addEventListener('abort', leave, { once: true });
      look();
      try {
        return await promise;
      } finally {
        signal.removeEventListener('abort', leave);
      }
    },
  };
}

/** For who shares nothing with others. */
export const atOnce: Acquire = async () => noTurn;

const noTurn: Disposable = { [Symbol.dispose]() {} };
