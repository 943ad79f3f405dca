import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { eventually } from './eventually.ts';
import { resultOf, type TestSandbox } from './test-sandbox.ts';

/** Everything that code does to stay alive or in the way; each is ended within a second. */
const HOSTILE: [name: string, code: string][] = [
  ['forks without end', 'import os\nwhile True:\n  try: os.fork()\n  except OSError: pass'],
  ['takes all memory', "a = []\nwhile True: a.append(b'x' * 10**7)"],
  ['prints without end', "while True: print('x' * 1000)"],
  ['ignores SIGTERM', 'import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(60)'],
  [
    'forks twice and leaves',
    'import os, time\nif os.fork() == 0:\n  os.setpgid(0, 0)\n  if os.fork() == 0: time.sleep(60)\n  os._exit(0)',
  ],
  ['closes every descriptor', 'import os\nos.fork()\nos.closerange(0, 256)\nwhile True: pass'],
  ['stops itself', 'import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\nwhile True: pass'],
  [
    'fills its scratch folder',
    "import os\nfor i in range(60): open(f'f{i}', 'wb').write(bytes(10**6))\nos.abort()",
  ],
  ['forges frames', "import os\nos.write(3, b'\\xff' * 5000)\nwhile True: pass"],
  ['makes calls that are refused', 'import ctypes\nwhile True: ctypes.CDLL(None).ptrace(0, 0, 0, 0)'],
  ['crashes', 'import ctypes\nctypes.string_at(0)'],
  [
    'forges a result and goes on',
    `import os\nos.write(3, b'\\0\\0\\0\\x1d{"kind":"result","json":"1"}  ')\nwhile True: pass`,
  ],
];

/**
 * Runs of which each `hostileEvery`-th is hostile. Four others are under way at any time, so that they have the same
 * company of their own kind with and without the hostile; gives how long each took, milliseconds.
 */
export async function soak(sandbox: TestSandbox, runs: number, hostileEvery = Number.POSITIVE_INFINITY) {
  const times: number[] = [];
  const attacks = new Set<Promise<void>>();
  let started = 0;
  const lane = async () => {
    while (started < runs) {
      started += 1;
      if (started % hostileEvery !== 0) times.push(await timeBenign(sandbox, started));
      else await attackAside(sandbox, started / hostileEvery, attacks);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  await Promise.all(attacks);
  return times;
}

const LANES = 4;

/** Returns while the attack goes on; waits only when as many attacks as others are under way. */
async function attackAside(sandbox: TestSandbox, index: number, attacks: Set<Promise<void>>): Promise<void> {
  while (attacks.size >= LANES) await Promise.race(attacks);
  const attacking = attack(sandbox, index).finally(() => attacks.delete(attacking));
  attacks.add(attacking);
}

async function attack(sandbox: TestSandbox, index: number): Promise<void> {
  const [name, code] = HOSTILE[index % HOSTILE.length]!;
  const { outcome } = await sandbox.run(code, { timeoutMs: 300, memoryMb: 100 });
  if (outcome.durationMs > 20_000)
    throw new Error(`The run that ${name} took ${outcome.durationMs} ms to end`);
}

async function timeBenign(sandbox: TestSandbox, n: number): Promise<number> {
  const startedAt = performance.now();
  const run = await sandbox.run("result = sum(range(input_data['n']))", { input: { n }, timeoutMs: 30_000 });
  const tookMs = performance.now() - startedAt;
  if (resultOf(run) !== (n * (n - 1)) / 2)
    throw new Error(`Expected the sum up to ${n}, got ${resultOf(run)}`);
  return tookMs;
}

/** What a sandbox holds of the host while nothing runs in it. */
export interface Holdings {
  /** Of the sandbox: bubblewrap, the fork-server, the cells that wait. */
  processes: number;
  zombies: number;
  serverDescriptors: number;
  forkServerDescriptors: number;
  /** Below its run folder. */
  files: number;
  serverMb: number;
  forkServerMb: number;
}

/**
 * Waits till as many cells wait as at first, their pipes open and so without a name, and none is ending; then counts.
 */
export async function holdingsAtRest(sandbox: TestSandbox, processes: number): Promise<Holdings> {
  await eventually(`${processes} processes are left, and none in the making`, () => {
    const pids = descendants();
    const isResting = pids.length === processes && pids.every((pid) => stateOf(pid) !== 'Z');
    return isResting && !filesOf(sandbox).some((file) => file.endsWith('.out'));
  });
  return holdings(sandbox);
}

export function holdings(sandbox: TestSandbox): Holdings {
  collectGarbage();
  const pids = descendants();
  const forkServer = pids.find(
    (pid) => commandLine(pid).includes('forkserver.py') && !commandLine(pid).startsWith('bwrap'),
  )!;
  return {
    processes: pids.length,
    zombies: pids.filter((pid) => stateOf(pid) === 'Z').length,
    serverDescriptors: descriptorsOf(process.pid),
    forkServerDescriptors: descriptorsOf(forkServer),
    files: filesOf(sandbox).length,
    serverMb: residentMb(process.pid),
    forkServerMb: residentMb(forkServer),
  };
}

function filesOf({ runFolder }: TestSandbox): string[] {
  return existsSync(runFolder) ? (readdirSync(runFolder, { recursive: true }) as string[]) : [];
}

function descendants(pid = process.pid): number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const children = threads.flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
    return children.filter(isOfSandbox).flatMap((child) => [child, ...descendants(child)]);
  } catch {
    return []; // it ended meanwhile
  }
}

function isOfSandbox(pid: number): boolean {
  return commandLine(pid).includes('forkserver.py') || stateOf(pid) === 'Z';
}

function commandLine(pid: number): string {
  return read(`/proc/${pid}/cmdline`);
}

function stateOf(pid: number): string {
  return read(`/proc/${pid}/stat`).split(') ').at(-1)?.[0] ?? '';
}

function residentMb(pid: number): number {
  return Math.round(Number(read(`/proc/${pid}/status`).match(/VmRSS:\s+(\d+)/)?.[1] ?? 0) / 1024);
}

export function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}
