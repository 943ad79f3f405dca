import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
} from 'graphql';

/** A root field of a schema, and an operation that selects it with arguments that are valid but name nothing. */
export interface AnyOperation {
  /** `Query.workflow` */
  name: string;
  kind: 'query' | 'mutation' | 'subscription';
  text: string;
}

export function operationsOf(schema: GraphQLSchema): AnyOperation[] {
  const roots = [
    ['query', schema.getQueryType()],
    ['mutation', schema.getMutationType()],
    ['subscription', schema.getSubscriptionType()],
  ] as const;
  return roots.flatMap(([kind, root]) =>
    Object.values((root as GraphQLObjectType).getFields()).map((field) => ({
      name: `${root!.name}.${field.name}`,
      kind,
      text: `${kind} { ${selectionOf(field)} }`,
    })),
  );
}

function selectionOf(field: GraphQLField<unknown, unknown>): string {
  const args = field.args
    .filter((arg) => isNonNullType(arg.type) && arg.defaultValue === undefined)
    .map((arg) => `${arg.name}: ${literalOf(arg.type)}`);
  const fields = isCompositeType(getNamedType(field.type)) ? ' { __typename }' : '';
  return `${field.name}${args.length > 0 ? `(${args.join(', ')})` : ''}${fields}`;
}

/** What arguments may name. */
export interface Names {
  ids: readonly string[];
  keys: readonly string[];
}

/**
 * For each root field, operations that name in turn each of these ids, and each of these keys, wherever the field takes
 * one, and that select all that there is down to a few levels.
 */
export function reachingOperationsOf(schema: GraphQLSchema, { ids, keys }: Names): AnyOperation[] {
  const values = [
    ...ids.map((id) => ({ ID: id, String: keys[0]! })),
    ...keys.map((key) => ({ ID: ids[0]!, String: key })),
  ].map((texts) => Object.fromEntries(Object.entries(texts).map(([type, text]) => [type, `"${text}"`])));
  return operationsOf(schema).flatMap(({ name, kind }) => {
    const [root, fieldName] = name.split('.') as [string, string];
    const field = (schema.getType(root) as GraphQLObjectType).getFields()[fieldName]!;
    const texts = new Set(
      values.flatMap((known) =>
        (['ID', 'KEY', 'NONE'] as const).flatMap((by) =>
          selectionsOf(schema, field.type, LEVELS[kind]).map((selection) => {
            const args = field.args.flatMap((arg) => namedOf(arg, known, by));
            return `${kind} { ${field.name}${args.length > 0 ? `(${args.join(', ')})` : ''}${selection} }`;
          }),
        ),
      ),
    );
    return [...texts].map((text) => ({ name, kind, text }));
  });
}

interface Named {
  name: string;
  type: GraphQLInputType;
  defaultValue?: unknown;
}

type By = 'ID' | 'KEY' | 'NONE';

/** What is required, and besides either what takes an id or what takes a key: two names of one thing are refused. */
function namedOf({ name, type, defaultValue }: Named, known: Record<string, string>, by: By): string[] {
  const isRequired = isNonNullType(type) && defaultValue === undefined;
  const named = getNamedType(type);
  const isName = by === 'ID' ? named.name === 'ID' : /key$/i.test(name) && named.name === 'String';
  const isInput = isInputObjectType(named) && /^(input|filter)$/.test(name);
  if (!isRequired && (by === 'NONE' || (!isName && !isInput))) return [];
  return [`${name}: ${knownLiteralOf(type, known, by)}`];
}

function knownLiteralOf(type: GraphQLInputType, known: Record<string, string>, by: By): string {
  if (isNonNullType(type)) return knownLiteralOf(type.ofType, known, by);
  if (isListType(type)) return `[${knownLiteralOf(type.ofType, known, by)}]`;
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).flatMap((field) => namedOf(field, known, by));
    return `{ ${fields.join(', ')} }`;
  }
  return known[type.name] ?? literalOf(type);
}

/** One for each type that the field may have. */
function selectionsOf(schema: GraphQLSchema, type: GraphQLOutputType, levels: number): string[] {
  const named = getNamedType(type);
  if (!isCompositeType(named)) return [''];
  if (!isAbstractType(named)) return [everythingOf(schema, named, levels)];
  return schema
    .getPossibleTypes(named)
    .map((possible) => `{ ... on ${possible.name} ${everythingOf(schema, possible, levels)} }`);
}

/** Of a connection: its nodes, and their fields. What a mutation answers is read by queries as well. */
const LEVELS = { query: 2, mutation: 1, subscription: 2 };

function everythingOf(schema: GraphQLSchema, type: GraphQLObjectType, levels: number): string {
  const fields = Object.values(type.getFields())
    .filter(({ args }) => args.every((arg) => !isNonNullType(arg.type) || arg.defaultValue !== undefined))
    .flatMap((field) => {
      const named = getNamedType(field.type);
      if (!isCompositeType(named)) return [field.name];
      if (levels === 0 || isAbstractType(named)) return [];
      return [`${field.name} ${everythingOf(schema, named as GraphQLObjectType, levels - 1)}`];
    });
  return `{ __typename ${fields.join(' ')} }`;
}

function literalOf(type: GraphQLInputType): string {
  if (isNonNullType(type)) return literalOf(type.ofType);
  if (isListType(type)) return `[${literalOf(type.ofType)}]`;
  if (isEnumType(type)) return type.getValues()[0]!.name;
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields()).filter(
      (field) => isNonNullType(field.type) && field.defaultValue === undefined,
    );
    return `{ ${fields.map((field) => `${field.name}: ${literalOf(field.type)}`).join(', ')} }`;
  }
  return { Int: '1', Float: '1', Boolean: 'true', DateTime: '"2030-01-01T00:00:00Z"' }[type.name] ?? '"x"';
}
