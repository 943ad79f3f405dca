"""What a cell uses, read from outside it.

Memory counts where it is the run's own: anonymous and shared pages and the tables that lead to them, beyond what every cell
has from its fork-server (with pandas loaded 40 MB, which all its cells share). A page of that which the run writes to
becomes its own without being counted, so that the count can be short by what was inherited.
"""

import os

_PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024
_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
# Fields of /proc/<pid>/stat after the name, which may hold anything: utime, stime, cutime, cstime.
_TIMES = slice(11, 15)
_DATA = 5  # of /proc/<pid>/statm: private writable mappings, which RLIMIT_DATA bounds
_COUNTED = ("RssAnon:", "RssShmem:", "VmPTE:")


def own_memory():
    """{"residentKb", "dataKb"} of this process: what a cell is born with."""
    data_kb = int(_read("/proc/self/statm").split()[_DATA]) * _PAGE_KB
    return {"residentKb": _resident_kb("self"), "dataKb": data_kb}


def usage_of(pid, inherited):
    """(memory in KiB, CPU time in ms) of a cell's PID 1 and all below it.

    Orphans fall to PID 1, so the tree below it is always the whole cell. Pages that a forked child still
    shares with its parent count twice; the alternative, PSS, takes 4 to 12 ms to read where this takes 20 microseconds.
    """
    memory_kb = cpu_ms = 0
    pending = [pid]
    while pending:
        current = pending.pop()
        try:
            memory_kb += max(0, _resident_kb(current) - inherited["residentKb"])
            times = _read(f"/proc/{current}/stat").rpartition(") ")[2].split()[_TIMES]
            cpu_ms += sum(map(int, times)) * _TICK_MS
            for thread in os.listdir(f"/proc/{current}/task"):
                pending.extend(_read(f"/proc/{current}/task/{thread}/children").split())
        except (OSError, IndexError):
            continue  # it ended meanwhile
    return memory_kb, cpu_ms


def _resident_kb(pid):
    lines = _read(f"/proc/{pid}/status").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(_COUNTED))


def _read(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        return os.read(fd, 1 << 16).decode(errors="replace")
    finally:
        os.close(fd)
