import type { EventBody, NodeError } from '../journal/event.ts';
import { NodeFailure } from '../nodes/definition.ts';
import type { Evaluator } from '../shared/evaluator/evaluator.ts';
import type { Misfit } from '../shared/evaluator/json-schema.ts';
import type { Plan } from './plan.ts';

/** The end of an execution. Clients rely on `outputSchema` for their types, so an output that does not fit it is a failure. */
export async function checkOutput(
  end: EventBody,
  { outputSchema }: Plan,
  evaluator: Evaluator,
): Promise<EventBody> {
  if (end.type !== 'ExecutionSucceeded') return end;
  const misfits = await evaluator.findMisfits(outputSchema, end.output);
  return misfits.length === 0 ? end : { type: 'ExecutionFailed', error: outputInvalid(misfits) };
}

function outputInvalid(misfits: readonly Misfit[]): NodeError {
  const told = misfits.slice(0, 5).map(({ message }) => message);
  const { error } = new NodeFailure({
    code: 'OUTPUT_INVALID',
    message: `The output does not fit the workflow's outputSchema: ${told.join('; ')}. Change the nodes that give it, or the schema.`,
  });
  return { ...error, nodeKey: null };
}
