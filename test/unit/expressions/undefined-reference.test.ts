import { findMissing } from '../../../server/expressions/undefined-reference.ts';

const scope = {
  input: {
    customer: { name: 'Ada' },
    total: 3,
    nothing: null,
    none: [],
    rows: [{ price: 1 }, [{ price: 2 }]],
  },
  nodes: { fetch: { output: { 'my key': 1 } } },
  execution: { id: 'exec_1' },
};
const explain = (...path: string[]) => findMissing(path, scope);

test('a path that leads to a value, through lists as well, is not missing', () => {
  expect(explain('input', 'customer', 'name')).toBeNull();
  expect(explain('input', 'nothing')).toBeNull();
  expect(explain('input', 'rows', 'price')).toBeNull();
  expect(explain('input', 'none', 'price')).toBeNull();
});

test('what is missing is explained by what is there, with a suggestion where a name is close', () => {
  expect(explain('input', 'custmer', 'name')).toBe(
    '`input` has: customer, total, nothing, none, rows. Did you mean `input.customer.name`?',
  );
  expect(explain('nodes', 'fetch', 'output', 'my-key')).toBe(
    '`nodes.fetch.output` has: my key. Did you mean `nodes.fetch.output.`my key``?',
  );
  expect(explain('input', 'rows', 'cost')).toBe('`input.rows` has: price.');
  expect(explain('input', 'total', 'net')).toBe('`input.total` is 3.');
  expect(explain('input', 'nothing', 'at', 'all')).toBe('`input.nothing` is null.');
  expect(explain('inptu', 'total')).toBe(
    'an expression sees: input, nodes, execution. Did you mean `input.total`?',
  );
});

test('an explanation is short, however large the data are', () => {
  const key = 'k'.repeat(100_000);
  expect(findMissing(['input', `${key}l`], { input: { [key]: 1 } })!.length).toBeLessThan(400);
});
