import type { Pool } from 'pg';
import type { ExecutionEntity } from '../db/entities/execution.entity.ts';
import { isConnectionError } from '../db/errors.ts';
import { insertJobSql } from '../engine/queue.ts';
import { INSERT_FIRST_EVENT } from '../journal/start.ts';
import { makeBatches } from '../shared/batches.ts';
import {
  columnsOf,
  insertColumnsSql,
  insertRowSql,
  partsOf,
  type RowParts,
  rowValues,
} from './insert-sql.ts';

export interface NewRow {
  row: ExecutionEntity;
  jobId: string;
  /** Whether this process's worker has the job already. */
  isClaimed: boolean;
  /** That its input refers to. */
  files: readonly string[];
}

export type InsertRow = (row: NewRow) => Promise<void>;

/** Starts that one statement commits: more of them would hold up the first ones. */
const BATCHES = { max: 50, atOnce: 2 };
/** What is larger goes alone, characters of JSON: it would hold up others. */
const MAX_SHARED = 32_768;

/**
 * Inserts an execution's row, its first event and its job: one statement, so one implicit transaction and one round trip.
 * What starts at the same time shares it: with 16 clients, an execution of one node takes a fifth to a third less CPU
 * (bench/execution-costs.ts).
 * @throws what the database says of this row alone
 */
export function makeInsertRow(pool: Pool): InsertRow {
  const share = makeBatches((rows: SharedRow[]) => insertMany(pool, rows), BATCHES);

  return async (given) => {
    const columns = shareable(given) ? JSON.stringify(columnsOf(given.row)) : null;
    if (columns === null || columns.length > MAX_SHARED) return insertOne(pool, given);
    const problem = await share({ ...given, columns });
    if (problem !== null) throw problem;
  };
}

interface SharedRow extends NewRow {
  /** As JSON. */
  columns: string;
}

/** What needs no part of its own in the statement. */
function shareable({ row, files }: NewRow): boolean {
  const { usesFiles, hasLabels } = partsOf(row, files);
  return !usesFiles && !hasLabels;
}

/**
 * Gives what is wrong with each, or null. What the database refuses of one must not keep the others from starting: then
 * each goes alone.
 */
async function insertMany(pool: Pool, rows: readonly SharedRow[]): Promise<(Error | null)[]> {
  if (rows.length === 1) return [await problemOf(insertOne(pool, rows[0]!))];
  try {
    const { rows: inserted } = await pool.query<{ id: string }>({
      name: 'weft-insert-executions',
      text: INSERT_MANY,
      values: [
        `[${rows.map(({ columns }) => columns).join()}]`,
        rows.map(({ row }) => row.id),
        rows.map(({ jobId }) => jobId),
        rows.map(({ isClaimed }) => isClaimed),
      ],
    });
    const ids = new Set(inserted.map(({ id }) => id));
    return await Promise.all(
      rows.map(async (each) => (ids.has(each.row.id) ? null : problemOf(insertOne(pool, each)))),
    );
  } catch (error) {
    if (isConnectionError(error)) throw error;
    return Promise.all(rows.map((row) => problemOf(insertOne(pool, row))));
  }
}

async function problemOf(inserting: Promise<void>): Promise<Error | null> {
  return inserting.then(
    () => null,
    (error: Error) => error,
  );
}

async function insertOne(pool: Pool, { row, jobId, isClaimed, files }: NewRow): Promise<void> {
  const parts = partsOf(row, files);
  await pool.query({
    ...statementOf(parts),
    values: [jobId, isClaimed, ...rowValues(row), ...(parts.usesFiles ? [files] : [])],
  });
}

function statementOf(parts: RowParts): { name: string; text: string } {
  const name = `weft-insert-execution${parts.usesFiles ? '-files' : ''}${parts.hasLabels ? '-labels' : ''}`;
  const text = statements.get(name) ?? `${insertRowSql(3, parts)} ${insertJobSql()}`;
  statements.set(name, text);
  return { name, text };
}

const statements = new Map<string, string>();

/** Whoever has the idempotency key of one already: that row is left out. */
const INSERT_MANY = `
  WITH inserted AS (
    ${insertColumnsSql('$1')} ON CONFLICT DO NOTHING RETURNING id, created_at, priority
  ), job AS (
    SELECT * FROM unnest($2::text[], $3::uuid[], $4::boolean[]) AS given (execution_id, id, is_claimed)
  ), started AS (
    SELECT inserted.*, job.id AS job_id, job.is_claimed FROM inserted JOIN job ON job.execution_id = inserted.id
  ), queued AS (${INSERT_FIRST_EVENT}), jobs AS (${insertJobSql('started.job_id', 'started.is_claimed')})
  SELECT id FROM started`;
