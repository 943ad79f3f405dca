import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBoss } from '../../server/db/boss.ts';
import { openDatabase, openDataSource } from '../../server/db/database.ts';
import { insertJobSql, openQueue } from '../../server/engine/queue.ts';
import { makeLogger } from '../../server/shared/logger.ts';
import { projectRoot } from '../../server/shared/paths.ts';
import { type RecordedRun, TABLES } from '../support/record-journal.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { type WatchedEvent, WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const folder = join(projectRoot, 'test/fixtures');
const records = readdirSync(folder).filter((name) => /^journal-.*\.json$/.test(name));

test.each(records)('an execution whose older Weft was killed is continued: %s', async (name) => {
  const record = JSON.parse(readFileSync(join(folder, name), 'utf8')) as RecordedRun;
  await using database = await createDatabase();
  await fill(database.url, record);
  await using weft = await startWeft({ databaseUrl: database.url });
  await enqueue(database.url, record.executionId);
  await using client = new WeftClient(weft.url);

  const events = await client.allEvents(record.executionId);
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
  expect(events.slice(0, record.tables.execution_events.length).map(({ __typename }) => __typename)).toEqual(
    record.tables.execution_events.map((row) => (row as { type: string }).type),
  );
  expect(events.at(-1)).toMatchObject({ __typename: 'ExecutionSucceeded' });
  expect(events.at(-1)!.output).toMatchObject({ under_way: 2, items: [10, 20, 30] });
  const starts = (nodeKey: string, item: number | null = null) =>
    events.filter(
      (event: WatchedEvent) =>
        event.__typename === 'NodeStarted' && event.nodeKey === nodeKey && event.item === item,
    ).length;
  expect(starts('done')).toBe(1);
  expect(starts('under_way')).toBe(2);
  expect(starts('waiting')).toBe(2);
  expect([0, 1, 2].map((item) => starts('items', item))).toEqual([1, 2, 1]);
});

/** The database as it was, the migrations since then undone. */
async function fill(url: string, { migration, tables }: RecordedRun): Promise<void> {
  const dataSource = await openDataSource(url, 1);
  try {
    const latest = async () =>
      (await dataSource.query('SELECT name FROM weft_migrations ORDER BY timestamp DESC LIMIT 1'))[0].name;
    while ((await latest()) !== migration) await dataSource.undoLastMigration({ transaction: 'each' });
    for (const table of TABLES) {
      await dataSource.query(
        `INSERT INTO ${table} SELECT * FROM json_populate_recordset(NULL::${table}, $1)`,
        [JSON.stringify(tables[table])],
      );
    }
  } finally {
    await dataSource.destroy();
  }
}

async function enqueue(url: string, executionId: string): Promise<void> {
  const logger = makeLogger('silent');
  await using database = await openDatabase({ url, logger });
  await using opened = await openBoss({ pool: database.pool, supervise: false, logger });
  await openQueue(opened.boss, database.pool);
  const text = `WITH started AS (SELECT $3 AS id, 3 AS priority) ${insertJobSql()}`;
  await database.pool.query(text, [randomUUID(), false, executionId]);
}
