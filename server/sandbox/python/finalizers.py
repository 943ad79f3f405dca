"""What Python runs when an interpreter ends, for a program that has ended: `__del__` of its objects, and the `finally`
of its suspended generators.

As in Python, the program's module is let go, garbage is collected, and a module that something else still holds is
emptied. That frees the data of the program, which takes time that other programs need not spend, so it is done only for
code that may have either.
"""

import _thread
import os
import re
import sys
import threading
import weakref
from gc import collect

END_SECONDS = 2
_LINGER_SECONDS = 0.2  # as cells do after their outcome
_GENERATOR = re.compile(r"\byield\b")
_CLEANS_UP = re.compile(r"\b(?:finally|except|with)\b")


def may_have_some(code):
    # A regular expression that is used for the first time costs a cell ten times as much as this.
    return "__del__" in code or ("yield" in code and bool(_GENERATOR.search(code) and _CLEANS_UP.search(code)))


def run_finalizers(end_early):
    """The caller must have let go of the program's namespace. Where it takes longer than END_SECONDS, `end_early()` is
    called on another thread, and the process ends. Never raises."""
    has_ended = _thread.allocate_lock()
    has_ended.acquire()
    try:
        _thread.start_new_thread(_watch, (has_ended, end_early))
    except RuntimeError:
        pass  # the program has as many threads as it may have; its timeout is the bound
    try:
        module = weakref.ref(sys.modules.pop("__main__"))
        collect()
        if module() is not None and threading.active_count() == 1:
            _empty(module().__dict__)
    except BaseException:
        pass  # the time is up, or the program has replaced its module
    finally:
        has_ended.release()


def _watch(has_ended, end_early):
    if not has_ended.acquire(timeout=END_SECONDS):
        end_early()
        if not has_ended.acquire(timeout=_LINGER_SECONDS):
            os._exit(0)


def _empty(namespace):
    """As Python does: names with one underscore first. What ends needs `__builtins__`."""
    names = [name for name in namespace if type(name) is str and name != "__builtins__"]
    for name in sorted(names, key=lambda name: name[:1] != "_" or name[:2] == "__"):
        namespace[name] = None
