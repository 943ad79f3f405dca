import {
  type GraphQLOutputType,
  type GraphQLSchema,
  getNullableType,
  isListType,
  isObjectType,
} from 'graphql';
import type { ExecutionExport } from '../../use-cases/export.ts';
import { toEvent } from '../execution-event/execution-event.mapper.ts';
import { durationMs } from './execution.mapper.ts';

/** The document, with its execution and events in the shape of all other operations: every field is present, if only as null. */
export function toExport(whole: ExecutionExport | null, schema: GraphQLSchema): object | null {
  if (whole === null) return null;
  const { retryOf, ...execution } = whole.execution;
  return {
    ...whole,
    execution: { ...execution, retryOfId: retryOf, durationMs: durationMs(execution) },
    events: whole.events.map((event) => ({
      type: event.type,
      ...(complete(schema.getType(event.type) as GraphQLOutputType, toEvent(event)) as object),
    })),
  };
}

/** The value with the fields of its type and no others; those that a resolver makes are left out. */
function complete(type: GraphQLOutputType, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  const plain = getNullableType(type);
  if (isListType(plain)) return (value as unknown[]).map((each) => complete(plain.ofType, each));
  if (!isObjectType(plain)) return value;
  const fields = Object.values(plain.getFields()).filter(({ resolve }) => resolve === undefined);
  return Object.fromEntries(
    fields.map((field) => [field.name, complete(field.type, (value as Record<string, unknown>)[field.name])]),
  );
}
