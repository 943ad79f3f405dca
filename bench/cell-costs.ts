/**
 * What a cell costs in CPU, by cause: a bare C child with the same walls, and real cells of Python, each with one thing
 * left out. What the kernel's own threads do afterwards counts as well. Run it where little else runs, as root: it makes
 * cells as the fork-server does, outside its room. Needs gcc for the first part. `cell-costs pandas` has cells of a
 * parent with pandas, too, which needs PyPI.
 */
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { defaultBounds } from '../server/sandbox/backend.ts';
import { forkServerConfig } from '../server/sandbox/local/fork-server-config.ts';
import { findInterpreter } from '../server/sandbox/local/interpreter.ts';
import { projectRoot } from '../server/shared/paths.ts';
import { openPypiSandbox } from '../test/support/pypi.ts';
import { percentile, round } from './support/measure.ts';

const ROUNDS = 5;
const BARE_CELLS = 100;
const PYTHON_CELLS = 30;
const PARENT_MIB = 18;
const support = join(projectRoot, 'bench/support');
const run = promisify(execFile);

await using stack = new AsyncDisposableStack();
const folder = await mkdtemp(join(tmpdir(), 'weft-cells-'));
stack.defer(() => rm(folder, { recursive: true }));
const { executable: python } = await findInterpreter('python3');
const pandas = process.argv[2] === 'pandas' ? stack.use(await openPypiSandbox(['pandas', 'numpy'])) : null;
const filter = join(folder, 'filter');
await makeCells({ filterTo: filter });

const bareCell = join(folder, 'bare_cell');
const hasCompiler = await run('gcc', ['-O2', '-o', bareCell, join(support, 'bare_cell.c')]).then(
  () => true,
  () => false,
);
if (hasCompiler) await printBareCells();
else console.log('There is no gcc here, so there are no figures of a bare C child.');
await printPythonCells();

interface Bare {
  touchedKib?: number;
  namespaces?: number;
  mounts?: number;
  mapsIds?: boolean;
  filter?: boolean;
}

async function printBareCells(): Promise<void> {
  const all = 0x7e020000;
  const ways: Record<string, Bare> = {
    'all walls': {},
    'without the maps of users, and so any mount': { mapsIds: false, mounts: 0 },
    'without any mount': { mounts: 0 },
    'one mount instead of five': { mounts: 1 },
    'without the ipc namespace': { namespaces: all & ~0x08000000 },
    'without the uts namespace': { namespaces: all & ~0x04000000 },
    'without the network namespace': { namespaces: all & ~0x40000000 },
    'without the pid namespace': { namespaces: all & ~0x20000000 },
    'without the filter': { filter: false },
    'nothing but the fork': { namespaces: 0, mounts: 0, mapsIds: false, filter: false },
    'all walls, and 1 MiB touched': { touchedKib: 1024 },
    'all walls, and 3 MiB touched': { touchedKib: 3072 },
  };
  const readings = await inTurn(ways, BARE_CELLS, async (way) => {
    const { touchedKib = 0, namespaces = all, mounts = 5, mapsIds = true, filter: filters = true } = way;
    const words = [BARE_CELLS, 2, PARENT_MIB, touchedKib, namespaces.toString(16), mounts, Number(mapsIds)];
    const { stdout } = await run(bareCell, [...words.map(String), filters ? filter : '-']);
    const [wall, user, system, pages] = stdout.split(' ').map(Number) as [number, number, number, number];
    return { wall, own: user + system, pages };
  });
  const whole = readings['all walls']!;
  console.log(`\nA bare C child of a parent with ${PARENT_MIB} MiB, two at a time, µs of CPU each`);
  console.table(
    Object.entries(readings).map(([what, { own, kernel, pages, perSecond }]) => ({
      what,
      'it and its parent': Math.round(own),
      "the kernel's threads": Math.round(kernel),
      'less than all walls': Math.round(whole.own + whole.kernel - own - kernel),
      pages: Math.round(pages),
      'cells/s': Math.round(perSecond),
    })),
  );
}

interface PythonCosts {
  parent: number;
  ready: number;
  run: number;
  end: number;
  pagesToReady: number;
  pagesOfRun: number;
  cellsASecond: number;
}

async function printPythonCells(): Promise<void> {
  const runs = 'result = sum(n for n in range(100))';
  const packages = pandas && { folder: pandas.sitePackages, preload: ['numpy', 'pandas'] };
  const ways: Record<string, { leaveOut: string; runs?: string; packages?: object }> = {
    'all of it, and no run': { leaveOut: '' },
    'all of it, and a run': { leaveOut: '', runs },
    ...(packages && { 'all of it, its parent has pandas, and a run': { leaveOut: '', runs, packages } }),
    'without walls': { leaveOut: 'walls' },
    'without namespaces, maps and mounts': { leaveOut: 'namespaces' },
    'without the network namespace': { leaveOut: 'CLONE_NEWNET' },
    'without the ipc namespace': { leaveOut: 'CLONE_NEWIPC' },
    'without the uts namespace': { leaveOut: 'CLONE_NEWUTS' },
    'without mounts': { leaveOut: '_mount_scratch' },
    'without limits': { leaveOut: '_set_limits' },
    'without the filter': { leaveOut: '_filter_system_calls' },
    'without a handler of SIGTERM': { leaveOut: 'handle_term' },
  };
  const readings: Record<string, PythonCosts[]> = Object.fromEntries(
    Object.keys(ways).map((what) => [what, []]),
  );
  const kernel: Record<string, number[]> = Object.fromEntries(Object.keys(ways).map((what) => [what, []]));
  for (let n = 0; n < ROUNDS; n++) {
    for (const [what, way] of Object.entries(ways)) {
      const before = kernelSeconds();
      readings[what]!.push(
        JSON.parse(await makeCells({ cells: PYTHON_CELLS, runs: '', ...way })) as PythonCosts,
      );
      kernel[what]!.push(((kernelSeconds() - before) / PYTHON_CELLS) * 1e6);
    }
  }
  const median = (what: string, key: keyof PythonCosts) =>
    Math.round(
      percentile(
        readings[what]!.map((costs) => costs[key]),
        50,
      ),
    );
  console.log('\nA cell of Python, one at a time, µs of CPU each');
  console.table(
    Object.keys(ways).map((what) => ({
      what,
      'its parent': median(what, 'parent'),
      'up to ready': median(what, 'ready'),
      'its run': median(what, 'run'),
      'its end': median(what, 'end'),
      "the kernel's threads": Math.round(percentile(kernel[what]!, 50)),
      'pages up to ready': median(what, 'pagesToReady'),
      'pages of the run': median(what, 'pagesOfRun'),
    })),
  );
}

/** Runs each way again and again in turn, and takes medians, µs a cell. */
async function inTurn<T>(
  ways: Record<string, T>,
  cells: number,
  make: (way: T) => Promise<{ wall: number; own: number; pages: number }>,
) {
  const found: Record<string, { own: number[]; kernel: number[]; pages: number[]; rate: number[] }> = {};
  for (let n = 0; n < ROUNDS; n++) {
    for (const [what, way] of Object.entries(ways)) {
      const before = kernelSeconds();
      const { wall, own, pages } = await make(way);
      found[what] ??= { own: [], kernel: [], pages: [], rate: [] };
      const each = found[what];
      each.own.push((own / cells) * 1e6);
      each.kernel.push(((kernelSeconds() - before) / cells) * 1e6);
      each.pages.push(pages / cells);
      each.rate.push(cells / wall);
    }
  }
  return Object.fromEntries(
    Object.entries(found).map(([what, { own, kernel, pages, rate }]) => [
      what,
      {
        own: percentile(own, 50),
        kernel: percentile(kernel, 50),
        pages: percentile(pages, 50),
        perSecond: round(Math.max(...rate)),
      },
    ]),
  );
}

async function makeCells(options: object): Promise<string> {
  const { preload, limits } = forkServerConfig({
    asRoot: true,
    policy: 'strict',
    bounds: defaultBounds,
    preload: null,
  });
  const config = {
    folder: join(projectRoot, 'server/sandbox/python'),
    preload,
    limits,
    leaveOut: '',
    ...options,
  };
  const { stdout } = await run(python, [
    ...['-I', '-S', '-B', '-X', 'utf8', join(support, 'cell_costs.py')],
    JSON.stringify(config),
  ]);
  return stdout;
}

/** The CPU time of the kernel's threads so far, which free namespaces, mounts and filters; seconds. */
function kernelSeconds(): number {
  let ticks = 0;
  for (const pid of readdirSync('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const stat = readStat(pid);
    if (!/\((kworker|ksoftirqd|rcu)/.test(stat)) continue;
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / 100;
}

/** Empty for one that has ended meanwhile. */
function readStat(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
}
