const MAX_KEYS = 10;
const MAX_KEY_CHARACTERS = 40;
const MAX_PREVIEW_CHARACTERS = 80;

/**
 * What a JSON value is, for the end of a message: `an object with the keys a, b`, `a list of 3 items, the first an
 * object with the key a`, `the string "abc"`, `500`, `null`, `nothing`. Bounded, however large the value is.
 */
export function describeValue(value: unknown): string {
  if (!Array.isArray(value)) return describeItem(value);
  if (value.length === 0) return 'an empty list';
  const first = Array.isArray(value[0]) ? `a list of ${countOf(value[0], 'item')}` : describeItem(value[0]);
  return value.length === 1
    ? `a list of 1 item, ${first}`
    : `a list of ${value.length} items, the first ${first}`;
}

function describeItem(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return `the string ${preview(value)}`;
  if (value === null || typeof value !== 'object') return preview(value);
  const keys = Object.keys(value);
  if (keys.length === 0) return 'an empty object';
  return `an object with the key${keys.length === 1 ? '' : 's'} ${listNames(keys)}`;
}

/** The first ten names, each cut to 40 characters, and how many there are where it is more. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, MAX_KEYS).map((name) => cut(name, MAX_KEY_CHARACTERS));
  return names.length > MAX_KEYS ? `${shown.join(', ')}, … (${names.length} in all)` : shown.join(', ');
}

/** A value as JSON, cut after 80 characters. */
export function preview(value: unknown): string {
  // A string is cut before it becomes JSON: it may have megabytes.
  if (typeof value === 'string') return JSON.stringify(cut(value, MAX_PREVIEW_CHARACTERS));
  return cut(JSON.stringify(value) ?? String(value), MAX_PREVIEW_CHARACTERS);
}

function countOf(list: readonly unknown[], noun: string): string {
  return `${list.length} ${noun}${list.length === 1 ? '' : 's'}`;
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
