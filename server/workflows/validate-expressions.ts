import type { Evaluator } from '../shared/evaluator/evaluator.ts';
import { EvaluationError } from '../shared/evaluator/limits.ts';
import type { UserError } from './types.ts';

export interface PlacedExpression {
  /** Such as `nodes.2.config.condition`. */
  field: string;
  expression: string;
}

/**
 * What is wrong with expressions: those that do not parse, and those that ask for the output of a node whose key is
 * not among `keys`, which would find nothing, in silence.
 */
export async function validateExpressions(
  placed: readonly PlacedExpression[],
  keys: ReadonlySet<string>,
  evaluator: Evaluator,
): Promise<UserError[]> {
  const readings = await evaluator.read(placed.map(({ expression }) => expression)).catch(toError);
  if (readings instanceof EvaluationError)
    return [
      {
        code: 'INVALID_EXPRESSION',
        field: null,
        message: `Its expressions cannot be checked: ${readings.message}.`,
      },
    ];
  return readings.flatMap(({ problem, nodes }, index) => {
    const { field } = placed[index]!;
    if (problem !== null) return [{ code: 'INVALID_EXPRESSION', field, message: problem }];
    return nodes
      .filter((key) => !keys.has(key))
      .map((key) => ({ code: 'UNKNOWN_REFERENCE', field, message: noSuchNode(key, keys) }));
  });
}

function toError(error: unknown): EvaluationError {
  if (error instanceof EvaluationError) return error;
  throw error;
}

function noSuchNode(key: string, keys: ReadonlySet<string>): string {
  const some = [...keys].slice(0, 20).join(', ');
  return `\`nodes.${key}\` is the output of no node of this workflow: expected one of ${some}.`;
}
