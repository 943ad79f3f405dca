import { connect } from './sql.ts';

/**
 * While no worker is up: code that says `time.sleep(300)`, and was under way, sleeps no more when it begins again. So it
 * is surely under way until then, however slow the machine is, and nobody waits for it afterwards.
 */
export async function endSleeps(databaseUrl: string): Promise<void> {
  await using sql = await connect(databaseUrl);
  await sql.query(
    `UPDATE workflow_versions SET definition = replace(definition::text, 'time.sleep(300)', 'time.sleep(0)')::json`,
  );
}
