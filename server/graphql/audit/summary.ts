import { createHash } from 'node:crypto';

/** What rows have already, where it may be large, and is the business of those who may see the row. */
const IN_ROWS: ReadonlySet<string> = new Set(['values', 'pinned']);
const HASHED: ReadonlySet<string> = new Set(['code', 'nodes', 'edges', 'inputSchema', 'outputSchema']);
/** `value`: of `secretSet`. */
const SECRET = /^value$|secret|passw|token|credential|api[-_]?key|authorization|cookie/i;

const MAX_TEXT = 300;
const MAX_ITEMS = 50;
const MAX_DEPTH = 4;
const MAX_CHARACTERS = 8_192;

/**
 * The arguments of a mutation for the audit trail: its `input` opened, without what an execution or an approval keeps
 * itself, with code and definitions as hashes, without secrets, and bounded.
 */
export function summaryOfArguments(args: Readonly<Record<string, unknown>>): unknown {
  const { input, ...rest } = args;
  const isObject = typeof input === 'object' && input !== null;
  const { input: value, ...fields } = (isObject ? input : {}) as Record<string, unknown>;
  const opened = { ...rest, ...fields, ...(value === undefined ? {} : { input: LEFT_OUT }) };
  return within(bounded(opened, '', 0));
}

/** What something is, of which rows and definitions may be large. */
export function within(summary: unknown): unknown {
  const text = JSON.stringify(summary) ?? 'null';
  return text.length <= MAX_CHARACTERS ? summary : { characters: text.length, sha256: sha256(text) };
}

export function hashOfValue(value: unknown): string {
  return sha256(JSON.stringify(value) ?? 'null');
}

const LEFT_OUT = '(left out)';

function bounded(value: unknown, name: string, depth: number): unknown {
  if (value === null || value === undefined || typeof value === 'boolean' || typeof value === 'number')
    return value ?? null;
  if (value instanceof Date) return value.toISOString();
  if (IN_ROWS.has(name)) return LEFT_OUT;
  if (HASHED.has(name)) return { sha256: hashOfValue(value) };
  if (SECRET.test(name) && typeof value === 'string') return LEFT_OUT;
  if (typeof value === 'string')
    return value.length <= MAX_TEXT ? storable(value) : { characters: value.length, sha256: sha256(value) };
  if (typeof value !== 'object' || depth >= MAX_DEPTH) return LEFT_OUT;
  if (Array.isArray(value)) {
    const items = value.slice(0, MAX_ITEMS).map((item) => bounded(item, name, depth + 1));
    return value.length > MAX_ITEMS ? [...items, `${value.length - MAX_ITEMS} more`] : items;
  }
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, MAX_ITEMS)
      .map(([key, each]) => [storable(key), bounded(each, key, depth + 1)]),
  );
}

/** JSON values may hold what jsonb cannot. */
function storable(text: string): string {
  return text.replaceAll('\0', '\uFFFD').toWellFormed();
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
