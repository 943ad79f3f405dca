"""Decides, from the stack, which code is responsible for an operation. For the runtime wall (audit.py).

The file that a frame's code was compiled from makes the frame USER, OURS (this folder), IMPORTER (the import
machinery), STDLIB or LIBRARY (an installed package); code from any other file is USER. Programs cannot make
code under the name of another file, because compile, exec and code objects are judged as well.

A call from C has no frame, so that map(), sorted(key=…) and functools.partial are judged by the Python frame that
called them. There are three ways to judge, from strict to lenient:

    anyone   The program is responsible if any frame is USER, unless a module of the stdlib or of a library is
             being imported further in. For what no library needs here (processes, sockets), so that even
             series.map(os.system) is caught.
    driver   The program is responsible if the nearest frame that is not STDLIB is USER: the standard library
             acts for its caller (pathlib, copy, contextlib, threading …), whereas a package acts for itself.
    direct   The program is responsible if the nearest frame is USER. For what the standard library often does
             for its own purposes (namedtuple executes code, typing reads frames).

The first two ways treat OURS like USER: it acts for the program, as when it runs functions registered with
atexit. A stack without a frame (a thread whose target is a C function) counts as the program.
"""

import functools
import os
import sys
import sysconfig
import types

import source

USER, OURS, IMPORTER, STDLIB, LIBRARY = range(5)
PROGRAM = source.FILENAME

_OUR_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep
# Saved before guards.py replaces the descriptor by one that is judged.
back_of = types.FrameType.__dict__["f_back"].__get__


def register_packages():
    """From now on, every folder on sys.path except those of the standard library counts as one of packages."""
    global _PACKAGES, _LIBRARY
    _PACKAGES = tuple(set(_folders(filter(os.path.isabs, sys.path))) - set(_STDLIB))
    _LIBRARY = (*_STDLIB, *_PACKAGES, _OUR_FOLDER)
    kind_of.cache_clear()


def library_folders():
    """The folders of the standard library and of packages, and this one: Python prints the lines of a traceback."""
    return _LIBRARY


def is_program(frame, way):
    """Whether the program is responsible, judged by the stack from `frame` outwards."""
    if frame is None:
        return True
    if way == "direct":
        return kind_of(frame.f_code.co_filename) == USER
    while frame is not None:
        found = kind_of(frame.f_code.co_filename)
        if found in (USER, OURS):
            return True
        if found == IMPORTER or (found == LIBRARY and way == "driver"):
            return False
        if frame.f_code.co_name == "<module>":
            return False
        frame = back_of(frame)
    return True


def nearest_user_line(frame):
    """The line number of the nearest frame of the program, or None."""
    while frame is not None:
        if frame.f_code.co_filename == PROGRAM:
            return frame.f_lineno
        frame = back_of(frame)
    return None


def is_called_by(frame, file_ending, function):
    """Whether the stack has this function of the standard library, and no frame of the program further in."""
    while frame is not None:
        code = frame.f_code
        found = kind_of(code.co_filename)
        if found == USER:
            return False
        if found == STDLIB and code.co_name == function and code.co_filename.endswith(file_ending):
            return True
        frame = back_of(frame)
    return False


@functools.lru_cache(maxsize=None)
def kind_of(filename):
    if filename == PROGRAM:
        return USER
    if filename.startswith(_OUR_FOLDER):
        return OURS
    if filename.startswith("<frozen "):
        return IMPORTER if filename.startswith("<frozen importlib") else STDLIB
    if filename.startswith(_PACKAGES):
        return LIBRARY
    return STDLIB if filename.startswith(_STDLIB) else USER


def _folders(paths):
    both = (folder for path in paths for folder in (path, os.path.realpath(path)))
    return tuple({folder.rstrip(os.sep) + os.sep for folder in both})


_paths = sysconfig.get_paths()
_STDLIB = _folders([_paths["stdlib"], _paths["platstdlib"], os.path.dirname(os.__file__)])
_PACKAGES = ()
_LIBRARY = (*_STDLIB, _OUR_FOLDER)
