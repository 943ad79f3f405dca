import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Readable names that are unique: those of workflows that there are come from their names. The previous release inserts
 * rows without one, which get a random one.
 */
export class WorkflowKeys1764500000000 implements MigrationInterface {
  name = 'WorkflowKeys1764500000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE workflows ADD COLUMN key text NOT NULL
      DEFAULT ('workflow-' || substr(replace(gen_random_uuid()::text, '-', ''), 1, 12))`);
    await runner.query(`
      WITH slugs AS (
        SELECT id, coalesce(nullif(trim(BOTH '-' FROM
                 left(regexp_replace(lower(name), '[^a-z0-9]+', '-', 'g'), 50)), ''), 'workflow') AS slug
        FROM workflows WHERE deleted_at IS NULL
      ), numbered AS (
        SELECT id, slug, row_number() OVER (PARTITION BY slug ORDER BY id) AS n FROM slugs
      )
      UPDATE workflows w SET key = CASE n WHEN 1 THEN slug ELSE slug || '-' || substr(md5(w.id), 1, 8) END
      FROM numbered WHERE numbered.id = w.id`);
    await runner.query('CREATE UNIQUE INDEX workflows_by_key ON workflows (key) WHERE deleted_at IS NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE workflows DROP COLUMN key');
  }
}
