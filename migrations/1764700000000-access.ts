import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tokens, of which only hashes are kept, and who has uploaded a file. The previous release uses neither. */
export class Access1764700000000 implements MigrationInterface {
  name = 'Access1764700000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE api_tokens (
        id text PRIMARY KEY,
        hash bytea NOT NULL UNIQUE,
        kind text NOT NULL,
        name text NOT NULL,
        scopes text[] NOT NULL,
        workflow_keys text[],
        execution_id text,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz,
        last_used_at timestamptz,
        revoked_at timestamptz
      )`);
    // Those that a token has minted end with it; and those that are over are deleted.
    await runner.query(`CREATE INDEX api_tokens_minted ON api_tokens (created_by) WHERE kind = 'BROWSER'`);
    await runner.query(`CREATE INDEX api_tokens_over ON api_tokens (expires_at) WHERE kind = 'BROWSER'`);
    await runner.query('ALTER TABLE artifacts ADD COLUMN uploaded_by text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE artifacts DROP COLUMN uploaded_by');
    await runner.query('DROP TABLE api_tokens');
  }
}
