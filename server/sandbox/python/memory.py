"""How much memory a cell holds, read from outside it."""

import os

_PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024


def resident_kb(pid):
    """Resident memory of a cell's PID 1 and all below it, KiB.

    Orphans fall to PID 1, so the tree below it is always the whole cell. Pages that a forked child still
    shares with its parent count twice; the alternative, PSS, costs a hundred times as much to read.
    """
    total = 0
    pending = [pid]
    while pending:
        current = pending.pop()
        try:
            total += int(_read(f"/proc/{current}/statm").split()[1]) * _PAGE_KB
            for thread in os.listdir(f"/proc/{current}/task"):
                pending.extend(_read(f"/proc/{current}/task/{thread}/children").split())
        except (OSError, IndexError):
            continue  # it ended meanwhile
    return total


def _read(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        return os.read(fd, 1 << 16).decode()
    finally:
        os.close(fd)
