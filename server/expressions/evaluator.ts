import { setTimeout as delay } from 'node:timers/promises';
import { type EvaluatorProcess, type Question, startEvaluatorProcess } from './evaluator-process.ts';
import type { Reading } from './expression.ts';
import type { SchemaError } from './json-schema.ts';
import { EvaluationError, LIMITS, tookTooLong } from './limits.ts';
import { RoundRobinQueue } from './round-robin-queue.ts';

/**
 * What users write that is not Python is evaluated here: JSONata, and the JSON Schemas of their workflows, which are
 * programs as well (a `pattern` can backtrack for ever). They have no way to I/O; this bounds what they take. Each is
 * evaluated in another process, with limits on time and memory, and none waits long for those that take their time.
 * Those who ask (each execution is one, the API another) are served in turn at both kinds of places, so that nobody
 * waits for all that another one asks.
 *
 *   waiting → a quick place, for QUICK_MS → done, or on as a slow one in the same process at a lower priority,
 *             or, where all slow places are taken, ended and begun again when one is free
 */
export interface Evaluator extends Disposable {
  /**
   * The values of JSONata expressions over one scope, which is copied once; they have the limits of one together.
   * @throws EvaluationError of the first that fails, or the signal's reason once it aborts
   */
  evaluate(
    expressions: readonly string[],
    scope: unknown,
    by: { asker: string; signal: AbortSignal },
  ): Promise<unknown[]>;
  /** What can be told of JSONata expressions before they are evaluated. @throws EvaluationError */
  read(expressions: readonly string[]): Promise<Reading[]>;
  /** The first twenty places where a value does not fit a JSON Schema; none where there is no schema. */
  findSchemaErrors(schema: unknown, value: unknown, asker?: string): Promise<SchemaError[]>;
  /** What is wrong with a JSON Schema itself, or null. */
  schemaProblem(schema: unknown): Promise<string | null>;
}

const QUICK_PLACES = 2;
const SLOW_PLACES = 4;
const QUICK_MS = 100;
const API = 'api';

export function openEvaluator(): Evaluator {
  const idle: EvaluatorProcess[] = [];
  const all = new Set<EvaluatorProcess>();
  const waiting = new RoundRobinQueue<Task>();
  const slow = new RoundRobinQueue<Task>();
  let quickTaken = 0;
  let slowTaken = 0;

  async function ask(question: Question, asker = API, signal?: AbortSignal): Promise<unknown[]> {
    signal?.throwIfAborted();
    const task: Task = { question, asker, settled: Promise.withResolvers(), isSettled: false };
    const abort = () => task.settled.reject(signal!.reason);
    signal?.addEventListener('abort', abort);
    waiting.add(asker, task);
    pump();
    try {
      return await task.settled.promise;
    } finally {
      task.isSettled = true;
      signal?.removeEventListener('abort', abort);
    }
  }

  function pump(): void {
    while (quickTaken < QUICK_PLACES && beginNext(waiting, runQuick)) {}
    while (slowTaken < SLOW_PLACES && beginNext(slow, runSlow)) {}
  }

  async function runQuick(task: Task): Promise<void> {
    quickTaken++;
    const process = takeIdle() ?? start();
    const { answers, isQuick } = await askQuickly(process, task.question);
    quickTaken--;
    if (isQuick) {
      process.isAlive() ? idle.push(process) : end(process);
      task.settled.resolve(answers);
    } else if (slowTaken < SLOW_PLACES) {
      void goOnSlowly(process, task, answers);
    } else {
      end(process);
      slow.add(task.asker, task);
    }
    pump();
  }

  async function runSlow(task: Task): Promise<void> {
    const process = start();
    return goOnSlowly(process, task, process.ask(task.question));
  }

  /** The process is at a lower priority from here on, so it is not used again. */
  async function goOnSlowly(
    process: EvaluatorProcess,
    task: Task,
    answers: Promise<unknown[]>,
  ): Promise<void> {
    slowTaken++;
    process.yieldToOthers();
    const timer = setTimeout(() => process.end(tookTooLong), LIMITS.hardTimeoutMs);
    answers.then(task.settled.resolve, task.settled.reject);
    await task.settled.promise.catch(() => {});
    clearTimeout(timer);
    end(process);
    slowTaken--;
    pump();
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
    evaluate: async (expressions, scope, { asker, signal }) =>
      expressions.length === 0 ? [] : ask({ kind: 'values', expressions, scope }, asker, signal),
    read: async (expressions) =>
      expressions.length === 0 ? [] : ((await ask({ kind: 'readings', expressions }))[0] as Reading[]),
    async findSchemaErrors(schema, value, asker) {
      if (schema === null || schema === undefined) return [];
      try {
        return (await ask({ kind: 'schemaErrors', schema, value }, asker))[0] as SchemaError[];
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error;
        return [{ path: [], message: `it cannot be checked by this schema: ${error.message}` }];
      }
    },
    async schemaProblem(schema) {
      if (schema === null) return null;
      try {
        return (await ask({ kind: 'schemaProblem', schema }))[0] as string | null;
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
  question: Question;
  asker: string;
  settled: PromiseWithResolvers<unknown[]>;
  isSettled: boolean;
}

/** Drops one that nobody waits for any more. False where none is left. */
function beginNext(tasks: RoundRobinQueue<Task>, run: (task: Task) => Promise<void>): boolean {
  const task = tasks.next();
  if (task !== undefined && !task.isSettled) void run(task);
  return task !== undefined;
}

/** The time counts from when the process is up. */
async function askQuickly(
  process: EvaluatorProcess,
  question: Question,
): Promise<{ answers: Promise<unknown[]>; isQuick: boolean }> {
  const answers = process.ask(question);
  const over = new AbortController();
  const tooLate = process.ready.then(() => delay(QUICK_MS, false, { signal: over.signal })).catch(() => true);
  const isQuick = await Promise.race([
    answers.then(
      () => true,
      () => true,
    ),
    tooLate,
  ]);
  over.abort();
  return { answers, isQuick };
}
