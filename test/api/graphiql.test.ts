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

  test('does what its welcome text says, step by step', async () => {
    await using page = await openGraphiql(browser, weft.url);

    await putCursorIn(page, 'RunPython');
    await page.pressCtrlEnter();
    await page.waitFor(`${response}.includes('exec_') && ${isIdle}`);
    const id = await page.evaluate<string>(`JSON.parse(${response}).data.pythonRun.execution.id`);
    await page.waitFor(`JSON.parse(${editor('variables.json')}.getValue()).id === '${id}'`);

    await putCursorIn(page, 'Follow');
    await page.pressCtrlEnter();
    await page.waitFor(`${response}.includes('got')`);
    await page.waitFor(`${response}.includes('ExecutionSucceeded') && ${isIdle}`);
    const { executionEvents } = await page.evaluate<Followed>(`JSON.parse(${response}).data`);
    const printed = executionEvents.events.map(({ text }) => text ?? '').join('');
    expect(printed).toBe('got 1\ngot 2\ngot 3\ngot 4\n');
    expect(executionEvents.events.at(-1)).toEqual({ __typename: 'ExecutionSucceeded', output: 10 });

    await using window = await page.openWindow(new URL('/graphiql', weft.url).href);
    await window.waitFor(`document.querySelectorAll('.graphiql-tab').length === 1`);
    await putCursorIn(window, 'Watch');
    await window.pressCtrlEnter();
    await window.waitFor(isRunning);
    const shown = window.waitFor(`${response}.includes('SUCCEEDED')`);
    await putCursorIn(page, 'RunPython');
    await untilNotified(shown, async () => {
      await page.evaluate(`${editor('response.json')}.setValue('')`);
      await page.pressCtrlEnter();
      await page.waitFor(`${response}.includes('exec_') && ${isIdle}`);
    });
    expect(await page.evaluate(isIdle)).toBe(true);
  });

  test('shows all of a line, however long it is', async () => {
    await using page = await openGraphiql(browser, weft.url);
    await write(page, `query Version { serverInfo { version } } # ${'a long line '.repeat(40)}`);
    await page.waitFor(`document.querySelectorAll('.graphiql-query-editor .view-line').length > 4`);
    await page.waitFor(`(${cutLines}).length === 0`);
  });

  test('leaves each of two tabs its own: a new tab runs at once, and the first keeps its last result', async () => {
    await using page = await openGraphiql(browser, weft.url);
    await putCursorIn(page, 'Watch');
    await page.pressCtrlEnter();
    await page.waitFor(isRunning);
    const shown = page.waitFor(`${response}.includes('SUCCEEDED')`);
    await untilNotified(shown, async () => await weft.allEvents(await weft.runPython('6 * 7')));

    await page.click('.graphiql-tab-add');
    await page.waitFor(`${editor('operation.graphql')}.getValue() === '' && ${isIdle}`);
    await write(page, 'query Version { serverInfo { version } }');
    await putCursorIn(page, 'Version');
    await page.pressCtrlEnter();
    await page.waitFor(`${response}.includes('"version": "')`);

    await page.click('.graphiql-tab button');
    await page.waitFor(`${response}.includes('"executionUpdates"') && ${isIdle}`);
  });

  test('offers the operations of the welcome text under its play button', async () => {
    await using page = await openGraphiql(browser, weft.url);
    await page.waitFor(`${playButton}.getAttribute('aria-haspopup')`);
    await page.click('.graphiql-execute-button');
    await page.waitFor(`document.querySelectorAll('[role=menuitem]').length === 3`);
    await page.click('[role=menuitem]');
    await page.waitFor(`${response}.includes('exec_')`);
  });

  test('runs a query, and a subscription that reports what another client does', async () => {
    await using page = await openGraphiql(browser, weft.url);
    await play(page, 'query Version { serverInfo { version } }');
    await page.waitFor(`${response}.includes('"version": "')`);

    await play(page, 'subscription Watch { executionUpdates(statuses: [SUCCEEDED]) { status output } }');
    await page.waitFor(isRunning);
    const shown = page.waitFor(`${response}.includes('SUCCEEDED') && ${response}.includes('42')`);
    await untilNotified(shown, async () => await weft.allEvents(await weft.runPython('6 * 7')));
  });

  test('loads nothing from outside, complains of nothing, and checks and completes in workers', async () => {
    await using page = await openGraphiql(browser, weft.url);
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
    await using page = await openGraphiql(browser, locked.url);
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
/** The lines of the operation that end outside of its editor. */
const cutLines = `[...document.querySelectorAll('.graphiql-query-editor .view-line')].filter((line) =>
  line.firstElementChild.getBoundingClientRect().right > line.closest('.editor-scrollable').getBoundingClientRect().right)`;
const isRunning = `${playButton}.ariaLabel.startsWith('Stop')`;
const isIdle = `${playButton}.ariaLabel.startsWith('Execute')`;
const response = `${editor('response.json')}.getValue()`;

interface Followed {
  executionEvents: { events: { __typename: string; text?: string; output?: unknown }[] };
}

async function openGraphiql(browser: Browser, url: string): Promise<Page> {
  const page = await browser.open(new URL('/graphiql', url).href);
  await page.waitFor(`${editor('operation.graphql')}.getValue()`);
  return page;
}

/** Writes a named operation, waits until the page has read it (its tab shows the name), and presses play. */
async function play(page: Page, operation: string): Promise<void> {
  await write(page, operation);
  await page.waitFor(isIdle); // until then the button stops the operation before, whose result is there already
  await page.evaluate(`${playButton}.click()`);
}

async function write(page: Page, operation: string): Promise<void> {
  await page.evaluate(`${editor('operation.graphql')}.setValue(${JSON.stringify(operation)})`);
  const name = operation.split(' ')[1];
  await page.waitFor(`document.querySelector('.graphiql-tab-active').innerText.trim() === '${name}'`);
}

/** Clicks into the operation editor, and moves the cursor to the name of an operation. */
async function putCursorIn(page: Page, operation: string): Promise<void> {
  const model = editor('operation.graphql');
  await page.click('.graphiql-query-editor .view-lines');
  await page.waitFor(
    `${model}.findMatches('(query|mutation|subscription) ${operation}', false, true).some(({ range }) => {
      const shown = __MONACO.editor.getEditors().find((one) => one.getModel() === ${model});
      shown.setPosition(range.getEndPosition());
      shown.focus();
      return shown.hasTextFocus();
    })`,
  );
}
