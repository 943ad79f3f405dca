/**
 * The console's editor with a workflow of 1,000 nodes, panned and edited in Chromium: the longest pause between two
 * frames. The baseline is React Flow alone with 1,000 of its own plain nodes, in the same browser, panned alike.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { screenPlaces } from '../test/support/canvas-places.ts';
import { launchStudioBrowser } from '../test/support/studio-browser.ts';
import { openBenchServer } from './support/bench-server.ts';

const NODES = 1_000;
const WIDE = 25;
const keyOf = (index: number) => `n${index}`;
const nodes = Array.from({ length: NODES }, (_, index) => ({
  key: keyOf(index),
  type: 'transform',
  name: `Step ${index}`,
  config: { expression: 'input' },
  position: { x: (index % WIDE) * 290, y: Math.floor(index / WIDE) * 110 },
}));
const edges = nodes.slice(1).map((_, index) => ({ source: keyOf(index), target: keyOf(index + 1) }));

await using stack = new AsyncDisposableStack();
const { weft } = await openBenchServer(stack);
const id = await weft.createWorkflow({ name: 'Thousand', nodes, edges });
const browser = stack.use(await launchStudioBrowser());

const plain = stack.use(await servePlainFlow());
const bare = stack.use(await browser.open(plain));
await bare.page.locator('.react-flow__node').first().waitFor();
const barePan = await longestFrame(bare.page, () => pan(bare.page));
const bareDrag = await longestFrame(bare.page, () => drag(bare.page, '.react-flow__node'));

const studio = stack.use(await browser.open(weft, { path: `/workflows/${id}` }));
const { page } = studio;
await page.locator('.weft-node').first().waitFor();
const rows = {
  'baseline: React Flow alone, panned': barePan,
  'baseline: React Flow alone, a node dragged': bareDrag,
  'editor, panned': await longestFrame(page, () => pan(page)),
  'editor, panned with all 1,000 in sight': await longestFrame(page, async () => {
    await page.getByRole('button', { name: 'Show all' }).click();
    await pan(page);
  }),
  'editor, a node dragged': await longestFrame(page, () => dragFromAfar(page)),
  'editor, a name typed': await longestFrame(page, () => typeName(page)),
};
console.table(
  Object.entries(rows).map(([what, { longestMs, p99Ms, cpuMs, frames }]) => ({
    what,
    'longest frame, ms': Math.round(longestMs),
    'p99, ms': Math.round(p99Ms),
    'main thread, CPU ms a frame': cpuMs.toFixed(1),
    frames,
  })),
);
console.log(`${NODES} nodes, ${edges.length} edges. Wanted: at most 50 ms panned, 100 ms edited.`);

interface Frames {
  longestMs: number;
  p99Ms: number;
  /** Of the page's main thread: what other work the machine has does not count. */
  cpuMs: number;
  frames: number;
}

async function longestFrame(page: Page, act: () => Promise<void>): Promise<Frames> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const cpuTime = async () => {
    const { metrics } = await devtools.send('Performance.getMetrics');
    return metrics.find(({ name }) => name === 'TaskDuration')!.value;
  };
  await page.evaluate(`
    window.frames_ = [];
    window.recording_ = true;
    (function next(last) {
      requestAnimationFrame((now) => {
        if (last !== undefined) window.frames_.push(now - last);
        if (window.recording_) next(now);
      });
    })();
  `);
  const before = await cpuTime();
  await act();
  const spent = (await cpuTime()) - before;
  const gaps = await page.evaluate<number[]>('window.recording_ = false, window.frames_');
  gaps.sort((a, b) => a - b);
  return {
    longestMs: gaps.at(-1)!,
    p99Ms: gaps[Math.floor(gaps.length * 0.99)]!,
    cpuMs: (spent * 1_000) / gaps.length,
    frames: gaps.length,
  };
}

async function pan(page: Page): Promise<void> {
  const box = (await page.locator('.react-flow__pane').first().boundingBox())!;
  const [x, y] = [box.x + box.width / 2 + 7, box.y + 10];
  for (let turn = 0; turn < 4; turn += 1) {
    const [dx, dy] = [
      [-400, 200],
      [400, 200],
      [-400, -100],
      [400, -100],
    ][turn] as [number, number];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + dx / 2, y + Math.max(dy, 0), { steps: 12 });
    await page.mouse.move(x + dx / 4, y + Math.max(dy, 0) / 2, { steps: 12 });
    await page.mouse.up();
  }
}

async function drag(page: Page, selector: string): Promise<void> {
  const box = await page.evaluate<{ x: number; y: number }>(`(() => {
    const middle = [...document.querySelectorAll(${JSON.stringify(selector)})]
      .map((each) => each.getBoundingClientRect())
      .find(({ x, y, right, bottom }) => x > 450 && y > 150 && right < 850 && bottom < 600);
    return { x: middle.x + middle.width / 2, y: middle.y + middle.height / 2 };
  })()`);
  await page.mouse.move(box.x, box.y);
  await page.mouse.down();
  await page.mouse.move(box.x + 80, box.y + 60, { steps: 16 });
  await page.mouse.move(box.x + 10, box.y + 10, { steps: 16 });
  await page.mouse.up();
}

/** From afar the nodes are one picture. */
async function dragFromAfar(page: Page): Promise<void> {
  const { position } = nodes[NODES / 2]!;
  const { x, y } = (await screenPlaces(page))(position.x + 112, position.y + 28);
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + 80, y + 60, { steps: 16 });
  await page.mouse.move(x + 10, y + 10, { steps: 16 });
  await page.mouse.up();
}

/** Each letter is an edit of the document, a rendering of its node, a draft and, in the end, a validation. */
async function typeName(page: Page): Promise<void> {
  const name = page.getByRole('tabpanel').getByLabel('Name', { exact: true });
  await name.fill('');
  await name.pressSequentially('A name that is typed letter by letter', { delay: 20 });
}

/** A page with React Flow as its documentation shows it. */
async function servePlainFlow(): Promise<AsyncDisposable & { url: string }> {
  const flowNodes = nodes.map(({ key, position, name }) => ({ id: key, position, data: { label: name } }));
  const flowEdges = edges.map(({ source, target }) => ({ id: `${source}-${target}`, source, target }));
  const contents = `
    import { createElement } from 'react';
    import { createRoot } from 'react-dom/client';
    import { ReactFlow, useEdgesState, useNodesState } from '@xyflow/react';
    function App() {
      const [nodes, , onNodesChange] = useNodesState(${JSON.stringify(flowNodes)});
      const [edges, , onEdgesChange] = useEdgesState(${JSON.stringify(flowEdges)});
      return createElement(ReactFlow, { nodes, edges, onNodesChange, onEdgesChange, minZoom: 0.05, defaultViewport: { x: 0, y: 0, zoom: 0.6 } });
    }
    createRoot(document.getElementById('root')).render(createElement(App));
  `;
  const bundle = async (stdin: { contents: string; loader: 'js' | 'css' }) => {
    const { outputFiles } = await build({
      stdin: { ...stdin, resolveDir: process.cwd() },
      bundle: true,
      write: false,
      minify: true,
      define: { 'process.env.NODE_ENV': '"production"' },
    });
    return outputFiles[0]!.text;
  };
  const script = await bundle({ contents, loader: 'js' });
  const style = await bundle({ contents: '@import "@xyflow/react/dist/style.css";', loader: 'css' });
  const html = `<!doctype html><link rel="icon" href="data:,"><style>${style} html, body, #root { height: 100%; margin: 0 }</style><div id="root"></div><script>${script.replaceAll('</script', '<\\/script')}</script>`;
  const http = createServer((_, response) => response.setHeader('content-type', 'text/html').end(html));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]: async () => {
      http.closeAllConnections();
      http.close();
    },
  };
}
