import { readConfig } from '../config/environment.ts';
import { openDataSource, withMigrationLock } from '../db/database.ts';
import { startEmbeddedPostgres } from '../db/embedded-postgres.ts';
import { coerceError } from '../shared/errors.ts';
import { makeLogger } from '../shared/logger.ts';

/** `npm run migrate -- up` applies the migrations that are missing; `-- down` undoes the last one. */
const direction = process.argv[2];
if (direction !== 'up' && direction !== 'down') {
  console.error(`Expected \`npm run migrate -- up\` or \`-- down\`, got ${direction ?? 'no direction'}.`);
  process.exit(2);
}

try {
  const config = readConfig();
  const logger = makeLogger(config.logLevel);
  await using opened = new AsyncDisposableStack();
  const url =
    config.databaseUrl ?? opened.use(await startEmbeddedPostgres({ dataFolder: config.dataDir, logger })).url;
  const dataSource = await openDataSource(url, 2);
  opened.defer(() => dataSource.destroy());
  if (direction === 'up') {
    const applied = await withMigrationLock(dataSource, () =>
      dataSource.runMigrations({ transaction: 'each' }),
    );
    console.log(
      applied.length === 0 ? 'Nothing to apply.' : `Applied ${applied.map(({ name }) => name).join(', ')}.`,
    );
  } else {
    await withMigrationLock(dataSource, () => dataSource.undoLastMigration({ transaction: 'each' }));
    console.log('Undid the last migration.');
  }
} catch (error) {
  console.error(coerceError(error).message);
  process.exitCode = 1;
}
