import type { Pool } from 'pg';
import { type Db, PgBoss } from 'pg-boss';
import type { Logger } from '../shared/logger.ts';
import type { Tx } from './database.ts';

export interface Boss extends AsyncDisposable {
  boss: PgBoss;
}

/**
 * pg-boss on the pool of the server. With `supervise` this process looks every second for jobs whose worker has stopped
 * its heartbeat, and makes them available again.
 */
export async function openBoss(options: { pool: Pool; supervise: boolean; logger: Logger }): Promise<Boss> {
  const boss = new PgBoss({
    db: { executeSql: (text, values) => options.pool.query(text, values) },
    schema: 'pgboss',
    schedule: false,
    supervise: options.supervise,
    superviseIntervalSeconds: 1,
    monitorIntervalSeconds: 1,
    registerInstance: false,
    monitorVacuum: false,
    openTelemetry: { enabled: false },
  });
  // The housekeeping of pg-boss fails while the database is unreachable, and continues by itself afterwards.
  boss.on('error', (error) => options.logger.warn({ err: error }, 'pg-boss reported an error'));
  await boss.start();
  return {
    boss,
    [Symbol.asyncDispose]: () => boss.stop({ graceful: false, close: false }),
  };
}

/** Runs the statements of pg-boss inside a transaction. */
export function inTransaction(tx: Tx): Db {
  return { executeSql: async (text: string, values?: unknown[]) => ({ rows: await tx.query(text, values) }) };
}
