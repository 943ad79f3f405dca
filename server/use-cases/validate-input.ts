import type { Evaluator } from '../expressions/evaluator.ts';
import { sentenceOf } from '../expressions/schema-error.ts';
import type { WorkflowDraft } from '../nodes/draft.ts';
import type { UserError } from './types.ts';

/** Where an execution's input does not fit the schema of its workflow. `owner` has its turn in the evaluator's queue. */
export async function inputErrors(
  evaluator: Evaluator,
  { inputSchema }: WorkflowDraft,
  input: unknown,
  owner: string,
): Promise<UserError[]> {
  const found = await evaluator.findSchemaErrors(inputSchema, input, { owner, isBounded: true });
  return found.map((error) => ({
    code: 'INVALID_INPUT',
    field: ['input', ...error.path].join('.'),
    message: `${sentenceOf(error, { root: 'The input', by: 'title' })}.`,
  }));
}
