import { type ChildProcess, spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../shared/paths.ts';
import { startExpendable } from '../shared/process-table.ts';
import { EvaluationError, LIMITS, tookTooMuchMemory } from './limits.ts';

export type Question =
  | { kind: 'values'; expressions: readonly string[]; scope: unknown }
  | { kind: 'readings'; expressions: readonly string[] }
  | { kind: 'schemaErrors'; schema: unknown; value: unknown }
  | { kind: 'schemaProblem'; schema: unknown };

/** Of the values each is an answer of its own, up to the first that is a problem; so it is known which one takes long. */
export type Answer = { json: string } | { problem: { message: string; position: number | null } };

/** A process that answers one question at a time. */
export interface EvaluatorProcess {
  ready: Promise<void>;
  /** The answers. @throws EvaluationError also when the process ends meanwhile */
  ask(question: Question): Promise<unknown[]>;
  /** Lets everything else on this machine go before it. */
  yieldToOthers(): void;
  isAlive(): boolean;
  /** What was asked fails for this reason. */
  end(why?: (before: number) => string): void;
}

/**
 * A process and not a thread: where memory runs out in a thread quickly enough, V8 ends the whole process. It can
 * read the program's own files and nothing else of the host, has no environment, and leaves no core dump behind.
 */
export function startEvaluatorProcess(): EvaluatorProcess {
  const child = spawnProgram();
  const ready = Promise.withResolvers<void>();
  let asked: Asked | null = null;
  let isAlive = true;

  child.on('message', (message: Answer | 'ready') => {
    if (message === 'ready') return ready.resolve();
    if (asked !== null && takeAnswer(asked, message)) asked = null;
  });
  const onEnd = (why: (before: number) => string) => {
    isAlive = false;
    const index = asked?.answers.length ?? 0;
    const error = new EvaluationError(why(index), null, index);
    ready.reject(error);
    asked?.settled.reject(error);
  };
  ready.promise.catch(() => {});
  child.on('error', (error) => onEnd(() => `it could not be evaluated: ${error.message}`));
  child.on('exit', (_code, signal) =>
    onEnd(
      signal === 'SIGABRT' || signal === 'SIGKILL'
        ? tookTooMuchMemory
        : () => `its process ended (${signal})`,
    ),
  );

  return {
    ready: ready.promise,
    ask(question) {
      const settled = Promise.withResolvers<unknown[]>();
      const expected = question.kind === 'values' ? question.expressions.length : 1;
      asked = { answers: [], expected, settled };
      // There is no way to send where the host had no descriptor left to start it with: `error` is about to tell.
      child.send?.(question, (error) => error && settled.reject(new EvaluationError(error.message)));
      return settled.promise;
    },
    yieldToOthers: () => isAlive && setPriority(child.pid!, LOWER_PRIORITY),
    isAlive: () => isAlive,
    end(why) {
      if (why !== undefined) onEnd(why);
      child.kill('SIGKILL');
    },
  };
}

interface Asked {
  answers: unknown[];
  expected: number;
  settled: PromiseWithResolvers<unknown[]>;
}

/** True where it was the last. */
function takeAnswer({ answers, expected, settled }: Asked, answer: Answer): boolean {
  if ('problem' in answer) {
    const { message, position } = answer.problem;
    settled.reject(new EvaluationError(message, position, answers.length));
    return true;
  }
  answers.push(JSON.parse(answer.json));
  if (answers.length < expected) return false;
  settled.resolve(answers);
  return true;
}

/** A third of the CPU that others get where it is scarce; at the lowest, a busy machine would leave it none of its seconds. */
const LOWER_PRIORITY = 5;

function spawnProgram(): ChildProcess {
  const node = [
    process.execPath,
    `--max-old-space-size=${LIMITS.memoryMb}`,
    '--permission',
    '--allow-worker',
    `--allow-fs-read=${join(projectRoot, 'dist')}`,
    `--allow-fs-read=${join(projectRoot, 'node_modules')}`,
    `--allow-fs-read=${join(projectRoot, 'package.json')}`,
    join(import.meta.dirname, 'program.js'),
  ];
  const child = startExpendable(() =>
    spawn('/bin/sh', ['-c', 'ulimit -c 0; exec "$@"', 'sh', ...node], {
      env: {},
      stdio: ['pipe', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
    }),
  );
  child.unref();
  child.channel?.unref();
  (child.stdin as { unref(): void } | null | undefined)?.unref();
  return child;
}
