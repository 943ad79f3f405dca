import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Projects. What there is belongs to `default`, and what the previous release adds meanwhile too. Tokens that reached
 * everything reach all projects; those that were limited stay where they were.
 *
 * Executions have no foreign key: each insert would lock the row of its project, which all of them share. Their project
 * is that of their workflow, or of whoever runs Python without one.
 */
export class Projects1764900000000 implements MigrationInterface {
  name = 'Projects1764900000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE projects (
        key text PRIMARY KEY,
        name text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await runner.query(`INSERT INTO projects (key, name) VALUES ('default', 'Default')`);
    await runner.query(
      `ALTER TABLE workflows ADD COLUMN project text NOT NULL DEFAULT 'default' REFERENCES projects (key)`,
    );
    await runner.query(`ALTER TABLE api_tokens ADD COLUMN project text REFERENCES projects (key)`);
    await runner.query(`
      UPDATE api_tokens SET project = 'default'
      WHERE workflow_keys IS NOT NULL OR labels IS NOT NULL OR execution_id IS NOT NULL`);
    for (const table of BY_PROJECT)
      await runner.query(`ALTER TABLE ${table} ADD COLUMN project text NOT NULL DEFAULT 'default'`);
    await runner.query('DROP INDEX workflows_by_key');
    await runner.query(
      'CREATE UNIQUE INDEX workflows_by_key ON workflows (project, key) WHERE deleted_at IS NULL',
    );
    await runner.query('CREATE INDEX api_tokens_by_project ON api_tokens (project, id)');
    await runner.query('CREATE INDEX executions_by_project ON executions (project, id DESC)');
    await runner.query('CREATE INDEX audit_log_by_project ON audit_log (project, id)');
    await runner.query('CREATE INDEX security_violations_by_project ON security_violations (project, id)');
    // Its first columns are those of before, by which the previous release looks a key up.
    await runner.query('DROP INDEX executions_idempotency');
    await runner.query(`
      CREATE UNIQUE INDEX executions_idempotency ON executions (coalesce(workflow_id, ''), idempotency_key, project)
      WHERE idempotency_key IS NOT NULL`);
  }

  /** Keys of two projects may be the same, and one of the two workflows has to get another. */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX executions_idempotency');
    await runner.query(`
      UPDATE executions SET idempotency_key = NULL
      WHERE idempotency_key IS NOT NULL AND workflow_id IS NULL AND project <> 'default'`);
    await runner.query(`
      CREATE UNIQUE INDEX executions_idempotency ON executions (coalesce(workflow_id, ''), idempotency_key)
      WHERE idempotency_key IS NOT NULL`);
    await runner.query('DROP INDEX workflows_by_key');
    await runner.query(`
      UPDATE workflows SET key = left(key, 50) || '-' || substr(md5(id), 1, 12) WHERE project <> 'default'`);
    await runner.query('CREATE UNIQUE INDEX workflows_by_key ON workflows (key) WHERE deleted_at IS NULL');
    for (const table of [...BY_PROJECT, 'api_tokens', 'workflows'])
      await runner.query(`ALTER TABLE ${table} DROP COLUMN project`);
    await runner.query('DROP TABLE projects');
  }
}

const BY_PROJECT = ['executions', 'artifacts', 'audit_log', 'security_violations', 'security_alerts'];
