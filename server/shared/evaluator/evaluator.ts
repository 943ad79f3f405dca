import { setTimeout as delay } from 'node:timers/promises';
import { type EvaluatorProcess, type Question, startEvaluatorProcess } from './evaluator-process.ts';
import type { Reading } from './expression.ts';
import type { Misfit } from './json-schema.ts';
import { EvaluationError, LIMITS, tookTooLong } from './limits.ts';

/**
 * What users write that is not Python is evaluated here: JSONata, and the JSON Schemas of their workflows, which are
 * programs as well (a `pattern` can backtrack for ever). They have no way to I/O; this bounds what they take. Each is
 * evaluated in another process, with limits on time and memory, and none waits long for those that take their time.
 *
 *   waiting → a quick place, for QUICK_MS → done, or on as a slow one in the same process at the lowest priority,
 *             or, where all slow places are taken, ended and begun again when one is free
 */
export interface Evaluator extends Disposable {
  /** The value of a JSONata expression. @throws EvaluationError, or the signal's reason once it aborts */
  evaluate(expression: string, scope: unknown, signal: AbortSignal): Promise<unknown>;
  /** What can be told of JSONata expressions before they are evaluated. @throws EvaluationError */
  read(expressions: readonly string[]): Promise<Reading[]>;
  /** The first twenty places where a value does not fit a JSON Schema; none where there is no schema. */
  findMisfits(schema: unknown, value: unknown): Promise<Misfit[]>;
  /** What is wrong with a JSON Schema itself, or null. */
  schemaProblem(schema: unknown): Promise<string | null>;
}

const QUICK_PLACES = 2;
const SLOW_PLACES = 4;
const QUICK_MS = 100;

export function openEvaluator(): Evaluator {
  const idle: EvaluatorProcess[] = [];
  const all = new Set<EvaluatorProcess>();
  const waiting: Task[] = [];
  const slow: Task[] = [];
  let quickTaken = 0;
  let slowTaken = 0;

  async function ask(question: Question, signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted();
    const task: Task = { question, settled: Promise.withResolvers(), isSettled: false };
    const abort = () => task.settled.reject(signal!.reason);
    signal?.addEventListener('abort', abort);
    waiting.push(task);
    pump();
    try {
      return await task.settled.promise;
    } finally {
      task.isSettled = true;
      signal?.removeEventListener('abort', abort);
    }
  }

  function pump(): void {
    while (quickTaken < QUICK_PLACES && waiting.length > 0) runUnlessSettled(runQuick, waiting.shift()!);
    while (slowTaken < SLOW_PLACES && slow.length > 0) runUnlessSettled(runSlow, slow.shift()!);
  }

  async function runQuick(task: Task): Promise<void> {
    quickTaken++;
    const process = takeIdle() ?? start();
    const { answer, isQuick } = await askQuickly(process, task.question);
    quickTaken--;
    if (isQuick) {
      process.isAlive() ? idle.push(process) : end(process);
      task.settled.resolve(answer);
    } else if (slowTaken < SLOW_PLACES) {
      void goOnSlowly(process, task, answer);
    } else {
      end(process);
      slow.push(task);
    }
    pump();
  }

  async function runSlow(task: Task): Promise<void> {
    const process = start();
    return goOnSlowly(process, task, process.ask(task.question));
  }

  /** The process is at the lowest priority from here on, so it is not used again. */
  async function goOnSlowly(process: EvaluatorProcess, task: Task, answer: Promise<unknown>): Promise<void> {
    slowTaken++;
    process.yieldToOthers();
    const tookTooMuchTime = () => task.settled.reject(new EvaluationError(tookTooLong));
    const timer = setTimeout(tookTooMuchTime, LIMITS.hardTimeoutMs);
    answer.then(task.settled.resolve, task.settled.reject);
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
    evaluate: (expression, scope, signal) => ask({ kind: 'expression', expression, scope }, signal),
    read: async (expressions) =>
      expressions.length === 0 ? [] : ((await ask({ kind: 'readings', expressions })) as Reading[]),
    async findMisfits(schema, value) {
      if (schema === null || schema === undefined) return [];
      try {
        return (await ask({ kind: 'misfits', schema, value })) as Misfit[];
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error;
        return [{ path: [], message: `it cannot be checked by this schema: ${error.message}` }];
      }
    },
    async schemaProblem(schema) {
      if (schema === null) return null;
      try {
        return (await ask({ kind: 'schemaProblem', schema })) as string | null;
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
  settled: PromiseWithResolvers<unknown>;
  isSettled: boolean;
}

function runUnlessSettled(run: (task: Task) => Promise<void>, task: Task): void {
  if (!task.isSettled) void run(task);
}

/** The time counts from when the process is up. */
async function askQuickly(
  process: EvaluatorProcess,
  question: Question,
): Promise<{ answer: Promise<unknown>; isQuick: boolean }> {
  const answer = process.ask(question);
  const over = new AbortController();
  const tooLate = process.ready.then(() => delay(QUICK_MS, false, { signal: over.signal })).catch(() => true);
  const isQuick = await Promise.race([
    answer.then(
      () => true,
      () => true,
    ),
    tooLate,
  ]);
  over.abort();
  return { answer, isQuick };
}
