import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Labels of executions, and indexes for what executions are found by. */
export class Labels1764810000000 implements MigrationInterface {
  name = 'Labels1764810000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE executions ADD COLUMN labels jsonb');
    await runner.query(`
      CREATE TABLE execution_labels (
        name text NOT NULL,
        value text NOT NULL,
        execution_id text NOT NULL REFERENCES executions (id) ON DELETE CASCADE,
        PRIMARY KEY (name, value, execution_id)
      )`);
    await runner.query('CREATE INDEX execution_labels_by_execution ON execution_labels (execution_id)');
    await runner.query(`
      CREATE INDEX executions_by_error_code ON executions ((error->>'code'), id DESC) WHERE error IS NOT NULL`);
    await runner.query(`
      CREATE INDEX executions_by_error_node ON executions ((error->>'nodeKey'), id DESC) WHERE error IS NOT NULL`);
    await runner.query(`
      CREATE INDEX executions_by_error_text ON executions
      USING gin (to_tsvector('simple', error->>'message')) WHERE error IS NOT NULL`);
    await runner.query(`
      CREATE INDEX executions_by_duration ON executions ((extract(epoch FROM finished_at - started_at)))
      WHERE finished_at IS NOT NULL`);
    // The planner knows no frequencies from partial indexes, and without them sorts what it could read in order.
    for (const [name, expression] of STATISTICS)
      await runner.query(`CREATE STATISTICS executions_${name} ON (${expression}) FROM executions`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [name] of STATISTICS) await runner.query(`DROP STATISTICS executions_${name}`);
    for (const index of ['duration', 'error_text', 'error_node', 'error_code'])
      await runner.query(`DROP INDEX executions_by_${index}`);
    await runner.query('DROP TABLE execution_labels');
    await runner.query('ALTER TABLE executions DROP COLUMN labels');
  }
}

const STATISTICS = [
  ['error_codes', "error->>'code'"],
  ['error_nodes', "error->>'nodeKey'"],
  ['error_texts', "to_tsvector('simple', error->>'message')"],
  ['durations', 'extract(epoch FROM finished_at - started_at)'],
] as const;
