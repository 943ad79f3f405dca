import type { Evaluator } from '../shared/evaluator/evaluator.ts';
import { EvaluationError } from '../shared/evaluator/limits.ts';
import type { ExpressionScope } from './definition.ts';
import { NodeFailure } from './definition.ts';

/** JSONata, the expression language of templates, conditions and transforms. */
export interface Expressions {
  /** @throws NodeFailure EXPRESSION_ERROR with what JSONata says and where */
  evaluate(expression: string, scope: ExpressionScope): Promise<unknown>;
}

export function makeExpressions(evaluator: Evaluator): Expressions {
  return {
    async evaluate(expression, scope) {
      try {
        return await evaluator.evaluate(expression, neededScope(expression, scope));
      } catch (error) {
        throw error instanceof EvaluationError ? failure(expression, error) : error;
      }
    },
  };
}

/** Outputs of other nodes are copied to the evaluator only when the expression speaks of them. */
function neededScope(expression: string, scope: ExpressionScope): Partial<ExpressionScope> {
  const { nodes, ...rest } = scope;
  if (!/nodes|\$\$|\*|%/.test(expression)) return rest;
  return scope;
}

function failure(expression: string, { message, position }: EvaluationError): NodeFailure {
  const where = position === null ? '' : ` (at character ${position})`;
  return new NodeFailure({
    code: 'EXPRESSION_ERROR',
    message: `The expression \`${expression.length > 120 ? `${expression.slice(0, 120)}…` : expression}\` failed: ${message}${where}`,
  });
}
