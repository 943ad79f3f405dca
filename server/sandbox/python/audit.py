"""The runtime wall: a PEP 578 audit hook that judges each operation by its caller.

wall.py raises it. From then on a program may not import what policy.json blocks, write files outside `scratch`
(default: the working directory), read files that are neither there nor part of Python and its packages, or reach
sockets, processes, native code, code objects and frames, by any route; libraries may do what they need. callers.py
decides which caller counts as the program, outside.py which files it may read and names; guards.py covers operations
without an audit event.

A violation {code: "PYTHON_SECURITY_ERROR", rule, layer: "RUNTIME", message, line, column: null} is sent
(violations.py) and then raised as SecurityError, which is not a subclass of Exception. A program that catches it cannot
hide it: run_program ends with PYTHON_SECURITY_ERROR when there is a first violation. What a library does on its own
account (libraries.py) is refused and sent as well, but raises the exception that libraries expect there, and ends
nothing.

This wall does not stop, and leaves to the kernel: operations without an audit event (os.read on a descriptor,
attribute access by C code such as str.format, memory reached through numpy); native
code of installed packages; a package that does for a program what the program itself may not, except with files whose
path the program named (outside.py); and everything after a program has run native code. The purpose of this wall is
an error message with the line of the offence.
"""

import _compat_pickle
import contextlib
import errno
import os
import signal
import time

import callers
import libraries
import outside
from policy import (
    ALLOWED,
    ATTRIBUTE_RULES,
    ATTRIBUTES,
    DATA,
    EVENT_REASONS,
    EVENT_RULES,
    EXCUSED,
    JUDGED_FOR,
    MEMBERS,
    MODULES_AS_ATTRIBUTES,
    module_reason,
    private_module_reason,
    use,
)
from violations import Violations
from written import Written

_WRITE_FLAGS = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_WRITTEN_ONLY = "only what stands in the code is checked; write the {} there, or call a function"
_NAMED_AS = {event: frozenset(names) for event, names in DATA["namedAs"].items()}
_PICKLED_PRIVATE = frozenset(DATA["pickledPrivate"])
_PICKLED_BUILTINS = frozenset(DATA["pickledBuiltins"])
_BUILTINS_OF_PYTHON_2 = "__builtin__"
_COMPAT_NAMES, _COMPAT_MODULES = dict(_compat_pickle.NAME_MAPPING), dict(_compat_pickle.IMPORT_MAPPING)
_AF_UNIX = 1
_MAY_FORK = "os.fork"
_UNTIL_SECOND_SIGNAL_SECONDS = 0.2


class SecurityError(BaseException):
    """The program broke the policy. Not a subclass of Exception, so that `except Exception` does not catch it."""

    __module__ = "builtins"  # so that tracebacks name it without its module


class Wall:
    """`judges` has a function for each event that is judged. wall.py keeps all of it out of reach of programs."""

    def __init__(self):
        self.judges = {event: self._judge_by(judge) for event, judge in _JUDGES.items()}
        self.judges["weft.violations"] = self._hand_out_violations
        self.has_links = False
        self._is_up = False
        self._violations = None
        self._scratch = None
        self._code = ""
        self._process = None
        self.written = None

    def go_up(self, send, scratch, code, level, allows_scratch_writes, web):
        use(level, allows_scratch_writes, web)
        if web:
            del self.judges["urllib.Request"]  # raised before anything is sent
        self._process = os.getpid()
        self._violations = Violations(send)
        self._scratch = os.path.realpath(scratch or os.getcwd())
        self._code = code
        self.written = Written(code)
        self._is_up = True

    def lower(self):
        """After a rehearsal."""
        self._is_up = False

    def _judge_by(self, judge):
        def judge_if_up(event, arguments):
            if self._is_up:
                judge(self, event, arguments, callers.calling_frame())

        return judge_if_up

    def _hand_out_violations(self, _event, arguments):
        (found,) = arguments
        if self._violations is None:
            return
        self._violations.flush()
        if self._violations.first is not None:
            found.append(self._violations.first)

    def forbid(self, rule, what, reason, frame):
        """Sends the violation and raises it."""
        message = f"{what} is blocked: {reason}"
        self._violations.add(_violation(rule, message, frame))
        if os.getpid() != self._process:
            _request_end(self._process)  # a pool would wait for its worker until the timeout of the run
        raise SecurityError(message)

    def refuse(self, rule, what, reason, frame, names, targets, error_type):
        """Forbids it to the program. A library that acts on its own account gets `error_type`, and the run goes on."""
        library = libraries.acting_library(frame, names, targets, self._code)
        if library is None:
            self.forbid(rule, what, reason, frame)
        message = f"{what} is blocked: {reason}"
        gets = f"`{library}` tried it on its own account, and got a {error_type.__name__}"
        self._violations.add(_violation(rule, f"{message} ({gets})", frame), is_fatal=False)
        raise error_type(errno.EPERM, message) if issubclass(error_type, OSError) else error_type(message)

    def is_scratch(self, path):
        """Whether a program may write to `path`. The kernel's wall covers symbolic links that change meanwhile."""
        if isinstance(path, int):
            return path in (1, 2)
        real = os.path.realpath(outside.text_of(path))
        if _MAY_FORK in ALLOWED and real.startswith("/dev/shm/"):
            return True  # the run's own as well; its processes share memory there
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


def _request_end(process):
    """Twice, because Python misses a signal that comes just before it begins to wait for a lock."""
    os.kill(process, signal.SIGTERM)
    time.sleep(_UNTIL_SECOND_SIGNAL_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGTERM)


def _skip_own_frames(wall, event, arguments, _frame):
    inner, found = arguments
    found.append(callers.frame_outside(inner))


def _violation(rule, message, frame):
    return {
        "code": "PYTHON_SECURITY_ERROR",
        "rule": rule,
        "layer": "RUNTIME",
        "message": message,
        "line": callers.nearest_user_line(frame),
        "column": None,
    }


def _judge_event(wall, event, arguments, frame):
    rule = EVENT_RULES[event]
    way = JUDGED_FOR[rule]
    if event in ALLOWED:
        return
    if event in EXCUSED and callers.is_called_by(frame, *EXCUSED[event]):
        return  # asyncio wakes its loop through a pair of sockets; types.coroutine marks a function's code
    if rule == "network" and _MAY_FORK in ALLOWED and _connects_own_processes(arguments, frame):
        return
    if way == "named":
        is_programs = callers.is_driven(frame, _NAMED_AS[event])
    else:
        is_programs = callers.is_program(frame, way) or outside.is_handed(frame)
    reason = MEMBERS.get(event) or EVENT_REASONS[rule]
    if is_programs and way == "named":
        wall.forbid(rule, f"`{event}`", reason, frame)
    elif is_programs:
        what = f"`{event}`{_to_host(event, arguments)}"
        wall.refuse(rule, what, reason, frame, {_called(event)}, arguments, PermissionError)
    elif way == "anyone":
        raise PermissionError(errno.EPERM, f"{event} is not possible in a sandbox")


def _to_host(event, arguments):
    """Where a library would send a request to: the host is what a node has to name."""
    if event != "urllib.Request" or type(arguments[0]) is not str:
        return ""
    host = arguments[0].partition("://")[2].partition("/")[0].rpartition("@")[2]
    return f" to {_short(host)}"


def _connects_own_processes(arguments, frame):
    """Whether multiprocessing connects processes of the run, which it does by unix sockets."""
    is_unix = arguments[1:2] and (arguments[1] == _AF_UNIX or isinstance(arguments[1], (str, bytes)))
    return is_unix and callers.is_called_by(frame, "multiprocessing/connection.py", None)


def _called(event):
    """What a library calls for this event: `Popen` for subprocess.Popen, `socket` for socket.__new__."""
    owner, _, name = event.rpartition(".")
    return owner if name.startswith("__") else name


def _judge_forbidden(wall, event, arguments, frame):
    rule, what, reason = arguments[:3]
    wall.forbid(rule, what, reason, frame)


def _judge_memory(wall, event, arguments, frame):
    what, reason = arguments
    if callers.is_driven(callers.frame_outside(frame), {"as_strided"}):
        wall.forbid("memory-access", what, reason, frame)


def _judge_guarded(wall, event, arguments, frame):
    rule, what, reason, name = arguments
    if name not in ALLOWED and callers.is_driven(frame, {name}):
        wall.refuse(rule, what, reason, frame, {name}, [name], AttributeError)


def _judge_text(wall, event, arguments, frame):
    """Text that the standard library evaluates for the program (annotations, fields of a dataclass, a doctest) has to
    pass the static wall, as the program's own code does. What only parses it runs nothing."""
    if frame is not None and callers.kind_of(callers.code_of(frame).co_filename) == callers.USER:
        _judge_event(wall, event, arguments, frame)
    text = arguments[0]
    if callers.is_doctest(frame) and callers.is_program(frame, "driver"):
        if not wall.written.has_example(text):
            wall.forbid("blocked-call", "A doctest that is made at run time", _WRITTEN_ONLY.format("docstring"), frame)
    if not isinstance(text, (str, bytes)) or callers.is_parser(frame):
        return
    if callers.is_program(frame, "driver") or callers.is_driven(frame, _NAMED_AS[event]):
        for rule, message in wall.written.offences_in(outside.text_of(text)):
            wall.forbid(rule, "Evaluating text that has not been checked", f"in it, {message}", frame)


def _judge_literal(wall, event, arguments, frame):
    """What timeit is to time."""
    if not wall.written.has_text(arguments[0]):
        wall.forbid("blocked-call", "Timing text that is made at run time", _WRITTEN_ONLY.format("text"), frame)


def _judge_open(wall, event, arguments, frame):
    path, mode, flags = arguments
    if path is None:
        return
    writes = set(mode) & set("wax+") if type(mode) is str else flags & _WRITE_FLAGS
    if not isinstance(path, int) and callers.is_importer(frame):
        _judge_loading(wall, path, frame)
    elif not writes:
        _judge_read(wall, event, arguments, frame)
    elif not wall.is_scratch(path):
        _forbid_write(wall, path, frame)


def _judge_loading(wall, path, frame):
    """Modules come of Python and of packages alone: in a file of the run's own stands code that no check has seen."""
    if not outside.text_of(path).startswith(callers.library_folders()):
        wall.forbid("code-object", f"Importing {_short(path)}", EVENT_REASONS["code-object"], frame)


def _judge_read(wall, event, arguments, frame):
    path = arguments[0]
    if path is not None and not isinstance(path, int):
        wall.judge_read(path, frame)


def _judge_database(wall, event, arguments, frame):
    if arguments[0] is None:  # `ATTACH ?`: SQLite knows the name when the statement runs
        reason = "its name is not in the statement; write it there"
        wall.forbid("file-write", "Attaching a database", reason, frame)
    path = outside.without_scheme(outside.text_of(arguments[0]))
    if path in ("", ":memory:") or wall.is_scratch(path):
        return
    if callers.is_program(frame, "driver"):
        wall.forbid("file-write", f"Opening the database {_short(path)}", EVENT_REASONS["file-write"], frame)
    wall.judge_read(path, frame)


def _judge_file_change(wall, event, arguments, frame):
    if event == "os.symlink":
        wall.has_links = True
    paths = [argument for argument in arguments[:2] if isinstance(argument, (str, bytes))]
    if event == "os.link" and paths:
        wall.judge_read(paths[0], frame)  # the link would be a name for the file in the program's own folder
    changed = paths if event == "os.rename" else paths[-1:]
    for path in changed:
        if not wall.is_scratch(path):
            _forbid_write(wall, path, frame)


def _forbid_write(wall, path, frame):
    if isinstance(path, int):
        is_programs = callers.is_driven(frame, {"open"})  # tempfile opens descriptors that it made itself
    else:
        is_programs = callers.is_program(frame, "driver") or wall.names(path, frame)
    if is_programs:
        names = set() if isinstance(path, int) else {outside.text_of(path)}  # getpass names /dev/tty
        reason = EVENT_REASONS["file-write"]
        wall.refuse("file-write", f"Writing to {_short(path)}", reason, frame, names, names, PermissionError)


def _judge_import(wall, event, arguments, frame):
    name, file = arguments[:2]
    if file is not None:  # a library of native code
        _judge_loading(wall, file, frame)
    reason = module_reason(name)
    if reason and callers.is_driven(frame, {name, *name.split(".")}):
        wall.forbid("blocked-module", f"Module `{name}`", reason, frame)


def _judge_attribute(wall, event, arguments, frame):
    name = arguments[1]
    rule = ATTRIBUTE_RULES.get(name)
    if rule and not callers.is_fortran(frame, name) and callers.is_driven(frame, {name}):
        wall.forbid(rule, f"`.{name}`", ATTRIBUTES[name], frame)


def _judge_assignment(wall, event, arguments, frame):
    if arguments[1] == "__code__":
        _judge_attribute(wall, event, arguments, frame)


def _judge_pickle(wall, event, arguments, frame):
    module, name = map(str.__str__, arguments)
    as_read = _in_python_3(module, name)
    is_blocked = _may_not_be_pickled(*as_read) or (module != _BUILTINS_OF_PYTHON_2 and _may_not_be_pickled(module, name))
    if is_blocked and callers.is_program(frame, "anyone"):
        wall.forbid("unsafe-pickle", f"Unpickling `{module}.{name}`", EVENT_REASONS["unsafe-pickle"], frame)


def _in_python_3(module, name):
    """Where pickles of the protocols 0 to 2 find it, which have the names of Python 2."""
    return _COMPAT_NAMES.get((module, name)) or (_COMPAT_MODULES.get(module, module), name)


def _may_not_be_pickled(module, name):
    parts = set(name.split("."))
    return bool(
        (module == "builtins" and parts & _PICKLED_BUILTINS)
        or (module != "builtins" and module_reason(module))
        or (module not in _PICKLED_PRIVATE and private_module_reason(module))
        or f"{module}.{name}" in MEMBERS
        or parts & (ATTRIBUTES.keys() | MODULES_AS_ATTRIBUTES)
    )


def _short(path):
    text = repr(path)
    return text if len(text) <= 200 else text[:200] + "…"


_JUDGES = {
    **dict.fromkeys(EVENT_RULES, _judge_event),
    **dict.fromkeys(DATA["events"]["file-write"], _judge_file_change),
    **dict.fromkeys(DATA["events"]["read-outside"], _judge_read),
    "sqlite3.connect": _judge_database,
    "weft.attach": _judge_database,
    "weft.literal": _judge_literal,
    "weft.memory": _judge_memory,
    "open": _judge_open,
    "import": _judge_import,
    "object.__getattr__": _judge_attribute,
    "object.__setattr__": _judge_assignment,
    "compile": _judge_text,
    "weft.forbid": _judge_forbidden,
    "weft.judge": _judge_guarded,
    "weft.skip-own": _skip_own_frames,
    "pickle.find_class": _judge_pickle,
}
