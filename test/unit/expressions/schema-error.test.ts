import { describe, expect, test } from '@jest/globals';
import { findSchemaErrors, schemaProblem } from '../../../server/expressions/json-schema.ts';
import { sentenceOf } from '../../../server/expressions/schema-error.ts';

const sentences = (schema: object, value: unknown, by: 'title' | 'path' = 'title') =>
  findSchemaErrors(schema, value).map((error) => sentenceOf(error, { root: 'The input', by }));

test('a schema of another draft is refused with what to write', () => {
  const draft = (uri: string) => schemaProblem({ $schema: uri, type: 'object' });
  expect(draft('http://json-schema.org/draft-07/schema#')).toBe(
    'Expected a JSON Schema of draft 2020-12, got one of "http://json-schema.org/draft-07/schema#". Change or leave out `$schema`.',
  );
  expect(draft('https://json-schema.org/draft/2020-12/schema#')).toBeNull();
  expect(schemaProblem(true)).toBeNull();
  expect(schemaProblem([])).toBe('Expected a JSON Schema, an object or a boolean.');
});

describe('what does not fit a schema', () => {
  test('is said of the field that is missing, by its title, and with the name that may have been meant', () => {
    const schema = {
      type: 'object',
      required: ['customer', 'rows', 'email'],
      properties: { customer: { title: 'Customer' }, rows: { type: 'array' }, email: { title: ' ' } },
    };
    expect(findSchemaErrors(schema, { row: [], email: 1 })).toEqual([
      { path: ['customer'], title: 'Customer', problem: 'is needed' },
      { path: ['rows'], title: null, problem: 'is needed; there is `row`' },
    ]);
    expect(sentences(schema, {})).toEqual(['Customer is needed', '`rows` is needed', '`email` is needed']);
    expect(sentences(schema, { rows: [], email: 1 }, 'path')).toEqual(['`customer` is needed']);
    const nested = { properties: { orders: { items: { required: ['price'] } } } };
    expect(findSchemaErrors(nested, { orders: [{}] })).toMatchObject([{ path: ['orders', '0', 'price'] }]);
    expect(sentences(schema, null)).toEqual(['The input must be an object, got null']);
  });

  test.each<[schema: object, value: unknown, problem: string]>([
    [{ type: 'integer' }, 'three', 'must be an integer, got the string "three"'],
    [{ type: ['string', 'null'] }, 3, 'must be a string or null, got 3'],
    [{ enum: ['red', 'blue'] }, 'green', 'must be one of "red", "blue", got the string "green"'],
    [{ const: 1 }, 2, 'must be 1, got 2'],
    [{ minLength: 1 }, '', 'must not be empty, got the string ""'],
    [{ minLength: 2 }, 'a', 'must have at least 2 characters, got the string "a"'],
    [{ maxLength: 1 }, 'ab', 'must have at most 1 character, got the string "ab"'],
    [{ pattern: '^a$' }, 'b', 'must match the pattern "^a$", got the string "b"'],
    [{ minimum: 1 }, 0, 'must be at least 1, got 0'],
    [{ maximum: 1 }, 2, 'must be at most 1, got 2'],
    [{ exclusiveMinimum: 1 }, 1, 'must be more than 1, got 1'],
    [{ exclusiveMaximum: 1 }, 1, 'must be less than 1, got 1'],
    [{ multipleOf: 5 }, 6, 'must be a multiple of 5, got 6'],
    [{ minItems: 1 }, [], 'must have at least 1 item, got an empty list'],
    [{ maxItems: 1 }, [1, 2], 'must have at most 1 item, got a list of 2 items, the first 1'],
    [
      { prefixItems: [{}], items: false },
      [1, 2],
      'must have at most 1 item, got a list of 2 items, the first 1',
    ],
    [
      { uniqueItems: true },
      [1, 1],
      'must have no item twice, and items 0 and 1 are equal, got a list of 2 items, the first 1',
    ],
    [
      { contains: { const: 1 } },
      [2],
      'must have at least 1 item as `contains` has it, got a list of 1 item, 2',
    ],
    [{ minProperties: 1 }, {}, 'must have at least 1 property, got an empty object'],
    [{ maxProperties: 0 }, { a: 1 }, 'must have at most 0 properties, got an object with the key a'],
    [
      { propertyNames: { maxLength: 1 } },
      { ab: 1 },
      'must not have the property "ab", whose name does not fit, got an object with the key ab',
    ],
    [
      { additionalProperties: false },
      { a: 1 },
      'must not have the property "a", got an object with the key a',
    ],
    [
      { unevaluatedProperties: false },
      { a: 1 },
      'must not have the property "a", got an object with the key a',
    ],
    [{ dependentRequired: { a: ['b'] } }, { a: 1 }, 'is needed where there is `a`'],
    [{ oneOf: [{}, {}] }, 1, 'must fit one of several schemas, not two, got 1'],
    [{ not: {} }, 1, 'must not fit the schema of `not`, got 1'],
    [{ properties: { a: false } }, { a: 1 }, 'must not be there, got 1'],
  ])('%j of %j: %s', (schema, value, problem) => {
    expect(findSchemaErrors(schema, value).map((error) => error.problem)).toContain(problem);
  });
});
