import { emptyState } from '../../../server/engine/fold.ts';
import { makeParkedStates } from '../../../server/engine/parked-states.ts';
import { HandClock } from './support/hand-clock.ts';

const parkedAt = (sequence: number, outputBytes = 0) => ({
  folded: { state: emptyState(), sequence },
  outputBytes,
  signals: [],
});

test('a state is taken once, as it was kept last', () => {
  using parked = makeParkedStates(new HandClock());
  const later = parkedAt(2_000);
  parked.keep('a', parkedAt(1_000));
  parked.keep('a', later);
  expect(parked.take('b')).toBeUndefined();
  expect(parked.take('a')).toBe(later);
  expect(parked.take('a')).toBeUndefined();
});

test('short journals are not kept, and none for longer than a minute', async () => {
  const clock = new HandClock();
  using parked = makeParkedStates(clock);
  parked.keep('short', parkedAt(499));
  expect(parked.take('short')).toBeUndefined();
  parked.keep('long', parkedAt(500));
  await clock.advance(30_000);
  parked.keep('long', parkedAt(600));
  await clock.advance(59_999);
  parked.keep('other', parkedAt(600));
  await clock.advance(1);
  expect(parked.take('long')).toBeUndefined();
  expect(parked.take('other')?.folded.sequence).toBe(600);
});

test('where all of them are too much, those that were kept first are forgotten', () => {
  using parked = makeParkedStates(new HandClock());
  const mib = 1024 * 1024;
  parked.keep('a', parkedAt(1_000, 15 * mib));
  parked.keep('b', parkedAt(1_000, 15 * mib));
  parked.keep('c', parkedAt(1_000, 15 * mib));
  parked.keep('too large by itself', parkedAt(1_000, 33 * mib));
  expect(['a', 'b', 'c', 'too large by itself'].map((id) => parked.take(id)?.folded.sequence)).toEqual([
    undefined,
    1_000,
    1_000,
    undefined,
  ]);
});

test('what a signal brought is kept until it is taken, and counts', () => {
  using parked = makeParkedStates(new HandClock());
  const signal = (number: number, payload: unknown) => ({ number, nodeKey: 'n', item: null, payload });
  const { folded } = parkedAt(1_000);
  folded.state.taken.add(1);
  const signals = [signal(1, 'taken'), signal(2, 'not yet')];
  parked.keep('a', { folded, outputBytes: 0, signals });
  expect(parked.take('a')?.signals).toEqual([signal(1, null), signal(2, 'not yet')]);
  parked.keep('b', { folded, outputBytes: 0, signals: [signal(3, 'x'.repeat(33 * 1024 * 1024))] });
  expect(parked.take('b')).toBeUndefined();
});
