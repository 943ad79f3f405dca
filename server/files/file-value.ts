import { describeValue } from '../shared/describe-value.ts';
import { isId } from '../shared/ids.ts';

/** `{ "$file": "art_…" }` anywhere in a value refers to a file; further fields say what it is, for people. */
export const FILE_KEY = '$file';

export interface FileReference {
  path: string[];
  /** What stands there, which need not be an id. */
  id: unknown;
}

/** Of one value: more is a mistake, or an attempt to keep the database busy. */
export const MAX_FILES = 1_000;

/** A part of a value, and where it stands. Paths are made of these alone where they are needed: values are large. */
interface Part {
  value: object;
  key: string;
  parent: Part | null;
}

/** The references in a value of JSON, at most MAX_FILES + 1 of them. */
export function fileReferences(value: unknown): FileReference[] {
  const found: FileReference[] = [];
  const waiting: Part[] = isObject(value) ? [{ value, key: '', parent: null }] : [];
  for (let part = waiting.pop(); part && found.length <= MAX_FILES; part = waiting.pop()) {
    const { value } = part;
    if (Object.hasOwn(value, FILE_KEY)) found.push({ path: pathOf(part), id: value[FILE_KEY as never] });
    for (const key in value) {
      const child = value[key as never];
      if (isObject(child)) waiting.push({ value: child, key, parent: part });
    }
  }
  return found;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function pathOf({ key, parent }: Part): string[] {
  return parent === null ? [] : [...pathOf(parent), key];
}

export function isFileId(id: unknown): id is string {
  return typeof id === 'string' && isId('art', id);
}

export function invalidReference(id: unknown): string {
  return `Expected \`${FILE_KEY}\` to be the id of a file, such as "art_…", got ${describeValue(id)}.`;
}
