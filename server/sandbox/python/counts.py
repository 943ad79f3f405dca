"""What a cell may have of the things that the kernel counts for a user, and not for a process or a namespace.

All cells are one user, which is the server's own where the server is not root. A cell that had all of them would leave
none to the server. Calls that make such a thing wait until `judge` has counted it (seccomp.py). What else the kernel
counts so is refused (inotify, message queues, keys, namespaces) or bounded by an rlimit (signals that wait).
"""

import errno
import time

from usage import PROC, pipes_of

_LEAST_SHARED_KB = 64
# Of what the kernel grants a user, which is 4 % of the host's memory: a million on a host of 4 GiB.
_SHARE_OF_WATCHES = 64
_MOST_WATCHES = 32_768
_MOST_PIPES = 256  # 16 MiB; the kernel grants a user 64 MiB, and makes pipes of a page or two after that
_FEW_PIPES = _MOST_PIPES // 2
_PAUSE = 10  # between two looks, in units of the time that a look takes


class Counts:
    def __init__(self, pid):
        self.shared_kb = 0
        self._pid = pid
        self._watches = 0
        self._pipes = 0
        self._found = 0
        self._next_look = 0

    def judge(self, call, arguments):
        """0 where the call may continue, otherwise the errno with which it fails; None for any other call."""
        if call == "mmap":
            # A minimum for each, so that a flood of small mappings, which costs this process time, reaches the limit.
            self.shared_kb += max(arguments[1] // 1024, _LEAST_SHARED_KB)
            return 0
        if call == "epoll_ctl":
            # Never less again, because a watch outlives the descriptor that it is on.
            self._watches += 1
            return 0 if self._watches <= most_watches else errno.ENOSPC
        if call in ("pipe", "pipe2"):
            return self._judge_pipe()
        return None

    def _judge_pipe(self):
        self._pipes += 1
        now = time.monotonic()
        # A cell that had few at the last look has made many since, so it pays for this one whenever that is.
        if self._pipes > _MOST_PIPES and (now >= self._next_look or self._found <= _FEW_PIPES):
            self._found = pipes_of(self._pid)
            self._pipes = self._found + 1
            self._next_look = now + _PAUSE * (time.monotonic() - now)
        return 0 if self._pipes <= _MOST_PIPES else errno.EMFILE


def _most_watches():
    try:
        with open(f"{PROC}/sys/fs/epoll/max_user_watches") as file:
            return min(_MOST_WATCHES, int(file.read()) // _SHARE_OF_WATCHES)
    except OSError:
        return _MOST_WATCHES


most_watches = _most_watches()
