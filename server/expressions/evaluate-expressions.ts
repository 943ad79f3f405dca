import jsonata from 'jsonata';
import { barePath } from './analyze-expression.ts';
import { EvaluationError, LIMITS, tooLarge, tooManyContainers } from './limits.ts';
import { findMissing } from './undefined-reference.ts';

/** What an expression gave. */
export interface Evaluation {
  value: unknown;
  /** Why it is undefined, of an expression that is a path and nothing else; null where a path led to a value. */
  missing: string | null;
}

/**
 * Evaluates JSONata expressions over one scope, one after the other. Yields each Evaluation as JSON.
 * @throws EvaluationError with JSONata's message and the position
 */
export async function* evaluateExpressions(
  expressions: readonly string[],
  scope: object,
): AsyncGenerator<string> {
  markAsData(scope);
  const used = { bytes: 0, containers: 0 };
  for (const [before, expression] of expressions.entries()) {
    const result = await resultOf(expression, scope);
    const missing = result === undefined ? explainUndefined(expression, scope) : null;
    yield `{"value":${toJson(result, used, before)},"missing":${JSON.stringify(missing)}}`;
  }
}

async function resultOf(expression: string, scope: object): Promise<unknown> {
  try {
    // As bindings too: the parts of the scope are variables, for places where a name means a field of a row.
    return await compile(expression).evaluate(scope, scope as Record<string, unknown>);
  } catch (error) {
    const { position = null } = error as JsonataError;
    throw new EvaluationError(messageOf(error as JsonataError), position);
  }
}

interface JsonataError {
  message?: string;
  position?: number;
  code?: string;
  /** What it is about, such as the name of a function. */
  token?: string;
}

function messageOf(error: JsonataError): string {
  // JSONata's own message does not name the function.
  if (error.code === 'T1006' && error.token) return `there is no function $${error.token}`;
  return error.message ?? String(error);
}

/** An expression that is more than a path may be undefined on purpose. */
function explainUndefined(expression: string, scope: object): string | null {
  const path = barePath(compile(expression).ast());
  return path && findMissing(path, scope);
}

const COMPILED_MAX = 500;
const compiled = new Map<string, jsonata.Expression>();

function compile(expression: string): jsonata.Expression {
  let ready = compiled.get(expression);
  if (ready === undefined) {
    if (compiled.size >= COMPILED_MAX) compiled.clear();
    ready = jsonata(expression, {
      stack: LIMITS.stack,
      sequence: LIMITS.sequence,
    });
    compiled.set(expression, ready);
  }
  return ready;
}

/** JSONata regards every object as a function in which one of these is `true`. */
const FUNCTION_MARKS = ['_jsonata_lambda', '_jsonata_function'] as const;
type Marked = Partial<Record<(typeof FUNCTION_MARKS)[number], unknown>>;

/** Data may have these keys too. A Boolean object in place of `true` is the same in JSON and no mark to JSONata. */
function markAsData(scope: object): void {
  const waiting: object[] = [scope];
  for (let data = waiting.pop(); data !== undefined; data = waiting.pop()) {
    const marked: Marked = data;
    for (const mark of FUNCTION_MARKS) if (marked[mark] === true) marked[mark] = Object(true);
    for (const child of Object.values(data))
      if (typeof child === 'object' && child !== null) waiting.push(child);
  }
}

/** Without functions, which JSON cannot hold, and without the properties that JSONata adds to its sequences. */
function toJson(result: unknown, used: { bytes: number; containers: number }, before: number): string {
  const withoutFunctions = (_key: string, value: unknown) => {
    if (typeof value === 'function') return null;
    if (typeof value !== 'object' || value === null) return value;
    if (++used.containers > LIMITS.resultContainers) throw new EvaluationError(tooManyContainers(before));
    const { _jsonata_lambda, _jsonata_function } = value as Marked;
    return _jsonata_lambda === true || _jsonata_function === true ? null : value;
  };
  const json = JSON.stringify(result, withoutFunctions) ?? 'null';
  used.bytes += json.length;
  if (used.bytes > LIMITS.resultBytes) throw new EvaluationError(tooLarge(before));
  return json;
}
