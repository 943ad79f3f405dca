import type { Evaluator } from '../../../server/expressions/evaluator.ts';
import { nodeRegistry } from '../../../server/nodes/registry.ts';
import { type PartialInput, preparePartialRun } from '../../../server/use-cases/partial-run.ts';
import { draftOf } from '../engine/drive-by-hand.ts';

/** Without an execution to pin from, neither the database nor the evaluator is reached. */
const prepare = (edges: string[], input: PartialInput) => {
  const deps = { pool: null as never, evaluator: null as unknown as Evaluator, registry: nodeRegistry };
  const version = { workflowId: 'wf_1', number: 1, definition: draftOf(...edges) };
  return preparePartialRun(deps, version, input);
};
const errorsOf = async (edges: string[], input: PartialInput) => {
  const prepared = await prepare(edges, input);
  return prepared.ok ? [] : prepared.userErrors.map(({ code, field }) => `${code} ${field}`);
};
const pin = (nodeKey: string, output: unknown = 1, handle: string | null = null) => ({
  nodeKey,
  output,
  handle,
});

test('nothing that names a part is the whole workflow', async () => {
  expect(await prepare(['a>b'], {})).toEqual({ ok: true, value: null });
  expect(await prepare(['a>b'], { from: [], to: [], pinned: [] })).toEqual({ ok: true, value: null });
});

test('of alternatives for one input one is enough, of separate inputs each is needed', async () => {
  const from = ['c'];
  const [alternatives, separate, any] = [
    ['a>c.x', 'b>c.x'],
    ['a>c.x', 'b>c.y'],
    ['a>c', 'b>c', 'c=ANY'],
  ];
  expect(await errorsOf(alternatives, { from, pinned: [pin('b')] })).toEqual([]);
  expect(await errorsOf(separate, { from, pinned: [pin('b')] })).toEqual(['OUTPUT_NOT_PINNED from.0']);
  expect(await errorsOf(any, { from, pinned: [pin('b')] })).toEqual([]);
  expect(await errorsOf(any, { from })).toEqual(['OUTPUT_NOT_PINNED from.0']);
  expect(
    await errorsOf(alternatives, { from, pinned: [pin('a', 1, 'error'), pin('b', 1, 'error')] }),
  ).toEqual(['WOULD_BE_SKIPPED from.0']);
});

test('what comes from a node that runs is not asked for', async () => {
  expect(await errorsOf(['a>b', 'b>d.x', 'c>d.x'], { from: ['b'], pinned: [pin('a')] })).toEqual([]);
  expect(await errorsOf(['a>b', 'b>d', 'c>d'], { from: ['b'], pinned: [pin('a')] })).toEqual([
    'OUTPUT_NOT_PINNED pinned',
  ]);
});

test('pinned outputs are bounded together', async () => {
  const keys = ['a', 'b', 'c', 'd', 'e'];
  const large = 'x'.repeat(14 * 1024 * 1024);
  const edges = keys.map((key) => `${key}>last.${key}`);
  const pinned = keys.map((key) => pin(key, large));
  expect(await errorsOf(edges, { from: ['last'], pinned })).toEqual(['VALUE_TOO_LARGE pinned']);
  expect(await errorsOf(edges, { from: ['last'], pinned: [...pinned.slice(1), pin('a')] })).toEqual([]);
});

test('items are pinned of a list that runs, each once', async () => {
  const forEach = { items: 'input', concurrency: 1, batch: 1, onItemError: 'FAIL' as const };
  const item = (index: number, nodeKey = 'a', handle: string | null = null) => ({
    ...pin(nodeKey, 1, handle),
    item: index,
  });
  const errors = async (input: PartialInput) => {
    const draft = draftOf('a>b');
    const definition = {
      ...draft,
      nodes: draft.nodes.map((node) => (node.key === 'a' ? { ...node, forEach } : node)),
    };
    const deps = { pool: null as never, evaluator: null as unknown as Evaluator, registry: nodeRegistry };
    const prepared = await preparePartialRun(deps, { workflowId: 'wf_1', number: 1, definition }, input);
    return prepared.ok ? [] : prepared.userErrors.map(({ code, field }) => `${code} ${field}`);
  };
  expect(await errors({ pinned: [item(0), item(7)] })).toEqual([]);
  expect(await errors({ from: ['a'], to: ['a'], pinned: [item(0)] })).toEqual([]);
  expect(await errors({ pinned: [item(0), item(0)] })).toEqual(['DUPLICATE pinned.1.nodeKey']);
  expect(await errors({ pinned: [pin('a', []), item(0)] })).toEqual(['DUPLICATE pinned.1.nodeKey']);
  expect(await errors({ pinned: [item(-1)] })).toEqual(['INVALID pinned.0.item']);
  expect(await errors({ pinned: [item(10_000)] })).toEqual(['INVALID pinned.0.item']);
  expect(await errors({ pinned: [item(0, 'b')] })).toEqual(['INVALID pinned.0.item']);
  expect(await errors({ pinned: [item(0, 'a', 'output')] })).toEqual(['INVALID pinned.0.item']);
  expect(await errors({ from: ['b'], pinned: [item(0)] })).toEqual(['INVALID pinned.0.item']);
});
