import { setImmediate as nextTurn } from 'node:timers/promises';
import { makeBatches } from '../../../server/shared/batches.ts';

function make(options: { max: number; atOnce: number; restMs?: number }) {
  const batches: { requests: number[]; done: PromiseWithResolvers<number[]> }[] = [];
  const ask = makeBatches((requests: number[]) => {
    const done = Promise.withResolvers<number[]>();
    batches.push({ requests, done });
    return done.promise;
  }, options);
  return { batches, ask, requests: () => batches.map((batch) => batch.requests) };
}

test('requests of one turn share a batch, and those that come meanwhile share the next', async () => {
  const { batches, ask, requests } = make({ max: 3, atOnce: 1 });
  const first = [ask(1), ask(2)];
  await nextTurn();
  const next = [3, 4, 5, 6].map(ask);
  await nextTurn();
  expect(requests()).toEqual([[1, 2]]);
  batches[0]!.done.resolve([10, 20]);
  expect(await Promise.all(first)).toEqual([10, 20]);
  batches[1]!.done.resolve([30, 40, 50]);
  expect(await Promise.all(next.slice(0, 3))).toEqual([30, 40, 50]);
  batches[2]!.done.resolve([60]);
  expect(await next[3]).toBe(60);
  expect(requests()).toEqual([[1, 2], [3, 4, 5], [6]]);
});

test('a batch that fails fails its requests alone, and as many batches run at once as may', async () => {
  const { batches, ask, requests } = make({ max: 1, atOnce: 2 });
  const answers = [1, 2, 3].map(ask);
  await nextTurn();
  expect(requests()).toEqual([[1], [2]]);
  batches[1]!.done.reject(new Error('lost'));
  await expect(answers[1]).rejects.toThrow('lost');
  batches[0]!.done.resolve([10]);
  expect(await answers[0]).toBe(10);
  await nextTurn();
  batches[2]!.done.resolve([30]);
  expect(await answers[2]).toBe(30);
});

test('after a batch it rests, and what comes meanwhile goes together; nobody waits longer for an answer', async () => {
  const { batches, ask, requests } = make({ max: 10, atOnce: 1, restMs: 20 });
  const first = ask(1);
  await nextTurn();
  batches[0]!.done.resolve([10]);
  expect(await first).toBe(10);
  const next = [ask(2)];
  await nextTurn();
  next.push(ask(3));
  expect(requests()).toEqual([[1]]);
  while (batches.length < 2) await nextTurn();
  expect(requests()).toEqual([[1], [2, 3]]);
  batches[1]!.done.resolve([20, 30]);
  expect(await Promise.all(next)).toEqual([20, 30]);
});
