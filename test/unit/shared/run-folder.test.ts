import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { removeFolder } from '../../../server/shared/remove-folder.ts';
import { makeRunFolder } from '../../../server/shared/run-folder.ts';
import { makeTempFolder, type TempFolder } from '../../support/temp-folder.ts';

const isRoot = process.getuid?.() === 0;
let root: TempFolder;
/** What must survive: a folder outside of the folder of temporary files. */
let victim: string;
/** The folder of temporary files. */
let tmp: string;
/** Larger than any: what has ended may have been followed by another process of the same number. */
const deadPid = 99_999_999;
const { ino: namespace } = statSync('/proc/self/ns/pid');

beforeEach(async () => {
  root = await makeTempFolder();
  victim = join(root.path, 'victim');
  mkdirSync(victim);
  writeFileSync(join(victim, 'precious'), '');
  tmp = join(root.path, 'tmp');
  mkdirSync(tmp);
});
afterEach(() => root[Symbol.asyncDispose]());

/** A run folder that a dead process seems to have left, with one file. */
function makeLeftover(name: string, { mode = 0o700, inNamespace = namespace } = {}): string {
  const path = join(tmp, `weft-run-${deadPid}-${inNamespace}-${name}`);
  mkdirSync(join(path, '1'), { recursive: true });
  writeFileSync(join(path, '1/forkserver.sock'), '');
  chmodSync(path, mode);
  return path;
}

test('the run folder of a process that was killed is removed by the next one', async () => {
  const left = makeLeftover('own');
  const made = await makeRunFolder(tmp);
  expect(existsSync(left)).toBe(false);
  expect(existsSync(made)).toBe(true);
});

test('a folder of another container, whose processes this one does not see, is left alone', async () => {
  const left = makeLeftover('elsewhere', { inNamespace: namespace + 1 });
  await makeRunFolder(tmp);
  expect(readdirSync(join(left, '1'))).toEqual(['forkserver.sock']);
});

test('a folder that others can enter is not ours, and is left alone', async () => {
  const left = makeLeftover('open', { mode: 0o777 });
  await makeRunFolder(tmp);
  expect(readdirSync(join(left, '1'))).toEqual(['forkserver.sock']);
});

(isRoot ? test : test.skip)('a folder of another user is left alone (as root)', async () => {
  const left = makeLeftover('foreign');
  chownSync(left, 12_345, 12_345);
  await makeRunFolder(tmp);
  expect(readdirSync(join(left, '1'))).toEqual(['forkserver.sock']);
});

test('a symlink with the name of a run folder is not followed', async () => {
  symlinkSync(victim, join(tmp, `weft-run-${deadPid}-${namespace}-link`));
  await makeRunFolder(tmp);
  expect(readdirSync(victim)).toEqual(['precious']);
});

test('a symlink inside a folder is removed, and what it leads to stays', async () => {
  const left = makeLeftover('own');
  symlinkSync(victim, join(left, '1/link'));
  await makeRunFolder(tmp);
  expect(existsSync(left)).toBe(false);
  expect(readdirSync(victim)).toEqual(['precious']);
});

test('a folder that another process swaps for a symlink while it is removed leads nowhere', async () => {
  const attacked = join(root.path, 'attacked');
  const args = [attacked, victim, join(root.path, 'stash')];
  const swapper = spawn('python3', ['-c', SWAPPER, ...args]);
  try {
    // `rm` of Node removed a file of the victim within a tenth of this time.
    for (const end = Date.now() + 2_000; Date.now() < end; ) {
      mkdirSync(attacked, { recursive: true });
      await removeFolder(attacked).catch(() => {});
    }
    expect(readdirSync(victim)).toEqual(['precious']);
  } finally {
    swapper.kill('SIGKILL');
    await once(swapper, 'exit');
  }
});

/** Exchanges `d`, a folder with an entry of the victim's name, and a symlink to the victim, as fast as it can. */
const SWAPPER = `
import ctypes, os, shutil, sys
folder, victim, stash = sys.argv[1:]
os.makedirs(stash)
os.symlink(victim, stash + "/link")
exchange = ctypes.CDLL(None).renameat2
while True:
    try:
        os.makedirs(folder + "/d/precious", exist_ok=True)
    except OSError:
        continue
    while exchange(-100, (folder + "/d").encode(), -100, (stash + "/link").encode(), 2) == 0:
        pass
    if not os.path.islink(stash + "/link"):
        shutil.rmtree(stash + "/link")
        os.symlink(victim, stash + "/link")
`;
