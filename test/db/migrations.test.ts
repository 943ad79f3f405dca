import type { DataSource } from 'typeorm';
import { openDatabase, openDataSource } from '../../server/db/database.ts';
import { makeLogger } from '../../server/shared/logger.ts';
import { eventually } from '../support/eventually.ts';
import { connect } from '../support/sql.ts';
import { createDatabase } from '../support/test-postgres.ts';

const TABLES = `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_name <> 'weft_migrations' ORDER BY 1`;
const COLUMNS = `SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2`;

test('the migrations run down to nothing and up again to the same schema', async () => {
  await using database = await createDatabase();
  const dataSource = await openDataSource(database.url, 1);
  try {
    const before = await dataSource.query(COLUMNS);
    for (const _ of dataSource.migrations) await dataSource.undoLastMigration({ transaction: 'each' });
    expect(await dataSource.query(TABLES)).toEqual([]);
    await dataSource.runMigrations({ transaction: 'each' });
    expect(await dataSource.query(COLUMNS)).toEqual(before);
  } finally {
    await dataSource.destroy();
  }
});

/** Undoes this migration and those after it. */
async function undo(dataSource: DataSource, name: string): Promise<void> {
  const applied = `SELECT 1 FROM weft_migrations WHERE name LIKE '${name}%'`;
  while ((await dataSource.query(applied)).length > 0)
    await dataSource.undoLastMigration({ transaction: 'each' });
}

test('workflows that were saved before keys have one of their names, each its own', async () => {
  await using database = await createDatabase();
  const dataSource = await openDataSource(database.url, 1);
  try {
    await undo(dataSource, 'WorkflowKeys');
    await dataSource.query(
      `INSERT INTO workflows (id, name, latest_version) SELECT 'wf_' || n, name, 1
       FROM unnest(ARRAY['Monthly Report!', 'monthly report', '---', '報告', $1]) WITH ORDINALITY AS old (name, n)`,
      ['x'.repeat(200)],
    );
    await dataSource.runMigrations({ transaction: 'each' });
    const rows: { key: string }[] = await dataSource.query('SELECT key FROM workflows ORDER BY id');
    expect(rows.map(({ key }) => key)).toEqual([
      'monthly-report',
      expect.stringMatching(/^monthly-report-[0-9a-f]{8}$/),
      'workflow',
      expect.stringMatching(/^workflow-[0-9a-f]{8}$/),
      'x'.repeat(50),
    ]);
    // As the previous release does, while both are running.
    await dataSource.query(`INSERT INTO workflows (id, name, latest_version) VALUES ('wf_6', 'Report', 1)`);
  } finally {
    await dataSource.destroy();
  }
});

test('what there was before projects is in `default`, and only tokens of everything are of all projects', async () => {
  await using database = await createDatabase();
  const dataSource = await openDataSource(database.url, 1);
  try {
    await undo(dataSource, 'Projects');
    const addRows = async (n: number) => {
      await dataSource.query(
        `INSERT INTO workflows (id, key, name, latest_version) VALUES ('wf_${n}', 'report-${n}', 'Report', 1)`,
      );
      await dataSource.query(
        `INSERT INTO executions (id, status, definition, input, created_at, principal, idempotency_key)
         VALUES ('exec_${n}', 'SUCCEEDED', '{}', 'null', now(), 'x', 'once-${n}')`,
      );
    };
    await addRows(1);
    for (const [id, keys, labels, execution] of [
      ['all', null, null, null],
      ['workflows', ['report-1'], null, null],
      ['labels', null, '{ "customer": "42" }', null],
      ['page', null, null, 'exec_1'],
    ])
      await dataSource.query(
        `INSERT INTO api_tokens (id, hash, kind, name, scopes, workflow_keys, labels, execution_id, created_by)
         VALUES ($1, sha256($1::text::bytea), 'SERVICE', 'x', '{READ}', $2, $3, $4, 'api-token')`,
        [id, keys, labels, execution],
      );
    await dataSource.runMigrations({ transaction: 'each' });
    await addRows(2); // As the previous release does, while both are running.
    for (const table of ['workflows', 'executions'])
      expect(await dataSource.query(`SELECT project FROM ${table}`)).toEqual([
        { project: 'default' },
        { project: 'default' },
      ]);
    const tokens = await dataSource.query('SELECT id, project FROM api_tokens ORDER BY id');
    expect(tokens).toEqual([
      { id: 'all', project: null },
      ...['labels', 'page', 'workflows'].map((id) => ({ id, project: 'default' })),
    ]);
    expect(await dataSource.query('SELECT key, name FROM projects')).toEqual([
      { key: 'default', name: 'Default' },
    ]);
    // And back, with a key and an idempotency key that two projects have.
    await dataSource.query(`INSERT INTO projects (key, name) VALUES ('acme', 'Acme')`);
    await dataSource.query(
      `INSERT INTO workflows (id, project, key, name, latest_version) VALUES ('wf_3', 'acme', 'report-1', 'Report', 1)`,
    );
    await dataSource.query(
      `INSERT INTO executions (id, project, status, definition, input, created_at, principal, idempotency_key)
       VALUES ('exec_3', 'acme', 'SUCCEEDED', '{}', 'null', now(), 'x', 'once-1')`,
    );
    await undo(dataSource, 'Projects');
    const keys = await dataSource.query('SELECT key FROM workflows ORDER BY id');
    expect(keys).toEqual([
      { key: 'report-1' },
      { key: 'report-2' },
      { key: expect.stringMatching(/^report-1-[0-9a-f]{12}$/) },
    ]);
  } finally {
    await dataSource.destroy();
  }
});

test('violations that were recorded before severities have the severity of their layer', async () => {
  await using database = await createDatabase();
  const dataSource = await openDataSource(database.url, 1);
  try {
    await undo(dataSource, 'ViolationSeverity');
    await dataSource.query(
      `INSERT INTO security_violations (execution_id, seq, node_key, attempt, principal, code_hash, rule, layer, violation, occurred_at)
       SELECT 'exec_1', seq, 'py', 1, 'somebody', 'hash', 'rule', layer, '{}', now()
       FROM unnest(ARRAY['STATIC', 'RUNTIME', 'KERNEL']) WITH ORDINALITY AS old (layer, seq)`,
    );
    await dataSource.runMigrations({ transaction: 'each' });
    const rows = await dataSource.query('SELECT severity FROM security_violations ORDER BY seq');
    expect(rows.map(({ severity }: { severity: string }) => severity)).toEqual(['LOW', 'MEDIUM', 'HIGH']);
  } finally {
    await dataSource.destroy();
  }
});

test('errors of executions that ended before words had rows are found by their words', async () => {
  await using database = await createDatabase();
  const dataSource = await openDataSource(database.url, 1);
  try {
    await undo(dataSource, 'ErrorWords');
    await dataSource.query(
      `INSERT INTO executions (id, workflow_id, status, principal, created_at, is_awaited, depth, priority, error)
       SELECT id, 'wf_1', 'FAILED', 'test', now(), false, 0, 3, error::jsonb
       FROM (VALUES ('exec_1', '{ "message": "The disk is the full one" }'), ('exec_2', '{}'), ('exec_3', NULL)) AS old (id, error)`,
    );
    await dataSource.runMigrations({ transaction: 'each' });
    const rows = await dataSource.query(
      'SELECT word, execution_id AS id FROM execution_error_words ORDER BY 1',
    );
    expect(rows).toEqual(['disk', 'full', 'is', 'one', 'the'].map((word) => ({ word, id: 'exec_1' })));
  } finally {
    await dataSource.destroy();
  }
});

test('a failed migration closes all connections', async () => {
  await using database = await createDatabase();
  await using sql = await connect(database.url);
  await sql.query('DROP TABLE weft_migrations');
  const opened = openDatabase({ url: database.url, logger: makeLogger('silent') });
  await expect(opened).rejects.toThrow('already exists');
  const others = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`;
  // A pool that was not closed drops its idle connections after ten seconds.
  await eventually('no connection is left', async () => (await sql.query(others)).rows.length === 0, 9_000);
});

test('the entities name the columns that the migrations make', async () => {
  await using database = await createDatabase();
  const dataSource = await openDataSource(database.url, 1);
  try {
    for (const { tableName, columns } of dataSource.entityMetadatas) {
      const names = columns.map(({ databaseName }) => `"${databaseName}"`).join(', ');
      await dataSource.query(`SELECT ${names} FROM ${tableName} LIMIT 0`);
    }
  } finally {
    await dataSource.destroy();
  }
});
