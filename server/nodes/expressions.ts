import type { Evaluator } from '../shared/evaluator/evaluator.ts';
import { EvaluationError } from '../shared/evaluator/limits.ts';
import type { ExpressionScope } from './definition.ts';
import { NodeFailure } from './definition.ts';

/** JSONata, the expression language of templates, conditions and transforms. */
export interface Expressions {
  /** @throws NodeFailure EXPRESSION_ERROR with what JSONata says and where, or the signal's reason once it aborts */
  evaluate(expression: string, scope: ExpressionScope, signal: AbortSignal): Promise<unknown>;
}

export function makeExpressions(evaluator: Evaluator): Expressions {
  return {
    async evaluate(expression, scope, signal) {
      try {
        return await evaluator.evaluate(expression, neededScope(expression, scope), signal);
      } catch (error) {
        throw error instanceof EvaluationError ? failure(expression, error) : error;
      }
    },
  };
}

/** Only what the expression speaks of is copied to the evaluator: each may be large. */
function neededScope(expression: string, scope: ExpressionScope): Partial<ExpressionScope> {
  const mayMeanAll = /\$(?![A-Za-z_])|\*|%/.test(expression);
  if (mayMeanAll) return scope;
  return Object.fromEntries(Object.entries(scope).filter(([name]) => expression.includes(name)));
}

function failure(expression: string, { message, position }: EvaluationError): NodeFailure {
  const where = position === null ? '' : ` (at character ${position})`;
  return new NodeFailure({
    code: 'EXPRESSION_ERROR',
    message: `The expression \`${expression.length > 120 ? `${expression.slice(0, 120)}…` : expression}\` failed: ${message}${where}`,
  });
}
