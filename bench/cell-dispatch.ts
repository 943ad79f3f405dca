import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openLocalSandbox } from '../server/sandbox/local/local-sandbox.ts';
import { makeLogger } from '../server/shared/logger.ts';
import { openTestEnvironments } from '../test/support/test-environments.ts';
import { printTimes } from './support/measure.ts';

/**
 * Claim: a warm cell gives its result within 3 ms (p50) of dispatch.
 * Baseline, in turn with it: a bare child, forked ahead with os.fork, that reads a line from a socket, evaluates
 * it and answers; no sandbox, no checks, nothing in between. Each waits 20 ms after the last, so that both are warm.
 */
const BARE_SERVER = `
import json, os, signal, socket, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
print("ready", flush=True)
while True:
    connection, _ = server.accept()
    if os.fork() == 0:
        connection.send(b"here")
        request = json.loads(connection.recv(1000))
        connection.send(json.dumps(eval(request["code"])).encode())
        os._exit(0)
    connection.close()
`;
const RUNS = 200;
const PAUSE_MS = 20;

const folder = mkdtempSync(join(tmpdir(), 'weft-bench-'));
const bare = await startBare(join(folder, 'bare.sock'));
const samples: Record<string, number[]> = {
  'bare forked child': [],
  'cell, kernel wall': [],
  'cell, all walls': [],
};
{
  await using kernel = await open('kernel');
  await using strict = await open('strict');
  for (let i = 0; i < RUNS; i += 1) {
    samples['bare forked child']!.push(await bare.ask());
    samples['cell, kernel wall']!.push(await timeRun(kernel));
    samples['cell, all walls']!.push(await timeRun(strict));
  }
}
bare.stop();
rmSync(folder, { recursive: true });
printTimes('A Python run, from dispatch to result', samples, 'at most 3 ms p50');

type Sandbox = Awaited<ReturnType<typeof open>>;

async function open(policy: 'strict' | 'kernel') {
  const environments = await openTestEnvironments(join(folder, 'python'));
  const runFolder = join(folder, policy);
  return openLocalSandbox({ runFolder, policy, environments, logger: makeLogger('error') });
}

async function timeRun(sandbox: Sandbox): Promise<number> {
  await delay(PAUSE_MS);
  const request = {
    code: "result = input_data['value'] * 2",
    packages: [],
    input: { value: 21 },
    timeoutMs: 5_000,
  };
  const startedAt = performance.now();
  const outcome = await sandbox.run(request, { signal: AbortSignal.timeout(5_000), onEvent() {} });
  if (outcome.kind !== 'succeeded' || outcome.result !== 42)
    throw new Error(`Expected 42, got ${JSON.stringify(outcome)}`);
  return performance.now() - startedAt;
}

async function startBare(path: string) {
  const server = spawn('python3', ['-I', '-c', BARE_SERVER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(server.stdout, 'data');
  return {
    async ask(): Promise<number> {
      const socket = connect(path);
      await once(socket, 'data'); // the child is there
      await delay(PAUSE_MS);
      const startedAt = performance.now();
      socket.write('{"code": "21 * 2"}\n');
      const [answer] = await once(socket, 'data');
      const ms = performance.now() - startedAt;
      socket.destroy();
      if (String(answer) !== '42') throw new Error(`Expected 42, got ${answer}`);
      return ms;
    },
    stop: () => server.kill(),
  };
}
