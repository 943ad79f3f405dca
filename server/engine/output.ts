import type { Evaluator } from '../expressions/evaluator.ts';
import { type SchemaError, sentenceOf } from '../expressions/schema-error.ts';
import type { EventBody, NodeError } from '../journal/event.ts';
import { NodeFailure } from '../nodes/definition.ts';
import type { Plan } from './plan.ts';
import { sizeProblem } from './value-limits.ts';
import type { ExecutionInfo } from './values.ts';

/** The end of an execution. Clients rely on `outputSchema` for their types, so an output that does not fit it is a failure. */
export async function checkOutput(
  end: EventBody,
  { outputSchema }: Plan,
  evaluator: Evaluator,
  { id, workflowId }: Pick<ExecutionInfo, 'id' | 'workflowId'>,
): Promise<EventBody> {
  if (end.type !== 'ExecutionSucceeded') return end;
  const tooLarge = sizeProblem('an output of the workflow', end.output);
  if (tooLarge !== null) return { type: 'ExecutionFailed', error: failure('VALUE_TOO_LARGE', tooLarge) };
  const schemaErrors = await evaluator.findSchemaErrors(outputSchema, end.output, {
    owner: workflowId ?? id,
    isBounded: false, // by the number of executions that a worker runs
  });
  return schemaErrors.length === 0 ? end : { type: 'ExecutionFailed', error: outputInvalid(schemaErrors) };
}

function outputInvalid(schemaErrors: readonly SchemaError[]): NodeError {
  // No field beside the message says where it is.
  const messages = schemaErrors.slice(0, 5).map((error) => sentenceOf(error, { root: 'it', by: 'path' }));
  return failure(
    'OUTPUT_INVALID',
    `The output does not fit the workflow's outputSchema: ${messages.join('; ')}. Change the nodes that emit it, or the schema.`,
  );
}

function failure(code: string, message: string): NodeError {
  return { ...new NodeFailure({ code, message }).error, nodeKey: null };
}
