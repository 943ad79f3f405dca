import type { SecretsKey } from './keys.ts';

/** The keys that secrets are sealed with: those of a file, or data keys that a key service keeps (envelope.ts). */
export interface Keyring {
  /** The one that seals; undefined where there is none. @throws WeftError SECRETS_KEY_UNAVAILABLE */
  sealing(): Promise<SecretsKey | undefined>;
  /** Undefined where there is no such key. @throws WeftError SECRETS_KEY_UNAVAILABLE */
  find(id: string): Promise<SecretsKey | undefined>;
  /** As people know them, the one that seals first. */
  names(): string[];
  /**
   * Has another key seal where it is time for one; then what was sealed before is outdated.
   * @throws WeftError SECRETS_KEY_UNAVAILABLE
   */
  renew(): Promise<void>;
}

/** Keys that are at hand, of which the first one seals. */
export function keyringOf(keys: readonly SecretsKey[]): Keyring {
  return {
    sealing: async () => keys[0],
    find: async (id) => keys.find((key) => key.id === id),
    names: () => keys.map(({ id }) => id),
    renew: async () => {},
  };
}
