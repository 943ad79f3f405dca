"""What a run has left in its process, for a cell that goes on to the next item of a list (cell.py).

A cell goes on only where a run has left nothing that the next one could stumble over: no file, thread or process, no
function for the end of the program, no other folder, environment, stream, signal handler or builtin, no handler of
`logging`, and little memory. Nothing is tidied up, because a new cell is the same and cheaper to trust: `found()` says
only whether there is something. What remains is what modules keep for themselves, such as caches, options and what was
imported; the same code has put it there, and would again.

Hostile code can make all of this say what it likes. What keeps its list from others is the cell.
"""

import _thread
import atexit
import builtins
import logging
import os
import resource
import signal
import sys
import threading
import weakref

_FOLDERS = ("/tmp", "/dev/shm")
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGALRM, signal.SIGUSR1, signal.SIGCHLD)


class Leftovers:
    def __init__(self, memory_kb):
        """Before the first run. `memory_kb`: by how much the process may have grown."""
        self._max_kb = _largest_kb() + memory_kb
        self._state = _state()
        self._exit_functions = ExitFunctions()

    def found(self, own_threads):
        """After a run. `own_threads`: how many threads of Weft's own there are. Never raises."""
        try:
            return (
                _thread._count() > own_threads
                or _has_processes()
                or self._exit_functions.have_changed()
                or _largest_kb() > self._max_kb
                or _state() != self._state
            )
        except Exception:
            return True  # a folder that is gone, or a stream that is none


class ExitFunctions:
    """What is to be done when the interpreter ends, as it was before a program."""

    def __init__(self):
        self._inherited = _at_exit()
        # Of the standard library that every cell inherits, there is one: it flushes handlers of `logging`.
        self.are_of_libraries = self._inherited[0] > 1

    def have_changed(self):
        """Whether the program, or a module that it has imported, has left something to do."""
        return _at_exit() != self._inherited


def _at_exit():
    return atexit._ncallbacks(), len(weakref.finalize._registry), len(logging._handlerList)


def _state():
    """Of what it holds, everything is compared, dictionaries too."""
    return (
        [os.statvfs(folder).f_ffree for folder in _FOLDERS],
        os.getcwd(),
        dict(os.environ._data),
        dict(vars(builtins)),
        list(sys.path),
        [sys.stdout, sys.stderr, sys.stdout.closed, sys.excepthook, sys.displayhook, threading.excepthook],
        [signal.getsignal(number) for number in _SIGNALS],
        signal.getitimer(signal.ITIMER_REAL)[0] > 0,
    )


def _has_processes():
    """Also one that has ended by now."""
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def _largest_kb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
