import jsonata from 'jsonata';
import { EvaluationError, gaveTooManyContainers, gaveTooMuch, LIMITS, tookTooLong } from './limits.ts';

const COMPILED_MAX = 500;
const compiled = new Map<string, jsonata.Expression>();

/**
 * The values of JSONata expressions over one scope, as JSON, one after the other.
 * @throws EvaluationError with what JSONata says and where
 */
export async function* evaluateExpressions(
  expressions: readonly string[],
  scope: unknown,
): AsyncGenerator<string> {
  const begunAt = performance.now();
  const given = { bytes: 0, containers: 0 };
  for (const [before, expression] of expressions.entries()) {
    if (performance.now() - begunAt > LIMITS.timeoutMs) throw new EvaluationError(tookTooLong(before));
    const result = await resultOf(expression, scope, before);
    yield jsonOf(result, given, before);
  }
}

async function resultOf(expression: string, scope: unknown, before: number): Promise<unknown> {
  try {
    return await compile(expression).evaluate(scope);
  } catch (error) {
    const { code, message, position } = error as { code?: string; message?: string; position?: number };
    if (code === TIMED_OUT) throw new EvaluationError(tookTooLong(before));
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

/** What can be told of an expression before it is evaluated. */
export interface Reading {
  /** Its syntax error, or null. */
  problem: string | null;
  /** The keys of the nodes whose output it asks for, where it does so in plain words: `nodes.<key>`. */
  nodes: string[];
}

export function readExpression(expression: string): Reading {
  try {
    return { problem: null, nodes: namedNodes(jsonata(expression).ast()) };
  } catch (error) {
    return { problem: syntaxError(expression, error as { message?: string; position?: number }), nodes: [] };
  }
}

function syntaxError(
  expression: string,
  { message, position }: { message?: string; position?: number },
): string {
  if (/^\s*\{\{.*\}\}\s*$/s.test(expression))
    return 'This field is an expression already: leave out the {{ and }} around it.';
  return `${message ?? 'It does not parse.'}${position === undefined ? '' : ` (at character ${position})`}`;
}

/** Where the context is not the whole scope any more, `nodes` would be a field of the data there. */
const NARROWED = new Set(['steps', 'stages', 'predicate', 'group', 'update', 'delete']);

function namedNodes(tree: unknown): string[] {
  if (Array.isArray(tree)) return tree.flatMap(namedNodes);
  if (tree === null || typeof tree !== 'object') return [];
  const [first, second] = (tree as { steps?: { type: string; value: unknown }[] }).steps ?? [];
  const isNode = first?.type === 'name' && first.value === 'nodes' && second?.type === 'name';
  const parts = Object.entries(tree).filter(([name]) => !NARROWED.has(name));
  return [
    ...(isNode ? [String(second.value)] : []),
    ...namedNodes(first),
    ...parts.flatMap(([, part]) => namedNodes(part)),
  ];
}

/** Without functions, which have no place in data, and what JSONata's sequences have beside their items. */
function jsonOf(result: unknown, given: { bytes: number; containers: number }, before: number): string {
  const withoutFunctions = (_key: string, value: unknown) => {
    if (typeof value === 'function') return null;
    if (typeof value !== 'object' || value === null) return value;
    if (++given.containers > LIMITS.resultContainers)
      throw new EvaluationError(gaveTooManyContainers(before));
    return '_jsonata_lambda' in value || '_jsonata_function' in value ? null : value;
  };
  const json = JSON.stringify(result, withoutFunctions) ?? 'null';
  given.bytes += json.length;
  if (given.bytes > LIMITS.resultBytes) throw new EvaluationError(gaveTooMuch(before));
  return json;
}
