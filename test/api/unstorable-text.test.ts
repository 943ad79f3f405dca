import {
  buildClientSchema,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getIntrospectionQuery,
  getNamedType,
  type IntrospectionQuery,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

/** What no text column holds: a NUL, and half of a surrogate pair. */
const UNSTORABLE = ['a\u0000b', '\ud800'];

const stack = new AsyncDisposableStack();
let weft: WeftClient;
let places: Place[];
const started: string[] = [];

beforeAll(async () => {
  const { url } = stack.use(await createDatabase());
  weft = stack.use(new WeftClient(stack.use(await startWeft({ databaseUrl: url })).url));
  const schema = buildClientSchema(await weft.query<IntrospectionQuery>(getIntrospectionQuery()));
  const workflowId = await weft.createWorkflow({ nodes: [{ key: 'in', type: 'input' }] });
  const executionId = await weft.start(workflowId);
  await weft.allEvents(executionId);
  places = placesOf(schema, { workflowId, executionId });
});
afterAll(() => stack.disposeAsync());

test('text that no database can hold, in every place of every operation, is refused, or comes back as JSON', async () => {
  expect(places.length).toBeGreaterThan(80);
  const lanes = Array.from({ length: 8 }, async (_, lane) => {
    for (let n = lane; n < places.length; n += 8) await expectRightAnswer(places[n]!);
  });
  await Promise.all(lanes);
});

async function expectRightAnswer(place: Place): Promise<void> {
  const { what, operation, query, variables, mustBeRefused } = place;
  const { errors, data } = await resultOf(operation, query, variables);
  expect({ what, errors }).toEqual({
    what,
    errors: mustBeRefused
      ? [expect.objectContaining({ extensions: expect.objectContaining({ code: 'BAD_USER_INPUT' }) })]
      : undefined,
  });
  const execution = (Object.values(data ?? {})[0] as { execution?: { id: string } | null })?.execution;
  if (execution) started.push(execution.id);
}

test('and each execution that was started by one of them has an end', async () => {
  expect(started.length).toBeGreaterThan(0);
  for (const id of new Set(started))
    expect((await weft.allEvents(id)).at(-1)!.__typename).toMatch(/^Execution(Succeeded|Failed)$/);
});

test.each(['"a\\u0000b"', '"\\ud800"', '"""a\u0000b"""'])('the literal %s is refused', async (literal) => {
  await expect(weft.query(`{ workflow(id: ${literal}) { id } }`)).rejects.toThrow(
    /BAD_USER_INPUT|GRAPHQL_(PARSE|VALIDATION)_FAILED/,
  );
});

test('a whole surrogate pair is text as any other', async () => {
  const name = 'report 😀';
  const { workflowCreate } = await weft.query<{ workflowCreate: { workflow: object } }>(
    'mutation ($name: String!) { workflowCreate(input: { name: $name, nodes: [{ key: "in", type: "input" }] }) { workflow { name } } }',
    { name },
  );
  expect(workflowCreate.workflow).toEqual({ name });
});

interface Place {
  what: string;
  operation: 'query' | 'mutation' | 'subscription';
  query: string;
  variables: object;
  mustBeRefused: boolean;
}

interface Result {
  data?: object | null;
  errors?: { extensions?: { code?: string } }[];
}

async function resultOf(operation: Place['operation'], query: string, variables: object): Promise<Result> {
  if (operation !== 'subscription') {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ query, variables });
    return (await (await fetch(weft.url, { method: 'POST', headers, body })).json()) as Result;
  }
  const subscription = weft.subscribe(query, variables);
  try {
    return (await subscription.next()).value as Result;
  } catch (errors) {
    return { errors: errors as NonNullable<Result['errors']> };
  }
}

type Field = GraphQLField<unknown, unknown>;
type Ids = { workflowId: string; executionId: string };

/** Every argument, and every field of an input, that can hold text, each with each unstorable text. */
function placesOf(schema: GraphQLSchema, ids: Ids): Place[] {
  return Object.values(schema.getTypeMap())
    .filter((type) => isObjectType(type))
    .filter(({ name }) => !name.startsWith('__'))
    .flatMap((type) => Object.values(type.getFields()).map((field) => ({ type, field })))
    .filter(({ field }) => field.args.length > 0)
    .flatMap(({ type, field }) => {
      const path = pathTo(schema, type, ids);
      return field.args.flatMap((arg) =>
        spoilt(arg, sampleOf(arg, ids, field), ids).map(({ at, value, kind }): Place => {
          const others = field.args.filter((other) => other !== arg && isNonNullType(other.type));
          const given = [`${arg.name}: $spoilt`, ...others.map((other) => literal(other, ids, field))];
          const inner = `${field.name}(${given.join(', ')}) ${selectionOf(field.type)}`;
          return {
            what: `${type.name}.${field.name} ${at}`,
            operation: path.operation,
            query: `${path.operation} ($spoilt: ${arg.type}) ${path.wrap(inner)}`,
            variables: { spoilt: value },
            mustBeRefused: kind !== 'JSON',
          };
        }),
      );
    });
}

/** The value with one of its texts replaced, for each text and each replacement. */
function spoilt(
  { name, type }: { name: string; type: GraphQLInputType },
  value: unknown,
  ids: Ids,
): { at: string; value: unknown; kind: string }[] {
  if (isNonNullType(type)) return spoilt({ name, type: type.ofType }, value, ids);
  if (isListType(type)) {
    const [first, ...rest] = value as unknown[];
    return spoilt({ name: `${name}[]`, type: type.ofType }, first, ids).map((one) => ({
      ...one,
      value: [one.value, ...rest],
    }));
  }
  if (isInputObjectType(type)) {
    return Object.values(type.getFields()).flatMap((field) => {
      const whole = value as Record<string, unknown>;
      const inner = whole[field.name] ?? sampleOf(field, ids);
      return spoilt({ ...field, name: `${name}.${field.name}` }, inner, ids).map((one) => ({
        ...one,
        value: { ...whole, [field.name]: one.value },
      }));
    });
  }
  const kind = isEnumType(type) ? 'enum' : type.name;
  if (kind === 'JSON')
    return spoiltJson(name).map((json, n) => ({ at: `${name} (${n})`, value: json, kind }));
  if (!['enum', 'String', 'ID', 'DateTime'].includes(kind)) return [];
  return UNSTORABLE.map((text, n) => ({ at: `${name} (${n})`, value: text, kind }));
}

/** As a value, as a key, deep inside, and where it has a meaning to a node or to a schema. */
function spoiltJson(name: string): unknown[] {
  return UNSTORABLE.flatMap((text): unknown[] => {
    if (name.endsWith('.config')) return [{ code: `result = "${text}"` }, { code: '1', [text]: text }];
    const anything = [{ [text]: [{ [text]: text }] }];
    if (!name.endsWith('Schema')) return [text, ...anything];
    return [{ title: text }, { properties: { [text]: { const: text } } }, { pattern: text }, ...anything];
  });
}

/** A field or an argument's valid value, with every text in it that the type can have. */
function sampleOf(
  { name, type }: Pick<GraphQLArgument | GraphQLInputField, 'name' | 'type'>,
  ids: Ids,
  of?: Field,
): unknown {
  if (isNonNullType(type)) return sampleOf({ name, type: type.ofType }, ids, of);
  if (isListType(type)) return [sampleOf({ name, type: type.ofType }, ids, of)];
  if (isEnumType(type)) return type.getValues()[0]!.name;
  if (isInputObjectType(type)) {
    if (type.name === 'WorkflowInput') return workflow;
    const required = Object.values(type.getFields()).filter((field) => isNonNullType(field.type));
    return Object.fromEntries(required.map((field) => [field.name, sampleOf(field, ids)]));
  }
  switch (type.name) {
    case 'Int':
    case 'Float':
      return 1;
    case 'Boolean':
      return true;
    case 'JSON':
      return {};
    case 'DateTime':
      return '2026-11-23T09:41:00Z';
    case 'ID':
      return idFor(name, ids, of);
    default:
      return name === 'code' ? 'result = 1' : 'x';
  }
}

function idFor(name: string, ids: Ids, of?: Field): string {
  if (name !== 'id') return ids[name as keyof Ids] ?? ids.executionId;
  return /workflow/.test(of?.name ?? '') ? ids.workflowId : ids.executionId;
}

const workflow = {
  name: 'w',
  nodes: [
    { key: 'a', type: 'python', config: { code: '1' }, retry: {}, forEach: { items: '[1]' } },
    { key: 'b', type: 'output' },
  ],
  edges: [{ source: 'a', target: 'b' }],
};

function literal(arg: GraphQLArgument, ids: Ids, field: Field): string {
  const value = sampleOf(arg, ids, field);
  if (isEnumType(getNamedType(arg.type))) return `${arg.name}: ${value}`;
  return `${arg.name}: ${JSON.stringify(value).replace(/"(\w+)":/g, '$1:')}`;
}

function selectionOf(type: GraphQLOutputType): string {
  const named = getNamedType(type);
  if (!('getFields' in named)) return '';
  const names = Object.keys(named.getFields());
  return `{ __typename ${names.includes('execution') ? 'execution { id }' : ''} }`;
}

/** How an operation reaches the fields of a type: as a root, or over one of the root's fields. */
function pathTo(schema: GraphQLSchema, type: GraphQLObjectType, ids: Ids) {
  const roots = {
    query: schema.getQueryType(),
    mutation: schema.getMutationType(),
    subscription: schema.getSubscriptionType(),
  };
  for (const [operation, root] of Object.entries(roots)) {
    if (root === type)
      return { operation: operation as Place['operation'], wrap: (inner: string) => `{ ${inner} }` };
  }
  const over = Object.values(schema.getQueryType()!.getFields()).find(
    (field) => getNamedType(field.type) === type,
  );
  if (over === undefined) throw new Error(`Expected a field of Query that leads to ${type.name}`);
  const args = over.args.filter((arg) => isNonNullType(arg.type)).map((arg) => literal(arg, ids, over));
  return {
    operation: 'query' as const,
    wrap: (inner: string) => `{ ${over.name}${args.length > 0 ? `(${args.join(', ')})` : ''} { ${inner} } }`,
  };
}
