import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { inSession, type SandboxBackend } from '../../server/sandbox/backend.ts';
import { errorOf, openTestSandbox, resultOf, runOn, type TestRunOptions } from '../support/test-sandbox.ts';
import { openClient, serveSandbox } from '../support/test-service.ts';

/** Runs that come one after another and may share a cell: the items of a list. */
const opened = new AsyncDisposableStack();
const backends: Record<string, SandboxBackend> = {};
beforeAll(async () => {
  const local = opened.use(await openTestSandbox({ policy: 'kernel', idleCells: { least: 2, most: 2 } }));
  const service = opened.use(await serveSandbox(local.backend));
  backends.local = local.backend;
  backends.remote = opened.use(await openClient(service.url));
});
afterAll(() => opened.disposeAsync());

/** Which run of its cell this is, counted in a module, which runs share; and what else `then` does. */
const count = (then = '') => `
import json
json.runs = getattr(json, "runs", 0) + 1
result = json.runs
${then}
`;

describe.each(['local', 'remote'])('a session of the %s backend', (name) => {
  function open(maxRuns = 1_000) {
    const session = backends[name]!.session(maxRuns);
    const sandbox = inSession(backends[name]!, session);
    return {
      run: (code: string, options?: TestRunOptions) => runOn(sandbox, code, options),
      [Symbol.dispose]: () => session[Symbol.dispose](),
    };
  }

  test('the same code runs in one cell again and again, as often as it may', async () => {
    using session = open(3);
    const seen = [];
    for (let n = 0; n < 5; n++) seen.push(resultOf(await session.run(count())));
    expect(seen).toEqual([1, 2, 3, 1, 2]);
  });

  test('each run has its own namespace, input, output, progress, files and error', async () => {
    using session = open();
    const code = count(`
print("run", input_data)
progress(input_data, 10)
save_artifact("a.txt", str(input_data))
result = ["left" in globals(), input_data, result]
left = True
1 / (input_data % 3)`);
    for (const input of [1, 2, 3, 4]) {
      const { outcome, events, stdout } = await session.run(code, { input });
      expect(stdout).toBe(`run ${input}\n`);
      expect(events.find(({ kind }) => kind === 'output')).toMatchObject({ byteOffset: 0 });
      expect(events.filter(({ kind }) => kind === 'progress')).toMatchObject([{ current: input, total: 10 }]);
      expect(events.filter(({ kind }) => kind === 'artifact')).toHaveLength(1);
      expect(outcome).toMatchObject(
        input === 3
          ? { kind: 'failed', error: { type: 'ZeroDivisionError', line: 11 } }
          : { kind: 'succeeded', result: [false, input, input] },
      );
    }
  });

  test('a run that opens files and sends questions leaves the next one its answers', async () => {
    using session = open();
    const openFile = async (id: string) => ({
      name: 'a.txt',
      sizeBytes: id.length,
      content: (async function* () {
        yield Buffer.from(id);
      })(),
    });
    const code = 'result = open_artifact({"$file": input_data}).read().decode()';
    for (const input of ['art_1', 'art_2']) {
      expect(resultOf(await session.run(code, { input, openFile }))).toBe(input);
    }
  });

  test('other code, and other limits, get a cell of their own', async () => {
    using session = open();
    const seen = [
      await session.run(count()),
      await session.run(count()),
      await session.run(count('pass')),
      await session.run(count('pass')),
      await session.run(count('pass'), { memoryMb: 128 }),
    ];
    expect(seen.map(resultOf)).toEqual([1, 2, 1, 2, 1]);
  });

  test.each([
    ['ends the process', 'import os\nos._exit(3)', { exitCode: 3 }],
    ['crashes', 'import ctypes\nctypes.string_at(0)', { exitCode: 139 }],
    ['runs past its time', 'while True: pass', { code: 'PYTHON_TIMEOUT' }],
    ['uses more memory than it may', 'bytearray(700 << 20)', { code: 'PYTHON_MEMORY_LIMIT' }],
    [
      'makes a call that the kernel refuses',
      'import ctypes\nctypes.CDLL(None).mount(0, 0, 0, 0, 0)',
      { code: 'PYTHON_SECURITY_ERROR' },
    ],
  ])('a run that %s costs only itself', async (_, how, error) => {
    using session = open();
    const code = count(`if input_data:\n${how.replace(/^/gm, '  ')}`);
    const timeoutMs = how === 'while True: pass' ? 2_000 : 10_000;
    expect(resultOf(await session.run(code, { timeoutMs }))).toBe(1);
    expect(errorOf(await session.run(code, { input: 1, timeoutMs }))).toMatchObject(error);
    expect(resultOf(await session.run(code, { timeoutMs }))).toBe(1);
    expect(resultOf(await session.run(code, { timeoutMs }))).toBe(2);
  });

  test('what an abort ends leaves the session whole', async () => {
    using session = open();
    const code = count('if input_data:\n  print("here", flush=True)\n  while True: pass');
    expect(resultOf(await session.run(code))).toBe(1);
    const stop = new AbortController();
    const { outcome } = await session.run(code, {
      input: 1,
      signal: stop.signal,
      onEvent: () => stop.abort({ force: true }),
    });
    expect(outcome.kind).toBe('aborted');
    expect(resultOf(await session.run(code))).toBe(1);
  });
});

describe('what a run leaves behind', () => {
  test.each([
    ['a file', 'open("left.txt", "w").close()'],
    ['a file of shared memory', 'open("/dev/shm/left", "w").close()'],
    [
      'a thread',
      'import threading, time\nthreading.Thread(target=time.sleep, args=(99,), daemon=True).start()',
    ],
    [
      'a thread that nobody counts',
      'import _thread, time\nlock = _thread.allocate_lock()\nlock.acquire()\ndef go():\n  lock.release()\n  time.sleep(99)\n_thread.start_new_thread(go, ())\nlock.acquire()',
    ],
    ['a process', 'import os\nif os.fork() == 0: os._exit(0)'],
    ['another folder', 'import os\nos.chdir("/")'],
    ['a folder that is gone', 'import os\nos.mkdir("d"); os.chdir("d"); os.rmdir("../d")'],
    ['a variable of the environment', 'import os\nos.environ["LEFT"] = "1"'],
    ['a builtin', 'import builtins\nbuiltins.print = None'],
    ['a stream', 'import io, sys\nsys.stdout = io.StringIO()'],
    ['a way to import', 'import sys\nsys.path.append("/tmp")'],
    ['a function for the end', 'import atexit\natexit.register(print, "bye")'],
    ['a handler of signals', 'import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)'],
    ['a timer', 'import signal\nsignal.setitimer(signal.ITIMER_REAL, 99)'],
    ['a handler of logging', 'import logging\nlogging.basicConfig(force=True)'],
    ['more memory than others can spare', 'json.held = bytearray(90 << 20)'],
  ])('%s ends the cell, and the next run gets a new one', async (what, how) => {
    using session = backends.local!.session(1_000);
    const sandbox = inSession(backends.local!, session);
    const { outcome, stdout } = await runOn(sandbox, count(how));
    expect(outcome).toMatchObject({ kind: 'succeeded', result: 1 });
    expect(stdout).toBe(what === 'a function for the end' ? 'bye\n' : '');
    expect(resultOf(await runOn(sandbox, count(how)))).toBe(1);
  });

  test('thread pools, random numbers and what the program defines start anew', async () => {
    using session = backends.local!.session(1_000);
    const sandbox = inSession(backends.local!, session);
    const code = count(`
import random
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(2) as pool:
    doubled = list(pool.map(lambda n: n * 2, [1, 2]))
number = random.random()
random.seed(1)
result = [result, doubled, number]`);
    const seen = [];
    for (let n = 0; n < 3; n++) seen.push(resultOf(await runOn(sandbox, code)) as [number, number[], number]);
    expect(seen.map(([runs, doubled]) => [runs, doubled])).toEqual([1, 2, 3].map((n) => [n, [2, 4]]));
    expect(new Set(seen.map(([, , number]) => number)).size).toBe(3);
  });
});

test('whatever runs do, each has its own outcome, and shares a cell with those before it that left nothing', async () => {
  const code = count(`
import os
if input_data == "raise": raise ValueError(result)
if input_data == "exit": os._exit(3)
if input_data == "file": open("left.txt", "w").close()
print(result)`);
  const acts = fc.array(fc.constantFrom('end', 'end', 'end', 'raise', 'raise', 'exit', 'file', 'other'), {
    maxLength: 12,
  });
  await fc.assert(
    fc.asyncProperty(acts, fc.integer({ min: 1, max: 5 }), async (inputs, maxRuns) => {
      using session = backends.local!.session(maxRuns);
      const sandbox = inSession(backends.local!, session);
      let runs = 0;
      let last = code;
      for (const input of inputs) {
        const asked = input === 'other' ? `${code}\n` : code;
        if (asked !== last || runs === maxRuns) runs = 0;
        last = asked;
        runs += 1;
        const { outcome, stdout } = await runOn(sandbox, asked, { input });
        const failed =
          input === 'raise' ? { message: String(runs) } : input === 'exit' ? { exitCode: 3 } : null;
        expect(outcome).toMatchObject(
          failed ? { kind: 'failed', error: failed } : { kind: 'succeeded', result: runs },
        );
        expect(stdout).toBe(failed ? '' : `${runs}\n`);
        if (input === 'exit' || input === 'file') runs = 0;
      }
    }),
    { numRuns: 10 },
  );
});

test('the walls stand in each run: a violation costs the run that it is of', async () => {
  await using strict = await openTestSandbox({ policy: 'strict', idleCells: { least: 2, most: 2 } });
  using session = strict.backend.session(1_000);
  const sandbox = inSession(strict.backend, session);
  const code =
    'name = "__glo" + "bals__"\nresult = getattr(print if input_data < 5 else (lambda: 0), name, 7)';
  for (const input of [1, 2, 5, 3, 5, 4]) {
    const { outcome, events } = await runOn(sandbox, code, { input });
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'PYTHON_SECURITY_ERROR', line: 2 } });
    expect(events).toMatchObject([{ kind: 'violation', violation: { line: 2 } }]);
  }
  const double = 'def f(n): return n * 2\nresult = f(input_data)';
  for (const input of [1, 2, 3]) expect(resultOf(await runOn(sandbox, double, { input }))).toBe(input * 2);
});

test('who takes the cell over gets what is its own list’s, and nothing of another session', async () => {
  const takeOver = `
import json, os, struct
def frame(value):
    body = json.dumps(value).encode()
    return struct.pack(">I", len(body)) + body
for n in range(3):
    os.write(3, frame({"kind": "result", "json": json.dumps(f"forged for {input_data}"), "isFit": True}))
    size = struct.unpack(">I", os.read(3, 4))[0]
    input_data = json.loads(os.read(3, size))["input"]
`;
  using own = backends.local!.session(1_000);
  using other = backends.local!.session(1_000);
  const first = inSession(backends.local!, own);
  const second = inSession(backends.local!, other);
  expect(resultOf(await runOn(first, takeOver, { input: 1 }))).toBe('forged for 1');
  expect(resultOf(await runOn(second, count(), { input: 2 }))).toBe(1);
  expect(resultOf(await runOn(first, takeOver, { input: 3 }))).toBe('forged for 3');
  expect(resultOf(await runOn(second, count(), { input: 4 }))).toBe(2);
});

test('a session that has nothing to run gives its slot to who waits for one', async () => {
  await using narrow = await openTestSandbox({ maxCells: 1, idleCells: { least: 1, most: 1 } });
  using session = narrow.backend.session(1_000);
  expect(resultOf(await runOn(inSession(narrow.backend, session), count()))).toBe(1);
  expect(resultOf(await narrow.run('result = 7'))).toBe(7);
  expect(resultOf(await runOn(inSession(narrow.backend, session), count()))).toBe(1);
});
