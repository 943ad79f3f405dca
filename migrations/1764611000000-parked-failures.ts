import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Nodes that have failed and wait for somebody (`onFailure: PARK`), until somebody decides; those of executions that have
 * ended since count no more. `alerted_at` is when an alert told of one, `parked_alerts` when the last one told of its
 * workflow.
 */
export class ParkedFailures1764611000000 implements MigrationInterface {
  name = 'ParkedFailures1764611000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE parked_failures (
        execution_id text NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
        node_key text NOT NULL,
        error json,
        parked_at timestamptz NOT NULL,
        alerted_at timestamptz,
        PRIMARY KEY (execution_id, node_key)
      )`);
    await runner.query(
      'CREATE INDEX parked_failures_unalerted ON parked_failures (parked_at) WHERE alerted_at IS NULL',
    );
    await runner.query(
      'CREATE TABLE parked_alerts (workflow_id text PRIMARY KEY, raised_at timestamptz NOT NULL)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE parked_alerts');
    await runner.query('DROP TABLE parked_failures');
  }
}
