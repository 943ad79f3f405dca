import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The trace that whoever started an execution is in. What the previous release starts is in none. */
export class TraceContext1764940000000 implements MigrationInterface {
  name = 'TraceContext1764940000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE executions ADD COLUMN traceparent text, ADD COLUMN tracestate text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE executions DROP COLUMN traceparent, DROP COLUMN tracestate');
  }
}
