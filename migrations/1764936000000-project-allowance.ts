import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What all of a project may use together. The previous release limits none. */
export class ProjectAllowance1764936000000 implements MigrationInterface {
  name = 'ProjectAllowance1764936000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE projects ADD COLUMN cost_per_minute integer, ADD COLUMN max_running_executions integer',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE projects DROP COLUMN cost_per_minute, DROP COLUMN max_running_executions',
    );
  }
}
