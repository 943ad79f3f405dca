import {
  SecretDeleteDocument,
  SecretSetDocument,
  SecretsDocument,
  type SecretsQuery,
} from './_generated_operations.ts';
import type { Settings } from './options.ts';
import { type RequestOptions, request } from './request.ts';
import { unwrapPayload } from './user-errors.ts';

/** A secret without its value, which the server tells nobody. */
export type Secret = SecretsQuery['secrets'][number];

export interface Secrets {
  /** By name; with a token that has EDIT. */
  list(options?: RequestOptions): Promise<Secret[]>;
  /**
   * Makes a secret, or replaces its value; with a token that has ADMIN.
   * @throws WeftInputError for a name or value that cannot be, or SECRETS_KEY_MISSING where the server has no key
   */
  set(name: string, value: string, options?: RequestOptions): Promise<void>;
  /** @throws WeftNotFoundError where there is none */
  delete(name: string, options?: RequestOptions): Promise<void>;
}

export function makeSecrets(settings: Settings): Secrets {
  return {
    async list(options) {
      return (await request(settings, SecretsDocument, {}, options)).secrets;
    },
    async set(name, value, options) {
      const { secretSet } = await request(settings, SecretSetDocument, { name, value }, options);
      unwrapPayload(secretSet, 'secret');
    },
    async delete(name, options) {
      unwrapPayload(
        (await request(settings, SecretDeleteDocument, { name }, options)).secretDelete,
        'deletedName',
      );
    },
  };
}
