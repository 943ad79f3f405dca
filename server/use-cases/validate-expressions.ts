import type { Evaluator } from '../expressions/evaluator.ts';
import { EvaluationError } from '../expressions/limits.ts';
import type { UserError } from './types.ts';

export interface PlacedExpression {
  /** Such as `nodes.2.config.condition`. */
  field: string;
  expression: string;
  /** The node it belongs to. */
  nodeKey: string;
}

export interface Graph {
  keys: ReadonlySet<string>;
  /** The nodes whose edges lead to this one. */
  ancestors: (key: string) => ReadonlySet<string>;
}

/**
 * What is wrong with expressions: those that do not parse, and those that ask for the output of a node that is not
 * there, or that need not have run before, which would find nothing, in silence.
 */
export async function validateExpressions(
  placed: readonly PlacedExpression[],
  graph: Graph,
  evaluator: Evaluator,
): Promise<UserError[]> {
  const analyses = await evaluator.analyze(placed.map(({ expression }) => expression)).catch(toError);
  if (analyses instanceof EvaluationError)
    return [
      {
        code: 'INVALID_EXPRESSION',
        field: null,
        message: `Its expressions cannot be checked: ${analyses.message}.`,
      },
    ];
  return analyses.flatMap(({ problem, nodes }, index) => {
    const { field, nodeKey } = placed[index]!;
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

function toError(error: unknown): EvaluationError {
  if (error instanceof EvaluationError) return error;
  throw error;
}

function expected(before: ReadonlySet<string>): string {
  if (before.size === 0) return 'expected none, since no edge leads here';
  return `expected one of ${[...before].slice(0, 20).join(', ')}`;
}
