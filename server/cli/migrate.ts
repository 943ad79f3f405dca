import { readConfig } from '../config/environment.ts';
import { openDataSource, withMigrationLock } from '../db/database.ts';
import { startEmbeddedPostgres } from '../db/embedded-postgres.ts';
import { inspectEmbeddedPostgres } from '../db/inspect-embedded-postgres.ts';
import { type MigrationStatus, noMigrationApplied, readMigrationStatus } from '../db/migrations.ts';
import { coerceError } from '../shared/errors.ts';
import { makeLogger } from '../shared/logger.ts';

const USAGE = `Usage:
  npm run migrate -- up       applies the migrations that are pending
  npm run migrate -- down     undoes the last migration
  npm run migrate -- status   lists the migrations, changes nothing, and exits with 1 where one is pending`;

const command = process.argv[2];
const commands = new Map([
  ['up', migrateUp],
  ['down', migrateDown],
  ['status', printStatus],
]);
const run = commands.get(command ?? '');
if (run === undefined) {
  console.error(`Expected up, down or status, got ${command ?? 'no command'}.\n${USAGE}`);
  process.exit(2);
}
try {
  await run();
} catch (error) {
  console.error(coerceError(error).message);
  process.exitCode = 1;
}

async function migrateUp(): Promise<void> {
  await using opened = await openForChange();
  const { dataSource } = opened;
  const applied = await withMigrationLock(dataSource, () =>
    dataSource.runMigrations({ transaction: 'each' }),
  );
  console.log(
    applied.length === 0 ? 'Nothing to apply.' : `Applied ${applied.map(({ name }) => name).join(', ')}.`,
  );
}

async function migrateDown(): Promise<void> {
  await using opened = await openForChange();
  const { dataSource } = opened;
  await withMigrationLock(dataSource, () => dataSource.undoLastMigration({ transaction: 'each' }));
  console.log('Undid the last migration.');
}

async function printStatus(): Promise<void> {
  const { databaseUrl, dataDir, logLevel } = readConfig();
  const logger = makeLogger(logLevel);
  await using opened = new AsyncDisposableStack();
  const url = databaseUrl ?? opened.use(await inspectEmbeddedPostgres({ dataFolder: dataDir, logger }))?.url;
  if (url === undefined) {
    console.log(`${dataDir} has no database yet; \`npm start\` and \`npm run migrate -- up\` make one.`);
    return print(noMigrationApplied());
  }
  const dataSource = await openDataSource(url, 1);
  opened.defer(() => dataSource.destroy());
  print(await readMigrationStatus(dataSource));
}

function print(migrations: readonly MigrationStatus[]): void {
  const remarks = { applied: '', pending: '', unknown: ' (applied by a newer Weft)' };
  for (const { name, state } of migrations) console.log(`${state.padEnd(7)}  ${name}${remarks[state]}`);
  if (migrations.some(({ state }) => state === 'pending')) process.exitCode = 1;
}

async function openForChange() {
  const { databaseUrl, dataDir, logLevel } = readConfig();
  const logger = makeLogger(logLevel);
  await using opened = new AsyncDisposableStack();
  const url = databaseUrl ?? opened.use(await startEmbeddedPostgres({ dataFolder: dataDir, logger })).url;
  const dataSource = await openDataSource(url, 2);
  opened.defer(() => dataSource.destroy());
  const owned = opened.move();
  return { dataSource, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
