import { createHash } from 'node:crypto';

/** 32 bytes for AES-256, with the id that sealed texts name it by. */
export interface SecretsKey {
  id: string;
  bytes: Buffer;
}

const KEY = /^[A-Za-z0-9+/_-]{43}=?$/;

/** Keys of 32 bytes in base64, with spaces, line breaks or commas between them; null for any other text. */
export function parseKeys(text: string): SecretsKey[] | null {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  if (words.length === 0 || !words.every((word) => KEY.test(word))) return null;
  return words.map((word) => toKey(Buffer.from(word, 'base64')));
}

/** The id is a hash of the key under a name of its own: it says nothing of the key. */
export function toKey(bytes: Buffer): SecretsKey {
  const id = createHash('sha256').update('weft secrets key id\0').update(bytes).digest('hex').slice(0, 8);
  return { id, bytes };
}
