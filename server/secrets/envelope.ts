import { randomBytes } from 'node:crypto';
import type { KeyService } from './key-service.ts';
import type { Keyring } from './keyring.ts';
import { type SecretsKey, toKey } from './keys.ts';

/** A data key as it is stored: the service makes it of `wrapped`. */
export interface StoredKey {
  id: string;
  wrapped: string;
  version: string;
}

export interface DataKeys {
  newest(): Promise<StoredKey | undefined>;
  find(id: string): Promise<StoredKey | undefined>;
  add(key: StoredKey): Promise<void>;
}

/**
 * Data keys, which the service has wrapped. One that was unwrapped is kept for as long as the process lives: so a run needs
 * the service once, and goes on where it is away by then.
 * @param others keys that are at hand, such as those of a file that was used before: they open, and do not seal
 */
export function makeEnvelope(service: KeyService, dataKeys: DataKeys, others: Keyring): Keyring {
  const known = new Map<string, Promise<SecretsKey>>();
  let sealingId: string | null = null;

  /** What fails is tried anew the next time. */
  function unwrapped({ id, wrapped }: StoredKey): Promise<SecretsKey> {
    const before = known.get(id);
    const key = before ?? service.unwrap(wrapped).then(toKey);
    if (before === undefined) {
      known.set(id, key);
      key.catch(() => known.delete(id));
    }
    return key;
  }

  async function make(): Promise<SecretsKey> {
    const key = toKey(randomBytes(32));
    await dataKeys.add({ id: key.id, ...(await service.wrap(key.bytes)) });
    known.set(key.id, Promise.resolve(key));
    sealingId = key.id;
    return key;
  }

  return {
    async sealing() {
      const found = sealingId === null ? undefined : await known.get(sealingId);
      if (found !== undefined) return found;
      const newest = await dataKeys.newest();
      if (newest === undefined) return make();
      sealingId = newest.id;
      return unwrapped(newest);
    },
    async find(id) {
      const found = (await known.get(id)) ?? (await others.find(id));
      if (found !== undefined) return found;
      const stored = await dataKeys.find(id);
      return stored && unwrapped(stored);
    },
    names: () => [service.name, ...others.names()],
    /** Once the service's own key was rotated, or is another one. */
    async renew() {
      const newest = await dataKeys.newest();
      const { version } = await service.wrap(randomBytes(32));
      if (newest?.version !== version) await make();
    },
  };
}
