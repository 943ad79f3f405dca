import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Executions that run a part of their workflow. The previous release would run the whole of it. */
export class PartialRuns1764620000000 implements MigrationInterface {
  name = 'PartialRuns1764620000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE executions ADD COLUMN partial json, ADD COLUMN pinned json');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE executions DROP COLUMN partial, DROP COLUMN pinned');
  }
}
