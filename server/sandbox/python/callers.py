"""Who is behind an operation: the judgement of stacks for the runtime wall (audit.py).

A frame is USER, OURS (this folder), IMPORTER (the import machinery), STDLIB or LIBRARY (an installed
package), by the file its code was compiled from; code from anywhere else is USER. Programs cannot make code
under another file's name: compile, exec and code objects are themselves judged.

A call that C makes has no frame of its own, so that map(), sorted(key=…) and functools.partial are judged as
the Python that drives them. Three ways to judge, from strict to lenient:

    anyone   USER, unless a module of the stdlib or of a library is being imported further in: that is the
             module's own doing. For what no library needs here (processes, sockets). A deputy such as
             series.map(os.system) is no way out.
    driver   USER when the nearest frame that is not STDLIB is: the standard library does what it is told, so that
             pathlib, copy, contextlib, threading … are no deputies. A package is held to know what it does.
    direct   USER when the nearest frame is. For what the standard library does all the time on anyone's behalf
             (namedtuple executes code, typing looks at frames).

To the first two OURS is as USER: it acts for the program, as when it runs what was registered with atexit. A
stack without any frame (a C function that a thread was started with) is USER.
"""

import functools
import os
import sys
import sysconfig
import types

import source

USER, OURS, IMPORTER, STDLIB, LIBRARY = range(5)

_OUR_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep
# Taken before audit.py puts judged descriptors in their place.
_back_of = types.FrameType.__dict__["f_back"].__get__


def know_packages():
    """Takes every folder that modules are imported from now, but the standard library's, for one of packages."""
    global _PACKAGES
    _PACKAGES = tuple(set(_folders(filter(os.path.isabs, sys.path))) - set(_STDLIB))
    _kind.cache_clear()


def is_program(frame, way):
    """Whether the stack from `frame` outwards is judged to be the program's doing."""
    if frame is None:
        return True
    if way == "direct":
        return _kind(frame.f_code.co_filename) == USER
    while frame is not None:
        kind = _kind(frame.f_code.co_filename)
        if kind in (USER, OURS):
            return True
        if kind == IMPORTER or (kind == LIBRARY and way == "driver"):
            return False
        if frame.f_code.co_name == "<module>":
            return False
        frame = _back_of(frame)
    return True


def nearest_user_line(frame):
    """The line of the program nearest to `frame`, or None."""
    while frame is not None:
        if frame.f_code.co_filename == source.FILENAME:
            return frame.f_lineno
        frame = _back_of(frame)
    return None


def is_called_by(frame, file_ending, function):
    """Whether a function of the standard library is in the stack, with no frame of the program's further in."""
    while frame is not None:
        code = frame.f_code
        kind = _kind(code.co_filename)
        if kind == USER:
            return False
        if kind == STDLIB and code.co_name == function and code.co_filename.endswith(file_ending):
            return True
        frame = _back_of(frame)
    return False


@functools.lru_cache(maxsize=None)
def _kind(filename):
    if filename == source.FILENAME:
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
