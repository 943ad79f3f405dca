import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createClient } from '../../client-sdk/src/index.ts';
import { runDoctor } from '../support/run-doctor.ts';
import { connect } from '../support/sql.ts';
import { makeTempFolder } from '../support/temp-folder.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { openTransitServer } from '../support/transit-server.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
const VALUE = 'what only the workflow knows';
const FILE_KEY = Buffer.alloc(32, 7).toString('base64');
let transit: Awaited<ReturnType<typeof openTransitServer>>;
let databaseUrl: string;
let sql: Awaited<ReturnType<typeof connect>>;
let tokenFile: string;
let env: Record<string, string>;

beforeAll(async () => {
  databaseUrl = stack.use(await createDatabase()).url;
  sql = stack.use(await connect(databaseUrl));
  transit = stack.use(await openTransitServer());
  tokenFile = join(stack.use(await makeTempFolder()).path, 'token');
  await writeFile(tokenFile, `${transit.state.token}\n`);
  env = { WEFT_SECRETS_KMS_URL: transit.url, WEFT_SECRETS_KMS_TOKEN_FILE: tokenFile };
});
afterAll(() => stack.disposeAsync());

const start = (more: Record<string, string> = {}) => startWeft({ databaseUrl, env: { ...env, ...more } });

/** What a node makes of the secret; reversed, it is not masked. What was read of one name is used for a second more. */
async function use(url: string, name = 'API_KEY'): Promise<unknown> {
  await using weft = new WeftClient(url);
  const config = { secrets: [name], code: `result = secrets.${name}[::-1]` };
  const last = (await weft.allEvents(await weft.run([{ key: 'py', type: 'python', config }]))).at(-1)!;
  return last.output ?? last.error.code;
}

const reversed = [...VALUE].reverse().join('');
const keyIds = async () =>
  (await sql.query<{ id: string }>(`SELECT DISTINCT split_part(sealed, '.', 2) AS id FROM secrets`)).rows;
const dataKeys = async () =>
  (
    await sql.query<{ id: string; wrapped: string }>(
      'SELECT id, wrapped FROM secrets_data_keys ORDER BY created_at',
    )
  ).rows;
const finding = async () =>
  (await runDoctor({ DATABASE_URL: databaseUrl, PORT: '0', ...env })).stdout
    .split('\n')
    .find((line) => line.includes('Secrets key'));

test('a key service keeps the key: what a file had sealed is sealed anew, runs ask it once, and may go on without it', async () => {
  {
    await using before = await startWeft({ databaseUrl, env: { WEFT_SECRETS_KEY: FILE_KEY } });
    await createClient({ url: before.url }).secrets.set('API_KEY', VALUE);
    expect(await use(before.url)).toBe(reversed);
  }
  {
    await using _moving = await start({ WEFT_SECRETS_KEY: FILE_KEY });
    const [key] = await dataKeys();
    expect(key!.wrapped).toMatch(/^vault:v1:/);
    expect(await keyIds()).toEqual([{ id: key!.id }]);
  }
  await using server = await start();
  transit.state.decrypted = 0;
  expect([await use(server.url), await use(server.url)]).toEqual([reversed, reversed]);
  expect(transit.state.decrypted).toBeLessThanOrEqual(1); // none where the start of the server has asked already
  expect(await finding()).toMatch(/^ok .*the key weft of http.*opens all 1 secrets/);

  transit.state.isSealed = true;
  const { decrypted } = transit.state;
  await createClient({ url: server.url }).secrets.set('LATE', VALUE);
  expect(await use(server.url, 'LATE')).toBe(reversed);
  expect(transit.state.decrypted).toBe(decrypted);
  expect(await finding()).toMatch(/^PROBLEM .*answers 503 to `encrypt`: Vault is sealed/);
});

test('a server that starts while the service is away says so, and works when it is back, with another token too', async () => {
  transit.state.isSealed = true;
  await using server = await start();
  expect(await use(server.url)).toBe('SECRETS_KEY_UNAVAILABLE');
  const { secrets } = createClient({ url: server.url });
  await expect(secrets.set('OTHER', VALUE)).rejects.toThrow('Vault is sealed');
  expect((await secrets.list()).map(({ name }) => name)).toEqual(['API_KEY', 'LATE']);

  transit.state.isSealed = false;
  transit.state.token = 'hvs.second';
  await expect(secrets.set('OTHER', VALUE)).rejects.toThrow('403 to `decrypt`: permission denied');
  await writeFile(tokenFile, transit.state.token);
  await secrets.set('OTHER', VALUE);
  expect(await use(server.url, 'OTHER')).toBe(reversed);
});

test('after a rotation all is sealed anew at the next start, and former versions of the key may go', async () => {
  const [before] = (await dataKeys()).slice(-1);
  transit.rotate();
  {
    await using _rotating = await start();
    const [newest] = (await dataKeys()).slice(-1);
    expect(newest!.wrapped).toMatch(/^vault:v2:/);
    expect(newest!.id).not.toBe(before!.id);
    expect(await keyIds()).toEqual([{ id: newest!.id }]);
  }
  transit.state.minDecryptionVersion = 2;
  await using server = await start();
  expect(await use(server.url)).toBe(reversed);
  expect(await dataKeys()).toHaveLength(2); // no start made another one
});

test('a setting that names no key, or has no token, is refused', async () => {
  const refusals = [
    [{ WEFT_SECRETS_KMS_URL: 'https://vault.example.com' }, 'v1/transit/keys/weft'],
    [{ WEFT_SECRETS_KMS_TOKEN_FILE: '' }, 'go together'],
  ] as const;
  for (const [wrong, message] of refusals) {
    const { exitCode, stdout, stderr } = await runDoctor({
      DATABASE_URL: databaseUrl,
      PORT: '0',
      ...env,
      ...wrong,
    });
    expect(exitCode).toBe(1);
    expect(stdout + stderr).toContain(message);
  }
});
