import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { WeftError } from '../shared/errors.ts';
import type { Analysis } from './analyze-expression.ts';
import type { Evaluation } from './evaluate-expressions.ts';
import { type EvaluatorProcess, type EvaluatorRequest, startEvaluatorProcess } from './evaluator-process.ts';
import { makeKnownCosts, programOf } from './known-costs.ts';
import { EvaluationError, LIMITS, tookTooLong } from './limits.ts';
import { analyzePlainPath } from './plain-path.ts';
import { RoundRobinQueue } from './round-robin-queue.ts';
import type { SchemaError } from './schema-error.ts';

/**
 * Evaluates what users write that is not Python: JSONata, and the JSON Schemas of workflows, which are programs as well
 * (a value may fit one of exponentially many alternatives). Such programs have no I/O; this room limits their time and
 * memory. Each request has an owner (a workflow, an execution without one, or a draft), and the owners are served in
 * turn, for quick and for slow requests.
 *
 *   waiting → a quick slot, for QUICK_MS → done
 *                                        → a slow slot is free: the same process goes on, at a lower priority
 *                                        → no slow slot is free: the process is ended, the request starts again later
 *
 * What a program cost is remembered. One that took longer than SLOW_MS, or still runs, waits for a slow slot at once.
 * One of the two quick slots evaluates only what was quick before, so a flood of slow programs delays none of those.
 *
 * An own pool of processes and not piscina, whose workers are threads of this process: threads share its memory, so the
 * one that exhausts memory ends the server, and they have no priority of their own.
 */
export interface Evaluator extends Disposable {
  /**
   * Evaluates JSONata expressions over one scope, which is copied once; together they have the limits of one.
   * @throws EvaluationError of the first that fails, or the signal's reason once it aborts
   */
  evaluate(
    expressions: readonly string[],
    scope: object,
    by: { owner: string; signal: AbortSignal },
  ): Promise<Evaluation[]>;
  /** What is known of JSONata expressions before they are evaluated. @throws EvaluationError, WeftError TOO_BUSY */
  analyze(expressions: readonly string[]): Promise<Analysis[]>;
  /**
   * The first twenty places where a value does not fit a JSON Schema; none where there is no schema.
   * @throws WeftError TOO_BUSY where `by.isBounded` and too many of the owner wait
   */
  findSchemaErrors(
    schema: unknown,
    value: unknown,
    by: { owner: string; isBounded: boolean },
  ): Promise<SchemaError[]>;
  /** What is wrong with a JSON Schema itself, or null. @throws WeftError TOO_BUSY */
  schemaProblem(schema: unknown): Promise<string | null>;
}

const SLOW_SLOTS = 4;
const QUICK_MS = 100;
/** Well beyond what a program that is quick takes on a busy host. */
const SLOW_MS = 1_000;
/** Requests of one owner that wait. Those of executions are bounded by the engine, and none of them is refused. */
const MAX_WAITING = 1_000;
const MAX_WAITING_SLOW = 100;
/** Of all owners together. */
const MAX_REQUESTS = 5_000;

/** `cpuMs`: of one request, milliseconds. */
export function openEvaluator({ cpuMs = LIMITS.cpuMs } = {}): Evaluator {
  const all = new Set<EvaluatorProcess>();
  const costs = makeKnownCosts();
  const waiting = {
    quick: new RoundRobinQueue<Task>(),
    unknown: new RoundRobinQueue<Task>(),
    slow: new RoundRobinQueue<Task>(),
  };
  /** Those that are free. */
  const quickSlots: QuickSlot[] = [
    { takes: ['quick'], process: null },
    { takes: ['unknown', 'quick'], process: null },
  ];
  let slowSlots = SLOW_SLOTS;
  /** Of requests that may be refused. */
  let requests = 0;
  let isClosed = false;

  async function run(
    request: EvaluatorRequest,
    { owner, isBounded, signal }: { owner?: string; isBounded: boolean; signal?: AbortSignal },
  ): Promise<unknown[]> {
    signal?.throwIfAborted();
    const program = programOf(request, owner);
    const task: Task = {
      request,
      owner: owner ?? program,
      program,
      settled: Promise.withResolvers(),
      isSettled: false,
    };
    if (isClosed) throw new EvaluationError('it was not evaluated, because the server stops');
    if (isBounded) {
      refuseFlood(task);
      requests++;
    }
    const abort = () => task.settled.reject(signal!.reason);
    signal?.addEventListener('abort', abort);
    enqueue(task);
    startWaiting();
    try {
      return await task.settled.promise;
    } finally {
      task.isSettled = true;
      if (isBounded) requests--;
      signal?.removeEventListener('abort', abort);
    }
  }

  function enqueue(task: Task): void {
    waiting[costs.costOf(task.program)].add(task.owner, task);
  }

  function refuseFlood({ owner, program }: Task): void {
    const isSlow = costs.costOf(program) === 'slow';
    const max = isSlow ? MAX_WAITING_SLOW : MAX_WAITING;
    const count = isSlow
      ? waiting.slow.countOf(owner)
      : waiting.quick.countOf(owner) + waiting.unknown.countOf(owner);
    if (count >= max)
      throw tooBusy(`at most ${max} requests to wait for the same schema or the same expressions`);
    if (requests >= MAX_REQUESTS) throw tooBusy(`at most ${MAX_REQUESTS} checks of schemas and expressions`);
  }

  function startWaiting(): void {
    if (isClosed) return;
    for (const slot of quickSlots.toSorted(byWarmth)) {
      const task = nextQuick(slot.takes);
      if (task === undefined) continue;
      quickSlots.splice(quickSlots.indexOf(slot), 1);
      void runQuick(task, slot).catch(task.settled.reject);
    }
    while (slowSlots > 0) {
      const task = nextOf(waiting.slow);
      if (task === undefined) break;
      void runSlow(task).catch(task.settled.reject);
    }
  }

  /** A program that was found slow meanwhile waits with the slow ones. */
  function nextQuick(kinds: QuickSlot['takes']): Task | undefined {
    for (const kind of kinds) {
      for (let task = nextOf(waiting[kind]); task !== undefined; task = nextOf(waiting[kind])) {
        if (costs.costOf(task.program) !== 'slow') return task;
        waiting.slow.add(task.owner, task);
      }
    }
    return undefined;
  }

  async function runQuick(task: Task, slot: QuickSlot): Promise<void> {
    let attempt: Awaited<ReturnType<typeof requestQuickly>>;
    try {
      if (!slot.process?.isAlive()) slot.process = replace(slot.process);
      attempt = await requestQuickly(slot.process, task.request);
    } finally {
      quickSlots.push(slot);
    }
    const { results, isQuick } = attempt;
    costs.note(task.program, isQuick ? 'quick' : 'slow');
    if (isQuick) task.settled.resolve(results);
    else {
      const { process } = slot as { process: EvaluatorProcess };
      slot.process = start(); // warm for the next one
      if (slowSlots > 0) void continueSlowly(process, task, results).catch(task.settled.reject);
      else {
        end(process);
        enqueue(task);
      }
    }
    startWaiting();
  }

  async function runSlow(task: Task): Promise<void> {
    const process = start();
    return continueSlowly(process, task, process.request(task.request));
  }

  /** The process has a lower priority from here on, so no other request uses it. */
  // cannot reject: the task's own failure is passed to whoever waits for it
  async function continueSlowly(
    process: EvaluatorProcess,
    task: Task,
    results: Promise<unknown[]>,
  ): Promise<void> {
    slowSlots--;
    process.lowerPriority();
    let startedAt = Number.POSITIVE_INFINITY;
    void process.ready.then(
      () => (startedAt = performance.now()),
      () => {}, // the request fails for the same reason
    );
    const watch = endWhenSpent(process, cpuMs);
    results.then(task.settled.resolve, task.settled.reject);
    await task.settled.promise.catch(() => {});
    clearInterval(watch);
    // One that was aborted or ended may be of any cost.
    if (performance.now() - startedAt < SLOW_MS && (await hasSettled(results)) && process.isAlive())
      costs.note(task.program, 'quick');
    end(process);
    slowSlots++;
    startWaiting();
  }

  function replace(former: EvaluatorProcess | null): EvaluatorProcess {
    if (former !== null) end(former);
    return start();
  }

  function start(): EvaluatorProcess {
    const process = startEvaluatorProcess();
    all.add(process);
    return process;
  }

  function end(process: EvaluatorProcess): void {
    all.delete(process);
    process.end();
  }

  return {
    evaluate: async (expressions, scope, { owner, signal }) =>
      expressions.length === 0
        ? []
        : ((await run(
            { kind: 'evaluate', expressions, scope },
            { owner, isBounded: false, signal },
          )) as Evaluation[]),
    async analyze(expressions) {
      const plain = expressions.map(analyzePlainPath);
      const others = expressions.filter((_, index) => plain[index] === null);
      if (others.length === 0) return plain as Analysis[];
      const analyses = (
        (await run({ kind: 'analyze', expressions: others }, { isBounded: true }))[0] as Analysis[]
      ).values();
      return plain.map((analysis) => analysis ?? analyses.next().value!);
    },
    async findSchemaErrors(schema, value, by) {
      if (schema === null || schema === undefined) return [];
      try {
        return (await run({ kind: 'findSchemaErrors', schema, value }, by))[0] as SchemaError[];
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error;
        const problem = `cannot be checked by this schema: ${error.message}`;
        return [{ path: [], title: null, problem }];
      }
    },
    async schemaProblem(schema) {
      if (schema === null) return null;
      try {
        return (await run({ kind: 'checkSchema', schema }, { isBounded: true }))[0] as string | null;
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error;
        return `This JSON Schema cannot be used: ${error.message}`;
      }
    },
    [Symbol.dispose]() {
      isClosed = true;
      const closed = new EvaluationError('it was not evaluated, because the server stops');
      for (const tasks of Object.values(waiting))
        for (let task = nextOf(tasks); task !== undefined; task = nextOf(tasks)) task.settled.reject(closed);
      for (const process of all) process.end();
    },
  };
}

/** Ends a process that spends more than its time from now on. Where its CPU time cannot be read, wall time counts. */
function endWhenSpent(process: EvaluatorProcess, limitMs: number): NodeJS.Timeout {
  const [cpuBefore, startedAt] = [process.cpuMs() ?? 0, performance.now()];
  return setInterval(() => {
    const wallMs = performance.now() - startedAt;
    const cpuMs = process.cpuMs();
    const spentMs = cpuMs === undefined ? wallMs : cpuMs - cpuBefore;
    if (spentMs >= limitMs || wallMs >= LIMITS.timeoutMs) process.end(tookTooLong(limitMs));
  }, CPU_LOOK_MS);
}

const CPU_LOOK_MS = 250;

/** A place for what is quick, with the process that evaluates it, which the next one finds warm. */
interface QuickSlot {
  takes: readonly ('quick' | 'unknown')[];
  process: EvaluatorProcess | null;
}

/** A process that runs first: another is started only where both have work at once. */
function byWarmth(a: QuickSlot, b: QuickSlot): number {
  return Number(b.process?.isAlive() ?? false) - Number(a.process?.isAlive() ?? false);
}

interface Task {
  request: EvaluatorRequest;
  owner: string;
  program: string;
  settled: PromiseWithResolvers<unknown[]>;
  isSettled: boolean;
}

/** Skips tasks that were aborted meanwhile. Undefined where the queue is empty. */
function nextOf(tasks: RoundRobinQueue<Task>): Task | undefined {
  let task = tasks.next();
  while (task?.isSettled) task = tasks.next();
  return task;
}

function tooBusy(expected: string): WeftError {
  return new WeftError(
    'TOO_BUSY',
    `Expected ${expected} at once, got one more. Try again later, or send fewer at once.`,
  );
}

/** The time counts from when the process is ready. */
async function requestQuickly(
  process: EvaluatorProcess,
  request: EvaluatorRequest,
): Promise<{ results: Promise<unknown[]>; isQuick: boolean }> {
  const results = process.request(request);
  const done = new AbortController();
  const tooLate = process.ready.then(() => delay(QUICK_MS, false, { signal: done.signal })).catch(() => true);
  const isQuick = await Promise.race([
    results.then(
      () => true,
      () => true,
    ),
    tooLate,
  ]);
  done.abort();
  return { results, isQuick };
}

/** Whether a promise is settled already. */
function hasSettled(promise: Promise<unknown>): Promise<boolean> {
  const settled = promise.then(
    () => true,
    () => true,
  );
  return Promise.race([settled, nextTurn(false)]);
}
