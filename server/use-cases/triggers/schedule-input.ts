import type { Evaluator } from '../../expressions/evaluator.ts';
import { EvaluationError } from '../../expressions/limits.ts';
import { expressionsIn, isUnclosed, render, templatedTexts } from '../../nodes/template.ts';
import { preview } from '../../shared/describe-value.ts';
import type { UserError } from '../types.ts';
import { analyzeAll } from '../validate-expressions.ts';
import type { ScheduleInput } from './schedule.ts';

/** What can be in the templates of an input. */
const NAMES = ['scheduledAt', 'schedule'];

/** What would come of templates that are no errors: the text as it stands, or nothing. */
export async function templateErrors(evaluator: Evaluator, input: unknown): Promise<UserError[]> {
  const texts = templatedTexts(input ?? null, []).map(({ text }) => text);
  const error = (code: string, message: string): UserError => ({ code, field: 'input', message });
  const unclosed = texts.find(isUnclosed);
  if (unclosed !== undefined)
    return [
      error(
        'INVALID_EXPRESSION',
        `A template begins with {{ and does not end with }}: ${preview(unclosed)}.`,
      ),
    ];
  const analyses = await analyzeAll(texts.flatMap(expressionsIn), evaluator);
  if (analyses instanceof EvaluationError) return []; // which their evaluation reports
  const names = [...analyses.values()].flatMap(({ references }) => references.map(([name]) => String(name)));
  return [...new Set(names)]
    .filter((name) => !NAMES.includes(name))
    .map((name) =>
      error('UNKNOWN_REFERENCE', `\`${name}\` is nothing here: expected \`scheduledAt\` or \`schedule\`.`),
    );
}

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
