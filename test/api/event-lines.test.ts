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

test('a client that leaves in the middle leaves nothing behind', async () => {
  const id = await makeLongJournal(25_000);
  const leaving = new AbortController();
  const response = await get(`/executions/${id}/events`, { signal: leaving.signal });
  await response.body!.getReader().read();
  leaving.abort();
  expect(await weft.query('{ __typename }')).toEqual({ __typename: 'Query' });
});
