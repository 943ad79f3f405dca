import {
  type Attack,
  type Ending,
  fails,
  harmless,
  py,
  raises,
  reported,
  stopped,
  succeeds,
} from './attack.ts';

/** Each way prints the text of the file `path` if it can read it. */
const READERS: Record<string, string> = {
  'open()': `print(open(path).read())`,
  pathlib: `import pathlib\nprint(pathlib.Path(path).read_text())`,
  'a raw FileIO': `import io\nprint(io.FileIO(path).read())`,
  'os.open': `import os\nprint(os.read(os.open(path, os.O_RDONLY), 999))`,
  'a descriptor of the root folder': `import os\nprint(os.read(os.open(path[1:], os.O_RDONLY, dir_fd=os.open('/', os.O_RDONLY)), 999))`,
  'a path that climbs': `print(open('../' * 30 + path[1:]).read())`,
  'a symbolic link': `import os\nos.symlink(path, 'link')\nprint(open('link').read())`,
  'a hard link': `import os\nos.link(path, 'link')\nprint(open('link').read())`,
  '/proc/self/root': `print(open('/proc/self/root' + path).read())`,
  '/proc/1/root': `print(open('/proc/1/root' + path).read())`,
  '/proc/self/cwd': `print(open('/proc/self/cwd/' + '../' * 30 + path[1:]).read())`,
  'the root of a process of the host': `print(open(f"/proc/{input_data['pid']}/root" + path).read())`,
  libc: `import ctypes\nb = ctypes.create_string_buffer(999)\nlibc = ctypes.CDLL(None)\nlibc.read(libc.open(path.encode(), 0), b, 999)\nprint(b.value or 1 / 0)`,
  'a memory map': `import mmap\nf = open(path, 'rb')\nprint(mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ).read())`,
  sendfile: `import os\nos.sendfile(os.open('out', os.O_RDWR | os.O_CREAT), os.open(path, os.O_RDONLY), 0, 999)\nprint(open('out').read())`,
  copy_file_range: `import os\nos.copy_file_range(os.open(path, os.O_RDONLY), os.open('out', os.O_RDWR | os.O_CREAT), 999)\nprint(open('out').read())`,
  shutil: `import shutil\nshutil.copy(path, 'copy')\nprint(open('copy').read())`,
  linecache: `import linecache\nlines = linecache.getlines(path)\nprint(lines or 1 / 0)`,
  'a source loader': `import importlib.machinery\nprint(importlib.machinery.SourceFileLoader('x', path).get_data(path))`,
  'a Python file opened by tokenize': `import tokenize\nprint(tokenize.open(path).read())`,
  fileinput: `import fileinput\nprint(list(fileinput.input(path)))`,
  'a URL': `import urllib.request\nprint(urllib.request.urlopen('file://' + path).read())`,
  'a syntax error that quotes it': `import py_compile\npy_compile.compile(path, cfile='x.pyc')\nprint(open(path).read())`,
  'an array read from a file': `import array\na = array.array('b')\nf = open(path, 'rb')\na.frombytes(f.read())\nprint(a.tobytes())`,
  'a mailbox': `import mailbox\nprint(open(mailbox.mbox(path, create=False)._path).read())`,
  'a listing of its folder': `import os\nfolder = os.path.dirname(path)\nprint([open(os.path.join(folder, n)).read() for n in os.listdir(folder) if 'secret' in n])`,
};

function readers(): Attack[] {
  return Object.entries(READERS).map(([way, code]) => ({
    name: `reads a file of the host by ${way}`,
    code: `path = input_data['files'][0]\n${code}`,
    kernel: raises,
    strict: harmless,
    worksOutside: way !== '/proc/1/root', // that of a container may be another
  }));
}

const ENVIRONMENT: Attack[] = [
  {
    name: "reads the server's environment",
    code: py`
      import os, ctypes
      print(dict(os.environ))
      libc = ctypes.CDLL(None)
      libc.getenv.restype = ctypes.c_char_p
      print(libc.getenv(b'WEFT_TEST_SECRET'))
    `,
    kernel: harmless,
    worksOutside: true,
  },
  ...['/proc/1/environ', '/proc/self/environ', '/proc/2/environ', '/proc/3/environ'].map((path) => ({
    name: `reads ${path}`,
    code: `print(open('${path}', 'rb').read())`,
    kernel: raises,
  })),
  ...['environ', 'cmdline'].map((file) => ({
    name: `reads the ${file} of a process of the host`,
    code: `print(open(f"/proc/{input_data['pid']}/${file}", 'rb').read())`,
    kernel: raises,
    worksOutside: true,
  })),
  {
    name: 'reads what lies on the stack above the arguments of its own process',
    code: py`
      import ctypes
      libc = ctypes.CDLL(None)
      start = ctypes.c_void_p.in_dll(libc, 'environ').value
      print(ctypes.string_at(start, 4096) if start else None)
    `,
    kernel: harmless,
  },
  {
    name: 'searches every object of its process for what others left',
    code: py`
      import gc, sys
      gc.collect()
      for o in gc.get_objects():
          for each in [o, *gc.get_referents(o)]:
              if isinstance(each, (str, bytes)) and 'canary' in str(each)[:100_000] and each is not input_data:
                  print(each)
      result = 'searched'
    `,
    kernel: succeeds('searched'),
  },
];

const PLACES: Attack[] = [
  {
    name: 'searches every folder for the secret files',
    code: py`
      import os
      for root, folders, files in os.walk('/'):
          folders[:] = [f for f in folders if os.path.join(root, f) not in ('/usr/lib', '/usr/local/lib', '/root/.pyenv')]
          for file in files:
              try:
                  text = open(os.path.join(root, file), 'rb').read(10_000)
              except OSError:
                  continue
              if b'canary-' in text and 'python' not in root: print(root, file, text)
      result = 'searched'
    `,
    kernel: succeeds('searched'),
  },
  // Its path is below /tmp, which in a cell is its own folder.
  ...input(1, 'in the folder of its sockets', raises),
  ...input(2, 'in the home folder'),
  ...[
    '/etc/passwd',
    '/etc/shadow',
    '/etc/hosts',
    '/etc/resolv.conf',
    '/etc/machine-id',
    '/proc/kcore',
    '/proc/kallsyms',
    '/proc/net/unix',
    '/proc/self/mountinfo',
    '/proc/self/maps',
    '/proc/self/mem',
    '/dev/mem',
    '/dev/kmsg',
    '/dev/vda',
    '/dev/tty',
    '/dev/ptmx',
    '/sys/kernel/uevent_seqnum',
    '/run/utmp',
    '/var/log/lastlog',
  ].map((path) => ({
    name: `opens ${path}`,
    code: `f = open('${path}', 'rb')\nbreach(f.read(10))`,
    kernel: raises,
  })),
  {
    name: 'makes a device file of the disk',
    code: py`
      import os, stat
      os.mknod('disk', stat.S_IFBLK | 0o600, os.makedev(254, 0))
      breach(open('disk', 'rb').read(10))
    `,
    kernel: raises,
  },
  {
    name: 'attaches a database outside its folder',
    code: py`
      import sqlite3
      db = sqlite3.connect(':memory:')
      for path in ['/weft/run/x.db', '/usr/lib/x.db', input_data['folder'] + '/x.db', '/proc/x.db']:
          try:
              db.execute(f"attach '{path}' as other")
              db.execute('create table other.t (a)')
              breach(path)
          except sqlite3.OperationalError: pass
      result = 'refused'
    `,
    kernel: succeeds('refused'),
  },
  {
    name: 'attaches a database outside its folder, without the guard',
    code: py`
      import sqlite3
      db = sqlite3.connect(':memory:')
      db.set_authorizer(None)
      for path in ['/weft/run/x.db', '/usr/lib/x.db', input_data['folder'] + '/x.db', '/proc/x.db']:
          try:
              db.execute(f"attach '{path}' as other")
              db.execute('create table other.t (a)')
              breach(path)
          except sqlite3.OperationalError: pass
      result = 'refused'
    `,
    kernel: succeeds('refused'),
    strict: succeeds('refused'),
  },
  {
    name: 'loads an extension into SQLite',
    code: py`
      import sqlite3
      db = sqlite3.connect(':memory:')
      db.enable_load_extension(True)
      db.execute("select load_extension('/weft/python/nothing')")
      breach()
    `,
    kernel: raises,
    // Some interpreters are built without extensions.
    strict: fails('PYTHON_SECURITY_ERROR', 'PYTHON_EXECUTION_ERROR'),
  },
  {
    name: 'unpacks an archive over the folders above',
    code: py`
      import io, tarfile
      packed = io.BytesIO()
      with tarfile.open(fileobj=packed, mode='w') as tar:
          for name in ['../../weft/python/poisoned.py', '/usr/lib/poisoned.py', '../../../../tmp/../etc/poisoned']:
              entry = tarfile.TarInfo(name); entry.size = 1
              tar.addfile(entry, io.BytesIO(b'x'))
      packed.seek(0)
      for member in tarfile.open(fileobj=packed):
          try: tarfile.open(fileobj=io.BytesIO(packed.getvalue())).extract(member, '/')
          except OSError: continue
          import os
          if not os.path.abspath('/' + member.name).startswith('/tmp'): breach(member.name)
      result = 'refused'
    `,
    kernel: succeeds('refused'),
    strict: harmless,
  },
  {
    name: 'makes a pointer out of an __array_interface__',
    code: py`
      class View:
          __array_interface__ = {'data': (0x10000, False), 'shape': (8,), 'typestr': '|u1', 'version': 3}
      import numpy
      breach(numpy.asarray(View()).tolist())
    `,
    kernel: { kind: 'fails', codes: ['PYTHON_EXECUTION_ERROR'] },
  },
  {
    name: 'opens a file by its handle',
    code: py`
      import ctypes
      libc = ctypes.CDLL(None)
      handle = (ctypes.c_uint32 * 40)(128)
      libc.name_to_handle_at(-100, b'/', handle, ctypes.byref(ctypes.c_int()), 0)
      breach() if libc.open_by_handle_at(3, handle, 0) >= 0 else None
    `,
    kernel: reported('name_to_handle_at'),
  },
];

function input(index: number, where: string, strict: Ending = stopped): Attack[] {
  return [
    {
      name: `reads the secret ${where}`,
      code: `print(open(input_data['files'][${index}]).read())`,
      kernel: raises,
      strict,
      worksOutside: true,
    },
  ];
}

/** Read files and memory outside the room. */
export const readingAttacks: Attack[] = [...readers(), ...ENVIRONMENT, ...PLACES].map((attack) => ({
  strict: stopped,
  ...attack,
}));
