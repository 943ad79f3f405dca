import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Browser, findChromium, openBrowser, type Page } from '../support/browser.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { openTransportServer } from '../support/transport-server.ts';
import { untilNotified } from '../support/until-notified.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

const chromium = findChromium();

/** Skipped, and counted as skipped, where there is no Chromium. */
const inBrowser = chromium === undefined ? describe.skip : describe;

inBrowser('GraphiQL in a browser', () => {
  const opened = new AsyncDisposableStack();
  let server: WeftServer;
  let weft: WeftClient;
  let browser: Browser;
  beforeAll(async () => {
    const { url: databaseUrl } = opened.use(await createDatabase());
    server = opened.use(await startWeft({ databaseUrl }));
    weft = opened.use(new WeftClient(server.url));
    browser = opened.use(await openBrowser(chromium!));
  });
  afterAll(async () => await opened.disposeAsync());

  test('runs a query, and a subscription that tells of what another client does', async () => {
    const page = await openGraphiql(browser, weft.url);
    await play(page, 'query Version { serverInfo { version } }');
    await page.waitFor(`${response}.includes('"version": "')`);

    await play(page, 'subscription Watch { executionUpdates(statuses: [SUCCEEDED]) { status output } }');
    await page.waitFor(`${playButton}.ariaLabel.startsWith('Stop')`);
    const shown = page.waitFor(`${response}.includes('SUCCEEDED') && ${response}.includes('42')`);
    await untilNotified(shown, async () => await weft.allEvents(await weft.runPython('6 * 7')));
  });

  test('loads nothing from outside, complains of nothing, and checks and completes in workers', async () => {
    const page = await openGraphiql(browser, weft.url);
    await page.waitFor(
      'performance.getEntriesByType("resource").some(({ name }) => /graphql-\\w+\\.js$/.test(name))',
    );
    const { host } = new URL(weft.url);
    const foreign = page.requested.filter((url) => !url.startsWith('data:') && new URL(url).host !== host);
    expect(foreign).toEqual([]);
    expect(page.complaints).toEqual([]);
  });

  test('sends the token that is typed under Headers, with subscriptions too', async () => {
    await using locked = await openTransportServer({ apiToken: 'sesame' });
    const page = await openGraphiql(browser, locked.url);
    await play(page, 'query Hello { hello }');
    await page.waitFor(`${response}.includes('WEFT_API_TOKEN')`);

    await page.evaluate(`${editor('request-headers.json')}.setValue('{ "Authorization": "Bearer sesame" }')`);
    await play(page, 'query HelloAgain { hello }');
    await page.waitFor(`${response}.includes('world')`);
    await play(page, 'subscription Count { countTo(last: 7) }');
    await page.waitFor(`${response}.includes('"countTo": 7')`);
  });
});

/** The text of one of the page's four editors, by the end of its name. */
const editor = (name: string) =>
  `__MONACO.editor.getModels().find(({ uri }) => uri.path.endsWith(${JSON.stringify(name)}))`;
const playButton = `document.querySelector('.graphiql-execute-button')`;
const response = `${editor('response.json')}.getValue()`;

async function openGraphiql(browser: Browser, url: string): Promise<Page> {
  const page = await browser.open(new URL('/graphiql', url).href);
  await page.waitFor(`${editor('operation.graphql')}.getValue()`);
  return page;
}

/** Writes a named operation, waits until the page has taken it in (its tab shows the name), and presses play. */
async function play(page: Page, operation: string): Promise<void> {
  await page.evaluate(`${editor('operation.graphql')}.setValue(${JSON.stringify(operation)})`);
  const name = operation.split(' ')[1];
  await page.waitFor(`document.querySelector('.graphiql-tab-active').innerText.trim() === '${name}'`);
  await page.evaluate(`${playButton}.click()`);
}
