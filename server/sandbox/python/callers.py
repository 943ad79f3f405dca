"""Decides, from the stack, which code is responsible for an operation. For the runtime wall (audit.py).

The file that a frame's code was compiled from makes the frame USER, OURS (this folder), IMPORTER (the import
machinery), STDLIB or LIBRARY (an installed package); code from any other file is USER. Programs cannot make
code under the name of another file, because compile, exec and code objects are judged as well.

A call from C has no frame, so that map(), sorted(key=…) and functools.partial are judged by the Python frame that
called them. There are three ways to judge:

    anyone   The program is responsible if any frame is USER, unless a module of the stdlib or of a library is
             being imported further in. For what no library needs here (processes, sockets), so that even
             series.map(os.system) is caught.
    driver   The program is responsible if the nearest frame that is not STDLIB is USER: the standard library
             acts for its caller (pathlib, copy, contextlib, threading …), whereas a package acts for itself.
    named    The standard library and packages act for themselves where their own code names what is done: typing
             names `_getframe`, namedtuple names `eval`. Where it does not, it only calls what it was handed (copy
             calls the function of a __reduce__, sorted a key, Series.map a function), and the next frame outwards is
             judged. For what the standard library often does for its own purposes. Functions that hand out what they
             read (`handsOut` in policy.json) act for whoever calls them.

OURS acts for the program, as when it runs functions registered with atexit; in the way `named`, unless its code names
what is done. A stack without a frame (a thread whose target is a C function) counts as the program.
"""

import ast
import ctypes
import functools
import os
import sys
import sysconfig
import types

import source
from policy import DATA

USER, OURS, IMPORTER, STDLIB, LIBRARY = range(5)
PROGRAM = source.FILENAME

_OUR_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep
_READ_BY_FORTRAN = {name: tuple(files) for name, files in DATA["readByFortran"].items()}
_HANDS_OUT = {name: tuple(os.sep + file for file in files) for name, files in DATA["handsOut"].items()}
# Of what it was before guards.py replaced it, which register() says.
back_of = types.FrameType.__dict__["f_back"].__get__
_WALL_FILES = tuple(_OUR_FOLDER + name for name in ("callers.py", "audit.py", "wall.py", "guards.py"))


def _c_function(name, *arguments, returns=ctypes.py_object):
    function = ctypes.PYFUNCTYPE(returns, *arguments)((name, ctypes.pythonapi))
    return function


_thread_state = _c_function("PyThreadState_Get", returns=ctypes.c_void_p)
_current_frame = _c_function("PyThreadState_GetFrame", ctypes.c_void_p)
_code_of = _c_function("PyFrame_GetCode", ctypes.py_object)
code_of = _code_of


def register(original_back):
    """From now on, every folder on sys.path except those of the standard library counts as one of packages, and frames
    are read by `original_back`, the descriptor `f_back` that Python has."""
    global _PACKAGES, _LIBRARY, back_of
    back_of = original_back.__get__
    _PACKAGES = tuple(set(_folders(filter(os.path.isabs, sys.path))) - set(_STDLIB))
    _LIBRARY = (*_STDLIB, *_PACKAGES, _OUR_FOLDER)
    kind_of.cache_clear()


def library_folders():
    """The folders of the standard library and of packages, and this one: Python prints the lines of a traceback."""
    return _LIBRARY


def calling_frame():
    """The frame whose operation raised the event, or None: the first one that is not of the wall.

    By functions of C that raise no events, which reading frames in Python does: so no event has to be let pass while the
    wall judges, when code of the program may run as well (a finaliser, a signal handler).
    """
    frame = _current_frame(_thread_state())
    while frame is not None and _code_of(frame).co_filename.startswith(_WALL_FILES):
        frame = back_of(frame)
    return frame


def frame_outside(frame):
    """The next frame outwards that is not OURS, or None."""
    frame = back_of(frame)
    while frame is not None and kind_of(_code_of(frame).co_filename) == OURS:
        frame = back_of(frame)
    return frame


def is_program(frame, way):
    """Whether the program is responsible, judged by the stack from `frame` outwards."""
    while frame is not None:
        found = kind_of(_code_of(frame).co_filename)
        if found in (USER, OURS):
            return True
        if found == IMPORTER or (found == LIBRARY and way == "driver"):
            return False
        if _code_of(frame).co_name == "<module>":
            return False
        frame = back_of(frame)
    return True


def is_driven(frame, names):
    """Whether the program is responsible for an operation of one of these names: the way `named`."""
    within = None
    while frame is not None:
        code = _code_of(frame)
        found = kind_of(code.co_filename)
        if found == USER:
            return True
        if found == IMPORTER or code.co_name == "<module>" or code.co_filename == within:
            return False
        if code.co_filename.endswith(_HANDS_OUT.get(code.co_name, ())):
            # What calls it has to name it, or to be its neighbour.
            within, names = code.co_filename, {code.co_name}
        elif names_one_of(code, names):
            return False
        elif found == OURS:
            return True
        frame = back_of(frame)
    return True


def is_fortran(frame, name):
    """Whether it is a wrapper made by f2py that reads this attribute: scipy calls Fortran in these files, which calls a
    function back, and first reads how many arguments that has."""
    filename = "" if frame is None else _code_of(frame).co_filename
    return kind_of(filename) == LIBRARY and filename.endswith(_READ_BY_FORTRAN.get(name, ()))


def is_importer(frame):
    """Whether it is the import machinery that acts here, which reads modules from folders or from zip files."""
    filename = "" if frame is None else _code_of(frame).co_filename
    return kind_of(filename) == IMPORTER or filename == "<frozen zipimport>"


def is_parser(frame):
    """Whether it is ast.parse, which compiles text to a syntax tree only."""
    return frame is not None and _code_of(frame).co_name == "parse" and _code_of(frame).co_filename == ast.__file__


def is_doctest(frame):
    """Whether it is the module of the standard library, of which there may be two (copies.py)."""
    filename = "" if frame is None else _code_of(frame).co_filename
    return filename.endswith(f"{os.sep}doctest.py") and kind_of(filename) == STDLIB


def names_one_of(code, names):
    """Whether this code object has one of the names, as an identifier or as a text."""
    return not names.isdisjoint(code.co_names) or not names.isdisjoint(_strings(code))


def _strings(code):
    return [constant for constant in code.co_consts if type(constant) is str]


def nearest_user_line(frame):
    """The line number of the nearest frame of the program, or None."""
    while frame is not None:
        if _code_of(frame).co_filename == PROGRAM:
            return frame.f_lineno
        frame = back_of(frame)
    return None


def is_called_by(frame, file_ending, function):
    """Whether the stack has this function of the standard library, or any of this file where that is None, and no frame
    of the program further in."""
    while frame is not None:
        code = _code_of(frame)
        found = kind_of(code.co_filename)
        if found == USER:
            return False
        if found == STDLIB and function in (code.co_name, None) and code.co_filename.endswith(file_ending):
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


@functools.lru_cache(maxsize=None)
def module_of(filename):
    """The dotted name of the module of the standard library or of a package that this file is."""
    folder = max((each for each in (*_STDLIB, *_PACKAGES) if filename.startswith(each)), key=len, default="")
    name = filename[len("<frozen ") : -1] if filename.startswith("<frozen ") else filename[len(folder) :]
    name = name[: -len(".py")] if name.endswith(".py") else name
    parts = name.split(os.sep)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _folders(paths):
    both = (folder for path in paths for folder in (path, os.path.realpath(path)))
    return tuple({folder.rstrip(os.sep) + os.sep for folder in both})


_paths = sysconfig.get_paths()
_STDLIB = _folders([_paths["stdlib"], _paths["platstdlib"], os.path.dirname(os.__file__)])
_PACKAGES = ()
_LIBRARY = (*_STDLIB, _OUR_FOLDER)
