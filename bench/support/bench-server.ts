import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { startEmbeddedPostgres } from '../../server/db/embedded-postgres.ts';
import { makeLogger } from '../../server/shared/logger.ts';
import { lengthenJournal } from '../../test/support/long-journal.ts';
import { connect } from '../../test/support/sql.ts';
import { WeftClient } from '../../test/support/weft-client.ts';
import { startWeft } from '../../test/support/weft-server.ts';
import { timesOf } from './measure.ts';
import { findPostmaster } from './process-tree.ts';

export interface BenchServer {
  weft: WeftClient;
  pid: number;
  /** Of the same Postgres, for baselines. */
  sql: pg.Client;
  databaseUrl: string;
  /** The first process of Postgres. */
  postmaster: number;
  /** What it has printed as errors so far. */
  stderr: () => string;
}

/** The real server on an embedded Postgres with its ordinary settings (fsync on). */
export async function openBenchServer(
  stack: AsyncDisposableStack,
  env: Record<string, string> = {},
): Promise<BenchServer> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'weft-bench-'));
  stack.defer(() => rm(dataFolder, { recursive: true, force: true }));
  const { url } = stack.use(await startEmbeddedPostgres({ dataFolder, logger: makeLogger('warn') }));
  const server = stack.use(await startWeft({ databaseUrl: url, env }));
  // As a frontend that stays connected.
  const weft = stack.use(new WeftClient(server.url, undefined, 60_000));
  const sql = stack.use(await connect(url));
  await sql.query(BASELINE_TABLE);
  return {
    weft,
    pid: server.pid,
    sql,
    databaseUrl: url,
    postmaster: await findPostmaster(sql),
    stderr: () => server.stderr,
  };
}

/** A finished execution with so many events and a few more; gives its id. */
export async function makeLongJournal({ weft, sql }: BenchServer, events: number): Promise<string> {
  const id = await weft.runPython('1');
  for await (const _ of weft.events(id));
  await lengthenJournal(sql, id, events);
  await sql.query('VACUUM ANALYZE execution_events');
  return id;
}

/** The cheapest durable write there is: one row, one commit. */
export async function commitOnce({ sql }: Pick<BenchServer, 'sql'>): Promise<void> {
  await sql.query({ name: 'baseline', text: 'INSERT INTO bench_baseline VALUES (1)' });
}

/** On one connection, where `commitOnce` has its table. */
export async function commitsPerSecond(server: Pick<BenchServer, 'sql'>): Promise<number> {
  const times = await timesOf(500, () => commitOnce(server));
  return (1_000 * times.length) / times.reduce((sum, ms) => sum + ms, 0);
}

/** What `commitOnce` writes to. */
export const BASELINE_TABLE = 'CREATE TABLE bench_baseline (n int)';
