import type { ClientBase } from 'pg';
import { type DataKeys, makeEnvelope, type StoredKey } from '../../secrets/envelope.ts';
import { type Keyring, keyringOf } from '../../secrets/keyring.ts';
import type { SecretsKey } from '../../secrets/keys.ts';
import { makeTransit, type TransitOptions } from '../../secrets/transit.ts';

type Client = Pick<ClientBase, 'query'>;

/** @param service keeps the key of the keys that seal then; `keys` only open */
export function makeKeyring(
  keys: readonly SecretsKey[],
  service: TransitOptions | undefined,
  client: Client,
): Keyring {
  const atHand = keyringOf(keys);
  return service === undefined ? atHand : makeEnvelope(makeTransit(service), makeDataKeys(client), atHand);
}

/** The data keys of the database, as a key service has wrapped them. */
function makeDataKeys(client: Client): DataKeys {
  return {
    async newest() {
      const { rows } = await client.query<StoredKey>(`${SELECT} ORDER BY created_at DESC, id LIMIT 1`);
      return rows[0];
    },
    async find(id) {
      const { rows } = await client.query<StoredKey>(`${SELECT} WHERE id = $1`, [id]);
      return rows[0];
    },
    async add({ id, wrapped, version }) {
      await client.query('INSERT INTO secrets_data_keys (id, wrapped, version) VALUES ($1, $2, $3)', [
        id,
        wrapped,
        version,
      ]);
    },
  };
}

const SELECT = 'SELECT id, wrapped, version FROM secrets_data_keys';
