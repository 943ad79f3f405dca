import { setTimeout as delay } from 'node:timers/promises';
import type { Analysis } from './analyze-expression.ts';
import type { Evaluation } from './evaluate-expressions.ts';
import { type EvaluatorProcess, type EvaluatorRequest, startEvaluatorProcess } from './evaluator-process.ts';
import type { SchemaError } from './json-schema.ts';
import { EvaluationError, LIMITS, tookTooLong } from './limits.ts';
import { RoundRobinQueue } from './round-robin-queue.ts';

/**
 * Evaluates what users write that is not Python: JSONata, and the JSON Schemas of workflows, which are programs as well
 * (a `pattern` can backtrack for ever). Such programs have no I/O; this room limits their time and memory. Each request
 * has an owner (an execution, or the API), and the owners are served in turn, for quick and for slow requests.
 *
 *   waiting → a quick slot, for QUICK_MS → done
 *                                        → a slow slot is free: the same process goes on, at a lower priority
 *                                        → no slow slot is free: the process is ended, the request starts again later
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
  /** What is known of JSONata expressions before they are evaluated. @throws EvaluationError */
  analyze(expressions: readonly string[]): Promise<Analysis[]>;
  /** The first twenty places where a value does not fit a JSON Schema; none where there is no schema. */
  findSchemaErrors(schema: unknown, value: unknown, owner?: string): Promise<SchemaError[]>;
  /** What is wrong with a JSON Schema itself, or null. */
  schemaProblem(schema: unknown): Promise<string | null>;
}

const QUICK_SLOTS = 2;
const SLOW_SLOTS = 4;
const QUICK_MS = 100;
const API = 'api';

export function openEvaluator(): Evaluator {
  const idle: EvaluatorProcess[] = [];
  const all = new Set<EvaluatorProcess>();
  const waiting = new RoundRobinQueue<Task>();
  const waitingSlow = new RoundRobinQueue<Task>();
  let quickSlots = QUICK_SLOTS;
  let slowSlots = SLOW_SLOTS;

  async function run(request: EvaluatorRequest, owner = API, signal?: AbortSignal): Promise<unknown[]> {
    signal?.throwIfAborted();
    const task: Task = { request, owner, settled: Promise.withResolvers(), isSettled: false };
    const abort = () => task.settled.reject(signal!.reason);
    signal?.addEventListener('abort', abort);
    waiting.add(owner, task);
    startWaiting();
    try {
      return await task.settled.promise;
    } finally {
      task.isSettled = true;
      signal?.removeEventListener('abort', abort);
    }
  }

  function startWaiting(): void {
    while (quickSlots > 0 && startNext(waiting, runQuick)) {}
    while (slowSlots > 0 && startNext(waitingSlow, runSlow)) {}
  }

  async function runQuick(task: Task): Promise<void> {
    quickSlots--;
    const process = takeIdle() ?? start();
    const { results, isQuick } = await requestQuickly(process, task.request);
    quickSlots++;
    if (isQuick) {
      process.isAlive() ? idle.push(process) : end(process);
      task.settled.resolve(results);
    } else if (slowSlots > 0) {
      void continueSlowly(process, task, results).catch(task.settled.reject);
    } else {
      end(process);
      waitingSlow.add(task.owner, task);
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
    const timer = setTimeout(() => process.end(tookTooLong), LIMITS.hardTimeoutMs);
    results.then(task.settled.resolve, task.settled.reject);
    await task.settled.promise.catch(() => {});
    clearTimeout(timer);
    end(process);
    slowSlots++;
    startWaiting();
  }

  function takeIdle(): EvaluatorProcess | undefined {
    const process = idle.pop();
    if (process === undefined || process.isAlive()) return process;
    end(process);
    return takeIdle();
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
        : ((await run({ kind: 'evaluate', expressions, scope }, owner, signal)) as Evaluation[]),
    analyze: async (expressions) =>
      expressions.length === 0 ? [] : ((await run({ kind: 'analyze', expressions }))[0] as Analysis[]),
    async findSchemaErrors(schema, value, owner) {
      if (schema === null || schema === undefined) return [];
      try {
        return (await run({ kind: 'findSchemaErrors', schema, value }, owner))[0] as SchemaError[];
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error;
        return [{ path: [], message: `it cannot be checked by this schema: ${error.message}` }];
      }
    },
    async schemaProblem(schema) {
      if (schema === null) return null;
      try {
        return (await run({ kind: 'checkSchema', schema }))[0] as string | null;
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error;
        return `This JSON Schema cannot be used: ${error.message}`;
      }
    },
    [Symbol.dispose]() {
      for (const process of all) process.end();
    },
  };
}

interface Task {
  request: EvaluatorRequest;
  owner: string;
  settled: PromiseWithResolvers<unknown[]>;
  isSettled: boolean;
}

/** Skips a task that was aborted meanwhile. False where the queue is empty. */
function startNext(tasks: RoundRobinQueue<Task>, run: (task: Task) => Promise<void>): boolean {
  const task = tasks.next();
  if (task !== undefined && !task.isSettled) void run(task).catch(task.settled.reject);
  return task !== undefined;
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
