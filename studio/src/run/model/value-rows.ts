/** A value as lines of a tree: those that are open alone, so that a value of 16 MiB costs what is in sight. */
export interface ValueRow {
  /** Where it is, such as `$.films[3].title`; unique in a tree. */
  path: string;
  depth: number;
  /** Its name in what it is part of; null of the root. */
  name: string | null;
  value: unknown;
  /** How many values it holds; null where it is no object or list. */
  size: number | null;
  isOpen: boolean;
  /** Members that are not shown, where there are more than anybody reads. */
  hidden: number;
}

/** Of one object or list; what comes after is in the download. */
export const maxMembers = 1_000;

export function valueRows(value: unknown, isOpen: (path: string, depth: number) => boolean): ValueRow[] {
  const rows: ValueRow[] = [];
  addRows(rows, { path: '$', depth: 0, name: null }, value, isOpen);
  return rows;
}

function addRows(
  rows: ValueRow[],
  place: { path: string; depth: number; name: string | null },
  value: unknown,
  isOpen: (path: string, depth: number) => boolean,
): void {
  if (typeof value !== 'object' || value === null) {
    rows.push({ ...place, value, size: null, isOpen: false, hidden: 0 });
    return;
  }
  const keys = Array.isArray(value) ? null : Object.keys(value);
  const size = keys?.length ?? (value as unknown[]).length;
  const opened = size > 0 && isOpen(place.path, place.depth);
  rows.push({ ...place, value, size, isOpen: opened, hidden: opened ? Math.max(0, size - maxMembers) : 0 });
  if (!opened) return;
  const depth = place.depth + 1;
  for (let index = 0; index < Math.min(size, maxMembers); index++) {
    const name = keys?.[index] ?? String(index);
    const path = keys === null ? `${place.path}[${index}]` : `${place.path}${member(name)}`;
    const part = keys === null ? (value as unknown[])[index] : (value as Record<string, unknown>)[name];
    addRows(rows, { path, depth, name }, part, isOpen);
  }
}

function member(name: string): string {
  return /^[A-Za-z_]\w{0,80}$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

/** The columns of a list of objects, in the order in which they first appear; null for what is no table. */
export function tableColumns(value: unknown): string[] | null {
  if (!Array.isArray(value) || value.length === 0) return null;
  const columns = new Set<string>();
  const sample = value.slice(0, sampled);
  for (const row of sample) {
    if (typeof row !== 'object' || row === null || Array.isArray(row)) return null;
    for (const key of Object.keys(row)) columns.add(key);
    if (columns.size > maxColumns) return null;
  }
  return columns.size === 0 ? null : [...columns];
}

const sampled = 200;
const maxColumns = 60;

/** A value in a line: strings in quotes and cut, objects by their size. */
export function valuePreview(value: unknown, maxCharacters = 200): string {
  if (typeof value === 'string') return JSON.stringify(cut(value, maxCharacters));
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[ ${value.length} ]`;
  if (typeof value === 'object' && value !== null) {
    const { length } = Object.keys(value);
    return length === 0 ? '{}' : `{ ${length} }`;
  }
  return String(value);
}

/** For a cell of a table: strings as they are. */
export function cellText(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? cut(value, 300) : valuePreview(value);
}

function cut(text: string, maxCharacters: number): string {
  return text.length > maxCharacters ? `${text.slice(0, maxCharacters)} …` : text;
}
