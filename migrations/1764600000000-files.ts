import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Files that clients upload belong to no execution, several executions may use one file, and large content is kept in
 * pieces or outside of the database. The previous release goes on to save files as rows with their content.
 */
export class Files1764600000000 implements MigrationInterface {
  name = 'Files1764600000000';

  async up(runner: QueryRunner): Promise<void> {
    // The file outlives the execution that saved it, where another one uses it; the sweep deletes it otherwise.
    await runner.query(`
      ALTER TABLE artifacts
        ALTER COLUMN execution_id DROP NOT NULL,
        ALTER COLUMN content DROP NOT NULL,
        ADD COLUMN size_bytes int,
        ADD COLUMN kept_in text,
        DROP CONSTRAINT artifacts_execution_id_fkey,
        ADD CONSTRAINT artifacts_execution_id_fkey
          FOREIGN KEY (execution_id) REFERENCES executions (id) ON DELETE SET NULL`);
    await runner.query('CREATE INDEX artifacts_of_none ON artifacts (created_at) WHERE execution_id IS NULL');
    // Beside those that it saved itself.
    await runner.query(`
      CREATE TABLE artifact_uses (
        execution_id text NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
        artifact_id text NOT NULL REFERENCES artifacts (id),
        PRIMARY KEY (execution_id, artifact_id)
      )`);
    await runner.query('CREATE INDEX artifact_uses_by_artifact ON artifact_uses (artifact_id)');
    await runner.query(`
      CREATE TABLE artifact_pieces (
        artifact_id text NOT NULL,
        position int NOT NULL,
        bytes bytea NOT NULL,
        PRIMARY KEY (artifact_id, position)
      )`);
    await runner.query('ALTER TABLE artifact_pieces ALTER COLUMN bytes SET STORAGE EXTERNAL');
    // Content that no artifact has: it is still being written, was never finished, or its artifact was deleted.
    await runner.query(`
      CREATE TABLE artifact_leftovers (
        artifact_id text PRIMARY KEY,
        kept_in text NOT NULL,
        since timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE artifact_uses, artifact_pieces, artifact_leftovers');
    await runner.query('DELETE FROM artifacts WHERE execution_id IS NULL OR content IS NULL');
    await runner.query('DROP INDEX artifacts_of_none');
    await runner.query(`
      ALTER TABLE artifacts
        ALTER COLUMN execution_id SET NOT NULL,
        ALTER COLUMN content SET NOT NULL,
        DROP COLUMN size_bytes,
        DROP COLUMN kept_in,
        DROP CONSTRAINT artifacts_execution_id_fkey,
        ADD CONSTRAINT artifacts_execution_id_fkey
          FOREIGN KEY (execution_id) REFERENCES executions (id) ON DELETE CASCADE`);
  }
}
