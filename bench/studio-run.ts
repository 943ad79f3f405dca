/**
 * The page of a run in Chromium: how soon a journal of 100,000 events is a usable page, and what 5,000 printed lines a
 * second cost it. Tasks are Chromium's own `longtask` entries; memory is what is left after a forced collection.
 */
import type { Page } from 'playwright-core';
import { launchStudioBrowser } from '../test/support/studio-browser.ts';
import { makeLongJournal, openBenchServer } from './support/bench-server.ts';
import { round } from './support/measure.ts';

const EVENTS = 100_000;
const OPENINGS = 3;
const LINES_PER_SECOND = 5_000;
const SECONDS = Number(process.env.BENCH_SECONDS ?? 60);

await using stack = new AsyncDisposableStack();
const server = await openBenchServer(stack);
const browser = stack.use(await launchStudioBrowser());

const longId = await makeLongJournal(server, EVENTS);
const openings = [];
for (let n = 0; n < OPENINGS; n++) openings.push(await open(longId));
console.log(`\nA run of ${EVENTS} events, opened ${OPENINGS} times`);
console.table(openings);
console.log('Promise: usable within 2 s');

console.log(`\nA run that prints ${LINES_PER_SECOND} lines a second for ${SECONDS} s`);
console.table(await follow());
console.log('Promise: no task over 200 ms, and memory that stops growing');

async function open(executionId: string) {
  await using studio = await browser.open({ url: server.weft.url }, { path: '/server' });
  await studio.page.getByText('Walls around each run').waitFor();
  const cpuMs = await countCpu(studio.page);
  const startedAt = performance.now();
  await studio.page.goto(`/runs/${executionId}`, { waitUntil: 'commit' });
  const since = () => round(performance.now() - startedAt);
  await studio.page.locator('.weft-log').first().waitFor();
  const usableMs = since();
  await studio.page.getByText(`${EVENTS.toLocaleString('en')} lines`).waitFor({ timeout: 120_000 });
  return {
    'lines and timeline shown, ms': usableMs,
    'all read, ms': since(),
    'CPU of the page, ms': await cpuMs(),
    ...(await tasksOf(studio.page)),
  };
}

/** Items of a list print one after the other, since the server keeps the first MiB of each alone. */
async function follow() {
  const itemSeconds = 5;
  const code = `import time
started = time.monotonic()
for tick in range(${itemSeconds * 20}):
    print("\\n".join(f"line {n} of tick {tick}" for n in range(${LINES_PER_SECOND / 20})), flush=True)
    time.sleep(max(0, started + (tick + 1) / 20 - time.monotonic()))`;
  const items = `[1..${Math.ceil(SECONDS / itemSeconds) + 1}]`;
  const node = { key: 'print', type: 'python', config: { code }, forEach: { items, concurrency: 1 } };
  const executionId = await server.weft.run([node]);
  await using studio = await browser.open({ url: server.weft.url }, { path: `/runs/${executionId}` });
  await studio.page.locator('.weft-log').first().waitFor();
  await watchTasks(studio.page);
  const rows = [];
  for (let part = 1; part <= 6; part++) {
    await studio.page.evaluate(`new Promise((resolve) => setTimeout(resolve, ${(SECONDS * 1_000) / 6}))`);
    const lines = await studio.page.locator('.weft-logs__count').first().textContent();
    // The collection is a long task itself: tasks are counted before it, and those up to its end are dropped.
    const tasks = await tasksOf(studio.page);
    rows.push({ lines, ...tasks, 'heap, MB': await heapMb(studio.page) });
    await studio.page.evaluate('new Promise((resolve) => setTimeout(() => resolve((window.tasks = []))))');
  }
  await server.weft.cancel(executionId, 'FORCE');
  return rows;
}

async function watchTasks(page: Page): Promise<void> {
  await page.evaluate(`window.tasks = []; new PerformanceObserver((list) => {
    window.tasks.push(...list.getEntries().map(({ duration }) => duration));
  }).observe({ type: 'longtask', buffered: true })`);
}

async function tasksOf(page: Page) {
  if (await page.evaluate('window.tasks === undefined')) await watchTasks(page);
  const tasks = await page.evaluate<number[]>(
    'new Promise((resolve) => setTimeout(() => resolve(window.tasks)))',
  );
  return {
    'longest task, ms': Math.max(0, ...tasks),
    'tasks over 200 ms': tasks.filter((ms) => ms > 200).length,
  };
}

/** The time that its main thread works from now on: on a machine with other work it says more than the clock. */
async function countCpu(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const read = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return 1_000 * metrics.find(({ name }) => name === 'TaskDuration')!.value;
  };
  const before = await read();
  return async () => round((await read()) - before);
}

async function heapMb(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return round(usedSize / 1e6);
}
