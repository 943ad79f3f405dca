import { describeValue } from '../../../server/shared/describe-value.ts';

test.each<[unknown, string]>([
  [undefined, 'nothing'],
  [null, 'null'],
  [500, '500'],
  [true, 'true'],
  ['red', 'the string "red"'],
  [{}, 'an empty object'],
  [{ total: 1 }, 'an object with the key total'],
  [{ a: 1, b: { c: 2 } }, 'an object with the keys a, b'],
  [[], 'an empty list'],
  [[7], 'a list of 1 item, 7'],
  [[{ a: 1 }, 2], 'a list of 2 items, the first an object with the key a'],
  [[[1, 2], []], 'a list of 2 items, the first a list of 2 items'],
])('%j is described as %s', (value, description) => {
  expect(describeValue(value)).toBe(description);
});

test('a description has at most ten keys of 40 characters and 80 characters of a string', () => {
  const keys = Array.from({ length: 1_000 }, (_, n) => `${String(n).padStart(4, '0')}${'k'.repeat(10_000)}`);
  const description = describeValue(Object.fromEntries(keys.map((key) => [key, 1])));
  expect(description).toMatch(/^an object with the keys (\d{4}k{36}…, ){10}… \(1000 in all\)$/);
  expect(describeValue('x'.repeat(1_000_000))).toBe(`the string "${'x'.repeat(80)}…"`);
  expect(describeValue('x'.repeat(80))).toBe(`the string "${'x'.repeat(80)}"`);
});
