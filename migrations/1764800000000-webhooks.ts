import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Webhooks, and the last requests to each. Of their addresses only hashes are kept, of signing secrets what is sealed. */
export class Webhooks1764800000000 implements MigrationInterface {
  name = 'Webhooks1764800000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE webhooks (
        id text PRIMARY KEY,
        workflow_id text NOT NULL REFERENCES workflows (id) ON DELETE CASCADE,
        version_number integer,
        name text NOT NULL,
        methods text[] NOT NULL,
        is_enabled boolean NOT NULL,
        secret_hash bytea NOT NULL UNIQUE,
        former_secret_hash bytea UNIQUE,
        former_secret_until timestamptz,
        signature text NOT NULL,
        signing_secrets text[] NOT NULL,
        tolerance_seconds integer NOT NULL,
        delivery_id_header text,
        respond text NOT NULL,
        timeout_ms integer NOT NULL,
        max_per_minute integer NOT NULL,
        record_until timestamptz,
        principal text NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL
      )`);
    await runner.query('CREATE INDEX webhooks_by_workflow ON webhooks (workflow_id, id DESC)');
    await runner.query(`
      CREATE TABLE webhook_requests (
        id text PRIMARY KEY,
        webhook_id text NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
        received_at timestamptz NOT NULL,
        method text NOT NULL,
        status integer,
        outcome text NOT NULL,
        code text,
        reason text,
        delivery_id text,
        execution_id text,
        query text,
        headers json,
        body bytea,
        body_bytes integer
      )`);
    await runner.query('CREATE INDEX webhook_requests_latest ON webhook_requests (webhook_id, id DESC)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE webhook_requests');
    await runner.query('DROP TABLE webhooks');
  }
}
