import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { errorOf, openTestSandbox, resultOf, type TestSandbox } from '../support/test-sandbox.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await openTestSandbox();
});
afterAll(() => sandbox[Symbol.asyncDispose]());

test('a run over its time is ended and told so', async () => {
  const run = await sandbox.run("print('begun')\nwhile True: pass", { timeoutMs: 300 });
  expect(errorOf(run)).toMatchObject({ code: 'PYTHON_TIMEOUT', retryable: true });
  expect(run.stdout).toBe('begun\n');
  expect(run.outcome.durationMs).toBeLessThan(1_300);
});

test('finally blocks run within the grace', async () => {
  const code = "import time\ntry:\n  time.sleep(60)\nfinally:\n  print('tidied')";
  const run = await sandbox.run(code, { timeoutMs: 300 });
  expect(errorOf(run).code).toBe('PYTHON_TIMEOUT');
  expect(run.stdout).toBe('tidied\n');
});

test.each([
  ['ignores SIGTERM', 'import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(60)'],
  ['catches everything', 'import time\nwhile True:\n  try: time.sleep(60)\n  except BaseException: pass'],
  ['hangs in C', "import re\nre.match('(a+)+$', 'a' * 40 + 'b')"],
  ['stops itself', 'import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\nwhile True: pass'],
  ['closes every descriptor', 'import os\nos.closerange(0, 256)\nwhile True: pass'],
  [
    'double-forks',
    'import os, time\nif os.fork() == 0:\n  os.setsid()\n  if os.fork() == 0: time.sleep(60)\ntime.sleep(60)',
  ],
])('a run that %s is still ended on time', async (_name, code) => {
  const run = await sandbox.run(code, { timeoutMs: 300 });
  expect(errorOf(run)).toMatchObject({ code: 'PYTHON_TIMEOUT', message: expect.stringContaining('300 ms') });
  expect(run.outcome.durationMs).toBeLessThan(2_000);
});

test('aborting ends a run within a second, also one that ignores SIGTERM', async () => {
  const abort = new AbortController();
  let abortedAt = 0;
  const run = await sandbox.run(
    "import signal\nsignal.signal(15, signal.SIG_IGN)\nprint('go')\nwhile True: pass",
    {
      signal: abort.signal,
      onEvent: () => {
        abortedAt = performance.now();
        abort.abort();
      },
    },
  );
  expect(run.outcome.kind).toBe('aborted');
  expect(performance.now() - abortedAt).toBeLessThan(1_000);
});

test('a run aborted while it waits for its turn never starts', async () => {
  await using narrow = await openTestSandbox({ maxCells: 1 });
  const first = new AbortController();
  const second = new AbortController();
  const running = narrow.run("print('go')\nwhile True: pass", {
    signal: first.signal,
    onEvent: () => second.abort(),
  });
  const waiting = await narrow.run("print('never')", { signal: second.signal });
  expect(waiting.outcome.kind).toBe('aborted');
  expect(waiting.events).toEqual([]);
  first.abort();
  await running;
});

test('memory over the limit is told, with the line where Python could not have more', async () => {
  const run = await sandbox.run('parts = []\nwhile True:\n  parts.append(bytes(10_000_000))', {
    memoryMb: 100,
  });
  expect(errorOf(run)).toMatchObject({ code: 'PYTHON_MEMORY_LIMIT', line: 3 });
  expect(errorOf(run).message).toContain('100 MiB');
});

test('memory spread over child processes counts together', async () => {
  const code =
    'import os, time\nfor _ in range(8):\n  if os.fork() == 0:\n    x = bytearray(b"x" * 60_000_000)\n    time.sleep(60)\ntime.sleep(60)';
  const run = await sandbox.run(code, { memoryMb: 200 });
  expect(errorOf(run).code).toBe('PYTHON_MEMORY_LIMIT');
});

test('CPU time counts over all processes', async () => {
  await using narrow = await openTestSandbox({ cpuShare: 0.01 });
  const run = await narrow.run('import os\nfor _ in range(3): os.fork()\nwhile True: pass', {
    timeoutMs: 20_000,
  });
  expect(errorOf(run)).toMatchObject({
    code: 'PYTHON_TIMEOUT',
    message: expect.stringContaining('CPU time'),
  });
});

test('a flood of forged progress is thinned and costs other runs nothing', async () => {
  const frame = '{"kind":"progress","current":1,"total":null,"unit":null,"message":null,"source":"progress"}';
  const code = `import os
body = ${JSON.stringify(frame)}.encode()
frames = (len(body).to_bytes(4, 'big') + body) * 100
while True: os.write(3, frames)`;
  const abort = new AbortController();
  const flood = sandbox.run(code, { signal: abort.signal });
  for (let i = 0; i < 20; i += 1) expect(resultOf(await sandbox.run('result = 1'))).toBe(1);
  abort.abort();
  const run = await flood;
  expect(run.events.length).toBeLessThan(500);
});

test.each([
  ['is no frame', "b'\\xff' * 100"],
  ['is no JSON', "(3).to_bytes(4, 'big') + b'{x}'"],
  ['is of no known kind', `(15).to_bytes(4, 'big') + b'{"kind":"boss"}'`],
  ['claims to be huge', "(2**31).to_bytes(4, 'big')"],
])('what %s on the private channel ends the run, not the server', async (_name, bytes) => {
  const run = await sandbox.run(`import os, time\nos.write(3, ${bytes})\ntime.sleep(60)`);
  expect(errorOf(run)).toMatchObject({ code: 'PYTHON_EXECUTION_ERROR' });
  expect(errorOf(run).message).toContain('private channel');
});

test('a fork bomb is contained and ended', async () => {
  const run = await sandbox.run('import os\nwhile True:\n  try: os.fork()\n  except OSError: pass', {
    timeoutMs: 500,
  });
  expect(['PYTHON_TIMEOUT', 'PYTHON_MEMORY_LIMIT']).toContain(errorOf(run).code);
  expect(resultOf(await sandbox.run('result = 1'))).toBe(1);
});

test('threads are bounded', async () => {
  const code =
    'import threading, time\nn = 0\ntry:\n  while True:\n    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n    n += 1\nexcept RuntimeError:\n  pass\nresult = n';
  const threads = resultOf(await sandbox.run(code)) as number;
  expect(threads).toBeGreaterThan(10);
  expect(threads).toBeLessThan(100);
});

test('open files are bounded', async () => {
  const code =
    "files = []\ntry:\n  while True: files.append(open('f', 'w'))\nexcept OSError as error:\n  result = error.errno";
  expect(resultOf(await sandbox.run(code))).toBe(24);
});

test('the scratch folder is bounded', async () => {
  const code =
    "try:\n  for i in range(10_000):\n    with open(f'f{i}', 'wb') as f: f.write(bytes(1_000_000))\nexcept OSError as error:\n  result = [i, error.errno]";
  expect(resultOf(await sandbox.run(code))).toEqual([expect.any(Number), 28]);
});
