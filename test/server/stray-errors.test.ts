import { eventually } from '../support/eventually.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

/** Runs in the server's process: at each signal an error that no code of the server handles. */
const PLANT = `data:text/javascript,${encodeURIComponent(`
  process.on('SIGUSR2', () => { void Promise.reject(new Error('a planted rejection')); });
  process.on('SIGWINCH', () => { setImmediate(() => { throw new Error('a planted exception'); }); });
`)}`;
const env = { NODE_OPTIONS: `--import=${PLANT}` };

const logged = (server: WeftServer, text: string) =>
  eventually(`the log has "${text}"`, async () => server.stderr.includes(text));

test('a rejection that no code handles is logged with an id, and the server goes on', async () => {
  await using database = await createDatabase();
  await using server = await startWeft({ databaseUrl: database.url, env });
  await using weft = new WeftClient(server.url);
  process.kill(server.pid, 'SIGUSR2');
  await logged(server, 'a planted rejection');
  expect(server.stderr).toMatch(/"errorId":"[0-9a-f-]{36}"/);
  const events = await weft.allEvents(await weft.runPython('result = 1'));
  expect(events.at(-1)).toMatchObject({ __typename: 'ExecutionSucceeded', output: 1 });
});

test('after an exception that no code catches, the server releases its executions in order and ends', async () => {
  await using database = await createDatabase();
  const lost = Promise.withResolvers<Error>();
  const options = { databaseUrl: database.url, env, onLost: lost.resolve };
  await using server = await startWeft(options);
  await using weft = new WeftClient(server.url);
  const id = await weft.runPython('import time\nprint("on")\ntime.sleep(20)');
  await weft.event(id, ({ __typename }) => __typename === 'NodeOutput');
  process.kill(server.pid, 'SIGWINCH');
  expect((await lost.promise).message).toMatch(/exit code 1/);
  expect(server.stderr).toMatch(/a planted exception/);

  await using successor = await startWeft({ databaseUrl: database.url });
  await using again = new WeftClient(successor.url);
  const released = await again.event(id, ({ __typename }) => __typename === 'NodeRetryScheduled');
  expect(released).toMatchObject({ error: { code: 'WORKER_STOPPED' } });
  await again.cancel(id);
});
