import 'reflect-metadata';
import { setTimeout as delay } from 'node:timers/promises';
import type { Pool } from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { coerceError, WeftError } from '../shared/errors.ts';
import type { Logger } from '../shared/logger.ts';
import { ExecutionEntity } from './entities/execution.entity.ts';
import { ExecutionEventEntity } from './entities/execution-event.entity.ts';
import { SecurityViolationEntity } from './entities/security-violation.entity.ts';
import { WorkflowEntity } from './entities/workflow.entity.ts';
import { WorkflowVersionEntity } from './entities/workflow-version.entity.ts';
import { sqlState } from './errors.ts';
import { MIGRATIONS_TABLE, migrations } from './migrations.ts';

/** A transaction in progress; everything that commits together takes it as the first argument. */
export type Tx = EntityManager;

export interface Database extends AsyncDisposable {
  /** Outside any transaction: for reads and single statements. */
  manager: EntityManager;
  /** The driver's own pool, for statements that are worth preparing and reading without an ORM. */
  pool: Pool;
  /**
   * Runs `work` in a transaction, again from the start when Postgres asked for that (serialization failure,
   * deadlock), at most three times in all.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
}

/** Connects, and applies the migrations that are missing. @throws WeftError DATABASE_UNREACHABLE */
export async function openDatabase(options: {
  url: string;
  logger: Logger;
  poolSize?: number;
}): Promise<Database> {
  const dataSource = await openDataSource(options.url, options.poolSize ?? 12);
  await using opened = new AsyncDisposableStack();
  opened.defer(() => dataSource.destroy());
  // A connection that dies while idle is replaced by the pool; unhandled, its error would end the process.
  const pool = (dataSource.driver as unknown as { master: Pool }).master;
  let closing = false;
  pool.on('error', (error) => {
    if (!closing) options.logger.warn({ err: error }, 'an idle database connection was lost');
  });
  await withMigrationLock(dataSource, () => dataSource.runMigrations({ transaction: 'each' }));
  const owned = opened.move();
  return {
    manager: dataSource.manager,
    pool,
    transaction: (work) => transaction(dataSource, work),
    async [Symbol.asyncDispose]() {
      closing = true;
      await owned.disposeAsync();
    },
  };
}

/** @throws WeftError DATABASE_UNREACHABLE */
export async function openDataSource(url: string, poolSize: number): Promise<DataSource> {
  const dataSource = makeDataSource(url, poolSize);
  try {
    return await dataSource.initialize();
  } catch (error) {
    const { message, code } = coerceError(error) as NodeJS.ErrnoException;
    throw new WeftError(
      'DATABASE_UNREACHABLE',
      `Expected Postgres at ${URL.parse(url)?.host || 'the address in DATABASE_URL'}, but: ${message || code}. ` +
        'See that it runs there, and that DATABASE_URL has the right host, port, user, password and database; ' +
        'without DATABASE_URL Weft brings a Postgres of its own.',
      { cause: error },
    );
  }
}

function makeDataSource(url: string, poolSize: number): DataSource {
  return new DataSource({
    type: 'postgres',
    url,
    poolSize,
    // Statements of one transaction that do not wait for each other go in one round trip.
    extra: { pipeline: true },
    applicationName: 'weft',
    entities: [
      WorkflowEntity,
      WorkflowVersionEntity,
      ExecutionEntity,
      ExecutionEventEntity,
      SecurityViolationEntity,
    ],
    migrations,
    migrationsTableName: MIGRATIONS_TABLE,
    synchronize: false,
    installExtensions: false,
    connectTimeoutMS: 5_000,
    logging: false,
  });
}

/** Several processes may migrate at once: a lock held by the session lets one of them do so and the rest wait. */
export async function withMigrationLock<T>(dataSource: DataSource, migrate: () => Promise<T>): Promise<T> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    return await migrate();
  } finally {
    await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).catch(() => {});
    await runner.release();
  }
}

/** Any number that no other program on this database uses; "weft" on a phone keypad. */
const MIGRATION_LOCK = 9338;

async function transaction<T>(dataSource: DataSource, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await dataSource.transaction(work);
    } catch (error) {
      if (attempt >= 3 || !wantsRetry(error)) throw error;
      await delay(5 * attempt * Math.random());
    }
  }
}

function wantsRetry(error: unknown): boolean {
  const code = sqlState(error);
  return code === '40001' || code === '40P01';
}
