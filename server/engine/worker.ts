import { setImmediate as nextTurn } from 'node:timers/promises';
import { isConnectionError } from '../db/errors.ts';
import type { Hub } from '../journal/hub.ts';
import { setRepeatingTimer, sleep } from '../shared/clock.ts';
import { coerceError } from '../shared/errors.ts';
import type { ClaimedJob } from './claims.ts';
import type { StoredExecution } from './execution-store.ts';
import type { RunEnd } from './executor.ts';
import type { Limits } from './limits.ts';
import { type ExecutionQueue, HEARTBEAT_INTERVAL_MS } from './queue.ts';
import { type ResumeDeps, type ResumeOptions, resumeExecution } from './resume-execution.ts';
import type { StopRequest } from './stop.ts';

export interface WorkerOptions extends Omit<ResumeDeps, 'draining'> {
  hub: Hub;
  queue: ExecutionQueue;
  limits: Pick<Limits, 'advanceDue' | 'release'>;
  /** Executions that run at once in this process. */
  concurrency: number;
  /** How long running nodes may go on when the worker stops, milliseconds. */
  shutdownGraceMs: number;
  /** Whether code may start before its `NodeStarted` is committed (run-ahead.ts). */
  runAhead: boolean;
}

/** In case a wake-up was lost. */
const POLL_INTERVAL_MS = 1_000;
/**
 * Where executions wait for slots, a claim waits so long for half of the slots: a claim, and the reading of what it
 * gives, cost about the same for one execution as for ten.
 */
const GATHER_MS = 5;
/** An execution that fails at once would otherwise be claimed again at once, for ever. */
const RELEASE_DELAY_MS = 1_000;

export interface Worker extends AsyncDisposable {
  /**
   * Reserves a slot for an execution that is inserted and claimed by one statement; null where no slot is free, or where
   * older executions may be waiting for one. Waits for a claim that is under way: it leaves slots free, or a backlog.
   */
  reserveSlot(): Promise<Reservation | null>;
}

export interface Reservation extends Disposable {
  /** Runs the new execution in the slot once `inserted` resolves, or ahead of that where `preloaded` is there. */
  start(job: ClaimedJob, inserted: Promise<unknown>, preloaded: StoredExecution | null): void;
}

interface ActiveRun {
  job: ClaimedJob;
  stop: AbortController;
  done: Promise<void>;
  /** Tells it that it has this many signals. */
  onSignals: (count: number) => void;
}

/**
 * Claims executions and runs each as its only writer, until it is disposed. Then it starts nothing more, lets running
 * nodes go on for the time of grace, releases what has not ended by then, and waits for all of that.
 *
 *   wake-up or poll → claim → run → complete
 *   reserveSlot → start ↗         ↘ release: another worker goes on; park: nobody does until its wait ends
 */
export function startWorker(options: WorkerOptions): Worker {
  const { hub, queue, limits, store, clock, logger } = options;
  /** Of each execution that takes a slot. */
  const active = new Map<string, ActiveRun>();
  /** Those too that have ended and are about to be completed. */
  const runs = new Set<ActiveRun>();
  const closing = new AbortController();
  let claiming: Promise<void> | null = null;
  let claimAgain = false;
  let polling: Promise<void> | null = null;
  /** Whether there may be more to claim when a slot comes free. */
  let backlog = false;
  /** Slots for starts whose execution is not in `active` yet. */
  const reserved = new Set<Reservation>();
  let cancelGather: (() => void) | undefined;
  const freeSlots = () => options.concurrency - active.size - reserved.size;

  /** One claim at a time; a wake-up during a claim is followed by another claim. */
  function claimSoon(): void {
    cancelGather?.();
    cancelGather = undefined;
    if (closing.signal.aborted) return;
    claimAgain = true;
    // A turn later, so that the slots that one commit frees are claimed together.
    claiming ??= nextTurn()
      .then(claimWhileWanted)
      .finally(() => {
        claiming = null;
      });
  }

  async function claimWhileWanted(): Promise<void> {
    while (claimAgain && !closing.signal.aborted) {
      claimAgain = false;
      const free = freeSlots();
      if (free <= 0) {
        backlog = true;
        return;
      }
      try {
        const jobs = await queue.claim(free);
        backlog = jobs.length === free;
        for (const job of jobs) start(job, (run) => runClaimed(run, null));
      } catch (error) {
        logger.warn({ err: error }, 'claiming executions failed; the worker tries again within a second');
      }
    }
  }

  function start(job: ClaimedJob, run: (activeRun: ActiveRun) => Promise<void>): void {
    const { executionId } = job;
    // pg-boss saw no heartbeat and gave this worker the job again. The former run is stopped, and the new one waits for
    // its end before it reads the journal.
    const former = active.get(executionId);
    former?.stop.abort({ kind: 'release' } satisfies StopRequest);
    const stop = new AbortController();
    const activeRun: ActiveRun = { job, stop, done: runAfter(former?.done), onSignals: () => {} };
    active.set(executionId, activeRun);
    runs.add(activeRun);
    if (closing.signal.aborted) stop.abort({ kind: 'release' } satisfies StopRequest);

    async function runAfter(formerDone: Promise<void> | undefined): Promise<void> {
      // Without a former run, one turn later: the statement that inserts the execution is sent first.
      await (formerDone ?? nextTurn());
      await run(activeRun);
      freeSlotOf(activeRun);
      runs.delete(activeRun);
    }
  }

  /** May be called again. */
  function freeSlotOf(run: ActiveRun): void {
    if (active.get(run.job.executionId) === run) active.delete(run.job.executionId);
    if (!backlog) return;
    if (freeSlots() * 2 >= options.concurrency) claimSoon();
    else cancelGather ??= clock.setTimer(GATHER_MS, claimSoon);
  }

  /** Never rejects. */
  async function runClaimed(run: ActiveRun, preloaded: StoredExecution | null): Promise<void> {
    await settle(run, await resume(run, { preloaded, inserted: null }).catch(coerceError));
  }

  /** Never rejects. Where the insert fails, whoever started the execution gets the error; here is nothing to run. */
  async function runNew(
    run: ActiveRun,
    inserted: Promise<boolean>,
    preloaded: StoredExecution | null,
  ): Promise<void> {
    if (preloaded === null || !options.runAhead) {
      if (await inserted) await runClaimed(run, preloaded);
      return;
    }
    const end = await resume(run, { preloaded, inserted }).catch(coerceError);
    if (await inserted) await settle(run, end);
  }

  function resume(run: ActiveRun, how: Pick<ResumeOptions, 'preloaded' | 'inserted'>): Promise<RunEnd> {
    const { job, stop } = run;
    return resumeExecution(
      { ...options, draining: closing.signal },
      {
        ...how,
        executionId: job.executionId,
        runAhead: options.runAhead,
        countLoss: job.wasLost ? (sequence) => queue.countLoss(job, sequence) : null,
        notBefore: job.notBefore,
        async park(wakeAt, knownSignals) {
          const isParked = await queue.park(job, wakeAt, knownSignals);
          if (!isParked) await heed([job.executionId]); // before the execution goes on: it has to see why
          return isParked;
        },
        onInbox(ring) {
          let known = 0;
          run.onSignals = (count) => {
            if (count > known) ring();
            known = count;
          };
        },
        signal: stop.signal,
      },
    );
  }

  async function settle(run: ActiveRun, end: RunEnd | Error): Promise<void> {
    const { job } = run;
    try {
      if (end instanceof Error) throw end;
      if (end === 'parked') return;
      if (end === 'ended') freeSlotOf(run);
      await nextTurn(); // subscribers get the terminal event first
      if (end === 'ended') await queue.complete(job);
      else await release(job, false);
    } catch (thrown) {
      const error = coerceError(thrown);
      logger.warn({ err: error, executionId: job.executionId }, 'an execution is released to be tried again');
      await sleep(clock, RELEASE_DELAY_MS, closing.signal);
      await release(job, !isConnectionError(error)).catch((failure) =>
        logger.warn({ err: failure }, 'releasing failed; the job is claimable when its heartbeat is overdue'),
      );
    }
  }

  async function release(job: ClaimedJob, asLost: boolean): Promise<void> {
    await queue.release(job, asLost);
    hub.wake('queue', '');
  }

  async function heed(executionIds: readonly string[]): Promise<void> {
    try {
      for (const { executionId, cancelRequested, replacedBy, signals } of await store.requests(
        executionIds,
      )) {
        const run = active.get(executionId);
        run?.onSignals(signals);
        if (cancelRequested === null) continue;
        const force = cancelRequested === 'FORCE';
        run?.stop.abort({ kind: 'cancel', force, replacedBy } satisfies StopRequest);
      }
    } catch (error) {
      logger.warn({ err: error }, 'reading requests failed; the worker tries again within a second');
    }
  }

  async function wakeDue(): Promise<void> {
    try {
      if ((await queue.wakeDue()) === 0) return;
      claimSoon();
      hub.wake('queue', '');
    } catch (error) {
      logger.warn({ err: error }, 'waking what is due failed; the worker tries again within a second');
    }
  }

  /** One after the other: an idle server needs one connection for it. Never rejects. */
  async function poll(): Promise<void> {
    await heed([...active.keys()]);
    await wakeDue();
    await limits
      .advanceDue()
      .catch((error) => logger.warn({ err: error }, 'limits are looked at again within a second'));
    claimSoon();
  }

  async function heartbeat(): Promise<void> {
    try {
      await queue.heartbeat([...active.values()].map(({ job }) => job));
    } catch (error) {
      logger.warn({ err: error }, 'a heartbeat failed');
    }
  }

  const releases = [
    hub.listen('queue', undefined, claimSoon),
    hub.listen('request', undefined, (id) => {
      if (id === undefined) void heed([...active.keys()]);
      else if (active.has(id)) void heed([id]);
    }),
    setRepeatingTimer(clock, POLL_INTERVAL_MS, () => {
      polling ??= poll().finally(() => {
        polling = null;
      });
    }),
    setRepeatingTimer(clock, HEARTBEAT_INTERVAL_MS, () => void heartbeat()),
  ];
  claimSoon();

  return {
    async reserveSlot() {
      await claiming;
      if (closing.signal.aborted || claiming !== null || backlog || freeSlots() <= 0) return null;
      const reservation: Reservation = {
        start(job, inserted, preloaded) {
          reserved.delete(reservation); // from here on its run has the slot
          const isInserted = inserted.then(
            () => true,
            () => false,
          );
          start(job, (run) => runNew(run, isInserted, preloaded));
        },
        [Symbol.dispose]() {
          reserved.delete(reservation);
          if (backlog) claimSoon();
        },
      };
      reserved.add(reservation);
      return reservation;
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      cancelGather?.();
      await claiming;
      const done = Promise.all([...runs].map((run) => run.done));
      const releaseAll = () => {
        for (const { stop } of active.values()) stop.abort({ kind: 'release' } satisfies StopRequest);
      };
      const cancelGrace = clock.setTimer(options.shutdownGraceMs, releaseAll);
      if (options.shutdownGraceMs === 0) releaseAll();
      await done;
      cancelGrace();
      for (const release of releases) release();
      await polling;
    },
  };
}
