import { RoundRobinQueue } from '../../../server/expressions/round-robin-queue.ts';

test('each asker has its turn, one thing at a time, in the order of asking', () => {
  const turns = new RoundRobinQueue<string>();
  for (const item of ['a1', 'a2', 'a3', 'b1', 'b2', 'c1']) turns.add(item.charAt(0), item);
  const given = [turns.next(), turns.next()];
  turns.add('a', 'a4');
  turns.add('d', 'd1');
  for (let item = turns.next(); item !== undefined; item = turns.next()) given.push(item);
  expect(given).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'd1', 'a3', 'a4']);
  expect(turns.next()).toBeUndefined();
});
