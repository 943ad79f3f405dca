import type { Analysis } from '../expressions/analyze-expression.ts';
import type { Evaluator } from '../expressions/evaluator.ts';
import { EvaluationError } from '../expressions/limits.ts';
import type { UserError } from './types.ts';

export interface PlacedExpression {
  /** Such as `nodes.2.config.condition`. */
  field: string;
  expression: string;
  /** The node it belongs to. */
  nodeKey: string;
  /** Whether it is evaluated once for each item of a node with `forEach`. */
  seesItem: boolean;
  /** Names that it sees beside those of the scope, of which nothing is known. */
  sees?: readonly string[];
  /** Whether it may be `secrets.NAME`. */
  seesSecrets?: boolean;
}

export interface Graph {
  keys: ReadonlySet<string>;
  /** The nodes whose edges lead to this one. */
  ancestors: (key: string) => ReadonlySet<string>;
}

/** What is wrong with expressions, without warnings. */
export async function validateExpressions(
  placed: readonly PlacedExpression[],
  graph: Graph,
  evaluator: Evaluator,
): Promise<UserError[]> {
  const analyses = await analyzeAll(
    placed.map(({ expression }) => expression),
    evaluator,
  );
  return analyses instanceof EvaluationError
    ? [notAnalyzed(analyses)]
    : expressionErrors(placed, analyses, graph);
}

/** Each of the expressions once; an EvaluationError where they exceed the evaluator's limits together. */
export async function analyzeAll(
  expressions: readonly string[],
  evaluator: Evaluator,
): Promise<ReadonlyMap<string, Analysis> | EvaluationError> {
  const unique = [...new Set(expressions)];
  try {
    const analyses = await evaluator.analyze(unique);
    return new Map(unique.map((expression, index) => [expression, analyses[index]!]));
  } catch (error) {
    if (error instanceof EvaluationError) return error;
    throw error;
  }
}

export function notAnalyzed({ message }: EvaluationError): UserError {
  return {
    code: 'INVALID_EXPRESSION',
    field: null,
    message: `Its expressions cannot be checked: ${message}.`,
  };
}

/**
 * Errors of expressions that do not parse, and of those that refer to the output of a node that does not exist or may
 * run later, which would be undefined.
 */
export function expressionErrors(
  placed: readonly PlacedExpression[],
  analyses: ReadonlyMap<string, Analysis>,
  graph: Graph,
): UserError[] {
  return placed.flatMap(({ field, expression, nodeKey }) => {
    const { problem, nodes } = analyses.get(expression)!;
    if (problem !== null) return [{ code: 'INVALID_EXPRESSION', field, message: problem }];
    if (nodes.length === 0) return [];
    const before = graph.ancestors(nodeKey);
    return nodes
      .filter((key) => !before.has(key))
      .map((key) => ({
        code: 'UNKNOWN_REFERENCE',
        field,
        message: graph.keys.has(key)
          ? `\`nodes.${key}\` may not have run before node \`${nodeKey}\`, as no edges lead from there to here: ${expected(before)}.`
          : `\`nodes.${key}\` is the output of no node of this workflow: ${expected(before)}.`,
      }));
  });
}

function expected(before: ReadonlySet<string>): string {
  if (before.size === 0) return 'expected none, since no edge leads here';
  return `expected one of ${[...before].slice(0, 20).join(', ')}`;
}
