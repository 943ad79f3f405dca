/** A value that refers to a file of the server; the other fields say what it is, as far as its maker has said so. */
export interface FileValue {
  $file: string;
  name?: string;
  mimeType?: string;
  sizeBytes?: number;
}

export function isFileValue(value: unknown): value is FileValue {
  return typeof (value as { $file?: unknown } | null)?.$file === 'string';
}

/** Whether a JSON Schema asks for a file: `{ "type": "object", "format": "file" }`. */
export function isFileSchema(schema: unknown): boolean {
  const { type, format } = (schema ?? {}) as { type?: unknown; format?: unknown };
  return type === 'object' && format === 'file';
}

/** The files in a value, each once, at most `limit` of them. */
export function fileValuesIn(value: unknown, limit: number): FileValue[] {
  const found = new Map<string, FileValue>();
  const waiting = [value];
  for (let looked = 0; waiting.length > 0 && found.size < limit && looked < MAX_LOOKED; looked += 1) {
    const at = waiting.shift();
    if (isFileValue(at)) found.set(at.$file, at);
    else if (typeof at === 'object' && at !== null)
      for (const child of Object.values(at)) waiting.push(child);
  }
  return [...found.values()];
}

/** A value of millions of parts is not searched to its end. */
const MAX_LOOKED = 10_000;

/** The value with one more file: beside its fields, at the end of its list, or as the field `file` where it is neither. */
export function withFile(value: unknown, file: FileValue): unknown {
  if (Array.isArray(value)) return [...value, file];
  const fields = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  let key = 'file';
  for (let number = 2; Object.hasOwn(fields, key); number += 1) key = `file${number}`;
  return { ...fields, [key]: file };
}
