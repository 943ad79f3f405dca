import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The packages that a project allows; null for those that the operator allows. */
export class ProjectPackages1764901000000 implements MigrationInterface {
  name = 'ProjectPackages1764901000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE projects ADD COLUMN allowed_packages text[]');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE projects DROP COLUMN allowed_packages');
  }
}
