"""The level `standard`: what it lets programs do beside `strict`, and what it still stops."""

import unittest

from support import run, run_plainly

from check import check, examine

WORKS = {
    "files of its own folder": """
        import os, shutil, glob
        os.makedirs('a/b')
        with open('a/x.txt', 'w') as file:
            file.write('hi')
        shutil.copy('a/x.txt', 'a/b')
        os.rename('a/b/x.txt', 'a/b/y.txt')
        os.remove('a/x.txt')
        result = [glob.glob('a/**/*.txt', recursive=True), sorted(folder for folder, _, _ in os.walk('a'))]
        shutil.rmtree('a')
        result.append(os.path.exists('a'))
    """,
    "a database in its own folder": """
        import sqlite3
        with sqlite3.connect('x.db') as database:
            database.execute('CREATE TABLE t (a)')
            database.executemany('INSERT INTO t VALUES (?)', [(1,), (2,)])
        result = sqlite3.connect('x.db').execute('SELECT sum(a) FROM t').fetchall()
    """,
    "the interpreter": """
        import gc, inspect, sys
        class A:
            def f(self, b=1): pass
        result = [sys.maxsize > 0, sys.argv[1:], '__main__' in sys.modules, gc.isenabled(), str(inspect.signature(A.f)),
                  [name for name, _ in inspect.getmembers(A, inspect.isfunction)], A.__mro__ == (A, object)]
    """,
    "a pool of processes": """
        from multiprocessing import Pool
        def square(n):
            return n * n
        with Pool(2) as pool:
            result = pool.map(square, range(5))
    """,
    "an executor of processes": """
        from concurrent.futures import ProcessPoolExecutor
        def square(n):
            return n * n
        with ProcessPoolExecutor(2) as pool:
            result = list(pool.map(square, range(5)))
    """,
    "processes that talk to each other": """
        import multiprocessing
        def work(pipe, queue, lock, total):
            with lock:
                total.value += 1
            queue.put(pipe.recv() + 1)
        ours, theirs = multiprocessing.Pipe()
        queue, lock, total = multiprocessing.Queue(), multiprocessing.Lock(), multiprocessing.Value('i', 0)
        process = multiprocessing.Process(target=work, args=(theirs, queue, lock, total))
        process.start()
        ours.send(1)
        result = [queue.get(), total.value]
        process.join()
        with multiprocessing.Manager() as manager:
            shared = manager.dict(a=1)
            result.append(dict(shared))
    """,
    "a process that is ended": """
        import multiprocessing, time
        process = multiprocessing.Process(target=time.sleep, args=(60,))
        process.start()
        process.terminate()
        process.join()
        result = process.exitcode
    """,
    "a fork": """
        import os
        child = os.fork()
        if child == 0:
            os._exit(3)
        result = os.waitpid(child, 0)[1] >> 8
    """,
    "doctest and unittest": """
        import doctest, unittest
        def double(n):
            '''
            >>> double(2)
            4
            '''
            return 2 * n
        class Test(unittest.TestCase):
            def test_double(self):
                self.assertEqual(double(1), 2)
        ran = unittest.main(exit=False, argv=['x']).result
        result = [list(doctest.testmod()), ran.testsRun, ran.wasSuccessful()]
    """,
}

# (code, rule); each is stopped at run time, whether or not the static wall finds it as well.
STOPPED = {
    "os.system": ("import os\nos.system('true')", "process"),
    "os.popen": ("import os\nos.popen('true')", "process"),
    "os.execv": ("import os\nos.execv('/bin/true', ['true'])", "process"),
    "os.posix_spawn": ("import os\nos.posix_spawn('/bin/true', ['true'], {})", "process"),
    "os.forkpty": ("import os\nos.forkpty()", "process"),
    "os.spawnv, in the child of its fork": ("import os\nos.spawnv(os.P_WAIT, '/bin/true', ['true'])", "process"),
    "subprocess, by sys.modules": (
        "import asyncio, sys\nsys.modules['subprocess'].run(['true'])",
        "process",
    ),
    "a process of multiprocessing that is no fork": (
        "import multiprocessing\nmultiprocessing.get_context('spawn').Process(target=print).start()",
        "process",
    ),
    "a server of forks": (
        "import multiprocessing\nmultiprocessing.get_context('forkserver').Process(target=print).start()",
        "process",
    ),
    "what multiprocessing starts programs with": (
        "import multiprocessing.util as u\nu.spawnv_passfds(b'/bin/true', [b'true'], [])",
        "process",
    ),
    "os.system, in a worker": (
        "import os, multiprocessing\nwith multiprocessing.Pool(1) as pool:\n    pool.map(os.system, ['true'])",
        "process",
    ),
    "a socket, by sys.modules": (
        "import sys, multiprocessing.connection\nsys.modules['socket'].socket()",
        "network",
    ),
    "a unix socket": (
        "import sys, multiprocessing.connection\nm = sys.modules['socket']\nm.socket(m.AF_UNIX)",
        "network",
    ),
    "a connection of multiprocessing to another host": (
        "from multiprocessing.connection import Client\nClient(('127.0.0.1', 9))",
        "network",
    ),
    "a server of multiprocessing for other hosts": (
        "from multiprocessing.connection import Listener\nListener(('127.0.0.1', 0))",
        "network",
    ),
    "ctypes, by sys.modules": ("import sys\nsys.modules['ctypes'].CDLL(None)", "native-code"),
    "eval, by builtins": ("import builtins\nbuiltins.eval('1')", "blocked-call"),
    "exec, by sys.modules": ("import sys\ngetattr(sys.modules['builtins'], 'exec')('1')", "blocked-call"),
    "compile, by builtins": ("import builtins\nbuiltins.compile('1', 'x', 'eval')", "blocked-call"),
    "an import by its name": ("import builtins\nbuiltins.__import__('ctypes.util')", "blocked-module"),
    "a module that it wrote": (
        "import os, sys\nopen('own.py', 'w').write('x = 1')\nsys.path.insert(0, os.getcwd())\nimport own",
        "code-object",
    ),
    "a module that it zipped": (
        "import sys, zipfile\nwith zipfile.ZipFile('own.zip', 'w') as z:\n    z.writestr('own.py', 'x = 1')\n"
        "sys.path.insert(0, 'own.zip')\nimport own",
        "code-object",
    ),
    "a doctest that imports what is blocked": (
        "import doctest\ndef f():\n    '''\n    >>> import ctypes\n    '''\ndoctest.testmod()",
        "blocked-module",
    ),
    "text for timeit": ("import timeit\ntimeit.timeit('import ctypes')", "blocked-module"),
    "text for a profile": ("import cProfile\ncProfile.run('import ctypes')", "blocked-module"),
    "sys._getframe": ("import sys\nsys._getframe()", "frame-access"),
    "inspect.currentframe": ("import inspect\ninspect.currentframe()", "frame-access"),
    "inspect.stack": ("import inspect\ninspect.stack()", "frame-access"),
    "the frames of all threads": ("import sys\nsys._current_frames()", "introspection"),
    "a trace function": ("import sys\nsys.settrace(print)", "introspection"),
    "the frame that a signal hands over": (
        "import signal, os\nsignal.signal(signal.SIGUSR1, lambda _, frame: frame.f_back)\n"
        "os.kill(os.getpid(), signal.SIGUSR1)",
        "frame-access",
    ),
    "an audit hook": ("import sys\nsys.addaudithook(print)", "audit-hook"),
    "all objects": ("import gc\ngc.get_objects()", "introspection"),
    "what an object refers to": ("import gc\ngc.get_referents(print)", "introspection"),
    "the globals of a function": ("def f(): pass\nresult = [f.__globals__]", "dunder-access"),
    "a file of the host": ("result = open('/etc/passwd').read()", "read-outside"),
    "a file of the host, by a descriptor": ("import os\nos.open('/etc/passwd', os.O_RDONLY)", "read-outside"),
    "a folder of the host": ("import os\nos.listdir('/etc')", "read-outside"),
    "a folder of the host, by a link": ("import os\nos.symlink('/etc', 'e')\nos.listdir('e')", "read-outside"),
    "a file outside, by os.open": ("import os\nos.open('/var/tmp/x', os.O_CREAT | os.O_WRONLY)", "file-write"),
    "a folder outside": ("import os\nos.makedirs('/var/tmp/weft-x/y')", "file-write"),
    "a file outside, removed": ("import os\nos.remove('/var/tmp/weft-x')", "file-write"),
    "a file moved outside": ("import os\nopen('x', 'w').close()\nos.rename('x', '/var/tmp/weft-x')", "file-write"),
    "a file copied outside": ("import shutil\nopen('x', 'w').close()\nshutil.copy('x', '/var/tmp/weft-x')", "file-write"),
    "a folder outside, removed": ("import shutil\nshutil.rmtree('/var/tmp/weft-x')", "file-write"),
    "an archive outside": ("import shutil\nshutil.make_archive('/var/tmp/weft-x', 'tar')", "file-write"),
    "a database outside": ("import sqlite3\nsqlite3.connect('/var/tmp/weft-x.db')", "file-write"),
    "a file outside, in a worker": (
        "from multiprocessing import Pool\nwith Pool(1) as pool:\n    pool.starmap(open, [('/var/tmp/weft-x', 'w')])",
        "file-write",
    ),
    "a limit that it raises": ("import resource\nresource.setrlimit(0, (1, 1))", "native-code"),
}

# What the static wall finds, beside what it finds under `strict` as well.
FOUND = {
    "import subprocess": "blocked-module",
    "import socket": "blocked-module",
    "from ctypes import CDLL": "blocked-module",
    "import importlib": "blocked-module",
    "import runpy": "blocked-module",
    "import pty": "blocked-module",
    "import os\nos.system('id')": "blocked-call",
    "from os import execv": "blocked-call",
    "import builtins\nbuiltins.exec('1')": "blocked-call",
    "import sys\nsys.meta_path": "blocked-call",
    "import sys\nsys._getframe(1)": "blocked-call",
    "eval('1')": "blocked-call",
    "(lambda: 0).__code__": "dunder-access",
    "object.__subclasses__()": "dunder-access",
    "(x for x in ()).gi_frame": "frame-access",
}


# What `strict` allows as well, by stand-ins.
STRICT_TOO = ("a database in its own folder", "doctest and unittest")


class StandardTest(unittest.TestCase):
    def test_what_it_allows_works_as_in_plain_python(self):
        for name, code in WORKS.items():
            with self.subTest(name):
                self.assertEqual(check(code_of(code), "standard"), [])
                self.assertEqual(check(code_of(code), "strict") == [], name in STRICT_TOO)
                outcome = run(code, policy="standard")
                self.assertEqual(outcome.result, run_plainly(code), outcome.stderr)
                self.assertEqual(outcome.violations, [])

    def test_every_attack_is_stopped_by_its_rule(self):
        for name, (code, rule) in STOPPED.items():
            with self.subTest(name):
                outcome = run(code, policy="standard")
                self.assertEqual([violation["rule"] for violation in outcome.violations][:1], [rule], outcome.frames)
                # Of a forked child, the cell's end may come after its result; the server fails the run by the violation.
                is_fatal = any(frame.get("isFatal") for frame in outcome.frames)
                self.assertTrue(outcome.last["kind"] == "error" or is_fatal, outcome.frames)

    def test_the_static_wall_finds_what_stays_blocked(self):
        for code, rule in FOUND.items():
            with self.subTest(code):
                self.assertIn(rule, [finding.rule for finding in check(code, "standard")])

    def test_strict_is_as_strict_after_a_check_by_another_level(self):
        check("1", "standard")
        self.assertEqual([finding.rule for finding in check("import os")], ["blocked-module"])


class ScratchWritesTest(unittest.TestCase):
    CODE = "from pathlib import Path\nopen('a', 'w').write('b')\nPath('c').write_text('d')\nresult = 1"

    def test_strict_says_what_may_write_and_how_writing_is_allowed(self):
        findings = check(self.CODE)
        self.assertEqual([finding.rule for finding in findings], ["file-write", "file-write"])
        for word in ("save_artifact", "tempfile", "zipfile", "Path.touch", "to_csv", "savefig", "PYTHON_ALLOW_SCRATCH_WRITES"):
            self.assertIn(word, findings[0].message)

    def test_the_operator_can_allow_them_in_the_own_folder_alone(self):
        self.assertEqual(examine(self.CODE, allows_scratch_writes=True).findings, [])
        self.assertEqual(run(self.CODE, allowsScratchWrites=True).result, 1)
        outcome = run("open('/var/tmp/weft-x', 'w')", allowsScratchWrites=True)
        self.assertEqual([violation["rule"] for violation in outcome.violations], ["file-write"])


def code_of(code):
    lines = code.splitlines()[1:]
    indent = len(lines[0]) - len(lines[0].lstrip())
    return "\n".join(line[indent:] for line in lines)


if __name__ == "__main__":
    unittest.main()
