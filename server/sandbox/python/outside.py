"""Files outside a run: which of them anybody may read, and whether it is the program that names one. For audit.py.

A library opens files of its own (a table of time zones, fonts, /proc/self/status), and files that the program named
(`pandas.read_csv(path)`). Only the second is the program's doing. `is_named` decides: the program names a path

    - that it opens itself, or by a function that only calls what it was handed (a thread, functools, contextlib);
    - that it passed to the library: as an argument, in a container or an object among the arguments (an engine with its
      URL), or as the folder above the file;
    - that stands in its code.

Arguments are those of the frame that the program called: what a library makes of them further in is not followed. The
kernel's wall shows none of these files, whoever names them.
"""

import functools
import itertools
import os
import pathlib
import types

import callers
from policy import module_reason

_DEVICES = frozenset(
    f"/dev/{name}" for name in ("null", "full", "zero", "random", "urandom", "stdin", "stdout", "stderr")
)
_DATA = ("/usr/share/zoneinfo/", "/dev/shm/")
# Standard modules that call what they were handed: they neither open a file nor were called to open one.
_GO_BETWEENS = ("/threading.py", "/functools.py", "/contextlib.py", "/weakref.py", "/sched.py")
_GO_BETWEEN_PACKAGES = ("/concurrent/futures/", "/asyncio/")
_PROGRAMS = (callers.PROGRAM, "<doctest ", "<timeit-src>")
_EVALUATORS = ("eval", "exec", "compile", "__import__")
PATHS = (pathlib.PurePath, os.DirEntry)
_CALLABLES = (type, types.FunctionType, types.BuiltinFunctionType)
_MAX_VALUES, _MAX_PARTS, _MAX_DEPTH, _MAX_PATH = 1000, 50, 3, 4096
_CONTAINERS = (
    (dict, dict.values),
    (list, list.__iter__),
    (tuple, tuple.__iter__),
    (set, set.__iter__),
    (frozenset, frozenset.__iter__),
)
# Saved before guards.py replaces the descriptor by one that is judged.
_locals_of = types.FrameType.__dict__["f_locals"].__get__
_HAS_VARARGS, _HAS_VARKEYWORDS = 0x04, 0x08
_WORD = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./")


def text_of(path):
    """By methods of the built-in types, because a subclass could show one path here and another one to open()."""
    if isinstance(path, str):
        return str.__str__(path)
    if isinstance(path, bytes):
        return bytes.decode(path, "utf-8", "surrogateescape")
    return text_of(os.fspath(path))


def without_scheme(name):
    """The path in a URL such as file:///etc/x, sqlite:////etc/x or file:/etc/x?mode=ro; any other text as it is."""
    scheme, separator, rest = name.partition("://")
    if separator and scheme.isidentifier():
        return os.sep + rest.lstrip(os.sep)
    return name[len("file:") :].partition("?")[0] if name.startswith("file:") else name


def is_open_to_all(text, scratch, has_links):
    """Whether a program may read this path. Cheap for files of libraries, which are most of what is opened, and for
    those in `scratch` while that has no symbolic links."""
    if text.startswith(callers.library_folders()) and ".." not in text:
        return True
    if text.startswith("~") and _is_in_home(text):
        return False
    if not has_links and _is_within(os.path.abspath(text), scratch):
        return True
    real = os.path.realpath(text)
    return (
        _is_within(real, scratch)
        or real.startswith(callers.library_folders())
        or (real + os.sep).startswith(_DATA)
        or (real.startswith("/usr/") and "/fonts/" in real + os.sep)
        or real in _DEVICES
        or text in _DEVICES
    )


def is_named(frame, text, code):
    """Whether the program, whose source is `code`, names the path that is opened in `frame`."""
    values = handed_values(frame)
    if values is None:
        return True
    paths = {text, os.path.abspath(text), os.path.realpath(text)}
    return any(stands_in(path, code) for path in paths) or _name_one_of(values, paths)


def is_handed(frame):
    """Whether the program handed a function or class of a blocked module to the library that acts in `frame`."""
    values = handed_values(frame) if callers.is_program(frame, "anyone") else None
    return values is not None and any(_is_blocked(value) for value in values)


def handed_values(frame):
    """The arguments of the function that the program called and in which `frame` is; None where that is the program."""
    entry = _entry(frame)
    return None if entry is None else _arguments(entry)


def _is_blocked(value):
    if type(value) in (list, tuple):
        return any(_is_blocked(item) for item in value[:_MAX_PARTS] if type(item) not in (list, tuple))
    if type(value) is functools.partial:
        value = value.func
    module = value.__module__ if type(value) in _CALLABLES else None
    if module == "builtins":
        return value.__name__ in _EVALUATORS
    return type(module) is str and module_reason(module) is not None


def _is_within(path, folder):
    return path.startswith(folder) and path[len(folder) : len(folder) + 1] in ("", os.sep)


def _entry(frame):
    """The frame that the program called and in which the file is opened; None where the program opens it itself."""
    entry = None
    while frame is not None:
        filename = callers.code_of(frame).co_filename
        kind = callers.kind_of(filename)
        if kind == callers.OURS or (kind == callers.USER and not _is_generated(filename)):
            return entry
        if kind != callers.USER and not (kind == callers.STDLIB and goes_between(filename)):
            entry = frame
        frame = callers.back_of(frame)
    return entry


def _is_generated(filename):
    """Code that a library made, such as the methods of a dataclass; a program cannot make any under such a name."""
    return filename.startswith("<") and not filename.startswith(_PROGRAMS)


def goes_between(filename):
    return filename.endswith(_GO_BETWEENS) or any(part in filename for part in _GO_BETWEEN_PACKAGES)


def _arguments(frame):
    code = callers.code_of(frame)
    flags = bool(code.co_flags & _HAS_VARARGS) + bool(code.co_flags & _HAS_VARKEYWORDS)
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + flags]
    values = _locals_of(frame)
    return [values[name] for name in names if name in values]


def _name_one_of(values, paths):
    """Whether a path is among the values, in their containers or in attributes of objects."""
    for value in parts_of(values):
        if isinstance(value, (str, bytes)):
            found = _is_same_or_above(text_of(value), paths)
        elif isinstance(value, PATHS):
            found = _is_same_or_above(os.fspath(value), paths)
        else:
            found = hasattr(type(value), "__fspath__")  # a class of the program's own, which may show any path
        if found:
            return True
    return False


def parts_of(values):
    """The values, and what is in their containers and attributes, to a bounded depth and number."""
    waiting = [(value, 0) for value in values]
    for value, depth in itertools.islice(_drain(waiting), _MAX_VALUES):
        yield value
        if depth < _MAX_DEPTH and not isinstance(value, (str, bytes, *PATHS)):
            waiting.extend((part, depth + 1) for part in itertools.islice(_parts(value), _MAX_PARTS))


def _drain(waiting):
    while waiting:
        yield waiting.pop(0)


def _parts(value):
    """By methods of the built-in types, so that no code of the program runs here."""
    for kind, parts in _CONTAINERS:
        if isinstance(value, kind):
            return iter(list(parts(value)))
    if isinstance(value, (type, types.ModuleType, types.FunctionType)):
        return iter(())
    try:
        return iter(list(dict.values(object.__getattribute__(value, "__dict__"))))
    except (AttributeError, TypeError):
        return iter(())


def _is_same_or_above(given, paths):
    if given in paths:
        return True
    if not 0 < len(given) < _MAX_PATH or "\0" in given or not (os.sep in given or given.startswith((".", "~"))):
        return False
    given = os.path.abspath(os.path.expanduser(without_scheme(given)))
    # A library may complete the path: by a name in that folder, or by an ending (numpy.save).
    longer = (given + os.sep, given + ".") if given != os.sep else ()
    return any(given == path or path.startswith(longer) for path in paths) or any(
        # A pattern below the folder that is listed: glob.glob("/etc/*").
        given.startswith(path.rstrip(os.sep) + os.sep) and "*" in given[len(path) :]
        for path in paths
    )


def stands_in(path, code):
    """Whether the code has this absolute path or URL, and not only as a part of a longer one."""
    at = code.find(path) if len(path) > 1 and (os.path.isabs(path) or "://" in path) else -1
    while at >= 0:
        if code[at + len(path) : at + len(path) + 1] not in _WORD:
            return True
        at = code.find(path, at + 1)
    return False


def _is_in_home(text):
    """`~/.ssh/id_rsa` as it stands: open() does not expand it, and what is meant is a file of the host."""
    first, separator, _rest = text.partition(os.sep)
    return bool(separator) and not os.path.lexists(first)
