import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What clients did, append-only: a trigger refuses UPDATE, DELETE and TRUNCATE for every role. */
export class AuditLog1764710000000 implements MigrationInterface {
  name = 'AuditLog1764710000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit_log (
        id text PRIMARY KEY,
        occurred_at timestamptz NOT NULL,
        principal text NOT NULL,
        principal_name text NOT NULL,
        operation text NOT NULL,
        target text,
        outcome text NOT NULL,
        code text,
        input json,
        before json,
        after json,
        address text,
        forwarded_for text
      )`);
    await runner.query('CREATE INDEX audit_log_by_principal ON audit_log (principal, id)');
    await runner.query('CREATE INDEX audit_log_by_target ON audit_log (target, id) WHERE target IS NOT NULL');
    // Lines come in the order of time, more or less: this index is a few pages for millions of them.
    await runner.query('CREATE INDEX audit_log_by_time ON audit_log USING brin (occurred_at)');
    await runner.query(`
      CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
      FOR EACH STATEMENT EXECUTE FUNCTION weft_refuse_change()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit_log');
  }
}
