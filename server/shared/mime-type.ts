import { Mime } from 'mime/lite';
import otherTypes from 'mime/types/other.js';
import standardTypes from 'mime/types/standard.js';

/** What programs on data write, and the list does not have. */
const dataTypes = {
  'application/vnd.apache.parquet': ['parquet'],
  'application/vnd.apache.arrow.file': ['arrow', 'feather'],
  'application/x-ndjson': ['ndjson', 'jsonl'],
  'text/x-python': ['py'],
};

const mime = new Mime(standardTypes, otherTypes).define(dataTypes, true);

/** The type that the end of a file's name stands for. */
export function mimeTypeOf(name: string): string {
  const extension = /\.([^.]+)$/.exec(name)?.[1];
  return (extension && mime.getType(extension.toLowerCase())) ?? 'application/octet-stream';
}

/** What a cell may call a file: sandbox/frames.ts. */
export const SANDBOX_MIME_TYPE = /^[a-z]+\/[A-Za-z0-9.+-]{1,100}$/;

/** The types by extension, for python/artifacts.py. */
export function sandboxMimeTypes(): Record<string, string> {
  const extensions = [standardTypes, otherTypes, dataTypes].flatMap((types) => Object.values(types).flat());
  const names = [...new Set(extensions.map((extension) => extension.replace('*', '')))].sort();
  const entries = names.map((name) => [name, mimeTypeOf(`.${name}`)] as const);
  return Object.fromEntries(entries.filter(([, type]) => SANDBOX_MIME_TYPE.test(type)));
}
