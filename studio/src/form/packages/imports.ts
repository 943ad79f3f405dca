/** The packages that code imports, by what they are called where packages are named; without the standard library. */
export function packagesOfImports(code: string): string[] {
  const modules = modulesOf(code).filter((name) => !standardLibrary.has(name));
  return [...new Set(modules.map((name) => packageOfModule.get(name) ?? normalizeName(name)))];
}

/** Whether a requirement, such as `Pandas[excel]>=2`, is of this package. */
export function isRequirementOf(requirement: string, name: string): boolean {
  return normalizeName(/^[\w.-]+/.exec(requirement.trim())?.[0] ?? '') === normalizeName(name);
}

/** By PEP 503. */
export function normalizeName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

/** A small scan and no parser: code that is being typed seldom parses. Texts of several lines are left out. */
function modulesOf(code: string): string[] {
  return code
    .replace(/("""|''')[\s\S]*?(?:\1|$)/g, '')
    .split(/[\n;]/)
    .flatMap((line) => {
      const from = /^\s*from\s+([A-Za-z_]\w*)[\w.]*\s+import\b/.exec(line);
      if (from) return [from[1]!];
      const list = /^\s*import\s+([^#]+)/.exec(line)?.[1];
      return (list ?? '').split(',').flatMap((part) => /^\s*([A-Za-z_]\w*)/.exec(part)?.[1] ?? []);
    });
}

/** Modules whose packages are called otherwise, and are what most people mean. */
const packageOfModule = new Map([
  ['attr', 'attrs'],
  ['Bio', 'biopython'],
  ['bs4', 'beautifulsoup4'],
  ['Crypto', 'pycryptodome'],
  ['cv2', 'opencv-python-headless'],
  ['dateutil', 'python-dateutil'],
  ['docx', 'python-docx'],
  ['dotenv', 'python-dotenv'],
  ['fitz', 'pymupdf'],
  ['jwt', 'pyjwt'],
  ['mpl_toolkits', 'matplotlib'],
  ['PIL', 'pillow'],
  ['pptx', 'python-pptx'],
  ['pywt', 'pywavelets'],
  ['skimage', 'scikit-image'],
  ['sklearn', 'scikit-learn'],
  ['slugify', 'python-slugify'],
  ['umap', 'umap-learn'],
  ['yaml', 'pyyaml'],
]);

/** `sys.stdlib_module_names` of Python 3.11, with those that later ones have. */
const standardLibrary = new Set(
  `
    __future__ abc aifc annotationlib antigravity argparse array ast asynchat asyncio asyncore atexit
    audioop base64 bdb binascii bisect builtins bz2 cProfile calendar cgi cgitb chunk cmath cmd code
    codecs codeop collections colorsys compileall compression concurrent configparser contextlib
    contextvars copy copyreg crypt csv ctypes curses dataclasses datetime dbm decimal difflib dis
    distutils doctest email encodings ensurepip enum errno faulthandler fcntl filecmp fileinput fnmatch
    fractions ftplib functools gc genericpath getopt getpass gettext glob graphlib grp gzip hashlib
    heapq hmac html http idlelib imaplib imghdr imp importlib inspect io ipaddress itertools json
    keyword lib2to3 linecache locale logging lzma mailbox mailcap marshal math mimetypes mmap
    modulefinder msilib msvcrt multiprocessing netrc nis nntplib nt ntpath nturl2path numbers opcode
    operator optparse os ossaudiodev pathlib pdb pickle pickletools pipes pkgutil platform plistlib
    poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat
    queue quopri random re readline reprlib resource rlcompleter runpy sched secrets select selectors
    shelve shlex shutil signal site smtpd smtplib sndhdr socket socketserver spwd sqlite3 sre_compile
    sre_constants sre_parse ssl stat statistics string stringprep struct subprocess sunau symtable sys
    sysconfig syslog tabnanny tarfile telnetlib tempfile termios textwrap this threading time timeit
    tkinter token tokenize tomllib trace traceback tracemalloc tty turtle turtledemo types typing
    unicodedata unittest urllib uu uuid venv warnings wave weakref webbrowser winreg winsound wsgiref
    xdrlib xml xmlrpc zipapp zipfile zipimport zlib zoneinfo`
    .trim()
    .split(/\s+/),
);
