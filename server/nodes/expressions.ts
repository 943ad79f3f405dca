import type { Evaluation } from '../expressions/evaluate-expressions.ts';
import type { Evaluator } from '../expressions/evaluator.ts';
import { EvaluationError } from '../expressions/limits.ts';
import { readPlainPaths } from '../expressions/plain-path.ts';
import { ITEM_NAMES } from '../expressions/undefined-reference.ts';
import type { ExpressionScope } from './definition.ts';
import { NodeFailure } from './definition.ts';

/**
 * JSONata as nodes use it, for templates, conditions and transforms. The room `expressions` evaluates any JSONata over
 * any data and knows no workflow; this file adds what a node needs: the scope, an execution as the owner, and an
 * evaluation's error as the node's failure.
 */
export interface Expressions {
  /** @throws NodeFailure EXPRESSION_ERROR with JSONata's message and position, or the signal's reason once it aborts */
  evaluate(
    expression: string,
    scope: ExpressionScope,
    signal: AbortSignal,
    onMissing?: OnMissing,
  ): Promise<unknown>;
  /** Several expressions over one scope, in order; together they have the limits of one. */
  evaluateAll(
    expressions: readonly string[],
    scope: ExpressionScope,
    signal: AbortSignal,
    onMissing?: OnMissing,
  ): Promise<unknown[]>;
}

/** Called for each expression that is a path to something undefined, with the reason. */
export type OnMissing = (expression: { index: number; text: string; reason: string }) => void;

export function makeExpressions(evaluator: Evaluator): Expressions {
  const evaluateAll: Expressions['evaluateAll'] = async (expressions, scope, signal, onMissing) => {
    signal.throwIfAborted();
    const read = readPlainPaths(expressions, scope);
    if (read !== null) return read;
    const by = { owner: scope.execution.workflowId ?? scope.execution.id, signal };
    try {
      const evaluations = await evaluator.evaluate(expressions, neededScope(expressions, scope), by);
      if (onMissing !== undefined) reportMissing(expressions, evaluations, onMissing);
      return evaluations.map(({ value }) => value);
    } catch (error) {
      throw error instanceof EvaluationError ? failure(expressions[error.index]!, error) : error;
    }
  };
  return {
    evaluateAll,
    evaluate: async (expression, scope, signal, onMissing) =>
      (await evaluateAll([expression], scope, signal, onMissing))[0],
  };
}

function reportMissing(
  expressions: readonly string[],
  evaluations: readonly Evaluation[],
  onMissing: OnMissing,
): void {
  for (const [index, { missing }] of evaluations.entries())
    if (missing !== null) onMissing({ index, text: expressions[index]!, reason: missing });
}

/**
 * The parts of the scope that the expressions name: each part may be large, and is copied to the evaluator. An expression
 * may mean all of the scope without naming any part, but not what only a list has: a list of ten thousand items would be
 * copied for each of them.
 */
function neededScope(expressions: readonly string[], scope: ExpressionScope): Partial<ExpressionScope> {
  const mayMeanAll = expressions.some((expression) => /\$(?![A-Za-z_])|\*|%/.test(expression));
  const isNamed = (part: string) => expressions.some((expression) => expression.includes(part));
  const isNeeded = (part: string) => isNamed(part) || (mayMeanAll && !ITEM_NAMES.includes(part));
  const parts = Object.keys(scope).filter(isNeeded) as (keyof ExpressionScope)[];
  const named = mayMeanAll ? null : namedNodes(expressions);
  const partOf = (part: keyof ExpressionScope) =>
    part === 'nodes' && named !== null ? pick(scope.nodes, named) : scope[part];
  return Object.fromEntries(parts.map((part) => [part, partOf(part)]));
}

/** With a name after it, or one in backticks, up to where that surely ends. */
const NODES = /nodes(?:\.(?:([A-Za-z_]\w*)|`([^`]*)`)(?=$|[\s.,;:?!()[\]{}<>=&|+/^~@#-]))?/g;

/**
 * The nodes that expressions name, where that is all that they do with `nodes`: in a long workflow all outputs
 * together are large, and to copy them for each node would cost the square of its length. Null where they may mean others.
 */
function namedNodes(expressions: readonly string[]): string[] | null {
  const keys: string[] = [];
  for (const expression of expressions) {
    if (expression.includes('$eval')) return null;
    for (const [, name, quoted] of expression.matchAll(NODES)) {
      const key = name ?? quoted;
      if (key === undefined) return null;
      keys.push(key);
    }
  }
  return keys;
}

/** All of them where one is missing: an error then lists what is there. */
function pick<T>(nodes: Readonly<Record<string, T>>, keys: readonly string[]): Readonly<Record<string, T>> {
  if (!keys.every((key) => Object.hasOwn(nodes, key))) return nodes;
  return Object.fromEntries(keys.map((key) => [key, nodes[key]!]));
}

function failure(expression: string, { message, position }: EvaluationError): NodeFailure {
  const where = position === null ? '' : ` (at character ${position})`;
  return new NodeFailure({
    code: 'EXPRESSION_ERROR',
    message: `The expression \`${expression.length > 120 ? `${expression.slice(0, 120)}…` : expression}\` failed: ${message}${where}`,
  });
}
