import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How often a violation came, and the index by which alerts count. The previous release inserts rows without a count. */
export class ViolationCount1764420000000 implements MigrationInterface {
  name = 'ViolationCount1764420000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE security_violations ADD COLUMN count integer NOT NULL DEFAULT 1');
    await runner.query(`
      CREATE INDEX security_violations_by_alert_subject
      ON security_violations ((coalesce(workflow_id, 'python:' || principal)), occurred_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX security_violations_by_alert_subject');
    await runner.query('ALTER TABLE security_violations DROP COLUMN count');
  }
}
