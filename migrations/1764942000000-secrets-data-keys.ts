import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Keys that secrets are sealed with, as a key service has wrapped them: of no use without it. The previous release has none. */
export class SecretsDataKeys1764942000000 implements MigrationInterface {
  name = 'SecretsDataKeys1764942000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE secrets_data_keys (
        id text PRIMARY KEY,
        wrapped text NOT NULL,
        version text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE secrets_data_keys');
  }
}
