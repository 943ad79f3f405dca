import { Any, type FindOptionsWhere, Raw } from 'typeorm';
import type { Reach } from '../auth/principal.ts';
import type { ExecutionEntity } from '../db/entities/execution.entity.ts';
import type { ExecutionStatus } from '../journal/event.ts';
import { WeftError } from '../shared/errors.ts';
import { idBefore } from '../shared/ids.ts';
import { type Labels, labelErrors } from './labels.ts';
import { whereReached } from './reach.ts';

/** Which executions a list has, and what is done with all of them is done with. */
export interface ExecutionFilter {
  workflowId?: string | null;
  statuses?: readonly ExecutionStatus[] | null;
  createdAfter?: Date | null;
  createdBefore?: Date | null;
  /** Whether a node of it has failed and waits for somebody. */
  isParked?: boolean | null;
  /** It has all of them, of which there are no more than an execution may have. */
  labels?: Labels | null;
  triggerId?: string | null;
  errorCode?: string | null;
  errorNodeKey?: string | null;
  /** Words of the message of its error, as a search on the web has them. */
  errorText?: string | null;
  minDurationMs?: number | null;
  maxDurationMs?: number | null;
  /** Of whoever asks. */
  reach?: Reach | null;
}

export function whereOf(filter: ExecutionFilter): FindOptionsWhere<ExecutionEntity> {
  const { workflowId, statuses, createdAfter, createdBefore, isParked, labels, triggerId, reach } = filter;
  const errors = errorConditions(filter);
  const finished = [...(isParked == null ? [] : [parked(isParked)]), ...durationConditions(filter)];
  return {
    ...(workflowId ? { workflowId } : {}),
    ...whereReached(reach, 'id'),
    ...(statuses ? { status: Any([...new Set(statuses)]) } : {}),
    ...(createdAfter || createdBefore ? { createdAt: within(createdAfter, createdBefore) } : {}),
    ...(triggerId ? { triggerId } : {}),
    ...(labels && Object.keys(labels).length > 0 ? { labels: having(labels) } : {}),
    ...(errors.length > 0 ? { error: all(errors) } : {}),
    ...(finished.length > 0 ? { finishedAt: all(finished) } : {}),
  };
}

/** A condition on a column, which may name others of its row, and its parameters. */
interface Condition {
  sql: (column: string, other: (property: string) => string) => string;
  values: Record<string, unknown>;
}

function all(conditions: readonly Condition[]) {
  const values = Object.assign({}, ...conditions.map((each) => each.values));
  return Raw((column) => {
    // TypeORM names a column by its property, or as the database does.
    const place = column.lastIndexOf('.') + 1;
    const isQuoted = column.includes('"');
    const other = (name: string) => `${column.slice(0, place)}${isQuoted && place > 0 ? `"${name}"` : name}`;
    return conditions.map(({ sql }) => `(${sql(column, other)})`).join(' AND ');
  }, values);
}

/** Ids are in the order of their making, and have an index. */
function within(after: Date | null | undefined, before: Date | null | undefined) {
  const from = after && {
    sql: (column: string, other: (name: string) => string) =>
      `${column} >= :createdAfter AND ${other('id')} >= :firstId`,
    values: { createdAfter: after, firstId: idBefore('exec', after.getTime() - CLOCK_MS) },
  };
  const until = before && {
    sql: (column: string, other: (name: string) => string) =>
      `${column} < :createdBefore AND ${other('id')} < :lastId`,
    values: { createdBefore: before, lastId: idBefore('exec', before.getTime() + CLOCK_MS) },
  };
  return all([from, until].filter((each) => each != null));
}

/** An id and the time of its execution are made one after the other. */
const CLOCK_MS = 1_000;

/** By the index of a few; the others are looked up where these are found. @throws WeftError BAD_USER_INPUT */
function having(labels: Labels) {
  const [error] = labelErrors(labels, 'labels');
  if (error !== undefined) throw new WeftError('BAD_USER_INPUT', error.message);
  const entries = Object.entries(labels);
  const joined: Condition[] = entries.slice(0, MAX_JOINED).map(([name, value], index) => ({
    sql: (_column, other) =>
      `${other('id')} IN (SELECT l.execution_id FROM execution_labels l WHERE l.name = :label${index} AND l.value = :value${index})`,
    values: { [`label${index}`]: name, [`value${index}`]: value },
  }));
  if (entries.length <= MAX_JOINED) return all(joined);
  const sql = (column: string) => `${column} @> :otherLabels::jsonb`;
  const otherLabels = JSON.stringify(Object.fromEntries(entries.slice(MAX_JOINED)));
  return all([...joined, { sql, values: { otherLabels } }]);
}

/**
 * How many conditions of a kind become tables of their own in a query: the planner tries their orders, which took a
 * second and gigabytes for a hundred.
 */
const MAX_JOINED = 4;

function errorConditions({ errorCode, errorNodeKey, errorText }: ExecutionFilter): Condition[] {
  const isOf = (field: string, name: string, value: string): Condition => ({
    sql: (column) => `${column} IS NOT NULL AND (${column})->>'${field}' = :${name}`,
    values: { [name]: value },
  });
  return [
    ...(errorCode == null ? [] : [isOf('code', 'errorCode', errorCode)]),
    ...(errorNodeKey == null ? [] : [isOf('nodeKey', 'errorNodeKey', errorNodeKey)]),
    ...(errorText == null || errorText.trim() === '' ? [] : errorTextConditions(errorText.trim())),
  ];
}

/** A few plain words have rows, newest first; phrases, alternatives and what there must not be have an index of texts. */
function errorTextConditions(errorText: string): Condition[] {
  if (errorText.length > MAX_SEARCH_CHARACTERS)
    throw new WeftError(
      'BAD_USER_INPUT',
      `Expected \`errorText\` to have at most ${MAX_SEARCH_CHARACTERS} characters, got ${errorText.length}.`,
    );
  const words = [...new Set(errorText.split(/\s+/))];
  if (words.length <= MAX_JOINED && words.every(isPlainWord))
    return words.map((word, index) => ({
      sql: (_column, other) =>
        `${other('id')} IN (SELECT w.execution_id FROM execution_error_words w WHERE w.word = ${lexeme(`:word${index}`)})`,
      values: { [`word${index}`]: word },
    }));
  const sql = (column: string) =>
    `${column} IS NOT NULL AND to_tsvector('simple', (${column})->>'message') @@ websearch_to_tsquery('simple', :errorText)`;
  return [{ sql, values: { errorText } }];
}

/** More than a person types, and far below what Postgres can parse. */
const MAX_SEARCH_CHARACTERS = 1_000;

/** Whether Postgres takes it for one word, and not for an operator. */
function isPlainWord(text: string): boolean {
  return /^\p{L}[\p{L}\p{N}]*$/u.test(text) && text.toLowerCase() !== 'or';
}

/** A word as the trigger writes it. */
function lexeme(word: string): string {
  return `(tsvector_to_array(to_tsvector('simple', ${word})))[1]`;
}

function durationConditions({ minDurationMs, maxDurationMs }: ExecutionFilter): Condition[] {
  const took = (sign: string, name: string, ms: number): Condition => ({
    sql: (column, other) =>
      `${column} IS NOT NULL AND extract(epoch FROM ${column} - ${other('started_at')}) ${sign} :${name}`,
    values: { [name]: ms / 1_000 },
  });
  return [
    ...(minDurationMs == null ? [] : [took('>=', 'minSeconds', minDurationMs)]),
    ...(maxDurationMs == null ? [] : [took('<', 'maxSeconds', maxDurationMs)]),
  ];
}

function parked(isParked: boolean): Condition {
  return {
    sql: (column, other) =>
      `${isParked ? '' : 'NOT '}(${column} IS NULL AND EXISTS (SELECT FROM parked_failures p WHERE p.execution_id = ${other('id')}))`,
    values: {},
  };
}
