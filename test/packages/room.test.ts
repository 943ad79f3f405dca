import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runInRoom } from '../../server/packages/installer/room.ts';
import { makeTempFolder } from '../support/temp-folder.ts';
import { onPath } from '../support/test-environments.ts';

const room = {
  bubblewrapPath: onPath('bwrap'),
  hasNetwork: false,
  variables: {},
  homeFiles: {},
  readable: [],
  writable: [],
};

test('an aborted room ends, however early the abort comes', async () => {
  for (let ms = 0; ms < 30; ms += 1) {
    const leaving = new AbortController();
    const run = runInRoom({ ...room, signal: leaving.signal }, ['sleep', '60']);
    const ended = expect(run).rejects.toThrow('gone');
    await delay(ms);
    leaving.abort(new Error('gone'));
    await ended;
  }
});

test('files can be linked, not only copied, from the downloads to the folder of a build', async () => {
  await using root = await makeTempFolder();
  const [downloaded, building] = [join(root.path, 'downloaded.py'), join(root.path, 'building')];
  writeFileSync(downloaded, '');
  mkdirSync(building);
  const { signal } = new AbortController();
  const writable = [root.path, building];
  const { exitCode } = await runInRoom({ ...room, writable, signal }, ['ln', downloaded, building]);
  expect(exitCode).toBe(0);
});
