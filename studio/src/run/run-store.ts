import type { WeftClient } from '@weft/client';
import { useWeft } from '@weft/client/react';
import { useMemo, useSyncExternalStore } from 'react';
import { type ChunkPlace, remakeChunk } from './model/log-lines.ts';
import type { RunModel } from './model/records.ts';
import { requestLine } from './model/request-line.ts';
import { applyEvents, makeRunModel, packagesLine } from './model/run-model.ts';

/** A run as it stands now. A new object whenever there is more; the model in it is the same one, changed in place. */
export interface RunSnapshot {
  run: RunModel;
  /** Whether the past is read, and what comes from now on is happening. */
  isCaughtUp: boolean;
  /** Why it cannot be followed: there is no such run, or the token is wrong. */
  problem: Error | null;
}

export interface RunStore {
  subscribe(listener: () => void): () => void;
  get(): RunSnapshot;
  /** Reads lines again that were let go; listeners are called when they are there. */
  readAgain(place: ChunkPlace): void;
}

/** The run's store. All components, and all of a run's parts, share one stream, which ends with the run. */
export function useRunStore(executionId: string): RunStore {
  const client = useWeft();
  return useMemo(() => storeOf(client, executionId), [client, executionId]);
}

export function useRun(store: RunStore): RunSnapshot {
  return useSyncExternalStore(store.subscribe, store.get);
}

const stores = new WeakMap<WeftClient, Map<string, RunStore>>();

function storeOf(client: WeftClient, executionId: string): RunStore {
  const ofClient = stores.get(client) ?? new Map<string, RunStore>();
  stores.set(client, ofClient);
  const store =
    ofClient.get(executionId) ?? makeRunStore(client, executionId, () => ofClient.delete(executionId));
  ofClient.set(executionId, store);
  return store;
}

/** While the past is read it is shown a few times a second: reading goes before showing. */
const catchUpMs = 120;
/** In a window that is not seen there are no frames. */
const hiddenMs = 500;

function makeRunStore(client: WeftClient, executionId: string, onIdle: () => void): RunStore {
  const followed = client.executions.run(executionId);
  const listeners = new Set<() => void>();
  const run = makeRunModel();
  let snapshot: RunSnapshot = { run, isCaughtUp: false, problem: null };
  let stream: AbortController | undefined;
  let isScheduled = false;
  const reading = new Set<number>();

  return {
    subscribe(listener) {
      listeners.add(listener);
      open();
      return () => {
        listeners.delete(listener);
        setTimeout(() => {
          if (listeners.size === 0) close(); // StrictMode, and a change of components, leave and come back at once.
        });
      };
    },
    get: () => snapshot,
    readAgain(place) {
      if (reading.has(place.chunk) || stream === undefined) return;
      reading.add(place.chunk);
      void readChunk(place, stream.signal).finally(() => reading.delete(place.chunk));
    },
  };

  function open(): void {
    if (stream !== undefined) return;
    stream = new AbortController();
    if (run.end === null) void follow(stream.signal);
  }

  function close(): void {
    stream?.abort();
    stream = undefined;
    onIdle();
  }

  /** Never rejects. */
  async function follow(signal: AbortSignal): Promise<void> {
    try {
      for await (const { events, caughtUp } of followed.activity({
        after: run.cursor ?? undefined,
        signal,
      })) {
        if (signal.aborted) return;
        applyEvents(run, events);
        schedule({ isCaughtUp: snapshot.isCaughtUp || caughtUp });
      }
      schedule({ isCaughtUp: true });
    } catch (problem) {
      if (!signal.aborted) schedule({ problem: problem as Error, isCaughtUp: true });
    }
  }

  /** Shows what has come with the next frame. */
  function schedule(change: Partial<RunSnapshot> = {}): void {
    const next = { ...snapshot, ...change };
    const isFirst = snapshot.run.sequence === 0 || next.isCaughtUp !== snapshot.isCaughtUp;
    snapshot = next;
    if (isScheduled) return;
    isScheduled = true;
    if (!next.isCaughtUp && !isFirst) setTimeout(flush, catchUpMs);
    else if (document.visibilityState === 'hidden') setTimeout(flush, hiddenMs);
    else requestAnimationFrame(flush);
  }

  function flush(): void {
    isScheduled = false;
    snapshot = { ...snapshot };
    for (const listener of [...listeners]) listener();
  }

  /** Never rejects. */
  async function readChunk(place: ChunkPlace, signal: AbortSignal): Promise<void> {
    const chunk = remakeChunk(place);
    try {
      const types = [
        'NodeOutput',
        'NodeEnvironment',
        'NetworkRequest',
        'ExecutionSucceeded',
        'ExecutionFailed',
        'ExecutionCanceled',
      ] as const;
      const events = followed.activity({ after: place.cursor ?? undefined, types, signal });
      for await (const batch of events) {
        for (const event of batch.events) {
          if (event.type === 'NodeEnvironment') {
            const record = run.environments.find(({ sequence }) => sequence === event.sequence);
            if (record?.line != null)
              chunk.append({ ...packagesLine(record), sequence: event.sequence, cursorBefore: null });
          }
          if (event.nodeKey === null || (event.type !== 'NodeOutput' && event.type !== 'NetworkRequest'))
            continue;
          const { sequence, nodeKey, item } = event;
          const [name, text] =
            event.type === 'NodeOutput'
              ? ([event.stream, event.text] as const)
              : (['REQUESTS', requestLine(event)] as const);
          chunk.append({
            sequence,
            cursorBefore: null,
            nodeKey,
            item,
            attempt: event.attempt ?? 1,
            stream: name,
            text,
          });
        }
        if (chunk.isWhole || batch.caughtUp) break;
      }
      run.logs.restore(place.chunk, chunk.lines());
      schedule();
    } catch {
      // The lines stay away; whoever scrolls there again asks again.
    }
  }
}
