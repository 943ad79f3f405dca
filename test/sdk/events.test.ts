import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { WebSocket } from 'ws';
import {
  type ClientOptions,
  createClient,
  type ExecutionEvent,
  type StreamChange,
  type TransportKind,
  WeftAuthenticationError,
  WeftInputError,
  WeftNotFoundError,
  WeftRequestError,
} from '../../client-sdk/src/index.ts';
import { eventually } from '../support/eventually.ts';
import { lengthenJournal } from '../support/long-journal.ts';
import { isUpgrade, startTcpProxy, wantsEventStream } from '../support/tcp-proxy.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

const token = 'a-token-for-the-tests';
const stack = new AsyncDisposableStack();
let server: WeftServer;
let databaseUrl: string;

beforeAll(async () => {
  databaseUrl = stack.use(await createDatabase()).url;
  server = stack.use(await startWeft({ databaseUrl, env: { WEFT_API_TOKEN: token } }));
});
afterAll(() => stack.disposeAsync());

const connect = (options: Partial<ClientOptions> = {}) =>
  createClient({ url: server.url, token, ...options });
const twoLines = 'print("one")\nprogress(1, 2)\nprint("two")\nresult = input_data';
const transports: TransportKind[] = ['ws', 'sse', 'poll'];

describe.each(transports)('over %s', (transport) => {
  test('events come in order, each once, and end with the last', async () => {
    const run = connect({ transport }).python.run({ code: twoLines, input: 42 });
    const events = await Array.fromAsync(run.events());
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, n) => n + 1));
    expect(events.at(0)?.type).toBe('ExecutionQueued');
    expect(events.at(-1)).toMatchObject({ type: 'ExecutionSucceeded', output: 42 });
    const text = events.flatMap((event) => (event.type === 'NodeOutput' ? event.text : []));
    expect(text.join('')).toBe('one\ntwo\n');
  });

  test('a stream starts after any cursor; after the last it is empty', async () => {
    const run = connect({ transport }).python.run({ code: twoLines });
    const events = await Array.fromAsync(run.events());
    for (const [place, { cursor }] of events.entries()) {
      expect(await Array.fromAsync(run.events({ after: cursor }))).toEqual(events.slice(place + 1));
    }
  });

  test('a filter lets nothing else through, and the stream still ends', async () => {
    const run = connect({ transport }).python.run({ code: twoLines });
    const events = await Array.fromAsync(run.events({ types: ['NodeOutput'], nodeKeys: ['python'] }));
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set(['NodeOutput']));
    expect(await Array.fromAsync(run.events({ types: ['NodeOutput'], nodeKeys: ['other'] }))).toEqual([]);
  });

  test('what no repetition would heal is thrown at once', async () => {
    const weft = connect({ transport });
    const id = await weft.python.run({ code: '1' }).id();
    const wrongToken = connect({ transport, token: 'wrong' });
    await expect(weft.executions.run('exec_none').events().next()).rejects.toThrow(WeftNotFoundError);
    await expect(weft.executions.run(id).events({ after: 'x:1' }).next()).rejects.toThrow(WeftRequestError);
    await expect(weft.executions.run(id).events({ after: 'x:1' }).next()).rejects.toMatchObject({
      code: 'INVALID_CURSOR',
    });
    await expect(wrongToken.executions.run(id).events().next()).rejects.toThrow(WeftAuthenticationError);
  });
});

describe('the way is chosen by itself', () => {
  test.each([
    ['WebSockets where they pass', [], ['ws']],
    ['server-sent events where WebSockets are blocked', [isUpgrade], ['ws', 'sse']],
    ['polling where streams are held back too', [isUpgrade, wantsEventStream], ['ws', 'sse', 'poll']],
  ])('%s', async (_what, blocked, expected) => {
    await using proxy = await startTcpProxy(server.url);
    proxy.manners = (head) => {
      if (!blocked.some((isBlocked) => isBlocked(head))) return 'pass';
      return isUpgrade(head) ? 'refuse' : 'ignore';
    };
    const tried: string[] = [];
    const weft = connect({
      url: proxy.url,
      timeouts: { connectMs: blocked.includes(wantsEventStream) ? 2_000 : 20_000 },
      hooks: { onStream: ({ state, transport }) => state === 'connecting' && tried.push(transport) },
    });
    const run = weft.python.run({ code: twoLines });
    expect((await Array.fromAsync(run.events())).at(-1)?.type).toBe('ExecutionSucceeded');
    expect(tried).toEqual(expected);
    await run.result();
    expect(tried).toEqual([...expected, expected.at(-1)]);
  });

  test('a WebSocket class of your own is used, such as where the runtime has none', async () => {
    let made = 0;
    class Counted extends WebSocket {
      constructor(url: string, protocols?: string | string[]) {
        super(url, protocols);
        made += 1;
      }
    }
    await connect({ WebSocket: Counted }).python.run({ code: '1' }).result();
    expect(made).toBe(1);
  });

  test('a page of another origin is refused for good, over every transport', async () => {
    const weft = connect({ headers: { origin: 'https://elsewhere.example' }, transport: 'sse' });
    await expect(weft.executions.run('exec_x').events().next()).rejects.toMatchObject({
      code: 'FORBIDDEN_ORIGIN',
    });
  });
});

describe('a consumer that reads slowly', () => {
  test('makes the stream stop and go on where it was, with nothing lost and little kept', async () => {
    await using proxy = await startTcpProxy(server.url);
    const states: string[] = [];
    const onStream = ({ state }: StreamChange) => void states.push(state);
    const run = connect({ url: proxy.url, transport: 'ws', hooks: { onStream } }).python.run({ code: '1' });
    await run.result();
    states.length = 0;
    const sql = new pg.Client({ connectionString: databaseUrl });
    await sql.connect();
    const id = await run.id();
    await lengthenJournal(sql, id, 15_000);
    await sql.end();
    // The notification reaches the server when it does: until then it has the short journal in its memory.
    await eventually('the server knows the long journal', async () => {
      for await (const _ of connect()
        .executions.run(id)
        .events({ after: `${id}:5` }))
        return true;
      return false;
    });
    const events: ExecutionEvent[] = [];
    for await (const event of run.events()) {
      // The client has unsubscribed before the rest arrived.
      if (events.push(event) === 1) await eventually('the socket closes', () => proxy.open === 0);
    }
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, n) => n + 1));
    expect(events.length).toBeGreaterThan(15_000);
    expect(states.filter((state) => state === 'open').length).toBeGreaterThan(1);
    expect(states).not.toContain('lost');
  });
});

describe('tokens for pages', () => {
  const waiting = 'import time\nprint("one")\nwhile True: time.sleep(0.01)';

  test.each(['ws', 'sse'] as const)(
    'a stream over %s whose token ends goes on with the next one, and ends where that is refused',
    async (transport) => {
      const admin = connect();
      const executionId = await admin.python.run({ code: waiting, timeoutMs: 120_000 }).id();
      const made = [await admin.tokens.mint({ executionId }), await admin.tokens.mint({ executionId })];
      const next = made.values();
      const page = connect({ transport, token: () => next.next().value?.secret ?? 'weft_none' });
      const sequences: number[] = [];
      await expect(
        (async () => {
          for await (const event of page.executions.run(executionId).events()) {
            sequences.push(event.sequence);
            if (event.type === 'NodeOutput') await admin.tokens.revoke(made[0]!.token.id);
            // The second connection brings what comes after the first one's last event.
            if (event.type === 'NodeOutput') void admin.executions.run(executionId).cancel('FORCE');
          }
        })(),
      ).resolves.toBeUndefined();
      expect(sequences).toEqual(sequences.map((_, n) => n + 1));
      await expect(page.viewer()).rejects.toThrow(WeftAuthenticationError);
    },
  );

  test('tokens are made, listed and revoked', async () => {
    const admin = connect();
    const { token: made, secret } = await admin.tokens.create({ name: 'of the SDK', scopes: ['READ'] });
    expect(await connect({ token: secret }).viewer()).toMatchObject({ id: made.id, scopes: ['READ'] });
    const filter = { kind: 'SERVICE', isActive: true } as const;
    expect(await admin.tokens.list({ filter }).take(10)).toContainEqual(
      expect.objectContaining({ id: made.id }),
    );
    expect((await admin.tokens.revoke(made.id)).revokedAt).not.toBeNull();
    expect(await admin.tokens.list({ filter }).take(10)).not.toContainEqual(
      expect.objectContaining({ id: made.id }),
    );
    await expect(admin.tokens.revoke('tok_unknown')).rejects.toThrow(WeftNotFoundError);
    await expect(admin.tokens.create({ name: '', scopes: ['READ'] })).rejects.toThrow(WeftInputError);
  });
});
