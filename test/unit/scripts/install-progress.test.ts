import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import { projectRoot } from '../../../server/shared/paths.ts';
import { makeTempFolder } from '../../support/temp-folder.ts';

interface Progress {
  stop(): void;
}
const { showInstallProgress } = (await import(join(projectRoot, 'scripts/setup/install-progress.mjs'))) as {
  showInstallProgress: (options: { folder: string; stream: PassThrough; everyMs: number }) => Progress;
};

const SHOWN = '  1 of 2 packages after 0 s';
const START_OF_LINE = '\r\x1b[K';

test.each([
  ['in a new line each time', false, `${SHOWN}\n${SHOWN}\n`],
  ['in one line on a terminal', true, `${START_OF_LINE}${SHOWN}${START_OF_LINE}${SHOWN}`],
])('an install shows how many of its packages are there, %s', async (_how, isTTY, expected) => {
  await using folder = await makeTempFolder();
  const elsewhere = { os: ['an-os-that-nobody-has'] };
  const packages = {
    '': {},
    'client-sdk': {},
    'node_modules/@weft/client': { link: true },
    'node_modules/a': {},
    'node_modules/a/node_modules/b': {},
    'node_modules/c': elsewhere,
  };
  await writeFile(join(folder.path, 'package-lock.json'), JSON.stringify({ packages }));
  await mkdir(join(folder.path, 'node_modules/a/node_modules/b'), { recursive: true });
  await writeFile(join(folder.path, 'node_modules/a/package.json'), '{}');
  const stream = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY });
  const progress = showInstallProgress({ folder: folder.path, stream, everyMs: 1 });
  let shown = '';
  for await (const text of stream) {
    shown += text;
    if (shown.length >= expected.length) break;
  }
  progress.stop();
  // A second may have passed on a busy host.
  expect(shown.slice(0, expected.length).replaceAll(/after \d s/g, 'after 0 s')).toBe(expected);
});
