import { type Attack, fails, harmless, py, raises, stopped, succeeds } from './attack.ts';

const OVER = fails('PYTHON_TIMEOUT', 'PYTHON_MEMORY_LIMIT', 'PYTHON_EXECUTION_ERROR');
const MEMORY = fails('PYTHON_MEMORY_LIMIT');
const TIME = fails('PYTHON_TIMEOUT');
/** For attacks that end by themselves or by another limit, even on a busy machine. */
const SLOW_MACHINE_MS = 60_000;

/** Each has 150 MiB, and half a second where the timeout ends it. */
const BOMBS: Attack[] = [
  // processes and threads
  {
    name: 'a bomb of forks',
    code: 'import os\nwhile True:\n  try: os.fork()\n  except OSError: pass',
    kernel: OVER,
  },
  {
    name: 'a bomb of forks that end at once',
    code: 'import os, signal\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\nwhile True:\n  try:\n    if os.fork() == 0: os._exit(0)\n  except OSError: pass',
    kernel: OVER,
  },
  {
    name: 'a bomb of forks in sessions of their own that ignore every signal',
    code: py`
      import os, signal
      for s in range(1, 65):
          try: signal.signal(s, signal.SIG_IGN)
          except (OSError, ValueError): pass
      while True:
          try:
              if os.fork() == 0: os.setsid()
          except OSError: pass
    `,
    kernel: OVER,
  },
  {
    name: 'a bomb of zombies',
    code: 'import os\nwhile True:\n  try:\n    if os.fork() == 0: os._exit(0)\n  except OSError: pass',
    kernel: OVER,
  },
  {
    name: 'a bomb of threads',
    code: "import threading, time\nn = 0\ntry:\n  while n < 1000:\n    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n    n += 1\nexcept RuntimeError: pass\nbreach(n) if n > 100 else None\nresult = 'bounded'",
    kernel: succeeds('bounded'),
    strict: succeeds('bounded'),
  },
  {
    name: 'a swarm of cloned processes that share its memory',
    code: py`
      import ctypes, time
      libc = ctypes.CDLL(None)
      n = 0
      while n < 1000 and libc.syscall(58) > 0: n += 1
      breach(n) if n > 100 else None
      time.sleep(60)
    `,
    kernel: OVER,
  },
  // memory
  {
    name: 'a bomb of bytes',
    code: "a = []\nwhile True: a.append(b'x' * 10**7)",
    kernel: MEMORY,
    strict: MEMORY,
  },
  { name: 'one enormous list', code: 'result = [0] * 10**11', kernel: MEMORY, strict: MEMORY },
  {
    name: 'a string doubled for ever',
    code: "s = 'x' * 1000\nwhile True: s += s",
    kernel: MEMORY,
    strict: MEMORY,
  },
  {
    name: 'a number shifted out of sight',
    code: 'result = 1 << (1 << 40)',
    kernel: fails('PYTHON_MEMORY_LIMIT', 'PYTHON_EXECUTION_ERROR'),
    strict: fails('PYTHON_MEMORY_LIMIT', 'PYTHON_EXECUTION_ERROR'),
  },
  {
    name: 'a comprehension without end',
    code: 'import itertools\nresult = list(itertools.repeat({}))',
    kernel: MEMORY,
    strict: MEMORY,
  },
  {
    name: 'memory mapped behind the heap',
    code: "import mmap\na = []\nwhile True:\n  m = mmap.mmap(-1, 1 << 25)\n  m.write(b'x' * (1 << 25))\n  a.append(m)",
    kernel: MEMORY,
  },
  {
    name: 'memory spread over children',
    code: "import os, time\nfor _ in range(40):\n  if os.fork() == 0:\n    x = b'x' * (1 << 25)\n    time.sleep(60)\ntime.sleep(60)",
    kernel: MEMORY,
  },
  {
    name: 'the stack of recursion without a limit',
    code: 'import sys\nsys.setrecursionlimit(10**9)\ndef f(x): return f([x])\nf(0)',
    kernel: fails('PYTHON_MEMORY_LIMIT', 'PYTHON_EXECUTION_ERROR', 'PYTHON_TIMEOUT'),
    strict: fails('PYTHON_MEMORY_LIMIT', 'PYTHON_EXECUTION_ERROR', 'PYTHON_TIMEOUT', 'PYTHON_SECURITY_ERROR'),
  },
  { name: 'recursion', code: 'def f(x): return f(x) + 1\nf(0)', kernel: raises, strict: raises },
  {
    name: 'exceptions chained without end',
    code: 'e = None\nwhile True:\n  n = ValueError(e)\n  n.__cause__ = e\n  e = n',
    kernel: fails('PYTHON_MEMORY_LIMIT', 'PYTHON_TIMEOUT'),
    strict: fails('PYTHON_MEMORY_LIMIT', 'PYTHON_TIMEOUT', 'PYTHON_SECURITY_ERROR'),
  },
  // scratch, inodes, descriptors
  {
    name: 'a full disk',
    code: "n = 0\ntry:\n  for i in range(100):\n    for folder in ('/tmp', '/dev/shm'):\n      with open(f'{folder}/f{i}', 'wb') as f: n += f.write(bytes(10**7))\nexcept OSError: pass\nbreach(n) if n > 300_000_000 else None\nresult = 'bounded'",
    kernel: succeeds('bounded'),
  },
  {
    name: 'one file larger than the disk',
    code: "f = open('f', 'wb')\nf.seek(1 << 40)\nf.write(b'x')\nf.flush()\nbreach()",
    kernel: fails('PYTHON_EXECUTION_ERROR'),
  },
  {
    name: 'a bomb of inodes',
    code: "n = 0\ntry:\n  for n in range(1, 100_000): open(f'f{n}', 'w').close()\nexcept OSError: pass\nbreach(n) if n > 20_000 else None\nresult = 'bounded'",
    kernel: succeeds('bounded'),
  },
  {
    name: 'folders nested without end',
    code: "import os\nn = 0\ntry:\n  while n < 50_000:\n    os.mkdir('d')\n    os.chdir('d')\n    n += 1\nexcept OSError: pass\nbreach(n) if n > 20_000 else None\nresult = 'bounded'",
    kernel: succeeds('bounded'),
  },
  {
    name: 'a bomb of descriptors',
    code: "import os\nn = 0\ntry:\n  while n < 5000:\n    os.dup(0)\n    n += 1\nexcept OSError: pass\nbreach(n) if n > 1000 else None\nresult = 'bounded'",
    kernel: succeeds('bounded'),
  },
  // output, results and progress
  {
    name: 'one line without end',
    code: "import sys\nwhile True: sys.stdout.write('x' * 10_000)",
    kernel: TIME,
    strict: fails('PYTHON_TIMEOUT', 'PYTHON_SECURITY_ERROR'),
  },
  { name: 'lines without end', code: "while True: print('x' * 100)", kernel: TIME, strict: TIME },
  {
    name: 'empty lines on both streams',
    code: 'import os\nwhile True:\n  os.write(1, b"\\n")\n  os.write(2, b"\\n")',
    kernel: TIME,
  },
  {
    name: 'an exception with an enormous message',
    code: "raise ValueError('x' * 50_000_000)",
    kernel: raises,
    strict: raises,
    memoryMb: 400,
  },
  {
    name: 'a result of a hundred megabytes',
    code: "result = 'x' * 100_000_000",
    kernel: fails('PYTHON_EXECUTION_ERROR', 'PYTHON_MEMORY_LIMIT'),
    strict: fails('PYTHON_EXECUTION_ERROR', 'PYTHON_MEMORY_LIMIT'),
    memoryMb: 500,
  },
  {
    name: 'a result that holds itself',
    code: 'result = []\nresult.append(result)',
    kernel: raises,
    strict: raises,
  },
  {
    name: 'a result that is small in memory and vast in JSON',
    code: "result = 'x' * 1000\nfor _ in range(12): result = [result] * 10",
    kernel: raises,
    strict: raises,
  },
  {
    name: 'a result nested ten thousand deep',
    code: 'result = 1\nfor _ in range(10_000): result = [result]',
    kernel: raises,
    strict: raises,
  },
  {
    name: 'a result whose keys never end',
    code: 'class D(dict):\n  def items(self):\n    while True: yield object(), 1\n  def __len__(self): return 1\nresult = D(a=1)',
    kernel: OVER,
    strict: fails('PYTHON_TIMEOUT', 'PYTHON_MEMORY_LIMIT', 'PYTHON_EXECUTION_ERROR', 'PYTHON_SECURITY_ERROR'),
  },
  {
    name: 'progress without end',
    code: 'n = 0\nwhile True:\n  n += 1\n  progress(n, message="x" * 1000)',
    kernel: TIME,
    strict: TIME,
  },
  // time
  {
    name: 'a regular expression that explodes',
    code: "import re\nre.match('(a+)+$', 'a' * 40 + 'b')",
    kernel: TIME,
    strict: TIME,
  },
  { name: 'a power that takes for ever', code: 'result = 3 ** (10 ** 9)', kernel: OVER, strict: OVER },
  {
    name: 'a number written out in digits',
    code: 'result = str(7 ** 3_000_000)',
    kernel: fails('PYTHON_EXECUTION_ERROR', 'PYTHON_TIMEOUT'),
    strict: fails('PYTHON_EXECUTION_ERROR', 'PYTHON_TIMEOUT'),
  },
  {
    name: 'a sort that never agrees',
    code: 'class K:\n  def __lt__(self, o):\n    while True: pass\nsorted([K(), K()])',
    kernel: TIME,
    strict: TIME,
  },
  {
    name: 'a loop in a finaliser at the end',
    code: 'class A:\n  def __del__(self):\n    while True: pass\na = A()\nresult = 1',
    kernel: harmless,
    strict: harmless,
  },
  {
    name: 'a loop at exit',
    code: 'import atexit\n@atexit.register\ndef f():\n  while True: pass',
    kernel: TIME,
    strict: harmless,
  },
  {
    name: 'a thread that never ends',
    code: 'import threading\ndef f():\n  while True: pass\nthreading.Thread(target=f).start()\nresult = 1',
    kernel: TIME,
    strict: TIME,
  },
  { name: 'a sleep of a year', code: 'import time\ntime.sleep(10**7)', kernel: TIME, strict: TIME },
  { name: 'an input that is never typed', code: 'input()', kernel: raises, strict: harmless },
  {
    name: 'a storm of signals to itself',
    code: 'import signal, itertools\nsignal.signal(signal.SIGALRM, lambda *_: None)\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nsignal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)\nfor _ in itertools.count(): pass',
    kernel: TIME,
  },
  {
    name: 'it stops itself and its children',
    code: 'import os, signal\nos.fork()\nos.fork()\nos.kill(os.getpid(), signal.SIGSTOP)\nos.kill(0, signal.SIGSTOP)\nwhile True: pass',
    kernel: TIME,
  },
  {
    name: 'a parent that is never waited for, with every descriptor closed',
    code: 'import os, signal\nsignal.signal(15, signal.SIG_IGN)\nos.closerange(0, 256)\nos.fork()\nwhile True: pass',
    kernel: TIME,
  },
  // packed
  {
    name: 'a zip bomb',
    code: 'import io, zipfile, zlib\nraw = zlib.compress(bytes(10**9 // 20))\nout = []\nwhile True: out.append(zlib.decompress(raw))',
    kernel: MEMORY,
    strict: MEMORY,
  },
  {
    name: 'JSON nested a hundred thousand deep',
    code: "import json\njson.loads('[' * 100_000 + ']' * 100_000)",
    kernel: raises,
    strict: raises,
  },
  {
    name: 'a billion laughs',
    code: "import xml.etree.ElementTree as E\nd = '<!DOCTYPE x [<!ENTITY a0 \"ha\">' + ''.join(f'<!ENTITY a{i} \"{(chr(38) + f\"a{i-1};\") * 10}\">' for i in range(1, 12)) + ']><x>&a11;</x>'\nE.fromstring(d)",
    kernel: fails('PYTHON_EXECUTION_ERROR', 'PYTHON_MEMORY_LIMIT', 'PYTHON_TIMEOUT'),
    strict: harmless,
  },
  {
    name: 'code that crashes the parser',
    code: `x = ${'('.repeat(5_000)}`,
    kernel: raises,
    strict: fails('PYTHON_EXECUTION_ERROR', 'PYTHON_SECURITY_ERROR'),
  },
  {
    name: 'code nested too deep to compile',
    code: `x = ${'-'.repeat(50_000)}1`,
    kernel: fails('PYTHON_EXECUTION_ERROR', 'PYTHON_MEMORY_LIMIT'),
    strict: fails('PYTHON_EXECUTION_ERROR', 'PYTHON_SECURITY_ERROR'),
  },
  {
    name: 'code with a null byte and lone surrogates',
    code: "x = 1\u0000\nprint('\ud800')",
    kernel: raises,
    strict: raises,
  },
];

export const bombs: Attack[] = BOMBS.map((bomb) => ({
  timeoutMs: mayTimeOut(bomb) ? 500 : SLOW_MACHINE_MS,
  memoryMb: 150,
  strict: stopped,
  ...bomb,
}));

function mayTimeOut({ kernel }: Pick<Attack, 'kernel'>): boolean {
  return kernel.kind === 'fails' && kernel.codes.includes('PYTHON_TIMEOUT');
}
