import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../../server/shared/paths.ts';
import { processArguments, processStart } from '../../server/shared/process-table.ts';
import { eventually } from './eventually.ts';
import { ExitWatch } from './exit-watch.ts';
import { makeTempFolder } from './temp-folder.ts';

export interface WeftServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/graphql` */
  url: string;
  wsUrl: string;
  pid: number;
  dataFolder: string;
  /** Everything it printed so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** SIGTERM; resolves when it has ended, with its exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL; resolves when it has ended. */
  kill(): Promise<void>;
}

export interface WeftServerOptions {
  /** Without one the server starts its own Postgres. */
  databaseUrl?: string;
  /** To start again where another server left off; without one it gets a folder of its own. */
  dataFolder?: string;
  env?: Record<string, string>;
  /** How many files the process may have open (`ulimit -n`); by default as many as this process. */
  openFiles?: number;
  /** Instead of what `npm start` runs. */
  program?: string;
  /** Called when the process ends and the test did not end it. Without it the running test fails. */
  onLost?: (error: Error) => void;
}

/** What `npm start` runs. */
export const serverProgram = join(projectRoot, 'dist/bundle/main.js');

/**
 * Starts the real server on a free port and waits until it reports that it is ready. Disposing ends the server, and fails
 * if something else has ended it or a process of it is left.
 */
export async function startWeft(options: WeftServerOptions = {}): Promise<WeftServer> {
  await using opened = new AsyncDisposableStack();
  const dataFolder = options.dataFolder ?? opened.use(await makeTempFolder()).path;
  const env = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    PORT: '0',
    WEFT_DATA_DIR: dataFolder,
    DATABASE_URL: options.databaseUrl,
    ...options.env,
  };
  const limit = options.openFiles === undefined ? '' : `ulimit -n ${options.openFiles};`;
  const node = [process.execPath, options.program ?? serverProgram];
  const child = spawn('/bin/sh', ['-c', `${limit} exec "$@"`, 'sh', ...node], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  const exit = new ExitWatch(child, output, options.onLost);
  opened.defer(async () => exit.requireExpected());
  opened.defer(() => requireNoneOfPg(output.stderr));
  opened.defer(() => printFaults(output.stderr));
  opened.defer(async () => void (await end('SIGTERM')));
  child.stderr.setEncoding('utf8').on('data', (text) => (output.stderr += text));
  const url = await readyUrl(child, output);
  exit.begin();
  const owned = opened.move();
  return {
    url,
    wsUrl: url.replace('http:', 'ws:'),
    pid: child.pid!,
    dataFolder,
    get stdout() {
      return output.stdout;
    },
    get stderr() {
      return output.stderr;
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL').then(() => {}),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };

  function end(signal: NodeJS.Signals): Promise<number | null> {
    exit.expect(signal);
    return endProcess(child, signal, exit.closed);
  }
}

function readyUrl(child: ChildProcess, output: { stdout: string; stderr: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout!.setEncoding('utf8').on('data', (text) => {
      output.stdout += text;
      const url = /^Weft is ready at (\S+)$/m.exec(output.stdout)?.[1];
      if (url !== undefined) resolve(url);
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      reject(
        new Error(
          `The server ended before it was ready (${signal ?? code}): ${output.stdout}${output.stderr}`,
        ),
      );
    });
  });
}

/**
 * Ends the server, and fails if a process that it had started outlives it by half a minute: within a minute one that
 * was forgotten might end by itself.
 */
async function endProcess(
  child: ChildProcess,
  signal: NodeJS.Signals,
  closed: Promise<void>,
): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const descendants = await descendantsOf(child.pid!);
  child.kill(signal);
  await closed;
  const someAreLeft = async () => {
    for (const { pid, start } of descendants) if ((await processStart(pid)) === start) return true;
    return false;
  };
  const names = descendants.map(({ pid, name }) => `${pid} ${name}`).join(', ');
  await eventually(`the server's processes end (of ${names})`, async () => !(await someAreLeft()), 30_000);
  return child.exitCode;
}

/** The processes that a process has started, and those that they have. */
export async function descendantsOf(
  ancestor: number,
): Promise<{ pid: number; parent: number; start: string; name: string }[]> {
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = new Map(await Promise.all(all.map(async (pid) => [pid, await parentOf(pid)] as const)));
  const descends = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === ancestor || descends(parent));
  };
  const found = await Promise.all(
    all.filter(descends).map(async (pid) => {
      const start = await processStart(pid);
      return start === undefined
        ? []
        : [
            {
              pid,
              parent: parents.get(pid)!,
              start,
              name: (await processArguments(pid)).join(' ').slice(0, 120),
            },
          ];
    }),
  );
  return found.flat();
}

async function parentOf(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const parent = /^PPid:\s+(\d+)/m.exec(status)?.[1];
  return parent === undefined ? undefined : Number(parent);
}

/** A client gets no more of a fault than the id that it is logged under. */
function printFaults(log: string): void {
  for (const line of log.split('\n'))
    if (line.includes('"errorId"')) process.stderr.write(`A server has logged: ${line}\n`);
}

/** What pg refuses in its next version, such as a query on a connection that has not answered the one before. */
function requireNoneOfPg(stderr: string): void {
  const warning = stderr
    .split('\n')
    .find((line) => line.includes('DeprecationWarning') && line.includes('pg@'));
  if (warning !== undefined) throw new Error(`The server does what pg will refuse: ${warning}`);
}
