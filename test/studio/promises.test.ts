import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { eventually } from '../support/eventually.ts';
import {
  hasChromium,
  holds,
  isDrawn,
  launchStudioBrowser,
  type StudioBrowser,
} from '../support/studio-browser.ts';
import { createDatabase } from '../support/test-postgres.ts';
import { WeftClient } from '../support/weft-client.ts';
import { startWeft, type WeftServer } from '../support/weft-server.ts';

/** Skipped, and counted as skipped, where there is no Chromium. */
const inBrowser = hasChromium ? describe : describe.skip;

inBrowser('every page', () => {
  const opened = new AsyncDisposableStack();
  let server: WeftServer;
  let weft: WeftClient;
  let browser: StudioBrowser;
  let workflowId: string;
  let runId: string;
  let failedId: string;
  let refusedId: string;
  beforeAll(async () => {
    const { url: databaseUrl } = opened.use(await createDatabase());
    server = opened.use(await startWeft({ databaseUrl }));
    weft = opened.use(new WeftClient(server.url));
    browser = opened.use(await launchStudioBrowser());
    const nodes = (code: string) => [{ key: 'work', type: 'python', config: { code } }];
    workflowId = await weft.createWorkflow({
      name: 'Promised',
      nodes: nodes('print("done")\nresult = [1, 2]'),
    });
    const failing = await weft.createWorkflow({
      name: 'Broken promise',
      nodes: nodes('print("so far")\n1 / 0'),
    });
    const refused = await weft.createWorkflow({
      name: 'Refused promise',
      nodes: nodes('open("/etc/hostname", chr(119))'),
    });
    [runId, failedId, refusedId] = [
      await weft.start(workflowId),
      await weft.start(failing),
      await weft.start(refused),
    ];
    for (const id of [runId, failedId, refusedId]) await weft.allEvents(id);
  });
  afterAll(async () => await opened.disposeAsync());

  const paths = () => [
    '/workflows',
    `/workflows/${workflowId}`,
    '/runs',
    `/runs/${runId}`,
    `/runs/${failedId}`,
    `/runs/${refusedId}?tab=findings`,
    '/approvals',
    '/environments',
    '/security',
    '/access',
    '/server',
  ];

  test('sends nothing while nothing happens: no polling, not a frame', async () => {
    await using studio = await browser.open(server);
    const { page } = studio;
    await page.clock.install();
    const traffic = await watchTraffic(page);
    const { sent } = traffic;
    for (const path of paths()) {
      const before = studio.subscriptions.length;
      await page.goto(path);
      await isDrawn(page);
      await studio.follows('ExecutionSummaryUpdates', before);
      await page.waitForLoadState('networkidle');
      await settle(page, traffic);
      sent.length = 0;
      await passTwoMinutes(page, traffic);
      expect({ path, sent }).toEqual({ path, sent: [] });
    }
  });

  test('sends nothing after the end of a run that it has followed', async () => {
    const slow = await weft.createWorkflow({
      name: 'Followed',
      nodes: [
        {
          key: 'wait',
          type: 'python',
          config: { code: 'import time\ntime.sleep(250)', timeoutMs: 300_000 },
        },
      ],
    });
    const id = await weft.start(slow);
    await using studio = await browser.open(server);
    const { page } = studio;
    await page.clock.install();
    await page.goto(`/runs/${id}`);
    await page.getByText('Running').first().waitFor();
    await weft.cancel(id, 'FORCE');
    await page.getByText('Canceled').first().waitFor();
    const traffic = await watchTraffic(page);
    await settle(page, traffic);
    traffic.sent.length = 0;
    await passTwoMinutes(page, traffic);
    expect(traffic.sent).toEqual([]);
  });

  test('shares one WebSocket with all others of its window, and nothing comes from another host', async () => {
    await using studio = await browser.open(server);
    const { page } = studio;
    for (const label of ['Runs', 'Environments', 'Security', 'Server', 'Workflows']) {
      await page.getByRole('link', { name: label, exact: true }).click();
      await page.getByRole('heading', { name: label, level: 1 }).waitFor();
    }
    await page.getByRole('link', { name: 'Promised' }).click();
    await page.waitForURL(`**/workflows/${workflowId}`);
    await page.goBack();
    await page.getByRole('row').filter({ hasText: 'Promised' }).getByText('Succeeded').click();
    await page.waitForURL(`**/runs/${runId}`);
    await page.locator('h1').waitFor();
    await page.waitForLoadState('networkidle');
    expect(studio.sockets).toHaveLength(1);
  });

  test('is readable for everybody in both themes, has a title, and nothing moves where that is not wanted; draws as code what stands between backticks, and has no empty strip beside what fills the window', async () => {
    await using studio = await browser.open(server, { isAnimated: false });
    const { page } = studio;
    const drawn: string[] = [];
    const withCode = ['/runs', `/runs/${refusedId}?tab=findings`, '/security'];
    for (const path of paths()) {
      await page.goto(path);
      await isDrawn(page);
      expect({ path, title: await page.title() }).toEqual({
        path,
        title: expect.stringMatching(/^.+ · Weft$/),
      });
      expect({ path, moving: await page.evaluate(movingAnimations) }).toEqual({ path, moving: [] });
      for (const theme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme: theme });
        await holds(page, 'document.getAnimations().length === 0');
        expect({ path, theme, faults: await studio.accessibilityFaults() }).toEqual({
          path,
          theme,
          faults: [],
        });
      }
      if (path === '/security' || path === '/runs') await page.getByText('is blocked').first().waitFor();
      const text = await page.evaluate<string>('document.querySelector("main").innerText');
      expect({ path, backticks: text.split('\n').filter((line) => line.includes('`')) }).toEqual({
        path,
        backticks: [],
      });
      if (withCode.includes(path))
        await page.locator('main .weft-code-text').first().waitFor({ state: 'attached' });
      if (await page.locator('main .weft-code-text').count()) drawn.push(path);
      if (!(await page.locator('main > .weft-page--column').count()))
        expect({ path, strip: await page.evaluate(emptyStrip) }).toEqual({ path, strip: 0 });
    }
    expect(drawn).toEqual(expect.arrayContaining(withCode));
  });

  test('is readable on a phone', async () => {
    await using phone = await browser.open(server, { viewport: { width: 360, height: 740 } });
    const { page } = phone;
    for (const path of paths()) {
      await page.goto(path);
      await isDrawn(page);
      if (path.endsWith(failedId)) await page.getByText('division by zero').first().waitFor();
      const width = await page.evaluate('document.documentElement.scrollWidth');
      expect({ path, width }).toEqual({ path, width: 360 });
      expect({ path, faults: await phone.accessibilityFaults() }).toEqual({ path, faults: [] });
    }
  });
});

/** On the page's clock. */
async function passTwoMinutes(page: Page, traffic: Traffic): Promise<void> {
  for (let step = 0; step < 12; step++) await passTenSeconds(page, traffic);
}

/** With all answers after them: a WebSocket without a pong within its time would be taken for lost. */
async function passTenSeconds(page: Page, traffic: Traffic): Promise<void> {
  await page.clock.runFor(10_000);
  await page.request.get('/healthz');
  await eventually('all that was sent is answered', () => traffic.unanswered.size === 0);
  await page.evaluate('1'); // what has come meanwhile is handled
}

/**
 * Until all is sent that the page sends once: some of it a moment after it is drawn, such as the check of a workflow. What
 * is sent again and again does not end by this.
 */
async function settle(page: Page, traffic: Traffic): Promise<void> {
  traffic.unanswered.clear(); // of a page that was left no answer is told
  for (let round = 0; round < 3; round++) {
    const before = traffic.sent.length;
    await passTenSeconds(page, traffic);
    if (traffic.sent.length === before) return;
  }
}

interface Traffic {
  /** All that was sent, a line each; but not the pings by which a WebSocket finds out that it is lost. */
  sent: string[];
  /** Requests and pings on their way. */
  unanswered: Set<string>;
}

/** What the page sends from now on. */
async function watchTraffic(page: Page): Promise<Traffic> {
  const sent: string[] = [];
  const unanswered = new Set<string>();
  const session = await page.context().newCDPSession(page);
  session.on('Network.requestWillBeSent', ({ requestId, request }) => {
    sent.push(`${request.method} ${request.url}`);
    unanswered.add(requestId);
  });
  session.on('Network.loadingFinished', ({ requestId }) => unanswered.delete(requestId));
  session.on('Network.loadingFailed', ({ requestId }) => unanswered.delete(requestId));
  session.on('Network.webSocketFrameSent', ({ requestId, response: { payloadData } }) => {
    if (payloadData === '{"type":"ping"}') unanswered.add(`ping ${requestId}`);
    else sent.push(`frame ${payloadData}`);
  });
  session.on('Network.webSocketFrameReceived', ({ requestId, response: { payloadData } }) => {
    if (payloadData === '{"type":"pong"}') unanswered.delete(`ping ${requestId}`);
  });
  session.on('Network.webSocketClosed', ({ requestId }) => unanswered.delete(`ping ${requestId}`));
  await session.send('Network.enable');
  return { sent, unanswered };
}

/** Px beside the page that nothing can use. */
const emptyStrip = `(({ offsetWidth, clientWidth }) => offsetWidth - clientWidth)(document.querySelector('main'))`;

/** Animations and transitions that take longer than a frame. */
const movingAnimations = `document.getAnimations()
  .filter(({ effect, playState }) => playState === 'running' && effect.getComputedTiming().endTime > 17)
  .map((animation) => animation.animationName ?? animation.transitionProperty)`;
