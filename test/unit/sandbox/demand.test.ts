import { Demand } from '../../../server/sandbox/local/demand.ts';

let now = 0;
const open = (size: ConstructorParameters<typeof Demand>[0]) => new Demand(size, () => now);
beforeEach(() => {
  now = 1_000_000;
});

function take(demand: Demand, count: number): void {
  for (let n = 0; n < count; n += 1) demand.note();
}

test('a number stays, whatever comes', () => {
  const demand = open(40);
  expect(demand.wanted).toBe(40);
  take(demand, 100);
  expect(demand.wanted).toBe(40);
  expect(demand.quietInMs).toBeNull();
});

test('it follows the busiest second of the last minute, within its bounds', () => {
  const demand = open({ least: 8, most: 40 });
  expect(demand.wanted).toBe(8);
  take(demand, 10);
  expect(demand.wanted).toBe(20);
  now += 30_000;
  take(demand, 3);
  expect(demand.wanted).toBe(20);
  take(demand, 1_000);
  expect(demand.wanted).toBe(40);
  expect(demand.quietInMs).toBe(60_000);
});

test('after a quiet minute as few are wanted as can be, and slow runs keep few', () => {
  const demand = open({ least: 8, most: 40 });
  take(demand, 30);
  now += 60_000;
  expect(demand.wanted).toBe(8);
  expect(demand.quietInMs).toBeNull();
  for (let n = 0; n < 100; n += 1) {
    now += 2_000;
    demand.note();
    expect(demand.wanted).toBe(8);
  }
});
