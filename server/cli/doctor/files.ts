import { randomUUID } from 'node:crypto';
import type { Config } from '../../config/environment.ts';
import type { ContentStore } from '../../files/content-store.ts';
import { openStore } from '../../files/store-url.ts';
import { coerceError } from '../../shared/errors.ts';
import { joined } from '../../shared/pieces.ts';
import type { Check } from './checks.ts';
import { bad, good } from './finding.ts';

/** Really writes, reads and deletes something, because only that shows whether a folder or credentials allow it. */
export const checkFiles: Check = async ({ files, roles }) => {
  const what = 'Files (WEFT_FILES_URL)';
  if (files.url === undefined || roles.every((role) => role === 'sandbox')) return [];
  try {
    const store = openStore(files.url, files);
    const isSame = await writeAndRead(store, `doctor-${randomUUID()}`);
    const where = withoutQuery(files.url);
    if (isSame) return [good(what, `written, read and deleted in ${where}`)];
    return [bad(what, `What was written to ${where} came back as something else.`, remedyOf(files))];
  } catch (error) {
    return [bad(what, coerceError(error).message, remedyOf(files))];
  }
};

async function writeAndRead(store: ContentStore, key: string): Promise<boolean> {
  const content = Buffer.from('Weft can keep files here.');
  try {
    await store.write(key, of(content));
    return (await joined(store.read(key))).equals(content);
  } finally {
    await store.delete(key);
  }
}

async function* of(content: Buffer): AsyncGenerator<Buffer> {
  yield content;
}

function remedyOf({ url }: Config['files']): string {
  return url!.startsWith('file:')
    ? 'Make the folder writable for the user of Weft, and mount it on every replica.'
    : 'Check that bucket, endpoint and region of WEFT_FILES_URL are right and reachable from here, and that the key of WEFT_FILES_ACCESS_KEY_ID may put, get and delete objects there.';
}

function withoutQuery(url: string): string {
  return url.split('?', 1)[0]!;
}
