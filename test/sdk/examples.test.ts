import { type Browser, findChromium, openBrowser } from '../support/browser.ts';
import { startProgram } from '../support/program.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft } from '../support/weft-server.ts';

const chromium = findChromium();
const inBrowser = chromium === undefined ? describe.skip : describe;

describe('against a server with a token', () => {
  const opened = new AsyncDisposableStack();
  const token = 'a-token-of-the-tests';
  let env: Record<string, string>;

  beforeAll(async () => {
    const { url: databaseUrl } = opened.use(await createDatabase());
    const { url } = opened.use(await startWeft({ databaseUrl, env: { WEFT_API_TOKEN: token } }));
    env = { WEFT_URL: url, WEFT_API_TOKEN: token, EXAMPLE_PORT: '0' };
  });
  afterAll(() => opened.disposeAsync());

  test('the Node script prints a run live, and its result', async () => {
    await using script = startProgram('node', ['examples/node-script.mjs'], env);
    const { code, output } = await script.ended();
    expect({ code, output }).toMatchObject({
      code: 0,
      output: expect.stringMatching(/The total is 240\.\n$/),
    });
    // Progress may come in the middle of a line: their order is not exact.
    expect(output.replaceAll(/\d of 3\n/g, '')).toContain('Lyon 120\nPorto 80\nGraz 40\n');
    expect(output).toMatch(/3 of 3\n/);
  });

  test('the Python client does the same with the standard library alone', async () => {
    await using script = startProgram('python3', ['examples/python-client.py'], env);
    const { code, output } = await script.ended();
    expect({ code, output }).toMatchObject({ code: 0, output: expect.stringMatching(/The result is 42\n$/) });
    expect(output).toMatch(/step 3\n/);
    expect(output).toMatch(/3 of 3\n/);
  });

  test('the movies are reported on, whether or not the address ends in /graphql', async () => {
    for (const WEFT_URL of [env.WEFT_URL, new URL(env.WEFT_URL!).origin]) {
      await using example = startProgram('node', ['examples/movies/run.mjs'], { ...env, WEFT_URL });
      const { code, output } = await example.ended();
      expect({ code, output }).toMatchObject({
        code: 0,
        output: expect.stringMatching(/The genres that earned most/),
      });
    }
  });

  test('the movies say what is wrong with the address', async () => {
    const address = env.WEFT_URL!.replace('/graphql', '/healthz');
    await using example = startProgram('node', ['examples/movies/run.mjs'], { ...env, WEFT_URL: address });
    const { code, output } = await example.ended();
    expect({ code, output }).toEqual({
      code: 1,
      output: expect.stringContaining(`Expected a GraphQL answer from ${address}`),
    });
  });

  test('the Express backend starts reports, streams them from any event, and reports errors', async () => {
    await using backend = startProgram('node', ['examples/express-backend.mjs'], env);
    const [, base] = await backend.said(/Listening on (\S+)/);
    const post = (body: object, key: string) =>
      fetch(`${base}/reports`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify(body),
      });
    const started = await post({ rows: [{ price: 3 }, { price: 4 }] }, 'once');
    expect(started.status).toBe(202);
    const { id } = (await started.json()) as { id: string };
    expect(await (await post({ rows: [{ price: 3 }, { price: 4 }] }, 'once')).json()).toEqual({ id });

    const stream = await (await fetch(`${base}/reports/${id}/events`)).text();
    expect(stream).toMatch(/event: NodeOutput\ndata: .*adding up/);
    expect(stream).toMatch(/event: ExecutionSucceeded\ndata: .*"total":7.*\n\n$/);
    const blocks = stream.split('\n\n').filter((block) => block !== '');
    const lastEventId = /^id: (.*)$/m.exec(blocks.at(-3)!)![1]!;
    const rest = await fetch(`${base}/reports/${id}/events`, { headers: { 'last-event-id': lastEventId } });
    expect(await rest.text()).toBe(`${blocks.slice(-2).join('\n\n')}\n\n`);

    expect(await (await fetch(`${base}/reports/${id}`)).json()).toMatchObject({
      status: 'SUCCEEDED',
      output: { total: 7 },
    });
    const wrong = await post({ rows: [{ price: 'x' }] }, 'wrong');
    expect([wrong.status, await wrong.json()]).toMatchObject([
      400,
      { errors: [{ code: 'INVALID_INPUT', field: 'input.rows.0.price' }] },
    ]);
    expect((await fetch(`${base}/reports/exec_nothing`)).status).toBe(404);
    expect((await fetch(`${base}/reports/exec_nothing/events`)).status).toBe(404);
  });
});

inBrowser('in a browser, served as their README says', () => {
  const opened = new AsyncDisposableStack();
  const origins: Record<string, string> = {};
  let weft: WeftClient;
  let browser: Browser;

  beforeAll(async () => {
    for (const name of ['browser-page', 'react-app']) {
      const command = ['start', '--prefix', `examples/${name}`];
      const program = opened.use(startProgram('npm', command, { EXAMPLE_PORT: '0' }));
      const [, port] = await program.said(/http:\/\/127\.0\.0\.1:([1-9]\d*)\//);
      origins[name] = `http://127.0.0.1:${port}`;
    }
    const { url: databaseUrl } = opened.use(await createDatabase());
    const env = { WEFT_ALLOWED_ORIGINS: Object.values(origins).join(',') };
    weft = opened.use(new WeftClient(opened.use(await startWeft({ databaseUrl, env })).url));
    browser = opened.use(await openBrowser(chromium!));
  });
  afterAll(() => opened.disposeAsync());

  const open = (name: string) => browser.open(`${origins[name]}/?weft=${encodeURIComponent(weft.url)}`);

  test('the page runs Python, shows what goes wrong, and cancels', async () => {
    const page = await open('browser-page');
    await page.waitFor('run.onclick');
    await page.evaluate('run.click()');
    await page.waitFor(
      `output.innerText.includes('step 5') && outcome.innerText === 'The result is "done".'`,
    );
    expect(await page.evaluate('progress.value')).toBe(5);

    await page.evaluate(`code.value = 'print("first")\\n1 / 0', run.click()`);
    await page.waitFor(`outcome.innerText.startsWith('PYTHON_EXECUTION_ERROR')`);
    expect(await page.evaluate('output.innerText')).toMatch(/^first\nTraceback[\s\S]*line 2/);

    await page.evaluate(
      `code.value = 'print("begun", flush=True)\\nimport time\\ntime.sleep(60)', run.click()`,
    );
    await page.waitFor(`output.innerText.includes('begun')`);
    await page.evaluate('cancel.click()');
    await page.waitFor(`outcome.innerText.startsWith('EXECUTION_CANCELED')`);
    expect(page.complaints).toEqual([]);
  });

  test('the React app shows several runs live', async () => {
    const page = await open('react-app');
    await page.waitFor(`document.querySelector('button')`);
    await page.evaluate(`document.querySelector('button').click(), document.querySelector('button').click()`);
    await page.waitFor(`document.querySelectorAll('article').length === 2`);
    await page.waitFor(
      `[...document.querySelectorAll('article')].every(({ innerText }) => innerText.includes('Result: {"batches":10}'))`,
    );
    expect(await page.evaluate(`document.querySelector('pre').innerText`)).toContain('batch 10 of 10');
    expect(page.complaints).toEqual([]);
  });
});
