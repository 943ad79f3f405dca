import { type Attack, type Ending, harmless, py, reported } from './attack.ts';

/** `call` is a system call by its number; one that works is a breach. */
const CALL = py`
  import ctypes, os
  libc = ctypes.CDLL(None, use_errno=True)
  def call(number, *arguments):
      returned = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
      if returned >= 0: breach(number, returned)
      return returned
  ADDRESS = ctypes.cast(libc.printf, ctypes.c_void_p).value & ~4095
`;
/** A filter of one instruction. */
const ALLOW_ALL = `${CALL}
allow = ctypes.create_string_buffer(bytes([6, 0, 0, 0]) + (0x7fff0000).to_bytes(4, 'little'))
program = (ctypes.c_uint64 * 2)(1, ctypes.addressof(allow))`;
const MACHINE_CODE = py`
  import ctypes, mmap
  page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
  def run(code):
      page[:len(code)] = code
      return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
`;

/** All that leases, notifications, signals, larger pipes and hints are, also those that no kernel has yet. */
const OTHER_COMMANDS = py`
  allowed = (0, 1, 2, 3, 4, 6, 7, 1030, 1032, 1034)
  file = os.open('/weft/python/program.py', 0)
  for command in (*range(64), *range(1000, 1100)):
      for argument in (0, 1, 2, 1 << 20):
          if command not in allowed: call(72, file, command, argument)
`;

/** Description, code, and the name of the reported call; without a name, the call fails without a report. */
const CALLS: [does: string, code: string, name: string | null][] = [
  ['traces its own PID 1', 'call(101, 16, 1, 0, 0)', 'ptrace'],
  ['lets itself be traced', 'call(101, 0, 0, 0, 0)', 'ptrace'],
  ['reads memory of PID 1', 'call(310, 1, 0, 0, 0, 0, 0)', 'process_vm_readv'],
  [
    'writes memory of a process of the host',
    "call(311, input_data['pid'], 0, 0, 0, 0, 0)",
    'process_vm_writev',
  ],
  ['advises the memory of another process', 'call(440, 3, 0, 0, 0, 0)', 'process_madvise'],
  ['takes a descriptor of another process', 'call(438, 3, 1, 0)', 'pidfd_getfd'],
  ['compares kernel pointers', 'call(312, 1, 1, 0, 0, 0)', 'kcmp'],
  ['mounts a proc', "call(165, b'proc', b'/tmp', b'proc', 0, None)", 'mount'],
  ['mounts over its walls', "call(165, b'/', b'/tmp', None, 4096, None)", 'mount'],
  ['unmounts what hides /proc', "call(166, b'/proc', 2)", 'umount2'],
  ['pivots the root', "call(155, b'/tmp', b'/tmp')", 'pivot_root'],
  ['changes the root', "call(161, b'/tmp')", 'chroot'],
  ['opens a mount tree', "call(428, -100, b'/', 1)", 'open_tree'],
  ['moves a mount', "call(429, 3, b'', -100, b'/tmp', 4)", 'move_mount'],
  ['opens a file system', "call(430, b'proc', 0)", 'fsopen'],
  ['picks a file system', "call(433, -100, b'/', 0)", 'fspick'],
  ['changes flags of a mount', "call(442, -100, b'/', 0, None, 0)", 'mount_setattr'],
  ['makes a user namespace', 'call(272, 0x10000000)', 'unshare'],
  ['makes every namespace', 'call(272, 0x7e020000)', 'unshare'],
  ['forks into a user namespace', 'call(56, 0x10000011, 0, 0, 0, 0)', 'clone'],
  ['forks into a namespace with dirty upper bits', 'call(56, 0x5000000010000011, 0, 0, 0, 0)', 'clone'],
  ['joins a namespace', 'call(308, 3, 0)', 'setns'],
  ['loads a BPF program', 'call(321, 5, 0, 0)', 'bpf'],
  ['opens a performance event', 'call(298, 0, 0, -1, -1, 0)', 'perf_event_open'],
  ['handles its own page faults', 'call(323, 0)', 'userfaultfd'],
  ['sets up an io_uring', 'call(425, 8, (ctypes.c_char * 120)())', 'io_uring_setup'],
  ['enters an io_uring', 'call(426, 3, 1, 0, 0, 0, 0)', 'io_uring_enter'],
  ['registers with an io_uring', 'call(427, 3, 0, 0, 0)', 'io_uring_register'],
  ['reads its session keyring', 'call(250, 0, -3, 1)', 'keyctl'],
  ['adds a key', "call(248, b'user', b'k', b'v', 1, -4)", 'add_key'],
  ['asks for a key', "call(249, b'user', b'k', None, 0)", 'request_key'],
  ['loads a kernel module', "call(175, b'', 0, b'')", 'init_module'],
  ['loads another kernel', 'call(246, 0, 0, 0, 0)', 'kexec_load'],
  ['restarts the host', 'call(169, 0xfee1dead, 672274793, 0x1234567, 0)', 'reboot'],
  ["reads the kernel's log", 'call(103, 3, (ctypes.c_char * 100)(), 100)', 'syslog'],
  ['sets the clock', 'call(227, 0, (ctypes.c_long * 2)(0, 0))', 'clock_settime'],
  ['renames the host', "call(170, b'x', 1)", 'sethostname'],
  ['swaps to a file', "call(167, b'/tmp/x', 0)", 'swapon'],
  ['takes I/O ports', 'call(172, 3)', 'iopl'],
  ['changes its descriptor table', 'call(154, 1, (ctypes.c_int * 4)(), 16)', 'modify_ldt'],
  ['runs a program from a descriptor', "call(322, 3, b'', None, None, 0x1000)\n1 / 0", 'execveat'],
  ['makes a file in memory to run', "call(319, b'x', 0)", null],
  ['makes secret memory', 'call(447, 0)', null],
  ['makes a process by clone3', 'call(435, (ctypes.c_uint64 * 11)(0x10000000), 88)', null],
  ['watches files that all share', 'call(294, 0)', null],
  ['watches whole file systems', 'call(300, 0, 0)', null],
  ['makes shared memory', 'call(29, 0x1234, 4096, 0o1666)', null],
  ['makes a queue of messages', 'call(68, 0x1234, 0o1666)', null],
  ['makes semaphores', 'call(64, 0x1234, 1, 0o1666)', null],
  ['makes a POSIX queue of messages', "call(240, b'weft', 0o102, 0o666, None)", null],
  ['turns off address randomisation', 'call(135, 0x40000)', null],
  ['locks a file that all share', "call(73, os.open('/usr/lib/os-release', 0), 2 | 4)", null],
  [
    'asks who locks a file that all share',
    "call(72, os.open('/usr/lib/os-release', 0), 5, (ctypes.c_int64 * 4)(1))",
    null,
  ],
  ['takes a lease on a file that all share', "call(72, os.open('/usr/lib/os-release', 0), 1024, 0)", null],
  ['watches a folder that all share', "call(72, os.open('/usr/lib', 0), 1026, 0x7fffffff)", null],
  ['commands whatever else there is about a file that all share', OTHER_COMMANDS, null],
  ['has a signal sent when a file changes', 'r, w = os.pipe()\ncall(72, r, 4, os.O_ASYNC)', null],
  ["makes the host's disks work", 'call(162)', null],
  ['makes the disk of a file that all share work', "call(306, os.open('/weft/python/program.py', 0))", null],
  ['reads ahead in a file that all share', "call(187, os.open('/weft/python/program.py', 0), 0, 4096)", null],
  [
    'drops a file that all share from memory',
    "call(221, os.open('/weft/python/program.py', 0), 0, 0, 4)",
    null,
  ],
  ['drops a library that all share from memory', 'call(28, ADDRESS, 4096, 21)', null],
  ['has its pages merged with those of others', 'call(28, ADDRESS, 4096, 12)', null],
  ['sees what of a file is in memory', 'call(27, ADDRESS, 4096, b"x")', null],
  ['moves its pages', 'call(279, 0, 1, None, None, None, 0)', null],
  ['migrates its pages', 'call(256, 0, 1, None, None)', null],
  ['binds its memory to a node', 'call(237, ADDRESS, 4096, 0, None, 0, 0)', null],
  ['sets a policy for its memory', 'call(238, 0, None, 0)', null],
  ['sets a home for its memory', 'call(450, ADDRESS, 4096, 0, 0)', null],
  ["takes the host's huge pages", 'call(9, 0, 1 << 21, 3, 0x40022, -1, 0)', null],
  ['maps one file in a thousand pieces', 'call(216, ADDRESS, 4096, 0, 0, 0)', null],
  ['shuts itself in by landlock', 'call(444, None, 0, 1)', null],
  ['filters what it would have reported', 'call(317, 1, 0, program)', null],
  ['filters it by the older call', 'call(157, 22, 2, ctypes.addressof(program))', null],
  ['hides from those who count', 'call(157, 4, 0, 0, 0, 0)', null],
  ['holds a processor core for itself', 'call(157, 62, 1, 0, 0, 0)', null],
  ['names its memory', 'call(157, 0x53564d41, 0, ADDRESS, 4096, b"x")', null],
  ['keeps an access list in the kernel', "open('f', 'w')\ncall(188, b'f', b'user.x', b'x', 1, 0)", null],
  ['makes a named pipe', "call(133, b'pipe', 0o10600, 0)", null],
  ['makes a thread with descriptors of its own', 'call(56, 0x50b00, 0, 0, 0, 0)', null],
  ['makes a process that shares its memory', 'call(56, 0x111, 0, 0, 0, 0)', null],
  ['makes a process with another parent', 'call(56, 0x8011, 0, 0, 0, 0)', null],
  [
    'waits on a lock that lends its priority',
    'call(202, (ctypes.c_uint32 * 1)(), 6, 0, None, None, 0)',
    null,
  ],
  ['waits on many locks', 'call(449, None, 0, 0, None, 0)', null],
  ['makes a timer', 'call(222, 0, None, (ctypes.c_int * 1)())', null],
  ['moves pages between pipes', 'r, w = os.pipe()\ncall(276, r, w, 1, 2)', null],
  [
    'moves pages of a file into a pipe',
    "r, w = os.pipe()\ncall(275, os.open('/weft/python/program.py', 0), None, w, None, 1, 0)",
    null,
  ],
  [
    'filters a socket with a program',
    'import socket\ncall(54, socket.socketpair()[0].detach(), 1, 26, program, 16)',
    null,
  ],
  ['pushes characters into a terminal', "call(16, 0, 0x5412, b'x')", null],
  ['pushes characters into a terminal, with dirty upper bits', "call(16, 0, 0x100005412, b'x')", null],
  ['becomes root', 'call(105, 0)', null],
  ['becomes another user', 'call(117, 1000, 1000, 1000)', null],
  ['joins a group', 'call(116, 1, (ctypes.c_uint32 * 1)(0))', null],
  [
    'takes capabilities',
    'call(126, (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)(*[0xffffffff] * 6))',
    null,
  ],
  ['raises an ambient capability', 'call(157, 47, 2, 21, 0, 0)', null],
  ['raises its limit of processes', 'call(302, 0, 6, (ctypes.c_uint64 * 2)(10**6, 10**6), 0)', null],
  ['locks its memory in RAM', 'call(151, 3)', null],
  ['runs ahead of all others', 'call(144, 0, 1, (ctypes.c_int * 1)(1))', null],
  ['raises its own priority', 'call(141, 0, 0, -20)', null],
  ['raises its I/O priority', 'call(251, 1, 0, (1 << 13))', null],
  ["takes all of the host's asynchronous I/O", 'call(206, 60000, (ctypes.c_long * 1)())', null],
  [
    'lends pages to a pipe',
    'r, w = os.pipe()\nb = ctypes.create_string_buffer(4096)\ncall(278, w, (ctypes.c_uint64 * 2)(ctypes.addressof(b), 4096), 1, 0)',
    null,
  ],
  ['uses the calls of x32', 'call(0x40000000 | 39)', null],
  ['uses a call that is younger than the filter', 'call(463, 0, 0, 0, 0, 0, 0)', null],
];

/** System calls made directly; numbers of x86-64. */
export const callingAttacks: Attack[] = [
  ...CALLS.map(([does, code, name]) =>
    attack(does, `${ALLOW_ALL}\n${code}`, name ? reported(name) : harmless),
  ),
  attack(
    'calls the kernel as a 32-bit program',
    `${MACHINE_CODE}\nreturned = run(bytes.fromhex('b814000000cd80c3'))\nbreach(returned) if returned >= 0 else None`,
    reported('a call of another architecture'),
  ),
  attack(
    'mounts as a 32-bit program',
    `${MACHINE_CODE}\nreturned = run(bytes.fromhex('b81500000031db31c931d2cd80c3'))\nbreach(returned) if returned >= 0 else None`,
    reported('a call of another architecture'),
  ),
  attack(
    'lifts the filter with one of its own',
    `${ALLOW_ALL}\nlibc.syscall(317, 1, 0, program)\ncall(101, 16, 1, 0, 0)`,
    reported('ptrace'),
  ),
  attack('answers the questions of the filter itself', `${ALLOW_ALL}\ncall(317, 1, 8, program)`, harmless),
];

function attack(name: string, code: string, kernel: Ending): Attack {
  return { name, code, kernel, arch: 'x64' };
}
