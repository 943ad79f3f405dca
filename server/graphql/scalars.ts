import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql';
import { isDeeperThan, MAX_JSON_DEPTH } from '../shared/json-size.ts';
import { storable } from './storable-text.ts';

/** Any JSON value, as a variable and as a literal, and the same value out. */
export const JsonScalar = new GraphQLScalarType<unknown, unknown>({
  name: 'JSON',
  description: `Any JSON value: an object, a list, a string, a number, a boolean or null, nested at most ${MAX_JSON_DEPTH} deep.`,
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc8259',
  serialize: (value) => value,
  parseValue(value) {
    if (isDeeperThan(value, MAX_JSON_DEPTH)) throw tooDeep();
    return value;
  },
  parseLiteral: (node, variables) => jsonOfLiteral(node, variables ?? {}, MAX_JSON_DEPTH),
});

/** Texts by name, which executions are found by. */
export const LabelsScalar = new GraphQLScalarType<Record<string, string>, unknown>({
  name: 'Labels',
  description:
    'An object of texts, such as `{ "customer": "42" }`: at most 20, with names of 1 to 63 letters, digits and `._/-`, and values of at most 200 characters.',
  serialize: (value) => value,
  parseValue: toTexts,
  parseLiteral: (node, variables) => toTexts(jsonOfLiteral(node, variables ?? {}, 2)),
});

function toTexts(value: unknown): Record<string, string> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isObject && Object.values(value).every((each) => typeof each === 'string')) {
    for (const text of Object.entries(value).flat()) storable(text);
    return value as Record<string, string>;
  }
  throw new GraphQLError('Expected an object of texts, such as { "customer": "42" }.', {
    extensions: { code: 'BAD_USER_INPUT' },
  });
}

/** A moment as RFC 3339 text. */
export const DateTimeScalar = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  description: 'A moment in UTC with milliseconds, as RFC 3339 text: `2026-11-23T09:41:00.123Z`.',
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339',
  serialize(value) {
    if (value instanceof Date) return value.toISOString();
    if (typeof value === 'string') return value;
    throw new Error(`Expected a Date or RFC 3339 text from a resolver, got ${typeof value}`);
  },
  parseValue: toMoment,
  parseLiteral: (node) => toMoment(node.kind === Kind.STRING ? node.value : undefined),
});

function toMoment(value: unknown): Date {
  const moment = typeof value === 'string' && MOMENT.test(value) ? new Date(value) : null;
  if (moment !== null && !Number.isNaN(moment.getTime())) return moment;
  const got = typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : typeof value;
  throw new GraphQLError(`Expected a moment such as 2026-11-23T09:41:00Z, got ${got}.`, {
    extensions: { code: 'BAD_USER_INPUT' },
  });
}

/** RFC 3339; the time may be left out. */
const MOMENT = /^\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d{2}:\d{2})?)?$/;

function jsonOfLiteral(node: ValueNode, variables: Record<string, unknown>, depthLeft: number): unknown {
  if (depthLeft < 0) throw tooDeep();
  switch (node.kind) {
    case Kind.STRING:
    case Kind.BOOLEAN:
      return node.value;
    case Kind.ENUM:
      throw noJson(node.value);
    case Kind.INT:
    case Kind.FLOAT:
      return Number(node.value);
    case Kind.NULL:
      return null;
    case Kind.VARIABLE:
      return variables[node.name.value] ?? null;
    case Kind.LIST:
      return node.values.map((inner) => jsonOfLiteral(inner, variables, depthLeft - 1));
    case Kind.OBJECT:
      return Object.fromEntries(
        node.fields.map(({ name, value }) => [name.value, jsonOfLiteral(value, variables, depthLeft - 1)]),
      );
  }
}

function noJson(name: string): GraphQLError {
  return new GraphQLError(
    `Expected a JSON value, got the name ${name.slice(0, 100)}: write true, false, null, or a text in quotation marks.`,
    { extensions: { code: 'BAD_USER_INPUT' } },
  );
}

function tooDeep(): GraphQLError {
  return new GraphQLError(`Expected a JSON value nested at most ${MAX_JSON_DEPTH} deep, got a deeper one.`, {
    extensions: { code: 'BAD_USER_INPUT' },
  });
}
