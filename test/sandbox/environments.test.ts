import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { environmentsOf } from '../support/module-environments.ts';
import { errorOf, openTestSandbox, resultOf } from '../support/test-sandbox.ts';

/** Packages as hostile as runs: their code, by name. */
const modules = {
  counted: 'import time\nloaded_at = time.time_ns()\nseen = []',
  threaded:
    "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\nvalue = 'here'",
  sharing: "import mmap\npage = mmap.mmap(-1, 4096)\nvalue = 'here'",
  holding: "handle = open(__file__)\nvalue = 'here'",
  forking: 'import os, time\nif os.fork() == 0: time.sleep(60)',
  crashing: 'import ctypes\nctypes.string_at(0)',
  exiting: "import sys\nsys.exit('no licence')",
  endless: 'while True: pass',
  failing: "raise RuntimeError('needs a GPU')",
  looking: `
import os
def look():
    return [name for name in ('/proc/self', '/proc/cpuinfo', '/proc/meminfo', '/sys', '/etc/passwd') if os.path.exists(name)]
while_imported = look()`,
  loud: "import os\nos.write(1, b'ready\\n' * 100)\nprint('hello' * 100_000)\nvalue = 'here'",
  probing: `
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def refused(*call):
    return libc.syscall(*call) == -1
value = {'ptrace': refused(101, 0, 1, 0, 0), 'bpf': refused(321, 0, 0, 0), 'unshare': refused(272, 0x10000000),
         'uid': open('/weft/proc/self/status').read().split('Uid:')[1].split()[0],
         'capabilities': open('/weft/proc/self/status').read().split('CapEff:')[1].split()[0]}`,
  linking_output: `
import os
real_open = os.open
def link(path, flags, *rest):
    fd = real_open(path, flags, *rest)
    if str(path).endswith('.out') and flags == os.O_WRONLY:
        os.unlink(path)
        os.symlink('/etc/passwd', path)
    return fd
os.open = link`,
  forging: `
import os, json
forkserver, real = os.getpid(), json.JSONEncoder.iterencode
json.JSONEncoder.iterencode = lambda *a, **k: ['{"kind": "nonsense"}'] if os.getpid() == forkserver else real(*a, **k)`,
  // Under these names they are part of the rehearsal of a waiting cell.
  numpy: 'rehearsals = []\ndef arange(size): rehearsals.append(size)',
  pandas: "import os\nvalue = 'here'\ndef DataFrame(rows): os._exit(3)",
};

const environments = environmentsOf(modules);
const sandbox = await openTestSandbox({ environments, idlePackageCells: 1 });
afterAll(() => sandbox[Symbol.asyncDispose]());

test('declared packages are imported ahead, and each run has its own copy', async () => {
  const code = 'import counted\ncounted.seen.append(1)\nresult = [str(counted.loaded_at), counted.seen]';
  const first = resultOf(await sandbox.run(code, { packages: ['counted'] }));
  const second = resultOf(await sandbox.run(code, { packages: ['counted'] }));
  expect(second).toEqual(first);
  expect(second).toEqual([expect.any(String), [1]]);
});

test('an environment cannot be written to', async () => {
  const code = "import counted\nopen(counted.__file__, 'w')";
  const error = errorOf(await sandbox.run(code, { packages: ['counted'] }));
  expect(error).toMatchObject({ type: 'OSError', message: expect.stringContaining('Read-only') });
});

test('a run without packages sees those of no environment', async () => {
  await sandbox.run('', { packages: ['counted'] });
  expect(errorOf(await sandbox.run('import counted')).type).toBe('ModuleNotFoundError');
});

test.each(['threaded', 'sharing', 'holding'])(
  'a package that a fork would break is imported by the run: %s',
  async (name) => {
    const code = `import ${name}, counted\nresult = ${name}.value`;
    expect(resultOf(await sandbox.run(code, { packages: ['counted', name] }))).toBe('here');
  },
);

test('a package that is imported by the run leaves the others imported ahead', async () => {
  const code = 'import counted, threading\nresult = [str(counted.loaded_at), threading.active_count()]';
  const first = resultOf(await sandbox.run(code, { packages: ['counted', 'threaded'] }));
  expect(resultOf(await sandbox.run(code, { packages: ['counted', 'threaded'] }))).toEqual(first);
  expect(first).toEqual([expect.any(String), 1]);
});

test('a package whose import crashes ends the runs that import it, and no others', async () => {
  const packages = ['crashing', 'counted'];
  const error = errorOf(await sandbox.run('import crashing', { packages }));
  expect(error).toMatchObject({ code: 'PYTHON_EXECUTION_ERROR', exitCode: 139 });
  expect(error.message).toContain('SIGSEGV');
  expect(resultOf(await sandbox.run('import counted\nresult = 1', { packages }))).toBe(1);
});

test('a package whose import exits or fails causes that error in the run', async () => {
  const packages = ['exiting', 'failing'];
  const exit = errorOf(await sandbox.run('import exiting', { packages }));
  expect(exit).toMatchObject({ type: 'SystemExit', line: 1, message: expect.stringContaining('no licence') });
  const failure = errorOf(await sandbox.run('\nimport failing', { packages }));
  expect(failure).toMatchObject({
    type: 'RuntimeError',
    line: 2,
    message: expect.stringContaining('needs a GPU'),
  });
});

test('a package whose import never ends costs its run the timeout and nothing else', async () => {
  const packages = ['endless'];
  // Of its own: on a busy host, other imports than this one may take as long.
  await using impatient = await openTestSandbox({
    environments: environmentsOf(modules),
    importTimeoutMs: 2_000,
    idlePackageCells: 1,
  });
  expect(errorOf(await impatient.run('import endless', { packages, timeoutMs: 1_000 })).code).toBe(
    'PYTHON_TIMEOUT',
  );
  expect(resultOf(await impatient.run('result = 1', { packages }))).toBe(1);
});

test('a run can be cancelled while its packages are imported ahead', async () => {
  const own = environmentsOf(modules);
  await using slow = await openTestSandbox({ environments: own });
  const abort = new AbortController();
  const running = slow.run('result = 1', { packages: ['endless'], signal: abort.signal });
  await eventually('its fork-server is started', () => readdirSync(slow.runFolder).length === 2);
  expect(own.held.get('endless')).toBe(1);
  abort.abort();
  expect((await running).outcome.kind).toBe('aborted');
});

test('processes that an import leaves behind are in no run', async () => {
  const code = "import os, forking\nresult = os.listdir('/proc')";
  const listed = resultOf(await sandbox.run(code, { packages: ['forking'] }));
  expect(listed).toEqual([]);
});

test('a package finds the same world while it is imported ahead as in a run', async () => {
  const code = 'import looking\nresult = [looking.while_imported, looking.look()]';
  expect(resultOf(await sandbox.run(code, { packages: ['looking'] }))).toEqual([[], []]);
});

test('what an import prints is in no output and no protocol', async () => {
  const run = await sandbox.run('import loud\nresult = loud.value', { packages: ['loud'] });
  expect(resultOf(run)).toBe('here');
  expect(run.stdout).toBe('');
});

test('imports run without root, capabilities and the system calls that cells are refused', async () => {
  const refused = resultOf(
    await sandbox.run('import probing\nresult = probing.value', { packages: ['probing'] }),
  );
  expect(refused).toEqual({
    ptrace: true,
    bpf: true,
    unshare: true,
    uid: '65532',
    capabilities: '0000000000000000',
  });
});

test('a package that puts a link in place of the output reads no file of the host', async () => {
  const run = await sandbox.run('result = 1', { packages: ['linking_output'] });
  expect(errorOf(run)).toMatchObject({ code: 'PYTHON_SERVICE_ERROR' });
  expect(run.stdout).toBe('');
});

test('a package that links its socket to that of another environment reaches nothing there', async () => {
  const runFolder = mkdtempSync(join(tmpdir(), 'weft-sb-'));
  const linking = `
import os, socket
class Linking(socket.socket):
    def listen(self, *backlog):
        super().listen(*backlog)
        os.unlink('/weft/run/forkserver.sock')
        os.symlink('${runFolder}/1/forkserver.sock', '/weft/run/forkserver.sock')
socket.socket = Linking`;
  const own = environmentsOf({ linking });
  await using attacked = await openTestSandbox({ environments: own, runFolder });
  const error = errorOf(await attacked.run('result = 1', { packages: ['linking'] }));
  expect(error.code).toBe('PYTHON_SERVICE_ERROR');
  expect(resultOf(await attacked.run('result = 1'))).toBe(1);
});

test('a package that breaks the protocol loses its own runs only', async () => {
  const packages = ['forging'];
  const { promise: began, resolve } = Promise.withResolvers<void>();
  const held = sandbox.run("print('go')\nwhile True: pass", { packages, onEvent: () => resolve() });
  await began;
  await sandbox.run('result = 1', { packages }); // the fork-server reports the end of its cell by a forged frame
  expect(errorOf(await held).code).toBe('PYTHON_SERVICE_ERROR');
  expect(resultOf(await sandbox.run('result = 1'))).toBe(1);
});

test('a cell that waits rehearses, and one that a run waits for does not', async () => {
  const rehearsals = async () =>
    resultOf(await sandbox.run('import numpy\nresult = len(numpy.rehearsals)', { packages: ['numpy'] }));
  expect(await rehearsals()).toBe(0);
  await eventually('a cell has rehearsed', async () => (await rehearsals()) === 1);
});

test('a package that ends the rehearsal fails no run', async () => {
  for (let n = 0; n < 4; n += 1)
    expect(
      resultOf(await sandbox.run('import pandas\nresult = pandas.value', { packages: ['pandas'] })),
    ).toBe('here');
});

test('only so many environments stay warm: the least recently used one is ended', async () => {
  const own = environmentsOf(modules);
  await using small = await openTestSandbox({ environments: own, warmEnvironments: 2 });
  for (const name of ['a', 'b', 'a', 'c']) await small.run('', { packages: [name] });
  await eventually('its room has ended', () => own.held.get('b') === 0);
  expect([own.held.get('a'), own.held.get('c')]).toEqual([1, 1]);
});

test('an environment that no run uses for long is ended, and started again for the next run', async () => {
  const own = environmentsOf(modules);
  await using small = await openTestSandbox({ environments: own, idleEnvironmentMs: 50 });
  await small.run('', { packages: ['a'] });
  // Its lease ends when this process has learned that the folder is gone.
  await eventually(
    'its room is gone, and its lease has ended',
    () => readdirSync(small.runFolder).length === 1 && own.held.get('a') === 0,
  );
  expect(resultOf(await small.run('result = 1', { packages: ['a'] }))).toBe(1);
});

test('a prepared environment is warm before its first run, and is ended when it is deleted', async () => {
  const own = environmentsOf(modules);
  await using small = await openTestSandbox({ environments: own });
  const { environments } = small.backend;
  const { id } = await environments.prepare(['a'], { signal: AbortSignal.timeout(10_000), onEvent() {} });
  await eventually('it has a room', () => readdirSync(small.runFolder).length === 2);
  await small.run('', { packages: ['a'] });
  expect(own.held.get(id)).toBe(1);
  expect(await environments.delete(id)).toBe(true);
});
