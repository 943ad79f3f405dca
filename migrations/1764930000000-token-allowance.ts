import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a token may use, and the executions that count for those that are limited in them. The previous release limits none. */
export class TokenAllowance1764930000000 implements MigrationInterface {
  name = 'TokenAllowance1764930000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE api_tokens ADD COLUMN cost_per_minute integer, ADD COLUMN max_running_executions integer',
    );
    // A place is taken before its execution exists, so nothing refers to `executions`.
    await runner.query(`
      CREATE TABLE running_starts (
        execution_id text NOT NULL,
        account text NOT NULL,
        taken_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (execution_id, account)
      )`);
    await runner.query('CREATE INDEX running_starts_account ON running_starts (account)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE running_starts');
    await runner.query(
      'ALTER TABLE api_tokens DROP COLUMN cost_per_minute, DROP COLUMN max_running_executions',
    );
  }
}
