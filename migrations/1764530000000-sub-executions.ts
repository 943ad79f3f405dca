import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Executions that nodes of other executions start. `depth` counts how many started one another up to it. */
export class SubExecutions1764530000000 implements MigrationInterface {
  name = 'SubExecutions1764530000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE executions
        ADD COLUMN parent_id text REFERENCES executions (id) ON DELETE SET NULL,
        ADD COLUMN parent_node_key text,
        ADD COLUMN parent_item integer,
        ADD COLUMN is_awaited boolean NOT NULL DEFAULT false,
        ADD COLUMN depth integer NOT NULL DEFAULT 0`);
    await runner.query(
      'CREATE INDEX executions_by_parent ON executions (parent_id, id DESC) WHERE parent_id IS NOT NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX executions_by_parent');
    await runner.query(`
      ALTER TABLE executions DROP COLUMN parent_id, DROP COLUMN parent_node_key, DROP COLUMN parent_item,
        DROP COLUMN is_awaited, DROP COLUMN depth`);
  }
}
