import { type Attack, fails, harmless, py, raises, stopped, succeeds } from './attack.ts';

const FRAME = py`
  import json, os, time
  def frame(body):
      body = body if isinstance(body, bytes) else json.dumps(body).encode()
      return len(body).to_bytes(4, 'big') + body
  def send(*bodies):
      for body in bodies:
          data = frame(body)
          while data: data = data[os.write(3, data):]
`;
const PROGRESS =
  "{'kind': 'progress', 'current': 1, 'total': None, 'unit': None, 'message': None, 'source': 'tqdm'}";
const EXIT =
  "{'kind': 'exit', 'cell': 1, 'exitCode': 0, 'signal': None, 'reason': None, 'cpuMs': 0, 'maxRssKb': 0}";

const FORGED: [name: string, code: string, kernel: Attack['kernel']][] = [
  ['forges its own result', "send({'kind': 'result', 'json': '\"forged\"'})", succeeds('forged')],
  ['forges a result and goes on', "send({'kind': 'result', 'json': '1'})\nwhile True: pass", succeeds(1)],
  [
    'sends two results',
    "send({'kind': 'result', 'json': '1'}, {'kind': 'result', 'json': '2'})",
    succeeds(1),
  ],
  ['forges a result that is not JSON', "send({'kind': 'result', 'json': '{'})", raises],
  [
    'forges a result nested a hundred thousand deep',
    "send({'kind': 'result', 'json': '[' * 100000 + ']' * 100000})",
    raises,
  ],
  [
    'forges a result that reaches for prototypes',
    `send({'kind': 'result', 'json': '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}'})`,
    harmless,
  ],
  [
    'forges a frame that reaches for prototypes',
    `send(b'{"kind": "result", "json": "1", "__proto__": {"polluted": 1}}')`,
    harmless,
  ],
  [
    'forges an error with more fields',
    "send({'kind': 'error', 'error': {'code': 'PYTHON_EXECUTION_ERROR', 'type': 'X', 'message': 'm', 'traceback': None, 'line': 1, 'column': 1, 'retryable': True, 'stderr': 'x'}})",
    raises,
  ],
  [
    'forges an error of the service',
    "send({'kind': 'error', 'error': {'code': 'PYTHON_SERVICE_ERROR', 'type': None, 'message': '', 'traceback': None, 'line': None, 'column': None}})",
    raises,
  ],
  ['forges its own exit', `send(${EXIT})\ntime.sleep(60)`, raises],
  [
    'forges a refused call of another run',
    "send({'kind': 'violation', 'cell': 2, 'call': 'ptrace'})\ntime.sleep(60)",
    raises,
  ],
  [
    'forges orders to the fork-server',
    "send({'kind': 'end', 'cell': 2, 'graceMs': 0})\ntime.sleep(60)",
    raises,
  ],
  [
    'says that it is ready, again and again',
    "for _ in range(40): send({'kind': 'ready'})\nresult = 'went on'",
    succeeds('went on'),
  ],
  [
    'says that it is unready',
    "send({'kind': 'unready', 'message': 'x'})\nresult = 'went on'",
    succeeds('went on'),
  ],
  [
    'answers a check that nobody asked for',
    "send({'kind': 'findings', 'findings': []})\nresult = 'went on'",
    succeeds('went on'),
  ],
  [
    'forges ten thousand violations',
    "v = {'code': 'PYTHON_SECURITY_ERROR', 'rule': 'r', 'layer': 'KERNEL', 'message': 'm', 'line': None, 'column': None}\nfor _ in range(10000): send({'kind': 'violation', 'violation': v})",
    harmless,
  ],
  ['floods its channel with progress', `while True: send(${PROGRESS})`, fails('PYTHON_TIMEOUT')],
  [
    'forges progress that is no number',
    `send({**${PROGRESS}, 'current': float('nan')})\ntime.sleep(60)`,
    raises,
  ],
  [
    'forges progress without a bound',
    `send(${PROGRESS.replace("'current': 1", "'current': 10**400")})\ntime.sleep(60)`,
    raises,
  ],
  [
    'writes garbage',
    'os.write(3, os.urandom(5000))\ntime.sleep(60)',
    fails('PYTHON_EXECUTION_ERROR', 'PYTHON_TIMEOUT'),
  ],
  ['claims a frame of four gigabytes', "os.write(3, b'\\xff' * 4)\ntime.sleep(60)", raises],
  [
    'claims a frame just within the bound and never sends it',
    "os.write(3, (2**24).to_bytes(4, 'big') + b'x')\ntime.sleep(60)",
    fails('PYTHON_TIMEOUT'),
  ],
  [
    'sends a length byte by byte',
    "for b in (60).to_bytes(4, 'big'): os.write(3, bytes([b]))\ntime.sleep(60)",
    fails('PYTHON_TIMEOUT'),
  ],
  ['sends an empty frame', 'os.write(3, bytes(4))\ntime.sleep(60)', raises],
  ['sends frames that are no objects', "send([1], 'x', None)\ntime.sleep(60)", raises],
  ['sends bytes that are no UTF-8', 'send(b\'{"kind": "\\xff\\xfe"}\')\ntime.sleep(60)', raises],
  ['sends a frame nested a million deep', "send(b'[' * 1000000)\ntime.sleep(60)", raises],
  ['sends a result larger than the bound', "os.write(3, (2**26).to_bytes(4, 'big'))\ntime.sleep(60)", raises],
  ['hangs up', 'os.close(3)\nresult = 1', harmless],
  ['hangs up and goes on', 'os.close(3)\nwhile True: pass', fails('PYTHON_TIMEOUT')],
  [
    'puts another thing in the place of its channel',
    "os.dup2(os.open('x', os.O_RDWR | os.O_CREAT), 3)\nresult = 1",
    harmless,
  ],
  [
    'reads its own request again',
    "import socket\ns = socket.socket(fileno=3)\ns.setblocking(False)\ntry: breach(s.recv(100))\nexcept BlockingIOError: result = 'nothing there'\ns.detach()",
    succeeds('nothing there'),
  ],
  [
    'asks who is at the other end',
    "import socket, struct\ns = socket.socket(fileno=3)\npid, uid, gid = struct.unpack('3i', s.getsockopt(socket.SOL_SOCKET, 17, 12))\nbreach(pid) if pid > 0 else None\ns.detach()\nresult = 'a stranger'",
    succeeds('a stranger'),
  ],
  [
    'sends descriptors through its channel',
    "import socket\ns = socket.socket(fileno=3)\nfor _ in range(50): socket.send_fds(s, [b'\\0'], [1] * 200)\ntime.sleep(60)",
    fails('PYTHON_EXECUTION_ERROR', 'PYTHON_TIMEOUT'),
  ],
  [
    'prints what looks like a result',
    `print('{"kind": "result", "json": "1"}')\nos.write(1, frame({'kind': 'result', 'json': '1'}))\nresult = 'the real one'`,
    succeeds('the real one'),
  ],
  [
    'writes to descriptors it does not have',
    "for fd in range(4, 300):\n  try: breach(fd, os.write(fd, b'x'))\n  except OSError: pass\nresult = 'none'",
    succeeds('none'),
  ],
  [
    'reads its output back',
    "for fd in (1, 2):\n  try: breach(os.read(fd, 100))\n  except OSError: pass\nresult = 'refused'",
    succeeds('refused'),
  ],
  ['reopens its output to read', "breach(open('/proc/self/fd/1').read(10))", raises],
];

/** Forged frames on the private channel. They can change the outcome of their own run and nothing else. */
export const forgingAttacks: Attack[] = FORGED.map(([name, code, kernel]) => ({
  name,
  code: `${FRAME}\n${code}`,
  kernel,
  timeoutMs: kernel.kind === 'fails' && kernel.codes.includes('PYTHON_TIMEOUT') ? 500 : 10_000,
}));

/** Changes to Python, to files and to the process that a later run might find. */
const POISONED: [name: string, code: string, strict?: Attack['strict']][] = [
  ['replaces builtins', "import builtins\nbuiltins.len = lambda x: 'poisoned'\nbuiltins.poisoned = 1"],
  [
    'replaces functions of modules that are loaded before the fork',
    "import json, math, random\njson.dumps = lambda x: 'poisoned'\nmath.sqrt = lambda x: 'poisoned'\nrandom.random = lambda: 4\nresult = 1",
    harmless,
  ],
  [
    'puts modules where imports look first',
    "import sys, types\nsys.modules['poisoned'] = types.ModuleType('poisoned')\nsys.modules['statistics'] = None\nsys.path.insert(0, '/tmp')\nsys.meta_path.clear()",
  ],
  ['writes into the memory of small integers', 'import ctypes\nctypes.memset(id(7) + 24, 8, 1)'],
  [
    'leaves files, sockets and pipes',
    "import os, socket\nopen('left', 'w').write('x')\nopen('/dev/shm/left', 'w').write('x')\nos.mkfifo('pipe')\nsocket.socket(socket.AF_UNIX).bind('/tmp/socket')",
  ],
  [
    'leaves start-up files for Python',
    "import os\nfor p in ['/tmp/sitecustomize.py', '/tmp/usercustomize.py', '/tmp/x.pth', '/weft/python/poisoned.py', '/usr/lib/python3/dist-packages/poisoned.pth']:\n  try: open(p, 'w').write('import poisoned')\n  except OSError: continue\n  breach(p) if not p.startswith('/tmp') else None",
  ],
  [
    "changes the sandbox's own code",
    "import os\nfor name in ['program.py', 'cell.py', 'policy.json']:\n  for mode in ('a', 'w', 'r+'):\n    try: breach(open('/weft/python/' + name, mode))\n    except OSError: pass\n  for f in (os.unlink, lambda p: os.chmod(p, 0o777), lambda p: os.rename(p, '/tmp/x'), lambda p: os.truncate(p, 0), lambda p: os.utime(p)):\n    try: breach(f('/weft/python/' + name))\n    except OSError: pass",
  ],
  [
    'writes into pages of a library that all share',
    "import ctypes, mmap, sys, glob\nlibc = ctypes.CDLL(None, use_errno=True)\nf = open('/weft/python/program.py', 'rb')\nm = mmap.mmap(f.fileno(), 4096, flags=mmap.MAP_SHARED, prot=mmap.PROT_READ)\nlibc.mmap.restype = ctypes.c_void_p\np = libc.mmap(None, ctypes.c_size_t(4096), 1, 1, f.fileno(), ctypes.c_long(0))\nbreach() if libc.mprotect(ctypes.c_void_p(p), ctypes.c_size_t(4096), 3) == 0 else None",
  ],
  [
    'changes its limits, mask, folder and clock',
    "import os, resource, signal, time\nos.umask(0o777)\nos.chdir('/')\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 60))\nresource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))\nos.environ['LD_PRELOAD'] = os.environ['PYTHONPATH'] = '/tmp'\nos.environ['TZ'] = 'Pacific/Apia'\ntime.tzset()",
  ],
  [
    'leaves locks held',
    "import fcntl, os, _thread\nfor path in ['/usr/lib/os-release', '/weft/python/program.py']:\n  try: fcntl.lockf(open(path), fcntl.LOCK_SH)\n  except OSError: pass\n_thread.allocate_lock().acquire()",
  ],
  [
    'leaves audit, trace and import hooks',
    'import sys, threading\nsys.addaudithook(lambda *a: None)\nsys.settrace(lambda *a: None)\nthreading.settrace(lambda *a: None)\nsys.setswitchinterval(1000)\nsys.setrecursionlimit(50)',
  ],
  ['breaks the allocator and the interpreter', 'import ctypes\nctypes.pythonapi.Py_Finalize()'],
  [
    'leaves a random generator of its choice',
    'import random\nrandom.seed(1)\nrandom.Random.random = lambda self: 4\nresult = 1',
    harmless,
  ],
  [
    'leaves caches poisoned',
    "import re, functools, struct\nre._cache.clear()\nre.compile('a')\nre.sub = lambda *a: 'poisoned'\nstruct.unpack = None\nresult = 1",
    harmless,
  ],
  [
    'changes decimal, locale and warnings for all',
    "import decimal, warnings\ndecimal.getcontext().prec = 1\ndecimal.DefaultContext.prec = 1\nwarnings.simplefilter('error')\nresult = 1",
    harmless,
  ],
];

export const poisoningAttacks: Attack[] = POISONED.map(([name, code, strict = stopped]) => ({
  name: `poisons the next run: it ${name}`,
  code,
  kernel: harmless,
  strict,
  timeoutMs: 2_000,
}));
