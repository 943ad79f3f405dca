import {
  defaultFieldResolver,
  type ExecutionArgs,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLLeafType,
  type GraphQLList,
  type GraphQLNamedOutputType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNullableType,
  getOperationAST,
  getVariableValues,
  isAbstractType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  isSpecifiedScalarType,
  Kind,
} from 'graphql';
import { collectFields, collectSubfields } from 'graphql/execution/collectFields.js';

/**
 * Writes the `data` of one result of a subscription as JSON text, from the value that its source emitted. It gives null
 * where it does not know the answer to be what graphql-js answers; then graphql-js answers.
 */
export type AnswerWriter = (payload: unknown) => string | null;

/** Compiles one value of one type and selection. Throws for whatever is not plainly right, such as null for `Int!`. */
type Write = (value: unknown) => string;

/**
 * Compiles the selection of a subscription once, so that an event costs its own text and nothing else. graphql-js walks
 * the selection again for each event, builds an object of promises, paths and infos, and that becomes text afterwards.
 *
 * It covers fields without resolvers, which are read from their object. Which fields are selected, with fragments, type
 * conditions and directives, is answered by graphql-js itself (`collectFields`). All errors are its business as well.
 * Null for an operation whose answer begins with a resolver.
 */
export function compileAnswer(args: ExecutionArgs): AnswerWriter | null {
  const { schema, document, operationName, variableValues } = args;
  const operation = getOperationAST(document, operationName);
  const root = schema.getSubscriptionType();
  if (!operation || !root) return null;
  const variables = getVariableValues(schema, operation.variableDefinitions ?? [], variableValues ?? {});
  if (variables.coerced === undefined) return null;
  const fragments: Record<string, FragmentDefinitionNode> = Object.create(null);
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
  const scope: Scope = { schema, fragments, variables: variables.coerced };
  const fields = collectFields(schema, fragments, scope.variables, root, operation.selectionSet);
  if ([...fields.values()].some(([node]) => isResolved(root, node!))) return null;
  const write = writeFields(scope, root, fields);
  return (payload) => {
    try {
      return write(payload);
    } catch {
      return null; // Whatever it is: graphql-js finds it again, and knows how to say it.
    }
  };
}

interface Scope {
  schema: GraphQLSchema;
  fragments: Record<string, FragmentDefinitionNode>;
  variables: Record<string, unknown>;
}

type Fields = ReadonlyMap<string, readonly FieldNode[]>;

function isResolved(type: GraphQLObjectType, node: FieldNode): boolean {
  const resolve = type.getFields()[node.name.value]?.resolve;
  return resolve !== undefined && resolve !== defaultFieldResolver;
}

function writeFields(scope: Scope, type: GraphQLObjectType, fields: Fields): Write {
  const names: string[] = [];
  const writers: Write[] = [];
  /** The text before each value. */
  const keys: string[] = [];
  for (const [key, nodes] of fields) {
    const name = nodes[0]!.name.value;
    const field = type.getFields()[name];
    if (!field && name !== '__typename') continue;
    names.push(name);
    writers.push(field ? writerOfField(scope, type, field.type, nodes) : constant(JSON.stringify(type.name)));
    keys.push(`${keys.length === 0 ? '{' : ','}${JSON.stringify(key)}:`);
  }
  if (type.isTypeOf) return uncovered;

  return (value) => {
    if (typeof value !== 'object' || value === null) return uncovered();
    let text = keys.length === 0 ? '{' : '';
    for (let n = 0; n < names.length; n++)
      text += keys[n]! + writers[n]!((value as Record<string, unknown>)[names[n]!]);
    return `${text}}`;
  };
}

const constant = (text: string) => () => text;

function uncovered(): never {
  throw new Error('graphql-js answers');
}

function writerOfField(
  scope: Scope,
  parent: GraphQLObjectType,
  type: GraphQLOutputType,
  nodes: readonly FieldNode[],
): Write {
  return isResolved(parent, nodes[0]!) ? uncovered : writerOf(scope, type, nodes);
}

function writerOf(scope: Scope, type: GraphQLOutputType, nodes: readonly FieldNode[]): Write {
  const write = writerOfPresent(scope, getNullableType(type) as Nullable, nodes);
  const absent: Write = isNonNullType(type) ? uncovered : constant('null');
  return (value) => (value === null || value === undefined ? absent(value) : write(value));
}

type Nullable = GraphQLNamedOutputType | GraphQLList<GraphQLOutputType>;

/** For a value that is there. */
function writerOfPresent(scope: Scope, type: Nullable, nodes: readonly FieldNode[]): Write {
  if (isListType(type)) return listOf(writerOf(scope, type.ofType, nodes));
  if (isObjectType(type)) return writeSelection(scope, type, nodes);
  if (!isAbstractType(type)) return writerOfLeaf(type);
  const { resolveType } = type;
  // One that asks for more than the value, and that of graphql-js, is left to graphql-js.
  if (resolveType?.length !== 1) return uncovered;
  const typeOf = resolveType as (value: unknown) => unknown;
  const writers = new Map<unknown, Write>(
    scope.schema
      .getPossibleTypes(type)
      .map((possible) => [possible.name, lazily(() => writeSelection(scope, possible, nodes))]),
  );
  return (value) => (writers.get(typeOf(value)) ?? uncovered)(value);
}

function writeSelection(scope: Scope, type: GraphQLObjectType, nodes: readonly FieldNode[]): Write {
  const { schema, fragments, variables } = scope;
  return writeFields(scope, type, collectSubfields(schema, fragments, variables, type, nodes));
}

function lazily(make: () => Write): Write {
  let write: Write | undefined;
  return (value) => {
    write ??= make();
    return write(value);
  };
}

function listOf(write: Write): Write {
  return (value) => {
    if (!Array.isArray(value)) return uncovered();
    if (value.length === 0) return '[]';
    let text = `[${write(value[0])}`;
    for (let n = 1; n < value.length; n++) text += `,${write(value[n])}`;
    return `${text}]`;
  };
}

function writerOfLeaf(type: GraphQLLeafType): Write {
  if (isEnumType(type)) {
    const names = new Map<unknown, string>(
      type.getValues().map(({ name, value }) => [value, JSON.stringify(name)]),
    );
    return (value) => names.get(value) ?? uncovered();
  }
  // A scalar of the specification also accepts what is not its own, as "1" for an Int: graphql-js decides.
  if (isSpecifiedScalarType(type)) return plainScalars[type.name] ?? uncovered;
  return (value) => {
    if (typeof value === 'function' || typeof (value as { then?: unknown }).then === 'function')
      return uncovered();
    const serialized = type.serialize(value);
    // Undefined where the value has no JSON.
    return serialized === null ? uncovered() : (JSON.stringify(serialized) ?? uncovered());
  };
}

const writeText: Write = (value) => (typeof value === 'string' ? JSON.stringify(value) : uncovered());

const plainScalars: Readonly<Record<string, Write>> = {
  String: writeText,
  ID: writeText,
  Int: (value) => (typeof value === 'number' && (value | 0) === value ? String(value) : uncovered()),
  Float: (value) => (Number.isFinite(value) ? String(value) : uncovered()),
  Boolean: (value) => (typeof value === 'boolean' ? String(value) : uncovered()),
};
