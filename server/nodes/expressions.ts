import { Worker } from 'node:worker_threads';
import jsonata from 'jsonata';
import type { ExpressionScope } from './definition.ts';
import { NodeFailure } from './definition.ts';

/**
 * JSONata, the expression language of templates, conditions and transforms. Expressions are written by users,
 * so they run in a thread of their own with bounds on time, stack, sequence and memory: one that hangs, in a
 * regular expression say, is ended with its thread and the server does not notice. They have no way to I/O;
 * this is a bound on resources, not the sandbox.
 */
export interface Expressions extends AsyncDisposable {
  /** @throws NodeFailure EXPRESSION_ERROR with what JSONata says and where */
  evaluate(expression: string, scope: ExpressionScope): Promise<unknown>;
}

export interface EvaluationRequest {
  id: number;
  expression: string;
  scope: unknown;
  limits: typeof LIMITS;
}

export interface EvaluationReply {
  id: number;
  json?: string;
  problem?: { message: string; position: number | null };
}

const LIMITS = {
  timeoutMs: 5_000,
  stack: 500,
  sequence: 10_000_000,
  memoryMb: 256,
  resultBytes: 16 * 1024 * 1024,
};
/** Past JSONata's own time limit, for what it cannot interrupt. */
const HARD_TIMEOUT_MS = LIMITS.timeoutMs + 1_000;

/** The syntax error of an expression, or null; also where there is no expression. */
export function expressionProblem(expression: string | undefined): string | null {
  if (expression === undefined) return null;
  try {
    jsonata(expression);
    return null;
  } catch (error) {
    if (/^\s*\{\{.*\}\}\s*$/s.test(expression))
      return 'This field is an expression already: leave out the {{ and }} around it.';
    const { message, position } = error as { message?: string; position?: number };
    return `${message ?? String(error)}${position === undefined ? '' : ` (at character ${position})`}`;
  }
}

interface Pending {
  request: EvaluationRequest;
  settled: PromiseWithResolvers<unknown>;
}

export function makeExpressions(): Expressions {
  const queue: Pending[] = [];
  let thread: Worker | null = null;
  let current: Pending | null = null;
  let timer: NodeJS.Timeout | undefined;
  let nextId = 1;

  function pump(): void {
    if (current !== null || queue.length === 0) return;
    current = queue.shift()!;
    thread ??= startThread();
    timer = setTimeout(() => abandon('it took too long'), HARD_TIMEOUT_MS);
    thread.postMessage(current.request);
  }

  function startThread(): Worker {
    const started = new Worker(new URL('./expression-worker.js', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: LIMITS.memoryMb },
      env: {},
    });
    started.unref();
    started.on('message', (reply: EvaluationReply) => settle(reply));
    started.on('error', (error) => {
      if (thread === started) abandon(error.message);
    });
    return started;
  }

  function settle(reply: EvaluationReply): void {
    if (current?.request.id !== reply.id) return;
    const { settled, request } = current;
    done();
    if (reply.problem)
      settled.reject(failure(request.expression, reply.problem.message, reply.problem.position));
    else settled.resolve(JSON.parse(reply.json!));
    pump();
  }

  function abandon(why: string): void {
    const pending = current;
    void thread?.terminate();
    thread = null;
    done();
    pending?.settled.reject(failure(pending.request.expression, why, null));
    pump();
  }

  function done(): void {
    clearTimeout(timer);
    current = null;
  }

  return {
    evaluate(expression, scope) {
      const settled = Promise.withResolvers<unknown>();
      queue.push({
        request: { id: nextId++, expression, scope: neededScope(expression, scope), limits: LIMITS },
        settled,
      });
      pump();
      return settled.promise;
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      await thread?.terminate();
    },
  };
}

/** Outputs of other nodes are copied to the thread only when the expression speaks of them. */
function neededScope(expression: string, scope: ExpressionScope): Partial<ExpressionScope> {
  const { nodes, ...rest } = scope;
  if (!/nodes|\$\$|\*|%/.test(expression)) return rest;
  return scope;
}

function failure(expression: string, message: string, position: number | null): NodeFailure {
  const where = position === null ? '' : ` (at character ${position})`;
  return new NodeFailure({
    code: 'EXPRESSION_ERROR',
    message: `The expression \`${expression.length > 120 ? `${expression.slice(0, 120)}…` : expression}\` failed: ${message}${where}`,
  });
}
