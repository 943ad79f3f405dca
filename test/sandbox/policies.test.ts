import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { PythonPolicy, SandboxBackend } from '../../server/sandbox/backend.ts';
import { errorOf, openTestSandbox, resultOf, runOn, type TestSandbox } from '../support/test-sandbox.ts';
import { openClient, serveSandbox } from '../support/test-service.ts';

/** What each policy lets code do and the next stricter one refuses. */
const PROGRAMS: Record<PythonPolicy, string> = {
  strict: 'import json\nresult = json.dumps(1)',
  standard: "import os\nopen('x', 'w').close()\nresult = os.listdir('.')",
  kernel: "result = eval('1 + 1')",
};

const opened = new AsyncDisposableStack();
const sandboxes = {} as Record<PythonPolicy, TestSandbox>;
let remote: SandboxBackend;

beforeAll(async () => {
  const bounds = { maxTimeoutMs: 600_000, scratchMb: 200, fileMb: 150, outputMb: 2 };
  for (const policy of ['strict', 'standard', 'kernel'] as const)
    sandboxes[policy] = opened.use(await openTestSandbox({ policy, bounds, idleCells: 1 }));
  const { url } = opened.use(await serveSandbox(sandboxes.standard.backend));
  remote = opened.use(await openClient(url));
});
afterAll(() => opened.disposeAsync());

async function works(backend: SandboxBackend, policy: PythonPolicy, asked: PythonPolicy | null) {
  const { outcome } = await runOn(backend, PROGRAMS[policy], { policy: asked });
  if (outcome.kind === 'failed') expect(outcome.error.code).toBe('PYTHON_SECURITY_ERROR');
  return outcome.kind === 'succeeded';
}

const ALL = ['strict', 'standard', 'kernel'] as const;

test.each(ALL.flatMap((bound) => [null, ...ALL].map((asked) => [bound, asked] as const)))(
  'under %s, a run that asks for %s has the stricter of the two',
  async (bound, asked) => {
    const { backend } = sandboxes[bound];
    const holds = Math.min(ALL.indexOf(bound), ALL.indexOf(asked ?? bound));
    for (const [index, policy] of ALL.entries())
      expect([policy, await works(backend, policy, asked)]).toEqual([policy, index <= holds]);
    const checked = await backend.check(PROGRAMS.standard, { policy: asked });
    expect(checked).toMatchObject({ policy: ALL[holds], findings: { length: holds === 0 ? 2 : 0 } });
    expect(await backend.status()).toMatchObject({ policy: bound });
  },
);

test('a service has the stricter of its own policy, its client s and that of the run', async () => {
  expect(await works(remote, 'standard', null)).toBe(true);
  expect(await works(remote, 'kernel', 'kernel')).toBe(false);
  expect(await works(remote, 'standard', 'strict')).toBe(false);
  expect(await remote.check(PROGRAMS.standard, { policy: 'strict' })).toMatchObject({ policy: 'strict' });
  expect(await remote.status()).toMatchObject({ policy: 'standard' });
});

test('a client that is stricter than its service is held to that', async () => {
  await using service = await serveSandbox(sandboxes.kernel.backend);
  await using strict = await openClient(service.url, { policy: 'strict' });
  expect(await works(strict, 'standard', null)).toBe(false);
  expect(await works(strict, 'kernel', 'kernel')).toBe(false);
  expect(await strict.status()).toMatchObject({ policy: 'strict' });
});

test('writing is a rule of strict that the operator can lift for the own folder', async () => {
  const code = "open('x', 'w').write('1')\nresult = open('x').read()";
  const refused = errorOf(await sandboxes.strict.run(code));
  expect(refused.message).toContain('PYTHON_ALLOW_SCRATCH_WRITES');
  await using lenient = await openTestSandbox({ policy: 'strict', allowsScratchWrites: true, idleCells: 1 });
  expect(resultOf(await lenient.run(code))).toBe('1');
  expect(errorOf(await lenient.run("open('/usr/lib/x', 'w')")).code).toBe('PYTHON_SECURITY_ERROR');
  expect(errorOf(await lenient.run('import os')).code).toBe('PYTHON_SECURITY_ERROR');
});

test('processes of a run work together, and one that breaks a rule ends the run at once', async () => {
  const pool = (work: string) => `
import os
from multiprocessing import Manager, Pool, Queue, Value
total = Value('i', 0)
def work(n):
    with total: total.value += n
    return ${work}
with Manager() as manager, Pool(4) as pool:
    shared = manager.list(pool.map(work, range(10)))
    result = [list(shared), total.value]`;
  const { standard } = sandboxes;
  const patient = { timeoutMs: 120_000 }; // six processes start
  const squares = [0, 1, 4, 9, 16, 25, 36, 49, 64, 81];
  expect(resultOf(await standard.run(pool('n * n'), patient))).toEqual([squares, 45]);
  const broken = await standard.run(pool("os.listdir('/etc')"), patient);
  expect(errorOf(broken)).toMatchObject({ code: 'PYTHON_SECURITY_ERROR', line: 7 });
  expect(broken.outcome.durationMs).toBeLessThan(60_000);
});

test('what cannot start in a sandbox says so', async () => {
  const spawn = "import multiprocessing\nmultiprocessing.get_context('spawn').Process(target=print).start()";
  expect(errorOf(await sandboxes.standard.run(spawn)).message).toContain('let multiprocessing fork');
});

test('what the operator raises can be used, and no more', async () => {
  const { standard } = sandboxes;
  const write = (mb: number) => `with open('x', 'wb') as file:
    for _ in range(${mb}): file.write(bytes(1 << 20))
result = file.closed`;
  expect(resultOf(await standard.run(write(140)))).toBe(true);
  expect(errorOf(await standard.run(write(160))).message).toContain('a file may have 150 MiB');
  const map = `import mmap\n${write(140)}
with open('x', 'r+b') as file, mmap.mmap(file.fileno(), 0) as mapped:
    mapped[-1] = 7
    result = [len(mapped), mapped[len(mapped) - 1]]`;
  expect(resultOf(await standard.run(map))).toEqual([140 << 20, 7]);
  const printed = await standard.run(
    "for _ in range(3): print('x' * (1 << 20 - 4))\nfor _ in range(60): print('y' * 50_000)",
  );
  expect(printed.stdout.length).toBeGreaterThan(1.9 * 1024 * 1024);
  expect(printed.stdout.length).toBeLessThanOrEqual(2 * 1024 * 1024);
  const late = errorOf(await standard.run('import time\ntime.sleep(60)', { timeoutMs: 1_000 }));
  expect(late.message).toContain('at most 600000');
});
