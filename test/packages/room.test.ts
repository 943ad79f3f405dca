import { setTimeout as delay } from 'node:timers/promises';
import { runInRoom } from '../../server/packages/installer/room.ts';
import { onPath } from '../support/test-environments.ts';

const room = {
  bubblewrapPath: onPath('bwrap'),
  hasNetwork: false,
  variables: {},
  homeFiles: {},
  readable: [],
  writable: [],
};

test('a room that is given up ends, however early in its making', async () => {
  for (let ms = 0; ms < 30; ms += 1) {
    const leaving = new AbortController();
    const run = runInRoom({ ...room, signal: leaving.signal }, ['sleep', '60']);
    const ended = expect(run).rejects.toThrow('gone');
    await delay(ms);
    leaving.abort(new Error('gone'));
    await ended;
  }
});
