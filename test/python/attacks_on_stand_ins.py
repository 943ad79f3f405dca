"""Attacks on the modules of which programs may use a part (standins.py); attacks.py adds them to its own."""

STATIC = {
    "an import in a doctest": (
        "import doctest\ndef f():\n    '''\n    >>> import os\n    '''\ndoctest.testmod()", "blocked-module",
    ),
    "a format field in a text of __test__ with a name": (
        "import doctest\nnamed = '>>> \"{0.__self__}\".format(print)'\n__test__ = {'a': named}\ndoctest.testmod()",
        "dunder-format",
    ),
    "a format field in a text of __test__": (
        "import doctest\n__test__ = {'a': '>>> \"{0.__self__}\".format(print)'}\ndoctest.testmod()", "dunder-format",
    ),
    "an import in what is timed": ("import timeit\ntimeit.timeit('x', setup='import os')", "blocked-module"),
    "an import in what is timed, where all of timeit is imported": (
        "from timeit import *\ntimeit('x', setup='import os')", "blocked-module",
    ),
    "eval in what a Timer times": ("from timeit import Timer\nTimer(stmt='eval(\"1\")')", "blocked-call"),
    "a file of doctests": ("import doctest\ndoctest.testfile('a.txt')", "blocked-call"),
    "the debugger of doctest": ("import doctest\ndoctest.pdb.run('1')", "blocked-call"),
    "the frames of inspect": ("import inspect\ninspect.stack()", "blocked-call"),
    "the closure of a function by inspect": ("from inspect import getclosurevars", "blocked-module"),
    "a module imported by importlib beside its metadata": (
        "import importlib.metadata\nimportlib.import_module('x')", "blocked-call",
    ),
    "a part of importlib beside its metadata": ("from importlib import metadata, util", "blocked-module"),
    "the entry points of packages": ("from importlib.metadata import entry_points", "blocked-module"),
    "a pool of processes": ("from multiprocessing.pool import Pool", "blocked-module"),
    "__import__ of a text": ("__import__('os').system('true')", "blocked-module"),
    "__import__ of a text, and a member": ("m = __import__('random')\nm._os", "module-attribute"),
    "__import__ by another name": ("load = __import__\nload('os')", "blocked-call"),
    "TYPE_CHECKING assigned": (
        "from typing import TYPE_CHECKING\nTYPE_CHECKING = True\nif TYPE_CHECKING:\n    import os", "blocked-module",
    ),
    "TYPE_CHECKING of the program": ("TYPE_CHECKING = True\nif TYPE_CHECKING:\n    import os", "blocked-module"),
    "an import where types are not checked": (
        "from typing import TYPE_CHECKING\nif not TYPE_CHECKING:\n    import os", "blocked-module",
    ),
    "an import in the else of TYPE_CHECKING": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    pass\nelse:\n    import os", "blocked-module",
    ),
    "Path.open beside a method of that name": (
        "from pathlib import Path\nclass A:\n    def open(self, mode): pass\np = Path('f')\np.open('w')", "file-write",
    ),
}  # fmt: skip

RUNTIME = {
    "a docstring made at run time": (
        "import doctest\ndef f(): pass\nf.__doc__ = '>>> 1 ' + '+ 1'\ndoctest.testmod()", "blocked-call",
    ),
    "a docstring assigned as a text": (
        "import doctest\ndef f(): pass\nf.__doc__ = '>>> 1 + 1'\ndoctest.testmod()", "blocked-call",
    ),
    "a docstring of the module made at run time": (
        "import doctest\n__doc__ = '>>> ' + 'pass'\ndoctest.testmod()", "blocked-call",
    ),
    "a text of __test__ with a name that has another text at run time": (
        "import doctest\nnamed = '>>> 1'\nfor named in ['>>> pa' + 'ss']: pass\n__test__ = {'a': named}\ndoctest.testmod()",
        "blocked-call",
    ),
    "__test__ filled at run time": (
        "import doctest\n__test__ = {}\n__test__['a'] = '>>> pass'\ndoctest.testmod()", "blocked-call",
    ),
    "examples of another module": (
        "import doctest, random\nrandom.__doc__ = '>>> pass'\ndoctest.testmod(random)", "blocked-call",
    ),
    "a class whose docstring is assigned": (
        "import doctest\nclass A: pass\nA.__doc__ = '>>> pass'\ndoctest.run_docstring_examples(A, {})", "blocked-call",
    ),
    "an example that is a tree": (
        "import ast, doctest\ne = doctest.Example('pass', '')\n"
        "e.source = ast.Interactive([ast.Pass(lineno=1, col_offset=0)])\n"
        "doctest.DocTestRunner().run(doctest.DocTest([e], {}, 'n', 'f', 0, ''))",
        "blocked-call",
    ),
    "an example that lies": (
        "import doctest\ndef f():\n    '''\n    >>> 1\n    '''\n"
        "class Text(str):\n    def __str__(self): return '1\\n'\n"
        "    def __eq__(self, other): return True\n    def __hash__(self): return hash('1\\n')\n"
        "e = doctest.Example('1', '')\ne.source = Text('import o' + 's')\n"
        "doctest.DocTestRunner().run(doctest.DocTest([e], {}, 'n', 'f', 0, ''))",
        "blocked-call",
    ),
    "an example in bytes of another encoding": (
        "import doctest\ndef f():\n    '''\n    >>> # coding: utf-7\n    ... 1\n    '''\n"
        "e = doctest.Example('1', '')\ne.source = b'# coding: utf-7\\n1\\n'\n"
        "doctest.DocTestRunner().run(doctest.DocTest([e], {}, 'n', 'f', 0, ''))",
        "blocked-call",
    ),
    "a doctest in a namespace without guards": (
        "import doctest\ndef f():\n    '''\n    >>> getattr(print, '_'.join(['_', 'self', '_']))\n    '''\n"
        "doctest.run_docstring_examples(f, {})",
        "dunder-access",
    ),
    "a doctest that loses its built-in functions": (
        "import doctest\ndef f():\n    '''\n    >>> _ = globals().pop('_'.join(['_', 'builtins', '_']))\n"
        "    >>> _ = getattr(print, '_'.join(['_', 'self', '_']))\n    '''\ndoctest.testmod()",
        "dunder-access",
    ),
    "an import by a doctest with a name made at run time": (
        "import doctest\ndef f():\n    '''\n    >>> load = globals()['_'.join(['_', 'builtins', '_'])]['_'.join(['_', 'import', '_'])]\n"
        "    >>> load('o' + 's')\n    '''\ndoctest.testmod()",
        "blocked-module",
    ),
    "a file read by a doctest": (
        "import doctest\ndef f():\n    '''\n    >>> _ = open('/etc/' + 'passwd')\n    '''\ndoctest.testmod()", "read-outside",
    ),
    "the text that is timed made at run time": ("import timeit\ntimeit.timeit('1 +' + str(1))", "blocked-call"),
    "the setup made at run time": ("import timeit\ns = 'x = ' + str(1)\ntimeit.timeit('x', s, number=1)", "blocked-call"),
    "the text of a Timer made at run time": ("import timeit\ntimeit.Timer(' '.join(['pass', ';', '1'])).timeit(1)", "blocked-call"),
    "a text that is timed and lies": (
        "import timeit\nclass Text(str):\n    def __hash__(self): return hash('x')\n    def __eq__(self, other): return True\n"
        "    def __str__(self): return 'x'\ntimeit.timeit(Text('1+' + '1'), 'x = 1')",
        "blocked-call",
    ),
    "what is timed reads an attribute": (
        "import timeit\ntimeit.timeit('getattr(print, \"_\".join([\"_\", \"self\", \"_\"]))', number=1)", "dunder-access",
    ),
    "what is timed in a namespace without guards": (
        "import timeit\ntimeit.timeit('getattr(print, \"_\".join([\"_\", \"self\", \"_\"]))', number=1, globals={})",
        "dunder-access",
    ),
    "the globals behind inspect.signature": (
        "import inspect, operator\noperator.attrgetter('__globals__')(inspect.signature)", "dunder-access",
    ),
    "the globals behind doctest.testmod": (
        "import doctest, operator\noperator.attrgetter('__globals__')(doctest.testmod)", "dunder-access",
    ),
    "a generator's frame beside its state": (
        "import inspect, operator\ng = (x for x in ())\ninspect.getgeneratorstate(g)\noperator.attrgetter('gi_frame')(g)",
        "frame-access",
    ),
    "a member of inspect by a name made at run time": (
        "__import__('inspect', None, None, ('current' + 'frame',))", "blocked-module",
    ),
    "inspect itself by an attribute": ("import dataclasses\ngetattr(dataclasses, 'ins' + 'pect')", "module-attribute"),
    "types.FunctionType called by another name": (
        "import types\nlist(map(types.FunctionType, [(lambda: 0).__code__], [{}]))",
        "dunder-access",
    ),
    "a patch of os.system": ("from unittest.mock import patch\nwith patch('os.system'): pass", "blocked-module"),
    "a patch of builtins.open": ("from unittest.mock import patch\nwith patch('builtins.open'): pass", "blocked-module"),
    "a patch of a module, for its original": (
        "import random\nfrom unittest.mock import patch\np = patch.object(random, '_o' + 's')\np.start()\np.temp_original",
        "module-attribute",
    ),
    "a patch of the code of a function": (
        "from unittest.mock import patch\ndef f(): pass\nwith patch.object(f, '__co' + 'de__', None): pass", "dunder-access",
    ),
    "a patch of a dict that a text names": (
        "from unittest.mock import patch\nwith patch.dict('os.environ', a='b'): pass", "blocked-module",
    ),
    "tests of another module": ("import unittest\nunittest.main(module='o' + 's', exit=False)", "blocked-module"),
    "tests of another module by a name that lies": (
        "import unittest\nclass Name(str):\n    def split(self, *_): return ['random', '_os']\n"
        "m = unittest.main(module=Name('random'), argv=['x'], exit=False).module\nassert m.__name__ == 'random'\nimport os",
        "blocked-module",
    ),
    "a patch by a name that lies": (
        "import random\nfrom unittest.mock import patch\nclass Name(str):\n    def __hash__(self): return hash('_o' + 's')\n"
        "    def __eq__(self, other): return other == '_o' + 's'\np = patch.object(random, Name('x'), create=True)\n"
        "p.start()\nassert type(p.temp_original).__name__ != 'module'\nimport os",
        "blocked-module",
    ),
    "tests looked for in files": ("import unittest\nunittest.TestLoader().discover('.')", "blocked-call"),
    "tests looked for in files by main": ("import unittest\nunittest.main(argv=['x', 'discover'], module=None)", "blocked-call"),
    "a module by the loader of tests": (
        "import unittest\nunittest.defaultTestLoader._get_module_from_name('os')", "blocked-call",
    ),
    "tests named like functions of the machine": (
        "import unittest\nunittest.main(argv=['x', 'posix.fork'], module=None, exit=False)", "blocked-module",
    ),
    "a database outside": ("import sqlite3\nsqlite3.connect('/var/tmp/weft' + '.db')", "file-write"),
    "a database outside by a URI": (
        "import sqlite3\nsqlite3.connect('file:' + '/var/tmp/weft.db?mode=ro', uri=True)", "file-write",
    ),
    "a database outside by its class": ("import sqlite3\nsqlite3.Connection('/var/tmp/weft' + '.db')", "file-write"),
    "a database outside by a path that lies": (
        "import sqlite3\nclass Path(str):\n    def __str__(self): return ':memory:'\n"
        "    def __eq__(self, other): return True\n    def __hash__(self): return hash(':memory:')\n"
        "sqlite3.connect(Path('/var/tmp/weft.db'))",
        "file-write",
    ),
    "a database attached": (
        "import sqlite3\nsqlite3.connect(':memory:').execute(\"attach '/var/tmp/weft.db' as x\")", "file-write",
    ),
    "a database attached by a parameter": (
        "import sqlite3\nsqlite3.connect(':memory:').execute('attach ? as x', ('/var/tmp/weft.db',))", "file-write",
    ),
    "a database attached by a connection of one's own": (
        "import sqlite3\nclass Mine(sqlite3.Connection): pass\n"
        "sqlite3.connect(':memory:', factory=Mine).execute(\"attach '/var/tmp/weft.db' as x\")",
        "file-write",
    ),
    "a database attached by a URI, and caught": (
        "import sqlite3\ntry:\n    sqlite3.connect('file:a.db', uri=True).execute(\"attach 'file:///var/tmp/weft.db' as x\")\n"
        "except BaseException:\n    pass\nresult = 1",
        "file-write",
    ),
    "a process instead of the thread of a pool": (
        "from multiprocessing.pool import ThreadPool\nThreadPool(1)._ctx.Process(target=len).start()", "process",
    ),
    "os.system in a ThreadPool": (
        "import random, time\nfrom multiprocessing.pool import ThreadPool\n"
        "ThreadPool(1).apply_async(random._os.system, ['true'])\ntime.sleep(0.2)",
        "process",
    ),
    "TYPE_CHECKING set elsewhere": (
        "import typing\ntyping.TYPE_CHECKING = True\nif typing.TYPE_CHECKING:\n    import os", "blocked-module",
    ),
}  # fmt: skip

RUNTIME_NEWER = {
    "an annotation that inspect evaluates": (
        "import inspect\ndef f(a): pass\nf.__annotations__ = {'a': 'ev' + 'al(\"1\")'}\ninspect.signature(f, eval_str=True)",
        "blocked-call", (3, 10)),
    "a patch through a module": ("from unittest.mock import patch\nwith patch('random._os.system'): pass", "module-attribute", (3, 11)),
}  # fmt: skip
