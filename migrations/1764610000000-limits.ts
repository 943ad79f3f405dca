import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Limits of workflows. An execution that a limit holds back, or that has a slot of one, has a row in
 * `limited_executions`; what is not limited has none. `rate_admissions` is what a rate has let through within its time.
 * `debounced_keys` keeps the idempotency keys of starts that went into one execution.
 */
export class Limits1764610000000 implements MigrationInterface {
  name = 'Limits1764610000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE executions
        ADD COLUMN priority smallint NOT NULL DEFAULT 3,
        ADD COLUMN replaced_by text`);
    await runner.query(`
      CREATE TABLE limited_executions (
        execution_id text PRIMARY KEY REFERENCES executions (id) ON DELETE CASCADE,
        number bigint GENERATED ALWAYS AS IDENTITY,
        workflow_id text NOT NULL,
        priority smallint NOT NULL,
        debounce_key text,
        concurrency_key text,
        rate_key text,
        waits_for text,
        queue_key text,
        has_slot boolean NOT NULL DEFAULT false,
        told text,
        since timestamptz NOT NULL DEFAULT now(),
        due_at timestamptz
      )`);
    await runner.query(`
      CREATE INDEX limited_executions_line ON limited_executions (workflow_id, waits_for, queue_key, priority DESC, number)
      WHERE waits_for IS NOT NULL`);
    await runner.query(`
      CREATE INDEX limited_executions_untold ON limited_executions (workflow_id, waits_for, queue_key)
      WHERE waits_for IS NOT NULL AND told IS DISTINCT FROM waits_for`);
    await runner.query(
      'CREATE INDEX limited_executions_slots ON limited_executions (workflow_id, concurrency_key) WHERE has_slot',
    );
    await runner.query(
      'CREATE INDEX limited_executions_due ON limited_executions (due_at) WHERE due_at IS NOT NULL',
    );
    await runner.query(`
      CREATE TABLE rate_admissions (
        workflow_id text NOT NULL,
        rate_key text NOT NULL,
        admitted_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL
      )`);
    await runner.query(
      'CREATE INDEX rate_admissions_key ON rate_admissions (workflow_id, rate_key, admitted_at DESC)',
    );
    await runner.query('CREATE INDEX rate_admissions_expiry ON rate_admissions (expires_at)');
    await runner.query(`
      CREATE TABLE debounced_keys (
        workflow_id text NOT NULL,
        idempotency_key text NOT NULL,
        execution_id text NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
        input json,
        expires_at timestamptz,
        PRIMARY KEY (workflow_id, idempotency_key)
      )`);
    await runner.query('CREATE INDEX debounced_keys_execution ON debounced_keys (execution_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE debounced_keys');
    await runner.query('DROP TABLE rate_admissions');
    await runner.query('DROP TABLE limited_executions');
    await runner.query('ALTER TABLE executions DROP COLUMN priority, DROP COLUMN replaced_by');
  }
}
