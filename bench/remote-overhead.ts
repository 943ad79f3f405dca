import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SandboxBackend } from '../server/sandbox/backend.ts';
import { openLocalSandbox } from '../server/sandbox/local/local-sandbox.ts';
import { openRemoteSandbox } from '../server/sandbox/remote/remote-sandbox.ts';
import { makeLogger } from '../server/shared/logger.ts';
import { openTestEnvironments } from '../test/support/test-environments.ts';
import { startWeft } from '../test/support/weft-server.ts';
import { percentile, printTimes, round, timesInTurn } from './support/measure.ts';
import { openPost } from './support/post.ts';

/**
 * Claim: a run on a sandbox service on loopback takes at most 2 ms (p50) longer than one in this process.
 * The service is a process of its own (WEFT_ROLES=sandbox). All take turns in the same loop, so far apart that
 * each finds a warm cell, the same machine, and nobody making up for the cell before. Baseline: an HTTP request on a kept connection to a bare Node server.
 * It is measured for the first runs, and again when V8, in all processes, has compiled what runs often.
 */
const RUNS = 200;
const PAUSE_MS = 60;
const logger = makeLogger('error');

await using stack = new AsyncDisposableStack();
const folder = await mkdtemp(join(tmpdir(), 'weft-bench-'));
stack.defer(() => rm(folder, { recursive: true, force: true }));
const service = stack.use(await startWeft({ env: { WEFT_ROLES: 'sandbox' } }));
const remote = stack.use(await openRemoteSandbox({ urls: [service.url], token: undefined, logger }));
const environments = await openTestEnvironments(join(folder, 'python'));
const local = stack.use(
  await openLocalSandbox({ runFolder: join(folder, 'run'), policy: 'strict', environments, logger }),
);
const askBare = await openBareServer(stack);

const code = {
  small: 'result = input_data["value"] * 2',
  prints: 'for i in range(5): print(i)\nresult = 42',
};
const resultAlone = {
  'baseline: one bare HTTP round trip': askBare,
  'local: result alone': () => run(local, code.small),
  'remote: result alone': () => run(remote, code.small),
};
const prints = {
  'local: five prints': () => run(local, code.prints),
  'remote: five prints': () => run(remote, code.prints),
};
const first = await timesInTurn(resultAlone, RUNS, { warmUp: 20, pauseMs: PAUSE_MS });
print('One Python run, in this process and on a sandbox service on loopback: the first 200', first);
const later = await timesInTurn({ ...resultAlone, ...prints }, RUNS, { warmUp: 150, pauseMs: PAUSE_MS });
print('The same after 500 runs on each', later);

function print(title: string, times: Record<string, number[]>): void {
  printTimes(title, times, 'remote − local at most 2 ms p50');
  const bare = percentile(times['baseline: one bare HTTP round trip']!, 50);
  for (const what of ['result alone', 'five prints'].filter((what) => `remote: ${what}` in times)) {
    const overhead = percentile(times[`remote: ${what}`]!, 50) - percentile(times[`local: ${what}`]!, 50);
    console.log(
      `remote − local, ${what}: ${round(overhead)} ms p50, ${round(overhead / bare)} bare round trips`,
    );
  }
}

async function run(sandbox: SandboxBackend, text: string): Promise<void> {
  const work = { code: text, packages: [], input: { value: 21 }, timeoutMs: 5_000 };
  const outcome = await sandbox.run(work, { signal: AbortSignal.timeout(10_000), onEvent() {} });
  if (outcome.kind !== 'succeeded' || outcome.result !== 42)
    throw new Error(`Expected 42, got ${JSON.stringify(outcome)}`);
}

/** As little as Node's own HTTP can be: one request on a kept connection, read to its end. */
async function openBareServer(stack: AsyncDisposableStack): Promise<() => Promise<unknown>> {
  const script =
    "const s = require('http').createServer((q, r) => q.resume().on('end', () => r.end('{}'))).listen(0, '127.0.0.1', () => console.log(s.address().port))";
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  stack.defer(() => void child.kill());
  const [printed] = await once(child.stdout, 'data');
  const post = openPost(stack, `http://127.0.0.1:${String(printed).trim()}`);
  return () => post('{}');
}
