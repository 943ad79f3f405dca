import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The words of each error's message, newest first. The index over texts gives all executions that have a word, in no
 * order: a thousand of them were read and sorted for a page of fifty. A trigger writes them, so that executions that the
 * previous release ends have theirs too.
 */
export class ErrorWords1764943000000 implements MigrationInterface {
  name = 'ErrorWords1764943000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE execution_error_words (word text NOT NULL, execution_id text NOT NULL)');
    await runner.query(`
      INSERT INTO execution_error_words (word, execution_id)
      SELECT word, id FROM executions,
        unnest(tsvector_to_array(to_tsvector('simple', error->>'message'))) AS word
      WHERE error IS NOT NULL`);
    await runner.query('ALTER TABLE execution_error_words ADD PRIMARY KEY (word, execution_id)');
    await runner.query(`
      ALTER TABLE execution_error_words
      ADD FOREIGN KEY (execution_id) REFERENCES executions (id) ON DELETE CASCADE`);
    await runner.query(
      'CREATE INDEX execution_error_words_by_execution ON execution_error_words (execution_id)',
    );
    await runner.query(`
      CREATE FUNCTION keep_error_words() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO execution_error_words (word, execution_id)
        SELECT word, NEW.id FROM unnest(tsvector_to_array(to_tsvector('simple', NEW.error->>'message'))) AS word
        ON CONFLICT DO NOTHING;
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER executions_error_words AFTER INSERT OR UPDATE OF error ON executions
      FOR EACH ROW WHEN (NEW.error IS NOT NULL) EXECUTE FUNCTION keep_error_words()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TRIGGER executions_error_words ON executions');
    await runner.query('DROP FUNCTION keep_error_words');
    await runner.query('DROP TABLE execution_error_words');
  }
}
