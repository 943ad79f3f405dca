"""The Python side of bench/python-corpus.ts: collects programs, and runs them in plain Python.

    corpus.py collect <source> <site-packages>     prints {"name", "code"}, one a line
    corpus.py run <site-packages> <module>…        reads such lines, prints {"name", "stdout", "error", "result", "needs"}

`needs` is what a cell does not have and the program reached for, by the audit events of the interpreter.

A source is a folder, whose .py files are programs as they are, or the name of an installed package, or `stdlib`: of
these, the examples in each docstring are a program, which prints the values of expressions as the prompt does.

Plain Python is this interpreter, the modules imported ahead, in a fork and a folder of its own for each program, which
runs as `__main__` under the name that it has in a cell.
"""

import ast
import doctest
import importlib
import inspect
import io
import json
import linecache
import os
import pathlib
import pkgutil
import re
import shutil
import signal
import sys
import tempfile
import types

FILENAME = "<node>"
TIME_LIMIT_SECONDS = 10
MAX_OUTPUT = 1 << 20
NEEDS = {
    "processes": ("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "os.spawn", "os.fork", "os.forkpty", "os.kill"),
    "the network": ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"),
}
SHOW = "def _show(value):\n    if value is not None:\n        print(repr(value))\n"
SETUP = {
    "numpy": "import numpy as np",
    "pandas": "import numpy as np\nimport pandas as pd",
    "scipy": "import numpy as np\nimport scipy",
    "sklearn": "import numpy as np\nimport sklearn",
    "networkx": "import networkx as nx",
    "statsmodels": "import numpy as np\nimport pandas as pd\nimport statsmodels.api as sm",
    "sympy": "from sympy import *",
}
# Modules whose import starts something, or that are tests.
NOT_WALKED = re.compile(r"(^|\.)(tests?|testing|conftest|__main__|idlelib|antigravity|this|turtle.*|_\w+)(\.|$)")


def collect(source, site_packages):
    sys.path[:] = [folder for folder in sys.path if not folder.endswith("site-packages")] + [site_packages]
    found = _files(source) if os.path.isdir(source) else _docstrings(source)
    for name, code in found:
        print(json.dumps({"name": name, "code": code}))


def _files(folder):
    for path in sorted(pathlib.Path(folder).rglob("*.py")):
        code = path.read_text(encoding="utf-8", errors="replace")
        if code.strip():
            yield str(path.relative_to(folder)), code


def _docstrings(source):
    modules = sorted(sys.stdlib_module_names) if source == "stdlib" else [source, *_submodules(source)]
    seen = set()
    for name in modules:
        if NOT_WALKED.search(name) or name == "__future__":
            continue
        module = _imported(name)
        for owner, value in _documented(module) if module else ():
            text = inspect.getdoc(value)
            if text and ">>>" in text and text not in seen:
                seen.add(text)
                code = _program(text, SETUP.get(source, f"from {name} import *"))
                if code:
                    yield owner, code


def _submodules(package):
    path = importlib.import_module(package).__path__
    for found in pkgutil.walk_packages(path, f"{package}.", onerror=lambda _: None):
        if not NOT_WALKED.search(found.name):
            yield found.name


def _imported(name):
    try:
        return importlib.import_module(name)
    except BaseException:
        return None


def _documented(module):
    yield module.__name__, module
    package = module.__name__.partition(".")[0]
    for name, value in sorted(vars(module).items()):
        # What a private module defines is documented where its package shows it.
        origin = getattr(value, "__module__", None)
        if name.startswith("_") or not isinstance(origin, str) or origin.partition(".")[0] != package:
            continue
        yield f"{module.__name__}.{name}", value
        if inspect.isclass(value):
            for member, function in sorted(vars(value).items()):
                if not member.startswith("_") and callable(function) or isinstance(function, property):
                    yield f"{module.__name__}.{name}.{member}", function


def _program(docstring, setup):
    """None where an example cannot be parsed: it is no program, in whatever Python."""
    try:
        examples = doctest.DocTestParser().get_examples(docstring)
        parts = [_statements(each) for each in examples if not each.options.get(doctest.SKIP)]
    except (ValueError, SyntaxError):
        return None
    return "\n".join([setup, SHOW, *parts, "result = None\n"]) if parts else None


def _statements(example):
    tree = ast.parse(example.source)
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = tree.body[-1]
        tree.body[-1] = ast.Expr(ast.Call(ast.Name("_show", ast.Load()), [last.value], []))
    if example.exc_msg is None:
        return ast.unparse(tree)
    lines = "\n".join(f"    {line}" for line in ast.unparse(tree).split("\n"))
    return f"try:\n{lines}\nexcept Exception as _error:\n    print(type(_error).__name__)"


def run(site_packages, *modules):
    sys.path[:] = [folder for folder in sys.path if not folder.endswith("site-packages")] + [site_packages]
    for name in modules:
        _imported(name)
    for line in sys.stdin:
        program = json.loads(line)
        print(json.dumps({"name": program["name"], **_run(program["code"])}), flush=True)


def _run(code):
    folder = tempfile.mkdtemp(prefix="weft-corpus-")
    try:
        child = os.fork()
        if child == 0:
            _live(code, folder)
        os.waitpid(child, 0)
        report = pathlib.Path(folder, ".report")
        stdout = pathlib.Path(folder, ".stdout").read_text(encoding="utf-8", errors="replace")[:MAX_OUTPUT]
        outcome = json.loads(report.read_text()) if report.exists() else {"error": "timeout", "result": None, "needs": None}
        return {"stdout": stdout, **outcome}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _live(code, folder):
    try:
        os.setsid()
        signal.alarm(TIME_LIMIT_SECONDS)
        os.chdir(folder)
        os.environ.update(HOME=folder, TMPDIR=folder)
        tempfile.tempdir = None
        output = os.open(".stdout", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        null = os.open(os.devnull, os.O_RDWR)
        for target, descriptor in ((0, null), (1, output), (2, null)):
            os.dup2(descriptor, target)
        sys.stdin, sys.stdout, sys.stderr = open(0), io.open(1, "w", encoding="utf-8"), io.open(2, "w")
        sys.argv = [FILENAME]
        needs = _watch_needs()
        outcome = {**_outcome(code), "needs": needs[0] if needs else None}
        sys.stdout.flush()
        pathlib.Path(folder, ".report").write_text(json.dumps(outcome))
    finally:
        os._exit(0)


def _watch_needs():
    needs, what = [], {event: what for what, events in NEEDS.items() for event in events}
    sys.addaudithook(lambda event, _: event in what and needs.append(what[event]))
    return needs


def _outcome(code):
    linecache.cache[FILENAME] = (len(code), None, code.splitlines(keepends=True), FILENAME)
    module = sys.modules["__main__"] = types.ModuleType("__main__")
    module.__file__, module.input_data = FILENAME, None
    try:
        exec(compile(code, FILENAME, "exec"), module.__dict__)
    except SystemExit as error:
        return {"error": None if error.code in (None, 0) else "SystemExit", "result": None}
    except BaseException as error:
        return {"error": type(error).__name__, "result": str(error)[:200]}
    try:
        result = module.__dict__.get("result")
        result = result._asdict() if hasattr(result, "_asdict") else result
        return {"error": None, "result": json.loads(json.dumps(result))}
    except (TypeError, ValueError, RecursionError):
        return {"error": None, "result": None}


if __name__ == "__main__":
    {"collect": collect, "run": run}[sys.argv[1]](*sys.argv[2:])
