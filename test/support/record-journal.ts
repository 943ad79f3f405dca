/**
 * A program that runs a workflow, kills the server with -9 in the midst of it and prints the database as it then stands:
 *   node dist/test/support/record-journal.js > test/fixtures/journal-<version>.json
 * Each release's record is kept, and test/cluster/upgrade.test.ts shows that the present code goes on from it.
 */
import { startEmbeddedPostgres } from '../../server/db/embedded-postgres.ts';
import { makeLogger } from '../../server/shared/logger.ts';
import { version } from '../../server/shared/version.ts';
import { connect } from './sql.ts';
import { makeTempFolder } from './temp-folder.ts';
import { WeftClient } from './weft-client.ts';
import { startWeft } from './weft-server.ts';

/** What upgrade.test.ts reads. */
export interface RecordedRun {
  version: string;
  /** The last one that the database had then. */
  migration: string;
  executionId: string;
  tables: Record<(typeof TABLES)[number], object[]>;
}

/** In the order in which they can be filled. */
export const TABLES = ['workflows', 'workflow_versions', 'executions', 'execution_events'] as const;

const python = (key: string, code: string, more: object = {}) => ({
  key,
  type: 'python',
  config: { code },
  ...more,
});

const NODES = [
  python('done', 'print("once")\nresult = 1'),
  { key: 'big', type: 'branch', config: { condition: 'input > 10' } },
  python('never', 'result = "not this way"'),
  python('under_way', 'import time\nprint("on", flush=True)\ntime.sleep(2)\nresult = input_data + 1'),
  python('waiting', 'raise ValueError("the first time")', {
    retry: { maxAttempts: 2, initialDelayMs: 60_000 },
  }),
  python('items', 'import time\ntime.sleep(0 if input_data == 1 else 2)\nresult = input_data * 10', {
    forEach: { items: '[1, 2, 3]', concurrency: 1 },
  }),
  { key: 'out', type: 'output' },
];
const EDGES = [
  { source: 'done', target: 'big' },
  { source: 'big', sourceHandle: 'true', target: 'never' },
  { source: 'big', sourceHandle: 'false', target: 'under_way' },
  { source: 'done', target: 'items' },
  { source: 'done', target: 'waiting' },
  { source: 'waiting', sourceHandle: 'error', target: 'out' },
  { source: 'under_way', target: 'out' },
  { source: 'items', target: 'out' },
];

if (process.argv[1]?.endsWith('record-journal.js')) console.log(JSON.stringify(await record(), null, 1));

async function record(): Promise<RecordedRun> {
  await using opened = new AsyncDisposableStack();
  const dataFolder = opened.use(await makeTempFolder()).path;
  const { url } = opened.use(await startEmbeddedPostgres({ dataFolder, logger: makeLogger('silent') }));
  const server = opened.use(await startWeft({ databaseUrl: url }));
  const weft = opened.use(new WeftClient(server.url));
  const executionId = await weft.run(NODES, EDGES, { given: true });
  await Promise.all([
    weft.event(executionId, (event) => event.__typename === 'NodeOutput' && event.nodeKey === 'under_way'),
    weft.event(executionId, (event) => event.__typename === 'NodeRetryScheduled'),
    weft.event(executionId, (event) => event.__typename === 'NodeStarted' && event.item === 1),
  ]);
  await server.kill();

  const sql = opened.use(await connect(url));
  const migrations = await sql.query('SELECT name FROM weft_migrations ORDER BY timestamp DESC LIMIT 1');
  const tables = await Promise.all(
    TABLES.map(async (table) => {
      const { rows } = await sql.query(`SELECT to_json(t) AS row FROM ${table} AS t`);
      return [table, rows.map(({ row }) => row)];
    }),
  );
  return { version, migration: migrations.rows[0].name, executionId, tables: Object.fromEntries(tables) };
}
