import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { errorOf, openTestSandbox, resultOf, type TestSandbox } from '../support/test-sandbox.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await openTestSandbox();
});
afterAll(() => sandbox[Symbol.asyncDispose]());

test('a run over its timeout is ended with an error that says so', async () => {
  const run = await sandbox.run("print('begun')\nwhile True: pass", { timeoutMs: 2_000 });
  expect(errorOf(run)).toMatchObject({ code: 'PYTHON_TIMEOUT', retryable: true });
  expect(run.stdout).toBe('begun\n');
  expect(run.outcome.durationMs).toBeLessThan(10_000);
});

test('finally blocks run within the grace', async () => {
  const code = "import time\ntry:\n  time.sleep(60)\nfinally:\n  print('cleaned up')";
  const run = await sandbox.run(code, { timeoutMs: 2_000 });
  expect(errorOf(run).code).toBe('PYTHON_TIMEOUT');
  expect(run.stdout).toBe('cleaned up\n');
});

test.each([
  ['ignores SIGTERM', 'import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(60)'],
  ['catches everything', 'import time\nwhile True:\n  try: time.sleep(60)\n  except BaseException: pass'],
  ['hangs in C', "import re\nre.match('(a+)+$', 'a' * 40 + 'b')"],
  ['stops itself', 'import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\nwhile True: pass'],
  ['closes every descriptor', 'import os\nos.closerange(0, 256)\nwhile True: pass'],
  [
    'double-forks',
    'import os, time\nif os.fork() == 0:\n  os.setpgid(0, 0)\n  if os.fork() == 0: time.sleep(60)\ntime.sleep(60)',
  ],
])('a run that %s is still ended on time', async (_name, code) => {
  const run = await sandbox.run(code, { timeoutMs: 300 });
  expect(errorOf(run)).toMatchObject({ code: 'PYTHON_TIMEOUT', message: expect.stringContaining('300 ms') });
  expect(run.outcome.durationMs).toBeLessThan(10_000);
});

test('aborting ends a run, also one that ignores SIGTERM', async () => {
  const abort = new AbortController();
  let abortedAt = 0;
  const run = await sandbox.run(
    "import signal\nsignal.signal(15, signal.SIG_IGN)\nprint('go')\nwhile True: pass",
    {
      signal: abort.signal,
      timeoutMs: 60_000,
      onEvent: () => {
        abortedAt = performance.now();
        abort.abort();
      },
    },
  );
  expect(run.outcome.kind).toBe('aborted');
  expect(performance.now() - abortedAt).toBeLessThan(10_000);
});

test('a run aborted while it waits for a slot never starts', async () => {
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

test('memory over the limit is an error with the line that needed more', async () => {
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

test('a flood of forged progress is throttled and costs other runs nothing', async () => {
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
  ['is not a frame', "b'\\xff' * 100"],
  ['is not JSON', "(3).to_bytes(4, 'big') + b'{x}'"],
  ['is of an unknown kind', `(15).to_bytes(4, 'big') + b'{"kind":"boss"}'`],
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

/** The code gets Python's usual exception, and the error for the user adds the limit. */
test.each([
  [
    'threads',
    'import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(60,), daemon=True).start()',
    'RuntimeError',
    '64 processes and threads',
  ],
  [
    'processes',
    'import os, time\nwhile os.fork(): pass\ntime.sleep(60)',
    'BlockingIOError',
    '64 processes and threads',
  ],
  ['open files', "files = []\nwhile True: files.append(open('f', 'w'))", 'OSError', '256 files open'],
  [
    'the scratch folder',
    "for i in range(100): open(f'f{i}', 'wb').write(bytes(1_000_000))",
    'OSError',
    '64 MiB and 10000 files',
  ],
  [
    'files in the scratch folder',
    "for i in range(20_000): open(f'f{i}', 'w').close()",
    'OSError',
    '64 MiB and 10000 files',
  ],
  [
    'shared memory',
    "for i in range(100): open(f'/dev/shm/f{i}', 'wb').write(bytes(1_000_000))",
    'OSError',
    '64 MiB and 10000 files',
  ],
  ['one file', "f = open('f', 'wb')\nf.seek(1 << 40)\nf.write(b'x')\nf.close()", 'OSError', '64 MiB'],
  ["the result's size", "result = 'x' * 20_000_000", 'ResultError', '16,777,216 bytes of JSON'],
  ["the result's depth", 'result = 1\nfor _ in range(200): result = [result]', 'ResultError', '100 levels'],
  ["the result's lists and objects", 'result = [{}] * 600_000', null, '500000 lists and objects'],
])('%s are bounded, and the error names the limit', async (_what, code, type, limit) => {
  // Enough for 64 processes, whose shared pages count for each.
  const error = errorOf(await sandbox.run(code, { memoryMb: 2_000 }));
  expect(error).toMatchObject({ code: 'PYTHON_EXECUTION_ERROR', type });
  expect(error.message).toContain(limit);
});

test.each([
  ['too large', "'1' * 17_000_000"],
  ['of too many parts', "'[' + '{},' * 600_000 + '1]'"],
  ['nested too deep', "'[' * 1000 + ']' * 1000"],
])('a forged result that is %s is refused before it is parsed', async (_how, json) => {
  const run = await sandbox.run(
    `import json, os\ndata = json.dumps({'kind': 'result', 'json': ${json}}, separators=(',', ':')).encode()\n` +
      "data = len(data).to_bytes(4, 'big') + data\nwhile data: data = data[os.write(3, data):]",
  );
  expect(errorOf(run).message).toContain('Expected a result');
});

test('brackets in a string do not count as lists', async () => {
  const text = '["\\\\","{'.repeat(300_000);
  expect(resultOf(await sandbox.run('result = [input_data, {}]', { input: text }))).toEqual([text, {}]);
});

test('progress in a loop is coalesced, and the last one arrives', async () => {
  const run = await sandbox.run('for i in range(100_000): progress(i, 99_999)');
  const progress = run.events.flatMap((event) => (event.kind === 'progress' ? [event.current] : []));
  expect(progress.length).toBeLessThan(run.outcome.durationMs / 10 + 2);
  expect(progress.at(-1)).toBe(99_999);
});
