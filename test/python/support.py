"""Runs programs as a cell does: in a fork of this process, with a scratch folder and a pipe for frames."""

import atexit
import functools
import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
from typing import NamedTuple

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PYTHON_FOLDER = os.path.join(ROOT, "server", "sandbox", "python")
sys.path.insert(0, PYTHON_FOLDER)

import cell  # noqa: E402  the folder is on the path only now
import program  # noqa: E402
import wall  # noqa: E402

# A folder of packages, to which tests may add some.
PACKAGES_FOLDER = tempfile.mkdtemp(prefix="weft-test-packages-")
sys.path.append(PACKAGES_FOLDER)
# As a fork-server does before it makes cells: for each run anew, it would take three times as long as the run.
wall.prepare()
gc.freeze()

TIME_LIMIT_SECONDS = 60
# Starts Python once, and forks it for each script, which then begins and ends as any script does.
_PLAIN_PYTHON = """
import json, os, signal, sys, types
for line in sys.stdin:
    path = json.loads(line)
    child = os.fork()
    if not child:
        break
    print(os.waitpid(child, 0)[1], flush=True)
else:
    sys.exit()
signal.alarm(%d)
os.chdir(os.path.dirname(path))
for target, name in (0, os.devnull), (1, "../stdout"), (2, "../stderr"):
    os.dup2(os.open(name, os.O_RDWR | os.O_CREAT), target)
sys.argv = [path]
main = sys.modules["__main__"] = types.ModuleType("__main__")
main.__file__ = path
with open(path, encoding="utf-8") as script:
    main = compile(script.read(), path, "exec"), main.__dict__
exec(*main)
""" % TIME_LIMIT_SECONDS


def _at_end(function):
    """Of this process: programs, in forks of it, run what it has registered as well."""
    process = os.getpid()
    atexit.register(lambda: os.getpid() == process and function())


_at_end(lambda: shutil.rmtree(PACKAGES_FOLDER))


class Outcome(NamedTuple):
    frames: list
    stdout: str
    stderr: str

    @property
    def last(self):
        return self.frames[-1]

    @property
    def result(self):
        assert self.last["kind"] == "result", self.last
        return json.loads(self.last["json"])

    @property
    def error(self):
        assert self.last["kind"] == "error", self.last
        return self.last["error"]

    def of_kind(self, kind):
        return [frame for frame in self.frames if frame["kind"] == kind]

    @property
    def violations(self):
        return [frame["violation"] for frame in self.of_kind("violation")]


def run(code, input=None, policy="strict", breaks_channel=False, **request):
    """Runs one program in a process of its own, and collects its frames and output."""
    scratch = os.path.realpath(tempfile.mkdtemp(prefix="weft-test-"))
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        descriptor = -1 if breaks_channel else writer
        _live(
            {"code": textwrap.dedent(code), "input": input, "policy": policy, **request}, scratch, descriptor
        )
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as frames:
        received = [json.loads(line) for line in frames]
    _, status = os.waitpid(child, 0)
    try:
        outputs = [_read(os.path.join(scratch, ".out", name)) for name in ("stdout", "stderr")]
    finally:
        shutil.rmtree(scratch)
    assert status == 0, f"the cell ended with status {status}: {outputs[1]}"
    return Outcome(received, *outputs)


def _live(request, scratch, writer):
    try:
        signal.alarm(TIME_LIMIT_SECONDS)
        cell.handle_term()
        os.chdir(scratch)
        os.environ.clear()
        os.environ.update(HOME=scratch, TMPDIR=scratch, PATH="/usr/bin:/bin")
        tempfile.tempdir = None
        os.mkdir(".out")
        for target, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(os.path.join(".out", name), os.O_WRONLY | os.O_CREAT), target)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)
        _hide_modules_of(PYTHON_FOLDER)
        program.run_program(request, lambda frame: os.write(writer, (json.dumps(frame) + "\n").encode()))
    finally:
        os._exit(0)


def _hide_modules_of(folder):
    sys.path.remove(folder)
    for name, module in list(sys.modules.items()):
        if os.path.dirname(getattr(module, "__file__", None) or "") == folder:
            del sys.modules[name]


def run_plainly(code, input=None):
    """The JSON of `result` after plain `python3 -I` ran the same text as a script."""
    before = f"import json as _json\ninput_data = _json.loads({json.dumps(json.dumps(input))})\ndel _json\n"
    after = "\nimport json as _json\nprint('\\n' + _json.dumps(result))\n"
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "work", "script.py")
        os.mkdir(os.path.dirname(path))
        with open(path, "w", encoding="utf-8") as script:
            script.write(before + textwrap.dedent(code) + after)
        python = _plain_python(threading.get_ident())
        python.stdin.write(json.dumps(path) + "\n")
        python.stdin.flush()
        status = python.stdout.readline()
        stdout, stderr = (_read(os.path.join(folder, name)) for name in ("stdout", "stderr"))
    assert status == "0\n", stderr
    return json.loads(stdout.splitlines()[-1])


@functools.cache
def _plain_python(thread):
    """One for each thread: what two of them ask at once would be answered to either."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    python = subprocess.Popen([sys.executable, "-I", "-c", _PLAIN_PYTHON], text=True, **pipes)
    _at_end(python.communicate)
    return python


def _read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()
