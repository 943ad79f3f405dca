import { accessSync, constants } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import type { AxeResults } from 'axe-core';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { findChromium } from './browser.ts';
import { eventually } from './eventually.ts';

/** Debian's Chromium, launched once for a test file. */
export interface StudioBrowser extends AsyncDisposable {
  /** Opens the console of a server in a profile of its own. */
  open(server: { url: string }, options?: StudioOptions): Promise<Studio>;
}

export interface StudioOptions {
  /** The address to open; `/` unless given. */
  path?: string;
  theme?: 'light' | 'dark';
  /** 1280 × 800 unless given. */
  viewport?: { width: number; height: number };
  /**
   * Whether things move, as they do unless somebody asks them not to. What moves is drawn sixty times a second without
   * a graphics card, so by default nothing does.
   */
  isAnimated?: boolean;
  /** Complaints that the test provokes, such as of a server that is gone. */
  allow?: readonly RegExp[];
}

/**
 * One profile with the console in it. Disposing it fails where any of its pages had an uncaught error, an error in the
 * console (refusals by the content security policy are such), or a request to another host.
 */
export interface Studio extends AsyncDisposable {
  page: Page;
  /** Another window of the same profile: `context.newPage()`. */
  context: BrowserContext;
  /** Everything that would fail it so far. */
  readonly complaints: readonly string[];
  /** URLs of the WebSockets that were opened so far. */
  readonly sockets: readonly string[];
  /** Names of what its pages have subscribed to so far. */
  readonly subscriptions: readonly string[];
  /**
   * Waits until a page has subscribed to what has this name, as one after so many others. What it reads comes by another
   * way and may be there before: of a change between the two it would never hear.
   */
  follows(subscription: string, after?: number): Promise<void>;
  /** Saves a PNG into the folder that WEFT_SCREENSHOTS names; without one it does nothing. */
  screenshot(name: string): Promise<void>;
  /** What axe finds that is serious or critical, a line each. */
  accessibilityFaults(): Promise<string[]>;
}

/** Whether there is a Chromium; without one, tests in it are skipped and counted as skipped. */
export const hasChromium = findChromium() !== undefined;

export async function launchStudioBrowser(): Promise<StudioBrowser> {
  const browser = await chromium.launch({
    executablePath: chromiumPath(),
    args: ['--no-sandbox', '--disable-quic'],
  });
  return {
    open: async (server, options = {}) => {
      const context = await browser.newContext({
        baseURL: new URL('/', server.url).href,
        viewport: options.viewport ?? { width: 1280, height: 800 },
        colorScheme: options.theme ?? 'light',
        reducedMotion: options.isAnimated ? 'no-preference' : 'reduce',
      });
      return await openStudio(context, options);
    },
    [Symbol.asyncDispose]: () => browser.close(),
  };
}

/** Waits until an expression is true in the page. Not Playwright's way, which the content security policy forbids. */
export async function holds(page: Page, expression: string): Promise<void> {
  await eventually(`in the page: ${expression}`, () => page.evaluate<boolean>(expression));
}

/** Waits until the page stands: it has its heading, and nothing in it stands for what is still to come. */
export async function isDrawn(page: Page): Promise<void> {
  await page.locator('h1').first().waitFor();
  await holds(page, 'document.querySelector(".weft-skeleton") === null');
}

/** The absolute path of Debian's Chromium. @throws Error where there is none */
export function chromiumPath(): string {
  return pathOf(findChromium() ?? 'chromium');
}

async function openStudio(
  context: BrowserContext,
  { path = '/', allow = [] }: StudioOptions,
): Promise<Studio> {
  const complaints: string[] = [];
  const sockets: string[] = [];
  const subscriptions: string[] = [];
  // A run that installs packages, or begins on a machine that has much to do, takes its time.
  context.setDefaultTimeout(60_000);
  const complain = (complaint: string) => {
    if (!allow.some((pattern) => pattern.test(complaint))) complaints.push(complaint);
  };
  context.on('weberror', (error) => complain(`uncaught: ${error.error().stack}`));
  context.on('console', (message) => {
    if (message.type() === 'error') complain(`console: ${message.text()} (${message.location().url})`);
  });
  context.on('page', (page) => {
    const isForeign = (url: string) =>
      /^(https?|wss?):/.test(url) && new URL(url).hostname !== new URL(page.url()).hostname;
    page.on('request', (request) => {
      if (!request.isNavigationRequest() && isForeign(request.url())) complain(`foreign: ${request.url()}`);
    });
    page.on('websocket', (socket) => {
      sockets.push(socket.url());
      if (isForeign(socket.url())) complain(`foreign: ${socket.url()}`);
      socket.on('framesent', ({ payload }) => {
        const name = /"query":"subscription (\w+)/.exec(String(payload))?.[1];
        if (name !== undefined) subscriptions.push(name);
      });
    });
  });
  const page = await context.newPage();
  await page.goto(path);
  return {
    page,
    context,
    complaints,
    sockets,
    subscriptions,
    follows: (subscription, after = 0) =>
      eventually(`a page follows ${subscription}`, () => subscriptions.includes(subscription, after)),
    screenshot: (name) => screenshot(page, name),
    accessibilityFaults: () => accessibilityFaults(page),
    async [Symbol.asyncDispose]() {
      await context.close();
      if (complaints.length > 0) throw new Error(`The console complained:\n${complaints.join('\n')}`);
    },
  };
}

async function screenshot(page: Page, name: string): Promise<void> {
  const folder = process.env.WEFT_SCREENSHOTS;
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled' });
}

const require = createRequire(import.meta.url);

const FADED_IN = `Promise.all(document.getAnimations()
  .filter((each) => each.effect.getComputedTiming().iterations !== Infinity)
  .map((each) => each.finished.catch(() => {})))`;

async function accessibilityFaults(page: Page): Promise<string[]> {
  if (!(await page.evaluate<boolean>('"axe" in window')))
    await page.evaluate(await readFile(require.resolve('axe-core/axe.min.js'), 'utf8'));
  // What fades in has no contrast yet.
  await page.evaluate(FADED_IN);
  // In the page: all that axe has passed takes longer to send than to find.
  const found = await page.evaluate<AxeResults['violations']>(
    'axe.run({ resultTypes: ["violations"] }).then(({ violations }) => violations)',
  );
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}

function pathOf(command: string): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const found = folders.map((folder) => join(folder, command)).find(isExecutable);
  if (found === undefined) throw new Error(`Expected ${command} on the PATH, found none.`);
  return found;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
