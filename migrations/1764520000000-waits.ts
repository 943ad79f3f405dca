import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Executions that wait without a job. `wake_at` is set while an execution is parked: when it goes on by itself, or
 * infinity. `wait` is what it waits for, as its last event says. `signals` counts what came for its nodes from outside.
 */
export class Waits1764520000000 implements MigrationInterface {
  name = 'Waits1764520000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE executions
        ADD COLUMN wake_at timestamptz,
        ADD COLUMN wait json,
        ADD COLUMN signals integer NOT NULL DEFAULT 0,
        ADD COLUMN timeout_ms double precision`);
    await runner.query('CREATE INDEX executions_wake_at ON executions (wake_at) WHERE wake_at IS NOT NULL');
    await runner.query(`
      CREATE TABLE execution_signals (
        execution_id text NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
        number integer NOT NULL,
        node_key text NOT NULL,
        item integer,
        payload json,
        sent_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (execution_id, number)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE execution_signals');
    await runner.query('DROP INDEX executions_wake_at');
    await runner.query(`
      ALTER TABLE executions DROP COLUMN wake_at, DROP COLUMN wait, DROP COLUMN signals, DROP COLUMN timeout_ms`);
  }
}
