import { GraphQLError, GraphQLID, type GraphQLScalarType, GraphQLString } from 'graphql';
import { UNSTORABLE } from '../shared/unstorable.ts';

/**
 * No text column of Postgres holds a NUL, and a lone surrogate would be stored as another character. So `String` and
 * `ID` refuse both, wherever the schema has one: in a variable or a literal, however deep. A scalar of our own is no
 * way to do this, because a schema cannot have two scalars named `String`. JSON values are stored as JSON, which holds
 * any text.
 */
export function requireStorableText(): void {
  for (const scalar of [GraphQLString, GraphQLID]) if (!guarded.has(scalar)) guard(scalar);
}

const guarded = new WeakSet<GraphQLScalarType>();

function guard(scalar: GraphQLScalarType): void {
  const { parseValue, parseLiteral } = scalar;
  scalar.parseValue = (value) => storable(parseValue(value));
  scalar.parseLiteral = (node, variables) => storable(parseLiteral(node, variables));
  guarded.add(scalar);
}

/** For scalars of our own that hold text. @throws GraphQLError BAD_USER_INPUT */
export function storable(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const at = value.search(UNSTORABLE);
  if (at < 0) return value;
  const code = value.charCodeAt(at).toString(16).padStart(4, '0');
  throw new GraphQLError(
    `Expected text without NUL characters and without halves of surrogate pairs, got \\u${code} at character ${at}. ` +
      'Remove it, or send the text inside a JSON value.',
    { extensions: { code: 'BAD_USER_INPUT' } },
  );
}
