import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Until when an idempotency key counts; null for as long as its execution is kept, as in the previous release. */
export class IdempotencyExpiry1764510000000 implements MigrationInterface {
  name = 'IdempotencyExpiry1764510000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE executions ADD COLUMN idempotency_expires_at timestamptz');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE executions DROP COLUMN idempotency_expires_at');
  }
}
