import { type ChildProcess, spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../paths.ts';
import { startExpendable } from '../process-table.ts';
import { EvaluationError, LIMITS, tookTooMuchMemory } from './limits.ts';

export type Question =
  | { kind: 'expression'; expression: string; scope: unknown }
  | { kind: 'readings'; expressions: readonly string[] }
  | { kind: 'misfits'; schema: unknown; value: unknown }
  | { kind: 'schemaProblem'; schema: unknown };

export type Answer = { json: string } | { problem: { message: string; position: number | null } };

/** A process that answers one question at a time. */
export interface EvaluatorProcess {
  ready: Promise<void>;
  /** @throws EvaluationError also when the process ends meanwhile */
  ask(question: Question): Promise<unknown>;
  /** Lets everything else on this machine go first. */
  yieldToOthers(): void;
  isAlive(): boolean;
  end(): void;
}

/**
 * A process and not a thread: where memory runs out in a thread quickly enough, V8 ends the whole process. It can
 * read the program's own files and nothing else of the host, has no environment, and leaves no core dump behind.
 */
export function startEvaluatorProcess(): EvaluatorProcess {
  const child = spawnProgram();
  const ready = Promise.withResolvers<void>();
  let asked: PromiseWithResolvers<unknown> | null = null;
  let isAlive = true;

  child.on('message', (message: Answer | 'ready') => {
    if (message === 'ready') return ready.resolve();
    if ('json' in message) asked?.resolve(JSON.parse(message.json));
    else asked?.reject(new EvaluationError(message.problem.message, message.problem.position));
    asked = null;
  });
  const onEnd = (why: string) => {
    isAlive = false;
    const error = new EvaluationError(why);
    ready.reject(error);
    asked?.reject(error);
  };
  ready.promise.catch(() => {});
  child.on('error', (error) => onEnd(`it could not be evaluated: ${error.message}`));
  child.on('exit', (_code, signal) =>
    onEnd(signal === 'SIGABRT' || signal === 'SIGKILL' ? tookTooMuchMemory : `its process ended (${signal})`),
  );

  return {
    ready: ready.promise,
    ask(question) {
      asked = Promise.withResolvers();
      // There is no way to send where the host had no descriptor left to start it with: `error` is about to tell.
      child.send?.(question, (error) => error && asked?.reject(new EvaluationError(error.message)));
      return asked.promise;
    },
    yieldToOthers: () => isAlive && setPriority(child.pid!, LOWEST_PRIORITY),
    isAlive: () => isAlive,
    end: () => void child.kill('SIGKILL'),
  };
}

const LOWEST_PRIORITY = 19;

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
