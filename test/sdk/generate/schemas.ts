/** Schemas with values that fit and values that do not, as a type should see it too. */
export const cases: Record<string, { schema: unknown; fit: unknown[]; unfit: unknown[] }> = {
  'an object has its properties, and a misspelt one is an error': {
    schema: {
      type: 'object',
      required: ['name'],
      properties: { name: { type: 'string' }, age: { type: 'integer' }, 'odd-key': { type: 'boolean' } },
    },
    fit: [{ name: 'a' }, { name: 'a', age: 1, 'odd-key': true }],
    unfit: [{}, { name: 1 }, { name: 'a', 'odd-key': 1 }],
  },
  'a list of objects': {
    schema: { type: 'array', items: { properties: { n: { type: ['number', 'null'] } }, required: ['n'] } },
    fit: [[], [{ n: 1 }, { n: null }]],
    unfit: [[{}], [{ n: 'a' }], {}],
  },
  'an enumeration of values of any kind, and a constant': {
    schema: { properties: { a: { enum: ['x', 1, null, { y: [true] }] }, b: { const: 'only' } } },
    fit: [{ a: 'x' }, { a: 1 }, { a: null, b: 'only' }, { a: { y: [true] } }],
    unfit: [{ a: 'z' }, { b: 'other' }, { a: { y: [false] } }],
  },
  'one of several shapes, distinguished by a constant': {
    schema: {
      oneOf: [
        { properties: { kind: { const: 'circle' }, r: { type: 'number' } }, required: ['kind', 'r'] },
        { properties: { kind: { const: 'square' }, a: { type: 'number' } }, required: ['kind', 'a'] },
      ],
    },
    fit: [
      { kind: 'circle', r: 1 },
      { kind: 'square', a: 1 },
    ],
    unfit: [{ kind: 'circle' }, { kind: 'triangle' }, 'circle'],
  },
  'any of some, all of others, and a list of a union': {
    schema: {
      type: 'array',
      items: {
        anyOf: [{ type: 'string' }, { type: 'object', allOf: [{ required: ['a'] }, { required: ['b'] }] }],
      },
    },
    fit: [['x', { a: 1, b: 2 }]],
    unfit: [[{ a: 1 }], [1]],
  },
  'a definition that refers to itself': {
    schema: {
      $ref: '#/$defs/tree node',
      $defs: {
        'tree node': {
          type: 'object',
          required: ['value'],
          properties: {
            value: { type: 'number' },
            children: { type: 'array', items: { $ref: '#/$defs/tree%20node' } },
          },
        },
      },
    },
    fit: [{ value: 1, children: [{ value: 2, children: [] }] }],
    unfit: [{ value: 1, children: [{ value: 'a' }] }],
  },
  'a whole schema that refers to itself, and a circle of references that says nothing': {
    schema: {
      type: 'object',
      properties: { next: { $ref: '#' }, loop: { $ref: '#/$defs/a' } },
      $defs: { a: { anyOf: [{ $ref: '#/$defs/b' }, { type: 'string' }] }, b: { $ref: '#/$defs/a' } },
    },
    fit: [{ next: { next: {} } }],
    unfit: [{ next: 1 }],
  },
  'definitions that lead to each other with nothing between, or through the rest of a tuple': {
    schema: {
      anyOf: [{ type: 'object', properties: { a: { $ref: '#/$defs/a' } } }, { $ref: '#/$defs/a' }],
      $defs: {
        a: { anyOf: [{ $ref: '#' }, { $ref: '#/$defs/tuple' }] },
        tuple: {
          oneOf: [
            {
              type: 'array',
              prefixItems: [
                { type: 'array', prefixItems: [{ type: 'number' }], items: { $ref: '#/$defs/tuple' } },
              ],
            },
            { type: 'string' },
          ],
        },
      },
    },
    fit: [], // a validator would go round in circles
    unfit: [],
  },
  'properties without a name in the schema': {
    schema: {
      type: 'object',
      properties: { total: { type: 'string' }, note: { type: 'boolean' } },
      required: ['total'],
      additionalProperties: { type: 'number' },
    },
    fit: [{ total: 'a' }, { total: 'a', note: true, other: 2 }],
    unfit: [{ other: 1 }, { total: 'a', other: {} }],
  },
  'properties by a pattern, none at all, and any': {
    schema: {
      properties: {
        by: { patternProperties: { '^x': { type: 'number' } }, additionalProperties: false },
        none: { type: 'object', additionalProperties: false },
        any: { type: 'object' },
      },
    },
    fit: [{ by: { x1: 1 }, none: {}, any: { a: [1] } }],
    unfit: [{ by: { x1: 'a' } }, { none: { a: 1 } }, { any: 'a' }],
  },
  'a tuple': {
    schema: {
      type: 'array',
      prefixItems: [{ type: 'string' }, { type: ['number', 'null'] }],
      minItems: 1,
      items: { type: 'boolean' },
    },
    fit: [['a'], ['a', null, true, false]],
    unfit: [[], [1], ['a', 1, 2]],
  },
  'a tuple and no more': {
    schema: { type: 'array', prefixItems: [{ type: 'string' }], minItems: 1, items: false },
    fit: [['a']],
    unfit: [['a', 'b']],
  },
  'a name that ends comments': {
    schema: {
      description: 'Ends */ here\nand goes on',
      properties: { 'a*/b': { type: 'string', description: '*/ throw 1 /*', deprecated: true } },
    },
    fit: [{ 'a*/b': 'x' }],
    unfit: [{ 'a*/b': 1 }],
  },
  'what the schema does not mention may be anything': {
    schema: { properties: { a: true, b: {}, c: { $ref: 'https://elsewhere.example/schema' } } },
    fit: [{ a: 1, b: 'b', c: null }],
    unfit: [],
  },
};
