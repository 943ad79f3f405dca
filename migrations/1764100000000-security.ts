import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The audit trail is append-only: a trigger refuses UPDATE, DELETE and TRUNCATE for every role. */
export class Security1764100000000 implements MigrationInterface {
  name = 'Security1764100000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE executions ADD COLUMN principal text NOT NULL DEFAULT 'anonymous'`);
    await runner.query(`
      CREATE TABLE security_violations (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        execution_id text NOT NULL,
        seq integer NOT NULL,
        node_key text NOT NULL,
        attempt integer NOT NULL,
        item integer,
        principal text NOT NULL,
        workflow_id text,
        version_number integer,
        code_hash text NOT NULL,
        rule text NOT NULL,
        layer text NOT NULL,
        violation json NOT NULL,
        occurred_at timestamptz NOT NULL,
        UNIQUE (execution_id, seq)
      )`);
    await runner.query(
      `CREATE INDEX security_violations_by_subject ON security_violations (workflow_id, occurred_at)`,
    );
    await runner.query(`CREATE INDEX security_violations_by_time ON security_violations (occurred_at)`);
    await runner.query(`
      CREATE FUNCTION weft_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'The audit trail % is append-only', TG_TABLE_NAME;
      END $$`);
    await runner.query(`
      CREATE TRIGGER security_violations_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON security_violations
      FOR EACH STATEMENT EXECUTE FUNCTION weft_refuse_change()`);
    await runner.query(`
      CREATE TABLE security_alerts (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        subject text NOT NULL,
        execution_id text NOT NULL,
        violations integer NOT NULL,
        window_seconds integer NOT NULL,
        raised_at timestamptz NOT NULL
      )`);
    await runner.query(`CREATE INDEX security_alerts_by_subject ON security_alerts (subject, raised_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE security_alerts');
    await runner.query('DROP TABLE security_violations');
    await runner.query('DROP FUNCTION weft_refuse_change');
    await runner.query('ALTER TABLE executions DROP COLUMN principal');
  }
}
