"""Ordinary programs that use modules of which a part may be used (standins.py); benign.py adds them to its own."""

_DOCUMENTED = '''
import contextlib, doctest, io, re

def double(x):
    """Twice as much.

    >>> double(1)
    2
    >>> double(2)
    5
    >>> [double(n)
    ...  for n in (1, 2)]
    [2, 4]
    >>> double(None)
    Traceback (most recent call last):
        ...
    TypeError: unsupported operand type(s) for *: 'NoneType' and 'int'
    >>> double(None)
    0
    >>> print("a" * 3, "\\\\n")  # doctest: +NORMALIZE_WHITESPACE
    aaa
    >>> list(range(20))  # doctest: +ELLIPSIS
    [0, 1, ..., 19]
    >>> double(3)  # doctest: +SKIP
    0
    >>> encode(Shape())
    'shape'
    """
    return x * 2

def encode(encoding): return encoding.name()

class Shape:
    """
    >>> Shape().name()
    'shape'
    """
    def name(self):
        """
        >>> import math
        >>> math.floor(2.5)
        2
        """
        return "shape"

named = ">>> double(6)\\n12"
__test__ = {"more": ">>> double(5)\\n10", "named": named}
output = io.StringIO()
with contextlib.redirect_stdout(output):
    %s
result = re.sub(r'File ".*?", line [0-9]+', "File", output.getvalue())
'''

PROGRAMS = {
    "doctest.testmod": _DOCUMENTED % "print(doctest.testmod())",
    "doctest.testmod that tells all": _DOCUMENTED % "print(doctest.testmod(verbose=True))",
    "doctest with flags": _DOCUMENTED
    % "print(doctest.testmod(optionflags=doctest.FAIL_FAST | doctest.REPORT_NDIFF, name='mine'))",
    "doctest of one function": _DOCUMENTED % "doctest.run_docstring_examples(double, globals(), verbose=True, name='x')",
    "doctest in another namespace": _DOCUMENTED
    % "doctest.run_docstring_examples(Shape, {'Shape': Shape}, optionflags=doctest.ELLIPSIS)",
    "doctest by __import__": _DOCUMENTED % "print(__import__('doctest').testmod().failed)",
    "everything from doctest": _DOCUMENTED % "from doctest import *; print(testmod(optionflags=ELLIPSIS).failed)",
    "doctests as unittests": _DOCUMENTED
    % "import unittest\n    print(unittest.TextTestRunner(stream=io.StringIO()).run(doctest.DocTestSuite()).testsRun)",
    "unittest.main": "import io, unittest\nclass T(unittest.TestCase):\n    def setUp(self): self.x = 1\n"
    "    def test_a(self): self.assertEqual(self.x, 1)\n    def test_b(self):\n        with self.assertRaises(ValueError): int('x')\n"
    "    @unittest.skip('later')\n    def test_c(self): pass\n    @unittest.expectedFailure\n    def test_d(self): self.fail()\n"
    "done = unittest.main(argv=['x'], exit=False, testRunner=unittest.TextTestRunner(stream=io.StringIO())).result\n"
    "result = [done.testsRun, len(done.skipped), len(done.expectedFailures), done.wasSuccessful()]",
    "unittest of coroutines": "import io, unittest\nclass T(unittest.IsolatedAsyncioTestCase):\n"
    "    async def test_a(self): self.assertTrue(True)\n"
    "suite = unittest.TestLoader().loadTestsFromTestCase(T)\n"
    "result = unittest.TextTestRunner(stream=io.StringIO()).run(suite).testsRun",
    "mocks": "from unittest import mock\nfrom unittest.mock import MagicMock, Mock, call, patch\nimport random\n"
    "def roll(): return random.randint(1, 6)\nm = Mock(return_value=3, side_effect=None)\nm(1, a=2)\nmagic = MagicMock()\nmagic.__len__.return_value = 7\n"
    "with patch('random.randint', return_value=4) as randint:\n    rolled = roll()\n"
    "with patch.object(random, 'random', lambda: 0.5), patch('__main__.roll', return_value=9): both = [random.random(), roll()]\n"
    "with patch.dict({'a': 1}, b=2): pass\n"
    "spec = mock.create_autospec(roll, return_value=1)\n"
    "result = [m.call_args == call(1, a=2), len(magic), rolled, randint.call_count, both, spec(), str(mock.sentinel.x)]",
    "a mock of open and of a coroutine": "import asyncio\nfrom unittest.mock import AsyncMock, mock_open, create_autospec\n"
    "class Api:\n    x = 1\n    def get(self, key): pass\napi = create_autospec(Api)\napi.get.return_value = 5\n"
    "file = mock_open(read_data='a')\nwith file('f') as f: text = f.read()\n"
    "result = [text, asyncio.run(AsyncMock(return_value=2)()), api.get(1)]",
    "timeit": "import timeit\nfrom timeit import default_timer as timer\ndef f(): return 1\nstart = timer()\n"
    "times = [timeit.timeit(f, number=3), timeit.timeit('f()', setup='from __main__ import f', number=3),\n"
    "         timeit.timeit('f()', globals=globals(), number=2), timeit.Timer(lambda: f()).timeit(2), *timeit.repeat('pass', number=1, repeat=2)]\n"
    "result = [all(t >= 0 for t in times), len(times), timer() >= start]",
    "everything from modules of which a part may be used": "from timeit import *\nfrom unittest import *\nfrom unittest.mock import *\nfrom inspect import *\n"
    "from sqlite3 import *\nfrom importlib.metadata import *\nfrom multiprocessing.pool import *\ndef f(a): return a\n"
    "class T(TestCase):\n    def test_a(self): self.assertEqual(Mock(return_value=1)(), 1)\n"
    "with ThreadPool(2) as pool: result = [timeit('1 + 1', number=1) >= 0, str(signature(f)), pool.map(f, [1, 2]), connect(':memory:').execute('select 1').fetchone()[0]]",
    "inspect": "import inspect\nfrom inspect import Parameter, signature\ndef f(a, b: int = 2, *c, d=None, **e) -> str:\n    '''Doc.'''\n"
    "class A:\n    '''Class.'''\n    def m(self): pass\ndef g(): yield\nasync def h(): pass\n"
    "s = signature(f)\nresult = [str(s), list(s.parameters), s.bind(1, d=3).arguments['d'], s.parameters['c'].kind == Parameter.VAR_POSITIONAL,\n"
    "    inspect.getdoc(f), inspect.isclass(A), inspect.isfunction(f), inspect.ismethod(A().m), inspect.isgeneratorfunction(g),\n"
    "    inspect.iscoroutinefunction(h), inspect.getsource(A.m).strip(), [c.__name__ for c in inspect.getmro(A)], inspect.getfullargspec(f).varargs,\n"
    "    str(signature(len)), str(signature(A)), inspect.getgeneratorstate(g()), inspect.cleandoc(' a'), inspect.isbuiltin(len)]",
    "types.FunctionType": "import types\nfrom types import FunctionType, LambdaType\ndef f(): pass\n"
    "result = [isinstance(f, types.FunctionType), isinstance(len, (FunctionType, LambdaType)), type(f) is FunctionType]",
    "the version of a package": "import importlib.metadata\nfrom importlib.metadata import PackageNotFoundError, version\nfrom importlib import metadata\n"
    "def of(name):\n    try: return version(name)\n    except PackageNotFoundError: return None\n"
    "result = [of('there-is-none'), metadata.version is version, importlib.metadata.version is version]",
    "a pool of threads": "from multiprocessing.pool import ThreadPool\nfrom multiprocessing.dummy import Pool\n"
    "with ThreadPool(3) as pool: doubled = pool.map(lambda x: x * 2, range(4))\nwith Pool(2) as pool: result = [doubled, pool.starmap(pow, [(2, 3)])]",
    "imports for types": "import typing\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import os\n    from subprocess import Popen\n"
    "if typing.TYPE_CHECKING:\n    import socket\ndef f(path: 'os.PathLike', child: 'Popen') -> 'socket.timeout': return path\nresult = f(1, 2)",
    "a method called open": "from pathlib import Path\nclass Door:\n    def __init__(self): self.modes = []\n"
    "    def open(self, mode): self.modes.append(mode)\n    def write_text(self, text): self.modes.append(text)\n"
    "door = Door()\ndoor.open('w')\ndoor.write_text('x')\nresult = [door.modes, Path('a').name]",
    "sqlite in memory": "import sqlite3\ndb = sqlite3.connect(':memory:')\ndb.row_factory = sqlite3.Row\n"
    "with db: db.execute('create table t (a, b)')\ndb.executemany('insert into t values (?, ?)', [(1, 'x'), (2, 'y')])\n"
    "db.create_function('twice', 1, lambda x: 2 * x)\n"
    "try: db.execute('select * from u')\nexcept sqlite3.OperationalError as e: error = str(e)\n"
    "result = [[dict(row) for row in db.execute('select twice(a) as a, b from t order by a')], error]",
    "sqlite in the run's folder": "import sqlite3\nwith sqlite3.connect('a.db') as db:\n    db.execute('create table t (a)')\n"
    "    db.execute('insert into t values (3)')\ndb.close()\nother = sqlite3.connect('file:a.db?mode=ro', uri=True)\n"
    "other.execute(\"attach 'b.db' as b\")\nresult = other.execute('select sum(a) from t').fetchone()[0]",
}  # fmt: skip

PACKAGED = {
    "mpmath sums": "import mpmath\nresult = str(mpmath.airybi(-2, derivative=1))",  # it executes what it writes, as `exec_`
    "numpy as_strided": "import numpy as np\nfrom numpy.lib.stride_tricks import as_strided, sliding_window_view\na = np.arange(6)\n"
    "result = [as_strided(a, shape=(4, 3), strides=(a.itemsize, a.itemsize)).tolist(), sliding_window_view(a, 5).tolist(),\n"
    "    np.lib.stride_tricks.as_strided(a[::-1], (3,), (-8,)).tolist(), np.broadcast_to(a, (2, 6)).sum().item()]",
    "pandas and sqlite": "import sqlite3\nimport pandas as pd\ndb = sqlite3.connect(':memory:')\npd.DataFrame(input_data['rows']).to_sql('t', db, index=False)\n"
    "result = pd.read_sql('select name, sum(n) as n from t group by name', db).to_dict('records')",
}  # fmt: skip
