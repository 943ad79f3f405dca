import type { Masker } from '../shared/masking/masker.ts';

/**
 * Secrets as nodes use them. A node type says in which fields (`FieldMeta.secrets`); the engine opens what a node names
 * when an attempt begins, and masks all that the attempt emits. So values are in the memory of attempts alone: no journal
 * and no row ever has one.
 */
export interface SecretSource {
  /** @throws NodeFailure SECRET_NOT_FOUND, or with the code of what keeps one from being opened */
  open(names: readonly string[]): Promise<OpenSecrets>;
}

export interface OpenSecrets {
  values: Readonly<Record<string, string>>;
  masker: Masker;
}
