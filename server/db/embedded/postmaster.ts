import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { WeftError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logger.ts';
import { spawnOptions } from './command.ts';
import type { Launcher } from './launcher.ts';

export interface Postmaster {
  /** Resolves with a short description of how Postgres ended; never rejects. */
  exited: Promise<string>;
  /** Ends the sessions, writes a checkpoint and waits for the end. */
  stop(): Promise<void>;
}

/** @throws WeftError POSTGRES_PORT_TAKEN, POSTGRES_CANNOT_START with the last lines of its log */
export async function startPostmaster(options: {
  nativeFolder: string;
  dataDirectory: string;
  port: number;
  launcher: Launcher;
  logger: Logger;
}): Promise<Postmaster> {
  const { nativeFolder, dataDirectory, port, launcher, logger } = options;
  const settings = Object.entries({ ...fixedSettings, port }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const [file, ...args] = [
    ...launcher.prefix,
    join(nativeFolder, 'bin/postgres'),
    '-D',
    dataDirectory,
    ...settings,
  ];
  const child = spawn(file!, args, {
    ...spawnOptions,
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true, // outside the terminal's process group: Ctrl-C reaches Weft alone, which still needs its database
  });
  const exited = endOf(child);
  const lastLines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    createInterface(child.stderr!).on('line', (line) => {
      logger.debug({ postgres: line });
      lastLines.splice(0, lastLines.length - 9);
      lastLines.push(line);
      if (line.includes('database system is ready to accept connections')) resolve();
    });
    void exited.then((how) => reject(startError(how, lastLines, port)));
  });
  return { exited, stop: () => stop(child, exited) };
}

const fixedSettings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: 100,
  max_logical_replication_workers: 0, // nothing subscribes here, and their launcher takes a process
  io_method: 'sync', // to wake a process that reads takes longer than the page cache, on few cores (bench/finding.ts)
  jit: 'off', // costs more than it saves on short queries
  log_min_messages: 'log', // not `error`: a duplicate key is normal where a worker has lost its claim
  log_line_prefix: '',
  log_timezone: 'UTC',
  timezone: 'UTC',
};

async function stop(child: ChildProcess, exited: Promise<string>): Promise<void> {
  child.kill('SIGINT');
  if (await endsWithin(exited, 20_000)) return;
  child.kill('SIGQUIT'); // no checkpoint; the next start replays the write-ahead log
  if (await endsWithin(exited, 5_000)) return;
  child.kill('SIGKILL');
  await exited;
}

async function endsWithin(exited: Promise<string>, ms: number): Promise<boolean> {
  const timer = new AbortController();
  const timeout = delay(ms, false, { signal: timer.signal }).catch(() => false);
  const ended = await Promise.race([exited.then(() => true), timeout]);
  timer.abort();
  return ended;
}

async function endOf(child: ChildProcess): Promise<string> {
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
    return signal === null ? `exit code ${code}` : `signal ${signal}`;
  } catch (error) {
    return (error as Error).message;
  }
}

function startError(how: string, lastLines: readonly string[], port: number): WeftError {
  const log = lastLines.join('\n');
  if (log.includes('could not bind') || log.includes('could not create any TCP/IP sockets')) {
    return new WeftError('POSTGRES_PORT_TAKEN', `Another program took port ${port} of 127.0.0.1 first.`);
  }
  return new WeftError(
    'POSTGRES_CANNOT_START',
    `The embedded Postgres ended before it was ready (${how}). Its last log lines:\n${log}\n` +
      'Fix the problem that they report, choose another folder with WEFT_DATA_DIR, or set DATABASE_URL.',
  );
}
