import jsonata from 'jsonata';
import { EvaluationError, LIMITS, tookTooLong } from './limits.ts';

const COMPILED_MAX = 500;
const compiled = new Map<string, jsonata.Expression>();

/** The value of a JSONata expression, as JSON. @throws EvaluationError with what JSONata says and where */
export async function evaluateExpression(expression: string, scope: unknown): Promise<string> {
  const json = JSON.stringify(await resultOf(expression, scope), withoutFunctions) ?? 'null';
  if (json.length <= LIMITS.resultBytes) return json;
  throw new EvaluationError(`its result is larger than ${LIMITS.resultBytes / 1024 / 1024} MiB`);
}

async function resultOf(expression: string, scope: unknown): Promise<unknown> {
  try {
    return await compile(expression).evaluate(scope);
  } catch (error) {
    const { code, message, position } = error as { code?: string; message?: string; position?: number };
    if (code === TIMED_OUT) throw new EvaluationError(tookTooLong);
    throw new EvaluationError(message ?? String(error), position ?? null);
  }
}

/** Of JSONata. */
const TIMED_OUT = 'D1012';

function compile(expression: string): jsonata.Expression {
  let ready = compiled.get(expression);
  if (ready === undefined) {
    if (compiled.size >= COMPILED_MAX) compiled.clear();
    ready = jsonata(expression, {
      timeout: LIMITS.timeoutMs,
      stack: LIMITS.stack,
      sequence: LIMITS.sequence,
    });
    compiled.set(expression, ready);
  }
  return ready;
}

/** They have no place in data. JSON also takes from JSONata's sequences the properties that are theirs alone. */
function withoutFunctions(_key: string, value: unknown): unknown {
  const isFunction =
    typeof value === 'function' ||
    (typeof value === 'object' &&
      value !== null &&
      ('_jsonata_lambda' in value || '_jsonata_function' in value));
  return isFunction ? null : value;
}
