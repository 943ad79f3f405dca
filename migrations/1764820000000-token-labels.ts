import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tokens that are limited to executions with labels. */
export class TokenLabels1764820000000 implements MigrationInterface {
  name = 'TokenLabels1764820000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE api_tokens ADD COLUMN labels jsonb');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE api_tokens DROP COLUMN labels');
  }
}
