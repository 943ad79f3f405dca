import { RoundRobinQueue } from '../../../server/expressions/round-robin-queue.ts';

test('owners are served in turn, one item at a time, in the order of their first items', () => {
  const queue = new RoundRobinQueue<string>();
  for (const item of ['a1', 'a2', 'a3', 'b1', 'b2', 'c1']) queue.add(item.charAt(0), item);
  const served = [queue.next(), queue.next()];
  queue.add('a', 'a4');
  queue.add('d', 'd1');
  for (let item = queue.next(); item !== undefined; item = queue.next()) served.push(item);
  expect(served).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'd1', 'a3', 'a4']);
  expect(queue.next()).toBeUndefined();
});
