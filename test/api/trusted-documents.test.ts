import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWsClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { createClient } from '../../client-sdk/src/index.ts';
import { hasChromium, launchStudioBrowser } from '../support/studio-browser.ts';
import { makeTempFolder } from '../support/temp-folder.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { openTransportServer } from '../support/transport-server.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

const who = '{viewer{id}}';
const find = 'query Find($key: String!) { workflow(key: $key) { name } }';
const prepare = 'mutation Run($code: String!) { pythonRun(input: {code: $code}) { execution { id } } }';
const versions = 'query Versions { serverInfo { version } }';
const updates = 'subscription Updates { executionUpdates { id status } }';
const foreign = '{ serverInfo { version } }';

const opened = new AsyncDisposableStack();
let server: WeftServer;

beforeAll(async () => {
  const { path } = opened.use(await makeTempFolder());
  const manifest = { [sha256(who)]: who, 'x-shop:find': find, b1946ac92492d2347c6235b4d2611184: prepare };
  await writeFile(join(path, 'persisted-documents.json'), JSON.stringify(manifest));
  const operations = [{ id: sha256(versions), name: 'Versions', type: 'query', body: versions }];
  await writeFile(join(path, 'apollo.json'), JSON.stringify({ version: 1, operations }));
  await writeFile(join(path, 'updates.graphql'), updates);
  const { url: databaseUrl } = opened.use(await createDatabase());
  const env = { WEFT_TRUSTED_DOCUMENTS: path, WEFT_TRUSTED_DOCUMENTS_ONLY: 'true' };
  server = opened.use(await startWeft({ databaseUrl, env }));
});
afterAll(() => opened.disposeAsync());

async function post(body: object, headers: Record<string, string> = {}) {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return [response.status, await response.json()];
}

async function get(params: Record<string, string>, headers: Record<string, string> = {}) {
  const response = await fetch(`${server.url}?${new URLSearchParams(params)}`, {
    headers: { 'apollo-require-preflight': 'true', ...headers },
  });
  return [
    response.status,
    headers.accept?.startsWith('text') ? await response.text() : await response.json(),
  ];
}

const isAnonymous = { data: { viewer: { id: 'anonymous' } } };
const refused = (code: string) => ({ errors: [{ message: expect.any(String), extensions: { code } }] });

describe('a document is named', () => {
  test('by the hash of its text, by POST and by GET', async () => {
    expect(await post({ documentId: `sha256:${sha256(who)}` })).toEqual([200, isAnonymous]);
    expect(await get({ documentId: `sha256:${sha256(who)}` })).toEqual([200, isAnonymous]);
  });

  test('by the id that its manifest has, with variables', async () => {
    const variables = { key: 'none' };
    const found = [200, { data: { workflow: null } }];
    expect(await post({ documentId: 'x-shop:find', variables })).toEqual(found);
    expect(await get({ documentId: 'x-shop:find', variables: JSON.stringify(variables) })).toEqual(found);
    expect(await post({ documentId: sha256(who) })).toEqual([200, isAnonymous]);
  });

  test('as Apollo names it, by POST and by GET, alone and beside its text', async () => {
    const extensions = { persistedQuery: { version: 1, sha256Hash: sha256(versions) } };
    const answer = [200, { data: { serverInfo: { version: expect.any(String) } } }];
    expect(await post({ extensions })).toEqual(answer);
    expect(await post({ extensions, query: versions })).toEqual(answer);
    expect(await get({ extensions: JSON.stringify(extensions) })).toEqual(answer);
    const [status, body] = await post({ extensions, query: who });
    expect([status, body]).toEqual([400, refused('BAD_REQUEST')]);
  });

  test('over a WebSocket, beside an empty query', async () => {
    const client = createWsClient({ url: server.wsUrl, webSocketImpl: WebSocket });
    const params = { query: '', documentId: `sha256:${sha256(who)}` };
    expect(await client.iterate(params).next()).toMatchObject({ value: isAnonymous });
    await client.dispose();
  });

  test('over server-sent events, by POST and by GET, a subscription too', async () => {
    const client = createSseClient({ url: `${server.url}/stream` });
    const { value } = await client.iterate({ documentId: `sha256:${sha256(who)}` } as never).next();
    expect(value).toMatchObject(isAnonymous);
    client.dispose();
    const documentId = `sha256:${sha256(updates)}`;
    const leaving = new AbortController();
    const response = await fetch(`${server.url}?${new URLSearchParams({ documentId })}`, {
      headers: { accept: 'text/event-stream', 'apollo-require-preflight': 'true' },
      signal: leaving.signal,
    });
    expect(response.headers.get('content-type')).toMatch(/event-stream/);
    leaving.abort();
  });

  test('and a mutation is refused by GET, as ever', async () => {
    const [status] = await get({
      documentId: 'b1946ac92492d2347c6235b4d2611184',
      variables: '{"code":"result = 1"}',
    });
    expect(status).toBe(405);
  });
});

describe('what is refused', () => {
  const unknown = refused('PERSISTED_QUERY_NOT_FOUND');

  test.each(['sha256:0000', 'hello', 'constructor', '__proto__'])('the unknown id %s', async (documentId) => {
    expect(await post({ documentId })).toEqual([400, unknown]);
    expect(await post({ documentId }, { accept: 'application/json' })).toEqual([200, unknown]);
    expect(await get({ documentId })).toEqual([400, unknown]);
    const [, stream] = await get({ documentId }, { accept: 'text/event-stream' });
    expect(stream).toContain('"code":"PERSISTED_QUERY_NOT_FOUND"');
  });

  test('an unknown hash, with the message that clients send the whole document after', async () => {
    const persistedQuery = { version: 1, sha256Hash: sha256(foreign) };
    const [, answer] = await post({ extensions: { persistedQuery } });
    expect(answer).toMatchObject({ errors: [{ message: 'PersistedQueryNotFound' }] });
  });

  test.each<[string, object]>([
    ['an id that is no text', { documentId: 7 }],
    ['an id beside a document', { documentId: `sha256:${sha256(who)}`, query: who }],
    ['a hash that is no text', { extensions: { persistedQuery: { sha256Hash: 7 } } }],
    ['nothing', {}],
  ])('%s', async (_what, body) => {
    expect(await post(body, { accept: 'application/json' })).toMatchObject([400, refused('BAD_REQUEST')]);
  });

  const notTrusted = refused('DOCUMENT_NOT_TRUSTED');

  test.each([
    ['another document', foreign],
    ['a trusted one with a space more', `${who} `],
    ['an introspection', '{ __schema { types { name } } }'],
    ['what is not even GraphQL', '{'],
  ])('%s, over each transport', async (_what, query) => {
    expect(await post({ query })).toEqual([400, notTrusted]);
    expect(await get({ query })).toEqual([400, notTrusted]);
    const [, stream] = await get({ query }, { accept: 'text/event-stream' });
    expect(stream).toContain('"code":"DOCUMENT_NOT_TRUSTED"');
    const client = createWsClient({ url: server.wsUrl, webSocketImpl: WebSocket });
    await expect(client.iterate({ query }).next()).rejects.toMatchObject([
      { extensions: { code: 'DOCUMENT_NOT_TRUSTED' } },
    ]);
    await client.dispose();
  });
});

describe('where only trusted documents are run', () => {
  test('a trusted one may be sent as its text', async () => {
    expect(await post({ query: who })).toEqual([200, isAnonymous]);
  });

  test('the SDK saves, runs and follows; a document of its user has to be in the list', async () => {
    const weft = createClient({ url: server.url });
    const nodes = [{ key: 'a', type: 'input' }];
    const { id } = await weft.workflows.create({ name: 'Trusted', nodes, edges: [] });
    const run = await weft.executions.start({ workflowId: id, input: { n: 1 } });
    expect(await run.result()).toEqual({ n: 1 });
    expect(await weft.request(who as never)).toEqual(isAnonymous.data);
    await expect(weft.request(foreign as never)).rejects.toMatchObject({ code: 'DOCUMENT_NOT_TRUSTED' });
  });

  (hasChromium ? test : test.skip)('the console works', async () => {
    await using browser = await launchStudioBrowser();
    await using studio = await browser.open(server, { path: '/workflows' });
    const { page } = studio;
    await page.getByRole('button', { name: 'Run Trusted' }).click();
    await page.waitForURL('**/runs/exec_*');
    await page.locator('.weft-run__title').getByText('Succeeded').waitFor();
  });
});

test('where others are run too, an id that is not there is no obstacle: the client sends the whole document', async () => {
  await using transport = await openTransportServer();
  const query = '{ hello }';
  const persistedQuery = { version: 1, sha256Hash: sha256(query) };
  const send = async (body: object) => {
    const headers = { 'content-type': 'application/json' };
    return (await fetch(transport.url, { method: 'POST', headers, body: JSON.stringify(body) })).json();
  };
  expect(await send({ extensions: { persistedQuery } })).toMatchObject(refused('PERSISTED_QUERY_NOT_FOUND'));
  expect(await send({ query, extensions: { persistedQuery } })).toEqual({ data: { hello: 'world' } });
});
