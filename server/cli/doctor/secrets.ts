import { randomBytes } from 'node:crypto';
import type { ClientBase } from 'pg';
import type { Config } from '../../config/environment.ts';
import { keyFileIn, readKeyFile } from '../../secrets/key-file.ts';
import { type KeyService, unavailable } from '../../secrets/key-service.ts';
import { keyringOf } from '../../secrets/keyring.ts';
import type { SecretsKey } from '../../secrets/keys.ts';
import { makeSeals, type Seals } from '../../secrets/seal.ts';
import { makeTransit } from '../../secrets/transit.ts';
import { WeftError } from '../../shared/errors.ts';
import { readAllSealed, type Sealed } from '../../use-cases/secrets/all-sealed.ts';
import { makeKeyring } from '../../use-cases/secrets/data-keys.ts';
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
    if (keys.length === 0 && config.secretsService === undefined) return await withoutKey(config, all ?? []);
    const service = config.secretsService && makeTransit(config.secretsService);
    const [first, ...others] = [...(service ? [service.name] : []), ...keys.map(({ id }) => id)];
    const names =
      others.length === 0 ? first! : `${[first, ...others].join(', ')}, of which the first one seals`;
    if (service !== undefined) await tryOut(service);
    if (client === null || all === null)
      return good(what, `${names}; not tried out, for want of the database`);
    const seals = makeSeals(makeKeyring(keys, config.secretsService, client));
    return judge(names, await faultsOf(seals, all), all.length);
  } catch (error) {
    if ((error as WeftError).code === 'SECRETS_KEY_UNAVAILABLE')
      return bad(what, (error as WeftError).message);
    return failed(what, error, 'Check that the user of DATABASE_URL may read the tables of Weft.');
  }
}

/** Whether the service wraps a key and gives the same one again. */
async function tryOut(service: KeyService): Promise<void> {
  const key = randomBytes(32);
  const { wrapped } = await service.wrap(key);
  if (!key.equals(await service.unwrap(wrapped))) throw unavailable(service.name, 'gives another key back');
}

function judge(names: string, faults: readonly string[], count: number): Finding {
  if (faults.length === 0) return good(what, `${names}; opens all ${count} secrets of the database`);
  return bad(what, `${faults.length} of ${count} secrets do not open. ${faults[0]}`);
}

/** Makes none: the server does. */
async function keysOfFile({ databaseUrl, dataDir }: Config): Promise<SecretsKey[]> {
  return databaseUrl === undefined ? ((await readKeyFile(keyFileIn(dataDir))) ?? []) : [];
}

async function withoutKey({ databaseUrl, dataDir }: Config, all: readonly Sealed[]): Promise<Finding> {
  if (databaseUrl === undefined) {
    const file = keyFileIn(dataDir);
    if (all.length === 0) return good(what, `made at the first start, in ${file}`);
    return bad(
      what,
      `${file} is not there, and its key has sealed ${all.length} secrets.`,
      'Put the file back. A start without it makes a new key, and these secrets have to be set again.',
    );
  }
  const [fault] = await faultsOf(makeSeals(keyringOf([])), all);
  if (fault !== undefined) return bad(what, `None of ${all.length} secrets opens. ${fault}`);
  return missing(what, 'no secret can be kept without WEFT_SECRETS_KEY_FILE');
}

async function faultsOf(seals: Seals, all: readonly Sealed[]): Promise<string[]> {
  const faults: string[] = [];
  for (const { text, place } of all)
    await seals.open(text, place).catch((error) => {
      if (!(error instanceof WeftError)) throw error;
      faults.push(error.message);
    });
  return faults;
}
