import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  execute,
  type GraphQLAbstractType,
  type GraphQLEnumType,
  type GraphQLNamedOutputType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  parse,
  validate,
} from 'graphql';
import { buildSchema } from '../../../server/graphql/build-schema.ts';
import { toEventBatch } from '../../../server/graphql/execution-event/execution-event.mapper.ts';
import { compileAnswer } from '../../../server/graphql/transport/answer-writer.ts';
import type { JournalEvent } from '../../../server/journal/event.ts';
import { projectRoot } from '../../../server/shared/paths.ts';

let schema: GraphQLSchema;
beforeAll(async () => {
  schema = await buildSchema();
});

/** What graphql-js answers; its text is null where it has errors. */
function answers(
  source: string,
  payload: unknown,
  variables: Record<string, unknown>,
  operationName?: string,
) {
  const document = parse(source);
  const args = { schema, document, variableValues: variables, operationName: operationName ?? null };
  const result = execute({ ...args, rootValue: payload }) as { data?: unknown; errors?: unknown };
  const expected = result.errors === undefined ? JSON.stringify(result.data) : null;
  return { expected, errors: result.errors, text: compileAnswer(args)?.(payload) ?? null };
}

test('for random selections of random events the answer is that of graphql-js, and there is one where all is right', () => {
  const seen = { written: 0, left: 0 };
  fc.assert(
    fc.property(fc.gen(), fc.boolean(), fc.boolean(), (generate, isBroken, yes) => {
      const source = documentOf(generate);
      expect(validate(schema, parse(source))).toEqual([]);
      const batch = randomBatch(generate, isBroken);
      const { expected, text } = answers(source, { executionEvents: batch }, { executionId: 'exec_1', yes });
      if (text !== null || !isBroken) expect(text).toBe(expected);
      seen[text === null ? 'left' : 'written'] += 1;
    }),
    { numRuns: 100 },
  );
  expect(seen.written).toBeGreaterThan(30);
  expect(seen.left).toBeGreaterThan(0);
});

test('events of every type are written with the document of the SDK', () => {
  const source = readFileSync(join(projectRoot, 'schema/operations/execution-events.graphql'), 'utf8');
  fc.assert(
    fc.property(fc.gen(), (generate) => {
      const batch = randomBatch(generate, false);
      const payload = { executionEvents: batch };
      const { expected, text, errors } = answers(
        source,
        payload,
        { executionId: 'exec_1' },
        'ExecutionEvents',
      );
      expect(errors).toBeUndefined();
      expect(text).toBe(expected);
    }),
    { numRuns: 100 },
  );
});

test('a violation of a release before severities and counts has them', () => {
  const event = {
    type: 'SecurityViolation',
    executionId: 'exec_1',
    sequence: 3,
    occurredAt: new Date(0),
    nodeKey: 'a',
    attempt: 1,
    violation: { layer: 'KERNEL' },
  } as JournalEvent;
  const { text } = answers(
    'subscription { executionEvents(executionId: "exec_1") { events { ... on SecurityViolation { severity count } } } }',
    { executionEvents: toEventBatch('exec_1', { events: [event], endSequence: 3, caughtUp: true }) },
    {},
  );
  expect(text).toBe('{"executionEvents":{"events":[{"severity":"HIGH","count":1}]}}');
});

test('an answer that begins with a resolver, or has one, is left to graphql-js', () => {
  const args = { schema, variableValues: {} };
  const updates = parse('subscription { executionUpdates { id } }');
  expect(compileAnswer({ ...args, document: updates })).toBeNull();
  const resolved = parse(
    'subscription { executionEvents(executionId: "e") { events { ... on SecurityViolation { principal } } } }',
  );
  const write = compileAnswer({ ...args, document: resolved })!;
  expect(write({ executionEvents: { events: [{ type: 'NodeStarted' }] } })).toBe(
    '{"executionEvents":{"events":[{}]}}',
  );
  expect(write({ executionEvents: { events: [{ type: 'SecurityViolation' }] } })).toBeNull();
});

function randomBatch(generate: Generate, isBroken: boolean): unknown {
  return presentOf(generate, schema.getType('ExecutionEventBatch') as GraphQLObjectType, isBroken);
}

type Generate = fc.GeneratorValue;

// `generate` keeps what these make, each for its arguments; to make it for each value takes most of the time.
const directives = () =>
  fc.constantFrom(' @include(if: $yes)', ' @skip(if: $yes)', ' @include(if: true)', ' @skip(if: true)');
const wrongValues = () => fc.constantFrom<unknown[]>(...WRONG);
const possibleTypes = (name: string) =>
  fc.constantFrom(...schema.getPossibleTypes(schema.getType(name) as GraphQLAbstractType));
const enumValues = (name: string) =>
  fc.constantFrom<unknown[]>(
    ...(schema.getType(name) as GraphQLEnumType).getValues().map(({ value }) => value),
  );

/** A subscription with aliases, fragments in fragments, type conditions and directives. */
function documentOf(generate: Generate): string {
  const fragments: string[] = [];
  let names = 0;
  const chance = (percent: number) => generate(fc.nat, { max: 99 }) < percent;
  const directive = () => (chance(85) ? '' : generate(directives));

  function selectionOf(type: GraphQLNamedOutputType, depth: number): string {
    const parts = [chance(40) ? `${chance(50) ? 'kind: ' : ''}__typename${directive()}` : '__typename'];
    if ('getFields' in type) {
      for (const field of Object.values(type.getFields())) {
        if (isResolved(type, field.name) || !chance(50)) continue;
        const alias = chance(20) ? `a${names++}: ` : '';
        const named = namedTypeOf(field.type);
        const inner = isCompositeType(named) ? ` ${selectionOf(named, depth + 1)}` : '';
        // Under its own name a field may be selected again, in another fragment.
        parts.push(`${alias}${field.name}${directive()}${inner}`);
      }
    }
    for (const possible of depth > 4 ? [] : conditionsOf(type)) {
      if (!chance(25)) continue;
      const body = selectionOf(possible, depth + 2);
      if (chance(50)) parts.push(`... on ${possible.name}${directive()} ${body}`);
      else {
        const name = `F${names++}`;
        fragments.push(`fragment ${name} on ${possible.name} ${body}`);
        parts.push(`...${name}${directive()}`);
      }
    }
    return `{ ${parts.join(' ')} }`;
  }

  const batch = selectionOf(schema.getType('ExecutionEventBatch') as GraphQLObjectType, 0);
  const alias = chance(20) ? 'live: ' : '';
  // Both variables are used in any case.
  return `subscription ($executionId: ID!, $yes: Boolean!) { ${alias}executionEvents(executionId: $executionId) { caughtUp @skip(if: $yes) ...All } }
    fragment All on ExecutionEventBatch ${batch} ${fragments.join('\n')}`;
}

function conditionsOf(type: GraphQLNamedOutputType): GraphQLNamedOutputType[] {
  return isAbstractType(type) ? [...schema.getPossibleTypes(type)] : [];
}

/** A value for a type; a broken one has what its type does not allow, here and there. */
function randomValue(generate: Generate, type: GraphQLOutputType, isBroken: boolean): unknown {
  if (isBroken && generate(fc.nat, { max: 29 }) === 0) return generate(wrongValues);
  if (isNonNullType(type)) return presentOf(generate, type.ofType, isBroken);
  const absent = generate(fc.nat, { max: 4 });
  return absent === 0 ? null : absent === 1 ? undefined : presentOf(generate, type, isBroken);
}

const WRONG = [
  null,
  undefined,
  1.5,
  -0,
  Number.NaN,
  2 ** 40,
  'text',
  {},
  [],
  true,
  () => 1,
  new Error('no'),
  new Date(Number.NaN),
  10n,
];

function presentOf(generate: Generate, type: GraphQLOutputType, isBroken: boolean): unknown {
  if (isListType(type))
    return Array.from({ length: generate(fc.nat, { max: 3 }) }, () =>
      randomValue(generate, type.ofType, isBroken),
    );
  if (isAbstractType(type)) {
    return presentOf(generate, generate(possibleTypes, type.name), isBroken);
  }
  if (isObjectType(type)) {
    const fields = Object.values(type.getFields()).filter(({ name }) => !isResolved(type, name));
    const entries = fields.map((field) => [field.name, randomValue(generate, field.type, isBroken)]);
    return { ...Object.fromEntries(entries), ...(isEvent(type) ? { type: type.name } : {}) };
  }
  if (isEnumType(type)) return generate(enumValues, type.name);
  return generate(scalars[String(type)]!);
}

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\ud800', '"\\\n\u2028\u0000', 'é🎬'),
);
const text = () => anyText;
const scalars: Record<string, () => fc.Arbitrary<unknown>> = {
  String: text,
  ID: text,
  Int: () => fc.integer(),
  Float: () => fc.double({ noNaN: true, noDefaultInfinity: true }),
  Boolean: () => fc.boolean(),
  JSON: () => fc.jsonValue(),
  DateTime: () => fc.oneof(fc.date({ noInvalidDate: true }), fc.constant('2026-11-23T09:41:00.123Z')),
};

function isEvent(type: GraphQLObjectType): boolean {
  return type.getInterfaces().some(({ name }) => name === 'ExecutionEvent');
}

function isResolved(type: GraphQLNamedOutputType, field: string): boolean {
  return 'getFields' in type && (type as GraphQLObjectType).getFields()[field]?.resolve !== undefined;
}

function namedTypeOf(type: GraphQLOutputType): GraphQLNamedOutputType {
  return isListType(type) || isNonNullType(type) ? namedTypeOf(type.ofType) : type;
}
