import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { PythonEvent } from '../../server/sandbox/backend.ts';
import { errorOf, openTestSandbox, resultOf, type TestSandbox } from '../support/test-sandbox.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await openTestSandbox();
});
afterAll(() => sandbox[Symbol.asyncDispose]());

test('what is printed arrives before the outcome, in order and whole', async () => {
  const run = await sandbox.run('for i in range(20000): print(i)\nresult = 1');
  expect(resultOf(run)).toBe(1);
  expect(run.stdout).toBe(`${Array.from({ length: 20000 }, (_, i) => i).join('\n')}\n`);
});

test('byte offsets count bytes, and no character is cut in two', async () => {
  const run = await sandbox.run("import os\nfor _ in range(3000): os.write(1, 'aß€😀'.encode())");
  expect(run.stdout).toBe('aß€😀'.repeat(3000));
  let offset = 0;
  for (const event of outputOf(run.events)) {
    expect(event.byteOffset).toBe(offset);
    offset += Buffer.byteLength(event.text);
  }
});

test('bytes that are not UTF-8 become replacement characters', async () => {
  const run = await sandbox.run("import os\nos.write(1, b'a\\xff\\xfeb\\xe2\\x82')");
  expect(run.stdout).toBe('a\ufffd\ufffdb\ufffd');
});

test('output arrives while the run goes on, also from C code and without a line end', async () => {
  const release = new AbortController();
  const code = "import os, time\nos.write(1, b'from C')\nprint('part', end='')\ntime.sleep(60)";
  const run = await sandbox.run(code, {
    signal: release.signal,
    onEvent: (event) => {
      if (event.kind === 'output' && event.text.includes('part')) release.abort();
    },
  });
  expect(run.outcome.kind).toBe('aborted');
  expect(run.stdout).toBe('from Cpart');
});

test('one print is one event', async () => {
  // On a busy host one print may be two events, because the run was stopped in between; ten out of ten hardly are.
  const run = await sandbox.run("import time\nfor i in range(10): print('hello', 'world'); time.sleep(0.01)");
  expect(outputOf(run.events).map((event) => event.text)).toContain('hello world\n');
});

test('a million prints are cut at the cap, and the run goes on', async () => {
  const run = await sandbox.run("for i in range(1_000_000): print('line', i)\nresult = 'done'", {
    timeoutMs: 170_000,
  });
  expect(resultOf(run)).toBe('done');
  const events = outputOf(run.events);
  expect(Buffer.byteLength(run.stdout)).toBe(1024 * 1024);
  expect(events.filter((event) => event.truncated)).toEqual([events.at(-1)]);
  expect(events.at(-1)).toMatchObject({
    code: 'PYTHON_OUTPUT_LIMIT',
    message: expect.stringContaining('1024 KiB'),
  });
  expect(events.length).toBeLessThan(2_000);
});

test('one long line is cut and marked as cut, and what is printed after it arrives', async () => {
  const run = await sandbox.run(
    "print('before')\nfor _ in range(10): print('x' * 99_999, end='€')\nprint('\\nafter')\nresult = 'went on'",
  );
  expect(resultOf(run)).toBe('went on');
  const events = outputOf(run.events);
  const lines = run.stdout.split('\n');
  expect([lines[0], ...lines.slice(2)]).toEqual(['before', 'after', '']);
  expect(Buffer.byteLength(lines[1]!)).toBe(256 * 1024);
  const cut = events.findIndex((event) => event.truncated);
  expect(events.filter((event) => event.truncated)).toHaveLength(1);
  expect(events[cut]).toMatchObject({
    code: 'PYTHON_OUTPUT_LIMIT',
    message: expect.stringContaining('256 KiB'),
  });
  const rest = events.slice(cut + 1);
  expect(rest[0]).toMatchObject({ byteOffset: 7 + 10 * (99_999 + 3) });
  expect(rest.map(({ text }) => text).join('')).toBe('\nafter\n');
});

test('a line that never ends is cut too, and its last part is in the error', async () => {
  const run = await sandbox.run("import sys\nsys.stderr.write('x' * 300_000 + 'the end')\n1/0");
  expect(run.stderr).toHaveLength(256 * 1024);
  expect(errorOf(run).stderr).toContain('the end');
});

test('stderr is a stream of its own, and its last part is in the error', async () => {
  const run = await sandbox.run("import sys\nsys.stderr.write('x' * 10_000 + 'the end')\nprint('out')\n1/0");
  expect(run.stdout).toBe('out\n');
  expect(run.stderr).toHaveLength(10_007);
  expect(run.outcome).toMatchObject({ kind: 'failed', error: { stderr: `${'x'.repeat(4089)}the end` } });
});

test('output of child processes arrives too', async () => {
  const run = await sandbox.run(
    "import os\npid = os.fork()\nif pid == 0:\n  os.write(1, b'child')\n  os._exit(0)\nos.waitpid(pid, 0)",
  );
  expect(run.stdout).toBe('child');
});

test('a slow subscriber stops the run, not the heap', async () => {
  const subscriber = Promise.withResolvers<void>();
  const first = Promise.withResolvers<void>();
  let emitted = 0;
  const running = sandbox.run(
    "import os, time\nstart = time.monotonic()\nfor i in range(900): os.write(1, b'x' * 999 + b'\\n')\nresult = time.monotonic() - start",
    {
      timeoutMs: 60_000, // it is held for as long as twenty others take
      onEvent: () => {
        emitted += 1;
        first.resolve();
        return subscriber.promise;
      },
    },
  );
  await first.promise;
  const heldSince = performance.now();
  // A run that was not stopped would write everything in a fraction of that time.
  for (let n = 0; n < 20; n += 1) resultOf(await sandbox.run('result = 1'));
  expect(emitted).toBe(1);
  const heldMs = performance.now() - heldSince;
  subscriber.resolve();
  const run = await running;
  expect(Number(resultOf(run)) * 1_000).toBeGreaterThanOrEqual(heldMs);
  expect(run.stdout).toHaveLength(900_000);
});

test('a subscriber that fails ends the run with its error', async () => {
  const failing = sandbox.run("print('x')\nimport time\ntime.sleep(60)", {
    onEvent: () => Promise.reject(new Error('the journal is fenced')),
  });
  await expect(failing).rejects.toThrow('the journal is fenced');
});

test('progress and output both arrive, each in its own order', async () => {
  const code = "for i in range(3):\n  progress(i, 3)\n  print(i)\n  __import__('time').sleep(0.05)";
  const run = await sandbox.run(code);
  expect(run.stdout).toBe('0\n1\n2\n');
  const progress = run.events.flatMap((event) => (event.kind === 'progress' ? [event.current] : []));
  expect(progress).toEqual(progress.toSorted());
  expect(progress.at(-1)).toBe(2);
});

function outputOf(events: PythonEvent[]) {
  return events.filter((event) => event.kind === 'output');
}
