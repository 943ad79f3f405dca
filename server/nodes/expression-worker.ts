import { parentPort } from 'node:worker_threads';
import jsonata from 'jsonata';
import type { EvaluationReply, EvaluationRequest } from './expressions.ts';

/** Evaluates one expression at a time, in a thread that the main one can end. */
const COMPILED_MAX = 500;
const compiled = new Map<string, jsonata.Expression>();

parentPort!.on('message', async ({ id, expression, scope, limits }: EvaluationRequest) => {
  parentPort!.postMessage({ id, ...(await evaluate(expression, scope, limits)) } satisfies EvaluationReply);
});

async function evaluate(
  expression: string,
  scope: unknown,
  limits: EvaluationRequest['limits'],
): Promise<Omit<EvaluationReply, 'id'>> {
  try {
    const value = await compile(expression, limits).evaluate(scope);
    // By way of JSON: JSONata's sequences carry properties of their own, and functions have no place in data.
    const json = JSON.stringify(value, withoutFunctions) ?? 'null';
    if (json.length <= limits.resultBytes) return { json };
    return { problem: { message: `its result is larger than ${limits.resultBytes} bytes`, position: null } };
  } catch (error) {
    const { message, position } = error as { message?: string; position?: number };
    return { problem: { message: message ?? String(error), position: position ?? null } };
  }
}

function withoutFunctions(_key: string, value: unknown): unknown {
  const isFunction =
    typeof value === 'function' ||
    (typeof value === 'object' &&
      value !== null &&
      ('_jsonata_lambda' in value || '_jsonata_function' in value));
  return isFunction ? null : value;
}

function compile(expression: string, limits: EvaluationRequest['limits']): jsonata.Expression {
  let ready = compiled.get(expression);
  if (ready === undefined) {
    if (compiled.size >= COMPILED_MAX) compiled.clear();
    ready = jsonata(expression, {
      timeout: limits.timeoutMs,
      stack: limits.stack,
      sequence: limits.sequence,
    });
    compiled.set(expression, ready);
  }
  return ready;
}
