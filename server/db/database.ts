import 'reflect-metadata';
import { setTimeout as delay } from 'node:timers/promises';
import pg, { type Pool } from 'pg';
import { DataSource, type EntityManager } from 'typeorm';
import { backoffMs } from '../shared/backoff.ts';
import { coerceError, WeftError } from '../shared/errors.ts';
import type { Logger } from '../shared/logger.ts';
import { ExecutionEntity } from './entities/execution.entity.ts';
import { ExecutionEventEntity } from './entities/execution-event.entity.ts';
import { SecurityAlertEntity } from './entities/security-alert.entity.ts';
import { SecurityViolationEntity } from './entities/security-violation.entity.ts';
import { WorkflowEntity } from './entities/workflow.entity.ts';
import { WorkflowVersionEntity } from './entities/workflow-version.entity.ts';
import { sqlState } from './errors.ts';
import { MIGRATIONS_TABLE, migrations } from './migrations.ts';

/** An open transaction; functions whose writes commit together take it as their first argument. */
export type Tx = EntityManager;

export interface Database extends AsyncDisposable {
  /** For reads and single statements, outside any transaction. */
  manager: EntityManager;
  /**
   * The pool of the driver, for prepared statements and for rows that need no entities. A statement by itself is a
   * transaction: it is run again as one is.
   */
  pool: Pool;
  /**
   * Runs `work` in a transaction. After a serialization failure or a deadlock, runs it again from the start, at most
   * three times in all.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
}

/** Connects, and applies the pending migrations. @throws WeftError DATABASE_UNREACHABLE */
export async function openDatabase(options: {
  url: string;
  logger: Logger;
  poolSize?: number;
}): Promise<Database> {
  const dataSource = await openDataSource(options.url, options.poolSize ?? 12);
  await using opened = new AsyncDisposableStack();
  opened.defer(() => dataSource.destroy());
  // The pool replaces an idle connection that dies. Without a listener the error event would end the process.
  const pool = (dataSource.driver as unknown as { master: Pool }).master;
  let closing = false;
  pool.on('error', (error) => {
    if (!closing) options.logger.warn({ err: error }, 'an idle database connection was lost');
  });
  await withMigrationLock(dataSource, () => dataSource.runMigrations({ transaction: 'each' }));
  const owned = opened.move();
  return {
    manager: dataSource.manager,
    pool: retryingQueries(pool),
    transaction: (work) => retryOnConflict(() => dataSource.transaction(work)),
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
        'Check that Postgres runs there, and that DATABASE_URL has the right host, port, user, password and database; ' +
        'without DATABASE_URL Weft starts a Postgres of its own.',
      { cause: error },
    );
  }
}

function makeDataSource(url: string, poolSize: number): DataSource {
  return new DataSource({
    type: 'postgres',
    // Else TypeORM looks for both in node_modules, and loads what the bundle has.
    driver: pg,
    nativeDriver: false,
    url,
    poolSize,
    // Statements of a transaction that do not wait for each other share one round trip.
    extra: { pipeline: true },
    applicationName: 'weft',
    entities: [
      WorkflowEntity,
      WorkflowVersionEntity,
      ExecutionEntity,
      ExecutionEventEntity,
      SecurityAlertEntity,
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

/** Lets one process migrate at a time, by an advisory lock of the session; the others wait. */
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

/** A number that no other program on this database should use: "weft" on a phone keypad. */
const MIGRATION_LOCK = 9338;

/** Transactions that ended each other must not meet again at once. */
const BACKOFF = { initialMs: 5, maxMs: 20 };

/** The pool itself, whose `query` tries again. */
function retryingQueries(pool: Pool): Pool {
  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>;
  return Object.assign(pool, { query: (...args: unknown[]) => retryOnConflict(() => query(...args)) });
}

/** Of a transaction that Postgres has ended for the sake of another, nothing is left. */
async function retryOnConflict<T>(run: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      if (attempt >= 3 || !isRetryable(error)) throw error;
      await delay(backoffMs(attempt, BACKOFF));
    }
  }
}

function isRetryable(error: unknown): boolean {
  const code = sqlState(error);
  return code === '40001' || code === '40P01';
}
