import jsonata from 'jsonata';
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

/** The syntax error of an expression, or null; also where there is no expression. */
export function expressionProblem(expression: string | undefined): string | null {
  if (expression === undefined) return null;
  try {
    jsonata(expression);
    return null;
  } catch (error) {
    if (/^\s*\{\{.*\}\}\s*$/s.test(expression))
      return 'This field is an expression already: leave out the {{ and }} around it.';
    const { message, position } = error as { message?: string; position?: number };
    return `${message ?? String(error)}${position === undefined ? '' : ` (at character ${position})`}`;
  }
}

/**
 * The keys of the nodes whose output an expression asks for, where it does so in plain words: `nodes.<key>`. None of
 * an expression that does not parse.
 */
export function nodesNamedIn(expression: string): string[] {
  try {
    return namedNodes(jsonata(expression).ast());
  } catch {
    return [];
  }
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
