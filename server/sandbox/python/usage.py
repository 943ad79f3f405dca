"""The memory and CPU time of a cell, read from outside it.

The memory of a run is its anonymous and shared pages and its page tables, beyond what every cell inherits from its
fork-server (with pandas loaded 40 MB, which all cells share). Inherited pages that a process of the run writes to
become its own without being counted; `resident_kb`, which includes them, bounds how many there can be.
"""

import os
from typing import NamedTuple

_PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024
_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
# Fields of /proc/<pid>/stat after the name, which may contain any character: utime, stime, cutime, cstime.
_TIMES = slice(11, 15)
_DATA = 5  # of /proc/<pid>/statm: private writable mappings, which RLIMIT_DATA bounds
_COUNTED = ("RssAnon:", "RssShmem:", "VmPTE:")
# The kernel's default buffer size, which one message may exceed; runs cannot raise it (seccomp.py).
_MOST_IN_A_SOCKET_KB = 2 * 208


class Usage(NamedTuple):
    """Sums over a cell. `own_kb` subtracts from each process what it inherited; `resident_kb` subtracts nothing."""

    own_kb: int
    resident_kb: int
    cpu_ms: float


def own_memory():
    """{"residentKb", "dataKb"} of this process, which every cell inherits."""
    data_kb = int(_read("/proc/self/statm").split()[_DATA]) * _PAGE_KB
    return {"residentKb": _resident_kb("self"), "dataKb": data_kb}


def usage_of(pid, inherited):
    """The usage of a cell's PID 1 and all processes below it.

    PID 1 adopts orphans, so the tree below it is always the whole cell. Pages that a forked child still shares with its
    parent count twice. The alternative, PSS, takes 4 to 12 ms to read; this takes 20 microseconds.
    """
    own_kb = all_kb = cpu_ms = 0
    pending = [pid]
    while pending:
        current = pending.pop()
        try:
            resident_kb = _resident_kb(current)
            own_kb += max(0, resident_kb - inherited["residentKb"])
            all_kb += resident_kb
            times = _read(f"/proc/{current}/stat").rpartition(") ")[2].split()[_TIMES]
            cpu_ms += sum(map(int, times)) * _TICK_MS
            for thread in os.listdir(f"/proc/{current}/task"):
                pending.extend(_read(f"/proc/{current}/task/{thread}/children").split())
        except (OSError, IndexError):
            continue  # the process ended meanwhile
    return Usage(own_kb, all_kb, cpu_ms)


def sockets_kb(pid):
    """The most memory that the sockets in a cell's network namespace can hold, which no process includes."""
    try:
        return int(_read(f"/proc/{pid}/net/sockstat").split()[2]) * _MOST_IN_A_SOCKET_KB
    except (OSError, IndexError):
        return 0  # the cell ended meanwhile


def _resident_kb(pid):
    lines = _read(f"/proc/{pid}/status").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(_COUNTED))


def _read(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        return os.read(fd, 1 << 16).decode(errors="replace")
    finally:
        os.close(fd)
