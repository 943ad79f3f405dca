import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What workflows use and nobody may read: sealed, under a key that is not in the database. */
export class Secrets1764910000000 implements MigrationInterface {
  name = 'Secrets1764910000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE secrets (
        project text NOT NULL DEFAULT 'default' REFERENCES projects (key),
        name text NOT NULL,
        sealed text NOT NULL,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_by text NOT NULL,
        updated_at timestamptz NOT NULL DEFAULT now(),
        last_used_at timestamptz,
        PRIMARY KEY (project, name)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE secrets');
  }
}
