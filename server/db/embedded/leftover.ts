import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { WeftError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import { processArguments, processStart } from '../../shared/process-table.ts';

/** After so long without an end, the start fails. */
const limitMs = 30_000;
/** After so long, the fast shutdown (SIGINT) becomes an immediate one (SIGQUIT). */
const fastShutdownMs = 10_000;

/**
 * Stops the Postgres of a Weft that was killed, and waits for its end: the kernel has sent it SIGINT, but its last
 * checkpoint takes time. The caller holds the claim on the data folder, so no other Weft uses that Postgres.
 *
 * Removes a postmaster.pid that names no Postgres of this folder. Postgres itself only checks whether any process has
 * that pid, which in a container is often the case.
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
    if (waitedMs > limitMs) throw stillRunning(pid, dataDirectory);
    if (signal !== undefined) sendSignal(pid, signal);
    signal = waitedMs > fastShutdownMs ? 'SIGQUIT' : undefined;
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
  } catch {} // the process has ended meanwhile
}

function stillRunning(pid: number, dataDirectory: string): WeftError {
  return new WeftError(
    'POSTGRES_CANNOT_START',
    `The Postgres of an earlier run (pid ${pid}) still uses ${dataDirectory} after ${limitMs / 1000} s of ` +
      `signals to stop. Find out what it waits for, or end it with: kill -9 ${pid}`,
  );
}
