import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';

/** What the tests need of the DevTools protocol, without a dependency for it. */
export interface Page extends AsyncDisposable {
  /** Opens another page of the same person: both share one storage. */
  openWindow(url: string): Promise<Page>;
  /** Evaluates an expression in the page; a promise is awaited. */
  evaluate<T>(expression: string): Promise<T>;
  /** Waits until the expression is truthy. */
  waitFor(expression: string): Promise<void>;
  /** Clicks in the middle of the first element of a CSS selector, as a mouse does. */
  click(selector: string): Promise<void>;
  /** Presses Ctrl-Enter in whatever has the focus. */
  pressCtrlEnter(): Promise<void>;
  /** URLs that the page requested so far. */
  requested: string[];
  /** Errors and refusals in the page's console so far. */
  complaints: string[];
  /** PNG. */
  screenshot(): Promise<Buffer>;
}

export interface Browser extends AsyncDisposable {
  /** Opens a page of a new person, whose storage is empty. */
  open(url: string): Promise<Page>;
}

const names = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'];

/** The browser on this machine, if there is one. */
export function findChromium(): string | undefined {
  return names.find((name) => spawnSync(name, ['--version']).status === 0);
}

export async function openBrowser(program: string): Promise<Browser> {
  await using opened = new AsyncDisposableStack();
  const profile = await mkdtemp(join(tmpdir(), 'weft-browser-'));
  // Its helpers may write for a moment after it has ended.
  opened.defer(() => rm(profile, { recursive: true, maxRetries: 20 }));
  const child = spawn(program, [...flags, `--user-data-dir=${profile}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true, // a group of its own: Debian's commands are scripts around the browser
  });
  opened.defer(() => end(child));
  const devTools = opened.use(await connect(await devToolsUrl(child)));
  const owned = opened.move();
  return {
    open: async (url) => {
      const { browserContextId } = await devTools.send('Target.createBrowserContext');
      return await openPage(devTools, browserContextId, url);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** It runs as root in CI, where its own sandbox cannot; and it is to reach nothing but the server under test. */
const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--window-size=1400,900',
  '--remote-debugging-port=0',
];

async function devToolsUrl(child: ChildProcess): Promise<string> {
  let output = '';
  for await (const line of createInterface(child.stderr!)) {
    const url = /^DevTools listening on (\S+)$/.exec(line)?.[1];
    if (url !== undefined) return url;
    output += `${line}\n`;
  }
  throw new Error(`The browser ended before it was ready: ${output}`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  process.kill(-child.pid!);
  await once(child, 'exit');
}

async function openPage(devTools: DevTools, browserContextId: string, url: string): Promise<Page> {
  const { targetId } = await devTools.send('Target.createTarget', { url: 'about:blank', browserContextId });
  const { sessionId } = await devTools.send('Target.attachToTarget', { targetId, flatten: true });
  const send = (method: string, params: object = {}) => devTools.send(method, params, sessionId);
  const requested: string[] = [];
  const complaints: string[] = [];
  devTools.listen(sessionId, (method, params) => {
    if (method === 'Network.requestWillBeSent') requested.push(params.request.url);
    if (method === 'Network.webSocketCreated') requested.push(params.url);
    if (method === 'Log.entryAdded' && params.entry.level === 'error') complaints.push(params.entry.text);
    if (method === 'Runtime.exceptionThrown') complaints.push(params.exceptionDetails.exception?.description);
  });
  for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await send(`${domain}.enable`);
  await send('Page.navigate', { url });

  const evaluate = async <T>(expression: string): Promise<T> => {
    const { result, exceptionDetails } = await send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  };
  const waitFor = (expression: string) => evaluate<void>(waiting(expression));
  return {
    openWindow: (other) => openPage(devTools, browserContextId, other),
    evaluate,
    requested,
    complaints,
    waitFor,
    async click(selector) {
      const element = `document.querySelector(${JSON.stringify(selector)})`;
      await waitFor(`${element}?.checkVisibility()`);
      const [x, y] = await evaluate<number[]>(
        `(({ x, y, width, height }) => [x + width / 2, y + height / 2])(${element}.getBoundingClientRect())`,
      );
      const place = { x, y, button: 'left', clickCount: 1 };
      for (const type of ['mousePressed', 'mouseReleased'])
        await send('Input.dispatchMouseEvent', { ...place, type });
    },
    async pressCtrlEnter() {
      const key = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13, modifiers: ctrl };
      for (const type of ['rawKeyDown', 'keyUp']) await send('Input.dispatchKeyEvent', { ...key, type });
    },
    screenshot: async () => Buffer.from((await send('Page.captureScreenshot')).data, 'base64'),
    [Symbol.asyncDispose]: () => devTools.send('Target.closeTarget', { targetId }),
  };
}

/** The bit of the Ctrl key among the protocol's modifiers. */
const ctrl = 2;
const waitMs = 60_000;

function waiting(expression: string): string {
  return `new Promise((resolve, reject) => {
    const giveUpAt = Date.now() + ${waitMs};
    (function look() {
      const value = (() => { try { return ${expression}; } catch { return undefined; } })();
      if (value) resolve();
      else if (Date.now() > giveUpAt) reject(new Error(${JSON.stringify(`Waited in vain for ${expression} in `)} + document.body.innerText));
      else setTimeout(look, 20);
    })();
  })`;
}

// biome-ignore lint/suspicious/noExplicitAny: the protocol's messages are described nowhere here
type Message = any;

interface DevTools extends AsyncDisposable {
  send(method: string, params?: object, sessionId?: string): Promise<Message>;
  listen(sessionId: string, onEvent: (method: string, params: Message) => void): void;
}

async function connect(url: string): Promise<DevTools> {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  const answers = new Map<number, PromiseWithResolvers<Message>>();
  const listeners = new Map<string, (method: string, params: Message) => void>();
  let lastId = 0;
  socket.on('message', (data) => {
    const { id, result, error, method, params, sessionId } = JSON.parse(String(data));
    if (id === undefined) listeners.get(sessionId)?.(method, params);
    else if (error) answers.get(id)?.reject(new Error(error.message));
    else answers.get(id)?.resolve(result);
  });
  return {
    send(method, params = {}, sessionId) {
      const id = ++lastId;
      const answer = Promise.withResolvers<Message>();
      answers.set(id, answer);
      socket.send(JSON.stringify({ id, method, params, sessionId }));
      return answer.promise;
    },
    listen: (sessionId, onEvent) => void listeners.set(sessionId, onEvent),
    async [Symbol.asyncDispose]() {
      socket.terminate();
    },
  };
}
