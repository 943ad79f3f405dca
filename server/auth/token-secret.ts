import { createHash, randomBytes } from 'node:crypto';

/** Recognised by scanners of leaked secrets, and by people. */
export const TOKEN_PREFIX = 'weft_';

/** 256 random bits, shown once. */
export function newSecret(): string {
  return `${TOKEN_PREFIX}${randomBytes(32).toString('base64url')}`;
}

export function isSecret(text: string): boolean {
  return SECRET.test(text);
}

// linear: a prefix, and one set a fixed number of times
const SECRET = new RegExp(`^${TOKEN_PREFIX}[\\w-]{43}$`);

/**
 * What is kept of a token. It is looked up by this, so that no comparison of the secret itself takes longer the more of
 * it is right; and 256 random bits need no slow hash.
 */
export function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
