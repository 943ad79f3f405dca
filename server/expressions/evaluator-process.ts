import { type ChildProcess, spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../shared/paths.ts';
import { cpuTimeMs, startExpendable } from '../shared/process-table.ts';
import { EvaluationError, LIMITS, tookTooMuchMemory } from './limits.ts';

export type EvaluatorRequest =
  | { kind: 'evaluate'; expressions: readonly string[]; scope: object }
  | { kind: 'analyze'; expressions: readonly string[] }
  | { kind: 'findSchemaErrors'; schema: unknown; value: unknown }
  | { kind: 'checkSchema'; schema: unknown };

/**
 * `evaluate` has one response for each expression, up to the first problem, so that the server knows which expression
 * exceeded a limit. Every other request has one response.
 */
export type EvaluatorResponse = { json: string } | { problem: { message: string; position: number | null } };

/** A process that handles one request at a time. */
export interface EvaluatorProcess {
  ready: Promise<void>;
  /** The parsed responses. @throws EvaluationError also when the process ends before the last response */
  request(request: EvaluatorRequest): Promise<unknown[]>;
  /** Lowers the priority of the process for good. Has no effect on one that never started or has ended. */
  lowerPriority(): void;
  isAlive(): boolean;
  /** CPU time of the process so far; undefined where it cannot be read. */
  cpuMs(): number | undefined;
  /** Kills the process; a pending request fails for this reason, which may count the responses before it. */
  end(reason?: (before: number) => string): void;
}

/**
 * A process and not a thread: where memory runs out in a thread quickly enough, V8 ends the whole process. The process
 * can read the program's own files and nothing else of the host, has no environment, and leaves no core dump behind.
 */
export function startEvaluatorProcess(): EvaluatorProcess {
  const child = spawnProgram();
  const ready = Promise.withResolvers<void>();
  let pending: PendingRequest | null = null;
  let isAlive = true;

  child.on('message', (message: EvaluatorResponse | 'ready') => {
    if (message === 'ready') return ready.resolve();
    if (pending !== null && addResponse(pending, message)) pending = null;
  });
  const onEnd = (reason: (before: number) => string) => {
    isAlive = false;
    const index = pending?.results.length ?? 0;
    const error = new EvaluationError(reason(index), null, index);
    ready.reject(error);
    pending?.settled.reject(error);
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
    request(request) {
      const settled = Promise.withResolvers<unknown[]>();
      const expected = request.kind === 'evaluate' ? request.expressions.length : 1;
      pending = { results: [], expected, settled };
      // `send` is missing where the host had no descriptor left to start the process with; `error` follows.
      child.send?.(request, (error) => error && settled.reject(new EvaluationError(error.message)));
      return settled.promise;
    },
    lowerPriority() {
      try {
        if (child.pid !== undefined) setPriority(child.pid, LOWER_PRIORITY);
      } catch {
        // It has ended meanwhile, which its request reports.
      }
    },
    isAlive: () => isAlive,
    cpuMs: () => cpuTimeMs(child.pid),
    end(reason) {
      if (reason !== undefined) onEnd(reason);
      child.kill('SIGKILL');
    },
  };
}

interface PendingRequest {
  results: unknown[];
  expected: number;
  settled: PromiseWithResolvers<unknown[]>;
}

/** True where the request is settled by this response. */
function addResponse({ results, expected, settled }: PendingRequest, response: EvaluatorResponse): boolean {
  if ('problem' in response) {
    const { message, position } = response.problem;
    settled.reject(new EvaluationError(message, position, results.length));
    return true;
  }
  results.push(JSON.parse(response.json));
  if (results.length < expected) return false;
  settled.resolve(results);
  return true;
}

/** A third of the CPU of other processes where CPU is scarce; at the lowest priority a busy host would grant none. */
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
    join(projectRoot, 'dist/server/expressions/program.js'),
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
