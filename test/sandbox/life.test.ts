import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import { projectRoot } from '../../server/shared/paths.ts';
import { eventually } from '../support/eventually.ts';
import { makeTempFolder } from '../support/temp-folder.ts';
import { errorOf, openTestSandbox, resultOf } from '../support/test-sandbox.ts';

test('disposing aborts active runs', async () => {
  const sandbox = await openTestSandbox();
  const { promise: began, resolve } = Promise.withResolvers<void>();
  const running = sandbox.run("print('go')\nwhile True: pass", { onEvent: () => resolve() });
  await began;
  await sandbox[Symbol.asyncDispose]();
  expect((await running).outcome.kind).toBe('aborted');
});

test('a fork-server that is killed is started again, and only the runs in it are lost', async () => {
  await using sandbox = await openTestSandbox();
  const { promise: began, resolve } = Promise.withResolvers<void>();
  const lost = sandbox.run("print('go')\nwhile True: pass", { onEvent: () => resolve() });
  await began;
  for (const pid of processesWith(sandbox.runFolder)) killIfThere(pid);
  expect(errorOf(await lost)).toMatchObject({ code: 'PYTHON_SERVICE_ERROR', retryable: true });
  expect(resultOf(await sandbox.run('result = 1'))).toBe(1);
});

test('a fork-server that hangs is replaced', async () => {
  await using sandbox = await openTestSandbox();
  for (const pid of processesWith(sandbox.runFolder).flatMap(withDescendants)) process.kill(pid, 'SIGSTOP');
  const held = await sandbox.run('while True: pass', { timeoutMs: 100 });
  expect(errorOf(held).code).toBe('PYTHON_TIMEOUT');
  expect(resultOf(await sandbox.run('result = 1'))).toBe(1);
});

test('without Python a run fails with PYTHON_NOT_FOUND and the remedy', async () => {
  await using sandbox = await openTestSandbox({ pythonPath: '/nowhere/python3' });
  const error = errorOf(await sandbox.run('result = 1'));
  expect(error.code).toBe('PYTHON_NOT_FOUND');
  expect(error.message).toContain('/nowhere/python3');
  expect(error.message).toContain('apt-get install python3');
  expect(await sandbox.backend.status()).toMatchObject({
    available: false,
    problem: { code: 'PYTHON_NOT_FOUND' },
  });
});

test('without bubblewrap a run fails with PYTHON_SANDBOX_UNAVAILABLE and the remedy', async () => {
  await using sandbox = await openTestSandbox({ bubblewrapPath: '/nowhere/bwrap' });
  const error = errorOf(await sandbox.run('result = 1'));
  expect(error.code).toBe('PYTHON_SANDBOX_UNAVAILABLE');
  expect(error.message).toContain('apt-get install bubblewrap');
});

test('on a host that refuses namespaces a run fails with the remedy', async () => {
  await using sandbox = await openTestSandbox({ bubblewrapPath: '/bin/false' });
  const error = errorOf(await sandbox.run('result = 1'));
  expect(error.code).toBe('PYTHON_SANDBOX_UNAVAILABLE');
  expect(error.message).toContain('sysctl');
});

test('a server that is killed leaves no process', async () => {
  const runFolder = mkdtempSync(join(tmpdir(), 'weft-sb-'));
  const child = spawnHolder(runFolder);
  await nextLine(child);
  expect(processesWith(runFolder).length).toBeGreaterThan(0);
  child.kill('SIGKILL');
  await eventually('the room is gone', () => processesWith(runFolder).length === 0);
  rmSync(runFolder, { recursive: true });
});

const isRoot = process.getuid?.() === 0;

/** Only its owner can run a checkout under a home folder that is closed to others. */
const othersCanEnter =
  isRoot && spawnSync('cat', [join(projectRoot, 'package.json')], { uid: 12345, gid: 12345 }).status === 0;

(othersCanEnter ? test : test.skip)('an ordinary user gets the same sandbox', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-sb-'));
  chmodSync(folder, 0o777);
  const child = spawnHolder(join(folder, 'run'), { uid: 12345 });
  try {
    expect(JSON.parse(await nextLine(child))).toEqual({
      kind: 'succeeded',
      result: [65532, 1],
      durationMs: expect.any(Number),
    });
  } finally {
    child.kill('SIGKILL');
  }
  await eventually('the room is gone', () => processesWith(folder).length === 0);
  rmSync(folder, { recursive: true });
});

test('a run has no terminal, even where the server has one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weft-sb-'));
  const code = `import os
terminals = [fd for fd in range(4) if os.isatty(fd)]
for name in ('/dev/tty', '/dev/console', '/dev/ptmx', '/dev/pts/0'):
  try: terminals.append(os.open(name, os.O_RDWR))
  except OSError: pass
result = terminals`;
  const child = spawnHolder(join(folder, 'run'), { code, inTerminal: true });
  const outcome = await nextLine(child);
  child.kill('SIGKILL');
  expect(JSON.parse(outcome)).toMatchObject({ kind: 'succeeded', result: [] });
  await eventually('the room is gone', () => processesWith(folder).length === 0);
  rmSync(folder, { recursive: true });
});

/** A process of its own that opens a sandbox, prints the outcome of one run and stays. */
function spawnHolder(runFolder: string, options: HolderOptions = {}) {
  const { uid, code = 'import os\nresult = [os.getuid(), os.getpid()]', inTerminal } = options;
  const script = `
    const { openLocalSandbox } = await import(${JSON.stringify(compiled('server/sandbox/local/local-sandbox.js'))});
    const { makeLogger } = await import(${JSON.stringify(compiled('server/shared/logger.js'))});
    if (${uid ?? 0}) { process.setgroups([]); process.setgid(${uid}); process.setuid(${uid}); }
    const sandbox = await openLocalSandbox({ runFolder: ${JSON.stringify(runFolder)}, policy: 'kernel',
      pythonPath: ${uid ? "'/usr/bin/python3'" : 'undefined'}, logger: makeLogger('warn') });
    const request = { code: ${JSON.stringify(code)}, packages: [], input: null, timeoutMs: 5000 };
    const outcome = await sandbox.run(request, { signal: new AbortController().signal, onEvent() {} });
    console.log(JSON.stringify(outcome));
    setInterval(() => {}, 1000);
  `;
  const command = [process.execPath, '--input-type=module', '-e', script];
  const withTerminal = ['/usr/bin/python3', '-c', 'import pty, sys; pty.spawn(sys.argv[1:])', ...command];
  const [program, ...args] = inTerminal ? withTerminal : command;
  return spawn(program!, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

interface HolderOptions {
  uid?: number;
  code?: string;
  inTerminal?: boolean;
}

function compiled(path: string): string {
  return join(projectRoot, 'dist', path);
}

async function nextLine(child: ReturnType<typeof spawnHolder>): Promise<string> {
  for await (const line of createInterface(child.stdout)) return line;
  throw new Error('Expected a line, got the end of the output');
}

/** Every process whose command line names this sandbox's folder: bubblewrap, and through it all others. */
function processesWith(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => commandLine(pid).includes(folder) && commandLine(pid).startsWith('bwrap'))
    .map(Number);
}

function withDescendants(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return [pid, ...children.flatMap((child) => withDescendants(Number(child)))];
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended together with the one before
  }
}

test('a host without a free descriptor for a fork-server causes an error and nothing more', async () => {
  await using folder = await makeTempFolder();
  const script = `
    import { openSync } from 'node:fs';
    const { startForkServer } = await import('${join(projectRoot, 'dist/server/sandbox/local/fork-server.js')}');
    const interpreter = { executable: '/usr/bin/python3', prefix: '/usr', libraries: [], version: '3' };
    const options = { interpreter, config: {}, asRoot: false, signal: AbortSignal.timeout(10_000) };
    try { for (;;) openSync('/dev/null'); } catch {}
    await startForkServer({ ...options, socketFolder: '${folder.path}/1', bubblewrapPath: '/usr/bin/bwrap' }).catch(
      ({ message }) => console.log(message),
    );
    process.exit();`;
  const node = [process.execPath, '--input-type=module', '-e', script];
  const starve = ['-c', 'ulimit -n 200; exec "$@"', 'sh'];
  // In a group of its own: a bug that kills a child which was never started would kill this whole process group.
  const { stdout } = await execa('/bin/sh', [...starve, ...node], { detached: true });
  expect(stdout).toContain('EMFILE');
});
