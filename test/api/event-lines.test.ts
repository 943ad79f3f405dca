import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { lengthenJournal } from '../support/long-journal.ts';
import { connect } from '../support/sql.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
const TOKEN = 'a token of the event lines';
let weft: WeftClient;
let origin: string;
let databaseUrl: string;

beforeAll(async () => {
  databaseUrl = stack.use(await createDatabase()).url;
  const server = stack.use(await startWeft({ databaseUrl, env: { WEFT_API_TOKEN: TOKEN } }));
  weft = stack.use(new WeftClient(server.url, TOKEN));
  origin = new URL(server.url).origin;
});
afterAll(() => stack.disposeAsync());

async function makeLongJournal(events: number): Promise<string> {
  const id = await weft.runPython('1');
  await weft.allEvents(id);
  await using sql = await connect(databaseUrl);
  await lengthenJournal(sql, id, events);
  return id;
}

const ENDLESS = 'import time\nwhile True: time.sleep(0.01)';
const authorization = `Bearer ${TOKEN}`;
const get = (path: string, init: RequestInit = {}) =>
  fetch(new URL(path, origin), { headers: { authorization }, ...init });
async function codeOf(response: Response): Promise<string> {
  const { errors } = (await response.json()) as { errors: { extensions: { code: string } }[] };
  return errors[0]!.extensions.code;
}
const linesOf = async (path: string) => {
  const text = await (await get(path)).text();
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
};

test('the lines are the events of the API, with every kind of text in them', async () => {
  const id = await weft.run(
    [
      { key: 'in', type: 'input' },
      {
        key: 'work',
        type: 'python',
        config: {
          code: `
print('a "quoted" \\\\ line\\t\\u2028 Åse 🎬')
progress(1, 2, 'half')
save_artifact('rows.csv', 'a,b')
result = {'text': 'line\\nline', 'list': []}`,
        },
      },
      { key: 'bad', type: 'python', config: { code: "raise ValueError('{}')" } },
      { key: 'handled', type: 'output', config: { value: 'it failed' } },
      { key: 'never', type: 'output' },
    ],
    [
      { source: 'in', target: 'work' },
      { source: 'work', target: 'bad' },
      { source: 'bad', sourceHandle: 'error', target: 'handled' },
      { source: 'bad', target: 'never' },
    ],
  );
  const events = await weft.allEvents(id);
  const lines = await linesOf(`/executions/${id}/events`);
  expect(lines.map(({ type, sequence }) => [type, sequence])).toEqual(
    events.map(({ __typename, sequence }) => [__typename, sequence]),
  );
  for (const [index, { __typename, ...event }] of events.entries()) {
    const line = { ...Object.fromEntries(Object.keys(event).map((key) => [key, null])), ...lines[index] };
    expect(line).toMatchObject(JSON.parse(JSON.stringify(event, withoutNull)));
  }
  expect(new Set(lines.map(({ type }) => type))).toEqual(new Set(events.map(({ __typename }) => __typename)));
});

/** What an event does not have is null in the API, and may be missing from a line. */
function withoutNull(_key: string, value: unknown): unknown {
  return value === null ? undefined : value;
}

test('a cursor continues behind its event, and at the end there is nothing', async () => {
  const id = await weft.runPython('result = 1');
  const events = await weft.allEvents(id);
  const rest = await linesOf(`/executions/${id}/events?after=${events[1]!.cursor}`);
  expect(rest.map(({ sequence }) => sequence)).toEqual(events.slice(2).map(({ sequence }) => sequence));
  expect(await (await get(`/executions/${id}/events?after=${events.at(-1)!.cursor}`)).text()).toBe('');
});

test('a long journal comes whole and in order, page after page', async () => {
  const id = await makeLongJournal(25_000);
  const lines = await linesOf(`/executions/${id}/events`);
  expect(lines.map(({ sequence }) => sequence)).toEqual(lines.map((_, index) => index + 1));
  expect(lines.length).toBeGreaterThanOrEqual(25_000);
});

test.each([
  ['an execution that is not there', '/executions/exec_0/events', 404, 'NOT_FOUND'],
  ['an id that is none', `/executions/${'x'.repeat(5_000)}/events`, 404, 'NOT_FOUND'],
])('%s is an error', async (_, path, status, code) => {
  const response = await get(path);
  expect([response.status, await codeOf(response)]).toEqual([status, code]);
});

test('a cursor of another execution, past the end or no cursor at all is an error', async () => {
  const id = await weft.runPython('1');
  await weft.allEvents(id);
  for (const after of ['nonsense', 'exec_other:3', `${id}:9999`]) {
    const response = await get(`/executions/${id}/events?after=${after}`);
    expect([response.status, await codeOf(response)]).toEqual([400, 'INVALID_CURSOR']);
  }
});

test('it has the guards of the API: a token, no writing, no other site', async () => {
  const id = await weft.runPython('1');
  const path = `/executions/${id}/events`;
  expect((await get(path, { headers: {} })).status).toBe(401);
  expect((await get(path, { method: 'POST' })).status).toBe(405);
  expect((await get(path, { headers: { authorization, origin: 'https://evil.example' } })).status).toBe(403);
  expect((await get(path, { method: 'HEAD' })).headers.get('content-type')).toMatch(/ndjson/);
});

test.each([
  ['follow=yes', /follow: Invalid option: expected one of "true"\|"false"/],
  ['types=NodeOutput,Nothing', /types: 1: Invalid option/],
  ['after=a&after=b', /after: Invalid input: expected string/],
  ['form=csv', /Unrecognized key: "form"/],
])('a parameter that is none is an error: %s', async (params, message) => {
  const response = await get(`/executions/exec_0/events?${params}`);
  expect(response.status).toBe(400);
  expect(JSON.parse(await response.text()).errors[0].message).toMatch(message);
});

test('types and nodes are filtered as in the subscription', async () => {
  const id = await weft.run([
    { key: 'a', type: 'python', config: { code: 'print(1)' } },
    { key: 'b', type: 'python', config: { code: 'print(2)' } },
  ]);
  await weft.allEvents(id);
  for (const [params, variables] of [
    ['types=NodeOutput,NodeStarted', { types: ['NodeOutput', 'NodeStarted'] }],
    [
      'types=NodeOutput&types=NodeSucceeded&nodeKeys=b',
      { types: ['NodeOutput', 'NodeSucceeded'], nodeKeys: ['b'] },
    ],
    ['nodeKeys=a', { nodeKeys: ['a'] }],
  ] as const) {
    const lines = await linesOf(`/executions/${id}/events?${params}`);
    const sequences = lines.map(({ sequence }) => sequence);
    expect(sequences.length).toBeGreaterThan(1);
    expect(sequences).toEqual(await subscribedSequences({ executionId: id, ...variables }));
  }
  expect(await (await get(`/executions/${id}/events?types=NodeFailed`)).text()).toBe('');
});

async function subscribedSequences(variables: object): Promise<number[]> {
  const batches = weft.subscribe<{ executionEvents: { events: { sequence: number }[] } }>(
    `subscription ($executionId: ID!, $types: [ExecutionEventType!], $nodeKeys: [String!]) {
      executionEvents(executionId: $executionId, types: $types, nodeKeys: $nodeKeys) { events { sequence } }
    }`,
    variables,
  );
  const found: number[] = [];
  for await (const { data } of batches)
    found.push(...data!.executionEvents.events.map(({ sequence }) => sequence));
  return found;
}

/** Lines as they come, also where the response is cut off. */
async function openLines(
  url: URL | string,
  headers = {},
): Promise<{ response: IncomingMessage; lines: AsyncIterator<string> }> {
  const sent = request(url, { headers: { authorization, ...headers } }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.on('error', () => {}); // The cut.
  return { response, lines: createInterface({ input: response })[Symbol.asyncIterator]() };
}

test('follow sends what comes, as it comes, packed or not, and ends with the execution', async () => {
  // With its end in one piece with the line: else it might come as an event of its own.
  const id = await weft.runPython(`print('first\\n', end='')\n${ENDLESS}`, { timeoutMs: 300_000 });
  const packed = get(`/executions/${id}/events?follow=true`, {
    headers: { authorization, 'accept-encoding': 'gzip' },
  });
  const { lines } = await openLines(new URL(`/executions/${id}/events?follow=true&types=NodeOutput`, origin));
  expect(JSON.parse((await lines.next()).value)).toMatchObject({ type: 'NodeOutput', text: 'first\n' });
  // It still runs: what is there by now has come without an end.
  const reader = (await packed).body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes('first')) text += (await reader.read()).value;
  await weft.cancel(id, 'FORCE');
  expect(await lines.next()).toEqual({ done: true, value: undefined });
  for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
  const events = await weft.allEvents(id);
  expect(
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).sequence),
  ).toEqual(events.map(({ sequence }) => sequence));
});

test('what is packed is smaller, and the same', async () => {
  const id = await makeLongJournal(25_000);
  const path = `/executions/${id}/events`;
  const plain = await get(path, { headers: { authorization, 'accept-encoding': 'gzip;q=0' } });
  const packed = await get(path);
  expect([plain, packed].map(({ headers }) => headers.get('content-encoding'))).toEqual([null, 'gzip']);
  expect(await packed.text()).toBe(await plain.text());
});

test('a server killed in the middle of a stream: another one goes on behind the last whole line', async () => {
  const id = await makeLongJournal(60_000);
  const first = await startWeft({ databaseUrl, env: { WEFT_API_TOKEN: TOKEN, WEFT_ROLES: 'api' } });
  const { response } = await openLines(new URL(`/executions/${id}/events`, first.url));
  let text = '';
  let isKilled = false;
  for await (const part of readUntilCut(response)) {
    text += part;
    if (isKilled || text.length < 1_000_000) continue;
    isKilled = true;
    await first.kill();
  }
  const got = text
    .slice(0, text.lastIndexOf('\n'))
    .split('\n')
    .map((line) => JSON.parse(line));
  const rest = await linesOf(`/executions/${id}/events?after=${got.at(-1).cursor}`);
  expect(rest.length).toBeGreaterThan(0);
  const sequences = [...got, ...rest].map(({ sequence }) => sequence);
  expect(sequences).toEqual(sequences.map((_, index) => index + 1));
  expect(sequences.length).toBeGreaterThan(60_000);
  await first[Symbol.asyncDispose]();
});

async function* readUntilCut(response: IncomingMessage): AsyncGenerator<string> {
  response.setEncoding('utf8');
  try {
    yield* response;
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ECONNRESET');
  }
}

test('a server that stops ends what is followed, and a client goes on elsewhere', async () => {
  const id = await weft.runPython(ENDLESS, { timeoutMs: 300_000 });
  await weft.event(id, ({ __typename }) => __typename === 'NodeStarted');
  const first = await startWeft({ databaseUrl, env: { WEFT_API_TOKEN: TOKEN, WEFT_ROLES: 'api' } });
  const { lines } = await openLines(
    new URL(`/executions/${id}/events?follow=true&types=NodeStarted`, first.url),
  );
  const { cursor } = JSON.parse((await lines.next()).value);
  const stoppedAt = performance.now();
  expect(await first.stop()).toBe(0);
  expect(performance.now() - stoppedAt).toBeLessThan(15_000); // else it ends what is left open by force, with code 1
  expect((await lines.next()).done).toBe(true);
  await weft.cancel(id, 'FORCE');
  const rest = await linesOf(`/executions/${id}/events?follow=true&after=${cursor}`);
  expect(rest.at(-1).type).toBe('ExecutionCanceled');
  await first[Symbol.asyncDispose]();
});

test('a client that leaves in the middle leaves nothing behind', async () => {
  const id = await makeLongJournal(25_000);
  const leaving = new AbortController();
  const response = await get(`/executions/${id}/events`, { signal: leaving.signal });
  await response.body!.getReader().read();
  leaving.abort();
  expect(await weft.query('{ __typename }')).toEqual({ __typename: 'Query' });
});
