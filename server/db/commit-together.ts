import type { Pool, PoolClient } from 'pg';

/**
 * A transaction of statements that need nothing of one another's answers. They and the BEGIN travel together, so the
 * whole takes two round trips, however many they are; a transaction that reads in between belongs in
 * Database.transaction.
 */
export async function commitTogether(
  pool: Pool,
  statements: (client: PoolClient) => Promise<unknown>[],
): Promise<void> {
  const client = await pool.connect();
  let broken: Error | boolean = false;
  try {
    const sent = [client.query('BEGIN'), ...statements(client)];
    // All of them are answered before anything is decided: the connection goes back to the pool.
    const failed = (await Promise.allSettled(sent)).find(({ status }) => status === 'rejected');
    await client.query(failed === undefined ? 'COMMIT' : 'ROLLBACK').catch((error) => {
      broken = error;
      throw error;
    });
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
  } finally {
    client.release(broken);
  }
}
