"""The memory and CPU time of a cell, read from outside it.

The memory of a run is its anonymous and shared pages and its page tables, beyond what every cell inherits from its
fork-server (with pandas loaded 40 MB, which all cells share). Inherited pages that a process of the run writes to
become its own without being counted; `resident_kb`, which includes them, bounds how many there can be.

The kernel has memory for a run that no process includes: for each mapping, each lock on a file and each socket. A mapping
counts as a page, because the kernel has some hundred bytes for it in each process that inherits it.
"""

import os
import random
from typing import NamedTuple, Tuple

# Not /proc, where libraries look for it: what they find while they are imported ahead, a run must find as well.
PROC = "/weft/proc"

_PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024
_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
# Fields of <pid>/stat after the name, which may contain any character: utime, stime, cutime, cstime.
_TIMES = slice(11, 15)
_DATA = 5  # of <pid>/statm: private writable mappings, which RLIMIT_DATA bounds
_COUNTED = ("RssAnon:", "RssShmem:", "VmPTE:")
_MAPPED = "VmSize:"
# The kernel's default buffer size, which one message may exceed; runs cannot raise it (seccomp.py).
_MOST_IN_A_SOCKET_KB = 2 * 208
_LOCK_KB = 1
_DESCRIPTORS_READ = 32
_BLOCK = 1 << 16


class Usage(NamedTuple):
    """Sums over a cell. `own_kb` subtracts from each process what it inherited; `resident_kb` subtracts nothing."""

    own_kb: int
    resident_kb: int
    # Address space beyond what was inherited: no mapping is smaller than a page, so it bounds their number.
    mapped_kb: int
    cpu_ms: float
    processes: Tuple[str, ...]


def own_memory():
    """What every cell inherits of this process."""
    data_kb = int(_read(f"{PROC}/self/statm").split()[_DATA]) * _PAGE_KB
    resident_kb, mapped_kb = _memory_kb("self")
    mappings = _count(f"{PROC}/self/maps", b"\n")
    return {"residentKb": resident_kb, "dataKb": data_kb, "mappedKb": mapped_kb, "mappings": mappings}


def usage_of(pid, inherited):
    """The usage of a cell's PID 1 and all processes below it.

    PID 1 adopts orphans, so the tree below it is always the whole cell. Pages that a forked child still shares with its
    parent count twice. The alternative, PSS, takes 4 to 12 ms to read; this takes 20 microseconds.
    """
    own_kb = all_kb = mapped_kb = cpu_ms = 0
    processes = []
    pending = [pid]
    while pending:
        current = pending.pop()
        processes.append(current)
        try:
            resident, mapped = _memory_kb(current)
            own_kb += max(0, resident - inherited["residentKb"])
            all_kb += resident
            mapped_kb += max(0, mapped - inherited["mappedKb"])
            times = _read(f"{PROC}/{current}/stat").rpartition(") ")[2].split()[_TIMES]
            cpu_ms += sum(map(int, times)) * _TICK_MS
            for thread in os.listdir(f"{PROC}/{current}/task"):
                pending.extend(_read(f"{PROC}/{current}/task/{thread}/children").split())
        except (OSError, IndexError):
            continue  # the process ended meanwhile
    return Usage(own_kb, all_kb, mapped_kb, cpu_ms, tuple(processes))


def mappings_kb(processes, inherited, most_kb):
    """What the mappings of these processes count, beyond the inherited ones; not exact where it is over `most_kb`."""
    found_kb = 0
    for pid in processes:
        most = inherited["mappings"] + (most_kb - found_kb) // _PAGE_KB
        found = _count(f"{PROC}/{pid}/maps", b"\n", most)
        found_kb += max(0, found - inherited["mappings"]) * _PAGE_KB
        if found_kb > most_kb:
            break
    return found_kb


def locks_kb(processes, most_kb):
    """What the locks on files count. Of many descriptors it reads some, chosen at random, and estimates the rest."""
    descriptors = _descriptors(processes)
    chosen = random.sample(descriptors, min(_DESCRIPTORS_READ, len(descriptors)))
    held = sum(_count(f"{PROC}/{pid}/fdinfo/{fd}", b"\nlock:", most_kb) for pid, fd in chosen)
    return held * _LOCK_KB * len(descriptors) // max(1, len(chosen))


def pipes_of(pid):
    """How many pipes the cell has. Named pipes are not among them, and cells cannot make any."""
    processes = usage_of(pid, {"residentKb": 0, "mappedKb": 0}).processes
    links = (_link(f"{PROC}/{each}/fd/{fd}") for each, fd in _descriptors(processes))
    return len({link for link in links if link.startswith("pipe:")})


def sockets_kb(pid):
    """The most memory that the sockets in a cell's network namespace can hold, which no process includes."""
    try:
        return int(_read(f"{PROC}/{pid}/net/sockstat").split()[2]) * _MOST_IN_A_SOCKET_KB
    except (OSError, IndexError):
        return 0  # the cell ended meanwhile


def _memory_kb(pid):
    """(resident, address space) of a process."""
    lines = _read(f"{PROC}/{pid}/status").splitlines()
    resident = sum(int(line.split()[1]) for line in lines if line.startswith(_COUNTED))
    return resident, sum(int(line.split()[1]) for line in lines if line.startswith(_MAPPED))


def _descriptors(processes):
    found = []
    for pid in processes:
        try:
            found.extend((pid, fd) for fd in os.listdir(f"{PROC}/{pid}/fd"))
        except OSError:
            continue  # the process ended meanwhile
    return found


def _count(path, text, most=1 << 31):
    """How often the file has the text; not exact where it is more than `most`."""
    found = 0
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError:
        return 0  # the process ended meanwhile
    try:
        while found <= most:
            block = os.read(fd, _BLOCK)
            if not block:
                break
            found += block.count(text)
    except OSError:
        pass
    finally:
        os.close(fd)
    return found


def _link(path):
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _read(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        return os.read(fd, _BLOCK).decode(errors="replace")
    finally:
        os.close(fd)
