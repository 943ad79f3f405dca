import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Indexes for queries by time: the search for changes whose notification was lost, and the deletion of old executions.
 */
export class ExecutionChanges1764300000000 implements MigrationInterface {
  name = 'ExecutionChanges1764300000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE INDEX executions_by_change ON executions (coalesce(finished_at, started_at, created_at))',
    );
    await runner.query(
      'CREATE INDEX executions_by_retry_of ON executions (retry_of) WHERE retry_of IS NOT NULL',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX executions_by_retry_of');
    await runner.query('DROP INDEX executions_by_change');
  }
}
