"""Files outside a run: which of them anybody may read, and whether it is the program that names one. For audit.py.

A library opens files of its own (a table of time zones, fonts, /proc/self/status), and files that the program named
(`pandas.read_csv(path)`). Only the second is the program's doing. `is_named` decides: the program names a path

    - that it opens itself, or by a function that only calls what it was handed (a thread, functools, contextlib);
    - that it passed to the library, as an argument, in a list or dict of arguments, or as the folder above it;
    - that stands in its code.

Arguments are those of the frame that the program called: what a library makes of them further in is not followed. A
library that keeps a path and opens it in a later call is noticed only where the path stands in the code. The kernel's
wall shows none of these files, whoever names them.
"""

import os
import pathlib
import types

import callers

_DEVICES = frozenset(f"/dev/{name}" for name in ("null", "full", "zero", "random", "urandom", "stdin", "stdout", "stderr"))
_DATA = ("/usr/share/zoneinfo/", "/dev/shm/")
# Standard modules that call what they were handed: neither the one that opens a file nor the one that was called for it.
_GO_BETWEENS = ("/threading.py", "/functools.py", "/contextlib.py", "/weakref.py", "/sched.py")
_GO_BETWEEN_PACKAGES = ("/concurrent/futures/", "/asyncio/")
_MAX_ITEMS, _MAX_DEPTH, _MAX_PATH = 50, 3, 4096
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
    entry = _entry(frame)
    if entry is None:
        return True
    paths = {text, os.path.abspath(text), os.path.realpath(text)}
    return any(_stands_in(path, code) for path in paths) or any(
        _matches(value, paths, 0) for value in _arguments(entry)
    )


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
        if kind != callers.USER and not (kind == callers.STDLIB and _goes_between(filename)):
            entry = frame
        frame = callers.back_of(frame)
    return entry


def _is_generated(filename):
    """Code that a library made, such as the methods of a dataclass; a program cannot make any under such a name."""
    return filename.startswith("<") and filename != callers.PROGRAM


def _goes_between(filename):
    return filename.endswith(_GO_BETWEENS) or any(part in filename for part in _GO_BETWEEN_PACKAGES)


def _arguments(frame):
    code = callers.code_of(frame)
    flags = bool(code.co_flags & _HAS_VARARGS) + bool(code.co_flags & _HAS_VARKEYWORDS)
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + flags]
    values = _locals_of(frame)
    return [values[name] for name in names if name in values]


def _matches(value, paths, depth):
    if isinstance(value, (str, bytes)):
        return _is_same_or_above(text_of(value), paths)
    if isinstance(value, (pathlib.PurePath, os.DirEntry)):
        return _is_same_or_above(os.fspath(value), paths)
    if type(value) is dict:
        value = list(value.values())
    if type(value) in (list, tuple, set, frozenset) and depth < _MAX_DEPTH:
        return any(_matches(item, paths, depth + 1) for item in list(value)[:_MAX_ITEMS])
    return hasattr(type(value), "__fspath__")  # a class of the program's own, which may show any path


def _is_same_or_above(given, paths):
    if given in paths:
        return True
    if not 0 < len(given) < _MAX_PATH or "\0" in given or not (os.sep in given or given.startswith((".", "~"))):
        return False
    if given.startswith("file:"):
        given = given[len("file:") :].partition("?")[0]
    given = os.path.abspath(os.path.expanduser(given))
    # A library may complete the path: by a name in that folder, or by an ending (numpy.save).
    longer = (given + os.sep, given + ".") if given != os.sep else ()
    return any(given == path or path.startswith(longer) for path in paths) or any(
        # A pattern below the folder that is listed: glob.glob("/etc/*").
        given.startswith(path.rstrip(os.sep) + os.sep) and "*" in given[len(path) :]
        for path in paths
    )


def _stands_in(path, code):
    """Whether the code has this absolute path, and not only as a part of a longer one."""
    at = code.find(path) if len(path) > 1 and os.path.isabs(path) else -1
    while at >= 0:
        if code[at + len(path) : at + len(path) + 1] not in _WORD:
            return True
        at = code.find(path, at + 1)
    return False


def _is_in_home(text):
    """`~/.ssh/id_rsa` as it stands: open() does not expand it, and what is meant is a file of the host."""
    first, separator, _rest = text.partition(os.sep)
    return bool(separator) and not os.path.lexists(first)
