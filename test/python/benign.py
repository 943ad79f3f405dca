"""Ordinary programs by name. Each sets `result` to plain JSON, has no finding, and means the same as in plain Python.

`INPUT` is their `input_data`. `PACKAGED` need the package that their name starts with.
"""

import benign_stand_ins

INPUT = {
    "value": 21,
    "rows": [{"name": "a", "n": 3}, {"name": "b", "n": 5}, {"name": "a", "n": 7}],
    "text": "to be or not",
}

PROGRAMS = {
    # names that only look like blocked ones
    "a variable called os_name": "os_name = 'linux'\nresult = os_name",
    "variables called like modules": "sys = 1\nsocket = 2\nresult = sys + socket",
    "an attribute called os": "class Device: pass\nd = Device()\nd.os = 'linux'\nd.sys = 1\nresult = d.os",
    "re.compile": "import re\nresult = re.compile(r'\\d+').findall('a1b22')",
    "compile imported from re": "from re import compile\nresult = compile('b').sub('c', 'abc')",
    "a method called exec": "class Query:\n    def exec(self): return 1\n    def eval(self): return 2\n"
                            "q = Query()\nresult = q.exec() + q.eval()",
    "a function called compile": "def compile(text):\n    return text.upper()\nresult = compile('x')",
    "a function called open": "def open(door, mode):\n    return door + mode\nresult = open('door', 'w')",
    "a parameter called eval": "def f(eval):\n    return eval + 1\nresult = f(1)",
    "a lambda kept as exec": "exec = lambda x: x * 2\nresult = exec(2)",
    "a key called eval": "config = {'eval': 1, 'exec': 2, '__import__': 3}\nresult = config['eval'] + config['exec']",
    "words in strings": "result = 'import os; os.system(\"rm\"); eval(exec(open(1, \"w\")))'.split(';')",
    "words in comments": "# import os, eval(), __globals__, subprocess.run\nresult = 1",
    "words in a docstring": "def f():\n    '''Never uses eval, os.system or __globals__.'''\n    return 1\nresult = f()",
    "braces in strings": "result = '{} {name} {0[key]} {{__globals__}}'",
    "a keyword called file": "def f(file, mode='w'):\n    return file + mode\nresult = f(file='x')",
    "an attribute called obj": "class A:\n    obj = 3\nresult = A().obj",
    "an exception with an attribute obj": "class E(Exception):\n    obj = 3\ntry:\n    raise E()\nexcept E as e:\n    result = e.obj",
    # files that a library opens of its own, and the program's own files
    "time zones": "from datetime import datetime\nfrom zoneinfo import ZoneInfo\n"
                  "result = str(datetime(2024, 7, 1, tzinfo=ZoneInfo('Europe/Berlin')))",
    "mimetypes": "import mimetypes\nresult = mimetypes.guess_type('/etc/report.csv')[0]",
    "locale": "import locale\nlocale.setlocale(locale.LC_ALL, 'C')\nresult = locale.localeconv()['decimal_point']",
    "gettext and argparse": "import argparse, gettext\np = argparse.ArgumentParser()\np.add_argument('--x', default=1)\n"
                            "result = [p.parse_args([]).x, gettext.gettext('x')]",
    "a temporary folder": "import pathlib, tempfile\nwith tempfile.TemporaryDirectory() as d:\n    p = pathlib.Path(d, 'x')\n"
                          "    p.touch()\n    result = [p.read_text(), [f.name for f in p.parent.iterdir()]]",
    "temporary files": "import tempfile\nresult = []\nfor make in (tempfile.TemporaryFile, tempfile.NamedTemporaryFile):\n"
                       "    with make('w+') as f:\n        f.write('x')\n        f.seek(0)\n        result.append(f.read())",
    "null and random devices": "result = [open('/dev/null').read(), len(open('/dev/urandom', 'rb').read(3))]",
    "random numbers of the system": "import random, secrets, uuid\n"
                                    "result = [random.SystemRandom().random() < 1, len(secrets.token_hex(4)), len(str(uuid.uuid4()))]",
    "a log file": "import logging, pathlib\nlogging.basicConfig(filename=pathlib.Path('log.txt').absolute(), format='%(message)s')\n"
                  "logging.warning('careful')\nresult = pathlib.Path('log.txt').read_text()",
    "a traceback through the standard library": "import json, traceback\ntry:\n    json.loads('x')\nexcept ValueError:\n"
                                                "    result = 'raw_decode' in traceback.format_exc()",
    "an error in a thread": "import threading\nt = threading.Thread(target=lambda: 1 / 0)\nt.start()\nt.join()\nresult = 1",
    "a link within its folder": "import pathlib\npathlib.Path('a').touch()\npathlib.Path('b').symlink_to('a')\n"
                                "result = pathlib.Path('b').read_text()",
    "its own folder by every name": "import glob, pathlib\npathlib.Path('a.txt').touch()\n"
                                    "result = [glob.glob('*.txt'), [p.name for p in pathlib.Path.cwd().glob('*.txt')]]",
    "a zip file": "import zipfile\nwith zipfile.ZipFile('a.zip', 'w') as z:\n    z.writestr('x', 'y')\n"
                                               "result = zipfile.ZipFile('a.zip').read('x').decode()",
    "the file of a module": "import json, linecache\nresult = linecache.getline(json.__file__, 1)[:1] != ''",
    "a slash that is no path": "import csv\nresult = list(csv.reader(['a/b'], delimiter='/'))",
    # dunders that everyone writes
    "__name__": "result = []\nif __name__ == '__main__':\n    result.append(__name__)",
    "__init__ and __repr__": "class P:\n    def __init__(self, x): self.x = x\n    def __repr__(self): return f'P({self.x})'\n"
                             "result = repr(P(1))",
    "super().__init__": "class A:\n    def __init__(self): self.a = 1\nclass B(A):\n    def __init__(self):\n"
                        "        super().__init__()\n        self.b = 2\nresult = B().__dict__",
    "__class__.__name__": "class A:\n    def who(self): return self.__class__.__name__\nresult = A().who()",
    "__dict__.update": "class A:\n    def __init__(self, **kw): self.__dict__.update(kw)\nresult = A(x=1).x",
    "__slots__ and __eq__": "class P:\n    __slots__ = ('x',)\n    def __init__(self, x): self.x = x\n"
                            "    def __eq__(self, o): return self.x == o.x\n    def __hash__(self): return hash(self.x)\n"
                            "result = P(1) == P(1)",
    "__getattr__": "class A:\n    def __getattr__(self, name): return name\nresult = A().anything",
    "__getattribute__": "class A:\n    x = 1\n    def __getattribute__(self, name):\n"
                        "        return super().__getattribute__(name)\nresult = A().x",
    "__new__": "class One:\n    one = None\n    def __new__(cls):\n        if cls.one is None:\n"
               "            cls.one = super().__new__(cls)\n        return cls.one\nresult = One() is One()",
    "__enter__ and __exit__": "class C:\n    def __enter__(self): return 1\n    def __exit__(self, *e): return True\n"
                              "with C() as c:\n    result = c",
    "__iter__ and __next__": "class N:\n    n = 0\n    def __iter__(self): return self\n    def __next__(self):\n"
                             "        self.n += 1\n        if self.n > 3: raise StopIteration\n        return self.n\nresult = list(N())",
    "object.__setattr__": "class F:\n    def __init__(self): object.__setattr__(self, 'x', 1)\nresult = F().x",
    "__init_subclass__": "names = []\nclass A:\n    def __init_subclass__(cls, **kw):\n        super().__init_subclass__(**kw)\n"
                         "        names.append(cls.__name__)\nclass B(A): pass\nresult = names",
    "a metaclass": "class M(type):\n    def __new__(m, n, b, d): return super().__new__(m, n, b, {**d, 'x': 1})\n"
                   "class A(metaclass=M): pass\nresult = A.x",
    "a descriptor": "class D:\n    def __set_name__(self, o, n): self.n = n\n    def __get__(self, i, o=None): return self.n\n"
                    "class A:\n    field = D()\nresult = A().field",
    "type() with three arguments": "A = type('A', (), {'x': 1})\nresult = A().x",
    "__doc__ and __annotations__": "def f(a: int) -> str:\n    'doc'\nresult = [f.__doc__, sorted(f.__annotations__)]",
    "getattr and setattr": "class A: pass\na = A()\nsetattr(a, 'x', 1)\nresult = [getattr(a, 'x'), getattr(a, 'y', 2), hasattr(a, 'z')]",
    "vars and dir": "class A:\n    def __init__(self): self.x = 1\nresult = [vars(A()), 'x' in dir(A())]",
    "globals and locals": "x = 1\ndef f():\n    y = 2\n    return sorted(locals())\nresult = [globals()['x'], f()]",
    # the language
    "the documented example": "result = {'processed': input_data.get('value', 0) * 2, 'timestamp': '2025-11-12'}",
    "fibonacci by recursion": "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\nresult = fib(15)",
    "recursion 900 deep": "def depth(n):\n    return 0 if n == 0 else 1 + depth(n - 1)\nresult = depth(900)",
    "recursion without end, caught": "def f():\n    return f()\ntry:\n    f()\nexcept RecursionError:\n    result = 'caught'",
    "generators": "def squares(n):\n    for i in range(n):\n        yield i * i\nresult = sum(squares(10))",
    "a generator with send and close": "def echo():\n    got = None\n    while True:\n        got = yield got\ng = echo()\nnext(g)\n"
                                       "result = [g.send(1), g.send(2)]\ng.close()",
    "yield from": "def flat(x):\n    for i in x:\n        if isinstance(i, list):\n            yield from flat(i)\n        else:\n"
                  "            yield i\nresult = list(flat([1, [2, [3]]]))",
    "closures": "def counter():\n    n = 0\n    def up():\n        nonlocal n\n        n += 1\n        return n\n    return up\n"
                "c = counter()\nc()\nresult = c()",
    "decorators": "import functools\ndef twice(f):\n    @functools.wraps(f)\n    def g(*a): return f(f(*a))\n    return g\n"
                  "@twice\ndef inc(x): return x + 1\nresult = [inc(1), inc.__name__, inc.__wrapped__(1)]",
    "comprehensions": "result = {k: [r['n'] for r in input_data['rows'] if r['name'] == k] for k in {'a', 'b'}}",
    "walrus": "result = [y for x in range(5) if (y := x * 2) > 4]",
    "star expressions": "first, *rest = [1, 2, 3]\nresult = [first, rest, [*rest, *rest], {**{'a': 1}}]",
    "exceptions with cause": "try:\n    try:\n        1 / 0\n    except ZeroDivisionError as e:\n        raise ValueError('bad') from e\n"
                             "except ValueError as e:\n    result = [str(e), type(e.__cause__).__name__]",
    "a formatted traceback": "import traceback\ntry:\n    {}['x']\nexcept KeyError as e:\n"
                             "    text = ''.join(traceback.format_exception(type(e), e, e.__traceback__))\nresult = text.splitlines()[-1]",
    "async with gather": "import asyncio\nasync def f(n):\n    await asyncio.sleep(0)\n    return n * 2\n"
                         "async def main():\n    return await asyncio.gather(*(f(i) for i in range(5)))\nresult = asyncio.run(main())",
    "async queues": "import asyncio\nasync def main():\n    q = asyncio.Queue()\n    async def make():\n        for i in range(3): await q.put(i)\n"
                    "    task = asyncio.ensure_future(make())\n    got = [await q.get() for _ in range(3)]\n    await task\n    return got\n"
                    "result = asyncio.run(main())",
    "async generators and timeouts": "import asyncio\nasync def ticks():\n    for i in range(3):\n        yield i\nasync def main():\n"
                                     "    try:\n        await asyncio.wait_for(asyncio.sleep(9), 0.01)\n    except asyncio.TimeoutError:\n"
                                     "        return [t async for t in ticks()]\nresult = asyncio.run(main())",
    "async with threads": "import asyncio\nasync def main():\n    loop = asyncio.get_running_loop()\n"
                          "    return await loop.run_in_executor(None, sum, [1, 2])\nresult = asyncio.run(main())",
    "types.coroutine": "import types, asyncio\n@types.coroutine\ndef nothing():\n    yield\nasync def main():\n    await nothing()\n"
                       "    return 1\nresult = asyncio.run(main())",
    # the standard library
    "dataclasses": "from dataclasses import dataclass, field, asdict, replace\n@dataclass(order=True, frozen=True)\nclass P:\n"
                   "    x: int\n    tags: list = field(default_factory=list, compare=False)\n"
                   "    def __post_init__(self): object.__setattr__(self, 'y', self.x + 1)\n"
                   "result = [asdict(replace(P(1), x=2)), P(1) < P(2), P(1).y]",
    "make_dataclass": "import dataclasses\nP = dataclasses.make_dataclass('P', [('x', int)])\nresult = P(1).x",
    "namedtuple and NamedTuple": "from collections import namedtuple\nfrom typing import NamedTuple\nP = namedtuple('P', 'x y')\n"
                                 "class Q(NamedTuple):\n    a: int = 1\nresult = [P(1, 2)._asdict(), Q().a]",
    "enum": "from enum import Enum, auto, IntFlag\nclass C(Enum):\n    RED = auto()\n    BLUE = auto()\nclass F(IntFlag):\n    A = 1\n    B = 2\n"
            "E = Enum('E', 'X Y')\nresult = [C.RED.name, [c.value for c in C], int(F.A | F.B), E.X.value]",
    "collections": "from collections import Counter, OrderedDict, defaultdict, deque, ChainMap\nc = Counter(input_data['text'].split())\n"
                   "d = defaultdict(int)\nd['x'] += 1\nresult = [sorted(c.items()), dict(d), list(deque([1, 2], 1)), ChainMap({'a': 1})['a']]",
    "itertools": "import itertools\nresult = [list(itertools.accumulate([1, 2, 3])), [[k, len(list(g))] for k, g in itertools.groupby('aab')]]",
    "functools": "import functools\n@functools.lru_cache(maxsize=None)\ndef f(n): return 1 if n < 2 else n * f(n - 1)\n"
                 "result = [f(10), functools.reduce(lambda a, b: a + b, [1, 2, 3]), functools.partial(pow, 2)(3)]",
    "singledispatch with annotations": "from functools import singledispatch\n@singledispatch\ndef f(x): return 'any'\n"
                                       "@f.register\ndef _(x: int): return 'int'\nresult = [f(1), f('x')]",
    "operator": "import operator\nresult = sorted(input_data['rows'], key=operator.itemgetter('n'), reverse=True)[0]['n']",
    "heapq and bisect": "import heapq, bisect\nresult = [heapq.nsmallest(2, [3, 1, 2]), bisect.bisect([1, 2, 3], 2)]",
    "json": "import json\nresult = json.loads(json.dumps({'a': [1, None, True]}, indent=2, sort_keys=True))",
    "csv": "import csv, io\ntext = io.StringIO()\nw = csv.DictWriter(text, ['name', 'n'])\nw.writeheader()\nw.writerows(input_data['rows'])\n"
           "text.seek(0)\nresult = [r['n'] for r in csv.DictReader(text)]",
    "regular expressions": "import re\nresult = [re.sub(r'(?P<w>\\w+)', lambda m: m['w'].title(), 'ab cd'), bool(re.fullmatch(r'a+', 'aa'))]",
    "dates": "from datetime import datetime, timedelta, timezone\nimport time, calendar\n"
             "d = datetime.strptime('2024-02-28', '%Y-%m-%d').replace(tzinfo=timezone.utc) + timedelta(days=2)\n"
             "result = [d.isoformat(), calendar.monthrange(2024, 2)[1], time.strptime('2024', '%Y').tm_year]",
    "zoneinfo and locale-free formats": "from datetime import date\nresult = f'{date(2024, 1, 2):%d.%m.%Y} {1234.5:,.2f} {7:03d} {\"x\":>3}'",
    "decimal and fractions": "from decimal import Decimal, getcontext\nfrom fractions import Fraction\ngetcontext().prec = 10\n"
                             "result = [str(Decimal(1) / 3), str(Fraction(1, 3) + Fraction(1, 6))]",
    "statistics and math": "import statistics, math, cmath\nns = [r['n'] for r in input_data['rows']]\n"
                           "result = [statistics.mean(ns), statistics.median(ns), math.isclose(math.pi, 3.14159, rel_tol=1e-5), abs(cmath.sqrt(-4))]",
    "a seeded random": "import random\nrandom.seed(1)\nr = random.Random(2)\nresult = [random.randint(1, 100), r.choice('abc'), r.sample(range(9), 3)]",
    "hashes and base64": "import hashlib, base64, hmac, zlib, secrets\nresult = [hashlib.sha256(b'x').hexdigest(), base64.b64encode(b'x').decode(),\n"
                         "    hmac.new(b'k', b'm', 'sha1').hexdigest(), zlib.crc32(b'x'), len(secrets.token_hex(4))]",
    "struct and bytes": "import struct, binascii, array\nresult = [list(struct.unpack('<HB', b'\\x01\\x00\\x02')), binascii.hexlify(b'ab').decode(), list(array.array('i', [1]))]",
    "text": "import textwrap, string, difflib, unicodedata, html, shlex\nresult = [textwrap.fill('a b c', 3), string.Template('$x').substitute(x=1),\n"
            "    difflib.get_close_matches('appl', ['apple']), unicodedata.normalize('NFKC', '①'), html.escape('<'), shlex.split('a \"b c\"')]",
    "templates with format": "result = ['{:>5}|{name!r}|{0[a]}'.format({'a': 1}, name='x') if False else '{0[a]} {1.real}'.format({'a': 1}, 2)]",
    "urllib.parse": "from urllib.parse import urlparse, parse_qs, quote\nu = urlparse('http://h/p?a=1')\nresult = [u.netloc, parse_qs(u.query), quote('a b')]",
    "http status codes": "from http import HTTPStatus\nresult = HTTPStatus(404).phrase",
    "xml": "import xml.etree.ElementTree as ET\nresult = [e.text for e in ET.fromstring('<a><b>1</b><b>2</b></a>')]",
    "html parsing": "from html.parser import HTMLParser\nclass P(HTMLParser):\n    tags = []\n    def handle_starttag(self, tag, attrs): self.tags.append(tag)\n"
                    "p = P()\np.feed('<a><b></b></a>')\nresult = p.tags",
    "typing": "from typing import Dict, List, Optional, TypeVar, Generic, get_type_hints, TypedDict, Protocol\nT = TypeVar('T')\n"
              "class Box(Generic[T]):\n    def __init__(self, x: T): self.x = x\nclass M(TypedDict):\n    a: int\nclass Sized(Protocol):\n    def size(self) -> int: ...\n"
              "def f(a: 'Optional[int]') -> 'List[int]': return [a]\nresult = [Box[int](1).x, sorted(get_type_hints(f)), M(a=1)]",
    "abc": "from abc import ABC, abstractmethod\nfrom collections.abc import Iterable, Mapping\nclass S(ABC):\n    @abstractmethod\n    def area(self): ...\n"
           "class Q(S):\n    def area(self): return 4\nresult = [Q().area(), isinstance([], Iterable), issubclass(dict, Mapping), isinstance(Q(), S)]",
    "contextlib": "import contextlib, io\n@contextlib.contextmanager\ndef c():\n    yield 1\nout = io.StringIO()\n"
                  "with c() as x, contextlib.suppress(KeyError), contextlib.redirect_stdout(out):\n    print('hi')\n    {}['x']\nresult = [x, out.getvalue()]",
    "pickles of old protocols": "import pickle\nclass L(list): pass\nclass D(dict): pass\nclass E(ValueError): pass\n"
    "def again(value): return [pickle.loads(pickle.dumps(value, protocol)) for protocol in range(5)]\n"
    "result = [[type(each).__name__ for each in again(value)] for value in [L([1]), D(a=1), {1}, range(2), E('x'), 1j]]",
    "pickle of own classes": "import pickle\nclass P:\n    def __init__(self, x): self.x = x\nresult = pickle.loads(pickle.dumps([P(1), len, {1: 2}]))[0].x",
    "copy": "import copy\na = {'x': [1]}\nb = copy.deepcopy(a)\nb['x'].append(2)\nresult = [a, b]",
    "threads": "import threading\nfrom concurrent.futures import ThreadPoolExecutor\nlock = threading.Lock()\nseen = []\ndef f(n):\n    with lock:\n        seen.append(n)\n"
               "ts = [threading.Thread(target=f, args=(i,)) for i in range(3)]\n[t.start() for t in ts]\n[t.join() for t in ts]\n"
               "with ThreadPoolExecutor(2) as pool:\n    squares = list(pool.map(lambda x: x * x, range(3)))\nresult = [sorted(seen), squares]",
    "queues and context variables": "import queue, contextvars\nq = queue.Queue()\nq.put(1)\nv = contextvars.ContextVar('v', default=2)\nresult = [q.get(), v.get()]",
    "weak references": "import weakref\nclass A: pass\na = A()\nr = weakref.ref(a)\nd = weakref.WeakValueDictionary(x=a)\nresult = [r() is a, len(d)]",
    "logging and warnings": "import logging, warnings\nlogging.basicConfig(level=logging.INFO)\nlogging.getLogger('x').info('hello')\n"
                            "with warnings.catch_warnings(record=True) as caught:\n    warnings.simplefilter('always')\n    warnings.warn('careful')\nresult = len(caught)",
    "printing": "import pprint\npprint.pprint({'a': 1})\nprint('x', end='', flush=True)\nresult = 1",
    "temporary files": "import tempfile, pathlib\nwith tempfile.TemporaryDirectory() as d:\n    p = pathlib.Path(d)\n    result = [p.exists(), list(p.iterdir())]",
    "a temporary file written": "import tempfile\nwith tempfile.NamedTemporaryFile('w+') as f:\n    f.write('hi')\n    f.seek(0)\n    result = f.read()",
    "archives in memory": "import io, zipfile, gzip\nb = io.BytesIO()\nwith zipfile.ZipFile(b, 'w') as z:\n    z.writestr('a', 'b')\n"
                          "result = [zipfile.ZipFile(b).read('a').decode(), gzip.decompress(gzip.compress(b'x')).decode()]",
    "paths without files": "from pathlib import PurePosixPath\nresult = [PurePosixPath('/a/b.txt').suffix, str(PurePosixPath('a') / 'b')]",
    "ast.literal_eval": "import ast\nresult = [ast.literal_eval('[1, (2, 3)]')[0], len(ast.parse('x = 1').body)]",
    "graphlib and topological order": "import graphlib\nresult = list(graphlib.TopologicalSorter({'b': {'a'}, 'c': {'b'}}).static_order())",
    "uuid": "import uuid\nresult = [str(uuid.uuid5(uuid.NAMESPACE_DNS, 'x')), len(str(uuid.uuid4())), len(str(uuid.uuid1()))]",
    "time": "import time\nt = time.perf_counter()\ntime.sleep(0.001)\nresult = time.perf_counter() > t",
    "platform": "import platform\nresult = [platform.python_version(), platform.system()]",
    "sorting and slicing": "rows = sorted(input_data['rows'], key=lambda r: (r['name'], -r['n']))\nresult = [rows[::-1], rows[-1]['n']]",
    "big integers": "result = [2 ** 100 % 97, pow(3, 200, 13), (10 ** 20) // 7 % 1000]",
    "a list of functions": "handlers = {'add': lambda a, b: a + b, 'exec': lambda a, b: a * b}\nresult = [handlers[k](2, 3) for k in sorted(handlers)]",
    "ids of objects": "a = object()\nresult = id(a) == id(a)",
    "the classes of an exception": "class Base(Exception): pass\nclass Child(Base): pass\ntry:\n    raise Child('x')\nexcept Base as e:\n"
                                   "    result = [type(e).__name__, type(e).__qualname__, e.args[0]]",
    "a sieve": "n = 100\nsieve = [True] * n\nfor i in range(2, 10):\n    if sieve[i]:\n        for j in range(i * i, n, i): sieve[j] = False\n"
               "result = [i for i in range(2, n) if sieve[i]]",
    "a class tree that visits": "class Node:\n    def __init__(self, v, *kids): self.v, self.kids = v, kids\n    def visit(self):\n        yield self.v\n"
                                "        for k in self.kids: yield from k.visit()\nresult = list(Node(1, Node(2), Node(3, Node(4))).visit())",
}  # fmt: skip

# (code, least version)
PROGRAMS_NEWER = {
    "match statements": (
        "def f(x):\n    match x:\n        case {'kind': 'a', 'v': v}: return v\n        case [1, *rest]: return rest\n"
        "        case int(n) | float(n): return n\n        case _: return None\nresult = [f({'kind': 'a', 'v': 1}), f([1, 2]), f(3), f('x')]",
        (3, 10),
    ),
    "exception groups": (
        "try:\n    raise ExceptionGroup('g', [ValueError(1), TypeError(2)])\nexcept* ValueError as e:\n    n = len(e.exceptions)\n"
        "except* TypeError:\n    pass\nresult = n",
        (3, 11),
    ),
    "task groups": (
        "import asyncio\nasync def f(n): return n\nasync def main():\n    async with asyncio.TaskGroup() as g:\n"
        "        ts = [g.create_task(f(i)) for i in range(3)]\n    return [t.result() for t in ts]\nresult = asyncio.run(main())",
        (3, 11),
    ),
    "type parameters": ("def first[T](xs: list[T]) -> T: return xs[0]\ntype Pair = tuple[int, int]\nresult = first([1])", (3, 12)),
}  # fmt: skip

PACKAGED = {
    "numpy arrays": "import numpy as np\na = np.arange(6).reshape(2, 3)\nresult = [a.sum(axis=0).tolist(), float(a.mean()), a.T.shape[0]]",
    "numpy select and trace": "import numpy as np\na = np.eye(3)\nresult = [float(np.trace(a)), np.select([a > 0], [a], -1.0).tolist()]",
    "numpy linear algebra": "import numpy as np\nresult = np.round(np.linalg.solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 4.0]), 6).tolist()",
    "numpy random with a seed": "import numpy as np\nresult = np.random.default_rng(1).integers(0, 10, 5).tolist()",
    "numpy vectorize and saving": "import numpy as np, io\nb = io.BytesIO()\nnp.save(b, np.arange(3))\nb.seek(0)\n"
                                  "result = [np.load(b).tolist(), np.vectorize(lambda x: x + 1)([1, 2]).tolist()]",
    "numpy from and to files": "import numpy as np\nnp.arange(3.0).tofile('f')\nresult = np.fromfile('f').tolist()",
    "pandas describe": "import pandas as pd\nresult = pd.DataFrame(input_data['rows'])[['n']].describe().to_dict()",
    "pandas groupby": "import pandas as pd\nresult = pd.DataFrame(input_data['rows']).groupby('name')['n'].sum().to_dict()",
    "pandas merge and pivot": "import pandas as pd\nd = pd.DataFrame(input_data['rows'])\nm = d.merge(d, on='name')\n"
                              "result = [len(m), d.pivot_table(index='name', values='n', aggfunc='max')['n'].to_dict()]",
    "pandas query and eval": "import pandas as pd\nd = pd.DataFrame(input_data['rows'])\nlow = 4\n"
                             "result = [d.query('n > @low')['n'].tolist(), d.eval('m = n * 2')['m'].tolist()]",
    "pandas dates": "import pandas as pd\ns = pd.Series(range(4), index=pd.date_range('2024-01-01', periods=4, freq='D'))\n"
                    "result = [s.resample('2D').sum().tolist(), str(pd.to_datetime('2024-02-01').date())]",
    "pandas csv": "import pandas as pd, io\nd = pd.read_csv(io.StringIO('a,b\\n1,x\\n2,y'))\nd.to_csv('out.csv', index=False)\n"
                  "result = pd.read_csv('out.csv').to_dict('records')",
    "pandas apply and strings": "import pandas as pd\nd = pd.DataFrame(input_data['rows'])\n"
                                "result = [d['name'].str.upper().tolist(), d.apply(lambda r: r['n'] + 1, axis=1).tolist()]",
    "pandas json and pickle": "import pandas as pd, io, pickle\nd = pd.DataFrame({'a': [1, 2]})\n"
                              "result = [pd.read_json(io.StringIO(d.to_json())).shape[0], pickle.loads(pickle.dumps(d))['a'].tolist()]",
    "numpy files": "import numpy as np\nnp.save('a.npy', [1, 2])\nnp.savetxt('a.txt', [1.5])\n"
                   "result = [np.load('a.npy').tolist(), float(np.loadtxt('a.txt'))]",
    "pandas time zones": "import pandas as pd\nt = pd.Timestamp('2024-07-01 12:00', tz='Europe/Berlin')\n"
                         "result = [str(t.tz_convert('America/New_York')), str(t.tz_convert('dateutil/Europe/Paris'))]",
    "pandas csv with slashes": "import pandas as pd, io\nresult = pd.read_csv(io.StringIO('a/b\\n1/2'), sep='/').to_dict('records')",
    "pandas frames of paths": "import pandas as pd\nd = pd.DataFrame({'path': ['/etc/passwd', '/etc/hosts']})\n"
                              "d.to_csv('out.csv')\nresult = pd.read_csv('out.csv')['path'].tolist()",
    "matplotlib fonts": "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.font_manager as fm\n"
                        "import matplotlib.pyplot as plt\nmatplotlib.rc('font', family='serif')\nplt.title('ß')\nplt.savefig('a.png')\n"
                        "result = [fm.findfont('DejaVu Sans')[-4:], len(fm.findSystemFonts()) >= 0]",
    "matplotlib figure": "import io\nimport matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\nfig, ax = plt.subplots()\n"
                         "ax.plot([1, 2, 3])\nax.set_title('x')\nb = io.BytesIO()\nfig.savefig(b, format='png')\nresult = b.getvalue()[:4].hex()",
}  # fmt: skip

PROGRAMS.update(benign_stand_ins.PROGRAMS)
PACKAGED.update(benign_stand_ins.PACKAGED)
