import { makeRequestRate } from '../../../server/use-cases/webhooks/request-rate.ts';

test('a webhook takes a minute of requests at once, and then one each time that it has filled up', () => {
  let now = 0;
  const rate = makeRequestRate(() => now);
  const passed = (count: number) =>
    Array.from({ length: count }, () => rate.take('wh_1', 60)).filter((wait) => wait === null).length;
  expect(passed(100)).toBe(60);
  expect(rate.take('wh_1', 60)).toBe(1);
  expect(rate.take('wh_2', 60)).toBeNull();
  now = 10_000;
  expect(passed(100)).toBe(10);
  now = 10_000_000;
  expect(passed(100)).toBe(60);
  expect(rate.take('wh_1', 1)).toBeGreaterThan(0);
});

test('what was refused does not count, and a lower rate holds at once', () => {
  let now = 0;
  const rate = makeRequestRate(() => now);
  expect(rate.take('wh_1', 1)).toBeNull();
  for (let tries = 0; tries < 100; tries += 1) expect(rate.take('wh_1', 1)).toBe(60);
  now = 60_000;
  expect(rate.take('wh_1', 1)).toBeNull();
});

test('webhooks whose requests are long ago are forgotten', () => {
  let now = 0;
  const rate = makeRequestRate(() => now);
  for (let index = 0; index < 20_000; index += 1) {
    now += 1_000;
    expect(rate.take(`wh_${index}`, 1)).toBeNull();
  }
});
