import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execa } from 'execa';
import { eventually } from '../support/eventually.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { serverProgram, startWeft, type WeftServer } from '../support/weft-server.ts';

/** The role `sandbox` in processes of its own, and a server that runs its Python there. */
const TOKEN = 'a secret of the tests';
const opened = new AsyncDisposableStack();
let services: WeftServer[];
let server: WeftServer;
let weft: WeftClient;

beforeAll(async () => {
  const database = opened.use(await createDatabase());
  services = await Promise.all([startService(), startService()]);
  for (const service of services) opened.use(service);
  server = opened.use(
    await startWeft({
      databaseUrl: database.url,
      env: { PYTHON_SERVICE_URL: services.map(({ url }) => url).join(), PYTHON_SERVICE_TOKEN: TOKEN },
    }),
  );
  weft = opened.use(new WeftClient(server.url));
});
afterAll(() => opened.disposeAsync());

function startService(env: Record<string, string> = {}): Promise<WeftServer> {
  // Nothing listens there: a service that looked for a database would not start.
  const databaseUrl = 'postgresql://nobody@127.0.0.1:1/nothing';
  return startWeft({ databaseUrl, env: { WEFT_ROLES: 'sandbox', PYTHON_SERVICE_TOKEN: TOKEN, ...env } });
}

test('a sandbox service has no database, and says whether it is ready', async () => {
  const [{ url, dataFolder }] = services as [WeftServer];
  expect(await readdir(dataFolder)).not.toContain('postgres');
  expect((await fetch(new URL('/readyz', url))).status).toBe(200);
  expect((await fetch(new URL('/healthz', url))).status).toBe(200);
  expect((await fetch(new URL('/graphql', url))).status).toBe(404);
  expect((await fetch(`${url}/health`)).status).toBe(401);
});

test('the server lists the services that it uses', async () => {
  const { serverInfo } = await weft.query<{ serverInfo: unknown }>(
    '{ serverInfo { roles sandbox { available pythonVersion services { url isUp problem max } } } }',
  );
  expect(serverInfo).toMatchObject({
    roles: ['api', 'worker'],
    sandbox: {
      available: true,
      pythonVersion: expect.stringMatching(/^3\./),
      services: services.map(({ url }) => ({ url, isUp: true, problem: null, max: 16 })),
    },
  });
});

test('a workflow runs on the services as it would at home', async () => {
  const id = await weft.runPython("print('hello\\n', end='')\nresult = input_data['value'] * 2", {
    input: { value: 21 },
  });
  const events = await weft.allEvents(id);
  expect(events).toContainEqual(expect.objectContaining({ __typename: 'NodeOutput', text: 'hello\n' }));
  expect(events.at(-1)).toMatchObject({ __typename: 'ExecutionSucceeded' });
  const { pythonCheck } = await weft.query<{ pythonCheck: { ok: boolean } }>(
    '{ pythonCheck(code: "import os") { ok } }',
  );
  expect(pythonCheck.ok).toBe(false);
});

test.each(['GRACEFUL', 'FORCE'])('cancelling (%s) reaches the run on its service', async (mode) => {
  const id = await weft.runPython("print('go', flush=True)\nwhile True: pass", { timeoutMs: 120_000 });
  await weft.event(id, ({ __typename }) => __typename === 'NodeOutput');
  expect(await weft.cancel(id, mode)).toEqual([]);
  expect((await weft.allEvents(id)).at(-1)?.__typename).toBe('ExecutionCanceled');
  await eventually('no service runs it', async () => (await runningOn()).every((running) => running === 0));
});

test('when a service is killed in the middle of a run, the retry policy moves the node to another', async () => {
  const retry = { maxAttempts: 3, initialDelayMs: 1, backoffFactor: 1, maxDelayMs: 1, retryOn: [] };
  // Until then, and not so long in each attempt.
  const until = Date.now() / 1_000 + 15;
  const code = `import time\nprint('go', flush=True)\ntime.sleep(max(0, ${until} - time.time()))\nresult = 'done'`;
  const id = await weft.run([{ key: 'slow', type: 'python', config: { code, timeoutMs: 60_000 }, retry }]);
  await weft.event(id, ({ __typename }) => __typename === 'NodeOutput');
  const victim = (await runningOn()).indexOf(1);
  await services[victim]!.kill();
  const events = await weft.allEvents(id);
  expect(events).toContainEqual(
    expect.objectContaining({
      __typename: 'NodeRetryScheduled',
      error: expect.objectContaining({
        code: 'PYTHON_SERVICE_ERROR',
        retryable: true,
        message: expect.stringContaining(services[victim]!.url),
      }),
    }),
  );
  expect(events.at(-1)).toMatchObject({ __typename: 'ExecutionSucceeded', output: 'done' });
  await using back = await startService({ PORT: new URL(services[victim]!.url).port });
  expect(back.url).toBe(services[victim]!.url);
  await eventually('it is used again', async () => (await servicesUp()) === 2);
});

test('a server with the role beside others serves its sandbox where it has a token', async () => {
  await using database = await createDatabase();
  await using mixed = await startWeft({ databaseUrl: database.url, env: { PYTHON_SERVICE_TOKEN: TOKEN } });
  const url = new URL('/sandbox/v1/health', mixed.url);
  expect((await fetch(url)).status).toBe(401);
  const answer = await fetch(url, { headers: { authorization: `Bearer ${TOKEN}` } });
  expect(await answer.json()).toMatchObject({ v: 1, state: 'ok' });
});

test('off loopback a service does not start without a token', async () => {
  const env = { WEFT_ROLES: 'sandbox', HOST: '0.0.0.0', PORT: '0' };
  const { exitCode, stderr } = await execa(process.execPath, [serverProgram], { env, reject: false });
  expect(exitCode).toBe(1);
  expect(stderr).toContain('PYTHON_SERVICE_TOKEN');
});

/** How many runs each service that is up reports. */
async function runningOn(): Promise<number[]> {
  const answers = await Promise.all(
    services.map(async ({ url }) => {
      const answer = await fetch(`${url}/health`, { headers: { authorization: `Bearer ${TOKEN}` } }).catch(
        () => null,
      );
      return answer === null
        ? []
        : [((await answer.json()) as { capacity: { running: number } }).capacity.running];
    }),
  );
  return answers.flat();
}

async function servicesUp(): Promise<number> {
  const { serverInfo } = await weft.query<{ serverInfo: { sandbox: { services: { isUp: boolean }[] } } }>(
    '{ serverInfo { sandbox { services { isUp } } } }',
  );
  return serverInfo.sandbox.services.filter(({ isUp }) => isUp).length;
}
