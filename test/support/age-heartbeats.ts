import { connect } from './sql.ts';

/** As if the ten seconds had passed in which a dead worker's heartbeat is awaited. */
export async function ageHeartbeats(databaseUrl: string): Promise<void> {
  await using sql = await connect(databaseUrl);
  await sql.query(`UPDATE pgboss.job SET heartbeat_on = now() - interval '1 minute' WHERE state = 'active'`);
}
