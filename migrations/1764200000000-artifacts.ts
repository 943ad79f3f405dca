import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The content of the files that runs produce. The journal of an execution lists its files. */
export class Artifacts1764200000000 implements MigrationInterface {
  name = 'Artifacts1764200000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE artifacts (
        id text PRIMARY KEY,
        execution_id text NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
        name text NOT NULL,
        mime_type text NOT NULL,
        content bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    // Images and archives are compressed already.
    await runner.query('ALTER TABLE artifacts ALTER COLUMN content SET STORAGE EXTERNAL');
    await runner.query('CREATE INDEX artifacts_by_execution ON artifacts (execution_id)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE artifacts');
  }
}
