import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WeftError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import { processArguments, processStart } from '../../shared/process-table.ts';

const patienceMs = 30_000;
const politeMs = 10_000;

/**
 * Waits for the Postgres of a Weft that was killed: it got SIGINT then, but its last checkpoint takes its
 * time. The caller holds the claim on the data folder, so whatever runs here belongs to nobody. A
 * postmaster.pid that names no Postgres of this folder is removed, since Postgres itself would only look
 * whether some process has that pid, and in a container one often has.
 */
export async function stopLeftover(dataDirectory: string, logger: Logger): Promise<void> {
  const pidFile = join(dataDirectory, 'postmaster.pid');
  const pid = await readPid(pidFile);
  if (pid === undefined) return;
  const start = (await isPostmasterOf(pid, dataDirectory)) ? await processStart(pid) : undefined;
  if (start === undefined) return rm(pidFile, { force: true });
  logger.info({ pid }, 'waiting for the Postgres of an earlier run to shut down');
  const since = performance.now();
  for (
    let signal: NodeJS.Signals | undefined = 'SIGINT';
    (await processStart(pid)) === start;
    await delay(20)
  ) {
    const waitedMs = performance.now() - since;
    if (waitedMs > patienceMs) throw stillRunning(pid, dataDirectory);
    if (signal !== undefined) sendSignal(pid, signal);
    signal = waitedMs > politeMs ? 'SIGQUIT' : undefined;
  }
}

async function readPid(pidFile: string): Promise<number | undefined> {
  const firstLine = (await readFile(pidFile, 'utf8').catch(() => '')).split('\n')[0];
  return firstLine ? Number(firstLine) : undefined;
}

async function isPostmasterOf(pid: number, dataDirectory: string): Promise<boolean> {
  return process.platform !== 'linux' || (await processArguments(pid)).includes(dataDirectory);
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {} // it ended meanwhile
}

function stillRunning(pid: number, dataDirectory: string): WeftError {
  return new WeftError(
    'POSTGRES_CANNOT_START',
    `The Postgres of an earlier run (pid ${pid}) still uses ${dataDirectory} after ${patienceMs / 1000} s of asking it to ` +
      `stop. See what holds it, or end it with: kill -9 ${pid}`,
  );
}
