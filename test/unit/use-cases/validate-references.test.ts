import type { WorkflowDraft } from '../../../server/nodes/draft.ts';
import { validateWorkflow } from '../../../server/use-cases/validate.ts';
import { draftOf, nodeOf } from '../engine/drive-by-hand.ts';
import { validationDeps } from './validation-deps.ts';

const deps = validationDeps();
afterAll(() => deps[Symbol.dispose]());

type Nodes = Record<string, string | [type: string, config: object]>;

/** Edges as `a>b`; a node is a transform by its expression, or a type and a configuration. */
function workflow(edges: string[], nodes: Nodes, inputSchema: unknown = null): WorkflowDraft {
  const draft = draftOf(...edges);
  draft.nodes = draft.nodes.map(({ key }) => {
    const node = nodes[key] ?? 'input';
    return typeof node === 'string' ? nodeOf(key, 'transform', { expression: node }) : nodeOf(key, ...node);
  });
  return { ...draft, inputSchema };
}

const warningsOf = async (draft: WorkflowDraft) => {
  const { errors, warnings } = await validateWorkflow(draft, deps);
  expect(errors).toEqual([]);
  return warnings;
};
const messagesOf = async (draft: WorkflowDraft) => (await warningsOf(draft)).map(({ message }) => message);

const properties = {
  customer: { type: 'object', properties: { name: { type: 'string' } }, additionalProperties: false },
  lines: { type: 'array', items: { type: 'object', properties: { price: {}, quantity: {} } } },
};
const closed = { type: 'object', properties, additionalProperties: false };

test('a path to a field that a closed inputSchema does not have is a warning at its expression', async () => {
  const value = ['{{ input.custmer.name }}', 'Hello {{ input.customer.nme }}!', '{{ input.lines.price }}'];
  expect(await warningsOf(workflow(['o'], { o: ['output', { value }] }, closed))).toEqual([
    {
      level: 'WARNING',
      code: 'UNDEFINED_REFERENCE',
      field: 'nodes.0.config.value.0',
      message:
        '`input.custmer.name` is undefined: `input` has: customer, lines. Did you mean `input.customer.name`?',
    },
    {
      level: 'WARNING',
      code: 'UNDEFINED_REFERENCE',
      field: 'nodes.0.config.value.1',
      message:
        '`input.customer.nme` is undefined: `input.customer` has: name. Did you mean `input.customer.name`?',
    },
  ]);
});

test('a path to a field that an open inputSchema does not name is a weaker warning', async () => {
  const draft = workflow(
    ['t'],
    { t: '$sum(input.lines.(prce * quantity)) + execution.input.totl' },
    {
      type: 'object',
      properties: { ...properties, total: {} },
    },
  );
  expect(await messagesOf(draft)).toEqual([
    '`input.lines.prce` may be undefined, as the inputSchema does not name it: `input.lines` has: price, quantity. Did you mean `input.lines.price`?',
    '`execution.input.totl` may be undefined, as the inputSchema does not name it: `execution.input` has: customer, lines, total. Did you mean `execution.input.total`?',
  ]);
});

test.each([
  ['no schema', null],
  ['further fields of any name', { type: 'object', properties, additionalProperties: true }],
  ['fields from elsewhere', { allOf: [{ $ref: '#/$defs/a' }], properties, $defs: { a: {} } }],
  ['fields by a pattern', { type: 'object', patternProperties: { '^x': {} }, additionalProperties: false }],
  ['a schema that refers to itself', { $ref: '#' }],
  ['a schema by its anchor', { $ref: '#a', $defs: { a: { $anchor: 'a', properties } } }],
  ['no named field', { type: 'object' }],
  ['anything', true],
])('with %s in the inputSchema there is no warning', async (_title, schema) => {
  expect(await messagesOf(workflow(['t'], { t: 'input.x.y' }, schema))).toEqual([]);
});

test('a schema is followed through $ref, nullable types and lists', async () => {
  const schema = {
    $defs: { 'a/b': closed },
    type: ['object', 'null'],
    properties: { rows: { items: { items: { $ref: '#/$defs/a~1b' } } } },
  };
  expect(await messagesOf(workflow(['t'], { t: 'input.rows[0].custmer' }, schema))).toEqual([
    '`input.rows.custmer` is undefined: `input.rows` has: customer, lines. Did you mean `input.rows.customer`?',
  ]);
});

test('a field of a text or a number is a warning', async () => {
  expect(await messagesOf(workflow(['t'], { t: 'input.customer.name.first' }, closed))).toEqual([
    '`input.customer.name.first` is undefined: `input.customer.name` is of type string, which has no fields.',
  ]);
});

test('what an expression tests for presence is no warning', async () => {
  const t = '$exists(input.custmer) ? input.custmer.name : input.totl ?? 0';
  expect(await messagesOf(workflow(['t'], { t }, closed))).toEqual([]);
});

test('a literal upstream proves a field missing, as `input` and as `nodes.<key>.output`, over any chain', async () => {
  const draft = workflow(
    ['in>a', 'a>b', 'b.true>c', 'c>d', 'a>e', 'c>p', 'p>q'],
    {
      in: ['input', {}],
      a: '{ "order": input, "rows": input.lines.{ "total": price }, "rest": $merge([]) }',
      b: ['branch', { condition: 'input.ordr' }],
      c: 'input.order.customer',
      d: 'nodes.a.output.rows.totl & input.first & nodes.a.output.rest.x',
      e: ['output', { value: '{{ input.order.custmer }}' }],
      p: ['python', { code: '1' }],
      q: 'input.anything & nodes.c.output.name & nodes.c.outptu.name',
    },
    closed,
  );
  expect((await warningsOf(draft)).map(({ field, message }) => `${field}: ${message}`)).toEqual([
    'nodes.2.config.condition: `input.ordr` is undefined: `input` has: order, rows, rest. Did you mean `input.order`?',
    'nodes.4.config.expression: `nodes.a.output.rows.totl` is undefined: `nodes.a.output.rows` has: total. Did you mean `nodes.a.output.rows.total`?',
    'nodes.4.config.expression: `input.first` is undefined: `input` has: name.',
    'nodes.5.config.value: `input.order.custmer` is undefined: `input.order` has: customer, lines. Did you mean `input.order.customer`?',
    'nodes.7.config.expression: `nodes.c.outptu.name` is undefined: `nodes.c` has: output. Did you mean `nodes.c.output.name`?',
  ]);
});

test('behind a join, on an error handle and without `input.` the path that was meant is suggested', async () => {
  const draft = workflow(
    ['a>j', 'b>j', 'a.error>h'],
    {
      a: '{ "total": 1 }',
      b: '{ "name": "x" }',
      j: 'input.total + input.b.nme',
      h: 'input.customer & total',
    },
    closed,
  );
  expect(await messagesOf(draft)).toEqual([
    '`input.total` is undefined: `input` has: a, b. Did you mean `input.a.total`?',
    '`input.b.nme` is undefined: `input.b` has: name. Did you mean `input.b.name`?',
    '`input.customer` is undefined: `input` has: error, input. Did you mean `input.input.customer`?',
    '`total` is undefined: an expression sees: input, nodes, execution.',
  ]);
  const bare = workflow(['t'], { t: 'customer.name' }, closed);
  expect(await messagesOf(bare)).toEqual([
    '`customer.name` is undefined: an expression sees: input, nodes, execution. Did you mean `input.customer.name`?',
  ]);
});

test('of edges that share a target handle nothing is known', async () => {
  const draft = workflow(['a>j', 'b>j'], { a: '{ "x": 1 }', b: '{ "x": 1 }', j: 'input.one.y' });
  draft.edges = draft.edges.map((edge) => ({ ...edge, targetHandle: 'one' }));
  expect(await messagesOf(draft)).toEqual([]);
});

test('an item, its index and the input of its node have names, and what is collected has its own', async () => {
  const draft = workflow(
    ['t>u'],
    {
      t: '{ "a": item.prize, "b": index, "c": nodeInput.customr.name, "d": $nodeInput.customer.nam }',
      u: 'input.outpt.a',
    },
    closed,
  );
  draft.nodes[0]!.forEach = {
    items: '[input.lines.{ "price": $input.customer.nme }]',
    concurrency: 1,
    batch: 1,
    onItemError: 'COLLECT',
  };
  expect((await messagesOf(draft)).map((message) => message.split(':')[0])).toEqual([
    '`item.prize` is undefined',
    '`nodeInput.customr.name` is undefined',
    '`nodeInput.customer.nam` is undefined',
    '`input.customer.nme` is undefined',
    '`input.outpt.a` is undefined',
  ]);
  draft.nodes[0]!.forEach = null;
  expect(await messagesOf(draft)).toContain(
    '`item.prize` is undefined: an expression sees: input, nodes, execution.',
  );
});

test('a node with forEach sees an item, its list the whole input', async () => {
  const draft = workflow(['t'], { t: 'input.customer & input.price' }, closed);
  draft.nodes[0]!.forEach = {
    items: '[input.lines.prices, input.lines]',
    concurrency: 1,
    batch: 1,
    onItemError: 'FAIL',
  };
  expect(await messagesOf(draft)).toEqual([
    '`input.lines.prices` may be undefined, as the inputSchema does not name it: `input.lines` has: price, quantity. Did you mean `input.lines.price`?',
  ]);
  draft.nodes[0]!.forEach.items = '[input.lines]';
  expect(await messagesOf(draft)).toEqual([
    '`input.customer` may be undefined, as the inputSchema does not name it: `input` has: price, quantity.',
  ]);
});

test('a workflow with a cycle has errors and no warnings', async () => {
  const draft = workflow(['a>b', 'b>a'], { a: '{ "x": 1 }', b: 'input.y' });
  const { errors, warnings } = await validateWorkflow(draft, deps);
  expect(errors).toHaveLength(1);
  expect(warnings).toEqual([]);
});

test('of many warnings the first hundred are reported, over a chain of a thousand nodes', async () => {
  const keys = Array.from({ length: 1_000 }, (_, n) => `n${n}`);
  const edges = keys.slice(1).map((key, index) => `${keys[index]}>${key}`);
  const step = '{ "a": input.a, "b": input, "c": input.x }';
  const nodes = Object.fromEntries(keys.map((key, index) => [key, index === 0 ? '{ "a": 1 }' : step]));
  expect(await warningsOf(workflow(edges, nodes))).toHaveLength(100);
});
