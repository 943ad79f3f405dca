"""A cell's control group (cgroup v2), where the host delegated one to the server.

Node makes a group for the room, whose folder is bound into the room (local/control-group.ts shows the hierarchy). The
fork-server lives in the subgroup `room`. Each cell has a subgroup beside that and enters it before it does anything
else, so that no process of a cell is ever outside. Cells do not see the folder.
"""

import os


def enter_room(folder):
    _write(f"{folder}/room/cgroup.procs", 0)


class ControlGroup:
    """Limits the processes of a cell from the start, and its memory once the limit of the run is known."""

    def __init__(self, folder, number, max_processes):
        self._path = f"{folder}/{number}"
        os.mkdir(self._path)
        self._set("pids.max", max_processes)
        self._set("memory.oom.group", 1)

    def enter(self):
        """Moves the calling process and its future children into the group."""
        self._set("cgroup.procs", 0)

    def limit_memory(self, kb):
        self._set("memory.max", kb * 1024)
        if os.path.exists(f"{self._path}/memory.swap.max"):
            self._set("memory.swap.max", 0)

    def cpu_ms(self):
        return self._count("cpu.stat", "usage_usec") / 1000

    def ran_out_of_memory(self):
        return self._count("memory.events", "oom_kill") > 0

    def remove(self):
        """Called after the last process has ended. A group that cannot be removed yet is left to Node."""
        try:
            os.rmdir(self._path)
        except OSError:
            pass

    def _set(self, file, value):
        _write(f"{self._path}/{file}", value)

    def _count(self, file, name):
        with open(f"{self._path}/{file}") as lines:
            return next((int(line.split()[1]) for line in lines if line.startswith(f"{name} ")), 0)


def _write(path, value):
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, str(value).encode())
    finally:
        os.close(fd)
