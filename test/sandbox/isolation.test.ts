import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { errorOf, openTestSandbox, resultOf, type TestSandbox } from '../support/test-sandbox.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await openTestSandbox();
});
afterAll(() => sandbox[Symbol.asyncDispose]());

test.each([
  '/etc/passwd',
  '/root/.bashrc',
  '/root/.ssh',
  '/home',
  '/var',
  '/usr/bin/env',
  '/usr/sbin',
  '/bin/sh',
  '/sys',
  '/proc/self',
  '/proc/1/environ',
  '/weft/proc/self',
  '/weft/run/forkserver.sock',
])('a run finds no %s', async (path) => {
  const error = errorOf(
    await sandbox.run(`import os\nos.stat(${JSON.stringify(path)})\nos.listdir(${JSON.stringify(path)})`),
  );
  expect(['FileNotFoundError', 'PermissionError', 'NotADirectoryError']).toContain(error.type);
});

test('a run is an unprivileged user, and PID 1 of its own namespace', async () => {
  const code =
    'import os\nresult = [os.getpid(), os.getppid(), os.getuid(), os.getgid(), os.getgroups(), os.uname().nodename]';
  expect(resultOf(await sandbox.run(code))).toEqual([1, 0, 65532, 65532, expect.anything(), 'weft']);
});

test('a run sees no other process', async () => {
  const code =
    'import os\nseen = []\nfor pid in range(2, 5000):\n  try:\n    os.kill(pid, 0)\n    seen.append(pid)\n  except ProcessLookupError: pass\nresult = seen';
  expect(resultOf(await sandbox.run(code))).toEqual([]);
});

test('a run has no descriptor but its own', async () => {
  const code =
    'import os\nopen_fds = []\nfor fd in range(256):\n  try:\n    os.fstat(fd)\n    open_fds.append(fd)\n  except OSError: pass\nresult = open_fds';
  expect(resultOf(await sandbox.run(code))).toEqual([0, 1, 2, 3]);
});

test('there is no network', async () => {
  const code =
    "import socket\ntry:\n  socket.create_connection(('1.1.1.1', 53), 2)\n  result = 'connected'\nexcept OSError as error:\n  result = 'refused'";
  const run = await sandbox.run(code);
  if (run.outcome.kind === 'succeeded') expect(run.outcome.result).toBe('refused');
  else expect(errorOf(run).code).toBe('PYTHON_SECURITY_ERROR');
});

test('nothing can be written outside the scratch folder', async () => {
  const code =
    "import os\nwritable = []\nfor root, folders, _ in os.walk('/'):\n  if root.startswith(('/tmp', '/dev/shm')): continue\n  try:\n    open(os.path.join(root, 'probe'), 'w').close()\n    writable.append(root)\n  except OSError: pass\nresult = writable";
  expect(resultOf(await sandbox.run(code, { timeoutMs: 60_000 }))).toEqual([]);
});

test('what a run leaves in its scratch folder or in shared memory is gone for the next', async () => {
  await sandbox.run("open('left', 'w').write('x')\nopen('/dev/shm/left', 'w').write('x')");
  expect(resultOf(await sandbox.run("import os\nresult = os.listdir('.') + os.listdir('/dev/shm')"))).toEqual(
    [],
  );
});

test('two runs at once do not see each other', async () => {
  const own = "import os\nopen(input_data, 'w').close()\nopen(f'/dev/shm/{input_data}', 'w').close()\n";
  const seen = "result = [os.listdir('.'), os.listdir('/dev/shm'), os.getpid()]";
  const second = await beside(`${own}print('made', flush=True)\nwhile True: pass`, 'first', () =>
    sandbox.run(own + seen, { input: 'second' }),
  );
  expect(resultOf(second)).toEqual([['second'], ['second'], 1]);
});

test('two runs of the same code, one of them short of time, do not cost each other any', async () => {
  const code = "import time\nwhile input_data: pass\ntime.sleep(1)\nresult = 'in time'";
  const [short, long] = await Promise.all([
    sandbox.run(code, { input: true, timeoutMs: 300 }),
    sandbox.run(code, { input: false, timeoutMs: 30_000 }),
  ]);
  expect(errorOf(short)).toMatchObject({
    code: 'PYTHON_TIMEOUT',
    message: expect.stringContaining('300 ms'),
  });
  expect(resultOf(long)).toBe('in time');
});

test('two runs at once cannot meet on an abstract socket', async () => {
  const listen = `import socket
s = socket.socket(socket.AF_UNIX)
s.bind('\\0meet')
s.listen()
print('listens', flush=True)
s.accept()`;
  const call = `import socket
s = socket.socket(socket.AF_UNIX)
try:
  s.connect('\\0meet')
  result = 'met'
except ConnectionRefusedError:
  result = 'alone'`;
  expect(resultOf(await beside(listen, null, () => sandbox.run(call)))).toBe('alone');
});

test('a run finds nothing of an earlier run in its memory', async () => {
  const secret = `carried-${Math.random()}-over`;
  await sandbox.run(`x = ${JSON.stringify(secret)}`, { input: secret });
  const code = `import ctypes, gc
needle = ${JSON.stringify(secret.slice(0, 12))} + input_data
result = [type(o).__name__ for o in gc.get_objects() if isinstance(o, dict) and any(isinstance(v, str) and needle in v for v in o.values() if v is not needle)]`;
  expect(resultOf(await sandbox.run(code, { input: secret.slice(12) }))).toEqual([]);
});

test('what a run changes in Python is unchanged for the next', async () => {
  await sandbox.run("import json, builtins\njson.dumps = None\nbuiltins.len = lambda x: 'poisoned'");
  expect(resultOf(await sandbox.run("import json\nresult = [json.dumps([1]), len('abc')]"))).toEqual([
    '[1]',
    3,
  ]);
});

/** Does `work` beside an active run of `code`, which it starts, waits for until it prints, and aborts in the end. */
async function beside<Result>(code: string, input: unknown, work: () => Promise<Result>): Promise<Result> {
  const ending = new AbortController();
  const { promise: began, resolve } = Promise.withResolvers<void>();
  const neighbour = sandbox.run(code, {
    input,
    signal: ending.signal,
    onEvent: () => resolve(),
    timeoutMs: 60_000,
  });
  await began;
  try {
    return await work();
  } finally {
    ending.abort({ force: true });
    await neighbour;
  }
}
