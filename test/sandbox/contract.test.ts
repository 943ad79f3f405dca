import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PackageError, PackageRefusal } from '../../server/packages/errors.ts';
import type { PythonEvent, SandboxBackend } from '../../server/sandbox/backend.ts';
import { eventually } from '../support/eventually.ts';
import { makeTempFolder } from '../support/temp-folder.ts';
import { openTestEnvironments } from '../support/test-environments.ts';
import { openTestIndex } from '../support/test-index.ts';
import { errorOf, openTestSandbox, resultOf, runOn, type TestSandbox } from '../support/test-sandbox.ts';
import { openClient, serveSandbox } from '../support/test-service.ts';

/**
 * What the engine relies on, whatever runs behind the interface: the same tests run against the local sandbox and
 * against one behind HTTP.
 */
const opened = new AsyncDisposableStack();
const backends: Record<string, SandboxBackend> = {};
beforeAll(async () => {
  const index = opened.use(
    await openTestIndex({ name: 'tiny-local', version: '1.2' }, { name: 'tiny-remote', version: '1.2' }),
  );
  const folder = opened.use(await makeTempFolder()).path;
  const environments = opened.use(await openTestEnvironments(folder, { indexUrl: index.url }));
  const local: TestSandbox = opened.use(
    await openTestSandbox({ policy: 'strict', idleCells: 4, idlePackageCells: 1, environments }),
  );
  const service = opened.use(await serveSandbox(local.backend));
  backends.local = local.backend;
  backends.remote = opened.use(await openClient(service.url));
});
afterAll(() => opened.disposeAsync());

describe.each(['local', 'remote'])('the %s backend', (name) => {
  const run = (...args: Parameters<TestSandbox['run']>) => runOn(backends[name]!, ...args);

  test('returns the result of the code for its input', async () => {
    const input = { value: 21, text: 'ü😀', none: null, list: [1.5, true] };
    expect(resultOf(await run('result = input_data', { input }))).toEqual(input);
  });

  test('returns null for code without a result, and passes null for a missing input', async () => {
    expect(resultOf(await run('x = 1'))).toBeNull();
    expect(resultOf(await run('result = input_data', { input: undefined }))).toBeNull();
  });

  test('gives the code its secrets, and masks what the output shows of them, however it is written', async () => {
    const secrets = { KEY: 'long-enough-key' };
    const code = `
import time
print(secrets["KEY"], secrets.KEY == "-".join(["long", "enough", "key"]), secrets, len(secrets.KEY))
for c in secrets.KEY: print(c, end="", flush=True); time.sleep(0.002)
print("long-en", end="", flush=True)
progress(1)
print("d")
result = secrets.KEY[::-1]`;
    const { events, outcome } = await run(code, { secrets });
    const text = events.map((event) => (event.kind === 'output' ? event.text : '')).join('');
    expect(text).toBe('*** True <secrets KEY> 15\n***long-end\n');
    expect(outcome).toMatchObject({ kind: 'succeeded', result: 'yek-hguone-gnol' });
    const offsets = events.flatMap((event) => (event.kind === 'output' ? [event] : []));
    let at = 0;
    for (const { byteOffset, text: piece } of offsets) {
      expect(byteOffset).toBe(at);
      at += Buffer.byteLength(piece);
    }
    const error = errorOf(
      await run('import logging\nlogging.error(secrets.KEY)\nsecrets.OTHER', { secrets }),
    );
    expect(error).toMatchObject({
      stderr: 'ERROR:root:***\n',
      message: expect.stringContaining("no secret 'OTHER'"),
    });
    expect(resultOf(await run('result = "secrets" in globals()'))).toBe(false);
  });

  test('says what is probably a mistake, which fails no run', async () => {
    const notices = async (code: string) => {
      const { outcome } = await run(code);
      expect(outcome).toMatchObject({ kind: 'succeeded', result: null });
      return outcome.kind === 'succeeded' ? (outcome.notices ?? []).map((notice) => notice.code) : [];
    };
    expect(await notices('class A: pass\nA()')).toEqual(['RESULT_DROPPED']);
    expect(await notices('x = 1')).toEqual(['NO_RESULT']);
    expect(await notices('for n in range(2): print(n)')).toEqual([]);
    expect(await notices("for n in range(2): save_artifact(f'{n}.txt', 'x')")).toEqual([]);
    expect(await notices('result = None')).toEqual([]);
  });

  test('emits what a library tries on its own account, and goes on', async () => {
    const { events, outcome } = await run('import platform\nresult = platform.processor()');
    expect(outcome).toMatchObject({ kind: 'succeeded', result: '' });
    expect(events).toEqual([
      {
        kind: 'violation',
        violation: expect.objectContaining({ layer: 'RUNTIME', rule: 'process', line: 2 }),
        isFatal: false,
      },
    ]);
  });

  test('nests as many calls as Python does, or as the run asks for', async () => {
    const code = 'def f(n): return n if n == 0 else f(n - 1)\nresult = f(input_data)';
    expect(resultOf(await run(code, { input: 990 }))).toBe(0);
    expect(errorOf(await run(code, { input: 1_000 })).type).toBe('RecursionError');
    expect(resultOf(await run(code, { input: 15_000, recursionLimit: 20_000 }))).toBe(0);
    // Each of these calls goes through C, and takes some of the stack, which must not end first.
    const endless = 'class S:\n  def __lt__(self, other): return sorted([S(), S()])\nsorted([S(), S()])';
    const { type } = errorOf(await run(endless, { recursionLimit: 20_000, memoryMb: 1_024 }));
    expect(type).toBe('RecursionError');
  });

  test('carries an input and a result of several megabytes', async () => {
    const input = 'ü'.repeat(2_000_000);
    expect(resultOf(await run('result = input_data + "!"', { input }))).toBe(`${input}!`);
  });

  test('reports an exception with its traceback, line and column', async () => {
    const { outcome } = await run("def f():\n  raise ValueError('no')\nprint('before')\nf()");
    expect(outcome).toMatchObject({
      kind: 'failed',
      error: { code: 'PYTHON_EXECUTION_ERROR', type: 'ValueError', line: 2, column: 3, retryable: false },
    });
    expect(outcome.kind === 'failed' && outcome.error.traceback).toContain('line 4');
  });

  test('emits each violation, and fails with the first', async () => {
    const { events, outcome } = await run('import os\nimport socket');
    expect(events).toEqual([
      { kind: 'violation', violation: expect.objectContaining({ layer: 'STATIC', line: 1 }) },
      { kind: 'violation', violation: expect.objectContaining({ layer: 'STATIC', line: 2 }) },
    ]);
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'PYTHON_SECURITY_ERROR', line: 1 } });
  });

  test('does not delay a run by code that is only checked', async () => {
    let checked = 0;
    const checks = Array.from({ length: 8 }, (_, n) =>
      backends[name]!.check(`x = '${name} ${n}'\n${'a = [1, 2, (3, 4)]\n'.repeat(3_000)}`).finally(
        () => checked++,
      ),
    );
    expect(resultOf(await run(`result = '${name}'`))).toBe(name);
    expect(checked).toBeLessThan(checks.length);
    await Promise.all(checks);
  });

  test('ends code at its timeout, and gives it time to clean up', async () => {
    const code =
      "import time\ntry:\n  print('begun', flush=True)\n  time.sleep(60)\nfinally:\n  print('cleaned', flush=True)";
    const { outcome, stdout } = await run(code, { timeoutMs: 3_000 });
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'PYTHON_TIMEOUT', retryable: true } });
    expect(stdout).toBe('begun\ncleaned\n');
  });

  test('ends code that uses more memory than it may', async () => {
    const error = errorOf(await run("x = 'x' * (200 * 1024 * 1024)", { memoryMb: 64 }));
    expect(error).toMatchObject({ code: 'PYTHON_MEMORY_LIMIT', retryable: false });
  });

  test('makes an environment for a run, emits its progress, lists it, and deletes it', async () => {
    const { environments } = backends[name]!;
    const requested = [`tiny-${name}>=1`];
    const code = `import tiny_${name}\nresult = tiny_${name}.VERSION`;
    const { outcome, events } = await run(code, { packages: requested });
    expect(outcome).toMatchObject({ kind: 'succeeded', result: '1.2' });
    const packages = [`tiny-${name}==1.2`];
    expect(events).toContainEqual({ kind: 'environment', status: 'READY', packages, message: null });

    const statuses: string[] = [];
    const made = await environments.prepare(requested, {
      signal: new AbortController().signal,
      onEvent: ({ status }) => void statuses.push(status),
    });
    expect(made).toMatchObject({ state: 'READY', packages: [{ name: `tiny-${name}`, version: '1.2' }] });
    expect(made.createdAt).toBeInstanceOf(Date);
    expect(statuses.at(-1)).toBe('READY');
    expect((await environments.list()).map(({ id }) => id)).toContain(made.id);

    await eventually('nothing uses it', () => environments.delete(made.id));
    expect(await environments.delete(made.id)).toBe(false);
    expect((await environments.list()).map(({ id }) => id)).not.toContain(made.id);
  });

  test('a package that does not exist fails the run with the message of the installer', async () => {
    const { outcome, events } = await run('result = 1', { packages: ['no-such-package'] });
    expect(outcome).toMatchObject({ kind: 'failed', error: { code: 'PYTHON_PACKAGE_ERROR' } });
    expect(outcome.kind === 'failed' && outcome.error.message).toContain('no-such-package');
    expect(events).toContainEqual(expect.objectContaining({ kind: 'environment', status: 'FAILED' }));
  });

  test('rejects with the reason why an environment cannot be prepared', async () => {
    const prepare = (packages: string[]) =>
      backends[name]!.environments.prepare(packages, { signal: new AbortController().signal, onEvent() {} });
    await expect(prepare(['no-such-package'])).rejects.toThrow(PackageError);
    await expect(prepare(['tiny-local', 'not a requirement!'])).rejects.toMatchObject({
      constructor: PackageRefusal,
      findings: [{ rule: 'invalid-requirement', index: 1 }],
    });
  });

  test('emits output whole and in order, before the outcome', async () => {
    const { stdout, outcome } = await run("for i in range(20_000): print(i, 'é')\nresult = 'end'");
    expect(outcome).toMatchObject({ kind: 'succeeded', result: 'end' });
    expect(stdout).toBe(Array.from({ length: 20_000 }, (_, i) => `${i} é\n`).join(''));
  });

  test('emits progress, and each stream with offsets that count bytes', async () => {
    const { events } = await run(
      "import time\nprint('ä')\ntime.sleep(0.05)\nprint('b')\nprogress(1, 2, 'half')\nint('x')",
    );
    const stdout = events
      .filter((event) => event.kind === 'output')
      .filter(({ stream }) => stream === 'STDOUT');
    let bytes = 0;
    for (const { text, byteOffset } of stdout) {
      expect(byteOffset).toBe(bytes);
      bytes += Buffer.byteLength(text);
    }
    expect(stdout.map(({ text }) => text).join('')).toBe('ä\nb\n');
    const progress = {
      kind: 'progress',
      current: 1,
      total: 2,
      unit: null,
      message: 'half',
      source: 'progress',
    };
    expect(events).toContainEqual(progress);
  });

  test('emits the files that a run saves, byte by byte', async () => {
    const { events } = await run("save_artifact('a.bin', bytes(range(256)) * 1000)");
    const base64 = Buffer.alloc(256_000, Buffer.from(Array.from({ length: 256 }, (_, i) => i))).toString(
      'base64',
    );
    const id = expect.stringMatching(/^art_/);
    expect(events).toEqual([{ kind: 'artifact', id, name: 'a.bin', mimeType: expect.any(String), base64 }]);
  });

  test('hands the code the files that it opens, and refuses others with the reason', async () => {
    const content = Buffer.alloc(3 * 1024 * 1024 + 1, Buffer.from('0123456789abc'));
    const opened: string[] = [];
    const openFile = async (id: string) => {
      opened.push(id);
      if (id === 'none') return { refused: 'There is no such file' };
      if (id === 'large') return { name: 'large.bin', sizeBytes: 65 * 1024 * 1024, content: chunks() };
      return { name: `Zahlen ${'ä'.repeat(195)}.csv`, sizeBytes: content.length, content: chunks() };
    };
    const chunks = () => ({
      async *[Symbol.asyncIterator]() {
        for (let at = 0; at < content.length; at += 1_000_000) yield content.subarray(at, at + 1_000_000);
      },
    });
    const code = `import hashlib
from concurrent.futures import ThreadPoolExecutor
def reason(id):
    try:
        open_artifact(id)
    except Exception as error:
        print("x" * 200_000)
        return str(error)
reasons = [reason("none"), reason("large")]
with ThreadPoolExecutor(4) as pool:
    digests = set(pool.map(lambda id: hashlib.sha256(open_artifact({"$file": id}).read()).hexdigest(), "abcd"))
result = [*reasons, artifact_path("a")[-4:], len(digests), open_artifact("b", "r").read(14)]`;
    expect(resultOf(await run(code, { openFile }))).toEqual([
      'There is no such file',
      expect.stringContaining(
        'fits into the folder of the run, which holds 64 MiB (PYTHON_SCRATCH_MB), got large.bin of 65 MiB',
      ),
      '.csv',
      1,
      '0123456789abc0',
    ]);
    expect(opened.toSorted()).toEqual(['a', 'b', 'c', 'd', 'large', 'none']);
    expect(errorOf(await run('open_artifact("a")'))).toMatchObject({ message: 'This run has no files' });
  });

  test('throws what reading a file throws, and ends the run', async () => {
    const content = {
      async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
        yield Buffer.alloc(1_000_000);
        throw new Error('the store is away');
      },
    };
    const openFile = async () => ({ name: 'a', sizeBytes: 2_000_000, content });
    await expect(run('open_artifact("a")', { openFile })).rejects.toThrow('the store is away');
  });

  test('emits which limit cut the output', async () => {
    const { events } = await run("print('x' * 5_000_000)");
    expect(events).toContainEqual(
      expect.objectContaining({ truncated: true, code: 'PYTHON_OUTPUT_LIMIT', message: expect.any(String) }),
    );
  });

  test('calls onEvent for one event at a time, and reads no further meanwhile', async () => {
    let under = 0;
    let most = 0;
    const seen: PythonEvent[] = [];
    const { outcome } = await run('import time\nfor i in range(10):\n  print(i)\n  time.sleep(0.005)', {
      onEvent: async (event) => {
        under += 1;
        most = Math.max(most, under);
        await new Promise((resolve) => setTimeout(resolve, 5));
        seen.push(event);
        under -= 1;
      },
    });
    expect(outcome.kind).toBe('succeeded');
    expect(most).toBe(1);
    expect(seen.map((event) => (event.kind === 'output' ? event.text : '')).join('')).toBe(
      '0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n',
    );
  });

  test('an onEvent that fails ends the run with its error', async () => {
    const failing = run("print('x')\nimport time\ntime.sleep(60)", {
      onEvent: () => Promise.reject(new Error('the journal is fenced')),
    });
    await expect(failing).rejects.toThrow('the journal is fenced');
  });

  test('aborting gives the code time to clean up', async () => {
    const { outcome, stdout } = await abortWhenItPrints(run, {
      code: "import time\ntry:\n  print('go\\n', end='', flush=True)\n  time.sleep(60)\nfinally:\n  print('cleaned', flush=True)\n  time.sleep(0.05)",
      reason: { force: false },
    });
    expect(outcome.kind).toBe('aborted');
    expect(stdout).toBe('go\ncleaned\n');
  });

  test('aborting with force gives the code no time', async () => {
    const { outcome, stdout } = await abortWhenItPrints(run, {
      code: "import time\ntry:\n  print('go\\n', end='', flush=True)\n  time.sleep(60)\nfinally:\n  print('cleaned', flush=True)\n  time.sleep(0.05)",
      reason: { force: true },
    });
    expect(outcome.kind).toBe('aborted');
    expect(stdout).toBe('go\n');
  });

  test('code that ignores the end of its grace is killed', async () => {
    const { outcome } = await abortWhenItPrints(run, {
      code: "print('go', flush=True)\nwhile True:\n  try:\n    while True: pass\n  except BaseException: pass",
      reason: { force: false },
    });
    expect(outcome.kind).toBe('aborted');
  });

  test('a signal that is aborted already runs nothing', async () => {
    const { outcome, events } = await run("print('ran')", { signal: AbortSignal.abort() });
    expect(outcome.kind).toBe('aborted');
    expect(events).toEqual([]);
  });

  test('an abort takes effect while onEvent is pending', async () => {
    const abort = new AbortController();
    const never = Promise.withResolvers<void>();
    const { outcome } = await run("print('go')\nwhile True: pass", {
      signal: abort.signal,
      onEvent: () => {
        abort.abort({ force: true });
        return never.promise;
      },
    });
    expect(outcome.kind).toBe('aborted');
  });

  test('aborted runs free their capacity', async () => {
    const abort = new AbortController();
    const runs = Array.from({ length: 4 }, () =>
      run('while True: pass', { signal: abort.signal, timeoutMs: 60_000 }),
    );
    abort.abort({ force: true });
    for (const { outcome } of await Promise.all(runs)) expect(outcome.kind).toBe('aborted');
    expect(backends.local!.capacity()).toMatchObject({ running: 0, waiting: 0 });
  });

  test('checks code without running it', async () => {
    const check = (code: string, packages?: string[]) =>
      backends[name]!.check(code, packages && { packages });
    expect(await check('x = 1\nimport os\n')).toEqual({
      findings: [expect.objectContaining({ rule: 'blocked-module', line: 2, column: 1 })],
      shape: 'SCRIPT',
      inputSchema: null,
      imports: [],
      policy: 'strict',
    });
    expect(await check('x = 1', ['tiny-local'])).toMatchObject({ findings: [] });
    expect(await check('x = 1', ['not a requirement!'])).toMatchObject({
      findings: [expect.objectContaining({ rule: 'invalid-requirement', line: null })],
    });
  });

  test('knows the shape of code before it runs', async () => {
    const shapes = {
      SCRIPT: 'x = 1',
      RETURN: 'if input_data: return 1',
      AWAIT: 'import asyncio\nawait asyncio.sleep(0)',
      MAIN: 'def main(a: int, b="x"): return a',
    };
    for (const [shape, code] of Object.entries(shapes)) {
      expect(await backends[name]!.shapeOf(code)).toBe(shape);
      expect(await backends[name]!.shapeOf(code)).toBe(shape); // as remembered
    }
    expect(await backends[name]!.shapeOf(`${shapes.RETURN}\n${shapes.MAIN}`)).toBeNull();
    expect(await backends[name]!.check(shapes.MAIN)).toEqual({
      findings: [],
      shape: 'MAIN',
      inputSchema: {
        type: 'object',
        properties: { a: { type: 'integer' }, b: { default: 'x' } },
        required: ['a'],
      },
      imports: [],
      policy: 'strict',
    });
  });

  test('reports its status and its capacity', async () => {
    const status = await backends[name]!.status();
    expect(status).toMatchObject({
      available: true,
      problem: null,
      pythonVersion: expect.stringMatching(/^3\./),
    });
    expect(status.services).toHaveLength(name === 'remote' ? 1 : 0);
    expect(backends[name]!.capacity()).toMatchObject({ max: 16 });
  });
});

/** Aborts the run when it prints `go`, and returns its outcome and events. */
async function abortWhenItPrints(
  run: TestSandbox['run'],
  { code, reason }: { code: string; reason: { force: boolean } },
) {
  const abort = new AbortController();
  return run(code, {
    signal: abort.signal,
    timeoutMs: 60_000,
    onEvent: (event) => {
      if (event.kind === 'output' && event.text.includes('go')) abort.abort(reason);
    },
  });
}
