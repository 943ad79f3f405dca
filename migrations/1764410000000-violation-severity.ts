import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The severity of a violation follows from its layer (server/shared/severity.ts). A generated column, because the audit
 * trail refuses an UPDATE of its rows, and the previous release inserts rows without a severity.
 */
export class ViolationSeverity1764410000000 implements MigrationInterface {
  name = 'ViolationSeverity1764410000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE security_violations ADD COLUMN severity text NOT NULL GENERATED ALWAYS AS (
        CASE layer WHEN 'STATIC' THEN 'LOW' WHEN 'RUNTIME' THEN 'MEDIUM' ELSE 'HIGH' END
      ) STORED`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE security_violations DROP COLUMN severity');
  }
}
