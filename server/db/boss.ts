import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import { type Db, PgBoss } from 'pg-boss';
import type { Logger } from '../shared/logger.ts';
import type { Tx } from './database.ts';

export interface Boss extends AsyncDisposable {
  boss: PgBoss;
}

/**
 * pg-boss, on the pool that everything else uses. `supervise` makes this process one of those that take back the
 * jobs of the dead; with its monitors at 1 s that happens soon after a heartbeat is overdue.
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
  // Its housekeeping fails while the database is away, and goes on when it is back.
  boss.on('error', (error) => options.logger.warn({ err: error }, 'pg-boss reported an error'));
  await boss.start();
  return {
    boss,
    [Symbol.asyncDispose]: () => boss.stop({ graceful: false, close: false }),
  };
}

/** Lets pg-boss take part in a transaction. */
export function inTransaction(tx: Tx): Db {
  return { executeSql: async (text: string, values?: unknown[]) => ({ rows: await tx.query(text, values) }) };
}

/**
 * For the statements that every execution passes: they are long, and planning them costs more than running them. Any
 * other of pg-boss's may be several statements in one, which cannot be prepared.
 */
export function prepared(pool: Pool): Db {
  return { executeSql: (text, values) => pool.query({ name: nameOf(text), text, values: values ?? [] }) };
}

/** A text differs from the last by a limit at most, so there are few. */
const names = new Map<string, string>();

function nameOf(text: string): string {
  let name = names.get(text);
  if (name === undefined) {
    name = `weft-boss-${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
    names.set(text, name);
  }
  return name;
}
