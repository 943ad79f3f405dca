"""What a cell uses, read from outside it."""

import os

_PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024
_TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")
# Fields of /proc/<pid>/stat after the name, which may hold anything: utime, stime, cutime, cstime; vsize; rss.
_TIMES, _VIRTUAL_BYTES, _RSS = slice(11, 15), 20, 21
# The tables that lead to pages are in nobody's resident memory; they are at most a 512th of what is mapped.
_LARGE_BYTES = 1 << 30


def usage_of(pid):
    """(memory in KiB, CPU time in ms) of a cell's PID 1 and all below it; memory is resident pages and page tables.

    Orphans fall to PID 1, so the tree below it is always the whole cell. Pages that a forked child still
    shares with its parent count twice; the alternative, PSS, costs a hundred times as much to read.
    """
    memory_kb = cpu_ms = 0
    pending = [pid]
    while pending:
        current = pending.pop()
        try:
            fields = _read(f"/proc/{current}/stat").rpartition(") ")[2].split()
            memory_kb += int(fields[_RSS]) * _PAGE_KB
            cpu_ms += sum(map(int, fields[_TIMES])) * _TICK_MS
            if int(fields[_VIRTUAL_BYTES]) > _LARGE_BYTES:
                memory_kb += _page_tables_kb(current)
            for thread in os.listdir(f"/proc/{current}/task"):
                pending.extend(_read(f"/proc/{current}/task/{thread}/children").split())
        except (OSError, IndexError):
            continue  # it ended meanwhile
    return memory_kb, cpu_ms


def _page_tables_kb(pid):
    return int(_read(f"/proc/{pid}/status").partition("VmPTE:")[2].split()[0])


def _read(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        return os.read(fd, 1 << 16).decode(errors="replace")
    finally:
        os.close(fd)
