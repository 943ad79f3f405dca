import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Which transaction wrote each event, and an index of the events that the feed of changes has. A default fills the
 * column, so that replicas of the release before write it as well. Events from before have none, and are in no feed.
 */
export class ChangeFeed1764920000000 implements MigrationInterface {
  name = 'ChangeFeed1764920000000';

  async up(runner: QueryRunner): Promise<void> {
    // In two steps: a default that comes with the column would give its value to the rows that are there.
    await runner.query('ALTER TABLE execution_events ADD COLUMN txid xid8');
    await runner.query('ALTER TABLE execution_events ALTER COLUMN txid SET DEFAULT pg_current_xact_id()');
    await runner.query(`
      CREATE INDEX execution_events_by_txid ON execution_events (txid)
      WHERE txid IS NOT NULL AND type IN (
        'ExecutionQueued', 'ExecutionStarted', 'ExecutionWaiting', 'ExecutionResumed', 'ExecutionSucceeded',
        'ExecutionFailed', 'ExecutionCanceled', 'NodeWaiting', 'NodeResumed', 'SecurityViolation', 'SecurityAlert')`);
    await runner.query(`
      CREATE TABLE change_feed (
        is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
        id text NOT NULL
      )`);
    await runner.query(
      `INSERT INTO change_feed (id) VALUES (left(replace(gen_random_uuid()::text, '-', ''), 12))`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE change_feed');
    await runner.query('DROP INDEX execution_events_by_txid');
    await runner.query('ALTER TABLE execution_events DROP COLUMN txid');
  }
}
