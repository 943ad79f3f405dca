import type pg from 'pg';
import { DELETE_OTHERS } from '../../server/use-cases/retention.ts';
import { FILLED_TABLES, fillExecutions, type ManyExecutions } from '../../test/support/many-executions.ts';
import { connect } from '../../test/support/sql.ts';

/** Fills the database, and gives how many events it then took in a second. */
export async function fill(sql: pg.Client, what: ManyExecutions): Promise<number> {
  const startedAt = performance.now();
  await fillExecutions(sql, what);
  return (what.count * (what.eventsEach ?? 0)) / ((performance.now() - startedAt) / 1_000);
}

/** Fills an empty database by two connections, and builds the index of the events, which growing takes longest, at the end. */
export async function fillAtOnce(sql: pg.Client, databaseUrl: string, what: ManyExecutions): Promise<void> {
  await using other = await connect(databaseUrl);
  await sql.query('ALTER TABLE execution_events DROP CONSTRAINT execution_events_pkey');
  await fillExecutions(sql, { ...what, others: [other] });
  await sql.query("SET maintenance_work_mem = '1GB'");
  await sql.query('ALTER TABLE execution_events ADD PRIMARY KEY (execution_id, seq)');
  await sql.query('RESET maintenance_work_mem');
}

interface TableSize {
  rows: number;
  MiB: number;
  'of that indexes': number;
  'bytes a row': number;
}

/** What each table that was filled takes with its indexes. */
export async function sizesOf(sql: pg.Client): Promise<Record<string, TableSize>> {
  const { rows } = await sql.query<{ name: string; rows: number; bytes: number; indexes: number }>(
    `SELECT relname AS name, reltuples::float8 AS rows, pg_total_relation_size(oid)::float8 AS bytes,
            pg_indexes_size(oid)::float8 AS indexes
     FROM pg_class WHERE oid = ANY ($1::regclass[]) ORDER BY bytes`,
    [FILLED_TABLES],
  );
  const mib = (size: number) => Math.round(size / 1_048_576);
  return Object.fromEntries(
    rows.map(({ name, rows: count, bytes, indexes }) => [
      name,
      {
        rows: count,
        MiB: mib(bytes),
        'of that indexes': mib(indexes),
        'bytes a row': Math.round(bytes / count),
      },
    ]),
  );
}

const EPOCH = new Date(0);
const RETENTION_BATCH = 100;

/** How long each statement of retention takes that deletes a hundred executions with their journals, milliseconds. */
export async function deletionTimes(sql: pg.Client, statements: number): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0, from = EPOCH; n < statements; n++) {
    const startedAt = performance.now();
    const { rows } = await sql.query(DELETE_OTHERS, [[], [], new Date(), null, from, RETENTION_BATCH]);
    times.push(performance.now() - startedAt);
    if (rows[0].count < RETENTION_BATCH) throw new Error(`Expected ${RETENTION_BATCH} to be deleted`);
    from = rows[0].last;
  }
  return times;
}
