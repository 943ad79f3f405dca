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

/** The references in a value of JSON, at most MAX_FILES + 1 of them. */
export function fileReferences(value: unknown): FileReference[] {
  const found: FileReference[] = [];
  const waiting: { at: unknown; path: string[] }[] = [{ at: value, path: [] }];
  while (waiting.length > 0 && found.length <= MAX_FILES) {
    const { at, path } = waiting.pop()!;
    if (typeof at !== 'object' || at === null) continue;
    if (!Array.isArray(at) && Object.hasOwn(at, FILE_KEY))
      found.push({ path, id: (at as Record<string, unknown>)[FILE_KEY] });
    for (const [key, child] of Object.entries(at))
      if (typeof child === 'object' && child !== null) waiting.push({ at: child, path: [...path, key] });
  }
  return found;
}

export function isFileId(id: unknown): id is string {
  return typeof id === 'string' && isId('art', id);
}

export function invalidReference(id: unknown): string {
  return `Expected \`${FILE_KEY}\` to be the id of a file, such as "art_…", got ${describeValue(id)}.`;
}
