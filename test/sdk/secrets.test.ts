import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { createClient, WeftInputError, WeftNotFoundError } from '../../client-sdk/src/index.ts';
import { projectRoot } from '../../server/shared/paths.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
const token = 'a-token-for-the-tests';
let server: WeftServer;

beforeAll(async () => {
  const databaseUrl = stack.use(await createDatabase()).url;
  const key = Buffer.alloc(32, 7).toString('base64');
  server = stack.use(await startWeft({ databaseUrl, env: { WEFT_API_TOKEN: token, WEFT_SECRETS_KEY: key } }));
});
afterAll(() => stack.disposeAsync());

const connect = () => createClient({ url: server.url, token });

test('a secret is set, listed without its value, replaced and deleted; a name or value that cannot be is refused', async () => {
  const { secrets } = connect();
  await secrets.set('OF_THE_SDK', 'the first value');
  await secrets.set('OF_THE_SDK', 'the second value');
  const [secret, ...others] = await secrets.list();
  expect(others).toEqual([]);
  expect(secret).toMatchObject({ name: 'OF_THE_SDK', lastUsedAt: null, usedBy: [] });
  expect(JSON.stringify(secret)).not.toContain('value');
  await expect(secrets.set('no-name', 'long enough')).rejects.toMatchObject({
    constructor: WeftInputError,
    userErrors: [{ code: 'INVALID', field: 'name' }],
  });
  await expect(secrets.set('SHORT', 'abc')).rejects.toThrow('at least 4 characters');
  await secrets.delete('OF_THE_SDK');
  await expect(secrets.delete('OF_THE_SDK')).rejects.toBeInstanceOf(WeftNotFoundError);
});

test('`weft-client secret set` sets what the standard input has, and shows it nowhere', async () => {
  const value = 'what a file has\nin two lines';
  const set = (name: string, input: string, more: Record<string, string> = {}) =>
    execa(process.execPath, [join(projectRoot, 'client-sdk/dist/cli/main.js'), 'secret', 'set', name], {
      input,
      env: { WEFT_URL: server.url, WEFT_API_TOKEN: token, ...more },
      reject: false,
      all: true,
    });
  const { exitCode, all } = await set('OF_A_FILE', `${value}\r\n`);
  expect([exitCode, all]).toEqual([0, 'The secret OF_A_FILE is set.']);
  const weft = connect();
  const config = { secrets: ['OF_A_FILE'], code: 'result = secrets.OF_A_FILE[::-1]' };
  const { id: workflowId } = await weft.workflows.create({
    name: 'uses it',
    nodes: [{ key: 'py', type: 'python', config }],
  });
  const run = await weft.executions.start({ workflowId });
  expect(await run.result()).toBe([...value].reverse().join(''));
  const refused = await set('no-name', value);
  expect(refused).toMatchObject({ exitCode: 1, all: expect.stringContaining('Expected a name') });
  expect((await set('OF_A_FILE', value, { WEFT_API_TOKEN: 'not the token at all' })).exitCode).toBe(1);
  for (const { all: said } of [refused, await set('OF_A_FILE', 'abc')])
    expect(said).not.toMatch(/two lines|abc/);
  expect(await set('', value)).toMatchObject({ exitCode: 1 });
  await weft.secrets.delete('OF_A_FILE');
  await weft.workflows.delete(workflowId);
});
