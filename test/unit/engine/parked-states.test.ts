import { emptyState } from '../../../server/engine/fold.ts';
import { makeParkedStates } from '../../../server/engine/parked-states.ts';
import { HandClock } from './support/hand-clock.ts';

const folded = (sequence: number) => ({ state: emptyState(), sequence });

test('a state is taken once, as it was kept last', () => {
  using parked = makeParkedStates(new HandClock());
  const later = folded(2_000);
  parked.keep('a', folded(1_000), 0);
  parked.keep('a', later, 0);
  expect(parked.take('b')).toBeUndefined();
  expect(parked.take('a')).toBe(later);
  expect(parked.take('a')).toBeUndefined();
});

test('short journals are not kept, and none for longer than a minute', async () => {
  const clock = new HandClock();
  using parked = makeParkedStates(clock);
  parked.keep('short', folded(499), 0);
  expect(parked.take('short')).toBeUndefined();
  parked.keep('long', folded(500), 0);
  await clock.advance(30_000);
  parked.keep('long', folded(600), 0);
  await clock.advance(59_999);
  parked.keep('other', folded(600), 0);
  await clock.advance(1);
  expect(parked.take('long')).toBeUndefined();
  expect(parked.take('other')?.sequence).toBe(600);
});

test('where all of them are too much, those that were kept first are forgotten', () => {
  using parked = makeParkedStates(new HandClock());
  const mib = 1024 * 1024;
  parked.keep('a', folded(1_000), 15 * mib);
  parked.keep('b', folded(1_000), 15 * mib);
  parked.keep('c', folded(1_000), 15 * mib);
  parked.keep('too large by itself', folded(1_000), 33 * mib);
  expect(['a', 'b', 'c', 'too large by itself'].map((id) => parked.take(id)?.sequence)).toEqual([
    undefined,
    1_000,
    1_000,
    undefined,
  ]);
});
