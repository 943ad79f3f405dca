/** How Lighthouse judges the console's pages as they are served, in Debian's Chromium. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { execa } from 'execa';
import { chromium } from 'playwright-core';
import { chromiumPath } from '../test/support/studio-browser.ts';
import { openBenchServer } from './support/bench-server.ts';

/** From the registry, when it is run: it brings a quarter of all files that a checkout would have to wait for. */
const LIGHTHOUSE = 'lighthouse@13.5.0';
const categories = ['performance', 'accessibility', 'best-practices'] as const;
const LEAST = 95;

await using stack = new AsyncDisposableStack();
const { weft } = await openBenchServer(stack);
const { origin } = new URL(weft.url);
const nodes = (code: string) => [{ key: 'work', type: 'python', config: { code } }];
const workflowId = await weft.createWorkflow({ name: 'Measured', nodes: nodes('result = 1') });
const failing = await weft.createWorkflow({
  name: 'Measured failure',
  nodes: nodes('print("so far")\n1 / 0'),
});
const [runId, failedId] = [await weft.start(workflowId), await weft.start(failing)];
for (const id of [runId, failedId]) await weft.allEvents(id);

const port = await freePort();
const browser = await chromium.launch({
  executablePath: chromiumPath(),
  args: ['--no-sandbox', `--remote-debugging-port=${port}`],
});
stack.defer(() => browser.close());

const pages = {
  workflows: '/workflows',
  editor: `/workflows/${workflowId}`,
  runs: '/runs',
  run: `/runs/${runId}`,
  'failed run': `/runs/${failedId}`,
  environments: '/environments',
  security: '/security',
  server: '/server',
};
const chosen = process.argv.slice(2);
const table: Record<string, string | number>[] = [];
for (const [page, path] of Object.entries(pages)) {
  if (chosen.length > 0 && !chosen.includes(page)) continue;
  for (const device of ['desktop', 'phone']) table.push({ page, device, ...(await judge(path, device)) });
}
console.table(table);
const isKept = table.every((row) => categories.every((category) => Number(row[category]) >= LEAST));
console.log(`Promise: at least ${LEAST} in each: ${isKept ? 'kept' : 'MISSED'}`);
process.exitCode = isKept ? 0 : 1;

interface LighthouseResult {
  categories: Record<string, { score: number | null; auditRefs: { id: string; weight: number }[] }>;
  audits: Record<
    string,
    { score: number | null; title: string; displayValue?: string; numericValue?: number }
  >;
}

async function judge(path: string, device: string): Promise<Record<string, number | string>> {
  const { stdout } = await execa(
    'npx',
    [
      '--yes',
      LIGHTHOUSE,
      `${origin}${path}`,
      `--port=${port}`,
      `--only-categories=${categories.join()}`,
      ...(device === 'desktop' ? ['--preset=desktop'] : []),
      '--output=json',
      '--quiet',
      '--no-enable-error-reporting',
    ],
    { stderr: 'inherit' },
  );
  const lhr = JSON.parse(stdout) as LighthouseResult;
  const scores = categories.map(
    (name) => [name, Math.round((lhr.categories[name]?.score ?? 0) * 100)] as const,
  );
  for (const [name, score] of scores) if (score < LEAST) explain(name);
  return {
    ...Object.fromEntries(scores),
    'first paint, ms': Math.round(lhr.audits['first-contentful-paint']?.numericValue ?? 0),
    'blocked, ms': Math.round(lhr.audits['total-blocking-time']?.numericValue ?? 0),
  };

  function explain(name: string): void {
    for (const { id, weight } of lhr.categories[name]!.auditRefs) {
      const { score, title, displayValue = '' } = lhr.audits[id]!;
      if (weight > 0 && score !== null && score < 0.9)
        console.log(`${path} (${device}) ${name}: ${title} ${displayValue}`);
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: free } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return free;
}
