import type { Evaluator } from '../expressions/evaluator.ts';
import { EvaluationError } from '../expressions/limits.ts';
import type { ExpressionScope } from './definition.ts';
import { NodeFailure } from './definition.ts';

/** JSONata, the expression language of templates, conditions and transforms. */
export interface Expressions {
  /** @throws NodeFailure EXPRESSION_ERROR with what JSONata says and where, or the signal's reason once it aborts */
  evaluate(expression: string, scope: ExpressionScope, signal: AbortSignal): Promise<unknown>;
  /** The same for several over one scope, in order; they have the limits of one together. */
  evaluateAll(
    expressions: readonly string[],
    scope: ExpressionScope,
    signal: AbortSignal,
  ): Promise<unknown[]>;
}

export function makeExpressions(evaluator: Evaluator): Expressions {
  const evaluateAll: Expressions['evaluateAll'] = async (expressions, scope, signal) => {
    const by = { asker: scope.execution.id, signal };
    try {
      return await evaluator.evaluate(expressions, neededScope(expressions, scope), by);
    } catch (error) {
      throw error instanceof EvaluationError ? failure(expressions[error.index]!, error) : error;
    }
  };
  return {
    evaluateAll,
    evaluate: async (expression, scope, signal) => (await evaluateAll([expression], scope, signal))[0],
  };
}

/** Only what the expressions speak of is copied to the evaluator: each may be large. */
function neededScope(expressions: readonly string[], scope: ExpressionScope): Partial<ExpressionScope> {
  const mayMeanAll = expressions.some((expression) => /\$(?![A-Za-z_])|\*|%/.test(expression));
  if (mayMeanAll) return scope;
  const isNamed = (part: string) => expressions.some((expression) => expression.includes(part));
  return Object.fromEntries(Object.entries(scope).filter(([part]) => isNamed(part)));
}

function failure(expression: string, { message, position }: EvaluationError): NodeFailure {
  const where = position === null ? '' : ` (at character ${position})`;
  return new NodeFailure({
    code: 'EXPRESSION_ERROR',
    message: `The expression \`${expression.length > 120 ? `${expression.slice(0, 120)}…` : expression}\` failed: ${message}${where}`,
  });
}
