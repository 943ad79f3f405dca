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
