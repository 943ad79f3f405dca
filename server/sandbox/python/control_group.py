"""A cell's control group (cgroup v2), where the host delegated one to the server.

The room has a folder of the hierarchy bound into it; Node made it and drew it (local/control-group.ts). The fork-server
lives in its `room`; each cell gets a group beside that, and enters it itself before anything else, so that it never is
anywhere else with a process of its own. Cells do not see the folder.
"""

import os


def enter_room(folder):
    _write(f"{folder}/room/cgroup.procs", 0)


class ControlGroup:
    """Bounds processes from the start, and memory once a run's limit is known."""

    def __init__(self, folder, number, max_processes):
        self._path = f"{folder}/{number}"
        os.mkdir(self._path)
        self._set("pids.max", max_processes)
        self._set("memory.oom.group", 1)

    def enter(self):
        """Moves the calling process, and with it all that it will start."""
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
        """After its last process; one that cannot be removed yet is left to Node."""
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
