"""The runtime wall: a PEP 578 audit hook that judges each operation by its caller.

`prepare()` makes the parts of the wall. It takes milliseconds and has no effect yet; the fork-server calls it before
it makes cells, after everything that changes sys.path. `raise_wall(send, namespace, scratch=None)` then
activates the wall for the rest of the process, in microseconds, and returns the Wall. From then on a program
may not import what policy.json blocks, write files outside `scratch` (default: the working directory), read
files that are neither there nor part of Python and its packages, or reach sockets, processes, native code, code objects and frames, by any route; libraries may do
what they need. callers.py decides which caller counts as the program; guards.py covers operations without an
audit event.

A violation {code: "PYTHON_SECURITY_ERROR", rule, layer: "RUNTIME", message, line, column: null} is sent
(violations.py) and then raised as SecurityError, which is not a subclass of Exception. A program that catches it cannot
hide it: run_program ends with PYTHON_SECURITY_ERROR when there is a `wall.violations.first`.

This wall does not stop, and leaves to the kernel: operations without an audit event (os.read on a descriptor,
attribute access by C code such as operator.attrgetter or str.format, memory reached through numpy); native
code of installed packages; a package that does for a program what the program itself may not, except with files whose
path the program named (outside.py); and everything after a program has run native code. The purpose of this wall is
an error message with the line of the offence.
"""

import errno
import functools
import os
import sys
import threading

import callers
import guards
import outside
from policy import (
    ATTRIBUTE_RULES,
    ATTRIBUTES,
    DATA,
    EVENT_REASONS,
    EVENT_RULES,
    JUDGED_FOR,
    MEMBERS,
    MODULES_AS_ATTRIBUTES,
    module_reason,
)
from violations import Violations

_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_OWN_READS = ("sys._getframe", "object.__getattr__")
_EXCUSED = DATA["excused"]
_PICKLED_BUILTINS = frozenset(DATA["pickledBuiltins"])


class SecurityError(BaseException):
    """The program broke the policy. Not a subclass of Exception, so that `except Exception` does not catch it."""

    __module__ = "builtins"  # so that tracebacks name it without its module


class Wall:
    """`violations` counts and sends the violations of the program; `lower()` ends all judgement."""

    def __init__(self):
        self.is_up = False
        self.violations = None
        self._scratch = None
        self._code = ""
        self.has_links = False
        self._judging = set()  # threads inside the hook, which reads frames itself and must not judge that

    def go_up(self, send, scratch, code):
        self.violations = Violations(send)
        self._scratch = os.path.realpath(scratch or os.getcwd())
        self._code = code
        self.is_up = True

    def lower(self):
        """Called after a rehearsal only: threads of a program may go on after its last frame."""
        self.is_up = False

    def hook(self, event, arguments):
        judge = _JUDGES.get(event)
        if judge is None or not self.is_up:
            return
        thread = threading.get_ident()
        if thread in self._judging:
            if event in _OWN_READS:
                return
            judge(self, event, arguments, _calling_frame())  # a finaliser of the program ran inside the hook
            return
        self._judging.add(thread)
        try:
            judge(self, event, arguments, _calling_frame())
        finally:
            self._judging.discard(thread)

    def forbid(self, rule, what, reason, frame):
        """Sends the violation and raises it."""
        violation = {
            "code": "PYTHON_SECURITY_ERROR",
            "rule": rule,
            "layer": "RUNTIME",
            "message": f"{what} is blocked: {reason}",
            "line": callers.nearest_user_line(frame),
            "column": None,
        }
        self.violations.add(violation)
        raise SecurityError(violation["message"])

    def is_scratch(self, path):
        """Whether a program may write to `path`. The kernel's wall covers symbolic links that change meanwhile."""
        if isinstance(path, int):
            return path in (1, 2)
        real = os.path.realpath(outside.text_of(path))
        return real == os.devnull or real == self._scratch or real.startswith(self._scratch + os.sep)


    def judge_read(self, path, frame):
        """A program may read its own folder, and files of Python and of packages."""
        text = outside.text_of(path)
        if not outside.is_open_to_all(text, self._scratch, self.has_links) and self.names(path, frame):
            reason = EVENT_REASONS["read-outside"]
            self.forbid("read-outside", f"Reading {_short(path)}", reason, frame)

    def names(self, path, frame):
        """Whether the program named this path to the library that opens it, or opens it itself."""
        return not isinstance(path, int) and outside.is_named(frame, outside.text_of(path), self._code)


@functools.lru_cache(maxsize=None)
def prepare():
    """The one wall of this process, not yet active, and its guarded builtins."""
    callers.register_packages()
    wall = Wall()
    guards.judge_descriptors(wall)
    builtins = guards.guarded_builtins(wall)
    sys.addaudithook(wall.hook)
    return wall, builtins


def raise_wall(send, namespace, scratch=None, code=""):
    """Activates the wall for the rest of the process; programs have no way to end it. `code`: their source."""
    wall, namespace["__builtins__"] = prepare()
    wall.go_up(send, scratch, code)
    return wall


def _calling_frame():
    try:
        return sys._getframe(2)
    except ValueError:  # a thread whose target is a C function
        return None


def _judge_event(wall, event, arguments, frame):
    rule = EVENT_RULES[event]
    way = JUDGED_FOR.get(rule, "direct")
    if event in _EXCUSED and callers.is_called_by(frame, *_EXCUSED[event]):
        return  # asyncio wakes its loop through a pair of sockets; types.coroutine marks a function's code
    if callers.is_program(frame, way):
        wall.forbid(rule, f"`{event}`", MEMBERS.get(event) or EVENT_REASONS[rule], frame)
    elif way == "anyone":
        raise PermissionError(errno.EPERM, f"{event} is not possible in a sandbox")


def _judge_open(wall, event, arguments, frame):
    path, mode, flags = arguments
    if path is None:
        return
    writes = set(mode) & set("wax+") if type(mode) is str else flags & _WRITE_FLAGS
    if not writes:
        _judge_read(wall, event, arguments, frame)
    elif not wall.is_scratch(path):
        # tempfile opens descriptors that it made itself
        _forbid_write(wall, path, frame, "direct" if isinstance(path, int) else "driver")


def _judge_read(wall, event, arguments, frame):
    path = arguments[0]
    if path is not None and not isinstance(path, int):
        wall.judge_read(path, frame)


def _judge_database(wall, event, arguments, frame):
    _judge_event(wall, event, arguments, frame)
    path = outside.text_of(arguments[0])
    if path.startswith("file:"):
        path = path[len("file:") :].partition("?")[0]
    if path not in ("", ":memory:"):
        wall.judge_read(path, frame)


def _judge_file_change(wall, event, arguments, frame):
    if event == "os.symlink":
        wall.has_links = True
    paths = [argument for argument in arguments[:2] if isinstance(argument, (str, bytes))]
    if paths and not wall.is_scratch(paths[-1]):
        _forbid_write(wall, paths[-1], frame, "driver")


def _forbid_write(wall, path, frame, way):
    if callers.is_program(frame, way) or wall.names(path, frame):
        wall.forbid("file-write", f"Writing to {_short(path)}", EVENT_REASONS["file-write"], frame)


def _judge_import(wall, event, arguments, frame):
    name = arguments[0]
    reason = module_reason(name)
    if reason and callers.is_program(frame, "direct"):
        wall.forbid("blocked-module", f"Module `{name}`", reason, frame)


def _judge_attribute(wall, event, arguments, frame):
    name = arguments[1]
    rule = ATTRIBUTE_RULES.get(name)
    if rule and callers.is_program(frame, "direct"):
        wall.forbid(rule, f"`.{name}`", ATTRIBUTES[name], frame)


def _judge_pickle(wall, event, arguments, frame):
    module, name = arguments
    parts = set(name.split("."))
    is_blocked = (
        (module == "builtins" and parts & _PICKLED_BUILTINS)
        or (module != "builtins" and module_reason(module))
        or f"{module}.{name}" in MEMBERS
        or parts & (ATTRIBUTES.keys() | MODULES_AS_ATTRIBUTES)
    )
    if is_blocked and callers.is_program(frame, "driver"):
        wall.forbid("unsafe-pickle", f"Unpickling `{module}.{name}`", EVENT_REASONS["unsafe-pickle"], frame)


def _short(path):
    text = repr(path)
    return text if len(text) <= 200 else text[:200] + "…"


_JUDGES = {
    **dict.fromkeys(EVENT_RULES, _judge_event),
    **dict.fromkeys(DATA["events"]["file-write"], _judge_file_change),
    **dict.fromkeys(DATA["events"]["read-outside"], _judge_read),
    "sqlite3.connect": _judge_database,
    "open": _judge_open,
    "import": _judge_import,
    "object.__getattr__": _judge_attribute,
    "pickle.find_class": _judge_pickle,
}
