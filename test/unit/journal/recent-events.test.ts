import type { JournalEvent } from '../../../server/journal/event.ts';
import { makeRecentEvents } from '../../../server/journal/recent-events.ts';
import { HandHub } from '../engine/support/hand-queue.ts';

const event = (sequence: number, type: string) =>
  ({ type, sequence, occurredAt: new Date(0), nodeKey: null }) as unknown as JournalEvent;
const place = (after: number) => ({ after, limit: 10, types: null, nodeKeys: null });

test('of executions that wait, the latest hundred are held, and one that goes on is held anew', () => {
  using recent = makeRecentEvents(new HandHub());
  const ids = Array.from({ length: 150 }, (_, n) => `exec_${n}`);
  recent.add('exec_runs', [event(1, 'ExecutionStarted')], 0);
  for (const id of ids) {
    recent.add(id, [event(1, 'ExecutionStarted')], 0);
    recent.add(id, [event(2, 'ExecutionWaiting')], 0);
  }
  const held = () => ids.filter((id) => recent.page(id, place(0)) !== null);
  expect(held()).toEqual(ids.slice(50));
  expect(recent.page('exec_runs', place(0))?.events).toHaveLength(1);
  recent.add('exec_149', [event(3, 'ExecutionResumed')], 0);
  recent.add('exec_0', [event(3, 'ExecutionResumed')], 0);
  recent.add('exec_new', [event(1, 'ExecutionWaiting')], 0);
  expect(held()).toEqual(ids.slice(50));
  expect(recent.page('exec_0', place(2))?.events).toHaveLength(1);
  expect(recent.page('exec_0', place(0))).toBeNull();
});

test('a journal that is expected begins with its first event, unless somebody has written or may have', () => {
  const hub = new HandHub();
  using recent = makeRecentEvents(hub);
  const queued = event(1, 'ExecutionQueued');
  const begin = (id: string, meanwhile: () => void): unknown => {
    using expected = recent.expect(id);
    meanwhile();
    expected.begin(queued);
    return recent.page(id, place(0))?.events.map(({ sequence }) => sequence);
  };
  expect(begin('exec_quiet', () => {})).toEqual([1]);
  expect(begin('exec_other', () => hub.hear('journal', 'exec_quiet'))).toEqual([1]);
  expect(recent.page('exec_quiet', place(0))).toBeNull();
  expect(begin('exec_remote', () => hub.hear('journal', 'exec_remote'))).toBeUndefined();
  expect(begin('exec_gap', () => hub.hear('journal', undefined))).toBeUndefined();
  expect(begin('exec_own', () => recent.add('exec_own', [event(2, 'ExecutionStarted')], 0))).toBeUndefined();
  expect(recent.page('exec_own', place(1))?.events).toHaveLength(1);

  const refused = recent.expect('exec_refused');
  refused[Symbol.dispose]();
  refused.begin(queued);
  expect(recent.page('exec_refused', place(0))).toBeNull();
});

test('of executions that nobody has begun, only so many are held', () => {
  using recent = makeRecentEvents(new HandHub());
  const ids = Array.from({ length: 150 }, (_, n) => `exec_${n}`);
  for (const id of ids) {
    using expected = recent.expect(id);
    expected.begin(event(1, 'ExecutionQueued'));
  }
  expect(ids.filter((id) => recent.page(id, place(0)) !== null)).toEqual(ids.slice(50));
});
