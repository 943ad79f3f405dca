import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { projectRoot } from '../../server/shared/paths.ts';
import { runOn, type TestRun, type TestRunOptions } from './test-sandbox.ts';
import { openClient } from './test-service.ts';

/** The sandbox of a server that is an ordinary user, and that owns files which its runs share. */
export interface OwnedSandbox extends AsyncDisposable {
  run(code: string, options?: TestRunOptions): Promise<TestRun>;
  /** Whether the server can still use what the kernel counts for its user: `well`, or the error. */
  probe(): Promise<string>;
}

const isRoot = process.getuid?.() === 0;
const USER = 12345; // a uid without a user on the host

/** Only its owner can run a checkout under a home folder that is closed to others. */
export const canBeOwned =
  !isRoot || spawnSync('cat', [join(projectRoot, 'package.json')], { uid: USER, gid: USER }).status === 0;

/** Where the tests run as root, the server runs as another user, from a copy of the checkout that this user owns. */
export async function openOwnedSandbox(): Promise<OwnedSandbox> {
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'weft-own-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  if (isRoot) copyCheckout(folder);
  const script = join(isRoot ? folder : projectRoot, 'dist/test/support/serve-sandbox.js');
  const asUser = isRoot ? ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups'] : [];
  const [program, ...args] = [...asUser, process.execPath, script, join(folder, 'run')];
  const child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  closed.catch(() => {}); // awaited below
  stack.defer(async () => {
    child.stdin.end();
    await closed;
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const nextLine = async () => (await lines.next()).value ?? 'the server has ended';
  const client = stack.use(await openClient(await nextLine()));
  const kept = stack.move();
  return {
    run: (code, options) => runOn(client, code, options),
    async probe() {
      child.stdin.write('\n');
      return await nextLine();
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

function copyCheckout(folder: string): void {
  const parts = [
    'package.json',
    'package-lock.json',
    'server/sandbox/python',
    'dist/server',
    'dist/test/support',
  ];
  execFileSync('cp', ['-r', '--parents', ...parts, folder], { cwd: projectRoot });
  symlinkSync(join(projectRoot, 'node_modules'), join(folder, 'node_modules'));
  execFileSync('chown', ['-R', '-h', `${USER}:${USER}`, folder]);
}
