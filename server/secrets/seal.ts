import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { WeftError } from '../shared/errors.ts';
import type { Keyring } from './keyring.ts';

/**
 * Secrets that the server has to know again, as they are kept: sealed with AES-256-GCM under a key that is not in the
 * database. A sealed text names its key, so that keys can be rotated: one seals, each of them opens.
 */
export interface Seals {
  /**
   * @param place where the secret is kept, such as `webhooks/wh_…`: sealed with it, the text opens nowhere else, so that
   * who can write to the database cannot have one secret used as another
   * @throws WeftError SECRETS_KEY_MISSING, SECRETS_KEY_UNAVAILABLE
   */
  seal(secret: string, place: string): Promise<string>;
  /** @throws WeftError SECRETS_KEY_MISSING, SECRETS_KEY_UNKNOWN, SECRETS_KEY_UNAVAILABLE, SECRET_DAMAGED */
  open(sealed: string, place: string): Promise<string>;
  /** Whether a text that was sealed before is to be sealed anew, because another key seals by now. */
  isOutdated(sealed: string): Promise<boolean>;
  /** See Keyring. */
  renew(): Promise<void>;
}

const ALGORITHM = 'aes-256-gcm';
/** Random for each text: as long as one key seals fewer than 2^32 texts, two of them hardly have the same one. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const FORM = 'v1';

/** `v1.<id of the key>.<nonce, tag and ciphertext in base64url>` */
export function makeSeals(keyring: Keyring): Seals {
  return {
    async seal(secret, place) {
      const first = await keyring.sealing();
      if (first === undefined) throw missing('To keep a secret, the server needs a key.');
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, first.bytes, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(Buffer.from(place));
      const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      const sealed = Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url');
      return `${FORM}.${first.id}.${sealed}`;
    },
    async open(sealed, place) {
      const [form, keyId = '', content = ''] = sealed.split('.');
      if (keyring.names().length === 0)
        throw missing(`A secret of ${place} was sealed with the key ${keyId}.`);
      const key = await keyring.find(keyId);
      if (form !== FORM || key === undefined) throw unknownKey(place, keyId, keyring.names());
      const bytes = Buffer.from(content, 'base64url');
      try {
        // The last character has bits that stand for nothing.
        if (bytes.toString('base64url') !== content) throw new Error('It is not what was written.');
        const nonce = bytes.subarray(0, NONCE_BYTES);
        const decipher = createDecipheriv(ALGORITHM, key.bytes, nonce, { authTagLength: TAG_BYTES });
        decipher.setAAD(Buffer.from(place));
        decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
        const text = bytes.subarray(NONCE_BYTES + TAG_BYTES);
        return decipher.update(text, undefined, 'utf8') + decipher.final('utf8');
      } catch (cause) {
        const message = `The secret of ${place} does not open: it was changed, or belongs elsewhere. Set it again.`;
        throw new WeftError('SECRET_DAMAGED', message, { cause });
      }
    },
    async isOutdated(sealed) {
      const first = await keyring.sealing();
      return first !== undefined && sealed.split('.')[1] !== first.id;
    },
    renew: () => keyring.renew(),
  };
}

function missing(reason: string): WeftError {
  return new WeftError(
    'SECRETS_KEY_MISSING',
    `${reason} Set WEFT_SECRETS_KEY_FILE to a file with 32 random bytes in base64 (\`openssl rand -base64 32\`), the same one for every process, and restart.`,
  );
}

function unknownKey(place: string, keyId: string, names: readonly string[]): WeftError {
  return new WeftError(
    'SECRETS_KEY_UNKNOWN',
    `A secret of ${place} was sealed with the key ${keyId.slice(0, 20)}, and the server has ${names.join(', ')}. Add the key to WEFT_SECRETS_KEY_FILE, or set the secret again.`,
  );
}
