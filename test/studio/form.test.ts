import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { eventually } from '../support/eventually.ts';
import {
  hasChromium,
  launchStudioBrowser,
  type Studio,
  type StudioBrowser,
} from '../support/studio-browser.ts';
import { openStudioPage, type StudioPage } from '../support/studio-page.ts';
import { openTestIndex } from '../support/test-index.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

const opened = new AsyncDisposableStack();
let page: StudioPage;
let server: WeftServer;
let browser: StudioBrowser;
beforeAll(async () => {
  if (!hasChromium) return;
  page = opened.use(await openStudioPage('test/studio/form'));
  const index = opened.use(await openTestIndex({ name: 'tiny-tools', version: '1.0' }));
  const { url: databaseUrl } = opened.use(await createDatabase());
  const env = {
    WEFT_ALLOWED_ORIGINS: new URL(page.url).origin,
    PYTHON_INDEX_URL: index.url,
    PYTHON_ALLOWED_PACKAGES: 'tiny-tools, pandas, scikit-learn, opencv-python-headless',
  };
  server = opened.use(await startWeft({ databaseUrl, env }));
  browser = opened.use(await launchStudioBrowser());
});
afterAll(async () => await opened.disposeAsync());

/** Skipped, and counted as skipped, where there is no Chromium. */
const inBrowser = hasChromium ? describe : describe.skip;

const python = { key: 'report', type: 'python', config: { code: 'result = input_data\n' } };
const data = {
  input: { user: { name: 'Ada', age: 36 }, rows: [{ price: 3 }, { price: 4 }], country: 'NO' },
  nodes: { fetch: { output: { total: 3 } } },
};

inBrowser('the form of a node', () => {
  test('code: findings are underlined with what to write instead, reached by F8, and go once mended', async () => {
    await using studio = await open(python);
    const code = editorOf(studio.page, 'Code');
    await code.click();
    await write(studio.page, 'import os\nresult = os.getcwd()\n');
    const finding = code.locator('.cm-lintRange-error').first();
    await finding.waitFor();
    expect(await finding.textContent()).toBe('import os');
    await studio.page.keyboard.press('F8');
    await studio.page.keyboard.press('F8');
    const tooltip = studio.page.locator('.cm-tooltip-lint').filter({ hasText: /pathlib.*blocked-module/ });
    // It closes where the code is checked once more, as when the server's findings in the workflow come late.
    await eventually('the finding is told to whoever points at it', async () => {
      await finding.hover();
      return await tooltip.waitFor({ timeout: 2_000 }).then(
        () => true,
        () => false,
      );
    });
    await studio.screenshot('form-code-finding');
    expect(await studio.accessibilityFaults()).toEqual([]);

    await write(studio.page, 'from pathlib import Path\nresult = Path("a").name\n');
    await finding.waitFor({ state: 'detached' });
    await expectNode(studio.page, {
      config: { code: 'from pathlib import Path\nresult = Path("a").name\n' },
    });
  });

  test('code: what a node has is completed, with the keys that its input had in the last run', async () => {
    await using studio = await open(python, { data });
    const code = editorOf(studio.page, 'Code');
    await code.click();
    await write(studio.page, 'result = inp');
    await choose(studio.page, 'input_data');
    await expectNode(studio.page, { config: { code: 'result = input_data' } });
    await studio.page.keyboard.type('["');
    await choose(studio.page, 'user');
    await expectNode(studio.page, { config: { code: 'result = input_data["user"]' } });
    await studio.page.keyboard.type('["');
    const option = studio.page.locator('.cm-tooltip-autocomplete li', { hasText: 'name' });
    await option.waitFor();
    expect(await option.textContent()).toContain('Ada');
    await studio.screenshot('form-completion');
    await choose(studio.page, 'name');
    await expectNode(studio.page, { config: { code: 'result = input_data["user"]["name"]' } });
  });

  test('code: Tab indents, and leaves the editor after Escape', async () => {
    await using studio = await open(python);
    const code = editorOf(studio.page, 'Code');
    await code.focus();
    await write(studio.page, 'if input_data:\n');
    await studio.page.keyboard.press('Tab');
    await studio.page.keyboard.type('result = 1');
    await expectNode(studio.page, {
      config: { code: expect.stringMatching(/^if input_data:\n +result = 1/) },
    });
    await studio.page.keyboard.press('Escape'); // closes the completions, where there are any
    await studio.page.keyboard.press('Escape');
    await studio.page.keyboard.press('Tab');
    expect(await focused(studio.page)).not.toContain('cm-content');
  });

  test('code: is made large and small again by Escape, and stays the same text with the same history', async () => {
    await using studio = await open(python);
    const code = editorOf(studio.page, 'Code');
    await code.click();
    await write(studio.page, 'result = 1');
    await studio.page.getByRole('button', { name: 'Enlarge Code' }).click();
    const large = studio.page.getByRole('dialog', { name: 'Code' });
    await large.locator('.cm-focused').waitFor();
    expect((await large.locator('.cm-editor').boundingBox())!.width).toBeGreaterThan(1_000);
    await studio.page.keyboard.press('ControlOrMeta+End');
    await studio.page.keyboard.type(' + 1');
    await expectNode(studio.page, { config: { code: 'result = 1 + 1' } });
    await studio.screenshot('form-code-large');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await studio.page.keyboard.press('Escape'); // closes the completions, where there are any
    if (await large.isVisible()) await studio.page.keyboard.press('Escape');
    await large.waitFor({ state: 'detached' });
    await studio.page.locator('.weft-form .cm-focused').waitFor();
    await studio.page.keyboard.type(' + 2');
    await expectNode(studio.page, { config: { code: 'result = 1 + 1 + 2' } });
    await studio.page.keyboard.press('ControlOrMeta+z');
    await studio.page.keyboard.press('ControlOrMeta+z');
    await expectNode(studio.page, { config: { code: expect.not.stringContaining('2') } });
  });

  test('packages: each line is judged as it is typed, one is mended, proposed and prepared', async () => {
    await using studio = await open({ ...python, config: { code: 'import cv2, json\nimport tiny_tools\n' } });
    const packages = studio.page.getByRole('textbox', { name: 'Packages' });
    await packages.fill('tiny-tools\npandsa\nscikit-learn ==');
    const faults = studio.page.locator('.weft-lines .weft-problem');
    await faults.nth(1).waitFor();
    expect(await faults.allTextContents()).toEqual([
      expect.stringMatching(/^Line 2: pandsa is not among the packages allowed.*Did you mean pandas\?/),
      expect.stringMatching(/^Line 3: Expected versions such as >=2/),
    ]);
    expect(await packages.getAttribute('aria-invalid')).toBe('true');
    await studio.screenshot('form-packages');
    expect(await studio.accessibilityFaults()).toEqual([]);

    await studio.page.getByRole('button', { name: 'Use pandas' }).click();
    await faults.nth(1).waitFor({ state: 'detached' });
    await packages.fill('');
    await studio.page.getByRole('button', { name: 'Add opencv-python-headless' }).waitFor();
    await studio.page.getByRole('button', { name: 'Add tiny-tools' }).click();
    await expectNode(studio.page, { config: { packages: ['tiny-tools'] } });
    await studio.page.getByRole('button', { name: 'Prepare now' }).click();
    await studio.page.getByText(/Installed: 1 package · .*B · /).waitFor();
    await studio.screenshot('form-packages-ready');
  });

  test('numbers: bounds are said and kept, and a timeout is in seconds', async () => {
    await using studio = await open(python);
    const timeout = studio.page.getByRole('spinbutton', { name: 'Timeout' });
    expect(await timeout.getAttribute('placeholder')).toBe('30');
    await studio.page.getByText('1 to 300 seconds').waitFor();
    await timeout.fill('45');
    await expectNode(studio.page, { config: { timeoutMs: 45_000 } });
    await timeout.fill('301');
    await studio.page.getByText('Expected 1 to 300 seconds').waitFor();
    expect(await timeout.getAttribute('aria-invalid')).toBe('true');
    await expectNode(studio.page, { config: { timeoutMs: 45_000 } });
    await timeout.blur();
    expect(await timeout.inputValue()).toBe('300');
    await expectNode(studio.page, { config: { timeoutMs: 300_000 } });
    await timeout.press('ArrowDown');
    await expectNode(studio.page, { config: { timeoutMs: 299_000 } });
    await timeout.fill('');
    await timeout.blur();
    expect((await nodeOf(studio.page)).config).not.toHaveProperty('timeoutMs');
    const memory = studio.page.getByRole('spinbutton', { name: 'Memory' });
    await memory.fill('8');
    await memory.blur();
    await expectNode(studio.page, { config: { memoryMb: 32 } });
  });

  test('expressions: the value over the last run shows as it is typed, and one without end is given up', async () => {
    await using studio = await open({ key: 'sum', type: 'transform', config: {} }, { data });
    const expression = studio.page.getByRole('textbox', { name: 'Expression' });
    const field = studio.page.locator('.weft-form-field').filter({ has: expression });
    await field.getByText('Expression is needed.').waitFor();
    const preview = studio.page.locator('.weft-preview');
    await expression.fill('$sum(input.rows.price)');
    await preview.getByText('7', { exact: true }).waitFor();
    await expression.fill('input.nothing');
    await preview.getByText(/Finds nothing/).waitFor();
    await expression.fill('$sum(input.rows.(');
    await preview.getByText(/at character/).waitFor();
    await expression.fill('($f := function($n) { $f($n) }; $f(1))');
    await preview.getByText(/infinite loop|takes too long/).waitFor();
    await expression.fill('{ "people": [input.user], "fetched": nodes.fetch.output.total }');
    await preview.getByText(/"fetched": 3/).waitFor();
    await studio.screenshot('form-expression');
    expect(await studio.accessibilityFaults()).toEqual([]);

    // Of a node with a list: over its first item.
    const forEach = { items: '[input.rows.{ "price": price, "to": $input.country }]' };
    await mount(studio.page, { key: 'each', type: 'transform', config: {}, forEach }, { data });
    await preview.getByText(/a list of 2/).waitFor();
    await expression.fill('item.to & index & nodeInput.country & input.price');
    await preview.getByText('"NO0NO3"', { exact: true }).waitFor();
  });

  test('cases: are added, moved and removed by keyboard alone', async () => {
    await using studio = await open(
      {
        key: 'route',
        type: 'switch',
        config: { cases: [{ handle: 'north', when: 'input.country = "NO"' }] },
      },
      { data },
    );
    const { keyboard } = studio.page;
    await studio.page.getByRole('button', { name: 'Add case' }).focus();
    await keyboard.press('Enter');
    await keyboard.press('ControlOrMeta+a');
    await keyboard.type('south');
    await tabTo(studio.page, 'Condition of case 2');
    await keyboard.type('input.country = "IT"');
    await studio.page.locator('.weft-preview').getByText('false').waitFor();
    await keyboard.press('Alt+ArrowUp');
    expect(await focused(studio.page)).toContain('Condition of case 1');
    await expectNode(studio.page, { config: { cases: [{ handle: 'south' }, { handle: 'north' }] } });
    await studio.screenshot('form-cases');
    expect(await studio.accessibilityFaults()).toEqual([]);
    await studio.page.getByRole('button', { name: 'Remove case 2' }).focus();
    await keyboard.press('Enter');
    expect(await focused(studio.page)).toContain('Handle of case 1');
    await expectNode(studio.page, { config: { cases: [{ handle: 'south' }] } });
  });

  test('what the server finds stands at its field; JSON and templates are typed as they are', async () => {
    await using studio = await open({
      key: 'end',
      type: 'output',
      config: { value: { a: 1 }, colour: 'red' },
    });
    await studio.page.getByText(/There is no field colour here/).waitFor();
    const value = editorOf(studio.page, 'Value');
    await value.click();
    await write(studio.page, '{{ input.total }}');
    await expectNode(studio.page, { config: { value: '{{ input.total }}', colour: 'red' } });
    await studio.page.keyboard.press('ControlOrMeta+End');
    await studio.page.keyboard.type(' and');
    await studio.page.getByText(/Not JSON yet/).waitFor();
    await expectNode(studio.page, { config: { value: '{{ input.total }}' } });
    await write(studio.page, '{{ input.total + }}');
    const problem = studio.page.locator('.weft-problem--error', { hasText: 'at character' });
    await problem.waitFor();
    const list = await problem.locator('xpath=..').getAttribute('id');
    await value.and(studio.page.locator(`[aria-describedby~="${list}"]`)).waitFor();
  });

  test('retry, forEach and errors are said in words', async () => {
    await using studio = await open(python, { data });
    await studio.page.getByText('When it fails, the run fails.').waitFor();
    await studio.page.getByLabel('Try again when it fails').check();
    await studio.page.getByText('Tries up to 3 times: waits 1 s, then 2 s.').waitFor();
    const attempts = studio.page.getByRole('spinbutton', { name: 'Attempts in all' });
    await attempts.fill('5');
    await studio.page.getByText('Tries up to 5 times: waits 1 s, then 2 s, 4 s, 8 s.').waitFor();
    await studio.page.getByLabel('Only after these errors').fill('PYTHON_TIMEOUT, x y');
    await studio.page
      .getByText(/Expected the code of an error/)
      .first()
      .waitFor();
    await studio.page.getByLabel('Only after these errors').fill('PYTHON_TIMEOUT');
    await studio.page.getByText('Only after PYTHON_TIMEOUT.').waitFor();
    await studio.page.getByLabel('Run once for each item of a list').check();
    await studio.page.getByLabel('List required').fill('input.rows');
    await studio.page.getByText(/a list of 2/).waitFor();
    await expectNode(studio.page, {
      retry: { maxAttempts: 5, retryOn: ['PYTHON_TIMEOUT'] },
      forEach: { items: 'input.rows', concurrency: 10 },
    });
    await studio.page.getByLabel('When an item fails').selectOption('Its error is in the list');
    await expectNode(studio.page, {
      forEach: { items: 'input.rows', concurrency: 10, onItemError: 'COLLECT' },
    });
    const key = studio.page.getByLabel('Key');
    await key.fill('a key');
    await studio.page.getByText(/Expected 1 to 64 letters/).waitFor();
    await key.fill('renamed');
    await key.press('Enter');
    await expectNode(studio.page, { key: 'renamed' });
    await studio.screenshot('form-settings');
  });

  test('bad data is shown and kept: an unknown type, values of another kind, a configuration that is no object', async () => {
    const unknown = { key: 'mail', type: 'send-mail', config: { to: '<script>alert(1)</script>' } };
    await using studio = await open(unknown, {}, { allow: [/Invalid schema/] });
    await studio.page.getByText('This server does not know nodes of type “send-mail”').waitFor();
    await studio.page.getByText('<script>alert(1)</script>').waitFor();
    expect(await studio.page.getByRole('textbox').count()).toBe(0);
    await studio.screenshot('form-unknown');

    const odd = { ...python, config: { code: 42, packages: 'pandas', timeoutMs: { a: 1 }, more: [1] } };
    await mount(studio.page, odd);
    await studio.page
      .getByText(/shown as JSON/)
      .nth(2)
      .waitFor();
    await studio.page.getByRole('spinbutton', { name: 'Memory' }).fill('64');
    await expectNode(studio.page, { config: { ...odd.config, memoryMb: 64 } });

    await mount(studio.page, { ...python, config: ['what'] });
    await studio.page.getByText('The configuration is no object').waitFor();

    const broken = {
      type: 'python',
      label: 'Broken',
      fields: [{ name: 'a' }],
      outputs: [],
      configSchema: 7,
      uiSchema: null,
    };
    await mount(
      studio.page,
      { ...python, config: { a: 1 } },
      { definition: { ...broken, errorHandle: null } },
    );
    await studio.page.getByText('The form of this node type cannot be drawn.').waitFor();
  });

  test('a node type that this console never saw is drawn from its definition', async () => {
    await using studio = await open(
      { key: 'new', type: 'new', config: { keep: 'me' } },
      { definition: newType },
    );
    await studio.page.getByLabel('City').fill('Oslo');
    await studio.page.getByLabel('Mode').selectOption('fast');
    await studio.page.getByLabel('Loud').check();
    await studio.page.getByLabel('Depth').fill('3');
    await studio.page.getByRole('button', { name: 'Add', exact: true }).click();
    await studio.page.locator('.weft-form__item input').fill('first');
    await expectNode(studio.page, {
      config: { keep: 'me', place: { city: 'Oslo' }, mode: 'fast', loud: true, depth: 3, tags: ['first'] },
    });
    await studio.screenshot('form-new-type');
    expect(await studio.accessibilityFaults()).toEqual([]);
  });

  test('is readable in light, dark and at 360 px', async () => {
    const node = {
      ...python,
      config: {
        code: 'import pandas as pd\n\n# What each genre earned.\ntable = pd.DataFrame(input_data["rows"])\nprogress(1, 2, "read")\nresult = {"total": table["price"].sum(), "rows": len(table)}\n',
        packages: ['pandas'],
      },
      retry: { maxAttempts: 3 },
    };
    for (const theme of ['light', 'dark'] as const) {
      await using studio = await open(node, { data }, { theme, viewport: { width: 1280, height: 1300 } });
      await editorOf(studio.page, 'Code').waitFor();
      await studio.page.getByText('Not installed yet').waitFor();
      await studio.screenshot(`form-${theme}`);
      expect(await studio.accessibilityFaults()).toEqual([]);
    }
    await using phone = await open(node, { data }, { viewport: { width: 360, height: 740 } });
    await editorOf(phone.page, 'Code').waitFor();
    expect(await phone.page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    await phone.screenshot('form-360');
  });
});

const newType = {
  type: 'new',
  version: 1,
  label: 'New',
  description: '',
  category: 'data',
  fields: ['place', 'mode', 'loud', 'depth', 'tags'].map((name) => ({ name })),
  inputs: [{ id: 'input', label: 'Input' }],
  outputs: [{ id: 'output', label: 'Output' }],
  errorHandle: null,
  configSchema: {
    type: 'object',
    properties: {
      place: { type: 'object', title: 'Place', properties: { city: { type: 'string', title: 'City' } } },
      mode: { enum: ['slow', 'fast'], title: 'Mode', description: 'How it is done.' },
      loud: { type: 'boolean', title: 'Loud' },
      depth: { type: 'integer', title: 'Depth', minimum: 1, maximum: 5 },
      tags: { type: 'array', title: 'Tags', items: { type: 'string' } },
    },
  },
  uiSchema: { place: { city: { 'ui:options': { weft: 'a-widget-of-the-future' } } } },
};

type Node = { config: Record<string, unknown> };

async function open(node: object, options: object = {}, view: object = {}): Promise<Studio> {
  const studio = await browser.open(page, view);
  await mount(studio.page, node, options);
  return studio;
}

async function mount(at: Page, node: object, options: object = {}): Promise<void> {
  const json = [server.url, node, options].map((each) => JSON.stringify(each)).join(', ');
  await at.evaluate(`mount(${json})`);
  await at.locator('.weft-form').waitFor();
}

async function nodeOf(at: Page): Promise<Node> {
  return await at.evaluate<Node>('node');
}

/** What was typed is reported in the page's own time. */
async function expectNode(at: Page, expected: object): Promise<void> {
  const giveUpAt = Date.now() + 60_000;
  for (;;) {
    const node = await nodeOf(at);
    try {
      return expect(node).toMatchObject(expected);
    } catch (error) {
      if (Date.now() > giveUpAt) throw error;
      await at.evaluate('new Promise(requestAnimationFrame)');
    }
  }
}

function editorOf(at: Page, label: string): Locator {
  return at.locator('.cm-content').and(at.getByLabel(label));
}

/** Instead of all that the editor holds, as a paste does: without closing brackets by itself. */
async function write(at: Page, text: string): Promise<void> {
  await at.keyboard.press('ControlOrMeta+a');
  await at.keyboard.press('Delete');
  await at.keyboard.insertText(text);
}

/**
 * By the mouse, because the list takes no key in its first moments, so that one that was meant for the text chooses
 * nothing. It takes no click either while its source is asked again, so it gets another one until the text has changed.
 */
async function choose(at: Page, label: string): Promise<void> {
  const option = at.locator('.cm-tooltip-autocomplete li', { hasText: label });
  await option.first().waitFor();
  const text = () => at.evaluate<string>('document.activeElement.textContent');
  const before = await text();
  await eventually(`${label} is chosen`, async () => {
    // Whatever is there at this moment: the list may be drawn anew, elsewhere.
    await at.evaluate(mousedownOn(label));
    return (await text()) !== before;
  });
}

const mousedownOn = (label: string) => `
  [...document.querySelectorAll('.cm-tooltip-autocomplete li')]
    .find((each) => each.textContent.includes(${JSON.stringify(label)}))
    ?.dispatchEvent(new MouseEvent('mousedown', { bubbles: true, cancelable: true }))`;

async function tabTo(at: Page, label: string): Promise<void> {
  for (let presses = 0; presses < 10; presses++) {
    if ((await focused(at)).includes(label)) return;
    await at.keyboard.press('Tab');
  }
  throw new Error(`Expected Tab to come to ${label}, got to ${await focused(at)}.`);
}

async function focused(at: Page): Promise<string> {
  return await at.evaluate<string>('document.activeElement.outerHTML.slice(0, 600)');
}
