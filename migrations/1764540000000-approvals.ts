import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What people are asked by nodes that wait for them. One for each try of a node: `try_id`. */
export class Approvals1764540000000 implements MigrationInterface {
  name = 'Approvals1764540000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE approvals (
        id text PRIMARY KEY,
        execution_id text NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
        workflow_id text,
        node_key text NOT NULL,
        item integer,
        try_id text NOT NULL UNIQUE,
        title text NOT NULL,
        text text,
        form json,
        required integer NOT NULL,
        status text NOT NULL DEFAULT 'OPEN' CHECK (status IN ('OPEN', 'APPROVED', 'REJECTED', 'TIMED_OUT')),
        decisions jsonb NOT NULL DEFAULT '[]',
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz,
        updated_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE INDEX approvals_by_status ON approvals (status, id DESC)');
    await runner.query('CREATE INDEX approvals_by_execution ON approvals (execution_id, id DESC)');
    await runner.query('CREATE INDEX approvals_by_change ON approvals (updated_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE approvals');
  }
}
