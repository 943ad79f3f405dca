import { join } from 'node:path';
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { createClient } from '../../client-sdk/src/index.ts';
import { useExecution, WeftProvider } from '../../client-sdk/src/react/index.ts';
import { type Browser, findChromium, openBrowser, type Page } from '../support/browser.ts';
import { blocksOf } from '../support/doc-blocks.ts';
import { eventually } from '../support/eventually.ts';
import { lengthenJournal } from '../support/long-journal.ts';
import { openPageServer, type PageServer } from '../support/page-server.ts';
import { connect } from '../support/sql.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { openProject } from '../support/user-project.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const chromium = findChromium();

/** Skipped, and counted as skipped, where there is no Chromium. */
const inBrowser = chromium === undefined ? describe.skip : describe;
const token = 'a-token-of-the-tests';

inBrowser('the React hooks in a browser, under StrictMode', () => {
  const opened = new AsyncDisposableStack();
  let weft: WeftClient;
  let sql: Awaited<ReturnType<typeof connect>>;
  let browser: Browser;
  let page: Page;
  let pages: PageServer;

  beforeAll(async () => {
    pages = opened.use(await openPageServer());
    await pages.bundle('test/sdk/react/page.jsx');
    const { url: databaseUrl } = opened.use(await createDatabase());
    sql = opened.use(await connect(databaseUrl));
    const env = { WEFT_API_TOKEN: token, WEFT_ALLOWED_ORIGINS: pages.origin };
    const server = opened.use(await startWeft({ databaseUrl, env }));
    weft = opened.use(new WeftClient(server.url, token));
    browser = opened.use(await openBrowser(chromium!));
  });
  afterAll(async () => await opened.disposeAsync());

  beforeEach(async () => {
    page = await browser.open(pages.origin);
    await page.waitFor('window.mount');
  });

  async function exportOf(id: string): Promise<object> {
    const { executionExport } = await weft.query<{ executionExport: object }>(
      'query ($id: ID!) { executionExport(id: $id) }',
      { id },
    );
    return executionExport;
  }

  const mount = (id: string | null, options: object = {}) =>
    page.evaluate(`mount(${JSON.stringify({ url: weft.url, token, ...options })}, ${JSON.stringify(id)})`);
  const text = (id: string) => `document.getElementById(${JSON.stringify(id)}).innerText`;
  const closed = 'sockets.length > 0 && sockets.every(({ readyState }) => readyState === WebSocket.CLOSED)';

  test('render a run live, all through one subscription, whose WebSocket is closed at the end', async () => {
    await mount(null);
    await page.waitFor("document.getElementById('execution')?.innerText.includes('nothing yet')");
    expect(await page.evaluate('sockets.length')).toBe(0);

    const id = await weft.runPython(
      'import time\nprint("begun", flush=True)\nprogress(1, 2)\nwhile input_data["wait"]: time.sleep(0.01)',
      { input: { wait: true } },
    );
    await page.evaluate(`show(${JSON.stringify(id)})`);
    await page.waitFor(`${text('python')}.includes('RUNNING') && ${text('python')}.includes('1/2')`);
    await page.waitFor(`${text('python')}.includes('begun') && ${text('execution')}.includes('RUNNING')`);
    expect(await page.evaluate('[sockets.length, subscriptions]')).toEqual([1, 1]);

    await weft.cancel(id, 'FORCE');
    await page.waitFor(`${text('execution')}.includes('CANCELED') && ${text('python')}.includes('CANCELED')`);
    await page.waitFor(closed);
    const events = (await weft.allEvents(id)).map(({ sequence }) => sequence).join(' ');
    expect(await page.evaluate(text('events'))).toContain(`${events} in`);
    expect(page.complaints).toEqual([]);
  });

  test('show what is asked live, through one subscription, and again what happened while the connection was lost', async () => {
    const nodes = [{ key: 'ask', type: 'approval', config: { title: 'Go {{ input }}?' } }];
    const workflowId = await weft.createWorkflow({ nodes });
    const begin = async (input: string) => {
      const id = await weft.start(workflowId, input);
      await weft.event(id, ({ __typename }) => __typename === 'ExecutionWaiting');
    };
    const newest = async () => {
      const { approvals } = await weft.query<{ approvals: { nodes: { id: string }[] } }>(
        'query ($id: ID!) { approvals(first: 1, filter: { workflowId: $id }) { nodes { id } } }',
        { id: workflowId },
      );
      return JSON.stringify(approvals.nodes[0]!.id);
    };
    await begin('first');
    const options = JSON.stringify({ url: weft.url, token });
    const filter = JSON.stringify({ workflowId, statuses: ['OPEN'] });
    await page.evaluate(`mountApprovals(${options}, ${filter})`);
    await page.waitFor(`${text('asked')} === 'Go first? OPEN'`);
    await begin('second');
    await page.waitFor(`${text('asked')} === 'Go second? OPEN, Go first? OPEN'`);
    expect(await page.evaluate('[sockets.length, subscriptions]')).toEqual([1, 1]);

    const decision = JSON.stringify({ decision: 'APPROVE' });
    expect(await page.evaluate(`resolveApproval(${await newest()}, ${decision})`)).toBe('APPROVED');
    await page.waitFor(`${text('asked')} === 'Go first? OPEN'`);
    await page.evaluate('sockets[0].close()');
    await begin('third');
    await page.waitFor(`${text('asked')} === 'Go third? OPEN, Go first? OPEN'`);
    await page.evaluate('unmount()');
    await page.waitFor(closed);
  });

  test('list executions live and start them, and say why packages cannot be installed; what no longer fits leaves the list', async () => {
    const inputSchema = { type: 'object', required: ['n'] };
    const nodes = [{ key: 'wait', type: 'approval', config: { title: 'Go?' } }];
    const workflowId = await weft.createWorkflow({ name: 'Listed live', nodes, inputSchema });
    await weft.start(await weft.createWorkflow({ nodes }), 1); // of another workflow
    const [options, filter] = [
      { url: weft.url, token },
      { workflowId, statuses: ['QUEUED', 'RUNNING', 'WAITING'] },
    ].map((each) => JSON.stringify(each));
    await page.evaluate(`mountLists(${options}, ${filter}, { workflowKey: 'listed-live' })`);
    await page.waitFor(`${text('listed')}.trim() === ''`);

    await page.click('#started button');
    await page.waitFor(`/exec_/.test(${text('started')})`);
    const id = /exec_[\w-]+/.exec(await page.evaluate<string>(text('started')))![0];
    await page.waitFor(`${text('listed')}.trim() === '${id} WAITING'`);
    const { executionCancel } = await weft.query<{ executionCancel: { userErrors: object[] } }>(
      'mutation ($id: ID!) { executionCancel(id: $id) { userErrors { code } } }',
      { id },
    );
    expect(executionCancel.userErrors).toEqual([]);
    await page.waitFor(`${text('listed')}.trim() === ''`);
    await page.click('#started button:nth-of-type(2)');
    await page.waitFor(`${text('started')}.includes('INVALID_INPUT')`);

    expect(await page.evaluate(text('environment'))).toContain('none');
    await page.evaluate(`install(['not a package!'])`);
    await page.waitFor(`/FAILED|INVALID/.test(${text('environment')})`);
    await page.evaluate('unmount()');
    await page.waitFor(closed);
    expect(page.complaints).toEqual([]);
  });

  test('leave no socket when the components are unmounted during the run, and show a new run in place of an old one', async () => {
    const id = await weft.runPython('print("on", flush=True)\nimport time\ntime.sleep(60)');
    await mount(id);
    await page.waitFor(`${text('python')}.includes('on')`);
    await page.evaluate('unmount()');
    await page.waitFor(closed);

    await mount(id);
    await page.waitFor(`${text('python')}.includes('on')`);
    const next = await weft.runPython('print("another")\nresult = 7');
    await page.evaluate(`show(${JSON.stringify(next)})`);
    await page.waitFor(`${text('execution')} === 'SUCCEEDED 7'`);
    expect(await page.evaluate(text('python'))).toContain('another');
    expect(await page.evaluate(text('python'))).not.toContain('on\n');
    await page.waitFor(closed);
    await weft.cancel(id, 'FORCE');
  });

  test('gather events: thousands of them render few times, and other nodes not at all', async () => {
    const id = await weft.runPython('1');
    await weft.allEvents(id);
    await lengthenJournal(sql, id, 3_000);
    // The notification reaches the server when it does: until then it has the short journal in its memory.
    await eventually('the server knows the long journal', async () => {
      for await (const _ of weft.events(id, `${id}:5`)) return true;
      return false;
    });
    await mount(id);
    await page.waitFor(`${text('execution')}.includes('SUCCEEDED')`);
    expect(await page.evaluate(text('python'))).toContain('line 3003\n');
    const renders = await page.evaluate<Record<string, number>>('renders');
    expect(renders.execution).toBeLessThan(300); // StrictMode renders twice
    expect(renders.otherNode).toBeLessThan(5);
    expect(await page.evaluate(text('events'))).toContain('3005 in');
  });

  test('report why an execution cannot be followed', async () => {
    await mount('exec_nothing');
    await page.waitFor(`${text('execution')}.includes('NOT_FOUND')`);
    await page.evaluate('unmount()');
    await mount('exec_nothing', { token: 'wrong' });
    await page.waitFor(`${text('execution')}.includes('UNAUTHENTICATED')`);
    await page.evaluate('unmount()');
    await page.waitFor(closed);
    await page.evaluate('mountWithoutProvider()');
    await page.waitFor(`${text('caught')}.includes('Expected a <WeftProvider')`);
  });

  test('render a replay step by step, with no server at all', async () => {
    const id = await weft.runPython('print("recorded")\nresult = 3');
    await weft.allEvents(id);
    await page.evaluate(`mountReplay(${JSON.stringify(await exportOf(id))})`);
    await page.waitFor(`${text('execution')}.includes('nothing yet')`);
    await page.evaluate('recording.step()');
    await page.waitFor(`${text('execution')}.includes('QUEUED')`);
    await page.evaluate(`recording.stepTo(({ type }) => type === 'NodeOutput')`);
    await page.waitFor(`${text('python')}.includes('recorded')`);
    expect(await page.evaluate(text('execution'))).toContain('RUNNING');
    await page.evaluate('recording.finish()');
    await page.waitFor(`${text('execution')} === 'SUCCEEDED 3'`);
    expect(await page.evaluate('sockets.length')).toBe(0);
  });

  test('the components of the documentation do what its pages say', async () => {
    await using project = await openProject();
    const [app] = await blocksOf('react.md', weft.url);
    await project.write('app.tsx', app!.code.replace('createClient({', `createClient({ token: '${token}',`));
    const tested = (await blocksOf('testing.md', weft.url)).find(({ language }) => language === 'tsx');
    await project.write(
      'tested.tsx',
      tested!.code.replace('export function', 'export { client };\nexport function'),
    );
    const id = await weft.runPython('3');
    await weft.allEvents(id);
    await project.write('report.json', JSON.stringify(await exportOf(id)));
    expect(project.complaints()).toBe('');

    await project.write('page.jsx', pageOfDocs);
    await pages.bundle(join(project.folder, 'page.jsx'));
    page = await browser.open(pages.origin);
    await page.waitFor(`document.querySelector('#root button')`);
    expect(await page.evaluate(text('root'))).toContain('nothing yet');
    await page.evaluate(`document.querySelector('#root button').click()`);
    await page.waitFor(`${text('root')}.includes('The result is 42.') && ${text('root')}.includes('hello')`);
    expect(await page.evaluate(text('tested'))).toBe('');
    await page.evaluate('client.executions.run(executionId).cancel()');
    await page.waitFor(`${text('tested')} === 'CANCELED'`);
  });
});

const pageOfDocs = `
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { Tested, client } from './tested.tsx';
import recorded from './report.json';
const place = document.body.appendChild(document.createElement('div'));
place.id = 'tested';
createRoot(document.getElementById('root')).render(createElement(App));
createRoot(place).render(createElement(Tested));
Object.assign(window, { client, executionId: recorded.execution.id });
`;

const Status = () => createElement('p', null, useExecution('exec_1').status ?? 'nothing yet');

test('on a server the hooks render what there is before the first event, and connect to nothing', () => {
  const client = createClient({ url: 'http://127.0.0.1:9' });
  expect(renderToString(createElement(WeftProvider, { client }, createElement(Status)))).toBe(
    '<p>nothing yet</p>',
  );
});
