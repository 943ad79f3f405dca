import type { Evaluator } from '../../expressions/evaluator.ts';
import { EvaluationError } from '../../expressions/limits.ts';
import { render } from '../../nodes/template.ts';
import type { ScheduleInput } from './schedule.ts';

/**
 * The input of an execution for a time of a schedule. Its strings may hold templates over `scheduledAt`, in ISO 8601, and
 * `schedule`, with its `id` and `name`. @throws Error with the message of a template that fails
 */
export async function inputFor(
  evaluator: Evaluator,
  { id, name, input }: Pick<ScheduleInput, 'name' | 'input'> & { id: string },
  scheduledAt: Date,
): Promise<unknown> {
  const scope = { scheduledAt: scheduledAt.toISOString(), schedule: { id, name } };
  const by = { owner: id, signal: new AbortController().signal };
  const evaluateAll = async (expressions: readonly string[]) => {
    if (expressions.length === 0) return [];
    try {
      return (await evaluator.evaluate(expressions, scope, by)).map(({ value }) => value);
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      throw new Error(`The template \`{{ ${expressions[error.index]} }}\` failed: ${error.message}`, {
        cause: error,
      });
    }
  };
  return render(input ?? null, scope as never, evaluateAll);
}
