import { beforeAll, expect, test } from '@jest/globals';
import type {
  GraphQLArgument,
  GraphQLField,
  GraphQLInputField,
  GraphQLInterfaceType,
  GraphQLNamedType,
  GraphQLObjectType,
  GraphQLSchema,
} from 'graphql';
import { buildSchema } from '../../../server/graphql/build-schema.ts';
import { ExecutionEventType } from '../../../server/graphql/execution-event/execution-event.enums.ts';
import { typeNameOfEvent } from '../../../server/graphql/execution-event/execution-event.mapper.ts';
import { eventTypes, type JournalEvent } from '../../../server/journal/event.ts';

let schema: GraphQLSchema;
beforeAll(async () => {
  schema = await buildSchema();
});

test('every type, field and argument is described', () => {
  const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'));
  expect(types.flatMap(undescribed)).toEqual([]);
});

test('every event of the journal has a GraphQL type, and a name to filter by', () => {
  const names = eventTypes.map((type) => typeNameOfEvent({ type } as JournalEvent));
  expect(
    typesOfEvents()
      .map(({ name }) => name)
      .sort(),
  ).toEqual(names.sort());
  expect(Object.values(ExecutionEventType).sort()).toEqual([...eventTypes].sort());
});

test('the fields of events have no resolvers of their own: a subscriber reads them by the hundred thousand', () => {
  // A violation is rare, and has a field for its execution.
  const frequent = typesOfEvents().filter(({ name }) => name !== 'SecurityViolation');
  for (const field of frequent.flatMap((type) => Object.values(type.getFields()))) {
    expect(field.resolve).toBeUndefined();
  }
});

function typesOfEvents(): readonly GraphQLObjectType[] {
  return schema.getImplementations(schema.getType('ExecutionEvent') as GraphQLInterfaceType).objects;
}

function undescribed(type: GraphQLNamedType): string[] {
  const parts = [type, ...fieldsOf(type), ...fieldsOf(type).flatMap(argsOf)];
  return parts.filter((part) => !part.description).map(({ name }) => `${type.name}: ${name}`);
}

function fieldsOf(type: GraphQLNamedType): readonly (GraphQLField<unknown, unknown> | GraphQLInputField)[] {
  return 'getFields' in type ? Object.values(type.getFields()) : [];
}

function argsOf(field: GraphQLField<unknown, unknown> | GraphQLInputField): readonly GraphQLArgument[] {
  return 'args' in field ? field.args : [];
}
