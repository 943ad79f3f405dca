import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Schedules, what became of each of their times, and what started an execution. */
export class Schedules1764630000000 implements MigrationInterface {
  name = 'Schedules1764630000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE schedules (
        id text PRIMARY KEY,
        workflow_id text NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
        version_number integer,
        name text NOT NULL,
        input json,
        cron text,
        interval_ms double precision,
        timezone text NOT NULL,
        starts_at timestamptz,
        ends_at timestamptz,
        exclude text[] NOT NULL,
        jitter_ms integer NOT NULL,
        overlap text NOT NULL,
        catchup_window_ms double precision NOT NULL,
        pause_after_failures integer,
        paused_at timestamptz,
        pause_reason text,
        resumed_at timestamptz NOT NULL DEFAULT now(),
        next_at timestamptz,
        due_at timestamptz,
        buffered integer NOT NULL DEFAULT 0,
        principal text NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CHECK ((cron IS NULL) <> (interval_ms IS NULL))
      )`);
    await runner.query('CREATE INDEX schedules_by_workflow ON schedules (workflow_id, id DESC)');
    await runner.query('CREATE INDEX schedules_due_at ON schedules (due_at) WHERE due_at IS NOT NULL');
    await runner.query('CREATE INDEX schedules_buffered ON schedules (id) WHERE buffered > 0');
    await runner.query(`
      CREATE TABLE schedule_firings (
        schedule_id text NOT NULL REFERENCES schedules (id) ON DELETE CASCADE,
        scheduled_at timestamptz NOT NULL,
        fired_at timestamptz NOT NULL,
        outcome text NOT NULL,
        reason text,
        execution_id text,
        PRIMARY KEY (schedule_id, scheduled_at)
      )`);
    await runner.query(`
      ALTER TABLE executions ADD COLUMN trigger_id text, ADD COLUMN scheduled_at timestamptz`);
    await runner.query(
      'CREATE INDEX executions_by_trigger ON executions (trigger_id, id DESC) WHERE trigger_id IS NOT NULL',
    );
    await runner.query(`
      CREATE INDEX executions_open_by_trigger ON executions (trigger_id)
      WHERE trigger_id IS NOT NULL AND finished_at IS NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE executions DROP COLUMN trigger_id, DROP COLUMN scheduled_at');
    await runner.query('DROP TABLE schedule_firings');
    await runner.query('DROP TABLE schedules');
  }
}
