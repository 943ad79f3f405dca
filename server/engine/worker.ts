import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { Pool } from 'pg';
import type { Hub } from '../journal/hub.ts';
import { coerceError } from '../shared/errors.ts';
import type { StopRequest } from './executor.ts';
import { type ClaimedJob, type ExecutionQueue, HEARTBEAT_INTERVAL_MS } from './queue.ts';
import { type ResumeDeps, resumeExecution, type StoredExecution } from './resume-execution.ts';

export interface WorkerOptions extends Omit<ResumeDeps, 'draining'> {
  hub: Hub;
  queue: ExecutionQueue;
  /** Executions under way at once in this process. */
  concurrency: number;
  /** How long nodes that run may go on when the worker is asked to stop, milliseconds. */
  shutdownGraceMs: number;
}

/** A backstop for wake-ups that were lost. */
const POLL_INTERVAL_MS = 1_000;
const GIVE_BACK_DELAY_MS = 1_000;

export interface Worker extends AsyncDisposable {
  /**
   * Keeps a place free for an execution that is claimed by the statement that starts it; null where there is none, or
   * where older ones may be waiting for it.
   */
  keepPlace(): Place | null;
}

export interface Place extends Disposable {
  /**
   * Takes the execution whose start is on its way. Where it is known it is begun at once: its code reaches nothing but
   * the journal, which waits for the claim.
   */
  begin(executionId: string, claimed: Promise<ClaimedJob>, known: StoredExecution | null): void;
}

interface ActiveRun {
  /** Null until it is claimed. */
  job: ClaimedJob | null;
  stop: AbortController;
  done: Promise<void>;
}

/**
 * Claims executions and drives them, each as its only writer, until it is disposed: then it begins nothing more,
 * lets the nodes that run go on to their end for the time of grace, gives up the rest for another worker to go on
 * with, and waits until that is done.
 */
export function startWorker(options: WorkerOptions): Worker {
  const { hub, queue, logger } = options;
  const active = new Map<string, ActiveRun>();
  const closing = new AbortController();
  let claiming: Promise<void> | null = null;
  let claimAgain = false;
  /** There may be more to claim when a place comes free. */
  let backlog = false;
  let keptPlaces = 0;
  const freePlaces = () => options.concurrency - active.size - keptPlaces;

  /** One claim at a time; a wake-up that comes meanwhile is followed by another claim. */
  function claimSoon(): void {
    if (closing.signal.aborted) return;
    claimAgain = true;
    claiming ??= claimWhileWanted().finally(() => {
      claiming = null;
    });
  }

  async function claimWhileWanted(): Promise<void> {
    while (claimAgain && !closing.signal.aborted) {
      claimAgain = false;
      const free = freePlaces();
      if (free <= 0) {
        backlog = true;
        return;
      }
      try {
        const jobs = await queue.claim(free);
        backlog = jobs.length === free;
        for (const job of jobs) begin(job.executionId, Promise.resolve(job), null);
      } catch (error) {
        logger.warn({ err: error }, 'claiming work failed; it is tried again within a second');
      }
    }
  }

  /** @param claimed rejects where the execution became nobody's, or another's */
  function begin(executionId: string, claimed: Promise<ClaimedJob>, known: StoredExecution | null): void {
    // pg-boss took the job back for want of a heartbeat and gave it to us again: the run under way is fenced off
    // by its successor's first write, and the successor waits for it.
    const former = active.get(executionId);
    former?.stop.abort({ kind: 'release' } satisfies StopRequest);
    const stop = new AbortController();
    const begun: ActiveRun = {
      job: null,
      stop,
      // A turn later, when the statement that claims it is on its way.
      done: Promise.resolve(former?.done ?? nextTurn())
        .then(() => run(executionId, claimed, stop.signal, known))
        .finally(() => {
          if (active.get(executionId) === begun) active.delete(executionId);
          if (backlog) claimSoon();
        }),
    };
    active.set(executionId, begun);
    claimed.then(
      (job) => {
        begun.job = job;
      },
      () => {}, // told to whoever started it
    );
    if (closing.signal.aborted) stop.abort({ kind: 'release' } satisfies StopRequest);
  }

  async function run(
    executionId: string,
    claimed: Promise<ClaimedJob>,
    signal: AbortSignal,
    known: StoredExecution | null,
  ): Promise<void> {
    const deps = { ...options, draining: closing.signal };
    const end = await resumeExecution(deps, executionId, signal, known, claimed).catch(coerceError);
    const job = await claimed.catch(() => null);
    if (job === null) return;
    try {
      if (end instanceof Error) throw end;
      await nextTurn(); // who follows the run hears of its end first
      if (end === 'ended') await queue.complete(job.jobId);
      else await giveBack(job);
    } catch (error) {
      logger.warn({ err: coerceError(error), executionId }, 'an execution is given back');
      // What goes wrong at once would otherwise be claimed again at once, for ever.
      await delay(GIVE_BACK_DELAY_MS, undefined, { signal: closing.signal }).catch(() => {});
      await giveBack(job).catch(() => {});
    }
  }

  async function giveBack(job: ClaimedJob): Promise<void> {
    await queue.release(job.jobId);
    hub.wake('queue', '');
  }

  const cancel = (executionIds: readonly string[]) =>
    cancelRequested(options.pool, executionIds)
      .then((requests) => {
        for (const { id, mode } of requests) {
          active.get(id)?.stop.abort({ kind: 'cancel', force: mode === 'FORCE' } satisfies StopRequest);
        }
      })
      .catch((error) =>
        logger.warn({ err: error }, 'looking for cancellations failed; it is tried again within a second'),
      );

  const releases = [
    hub.listen('queue', undefined, claimSoon),
    hub.listen('cancel', undefined, (id) => {
      if (id === undefined) void cancel([...active.keys()]);
      else if (active.has(id)) void cancel([id]);
    }),
  ];
  const poll = setInterval(() => {
    claimSoon();
    void cancel([...active.keys()]);
  }, POLL_INTERVAL_MS);
  const heartbeat = setInterval(() => {
    queue
      .heartbeat([...active.values()].flatMap(({ job }) => job?.jobId ?? []))
      .catch((error) => logger.warn({ err: error }, 'a heartbeat was not taken'));
  }, HEARTBEAT_INTERVAL_MS);
  claimSoon();

  return {
    keepPlace() {
      if (closing.signal.aborted || claiming !== null || backlog || freePlaces() <= 0) return null;
      keptPlaces += 1;
      return {
        begin,
        [Symbol.dispose]() {
          keptPlaces -= 1;
          if (backlog) claimSoon();
        },
      };
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await claiming;
      const done = Promise.allSettled([...active.values()].map((run) => run.done));
      const releaseAll = () => {
        for (const { stop } of active.values()) stop.abort({ kind: 'release' } satisfies StopRequest);
      };
      const grace = setTimeout(releaseAll, options.shutdownGraceMs);
      if (options.shutdownGraceMs === 0) releaseAll();
      await done;
      clearTimeout(grace);
      for (const release of releases) release();
      clearInterval(poll);
      clearInterval(heartbeat);
    },
  };
}

async function cancelRequested(
  pool: Pool,
  executionIds: readonly string[],
): Promise<{ id: string; mode: string }[]> {
  if (executionIds.length === 0) return [];
  const { rows } = await pool.query<{ id: string; mode: string }>({
    name: 'weft-cancel-requested',
    text: 'SELECT id, cancel_requested AS mode FROM executions WHERE id = ANY ($1) AND cancel_requested IS NOT NULL',
    values: [executionIds],
  });
  return rows;
}
