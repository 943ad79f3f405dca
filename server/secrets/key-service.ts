import { WeftError } from '../shared/errors.ts';

/**
 * A service that keeps a key and never gives it out. It wraps data keys: what it gives is stored beside what they seal, and
 * nobody but the service makes a data key of it again.
 */
export interface KeyService {
  /** As people know it, without anything secret. */
  readonly name: string;
  /** @throws WeftError SECRETS_KEY_UNAVAILABLE */
  wrap(dataKey: Buffer): Promise<WrappedKey>;
  /** @throws WeftError SECRETS_KEY_UNAVAILABLE */
  unwrap(wrapped: string): Promise<Buffer>;
}

export interface WrappedKey {
  wrapped: string;
  /** Which key has wrapped it, and which version of that: another one once the key is rotated. */
  version: string;
}

export function unavailable(service: string, reason: string, cause?: unknown): WeftError {
  const message = `The key that secrets are sealed with is kept by ${service}, which ${reason}. Check WEFT_SECRETS_KMS_URL and WEFT_SECRETS_KMS_TOKEN_FILE, and try again.`;
  return new WeftError('SECRETS_KEY_UNAVAILABLE', message, { cause });
}
