import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What each project stores, and how much that may be. Files are counted by triggers, whoever writes or deletes them, and so
 * are executions that are deleted; what an execution adds is counted by the statement that ends it (journal/append-sql.ts).
 * A project has a row for each of 16 groups of connections, so that commits do not wait for each other.
 *
 * Executions that ended before, or that the previous release ends, count nothing.
 */
export class ProjectStorage1764941000000 implements MigrationInterface {
  name = 'ProjectStorage1764941000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE projects ADD COLUMN max_stored_bytes bigint');
    await runner.query('ALTER TABLE executions ADD COLUMN stored_bytes bigint NOT NULL DEFAULT 0');
    await runner.query(`
      CREATE TABLE project_storage (
        project text NOT NULL,
        shard integer NOT NULL,
        bytes bigint NOT NULL,
        PRIMARY KEY (project, shard)
      )`);
    // Under a lock of the project, in which the uploads of this moment are seen: no file is ever beyond the limit.
    await runner.query(`
      CREATE FUNCTION weft_count_file() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        added bigint := coalesce(NEW.size_bytes, length(NEW.content));
        most bigint;
        stored bigint;
      BEGIN
        INSERT INTO project_storage VALUES (NEW.project, pg_backend_pid() % 16, added)
        ON CONFLICT (project, shard) DO UPDATE SET bytes = project_storage.bytes + excluded.bytes;
        SELECT max_stored_bytes INTO most FROM projects WHERE key = NEW.project;
        IF most IS NULL THEN RETURN NULL; END IF;
        PERFORM pg_advisory_xact_lock(hashtextextended('weft-storage ' || NEW.project, 0));
        SELECT sum(bytes) INTO stored FROM project_storage WHERE project = NEW.project;
        IF stored > most THEN
          RAISE EXCEPTION 'The project % is full', NEW.project
            USING ERRCODE = 'WF001', DETAIL = json_build_object(
              'project', NEW.project, 'storedBytes', stored - added, 'maxStoredBytes', most, 'addedBytes', added);
        END IF;
        RETURN NULL;
      END $$`);
    await runner.query(`
      CREATE TRIGGER artifacts_counted AFTER INSERT ON artifacts
      FOR EACH ROW EXECUTE FUNCTION weft_count_file()`);
    for (const [table, bytes] of DELETED) {
      await runner.query(`
        CREATE FUNCTION weft_count_deleted_${table}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          INSERT INTO project_storage
          SELECT project, pg_backend_pid() % 16, -sum(${bytes}) FROM deleted GROUP BY project ORDER BY project
          ON CONFLICT (project, shard) DO UPDATE SET bytes = project_storage.bytes + excluded.bytes;
          RETURN NULL;
        END $$`);
      await runner.query(`
        CREATE TRIGGER ${table}_deleted AFTER DELETE ON ${table} REFERENCING OLD TABLE AS deleted
        FOR EACH STATEMENT EXECUTE FUNCTION weft_count_deleted_${table}()`);
    }
    // The triggers are there, and their lock keeps out who would write a file meanwhile.
    await runner.query(`
      INSERT INTO project_storage
      SELECT project, 0, sum(coalesce(size_bytes, length(content))) FROM artifacts GROUP BY project`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const [table] of DELETED) {
      await runner.query(`DROP TRIGGER ${table}_deleted ON ${table}`);
      await runner.query(`DROP FUNCTION weft_count_deleted_${table}`);
    }
    await runner.query('DROP TRIGGER artifacts_counted ON artifacts');
    await runner.query('DROP FUNCTION weft_count_file');
    await runner.query('DROP TABLE project_storage');
    await runner.query('ALTER TABLE executions DROP COLUMN stored_bytes');
    await runner.query('ALTER TABLE projects DROP COLUMN max_stored_bytes');
  }
}

const DELETED = [
  ['artifacts', 'coalesce(size_bytes, length(content))'],
  ['executions', 'stored_bytes'],
] as const;
