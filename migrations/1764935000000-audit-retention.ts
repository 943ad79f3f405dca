import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Old lines of the audit trail may be deleted by a transaction that says up to when, in `weft.audit_keep_from`, and never
 * one of the last day. UPDATE and TRUNCATE are refused as before, and so is a DELETE that says nothing.
 */
export class AuditRetention1764935000000 implements MigrationInterface {
  name = 'AuditRetention1764935000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION weft_refuse_early_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE keep_from timestamptz := nullif(current_setting('weft.audit_keep_from', true), '')::timestamptz;
      BEGIN
        IF OLD.occurred_at < keep_from AND OLD.occurred_at < now() - interval '1 day' THEN
          RETURN OLD;
        END IF;
        RAISE EXCEPTION 'The audit trail % is append-only', TG_TABLE_NAME;
      END $$`);
    await runner.query('DROP TRIGGER audit_log_append_only ON audit_log');
    await runner.query(`
      CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR TRUNCATE ON audit_log
      FOR EACH STATEMENT EXECUTE FUNCTION weft_refuse_change()`);
    await runner.query(`
      CREATE TRIGGER audit_log_kept BEFORE DELETE ON audit_log
      FOR EACH ROW EXECUTE FUNCTION weft_refuse_early_deletion()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TRIGGER audit_log_kept ON audit_log');
    await runner.query('DROP TRIGGER audit_log_append_only ON audit_log');
    await runner.query(`
      CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
      FOR EACH STATEMENT EXECUTE FUNCTION weft_refuse_change()`);
    await runner.query('DROP FUNCTION weft_refuse_early_deletion');
  }
}
