"""Attacks by name: (code, rule that stops it).

The static wall finds STATIC without running anything. It cannot see RUNTIME, which the tests run under the runtime
wall alone. The `_NEWER` ones also have the least Python version that they need.
"""

import attacks_on_stand_ins

STATIC = {
    # blocked modules
    "imports os": ("import os", "blocked-module"),
    "imports os under another name": ("import os as operating_system", "blocked-module"),
    "imports a submodule": ("import os.path", "blocked-module"),
    "imports from os": ("from os import system", "blocked-module"),
    "imports everything from os": ("from os import *", "blocked-module"),
    "imports posix": ("import posix", "blocked-module"),
    "imports among harmless modules": ("import json, sys, math", "blocked-module"),
    "imports inside a function": ("def f():\n    import subprocess", "blocked-module"),
    "imports inside a class in a branch": ("if True:\n    class A:\n        import socket", "blocked-module"),
    "imports ctypes": ("import ctypes", "blocked-module"),
    "imports importlib": ("from importlib import import_module", "blocked-module"),
    "imports builtins": ("import builtins", "blocked-module"),
    "imports urllib.request": ("import urllib.request", "blocked-module"),
    "imports urllib": ("from urllib import request", "blocked-module"),
    "imports requests": ("import requests", "blocked-module"),
    "imports http.client": ("from http import client", "blocked-module"),
    "imports shutil": ("import shutil", "blocked-module"),
    "imports gc": ("import gc", "blocked-module"),
    "imports a frame of inspect": ("from inspect import currentframe", "blocked-module"),
    "imports multiprocessing": ("from multiprocessing import Pool", "blocked-module"),
    "imports signal": ("import signal", "blocked-module"),
    "imports pty": ("import pty", "blocked-module"),
    "imports code": ("from code import InteractiveConsole", "blocked-module"),
    "imports runpy": ("import runpy", "blocked-module"),
    "imports pkgutil to resolve a name": ("import pkgutil\npkgutil.resolve_name('os:system')", "blocked-module"),
    "imports timeit to run a string": ("import timeit\ntimeit.timeit('__import__(\"os\")')", "blocked-module"),
    "imports marshal": ("import marshal", "blocked-module"),
    "imports a part of sqlite3": ("from sqlite3 import dbapi2", "blocked-module"),
    "imports shelve": ("import shelve", "blocked-module"),
    "imports logging.config to resolve a name": ("import logging.config", "blocked-module"),
    "imports the loader of unittest": ("from unittest import loader", "blocked-module"),
    "imports sub-interpreters": ("import _xxsubinterpreters", "blocked-module"),
    "imports sub-interpreters by their new name": ("from concurrent import interpreters", "blocked-module"),
    "imports a private module": ("import _io", "blocked-module"),
    "imports posixsubprocess": ("from _posixsubprocess import fork_exec", "blocked-module"),
    "imports in fullwidth letters": ("import ｏｓ", "blocked-module"),
    "imports a module from a module": ("from random import _os", "blocked-module"),
    "imports sys from typing": ("from typing import sys", "blocked-module"),
    "imports numpy.ctypeslib": ("import numpy.ctypeslib", "blocked-module"),
    "reaches numpy.ctypeslib": ("import numpy as np\nnp.ctypeslib.load_library('c', '/')", "blocked-module"),
    # attributes that are modules
    "random._os": ("import random\nrandom._os.system('id')", "module-attribute"),
    "json.codecs.builtins": ("import json\njson.codecs.builtins.exec('1')", "module-attribute"),
    "typing.sys.modules": ("import typing\ntyping.sys.modules", "module-attribute"),
    "pandas.io.common.os": ("import pandas as pd\npd.io.common.os.system('id')", "module-attribute"),
    "a module by another name": ("import random\nr = random\nr._os", "module-attribute"),
    "a module's attribute by another name": ("import json\nc = json.codecs\nc.builtins", "module-attribute"),
    "getattr of a module": ("import random\ngetattr(random, '_os')", "module-attribute"),
    "getattr of a module, in two halves": ("import random\ngetattr(random, '_o' 's')", "module-attribute"),
    "the dictionary of a module": ("import random\nrandom.__dict__['_os']", "module-attribute"),
    "vars of a module": ("import random\nvars(random)['_os']", "module-attribute"),
    # blocked calls
    "eval": ("eval('1')", "blocked-call"),
    "exec": ("exec('import os')", "blocked-call"),
    "compile": ("compile('1', 'f', 'eval')", "blocked-call"),
    "__import__": ("__import__('os').system('id')", "blocked-call"),
    "__import__ as a callback": ("list(map(__import__, ['os']))", "blocked-call"),
    "eval by another name": ("run = eval\nrun('1')", "blocked-call"),
    "eval under its own name": ("eval = eval\neval('1')", "blocked-call"),
    "eval as a default": ("def f(run=eval):\n    return run('1')", "blocked-call"),
    "exec as a decorator": ("@exec\ndef f(): pass", "blocked-call"),
    "exec in a comprehension": ("[f('1') for f in (exec,)]", "blocked-call"),
    "exec in fullwidth letters": ("ｅｘｅｃ('1')", "blocked-call"),
    "breakpoint": ("breakpoint()", "blocked-call"),
    "os.system without an import": ("os.system('id')", "blocked-call"),
    "subprocess.run without an import": ("subprocess.run(['id'])", "blocked-call"),
    "asyncio starts a shell": ("import asyncio\nasyncio.create_subprocess_shell('id')", "blocked-call"),
    "asyncio opens a connection": ("from asyncio import open_connection", "blocked-call"),
    "a pool of processes": ("from concurrent.futures import ProcessPoolExecutor", "blocked-call"),
    "types.CodeType": ("import types\ntypes.CodeType(0)", "blocked-call"),
    "types.FunctionType": ("from types import FunctionType as F\nF(code, {})", "blocked-call"),
    "numpy's own as_strided": ("import numpy as np\nnp.lib._stride_tricks_impl.as_strided", "blocked-call"),
    "the loader": ("__loader__.load_module('os')", "dunder-access"),
    # dunder traversal
    "the classic walk": ("().__class__.__bases__[0].__subclasses__()", "dunder-access"),
    "the walk by __base__": ("str.__base__", "dunder-access"),
    "the walk by __mro__": ("int.__mro__[-1]", "dunder-access"),
    "globals of a function": ("def f(): pass\nf.__globals__", "dunder-access"),
    "globals of a method": ("class A:\n    def __init__(self): pass\nA.__init__.__globals__", "dunder-access"),
    "__builtins__ by name": ("__builtins__.eval('1')", "dunder-access"),
    "__builtins__ by key": ("globals()['__builtins__']", "dunder-access"),
    "__builtins__ by get": ("globals().get('__builtins__')", "dunder-access"),
    "__self__ of a builtin": ("print.__self__.eval('1')", "dunder-access"),
    "code of a function": ("(lambda: 0).__code__.replace(co_consts=())", "dunder-access"),
    "closure of a function": ("(lambda: 0).__closure__", "dunder-access"),
    "__reduce_ex__": ("[].__reduce_ex__(2)", "dunder-access"),
    "getattr with a constant": ("getattr(print, '__self__')", "dunder-access"),
    "getattr with a sum of constants": ("getattr(print, '__se' + 'lf__')", "dunder-access"),
    "getattr with an f-string of constants": ("getattr(print, f'__self__')", "dunder-access"),
    "attrgetter": ("import operator\noperator.attrgetter('a.__globals__')", "dunder-access"),
    "methodcaller": ("from operator import methodcaller\nmethodcaller('__subclasses__')(object)", "dunder-access"),
    "object.__getattribute__": ("object.__getattribute__(print, 'x')", "dunder-access"),
    "a dunder in fullwidth letters": ("(lambda: 0).__ｇlobals__", "dunder-access"),
    "deletes a dunder": ("del f.__globals__", "dunder-access"),
    "a dunder inside an f-string": ("f'{print.__self__}'", "dunder-access"),
    # format strings
    "str.format": ("'{0.__init__.__globals__}'.format(x)", "dunder-format"),
    "str.format_map": ("'{x.__globals__}'.format_map(d)", "dunder-format"),
    "str.format as a function": ("str.format('{0.__self__}', print)", "dunder-format"),
    "a format string kept in a variable": ("template = '{0.__globals__}'\ntemplate.format(f)", "dunder-format"),
    "a format string in two halves": ("('{0.__glo' + 'bals__}').format(f)", "dunder-format"),
    "string.Formatter": ("import string\nstring.Formatter().format('{0.gi_frame}', g)", "dunder-format"),
    "a format field with an index": ("'{0[__builtins__]}'.format(globals())", "dunder-format"),
    # frames
    "gi_frame.f_back": ("g = (x for x in [])\ng.gi_frame.f_back", "frame-access"),
    "cr_frame": ("c.cr_frame", "frame-access"),
    "ag_frame": ("a.ag_frame", "frame-access"),
    "tb_frame": ("try:\n    1 / 0\nexcept Exception as e:\n    e.__traceback__.tb_frame", "frame-access"),
    "f_globals": ("frame.f_globals", "frame-access"),
    "AttributeError.obj": ("try:\n    ''.x\nexcept AttributeError as e:\n    e.obj", "frame-access"),
    "walk_stack": ("import traceback\ntraceback.walk_stack(None)", "blocked-call"),
    # memory
    "__array_interface__ in a class": ("class A:\n    __array_interface__ = {}", "memory-access"),
    "__array_interface__ as a property": (
        "class A:\n    @property\n    def __array_interface__(self): pass", "memory-access",
    ),
    "__array_struct__ through type()": ("type('A', (), {'__array_struct__': 1})", "memory-access"),
    # files
    "open in write mode": ("open('f', 'w')", "file-write"),
    "open in append mode": ("open('f', mode='a')", "file-write"),
    "open in exclusive mode": ("open('f', 'xb')", "file-write"),
    "open in update mode": ("open('f', 'r+')", "file-write"),
    "io.open in write mode": ("import io\nio.open('f', 'wb')", "file-write"),
    "gzip.open in write mode": ("import gzip\ngzip.open('f', 'wt')", "file-write"),
    "codecs.open in write mode": ("from codecs import open as co\nco('f', 'w')", "file-write"),
    "Path.write_text": ("from pathlib import Path\nPath('f').write_text('x')", "file-write"),
    "Path.open in write mode": ("import pathlib\npathlib.Path('f').open('w')", "file-write"),
}  # fmt: skip

# Syntax that older Pythons do not have: (code, rule, least version).
STATIC_NEWER = {
    "a match pattern reads a dunder": (
        "match f:\n    case object(__globals__=g): pass", "dunder-access", (3, 10),
    ),
    "a match pattern reads a key": ("match d:\n    case {'__builtins__': b}: pass", "dunder-access", (3, 10)),
    "__match_args__ names a dunder": ("class A:\n    __match_args__ = ('__globals__',)", "dunder-access", (3, 10)),
    "except* hides an import": ("try:\n    pass\nexcept* ValueError:\n    import os", "blocked-module", (3, 11)),
    "a type parameter hides eval": ("def f[T: eval]() -> T: pass", "blocked-call", (3, 12)),
    "a nested f-string hides a dunder": ("f'{f\"{print.__self__}\"}'", "dunder-access", (3, 12)),
}  # fmt: skip

RUNTIME = {
    "import of a loaded module": ("import os", "blocked-module"),
    "import of a module not loaded": ("import ftplib", "blocked-module"),
    "import of a module from a module": ("from random import _os", "module-attribute"),
    "a module in a class": (
        "import pathlib\nfor name in '_flavour', 'parser':\n    flavour = getattr(pathlib.PurePosixPath, name, None)\n"
        "    getattr(flavour, 'pathmod', None)",
        "module-attribute",
    ),
    "a module in a class, by names made at run time": (
        "import pathlib\nnames = [''.join(n) for n in (('_fla', 'vour'), ('par', 'ser'), ('path', 'mod'))]\n"
        "found = pathlib.PurePosixPath\nfor name in names:\n    if hasattr(found, name):\n        found = getattr(found, name)",
        "module-attribute",
    ),
    "__import__ with a name made at run time": ("__import__('o' + 's')", "blocked-module"),
    "os.system through random._os": ("import random\nrandom._os.system('true')", "process"),
    "os.system as a key function": ("import random\nsorted(['true'], key=random._os.system)", "process"),
    "os.system through partial": (
        "import random, functools\nfunctools.partial(random._os.system, 'true')()", "process",
    ),
    "os.system through reduce": (
        "import random, functools\nfunctools.reduce(lambda a, f: f('true'), [random._os.system], 0)", "process",
    ),
    "os.system on a thread": (
        "import random, threading\nt = threading.Thread(target=random._os.system, args=('true',))\nt.start()", "process",
    ),
    "os.system on a bare thread": (
        "import random, time, threading\nthreading._start_new_thread(random._os.system, ('true',))\ntime.sleep(0.2)",
        "process",
    ),
    "os.system in an executor": (
        "import random\nfrom concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor() as pool:\n    pool.submit(random._os.system, 'true')",
        "process",
    ),
    "os.system on an event loop": (
        "import random, asyncio\nasync def main():\n"
        "    asyncio.get_running_loop().call_soon(random._os.system, 'true')\n"
        "    await asyncio.sleep(0)\nasyncio.run(main())",
        "process",
    ),
    "os.system in asyncio's executor": (
        "import random, asyncio\nasync def main():\n"
        "    await asyncio.get_running_loop().run_in_executor(None, random._os.system, 'true')\nasyncio.run(main())",
        "process",
    ),
    "os.system at exit": ("import random, atexit\natexit.register(random._os.system, 'true')", "process"),
    "os.system in an ExitStack": (
        "import random, contextlib\nwith contextlib.ExitStack() as stack:\n    stack.callback(random._os.system, 'true')",
        "process",
    ),
    "os.system as a finaliser": (
        "import random, weakref\nclass A: pass\na = A()\nweakref.finalize(a, random._os.system, 'true')\ndel a", "process",
    ),
    "os.system in __del__": (
        "import random\nclass A:\n    def __del__(self): random._os.system('true')\nA()\nNone", "process",
    ),
    "os.system through copy": (
        "import random, copy\nclass A:\n    def __reduce_ex__(self, _): return random._os.system, ('true',)\ncopy.copy(A())",
        "process",
    ),
    "os.fork": ("import random\nrandom._os.fork()", "process"),
    "os.execv": ("import random\nrandom._os.execv('/bin/true', ['true'])", "process"),
    "os.posix_spawn": ("import random\nrandom._os.posix_spawn('/bin/true', ['true'], {})", "process"),
    "os.kill": ("import random\nrandom._os.kill(1, 0)", "process"),
    "subprocess through asyncio": ("import asyncio\nasyncio.base_events.subprocess.run(['true'])", "process"),
    "a process of asyncio": (
        "import asyncio\nasync def main():\n    await asyncio.create_subprocess_exec('true')\nasyncio.run(main())", "process",
    ),
    "a connection of asyncio": ("import asyncio\nasyncio.run(asyncio.open_connection('127.0.0.1', 9))", "network"),
    "a socket through asyncio": ("import asyncio\nasyncio.base_events.socket.socket()", "network"),
    "a name looked up": ("import asyncio\nasyncio.base_events.socket.getaddrinfo('localhost', 80)", "network"),
    "a unix socket of one's own": (
        "import asyncio\ns = asyncio.base_events.socket\ns.socket(s.AF_UNIX)", "network",
    ),
    "a pickle of os.system": ("import pickle\npickle.loads(b'cos\\nsystem\\n(S\"true\"\\ntR.')", "unsafe-pickle"),
    "a pickle of eval": ("import pickle\npickle.loads(b'cbuiltins\\neval\\n(S\"1\"\\ntR.')", "unsafe-pickle"),
    "a pickle of eval by its name in Python 2": ("import pickle\npickle.loads(b'c__builtin__\\neval\\n.')", "unsafe-pickle"),
    "a pickle of a module by its name in Python 2": (
        "import pickle\npickle.loads(b'ccommands\\ngetoutput\\n.')", "unsafe-pickle",
    ),
    "a pickle of a private module by its name in Python 2": (
        "import pickle\npickle.loads(b'cthread\\nstart_new_thread\\n.')", "unsafe-pickle",
    ),
    "a pickle of a dotted name": (
        "import pickle\npickle.loads(b'\\x80\\x04\\x8c\\x06random\\x8c\\x0a_os.system\\x93.')", "unsafe-pickle",
    ),
    "the Python unpickler": (
        "import pickle, io\npickle._Unpickler(io.BytesIO(b'cposix\\nsystem\\n.')).load()", "unsafe-pickle",
    ),
    "exec through builtins": (
        "import json, operator\noperator.attrgetter('codecs.builtins')(json).exec('1')", "module-attribute",
    ),
    "compile through builtins": (
        "import json, operator\noperator.attrgetter('codecs.builtins')(json).compile('1', '/usr/lib/x.py', 'eval')",
        "module-attribute",
    ),
    "eval by its name": ("eval('1')", "blocked-call"),
    "exec as a callback": ("list(map(exec, ['1']))", "blocked-call"),
    "an annotation evaluated by typing": (
        "import typing, random\ndef f(a: \"__import__('os').system('true')\"): pass\n"
        "typing.get_type_hints(f, globalns={'x': 1})",
        "blocked-module",
    ),
    # what the standard library does for whoever hands it a function
    "a frame through copy": (
        "import copy, random\nclass A:\n    def __reduce_ex__(self, _): return random._os.sys._getframe, (0,)\ncopy.copy(A())",
        "frame-access",
    ),
    "exec through copy": (
        "import copy, json\nclass A:\n    def __reduce_ex__(self, _): return json.codecs.builtins.exec, ('x = 1',)\ncopy.copy(A())",
        "blocked-call",
    ),
    "the code of a function through copy": (
        "import copy, operator\ndef f(): pass\n"
        "class A:\n    def __reduce_ex__(self, _): return operator.attrgetter('__code__'), (f,)\ncopy.copy(A())",
        "dunder-access",
    ),
    "the globals of a function through copy": (
        "import copy, operator\ndef f(): pass\n"
        "class A:\n    def __reduce_ex__(self, _): return operator.attrgetter('__globals__'), (copy.copy,)\ncopy.copy(A())",
        "dunder-access",
    ),
    "a traceback's frame through a key function": (
        "import operator\ntry:\n    1 / 0\nexcept ZeroDivisionError as e:\n    t = e.__traceback__\n"
        "import heapq\nheapq.nsmallest(1, [t, t], key=operator.attrgetter('tb_frame'))",
        "frame-access",
    ),
    "eval on a thread": (
        "import json, threading\nt = threading.Thread(target=json.codecs.builtins.eval, args=('1',))\nt.start()\nt.join()",
        "blocked-call",
    ),
    "eval at exit": ("import atexit, json\natexit.register(json.codecs.builtins.eval, '1')", "blocked-call"),
    "exec at exit": ("import atexit, json\natexit.register(json.codecs.builtins.exec, '1')", "blocked-call"),
    "eval in an executor": (
        "import json\nfrom concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor() as pool:\n    pool.submit(json.codecs.builtins.eval, '1')",
        "blocked-call",
    ),
    "eval by operator.call": ("import functools, json\nfunctools.reduce(lambda _, f: f('1'), [json.codecs.builtins.eval], 0)", "blocked-call"),
    "__code__ assigned by setattr": (
        "import typing\ndef f(): pass\nsetattr(f, '__co' + 'de__', typing.ForwardRef('1').__forward_code__)", "dunder-access",
    ),
    "a frame through a module that is not for programs": ("import dataclasses\ndataclasses.inspect.currentframe()", "frame-access"),
    "the frames of logging": ("import logging\nlogging.currentframe()", "frame-access"),
    # text that is evaluated
    "a forward reference": ("import typing\ntyping.ForwardRef('().__cl' + 'ass__.__base__')", "dunder-access"),
    "a type hint made at run time": (
        "import typing\nclass A: pass\nA.__annotations__ = {'x': '__imp' + 'ort__(\"os\")'}\ntyping.get_type_hints(A)",
        "blocked-module",
    ),
    "a field of a TypedDict": (
        "import typing\nT = typing.TypedDict('T', {'x': '().__cl' + 'ass__.__mro__'})\ntyping.get_type_hints(T)", "dunder-access",
    ),
    "singledispatch evaluates annotations": (
        "import functools\n@functools.singledispatch\ndef f(x): pass\n"
        "def g(x): pass\ng.__annotations__['x'] = 'eval(\"1\")'\nf.register(g)",
        "blocked-call",
    ),
    "a field of make_dataclass": (
        "import dataclasses, typing\nA = dataclasses.make_dataclass('A', [('x', 'ev' + 'al(\"1\")')])\ntyping.get_type_hints(A)",
        "blocked-call",
    ),
    "dis": ("import dis", "blocked-module"),
    "unittest": ("from unittest import loader", "blocked-module"),
    "a private module": ("__import__('_posix' + 'subprocess')", "blocked-module"),
    "a module by __import__ as C calls it": (
        "m = __import__('o' + 's', fromlist=[])\n__import__('o' + 's') if m is None else m.system('true')", "blocked-module",
    ),
    "__import__ with a name that lies": (
        "import json\nclass Name(str):\n    def __hash__(self): return hash('json')\n    def __eq__(self, other): return True\n"
        "    def __getitem__(self, key): return 'json'[key]\n    def split(self, *_): return ['json']\n"
        "__import__(Name('o' + 's')).system('true')",
        "blocked-module",
    ),
    "an item that is a module only the second time": (
        "import random, json, operator\njson.later = 1\nfrom json import later\n"
        "json.later = operator.attrgetter('_os')(random)\nfrom json import later",
        "module-attribute",
    ),
    "a private module from a package": ("from concurrent.futures import _base\nimport _ctypes", "blocked-module"),
    # readers that carry modules out
    "functools.update_wrapper carries a module": (
        "import functools, random\ndef f(): pass\nfunctools.update_wrapper(f, random, assigned=('_o' + 's',), updated=())",
        "module-attribute",
    ),
    "a field of string.Formatter": (
        "import random, string\nstring.Formatter().get_field('0._o' + 's', (random,), {})", "module-attribute",
    ),
    "vars of a module": ("import random\nvars(random)", "module-attribute"),
    "vars as a callback": ("import random\nlist(map(vars, [random]))", "module-attribute"),
    # pickles
    "a pickle of a private module": (
        "import pickle\npickle.loads(b'c_posixsubprocess\\nfork_exec\\n.')", "unsafe-pickle",
    ),
    "a pickle of the importer": (
        "import pickle\npickle.loads(b'c_frozen_importlib\\nBuiltinImporter\\n.')", "unsafe-pickle",
    ),
    "an extension of copyreg": (
        "import copyreg, pickle\ncopyreg.add_extension('os', 'system', 200)\npickle.loads(b'\\x80\\x02\\x82\\xc8.')",
        "unsafe-pickle",
    ),
    "find_class of an unpickler": (
        "import io, pickle\npickle.Unpickler(io.BytesIO(b'')).find_class('os', 'system')", "unsafe-pickle",
    ),
    # the wall itself
    "lowers the wall by its frames": (
        "import copy, random\n"
        "class A:\n    def __reduce_ex__(self, _): return random._os.sys._getframe, (1,)\n"
        "try:\n    copy.copy(A())\nexcept BaseException as e: pass\nrandom._os.system('true')",
        "frame-access",
    ),
    "reads frames while the wall judges": (
        "import random\nfound = []\nclass Path:\n    def __fspath__(self):\n"
        "        found.append(random._os.sys._getframe(1))\n        return 'x'\nopen(Path())",
        "frame-access",
    ),
    "getattr with a name made at run time": ("getattr(print, '_'.join(['_', 'self', '_']))", "dunder-access"),
    "getattr with a name that lies": (
        "class Name(str):\n    def __hash__(self): return 0\n    def __eq__(self, other): return False\n"
        "getattr(print, Name('__self__'))",
        "dunder-access",
    ),
    "getattr of two variables": ("name = '_'.join(['_', 'self', '_'])\ngetattr(print, name)", "dunder-access"),
    "getattr of two variables, in a function": (
        "def read(value, name):\n    return getattr(value, name)\nread([], 'append')\nread(print, '_'.join(['_', 'self', '_']))",
        "dunder-access",
    ),
    "getattr of two variables, in a class in a function": (
        "def make(value, name):\n    class Own:\n        found = [getattr(value, name) for _ in range(2)]\n    return Own\n"
        "make([], 'append')\nmake(print, '_'.join(['_', 'self', '_']))",
        "dunder-access",
    ),
    "getattr of two variables that yields a module": (
        "import random\nvalue, name = random, '_o' + 's'[:]\ngetattr(value, name)", "module-attribute",
    ),
    "getattr of two variables, with a name that lies": (
        "class Name(str):\n    def __hash__(self): return 0\n    def __eq__(self, other): return False\n"
        "value, name = print, Name('_' + '_self__')\ngetattr(value, name)",
        "dunder-access",
    ),
    "getattr of two variables, after a thousand names": (
        "for number in range(2000):\n    name = f'field_{number}'\n    try:\n        getattr(print, name)\n"
        "    except AttributeError:\n        pass\nname = '_'.join(['_', 'self', '_'])\ngetattr(print, name)",
        "dunder-access",
    ),
    "the constants of code that calls getattr": (
        "def read(value):\n    return getattr(value, 'x', None)\nimport operator\noperator.attrgetter('_'.join(['_', 'code', '_']))(read)",
        "dunder-access",
    ),
    "getattr that yields a module": ("import random\ngetattr(random, '_o' + 's'[:])", "module-attribute"),
    "attrgetter with a name made at run time": (
        "import operator\noperator.attrgetter('_'.join(['_', 'subclasses', '_']))(object)()",
        "dunder-access",
    ),
    "attrgetter with a name that lies": (
        "import operator\nclass Name(str):\n    def split(self, _): return ()\n"
        "operator.attrgetter(Name('_' + '_self__'))(print)",
        "dunder-access",
    ),
    "methodcaller with a name made at run time": (
        "import operator\noperator.methodcaller('_'.join(['_', 'subclasses', '_']))(object)",
        "dunder-access",
    ),
    "attrgetter to a module behind a module": (
        "import operator, json\noperator.attrgetter('codecs.' + 'builtins')(json)",
        "module-attribute",
    ),
    "__globals__ by attrgetter": ("import operator\noperator.attrgetter('__globals__')(lambda: 0)", "dunder-access"),
    "__code__ by attrgetter": ("import operator\noperator.attrgetter('__code__')(lambda: 0)", "dunder-access"),
    "__self__ by attrgetter": ("import operator\noperator.attrgetter('__self__')(print)", "dunder-access"),
    "the object behind a method": ("import operator\noperator.attrgetter('__self__')(progress)", "dunder-access"),
    "the guard behind a builtin": ("import operator\noperator.attrgetter('__closure__')(getattr)", "dunder-access"),
    "the frames of a task": (
        "import asyncio\nasync def main():\n    return asyncio.current_task().get_stack()[0].f_globals\nasyncio.run(main())",
        "frame-access",
    ),
    "a trace function on a thread": (
        "import threading\nthreading.settrace(lambda *_: None)\nt = threading.Thread(target=len)\nt.start()\nt.join()",
        "introspection",
    ),
    "gi_frame": ("g = (x for x in [1])\ng.gi_frame", "frame-access"),
    "gi_frame by attrgetter": (
        "import operator\ng = (x for x in [1])\noperator.attrgetter('gi_frame')(g)", "frame-access",
    ),
    "gi_frame by str.format": ("g = (x for x in [1])\n('{0.gi_' + 'frame}').format(g)", "frame-access"),
    "gi_frame by its descriptor": (
        "import operator\ng = (x for x in [1])\nvars(type(g))['gi_frame'].__get__(g)", "frame-access",
    ),
    "cr_frame": ("async def f(): pass\nc = f()\ntry:\n    c.cr_frame\nfinally:\n    c.close()", "frame-access"),
    "ag_frame": ("async def f():\n    yield\nf().ag_frame", "frame-access"),
    "tb_frame": ("try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    e.__traceback__.tb_frame", "frame-access"),
    "sys._getframe": ("import typing\ntyping.sys._getframe()", "frame-access"),
    "frames through traceback.walk_stack": (
        "import traceback\nlist(map(lambda pair: pair[0].f_globals, traceback.walk_stack(None)))", "frame-access",
    ),
    "code.replace": ("import operator\n(lambda: 0).__code__.replace(co_consts=())", "dunder-access"),
    "code from marshalled bytes": ("import weakref\nweakref.sys.modules['marshal'].loads(b'N')", "code-object"),
    "the objects of gc": ("import weakref\nweakref.sys.modules['gc'].get_objects()", "introspection"),
    "a trace function": ("import typing\ntyping.sys.settrace(lambda *_: None)", "introspection"),
    "an audit hook of one's own": ("import typing\ntyping.sys.addaudithook(lambda *_: None)", "audit-hook"),
    "writes outside its folder": ("open('/var/tmp/weft-attack', 'w')", "file-write"),
    "writes by a mode made at run time": ("open('/var/tmp/weft-attack', 'ra'[1])", "file-write"),
    "writes through pathlib": ("import pathlib\npathlib.Path('/var/tmp/weft-attack').write_text('x')", "file-write"),
    "writes through os.open": (
        "import random\nrandom._os.open('/var/tmp/weft-attack', random._os.O_WRONLY | random._os.O_CREAT)", "file-write",
    ),
    "writes by a path that climbs out": ("open('../weft-attack', 'w')", "file-write"),
    "writes by a path that lies": (
        "class Path(str):\n    def startswith(self, _): return True\nopen(Path('/var/tmp/weft-attack'), 'w')", "file-write",
    ),
    "writes on a descriptor of the cell": ("open(3, 'w')", "file-write"),
    "writes through a link": (
        "import random\nrandom._os.symlink('/var/tmp', 'link')\nopen('link/weft-attack', 'w')", "file-write",
    ),
    "removes a file": ("import pathlib\npathlib.Path('/etc/hostname').unlink()", "file-write"),
    "makes a folder": ("import pathlib\npathlib.Path('/var/tmp/weft-attack').mkdir()", "file-write"),
    "renames a file": ("import random\nrandom._os.rename('a', '/var/tmp/weft-attack')", "file-write"),
    "reads a file of the host": ("open('/etc/passwd')", "read-outside"),
    "reads a file that is not there": ("open('/host/app/.env')", "read-outside"),
    "reads the environment of another process": ("open('/proc/1/environ', 'rb')", "read-outside"),
    "reads a key in a home": ("open('~/.ssh/id_rsa')", "read-outside"),
    "reads a file and catches it": (
        "try:\n    open('/host/app/.env')\nexcept BaseException:\n    pass\nresult = 1", "read-outside",
    ),
    "reads a file and exits": (
        "try:\n    open('/host/app/.env')\nexcept BaseException:\n    exit()", "read-outside",
    ),
    "reads by pathlib": ("import pathlib\npathlib.Path('/etc', 'passwd').read_text()", "read-outside"),
    "reads by os.open": ("import random\nrandom._os.open('/etc/passwd', 0)", "read-outside"),
    "reads by io.FileIO": ("import io, pathlib\nio.FileIO(pathlib.Path('/etc/passwd'))", "read-outside"),
    "reads by gzip": ("import gzip\ngzip.open('/etc/' + 'x')", "read-outside"),
    "reads by zipfile": ("import zipfile\nzipfile.ZipFile('/etc/' + 'x')", "read-outside"),
    "reads by tarfile": ("import tarfile\ntarfile.open('/etc/' + 'x')", "read-outside"),
    "reads by configparser": ("import configparser\nconfigparser.ConfigParser().read(['/etc/' + 'x'])", "read-outside"),
    "reads by a function as a callback": ("list(map(open, ['/etc/' + 'passwd']))", "read-outside"),
    "reads by a thread": (
        "import threading\nt = threading.Thread(target=open, args=('/etc/' + 'passwd',))\nt.start()\nt.join()", "read-outside",
    ),
    "reads by a pool": (
        "from concurrent.futures import ThreadPoolExecutor as P\nwith P() as p:\n    list(p.map(open, ['/etc/' + 'passwd']))",
        "read-outside",
    ),
    "reads at exit": ("import atexit\natexit.register(open, '/etc/' + 'passwd')", "read-outside"),
    "reads by a path of bytes": ("open(b'/etc/passwd')", "read-outside"),
    "reads by a path that climbs out": ("open('../../../etc/passwd')", "read-outside"),
    "reads through a link": (
        "import pathlib\np = pathlib.Path('link')\np.symlink_to('/etc/passwd')\np.read_text()", "read-outside",
    ),
    "reads by a path that lies": (
        "class Path(str):\n    def __str__(self): return 'x'\n    def startswith(self, *_): return True\n"
        "open(Path('/etc/passwd'))", "read-outside",
    ),
    "reads by bytes that lie": (
        "class Path(bytes):\n    def __bytes__(self): return b'x'\n    def decode(self, *_): return 'x'\n"
        "open(Path(b'/etc/passwd'))", "read-outside",
    ),
    "moves a file of the host here": ("import random\nrandom._os.rename('/etc/passwd', 'x')", "file-write"),
    "links to a file of the host": ("import random\nrandom._os.link('/etc/passwd', 'x')", "read-outside"),
    "hands a folder to an object that lists it later": (
        "import filecmp\nd = filecmp.dircmp('/' + 'etc', '.')\nd.left_list", "read-outside",
    ),
    "lists a folder": ("import pathlib\nlist(pathlib.Path('/etc').iterdir())", "read-outside"),
    "lists by glob": ("import glob\nglob.glob('/etc/*')", "read-outside"),
    "lists the root": ("import pathlib\nlist(pathlib.Path('/').rglob('*'))", "read-outside"),
    "hides a violation in except": ("try:\n    import os\nexcept BaseException:\n    pass\nresult = 1", "blocked-module"),
    "hides a violation in finally": (
        "def f():\n    try:\n        import os\n    finally:\n        return 1\nresult = f()", "blocked-module",
    ),
    "hides a violation in a thread": (
        "import threading\ndef f():\n    import os\nthreading.Thread(target=f).start()\nresult = 1", "blocked-module",
    ),
}  # fmt: skip

# What needs a newer Python at run time: (code, rule, least version).
RUNTIME_NEWER = {
    "AttributeError.obj": (
        "try:\n    ''.x\nexcept AttributeError as e:\n    e.obj", "frame-access", (3, 10),
    ),
    "AttributeError.obj by another name": (
        "try:\n    ''.x\nexcept Exception as e:\n    failure = e\n    failure.obj", "frame-access", (3, 10),
    ),
}  # fmt: skip

STATIC.update(attacks_on_stand_ins.STATIC)
RUNTIME.update(attacks_on_stand_ins.RUNTIME)
RUNTIME_NEWER.update(attacks_on_stand_ins.RUNTIME_NEWER)
