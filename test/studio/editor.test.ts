import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { canvasStands } from '../support/canvas-places.ts';
import { hasChromium, holds, launchStudioBrowser, type StudioBrowser } from '../support/studio-browser.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

const opened = new AsyncDisposableStack();
let server: WeftServer;
let weft: WeftClient;
let browser: StudioBrowser;
beforeAll(async () => {
  const { url: databaseUrl } = opened.use(await createDatabase());
  server = opened.use(await startWeft({ databaseUrl, env: { PYTHON_POLICY: 'standard' } }));
  weft = opened.use(new WeftClient(server.url));
  if (hasChromium) browser = opened.use(await launchStudioBrowser());
});
afterAll(async () => await opened.disposeAsync());

/** Skipped, and counted as skipped, where there is no Chromium. */
const inBrowser = hasChromium ? describe : describe.skip;

const double = {
  name: 'Double',
  nodes: [
    { key: 'in', type: 'input' },
    {
      key: 'twice',
      type: 'python',
      name: 'Twice',
      config: { code: 'print("doubling")\nresult = input_data * 2\n' },
    },
    { key: 'out', type: 'output' },
  ],
  edges: [
    { source: 'in', target: 'twice' },
    { source: 'twice', target: 'out' },
  ],
};

const nodeOf = (page: Page, key: string) => page.locator(`.weft-canvas [data-node-key="${key}"]`);
const canvasOf = (page: Page) => page.getByRole('application', { name: /^Workflow/ });
const toast = (page: Page, text: string) => page.locator('.weft-toasts').getByText(text).waitFor();

inBrowser('the editor', () => {
  test('a workflow is built by keyboard, saved, run with its states on the canvas, and its node run alone', async () => {
    const id = await weft.createWorkflow({ name: 'New', nodes: [{ key: 'start', type: 'input' }] });
    await using studio = await browser.open(server, { path: `/workflows/${id}`, isAnimated: true });
    const { page } = studio;
    await nodeOf(page, 'start').waitFor();
    await canvasOf(page).focus();
    await page.keyboard.press('ArrowRight');
    for (const [typed, key] of [
      ['pyth', 'python'],
      ['outp', 'output'],
    ] as const) {
      await page.keyboard.press('/');
      await page.getByRole('combobox', { name: 'Type of node' }).waitFor();
      await page.keyboard.type(typed);
      await page.keyboard.press('Enter');
      await nodeOf(page, key).waitFor();
    }
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    const code = page.locator('.cm-content[data-language="python"]');
    await code.click();
    await page.keyboard.press('Control+a');
    await page.keyboard.type('print("hello")\nresult = input_data * 3\n');
    await page.keyboard.press('Control+s');
    await toast(page, 'Saved as version 2.');

    await page.getByRole('tab', { name: 'Run' }).click();
    await page.getByLabel('Input').fill('14');
    await page.getByRole('tabpanel').getByRole('button', { name: 'Run', exact: true }).click();
    await page.locator('[data-node-key="output"][data-status="SUCCEEDED"]').waitFor();
    await page.getByRole('region', { name: 'Run', exact: true }).getByText('42', { exact: true }).waitFor();
    await page.getByLabel('Output of python').getByText('hello').waitFor();
    await page.getByRole('link', { name: 'Open the run' }).waitFor();
    await page.getByText('On its input of the last run.').waitFor();
    await page.getByRole('button', { name: 'Run this node alone' }).click();
    await page.getByLabel('This node alone').getByText('42', { exact: true }).waitFor();
    await studio.screenshot('editor-run');
    expect(await studio.accessibilityFaults()).toEqual([]);
  });

  test('a node that is a main is run alone on a form of its parameters, with their defaults', async () => {
    const code =
      'def main(city: str, times: int = 2):\n    """Says it."""\n    return " ".join([city] * times)\n';
    const nodes = [
      { key: 'in', type: 'input' },
      { key: 'say', type: 'python', config: { code } },
    ];
    const id = await weft.createWorkflow({ name: 'Main', nodes, edges: [{ source: 'in', target: 'say' }] });
    await using studio = await browser.open(server, { path: `/workflows/${id}` });
    const { page } = studio;
    await nodeOf(page, 'say').click();
    await page.getByRole('tab', { name: 'Run' }).click();
    const alone = page.getByRole('region', { name: 'This node alone' });
    await alone.getByText('Says it.').waitFor();
    await alone.getByText('On the defaults: it has not run yet.').waitFor();
    expect(await alone.getByLabel('times').inputValue()).toBe('2');
    await alone.getByLabel('city').fill('Oslo');
    await alone.getByText('On the input above.').waitFor();
    await studio.screenshot('editor-run-main');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await alone.getByRole('button', { name: 'Run this node alone' }).click();
    await alone.getByText('Oslo Oslo').waitFor();
  });

  test('a node runs alone and from there on with what the last run had, or with outputs that are pinned', async () => {
    const transform = (key: string, expression: string) => ({
      key,
      type: 'transform',
      config: { expression },
    });
    const id = await weft.createWorkflow({
      name: 'Parts',
      nodes: [transform('load', '$millis()'), transform('sum', 'input + 1'), transform('last', 'input + 1')],
      edges: [
        { source: 'load', target: 'sum' },
        { source: 'sum', target: 'last' },
      ],
    });
    const first = (await weft.allEvents(await weft.start(id))).at(-1)!.output as number;
    await using studio = await browser.open(server, { path: `/workflows/${id}` });
    const { page } = studio;
    const choose = async (key: string, item: string) => {
      await nodeOf(page, key).click();
      await page.getByRole('tab', { name: 'Node' }).click();
      await page.getByRole('button', { name: `Run ${key}` }).click();
      await page.getByRole('menuitem', { name: item }).click();
    };
    const output = () => page.getByRole('region', { name: 'Run', exact: true }).locator('pre');
    await choose('sum', 'Run only this node');
    await page.locator('[data-node-key="sum"][data-status="SUCCEEDED"]').waitFor();
    await page.locator('[data-node-key="last"][data-status="SKIPPED"]').waitFor();
    await output()
      .getByText(String(first - 1), { exact: true })
      .waitFor();
    await choose('last', 'Run from here');
    await output().getByText(String(first), { exact: true }).waitFor();
    await page.locator('[data-node-key="sum"][data-status="REUSED"]').waitFor();
    // What both runs of a part left out is still there, from the run of the whole.
    await choose('load', 'Pin its last output');
    await nodeOf(page, 'load').getByText('Its output is pinned').waitFor({ state: 'attached' });
    await studio.screenshot('editor-pinned');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await page.reload();
    await nodeOf(page, 'load').getByText('Its output is pinned').waitFor({ state: 'attached' });
    await page.getByRole('tab', { name: 'Run' }).click();
    await page.getByText('Pinned: load.').waitFor();
    await page.getByRole('tabpanel').getByRole('button', { name: 'Run', exact: true }).click();
    await output().getByText(String(first), { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Open the run' }).click();
    await page.getByText('Part of the workflow').waitFor();
    await page.getByRole('tab', { name: 'Graph' }).click();
    await nodeOf(page, 'load').click();
    await page.getByText('Its output was pinned, as it was given.').waitFor();
    await studio.screenshot('run-pinned');
    expect(await studio.accessibilityFaults()).toEqual([]);
  });

  test('undo, redo, duplicate and delete; a bad package is marked on its node and leads there', async () => {
    const id = await weft.createWorkflow(double);
    await using studio = await browser.open(server, { path: `/workflows/${id}` });
    const { page } = studio;
    await nodeOf(page, 'twice').click();
    await canvasOf(page).focus();
    await page.keyboard.press('Control+d');
    await nodeOf(page, 'twice_2').waitFor();
    await page.keyboard.press('Delete');
    await nodeOf(page, 'twice_2').waitFor({ state: 'detached' });
    await page.keyboard.press('Control+z');
    await nodeOf(page, 'twice_2').waitFor();
    await page.keyboard.press('Control+z');
    await nodeOf(page, 'twice_2').waitFor({ state: 'detached' });
    await page.getByText('Unsaved').waitFor({ state: 'detached' });
    await page.keyboard.press('Control+Shift+z');
    await nodeOf(page, 'twice_2').waitFor();

    const packages = page.getByRole('textbox', { name: 'Packages' });
    await packages.fill('not a package!');
    await nodeOf(page, 'twice_2').locator('.weft-node__problems--error').waitFor();
    await canvasOf(page).focus();
    await page.keyboard.press('Escape');
    await page.getByRole('tab', { name: /Problems/ }).click();
    await studio.screenshot('editor-problems');
    await page.getByRole('button', { name: /twice_2 · config\.packages/ }).click();
    await packages.waitFor();
    expect(await studio.accessibilityFaults()).toEqual([]);
  });

  test('the key of a workflow is shown, and changes on purpose, to one that is free', async () => {
    await weft.createWorkflow({ name: 'Taken key', nodes: [{ key: 'start', type: 'input' }] });
    const id = await weft.createWorkflow({ name: 'To be renamed', nodes: [{ key: 'start', type: 'input' }] });
    await using studio = await browser.open(server, { path: `/workflows/${id}` });
    const { page } = studio;
    await page.getByText('to-be-renamed', { exact: true }).waitFor();
    await page.getByRole('tabpanel').getByRole('button', { name: 'Change' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('New key').fill('taken-key');
    await page.keyboard.press('Enter');
    await dialog.getByText('Another workflow has the key taken-key').waitFor();
    await dialog.getByLabel('New key').fill('renamed');
    await dialog.getByRole('button', { name: 'Change' }).click();
    await dialog.waitFor({ state: 'hidden' });
    await page.getByText('renamed', { exact: true }).waitFor();
    expect(await studio.accessibilityFaults()).toEqual([]);
    expect(await page.getByText('Unsaved').count()).toBe(0);
  });

  test('a workflow is held to a policy, by which its code is checked; what the server does not grant is not offered', async () => {
    const code = "open('x', 'w').close()\n";
    const nodes = [{ key: 'write', type: 'python', config: { code } }];
    const id = await weft.createWorkflow({ name: 'Careful', nodes, pythonPolicy: 'STANDARD' });
    await using studio = await browser.open(server, { path: `/workflows/${id}` });
    const { page } = studio;
    const policy = page.getByLabel('Python policy');
    await policy.getByText("The server's, which is standard").waitFor({ state: 'attached' });
    expect(await policy.locator('option').count()).toBe(3);
    expect(await policy.inputValue()).toBe('STANDARD');
    await policy.selectOption('STRICT');
    await page.keyboard.press('Control+s');
    await toast(page, 'Saved as version 2.');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await nodeOf(page, 'write').click();
    await page.locator('.cm-lintRange-error').first().waitFor();
    const { workflow } = await weft.query<{ workflow: { latestVersion: { pythonPolicy: string } } }>(
      'query ($id: ID!) { workflow(id: $id) { latestVersion { pythonPolicy } } }',
      { id },
    );
    expect(workflow.latestVersion).toEqual({ pythonPolicy: 'STRICT' });
  });

  test('by the pointer a node is dropped, moved and joined; the file of it all makes the same workflow elsewhere', async () => {
    const [from, to] = [
      await weft.createWorkflow({
        ...double,
        edges: [double.edges[0], { source: 'in', target: 'out' }],
        nodes: double.nodes.map(placed),
      }),
      await weft.createWorkflow({ name: 'Other', nodes: [{ key: 'a', type: 'input' }] }),
    ];
    await using studio = await browser.open(server, { path: `/workflows/${from}` });
    const { page } = studio;
    await drag(
      page,
      nodeOf(page, 'twice').locator('.source').first(),
      nodeOf(page, 'out').locator('.target'),
    );
    await page.locator('.react-flow__edge').nth(2).waitFor();
    const before = (await nodeOf(page, 'out').boundingBox())!;
    await drag(page, nodeOf(page, 'out'), canvasOf(page));
    await holds(
      page,

      `document.querySelector('[data-node-key="out"]').getBoundingClientRect().x !== ${before.x}`,
    );
    await page.getByRole('button', { name: 'Output', exact: true }).dragTo(canvasOf(page), {
      targetPosition: { x: 200, y: 500 },
    });
    await drag(page, nodeOf(page, 'in').locator('.source'), nodeOf(page, 'output').locator('.target'));
    await page.locator('.react-flow__edge').nth(3).waitFor();
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'More', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Export as a file' }).click();
    const file = await (await download).path();

    await page.keyboard.press('Control+s');
    await toast(page, 'Saved as version 2.');
    await page.goto(`/workflows/${to}`);
    await nodeOf(page, 'a').waitFor();
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'More', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Import a file' }).click();
    await (await chooser).setFiles(file);
    await nodeOf(page, 'output').waitFor();
    await page.keyboard.press('Control+s');
    await toast(page, 'Saved as version 2.');
    const graphOf = (id: string) =>
      weft.query<{ workflow: { latestVersion: object } }>(
        `{ workflow(id: "${id}") { latestVersion { name nodes { key type config position { x y } } edges { source target } } } }`,
      );
    const { latestVersion } = (await graphOf(to)).workflow;
    expect(latestVersion).toEqual((await graphOf(from)).workflow.latestVersion);
    expect(latestVersion).toMatchObject({ name: 'Double', edges: { length: 4 } });
  });

  test('nodes are copied as JSON into another window', async () => {
    const [from, to] = [await weft.createWorkflow(double), await weft.createWorkflow(double)];
    await using studio = await browser.open(server, { path: `/workflows/${from}` });
    await studio.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const { page } = studio;
    await nodeOf(page, 'twice').waitFor();
    await canvasOf(page).focus();
    await page.keyboard.press('Control+a');
    await page.keyboard.press('Control+c');
    const other = await studio.context.newPage();
    await other.goto(`/workflows/${to}`);
    await nodeOf(other, 'twice').waitFor();
    await canvasOf(other).focus();
    await other.keyboard.press('Control+v');
    await nodeOf(other, 'out_2').waitFor();
    await nodeOf(other, 'twice_2').waitFor();
    await other.locator('.react-flow__edge').nth(3).waitFor({ state: 'attached' });
    expect(await other.locator('.react-flow__edge').count()).toBe(4);
    expect(JSON.parse(await other.evaluate<string>('navigator.clipboard.readText()'))).toMatchObject({
      nodes: [{ key: 'in' }, { key: 'twice' }, { key: 'out' }],
    });
  });

  test('unsaved work is kept through a reload, and leaving by a link asks first', async () => {
    const id = await weft.createWorkflow(double);
    await using studio = await browser.open(server, { path: `/workflows/${id}` });
    const { page } = studio;
    await nodeOf(page, 'twice').waitFor();
    await page.getByLabel('Name').fill('Doubled');
    await page.getByText('Unsaved').waitFor();
    await page.getByRole('link', { name: 'Runs' }).click();
    await page.getByRole('button', { name: 'Stay' }).click();
    page.on('dialog', (dialog) => void dialog.accept());
    await page.reload();
    await page.getByText('There are unsaved changes').waitFor();
    await page.getByRole('button', { name: 'Restore' }).click();
    await page.getByRole('heading', { name: 'Doubled' }).waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await toast(page, 'Saved as version 2.');
    await page.reload();
    await page.getByRole('heading', { name: 'Doubled' }).waitFor();
    expect(await page.getByText('There are unsaved changes').count()).toBe(0);
  });

  test.each([
    ['Back', 'with the Navigation API'],
    ['Forth', 'without it'],
  ])('leaving by the browser’s Back asks first and keeps the draft (%s, %s)', async (name, how) => {
    const id = await weft.createWorkflow({ ...double, name });
    await using studio = await browser.open(server, { path: '/server' });
    const { page } = studio;
    if (how === 'without it')
      await page.addInitScript('Object.defineProperty(window, "navigation", { value: undefined })');
    await page.goto('/workflows');
    await page.getByRole('link', { name, exact: true }).click();
    await nodeOf(page, 'twice').waitFor();
    await page.getByLabel('Name').fill('Doubled');
    await page.getByText('Unsaved').waitFor();
    const question = page.getByRole('dialog').getByText('Leave with unsaved changes?');
    for (let n = 0; n < 2; n++) {
      await page.evaluate('history.back()');
      await question.waitFor();
      await page.getByRole('button', { name: 'Stay' }).click();
      await question.waitFor({ state: 'detached' });
      expect(new URL(page.url()).pathname).toBe(`/workflows/${id}`);
      expect(await page.getByLabel('Name').inputValue()).toBe('Doubled');
    }
    await page.evaluate('history.back()');
    await page.getByRole('button', { name: 'Leave' }).click();
    await page.waitForURL('**/workflows');
    await page.getByRole('link', { name, exact: true }).click();
    await page.getByText('There are unsaved changes').waitFor();
    await page.getByRole('button', { name: 'Restore' }).click();
    await page.getByRole('heading', { name: 'Doubled' }).waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await toast(page, 'Saved as version 2.');
    await page.evaluate('history.back()');
    await page.waitForURL('**/workflows');
    expect(await question.count()).toBe(0);
  });

  test('what is seen first can be read, and palette and panel make room, also after a reload', async () => {
    const keys = Array.from({ length: 12 }, (_, n) => `step_${n}`);
    const id = await weft.createWorkflow({
      name: 'Long',
      nodes: keys.map((key) => ({ key, type: 'input' })),
      edges: [],
    });
    await using studio = await browser.open(server, { path: `/workflows/${id}` });
    const { page } = studio;
    await nodeOf(page, 'step_0').waitFor();
    const seen = (await nodeOf(page, 'step_0').boundingBox())!;
    expect(seen.width).toBeGreaterThanOrEqual(0.69 * 224);

    const canvas = async () => (await canvasOf(page).boundingBox())!.width;
    const first = await canvas();
    await page.getByRole('button', { name: 'Expand the palette' }).click();
    expect(await canvas()).toBeLessThan(first);
    await page.getByRole('button', { name: 'Hide the panel' }).click();
    expect(await canvas()).toBeGreaterThan(first);
    const width = await canvas();
    expect(await studio.accessibilityFaults()).toEqual([]);
    await page.reload();
    await nodeOf(page, 'step_0').waitFor();
    expect(await canvas()).toBe(width);
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.getByRole('tabpanel').getByRole('button', { name: 'Run', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Collapse the palette' }).click();
    expect(await canvas()).toBe(first);
    await page.getByRole('button', { name: 'Python', exact: true }).click();
    await nodeOf(page, 'python').waitFor();
  });

  test('of two windows that save the second sees what differs and loses nothing; a version is restored', async () => {
    const id = await weft.createWorkflow(double);
    await using studio = await browser.open(server, { path: `/workflows/${id}` });
    const first = studio.page;
    const second = await studio.context.newPage();
    await second.goto(`/workflows/${id}`);
    for (const page of [first, second]) await nodeOf(page, 'twice').waitFor();
    for (const [page, name] of [
      [first, 'First'],
      [second, 'Second'],
    ] as const) {
      await page.getByLabel('Name').fill(name);
      await page.keyboard.press('Control+s');
      if (page === first) await toast(page, 'Saved as version 2.');
    }
    const conflict = second.getByRole('heading', { name: 'Somebody has saved this workflow meanwhile' });
    await conflict.waitFor();
    await second.getByText('changed: name').waitFor();
    await second.getByRole('button', { name: 'Go on editing' }).click();
    expect(await second.getByLabel('Name').inputValue()).toBe('Second');
    await second.keyboard.press('Control+s');
    await conflict.waitFor();
    await second.getByRole('button', { name: 'Save mine over it' }).click();
    await toast(second, 'Saved as version 3.');

    await first.getByLabel('Name').fill('First again');
    await first.keyboard.press('Control+s');
    await first.getByRole('button', { name: 'Take theirs' }).click();
    await first.getByRole('heading', { name: 'Second', exact: true }).waitFor();
    expect(await first.getByText('Unsaved').count()).toBe(0);

    await second.getByRole('button', { name: 'Versions' }).click();
    await second.getByText('Version 3 is what is in the editor.').waitFor();
    expect(await second.getByRole('button', { name: /^Restore/ }).count()).toBe(0);
    await second.getByRole('button', { name: /Version 1/ }).click();
    await second.getByText('changed: name').waitFor();
    await second.getByRole('button', { name: 'Restore version 1' }).click();
    await second.getByRole('heading', { name: 'Double', exact: true }).waitFor();
    await second.keyboard.press('Control+s');
    await toast(second, 'Saved as version 4.');
  });

  test('a server that is gone stops no editing: saving says so, keeps the draft, and goes through later', async () => {
    const id = await weft.createWorkflow(double);
    await using studio = await browser.open(server, {
      path: `/workflows/${id}`,
      allow: [/ERR_INTERNET_DISCONNECTED/],
    });
    const { page } = studio;
    await nodeOf(page, 'twice').waitFor();
    await studio.context.setOffline(true);
    await page.getByLabel('Name').fill('Offline');
    await page.keyboard.press('Control+s');
    await page.getByText('Not saved: the server cannot be reached').waitFor();
    const draft = await page.evaluate<string>(`localStorage.getItem('weft.draft.${id}')`);
    expect(JSON.parse(draft)).toMatchObject({ baseVersion: 1, document: { name: 'Offline' } });
    await studio.context.setOffline(false);
    await page.getByRole('button', { name: 'Try again' }).click();
    await toast(page, 'Saved as version 2.');
  });

  test('types that change under an open editor, as by an upgrade of the server, are said and used', async () => {
    const id = await weft.createWorkflow(double);
    await using studio = await browser.open(server, {
      path: `/workflows/${id}`,
      allow: [/ERR_INTERNET_DISCONNECTED/],
    });
    const { page, context } = studio;
    await nodeOf(page, 'twice').waitFor();
    await context.setOffline(true);
    await page.getByLabel('Name').fill('Offline');
    await page.keyboard.press('Control+s');
    await page.getByText('Not saved: the server cannot be reached').waitFor();
    await page.route('**/graphql', async (route) => {
      const answer = await route.fetch();
      await route.fulfill({
        response: answer,
        body: (await answer.text()).replaceAll('"label":"Python"', '"label":"Snake"'),
      });
    });
    await context.setOffline(false);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('The types of nodes have changed on the server').waitFor();
    await page.getByText('The editor uses the new ones: python.').waitFor();
    await page.getByRole('button', { name: 'Snake', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Understood' }).click();
    await page.getByText('The types of nodes have changed').waitFor({ state: 'detached' });
    await nodeOf(page, 'twice').waitFor();
    // Lists that are still being read again would be answered in vain when the page is closed.
    await page.unrouteAll({ behavior: 'ignoreErrors' });
  });

  test('a type that the server does not know, a name with script and a line of code are each shown', async () => {
    const id = await weft.createWorkflow({
      ...double,
      name: '<img src=x onerror=alert(1)>',
      nodes: double.nodes.map((node) => (node.key === 'twice' ? { ...node, name: '<b>Twice</b>' } : node)),
    });
    await using studio = await browser.open(server, { path: `/workflows/${id}?node=twice&line=2` });
    const { page } = studio;
    await page.getByRole('heading', { name: '<img src=x onerror=alert(1)>' }).waitFor();
    await nodeOf(page, 'twice').getByText('<b>Twice</b>').waitFor();
    await page.locator('.cm-focused .cm-activeLine').getByText('result = input_data * 2').waitFor();
    await canvasOf(page).focus();
    await page.evaluate(
      `(${pasteText})(${JSON.stringify(JSON.stringify({ nodes: [{ key: 'odd', type: 'mystery', config: { a: 1 } }] }))})`,
    );
    await nodeOf(page, 'odd').getByText('not a type of this server').waitFor();
    await page.getByText('This server does not know nodes of type “mystery”').waitFor();
    await page.goto('/workflows/wf_00000000-0000-7000-8000-000000000000').catch(() => {});
    await page.getByText('There is no such workflow').waitFor();
  });

  test.each(['light', 'dark'] as const)(
    'axe finds nothing serious in %s, and it fits on a phone',
    async (theme) => {
      const id = await weft.createWorkflow(double);
      await using studio = await browser.open(server, { path: `/workflows/${id}`, theme });
      await nodeOf(studio.page, 'twice').click();
      await studio.page.locator('.cm-content').first().waitFor();
      await studio.screenshot(`editor-${theme}`);
      expect(await studio.accessibilityFaults()).toEqual([]);
      await studio.page.setViewportSize({ width: 360, height: 740 });
      await studio.screenshot(`editor-${theme}-360`);
      expect(await studio.page.evaluate('document.documentElement.scrollWidth')).toBe(360);
      expect(await studio.accessibilityFaults()).toEqual([]);
    },
  );
});

const placed = <T>(node: T, index: number) => ({ ...node, position: { x: index * 300, y: index * 90 } });

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** From the middle of one to the middle of the other, in steps as a hand does it. */
async function drag(page: Page, from: Locator, to: Locator): Promise<void> {
  const middleOf = async (place: Locator) => {
    // A handle's element has no size: what is seen of it is drawn around it.
    const { x, y, width, height } = await place.evaluate((element) =>
      (element as unknown as { getBoundingClientRect(): Box }).getBoundingClientRect(),
    );
    return [x + width / 2, y + height / 2] as const;
  };
  await from.waitFor({ state: 'attached' });
  await canvasStands(page);
  const [begin, end] = [await middleOf(from), await middleOf(to)];
  await page.mouse.move(...begin);
  await page.mouse.down();
  await page.mouse.move(...end, { steps: 8 });
  await page.mouse.up();
}

/** In the page: a paste as the browser makes one. */
const pasteText = `(text) => {
  const data = new DataTransfer();
  data.setData('text/plain', text);
  document.activeElement.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
}`;
