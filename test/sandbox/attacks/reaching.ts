import { type Attack, fails, harmless, py, raises, reported, stopped, succeeds } from './attack.ts';

const SOCKETS: [name: string, code: string][] = [
  ['TCP', "s = socket.create_connection(('127.0.0.1', input_data['port']), 2)"],
  [
    'UDP',
    "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', input_data['udpPort']))",
  ],
  ['IPv6', "socket.create_connection(('::1', input_data['port']), 2)"],
];

const FAMILIES: [name: string, family: number, type: number][] = [
  ['AF_NETLINK', 16, 3],
  ['AF_PACKET', 17, 3],
  ['raw ICMP', 2, 3],
  ['AF_VSOCK', 40, 1],
  ['AF_ALG', 38, 5],
  ['AF_KEY', 15, 3],
  ['AF_BLUETOOTH', 31, 3],
  ['AF_XDP', 44, 3],
  ['AF_TIPC', 30, 5],
  ['AF_RDS', 21, 5],
];

const NETWORK: Attack[] = [
  ...SOCKETS.map(([name, code]) => ({
    name: `reaches the host over ${name}`,
    code: `import socket\n${code}\nbreach()`,
    kernel: reported('socket'),
    worksOutside: name !== 'IPv6',
  })),
  {
    name: 'reaches a unix socket of the host',
    code: "import socket\nsocket.socket(socket.AF_UNIX).connect(input_data['unixPath'])\nbreach()",
    kernel: raises,
    worksOutside: true,
  },
  {
    name: 'reaches an abstract socket of the host',
    code: "import socket\nsocket.socket(socket.AF_UNIX).connect('\\0' + input_data['abstract'])\nbreach()",
    kernel: raises,
    worksOutside: true,
  },
  {
    name: 'reaches an abstract socket of another run',
    code: "import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect('\\0victim')\nbreach(s.recv(100))",
    kernel: raises,
  },
  {
    name: 'reaches the fork-server, and requests a cell',
    code: py`
      import os, socket
      for folder in ['/weft/run', '/weft', '.', '/proc/1/cwd']:
          try:
              s = socket.socket(socket.AF_UNIX)
              s.connect(folder + '/forkserver.sock')
              s.send(bytes([0]) + (1).to_bytes(4, 'big'))
              breach(folder)
          except OSError: pass
      breach(os.listdir('/weft/run')) if os.listdir('/weft/run') else None
      result = 'nobody there'
    `,
    kernel: succeeds('nobody there'),
  },
  {
    name: 'looks a name up',
    code: "import socket\nbreach(socket.getaddrinfo('example.com', 80))",
    kernel: fails('PYTHON_SECURITY_ERROR', 'PYTHON_EXECUTION_ERROR'),
  },
  {
    name: 'opens a connection through asyncio',
    code: "import asyncio\nasyncio.run(asyncio.open_connection('127.0.0.1', input_data['port']))\nbreach()",
    kernel: reported('socket'),
    worksOutside: true,
  },
  {
    name: 'fetches a page',
    code: 'import urllib.request\nurllib.request.urlopen(f"http://127.0.0.1:{input_data[\'port\']}/", timeout=2)\nbreach()',
    kernel: reported('socket'),
    worksOutside: true,
  },
  ...FAMILIES.map(([name, family, type]) => ({
    name: `opens a socket of ${name}`,
    code: `import socket\nbreach(socket.socket(${family}, ${type}, 0))`,
    kernel: reported('socket'),
  })),
  ...FAMILIES.map(([name, family, type]) => ({
    name: `opens a pair of sockets of ${name}`,
    code: `import socket\nbreach(socket.socketpair(${family}, ${type}, 0))`,
    kernel: reported('socketpair'),
  })),
];

const CALLS: [call: string, python: string][] = [
  ['os.kill', 'os.kill(pid, signal.SIGKILL)'],
  ['os.killpg', 'os.killpg(pid, signal.SIGKILL)'],
  ['a pidfd', 'signal.pidfd_send_signal(os.pidfd_open(pid), signal.SIGKILL)'],
  ['a priority', 'os.setpriority(os.PRIO_PROCESS, pid, 19)'],
  ['a limit', 'resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, 3))'],
  ['an affinity', 'os.sched_setaffinity(pid, {0})'],
  ['a scheduling policy', 'os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))'],
  ['its process group', 'os.getpgid(pid)'],
];

const PROCESSES: Attack[] = [
  ...CALLS.map(([way, code]) => ({
    name: `gets at a process of the host by ${way}`,
    code: `import os, signal, resource\npid = input_data['pid']\n${code}\nbreach()`,
    kernel: raises,
  })),
  {
    name: 'signals everyone there is',
    code: py`
      import os, signal
      for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP):
          try: os.kill(-1, number)
          except OSError: pass
      for pid in [0, 2, 3, 4, 5, input_data['pid'], input_data['serverPid']]:
          if pid == 0: continue
          try: os.kill(pid, signal.SIGKILL); breach(pid)
          except OSError: pass
      result = 'alone'
    `,
    kernel: succeeds('alone'),
  },
  {
    name: 'signals its parent',
    code: 'import os, signal\nbreach(os.getppid()) if os.getppid() else None\nos.kill(os.getppid(), signal.SIGUSR1)\nresult = 1',
    kernel: harmless,
  },
  {
    name: 'sends an I/O signal to a process of the host',
    code: py`
      import fcntl, os, signal
      r, w = os.pipe()
      fcntl.fcntl(r, fcntl.F_SETOWN, input_data['pid'])
      fcntl.fcntl(r, 10, signal.SIGKILL)
      fcntl.fcntl(r, fcntl.F_SETFL, os.O_ASYNC)
      os.write(w, b'x')
    `,
    kernel: raises,
  },
  {
    name: 'leaves a process that outlives it',
    code: py`
      import os, time
      if os.fork() == 0:
          try: os.setsid()
          except OSError: os.setpgid(0, 0)
          if os.fork() == 0:
              os.closerange(0, 256)
              time.sleep(300)
          os._exit(0)
      result = 'left one'
    `,
    kernel: succeeds('left one'),
  },
  {
    name: 'starts a program that it wrote itself',
    code: py`
      import os
      with open('program', 'w') as f: f.write('#!/usr/bin/python3\nprint("ran")')
      os.chmod('program', 0o755)
      os.execv('./program', ['program'])
    `,
    kernel: reported('execve'),
  },
  {
    name: 'starts a program through subprocess, multiprocessing and the loader',
    code: py`
      import multiprocessing, subprocess, sys
      for start in [
          lambda: subprocess.run(['id'], check=True),
          lambda: subprocess.run([sys.executable, '-c', 'print(1)'], check=True),
          lambda: subprocess.run(['/lib64/ld-linux-x86-64.so.2', '--version'], check=True),
      ]:
          try: breach(start())
          except (OSError, subprocess.SubprocessError): pass
      raise RuntimeError('refused')
    `,
    kernel: stopped,
  },
  {
    name: 'runs code in a sub-interpreter',
    code: py`
      try: import _xxsubinterpreters as inner
      except ImportError: import _interpreters as inner
      inner.run_string(inner.create(), "print(open('/proc/1/environ').read())\nprint('BREA' 'CH')")
    `,
    kernel: fails('PYTHON_EXECUTION_ERROR', 'PYTHON_SECURITY_ERROR'),
  },
];

/** Reach for sockets and processes outside the room. */
export const reachingAttacks: Attack[] = [...NETWORK, ...PROCESSES];
