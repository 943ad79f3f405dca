import { resumeEvents } from '../../../server/engine/recovery.ts';
import type { EventBody } from '../../../server/journal/event.ts';
import { foldAll, nodeOf, planOf } from './drive-by-hand.ts';

const started = (item: number | null = null): EventBody => ({
  type: 'NodeStarted',
  nodeKey: 'list',
  attempt: 1,
  item,
});
const succeeded = (item: number): EventBody => ({
  type: 'NodeSucceeded',
  nodeKey: 'list',
  attempt: 1,
  item,
  output: item,
  handle: 'output',
  durationMs: 1,
});

function resume(...events: EventBody[]): string[] {
  const plan = planOf('list');
  const forEach = { items: 'input', concurrency: 1, batch: 1, onItemError: 'FAIL' as const };
  const nodes = new Map([['list', { ...plan.nodes.get('list')!, ...nodeOf('list'), forEach }]]);
  return resumeEvents({ ...plan, nodes }, foldAll([{ type: 'ExecutionStarted' }, ...events])).map(
    ({ type }) => type,
  );
}

test('a list that loses its worker between items three times in a row fails', () => {
  expect(resume(started(), started())).toEqual(['NodeStarted']);
  expect(resume(started(), started(), started())).toEqual(['NodeFailed']);
});

test('an item that ends in between begins the count anew', () => {
  const losses = [started(), started(0), succeeded(0), started(), started(1), succeeded(1), started()];
  expect(resume(...losses)).toEqual(['NodeStarted']);
});

test('a worker that is lost while an item runs is counted for the item', () => {
  expect(resume(started(), started(0), started(), started(0), started(), started(0), started())).toEqual([
    'NodeStarted',
  ]);
});
