import type { Pool } from 'pg';
import { retryWhileDisconnected } from '../db/retry-while-disconnected.ts';
import type { Artifact } from '../journal/event.ts';
import { describeValue } from '../shared/describe-value.ts';
import { EXPECTED_FILE_NAME, FILE_NAME } from '../shared/file-name.ts';
import { newId } from '../shared/ids.ts';
import { mimeTypeOf } from '../shared/mime-type.ts';
import { prepended, takeStart } from '../shared/pieces.ts';
import type { ContentStore } from './content-store.ts';
import { makeDatabaseStore, PIECE_BYTES } from './database-store.ts';
import { FileError } from './file-error.ts';
import { isFileId } from './file-value.ts';
import { storageError } from './storage-limit.ts';
import { BATCH, deleteUnused, type KeptIn, oldLeftovers } from './unused.ts';

export interface NewFile {
  /** Where it is known already; a new one otherwise. */
  id?: string | undefined;
  name: string;
  /** By default what its name says. */
  mimeType?: string | undefined;
  /** The principal, where a client uploads it, and in which project; a file of an execution is in that of the execution. */
  uploadedBy?: string | undefined;
  project?: string | undefined;
  content: Buffer | AsyncIterable<Buffer>;
}

/** A file whose content is still to be read. */
export interface OpenFile extends Artifact {
  /** May be read more than once. Throws FileError where the content is not, or no longer, what it should be. */
  content: AsyncIterable<Buffer>;
}

export interface Files {
  readonly maxBytes: number;
  /**
   * Keeps a file; without an execution, until it is used by one or its time is over. Content that is not complete leaves
   * nothing behind. Waits for a database that is away, until the signal aborts. @throws FileError, and what reading throws
   */
  save(executionId: string | null, file: NewFile, signal: AbortSignal): Promise<Artifact>;
  find(id: string): Promise<Artifact | null>;
  open(id: string): Promise<OpenFile | null>;
  /** A file that this execution saved, got as input, or took over from the one that it retries. @throws FileError */
  openFor(executionId: string, id: unknown): Promise<OpenFile>;
  /** Deletes what nothing uses any more, and what was left behind. Resolves to the number of files. */
  sweep(options: SweepOptions): Promise<number>;
}

export interface SweepOptions {
  /** Uploads older than this that no execution uses are deleted, milliseconds. */
  uploadMs: number;
  signal: AbortSignal;
}

interface FileRow extends Omit<Artifact, 'url'> {
  /** Null: with the row. */
  keptIn: KeptIn | null;
}

/** Of up to this many bytes, the content is in the row of the file. */
const MAX_ROW_BYTES = PIECE_BYTES;
/** Content without a file after so long: its writer, which gives up after half of it, was killed. */
const MAX_WRITE_MS = 3_600_000;

/** @param outside where content beyond one MiB is kept; null for the database */
export function makeFiles({
  pool,
  outside,
  maxBytes,
}: {
  pool: Pool;
  outside: ContentStore | null;
  maxBytes: number;
}): Files {
  const database = makeDatabaseStore(pool);
  const large: KeptIn = outside === null ? 'DATABASE' : 'STORE';

  async function save(executionId: string | null, file: NewFile, signal: AbortSignal): Promise<Artifact> {
    const { id = newId('art'), name, mimeType = mimeTypeOf(name), uploadedBy = null, project = null } = file;
    requireName(name);
    const counted = countBytes(file.content, maxBytes, signal);
    const { start, rest } = await takeStart(counted.content, MAX_ROW_BYTES);
    const isSmall = rest === null;
    const insert = async () => {
      const kept = isSmall ? [start, null] : [null, large];
      await insertRow(
        pool,
        [id, executionId, name, mimeType, counted.sizeBytes(), ...kept, uploadedBy, project],
        signal,
      );
    };
    if (isSmall) await insert();
    else await writeLarge(id, prepended(start, rest), insert, signal);
    return { id, name, mimeType, sizeBytes: counted.sizeBytes(), url: urlOf(id) };
  }

  /** The leftover is there before the content is, and goes in the statement that inserts the file. */
  async function writeLarge(
    id: string,
    content: AsyncIterable<Buffer>,
    insert: () => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    await retryWhileDisconnected(() => pool.query(ADD_LEFTOVER, [id, large]), signal);
    try {
      await storeOf(large).write(id, content);
      await insert();
    } catch (error) {
      // What cannot be removed now, the sweep removes.
      await removeLeftover(id, large).catch(() => {});
      throw error;
    }
  }

  async function removeLeftover(id: string, keptIn: KeptIn): Promise<void> {
    const { rowCount } = await pool.query('SELECT FROM artifacts WHERE id = $1', [id]);
    // Its insert was committed, and only the answer lost.
    if (rowCount === 0) await storeOf(keptIn).delete(id);
    await pool.query('DELETE FROM artifact_leftovers WHERE artifact_id = $1', [id]);
  }

  function storeOf(keptIn: KeptIn): ContentStore {
    if (keptIn === 'DATABASE') return database;
    if (outside !== null) return outside;
    throw new FileError(
      'FILE_STORE_ERROR',
      'The content of this file is in the store that WEFT_FILES_URL named when it was saved, and now the setting is not set.',
    );
  }

  function opened({ keptIn, ...row }: FileRow): OpenFile {
    const read = () => (keptIn === null ? readRow(pool, row.id) : storeOf(keptIn).read(row.id));
    const content = { [Symbol.asyncIterator]: () => checkSize(row, read) };
    return { ...row, url: urlOf(row.id), content };
  }

  return {
    maxBytes,
    save,

    async find(id) {
      const { rows } = await pool.query<FileRow>(FIND, [id]);
      if (rows[0] === undefined) return null;
      const { keptIn: _, ...row } = rows[0];
      return { ...row, url: urlOf(id) };
    },

    async open(id) {
      const { rows } = await pool.query<FileRow>(FIND, [id]);
      return rows[0] === undefined ? null : opened(rows[0]);
    },

    async openFor(executionId, id) {
      if (!isFileId(id))
        throw new FileError(
          'FILE_NOT_FOUND',
          `Expected a file, such as { "$file": "art_…" }, got ${describeValue(id)}.`,
        );
      const { rows } = await pool.query<FileRow>(FIND_FOR, [id, executionId]);
      if (rows[0] !== undefined) return opened(rows[0]);
      throw new FileError(
        'FILE_NOT_FOUND',
        `Expected a file that this execution got in its input or saved itself, got ${id}, which belongs to another execution or does not exist.`,
      );
    },

    async sweep({ uploadMs, signal }) {
      let deleted = 0;
      for (let count = BATCH; count === BATCH && !signal.aborted; deleted += count)
        count = await deleteUnused(pool, uploadMs);
      for (let before = ''; !signal.aborted; ) {
        const found = await oldLeftovers(pool, { olderThanMs: MAX_WRITE_MS, after: before });
        if (found.length === 0) break;
        for (const { id, keptIn } of found) await removeLeftover(id, keptIn);
        before = found.at(-1)!.id;
      }
      return deleted;
    },
  };
}

/** @throws FileError INVALID_FILE_NAME */
export function requireName(name: string): void {
  if (!FILE_NAME.test(name))
    throw new FileError('INVALID_FILE_NAME', `${EXPECTED_FILE_NAME}; got ${describeValue(name)}.`);
}

export function tooLarge(maxBytes: number): FileError {
  return new FileError(
    'FILE_TOO_LARGE',
    `Expected a file of at most ${maxBytes / 1024 / 1024} MiB (WEFT_MAX_FILE_MB), got more.`,
  );
}

function urlOf(id: string): string {
  return `/artifacts/${id}`;
}

function countBytes(content: NewFile['content'], maxBytes: number, signal: AbortSignal) {
  let size = 0;
  const deadline = performance.now() + MAX_WRITE_MS / 2;
  async function* counted() {
    for await (const chunk of Buffer.isBuffer(content) ? [content] : content) {
      signal.throwIfAborted();
      if (performance.now() > deadline)
        throw new FileError('FILE_INCOMPLETE', 'Expected the whole file within half an hour, got a part.');
      size += chunk.length;
      if (size > maxBytes) throw tooLarge(maxBytes);
      yield chunk;
    }
  }
  return { content: counted(), sizeBytes: () => size };
}

async function* readRow(pool: Pool, id: string): AsyncIterable<Buffer> {
  for (let at = 0; ; at += PIECE_BYTES) {
    // Releases before this one kept content of any size in the row.
    const { rows } = await pool.query<{ piece: Buffer }>(READ_ROW, [id, at + 1, PIECE_BYTES]);
    const piece = rows[0]?.piece;
    if (!piece?.length) return;
    yield piece;
    if (piece.length < PIECE_BYTES) return;
  }
}

async function* checkSize(
  { name, sizeBytes }: Pick<Artifact, 'name' | 'sizeBytes'>,
  read: () => AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of read()) {
    size += chunk.length;
    yield chunk;
  }
  if (size !== sizeBytes)
    throw new FileError(
      'FILE_INCOMPLETE',
      `Expected ${sizeBytes} bytes of ${name}, got ${size}: it was deleted meanwhile, or changed where it is kept.`,
    );
}

/** @param values in the order of INSERT */
async function insertRow(pool: Pool, values: unknown[], signal: AbortSignal): Promise<void> {
  const [id, executionId] = values;
  const { rowCount } = await retryWhileDisconnected(() => pool.query(INSERT, values), signal).catch(
    (error) => {
      throw storageError(error) ?? error;
    },
  );
  if (rowCount === 1) return;
  // A repetition, after the answer to the first try was lost, finds its row there.
  const { rowCount: found } = await pool.query(OWN_ROW, [id, executionId]);
  if (found === 1) return;
  throw new FileError('FILE_INCOMPLETE', `File ${id} was removed while it was written, or its id is taken.`);
}

const ADD_LEFTOVER = `
  INSERT INTO artifact_leftovers (artifact_id, kept_in) VALUES ($1, $2) ON CONFLICT DO NOTHING`;

/** Content beyond a row counts only while its leftover is there: the sweep may have removed it. */
const INSERT = `
  WITH settled AS (DELETE FROM artifact_leftovers WHERE artifact_id = $1 RETURNING 1)
  INSERT INTO artifacts (id, execution_id, name, mime_type, size_bytes, content, kept_in, uploaded_by, project)
  SELECT $1, $2, $3, $4, $5, $6, $7, $8, coalesce((SELECT project FROM executions WHERE id = $2), $9, 'default')
  WHERE $7::text IS NULL OR EXISTS (SELECT FROM settled)
  ON CONFLICT (id) DO NOTHING`;

const OWN_ROW = 'SELECT FROM artifacts WHERE id = $1 AND execution_id IS NOT DISTINCT FROM $2';

const FIELDS = `
  SELECT id, name, mime_type AS "mimeType", coalesce(size_bytes, length(content)) AS "sizeBytes", kept_in AS "keptIn"
  FROM artifacts`;

const FIND = `${FIELDS} WHERE id = $1`;

const FIND_FOR = `
  ${FIELDS} WHERE id = $1 AND (execution_id = $2 OR EXISTS (
    SELECT FROM artifact_uses WHERE artifact_id = $1 AND artifact_uses.execution_id = $2))`;

const READ_ROW = 'SELECT substring(content FROM $2 FOR $3) AS piece FROM artifacts WHERE id = $1';
