import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  type Change,
  type ClientOptions,
  createClient,
  type TransportKind,
  WeftError,
} from '../../client-sdk/src/index.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let databaseUrl: string;
let workerUrl: string;
let server: WeftServer;
let proxy: TcpProxy;

/** What starts executions goes on while the server that is followed is away. */
beforeAll(async () => {
  databaseUrl = stack.use(await createDatabase()).url;
  workerUrl = stack.use(await startWeft({ databaseUrl })).url;
  server = await startApi();
  proxy = stack.use(await startTcpProxy(server.url));
  const upserted = await createClient({ url: workerUrl }).workflows.upsert('quick', {
    name: 'Quick',
    nodes: [{ key: 'out', type: 'output' }],
    edges: [],
  });
  expect(upserted.key).toBe('quick');
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await stack.disposeAsync();
});

const startApi = () => startWeft({ databaseUrl, env: { WEFT_ROLES: 'api' } });
const connect = (options: Partial<ClientOptions> = {}) => createClient({ url: proxy.url, ...options });

async function startMany(count: number): Promise<string[]> {
  const weft = createClient({ url: workerUrl });
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const run = await weft.executions.start({ workflowKey: 'quick' });
    ids.push(run.id);
    await run.result();
  }
  return ids;
}

test.each<TransportKind>(['ws', 'sse', 'poll'])(
  'changes come over %s, and go on over each lost connection',
  async (transport) => {
    const weft = connect({ transport });
    const cursors: string[] = [];
    const after = await firstCursor();
    const changes = weft.changes({
      after,
      filter: { types: ['EXECUTION_SUCCEEDED'] },
      onCursor: (cursor) => cursors.push(cursor),
    });
    const started = startMany(20);
    const seen: string[] = [];
    for await (const { executionId } of changes) {
      seen.push(executionId);
      if (seen.length % 4 === 0) proxy.cut();
      if (seen.length === 20) break;
    }
    expect(seen).toEqual(await started);
    expect(cursors.length).toBeGreaterThan(0);
  },
);

/** Where the feed ends now. */
function firstCursor(): Promise<string> {
  return new Promise((resolve, reject) => {
    const changes = connect().changes({
      onCursor(cursor) {
        resolve(cursor);
        void changes.return();
      },
    });
    changes.next().catch(reject);
  });
}

test('a server that is killed while it is followed, and started again, loses and repeats nothing', async () => {
  const after = await firstCursor();
  const seen: Change[] = [];
  const changes = connect().changes({ after, filter: { workflowKeys: ['quick'] } });
  const started = startMany(60);
  let kills = 0;
  for await (const change of changes) {
    seen.push(change);
    if (seen.length === 180) break;
    if (seen.length < 40 * (kills + 1) || kills === 3) continue;
    kills += 1;
    await server.kill();
    server = await startApi();
    proxy.target = server.url;
  }
  const ids = await started;
  expect(kills).toBe(3);
  expect(
    seen.filter(({ type }) => type === 'EXECUTION_QUEUED').map(({ executionId }) => executionId),
  ).toEqual(ids);
  expect(
    seen.filter(({ type }) => type === 'EXECUTION_SUCCEEDED').map(({ executionId }) => executionId),
  ).toEqual(ids);
  expect(new Set(seen.map(({ cursor }) => cursor)).size).toBe(180);
  // A program that begins again with the cursor of a change gets what follows it.
  const rest: string[] = [];
  for await (const { cursor } of connect().changes({ after: seen[90]!.cursor })) {
    rest.push(cursor);
    if (cursor === seen.at(-1)!.cursor) break;
  }
  expect(rest).toEqual(seen.slice(91).map(({ cursor }) => cursor));
});

test('a cursor that is too old ends the stream with CURSOR_EXPIRED', async () => {
  const [feed, txid] = (await firstCursor()).split('.');
  const changes = connect().changes({ after: `${feed}.${txid}.1000..0` });
  const error = await changes.next().catch((thrown) => thrown);
  expect(error).toBeInstanceOf(WeftError);
  expect(error.code).toBe('CURSOR_EXPIRED');
});
