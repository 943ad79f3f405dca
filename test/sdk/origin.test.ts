import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createClient, WeftForbiddenError } from '../../client-sdk/src/index.ts';
import { type Browser, findChromium, openBrowser, type Page } from '../support/browser.ts';
import { openPageServer, type PageServer } from '../support/page-server.ts';
import { makeTempFolder } from '../support/temp-folder.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

const stack = new AsyncDisposableStack();
let server: WeftServer;
let allowed: PageServer;
/** An address where nothing listens. */
let nowhere: string;

beforeAll(async () => {
  allowed = stack.use(await openPageServer());
  // While the port is taken at one address of this host, nobody is given it at another.
  nowhere = `http://127.0.0.2:${new URL(allowed.origin).port}`;
  const { url: databaseUrl } = stack.use(await createDatabase());
  const env = { WEFT_ROLES: 'api', WEFT_ALLOWED_ORIGINS: allowed.origin };
  server = stack.use(await startWeft({ databaseUrl, env }));
});
afterAll(() => stack.disposeAsync());

test.each(['ws', 'sse', 'poll'] as const)(
  'outside of pages, a stream over %s that reaches no server names the address alone',
  async (transport) => {
    const client = createClient({ url: nowhere, transport, maxRetries: 0, timeouts: { reconnectMs: -1 } });
    const failure = await client.executions
      .run('exec_1')
      .events()
      .next()
      .catch((error) => error);
    expect(failure).toMatchObject({ code: 'CONNECTION_FAILED', reached: false });
    expect(failure.message).toContain(` ${nowhere}/graphql, got none`);
    expect(failure.message).toContain(`Check that a Weft server runs at ${nowhere}.`);
    expect(failure.message).not.toContain('WEFT_ALLOWED_ORIGINS');
  },
);

test.each(['sse', 'poll'] as const)(
  "a refusal of the origin that can be read is an error with the server's message, over %s too",
  async (transport) => {
    const client = createClient({ url: server.url, transport, headers: { origin: 'http://elsewhere.test' } });
    const failures = await Promise.all([
      client.serverInfo().catch((error) => error),
      client.executions
        .run('exec_1')
        .events()
        .next()
        .catch((error) => error),
    ]);
    for (const failure of failures) {
      expect(failure).toBeInstanceOf(WeftForbiddenError);
      expect(failure.code).toBe('FORBIDDEN_ORIGIN');
      expect(failure.message).toContain('"http://elsewhere.test"');
      expect(failure.message).toContain('WEFT_ALLOWED_ORIGINS');
    }
  },
);

const chromium = findChromium();

/** Skipped, and counted as skipped, where there is no Chromium. */
const inBrowser = chromium === undefined ? describe.skip : describe;

inBrowser('in a page of another origin', () => {
  const opened = new AsyncDisposableStack();
  let foreign: PageServer;
  let page: Page;
  let browser: Browser;

  beforeAll(async () => {
    foreign = opened.use(await openPageServer());
    for (const pages of [foreign, allowed]) await pages.bundle('test/sdk/origin/page.js');
    browser = opened.use(await openBrowser(chromium!));
    page = await openPage(foreign);
  });
  afterAll(() => opened.disposeAsync());

  async function openPage({ origin }: PageServer): Promise<Page> {
    const fresh = await browser.open(origin);
    await fresh.waitFor('window.request');
    return fresh;
  }

  const outcome = (by: 'request' | 'follow', options: object) =>
    page.evaluate<{ code: string; message: string }>(`${by}(${JSON.stringify(options)})`);

  test.each([
    ['request', {}],
    ['follow', { transport: 'ws' }],
    ['follow', { transport: 'sse' }],
  ] as const)('a refused origin (%s %j) is named, with the setting that allows it', async (by, options) => {
    const { code, message } = await outcome(by, { url: server.url, ...options });
    expect(code).toBe('CONNECTION_FAILED');
    expect(message).toContain(
      `Either no Weft server runs at ${new URL(server.url).origin}, or it does not allow pages of the origin ` +
        `${foreign.origin}: if it runs, add that origin to its WEFT_ALLOWED_ORIGINS.`,
    );
  });

  test('a server that is away is the other likely cause, since the browser says the same of both', async () => {
    const { code, message } = await outcome('request', { url: nowhere });
    expect(code).toBe('CONNECTION_FAILED');
    expect(message).toContain(`Failed to fetch. Either no Weft server runs at ${nowhere}, or `);
  });

  test('a page from a file, whose origin no server can allow, is to be served over HTTP', async () => {
    const { path } = opened.use(await makeTempFolder());
    const file = join(path, 'page.html');
    const script = (await (await fetch(`${foreign.origin}/page.js`)).text()).replaceAll(
      '</script',
      '<\\/script',
    );
    await writeFile(file, `<!doctype html><script type="module">${script}</script>`);
    const ofFile = await browser.open(`file://${file}`);
    await ofFile.waitFor('window.request');
    expect(await ofFile.evaluate(`request(${JSON.stringify({ url: server.url })})`)).toMatchObject({
      code: 'CONNECTION_FAILED',
      message: expect.stringMatching(/serve this page over HTTP/),
    });
  });

  test("behind a proxy of the page's own origin, the error has the server's message", async () => {
    foreign.proxy(server.url);
    const { code, message } = await outcome('request', { url: '/' });
    expect(code).toBe('FORBIDDEN_ORIGIN');
    expect(message).toContain(`"${foreign.origin}"`);
    expect(message).toContain('WEFT_ALLOWED_ORIGINS');
  });

  test('a page of an origin that the setting names is served', async () => {
    page = await openPage(allowed);
    expect(await outcome('request', { url: server.url })).toEqual({ code: 'OK' });
    expect(await outcome('follow', { url: server.url, transport: 'ws' })).toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});
