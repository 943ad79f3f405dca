import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { projectRoot } from '../../server/shared/paths.ts';
import { errorOf, openTestSandbox, resultOf, type TestSandbox } from '../support/test-sandbox.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await openTestSandbox();
});
afterAll(() => sandbox[Symbol.asyncDispose]());

const SYSCALL = 'import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n';

test.each([
  ['socket', 'import socket\nsocket.socket()'],
  ['socket', 'import socket\nsocket.socket(socket.AF_VSOCK)'],
  ['socket', 'import socket\nsocket.socket(socket.AF_PACKET, socket.SOCK_RAW)'],
  ['socket', `${SYSCALL}libc.socket(16, 3, 0)`],
  ['execve', "import os\nos.execv('/usr/bin/python3', ['python3'])"],
  ['ptrace', `${SYSCALL}libc.ptrace(16, 1, 0, 0)`],
  ['process_vm_readv', `${SYSCALL}libc.process_vm_readv(1, 0, 0, 0, 0, 0)`],
  ['mount', `${SYSCALL}libc.mount(b'x', b'/tmp', b'tmpfs', 0, None)`],
  ['umount2', `${SYSCALL}libc.umount2(b'/proc', 2)`],
  ['unshare', `${SYSCALL}libc.unshare(0x10000000)`],
  [
    'clone',
    `${SYSCALL}libc.syscall(56 if __import__('platform').machine() == 'x86_64' else 220, 0x10000011, 0, 0, 0, 0)`,
  ],
  ['setns', `${SYSCALL}libc.setns(3, 0)`],
  ['bpf', `${SYSCALL}libc.syscall(321 if __import__('platform').machine() == 'x86_64' else 280, 0, 0, 0)`],
  ['keyctl', `${SYSCALL}libc.syscall(250 if __import__('platform').machine() == 'x86_64' else 219, 0, 0, 0)`],
  ['io_uring_setup', `${SYSCALL}libc.syscall(425, 8, 0)`],
  ['userfaultfd', `${SYSCALL}libc.syscall(323 if __import__('platform').machine() == 'x86_64' else 282, 0)`],
  ['chroot', "import os\nos.chroot('/tmp')"],
])('the system call %s ends as a violation that names it: %s', async (call, code) => {
  const run = await sandbox.run(`${code}\nresult = 'went on'`);
  expect(errorOf(run)).toMatchObject({ code: 'PYTHON_SECURITY_ERROR' });
  expect(errorOf(run).message).toContain(`\`${call}\``);
  const violation = { layer: 'KERNEL', rule: 'system-call', message: expect.stringContaining(`\`${call}\``) };
  expect(run.events).toContainEqual({ kind: 'violation', violation: expect.objectContaining(violation) });
});

const isX86 = process.arch === 'x64';

(isX86 ? test : test.skip)('a 32-bit system call from machine code is refused', async () => {
  const code = `import ctypes, mmap
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(bytes.fromhex('b814000000cd80c3'))  # mov eax, getpid; int 0x80; ret
result = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()`;
  const error = errorOf(await sandbox.run(code));
  // Kernels without 32-bit calls end it with SIGSEGV.
  expect(error.code === 'PYTHON_SECURITY_ERROR' || error.exitCode === 139).toBe(true);
});

(isX86 ? test : test.skip)('an x32 system call is refused', async () => {
  const run = await sandbox.run(`${SYSCALL}result = [libc.syscall(0x40000000 + 39), ctypes.get_errno()]`);
  expect(resultOf(run)).toEqual([-1, 38]);
});

test('a call newer than the filter is refused', async () => {
  expect(
    resultOf(await sandbox.run(`${SYSCALL}result = [libc.syscall(460, 0), ctypes.get_errno()]`)),
  ).toEqual([-1, 38]);
});

(isX86 ? test : test.skip)(
  'a signal handler is refused even at an address whose lower half is zero',
  async () => {
    const code = `${SYSCALL}libc.mmap.restype = ctypes.c_void_p
page = libc.mmap(ctypes.c_void_p(1 << 32), ctypes.c_size_t(4096), 3, 0x100022, -1, ctypes.c_long(0))
returned = [libc.syscall(13, 17, ctypes.c_void_p(page), None, ctypes.c_long(8)), ctypes.get_errno()]
result = [page, returned]`;
    expect(resultOf(await sandbox.run(code))).toEqual([2 ** 32, [-1, 22]]);
  },
);

test('a run cannot make another session, which would have its own share of the CPU', async () => {
  const code = `import os
child = os.fork()
if child == 0:
  try: os.setsid()
  except PermissionError: os._exit(7)
result = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])`;
  expect(resultOf(await sandbox.run(code))).toBe(7);
});

test('a refusal that the code hides still fails the run', async () => {
  const run = await sandbox.run('import socket\ntry: socket.socket()\nexcept OSError: result = 1');
  expect(errorOf(run).code).toBe('PYTHON_SECURITY_ERROR');
});

test('a library that tries to start a program and goes on without it is no violation', async () => {
  const run = await sandbox.run('import platform\nresult = platform.platform()');
  expect(resultOf(run)).toContain('Linux');
});

test('a flood of refused calls is ended', async () => {
  const run = await sandbox.run(`${SYSCALL}while True: libc.ptrace(0, 0, 0, 0)`);
  expect(errorOf(run).code).toBe('PYTHON_SECURITY_ERROR');
  expect(run.events.length).toBeLessThanOrEqual(20);
});

test.each([
  ['watch shared files', 'libc.inotify_init()', 38],
  ['lock shared files', "libc.flock(open('/usr/lib/os-release').fileno(), 2)", 37],
  ['hold memory outside every limit', "libc.memfd_create(b'x', 0)", 38],
  ['make shared memory segments', 'libc.shmget(0, 4096, 0o1600)', 38],
  ['have the end of its children go unnoticed', 'libc.sigaction(17, (ctypes.c_uint64 * 20)(1), None)', 22],
  [
    'let a socket hold more than the default',
    'libc.setsockopt(__import__("socket").socketpair()[0].detach(), 1, 7, (ctypes.c_int * 1)(1 << 22), 4)',
    92,
  ],
  ['push characters into a terminal', 'libc.ioctl(0, 0x5412, 0)', 1],
])('a run cannot %s', async (_name, call, errno) => {
  expect(
    resultOf(await sandbox.run(`${SYSCALL}returned = ${call}\nresult = [returned, ctypes.get_errno()]`)),
  ).toEqual([-1, errno]);
});

test.each([
  ['threads', 'import threading\nt = threading.Thread(target=print)\nt.start()\nt.join()\nresult = 1'],
  [
    'process pools',
    'import multiprocessing\nwith multiprocessing.Pool(2) as pool: result = sum(pool.map(abs, [-1, 2])) - 2',
  ],
  ['event loops', 'import asyncio\nasync def main(): return 1\nresult = asyncio.run(main())'],
  [
    'SQLite',
    "import sqlite3\ndb = sqlite3.connect('x.db')\ndb.execute('create table t (a)')\ndb.execute('insert into t values (1)')\ndb.commit()\nresult = db.execute('select a from t').fetchone()[0]",
  ],
  [
    'temporary files',
    "import tempfile\nwith tempfile.TemporaryFile() as f:\n  f.write(b'x')\n  result = f.tell()",
  ],
  ['memory maps', 'import mmap\nm = mmap.mmap(-1, 4096)\nm[0] = 1\nresult = m[0]'],
])('%s work', async (_name, code) => {
  expect(resultOf(await sandbox.run(code))).toBe(1);
});

/** Those of test/python/scientific.py that need no package; measure_calls.py measured the others. */
test.each(programsOfTheCorpus())('the filter lets this program work: %s', async (_name, code) => {
  const { outcome } = await sandbox.run(code);
  expect(outcome).toMatchObject({ kind: 'succeeded', result: expect.anything() });
});

test.each([
  ['no new privileges', 'libc.prctl(39, 0, 0, 0, 0)', 1],
  ['a filter on its system calls', 'libc.prctl(21, 0, 0, 0, 0)', 2],
])('a run has %s', async (_name, call, expected) => {
  expect(resultOf(await sandbox.run(`${SYSCALL}result = ${call}`))).toBe(expected);
});

test('a run has no capability, not even in its own namespaces', async () => {
  const code = `${SYSCALL}header = (ctypes.c_uint32 * 2)(0x20080522, 0)
sets = (ctypes.c_uint32 * 6)()
libc.capget(header, sets)
result = list(sets)`;
  expect(resultOf(await sandbox.run(code))).toEqual([0, 0, 0, 0, 0, 0]);
});

function programsOfTheCorpus(): [name: string, code: string][] {
  const dump =
    'import json, sys; sys.path.insert(0, sys.argv[1]); import scientific; print(json.dumps([[n, c] for n, (p, c) in scientific.PROGRAMS.items() if not p]))';
  return JSON.parse(
    execFileSync('/usr/bin/python3', ['-c', dump, join(projectRoot, 'test/python')], { encoding: 'utf8' }),
  );
}
