import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { canBeOwned, type OwnedSandbox, openOwnedSandbox } from '../support/owned-sandbox.ts';
import {
  errorOf,
  openTestSandbox,
  resultOf,
  type TestRun,
  type TestRunOptions,
} from '../support/test-sandbox.ts';
import { py } from './attacks/attack.ts';

/**
 * What the kernel counts for a user, and neither for a process nor for a namespace. All cells have one user: a user of
 * their own where the server is root, and otherwise the server's.
 */
const SERVERS: [who: string, open: () => Promise<OwnedSandbox>, canOpen: boolean][] = [
  ['as this user', openBesideThisServer, true],
  ['as an ordinary user that owns the shared files', openOwnedSandbox, canBeOwned],
];

/** In every process that the run may have: `each` yields until there is no more, and the sum is printed. */
function hold(each: string): string {
  return py`
    import os, select, time
    total = os.open('total', os.O_CREAT | os.O_APPEND | os.O_RDWR)
    for _ in range(30):
        if os.fork() == 0: break
    held, kept = 0, []
    try:
    EACH
    except OSError: pass
    os.write(total, held.to_bytes(8, 'big'))
    if os.getpid() == 1:
        while os.fstat(total).st_size < 8 * 31: time.sleep(0.01)
        numbers = os.pread(total, 8 * 31, 0)
        print(sum(int.from_bytes(numbers[n:n + 8], 'big') for n in range(0, 8 * 31, 8)), flush=True)
    time.sleep(60)
  `.replace('EACH', each.replace(/^/gm, '    '));
}

describe.each(SERVERS)('the server runs %s', (_who, open, canOpen) => {
  const when = canOpen ? test : test.skip;
  let sandbox: OwnedSandbox;
  beforeAll(async () => {
    if (canOpen) sandbox = await open();
  });
  afterAll(async () => {
    await sandbox?.[Symbol.asyncDispose]();
  });

  const granted = Number(readFileSync('/proc/sys/fs/epoll/max_user_watches', 'utf8'));
  test.each([
    [
      'watches of epoll',
      hold(py`
        poll = select.epoll()
        for _ in range(20):
            kept.append(os.eventfd(0))
            for fd in range(100, 250):
                os.dup2(kept[-1], fd)
                poll.register(fd, 0)
                held += 1
      `),
      Math.min(32_768, granted / 64),
    ],
    [
      'pipes',
      hold(py`
        while True:
            kept.append(os.pipe())
            held += 1
      `),
      256 + 64, // as many more as have passed the count and are not made yet
    ],
  ])('a run that acquires all %s gets a share, and the server still works', async (_what, code, most) => {
    if (!canOpen) return;
    const printed = await beside(code, async (text) => {
      expect(await sandbox.probe()).toBe('well');
      expect(
        resultOf(await sandbox.run('import asyncio\nasync def f(): return 1\nresult = asyncio.run(f())')),
      ).toBe(1);
      return text;
    });
    expect(printed).toMatch(/^\d+\n?$/); // the end of the line may come by itself
    expect(Number(printed)).toBeGreaterThan(100);
    expect(Number(printed)).toBeLessThanOrEqual(most);
  });

  when('a run that makes and closes pipes for ever is not stopped by those that it has closed', async () => {
    const code = "import os\nfor _ in range(2000):\n  for fd in os.pipe(): os.close(fd)\nresult = 'made'";
    expect(resultOf(await sandbox.run(code))).toBe('made');
  });

  when('a run that queues signals to itself without end has few that wait', async () => {
    const code = py`
      import os, signal
      number = signal.SIGRTMIN + 3
      signal.pthread_sigmask(signal.SIG_BLOCK, [number])
      for _ in range(20_000): os.kill(os.getpid(), number)
      result = 0
      while signal.sigtimedwait([number], 0): result += 1
    `;
    const waited = resultOf(await sandbox.run(code)) as number;
    expect(waited).toBeGreaterThan(0);
    expect(waited).toBeLessThanOrEqual(257);
    expect(await sandbox.probe()).toBe('well');
  });

  when.each([
    ['queues of messages', "libc.mq_open(b'/weft', 0o102, 0o600, None)", 38],
    ['watches of files', 'libc.inotify_init1(0)', 38],
    ['signals with a value', 'libc.sigqueue(1, 40, ctypes.c_void_p(1))', 38],
    ['timers', 'libc.syscall(222 if X86 else 107, 0, None, ctypes.byref(ctypes.c_int()))', 38],
  ])('a run has no %s', async (_what, call, errno) => {
    const code = `import ctypes, platform\nX86 = platform.machine() == 'x86_64'\nlibc = ctypes.CDLL(None, use_errno=True)\nresult = [${call}, ctypes.get_errno()]`;
    expect(resultOf(await sandbox.run(code))).toEqual([-1, errno]);
  });

  when('a run has no keys', async () => {
    const code =
      "import ctypes\nctypes.CDLL(None).syscall(248 if platform.machine() == 'x86_64' else 217, b'user', b'k', b'v', 1, -4)";
    expect(errorOf(await sandbox.run(`import platform\n${code}`)).code).toBe('PYTHON_SECURITY_ERROR');
  });

  when('locks on files count as memory', async () => {
    const code = py`
      import fcntl, time
      files = [open(f'{n}', 'w') for n in range(200)]
      for place in range(5_000):
          for file in files: fcntl.lockf(file, fcntl.LOCK_EX, 1, 2 * place)
      result = 'holds a million locks'
    `;
    const run = await sandbox.run(code, { memoryMb: 64, timeoutMs: 60_000 });
    expect(errorOf(run).code).toBe('PYTHON_MEMORY_LIMIT');
    expect(await sandbox.probe()).toBe('well');
  });

  when('mappings count as memory', async () => {
    const code = py`
      import ctypes, os, time
      libc = ctypes.CDLL(None)
      libc.mmap.restype = ctypes.c_void_p
      pages = 50_000
      start = libc.mmap(None, ctypes.c_size_t(pages * 4096), 0, 0x4022, -1, ctypes.c_long(0))
      for page in range(0, pages, 2): libc.mprotect(ctypes.c_void_p(start + page * 4096), 4096, 1)
      for _ in range(20):
          if os.fork() == 0: break
      time.sleep(60)
      result = 'holds a million mappings'
    `;
    const run = await sandbox.run(code, { memoryMb: 256, timeoutMs: 30_000 });
    expect(errorOf(run).code).toBe('PYTHON_MEMORY_LIMIT');
    expect(await sandbox.probe()).toBe('well');
  });

  /** Does `work` with what an active run of `code` prints first, and aborts that run in the end. */
  async function beside<Result>(code: string, work: (printed: string) => Promise<Result>): Promise<Result> {
    const ending = new AbortController();
    const printed = Promise.withResolvers<string>();
    const options: TestRunOptions = {
      signal: ending.signal,
      timeoutMs: 60_000,
      onEvent: (event) => printed.resolve(event.kind === 'output' ? event.text : event.kind),
    };
    const holder: Promise<TestRun> = sandbox.run(code, options);
    try {
      return await work(await Promise.race([printed.promise, holder.then((run) => JSON.stringify(run))]));
    } finally {
      ending.abort({ force: true });
      await holder;
    }
  }
});

async function openBesideThisServer(): Promise<OwnedSandbox> {
  const sandbox = await openTestSandbox();
  return { ...sandbox, probe: async () => 'well' };
}
