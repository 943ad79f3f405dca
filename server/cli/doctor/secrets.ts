import type { ClientBase } from 'pg';
import type { Config } from '../../config/environment.ts';
import { keyFileIn, readKeyFile } from '../../secrets/key-file.ts';
import type { SecretsKey } from '../../secrets/keys.ts';
import { makeSeals, type Seals } from '../../secrets/seal.ts';
import { WeftError } from '../../shared/errors.ts';
import { readAllSealed, type Sealed } from '../../use-cases/secrets/all-sealed.ts';
import { bad, type Finding, failed, good, missing } from './finding.ts';

const what = 'Secrets key';

/**
 * Whether there is a key, and whether it opens what the database has: really opens each, because only that shows what
 * is missing.
 * @param client null where the database cannot be asked
 */
export async function findingOfSecrets(config: Config, client: ClientBase | null): Promise<Finding> {
  try {
    const keys = config.secretsKeys ?? (await keysOfFile(config));
    const all = client === null ? null : await readAllSealed(client);
    return keys.length === 0 ? withoutKey(config, all ?? []) : withKeys(keys, all);
  } catch (error) {
    return failed(what, error, 'Check that the user of DATABASE_URL may read the tables of Weft.');
  }
}

/** Makes none: the server does. */
async function keysOfFile({ databaseUrl, dataDir }: Config): Promise<SecretsKey[]> {
  return databaseUrl === undefined ? ((await readKeyFile(keyFileIn(dataDir))) ?? []) : [];
}

function withKeys(keys: readonly SecretsKey[], all: readonly Sealed[] | null): Finding {
  const ids = keys.map(({ id }) => id).join(', ');
  const names = keys.length === 1 ? ids : `${ids}, of which the first one seals`;
  if (all === null) return good(what, `${names}; not tried out, for want of the database`);
  const faults = faultsOf(makeSeals(keys), all);
  if (faults.length === 0) return good(what, `${names}; opens all ${all.length} secrets of the database`);
  return bad(what, `${faults.length} of ${all.length} secrets do not open. ${faults[0]}`);
}

function withoutKey({ databaseUrl, dataDir }: Config, all: readonly Sealed[]): Finding {
  if (databaseUrl === undefined) {
    const file = keyFileIn(dataDir);
    if (all.length === 0) return good(what, `made at the first start, in ${file}`);
    return bad(
      what,
      `${file} is not there, and its key has sealed ${all.length} secrets.`,
      'Put the file back. A start without it makes a new key, and these secrets have to be set again.',
    );
  }
  const [fault] = faultsOf(makeSeals([]), all);
  if (fault !== undefined) return bad(what, `None of ${all.length} secrets opens. ${fault}`);
  return missing(what, 'no secret can be kept without WEFT_SECRETS_KEY_FILE');
}

function faultsOf(seals: Seals, all: readonly Sealed[]): string[] {
  return all.flatMap(({ text, place }) => {
    try {
      seals.open(text, place);
      return [];
    } catch (error) {
      if (!(error instanceof WeftError)) throw error;
      return [error.message];
    }
  });
}
