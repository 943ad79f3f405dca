import type { MigrationInterface, QueryRunner } from 'typeorm';

/** `json`, not `jsonb`: values are only stored and read whole, and keep the order of their keys. */
export class InitialSchema1764000000000 implements MigrationInterface {
  name = 'InitialSchema1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE workflows (
        id text PRIMARY KEY,
        name text NOT NULL,
        description text,
        latest_version integer NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        deleted_at timestamptz
      )`);
    await runner.query(`
      CREATE TABLE workflow_versions (
        workflow_id text NOT NULL REFERENCES workflows (id),
        number integer NOT NULL CHECK (number > 0),
        definition json NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (workflow_id, number)
      )`);
    await runner.query(`
      CREATE TABLE executions (
        id text PRIMARY KEY,
        workflow_id text,
        version_number integer,
        definition json,
        status text NOT NULL,
        input json,
        output json,
        error json,
        idempotency_key text,
        retry_of text REFERENCES executions (id),
        retry_strategy text,
        cancel_requested text,
        created_at timestamptz NOT NULL DEFAULT now(),
        started_at timestamptz,
        finished_at timestamptz,
        FOREIGN KEY (workflow_id, version_number) REFERENCES workflow_versions (workflow_id, number),
        CHECK ((workflow_id IS NULL) <> (definition IS NULL))
      )`);
    await runner.query(`CREATE INDEX executions_by_workflow ON executions (workflow_id, id DESC)`);
    await runner.query(`CREATE INDEX executions_by_status ON executions (status, id DESC)`);
    await runner.query(`
      CREATE UNIQUE INDEX executions_idempotency ON executions (coalesce(workflow_id, ''), idempotency_key)
      WHERE idempotency_key IS NOT NULL`);
    await runner.query(`
      CREATE TABLE execution_events (
        execution_id text NOT NULL,
        seq integer NOT NULL CHECK (seq > 0),
        type text NOT NULL,
        node_key text,
        attempt integer,
        item integer,
        payload json NOT NULL,
        occurred_at timestamptz NOT NULL,
        writer text NOT NULL,
        PRIMARY KEY (execution_id, seq)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE execution_events');
    await runner.query('DROP TABLE executions');
    await runner.query('DROP TABLE workflow_versions');
    await runner.query('DROP TABLE workflows');
  }
}
