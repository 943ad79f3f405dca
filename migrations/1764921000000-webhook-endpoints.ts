import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Where changes are sent, what is and was sent there, and how far into the feed of changes that has come. */
export class WebhookEndpoints1764921000000 implements MigrationInterface {
  name = 'WebhookEndpoints1764921000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE webhook_endpoints (
        id text PRIMARY KEY,
        project text NOT NULL REFERENCES projects (key),
        name text NOT NULL,
        url text NOT NULL,
        types text[] NOT NULL,
        workflow_keys text[],
        labels jsonb,
        is_enabled boolean NOT NULL,
        disabled_at timestamptz,
        disabled_reason text,
        failing_since timestamptz,
        signing_secrets text[] NOT NULL,
        former_secret_until timestamptz,
        from_txid xid8 NOT NULL,
        principal text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`
      CREATE TABLE webhook_deliveries (
        id text PRIMARY KEY,
        project text NOT NULL,
        endpoint_id text NOT NULL REFERENCES webhook_endpoints (id) ON DELETE CASCADE,
        message_id text NOT NULL,
        type text NOT NULL,
        execution_id text,
        payload text NOT NULL,
        status text NOT NULL DEFAULT 'PENDING',
        tries integer NOT NULL DEFAULT 0,
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz,
        claimed_until timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz,
        UNIQUE (endpoint_id, message_id)
      )`);
    await runner.query('CREATE INDEX webhook_deliveries_latest ON webhook_deliveries (endpoint_id, id DESC)');
    await runner.query(`
      CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, next_attempt_at, id)
      WHERE next_attempt_at IS NOT NULL`);
    await runner.query(`
      CREATE INDEX webhook_deliveries_claimed ON webhook_deliveries (endpoint_id) WHERE claimed_until IS NOT NULL`);
    await runner.query(`
      CREATE INDEX webhook_deliveries_finished ON webhook_deliveries (finished_at) WHERE finished_at IS NOT NULL`);
    await runner.query(`
      CREATE TABLE webhook_attempts (
        delivery_id text NOT NULL REFERENCES webhook_deliveries (id) ON DELETE CASCADE,
        number integer NOT NULL,
        started_at timestamptz NOT NULL,
        duration_ms integer,
        http_status integer,
        error text,
        response text,
        PRIMARY KEY (delivery_id, number)
      )`);
    await runner.query(`
      CREATE TABLE webhook_dispatch (
        is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
        txid xid8 NOT NULL,
        execution_id text NOT NULL,
        sequence integer NOT NULL
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['dispatch', 'attempts', 'deliveries', 'endpoints'])
      await runner.query(`DROP TABLE webhook_${table}`);
  }
}
