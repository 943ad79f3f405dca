"""The fork-server: one per environment, inside the bubblewrap room. Started as

    python -I -S -B -u -X utf8 forkserver.py '<config as JSON>'

It imports what runs commonly use, listens on a unix socket, prints `ready` and then, until its control
connection ends, makes cells (cell.py), watches their memory and deadlines, signals them and tells Node how
they ended. Nothing of any run ever enters this process, because every cell is a copy of it.

A connection starts with five bytes: a role (0 control, 1 cell) and a cell's number. The second kind asks for a
cell and becomes its private channel; the cell's output goes into the pipes <number>.out and <number>.err beside
the socket, whose names Node removes once it has opened them. Frames on both: frames.py.
"""

import gc
import importlib
import json
import os
import select
import signal
import site
import socket
import struct
import sys
import time

_HEADER = struct.Struct(">BI")
_CONTROL = 0
_WATCH_EVERY_MS = 20


def main():
    config = json.loads(sys.argv[1])
    _preload(config["preload"])
    _add_site_builtins()
    _become(config["uid"])
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{config['socketFolder']}/forkserver.sock")
    listener.listen(256)
    gc.collect()
    gc.disable()
    gc.freeze()
    os.write(1, b"ready\n")
    ForkServer(config, listener).serve()


def _preload(names):
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError:
            pass  # an interpreter built without it; code that wants it gets the ImportError


def _add_site_builtins():
    """exit, quit and help, which -S leaves out along with the host's site-packages and what those import."""
    site.setquit()
    site.setcopyright()
    site.sethelper()


def _open_pipe(path):
    """The writing end of a new named pipe, which Node will read. Opening it needs a reader, until it is open."""
    os.mkfifo(path, 0o600)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(path, os.O_WRONLY)
    os.close(reader)
    return writer


def _become(uid):
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        syscalls.set_dumpable()


class Cell:
    def __init__(self, number, pid):
        self.number = number
        self.pid = pid
        self.pidfd = os.pidfd_open(pid)
        self.reason = None
        self.memory_kb = None
        self.deadline = None
        self.kill_at = None

    def signal(self, number):
        try:
            signal.pidfd_send_signal(self.pidfd, number)
        except ProcessLookupError:
            pass


class ForkServer:
    def __init__(self, config, listener):
        self._config = config
        self._folder = config["socketFolder"]
        self._listener = listener
        self._control = None
        self._control_frames = FrameReader()
        self._cells = {}
        self._by_pidfd = {}
        self._poll = select.poll()
        self._poll.register(listener, select.POLLIN)

    def serve(self):
        while True:
            for fd, _events in self._poll.poll(self._wait_ms()):
                if fd == self._listener.fileno():
                    self._accept()
                elif self._control and fd == self._control.fileno():
                    self._read_control()
                elif fd in self._by_pidfd:
                    self._reap(self._by_pidfd[fd])
            self._watch()

    def _accept(self):
        connection, _address = self._listener.accept()
        role, number = _HEADER.unpack(connection.recv(_HEADER.size, socket.MSG_WAITALL))
        if role == _CONTROL:
            self._control = connection
            self._poll.register(connection, select.POLLIN)
            return
        output = _open_pipe(f"{self._folder}/{number}.out")
        errors = _open_pipe(f"{self._folder}/{number}.err")
        self._make_cell(number, output, errors, connection.fileno())
        os.close(output)
        os.close(errors)
        connection.close()

    def _make_cell(self, number, *descriptors):
        uid, gid = os.getuid(), os.getgid()
        try:
            pid = syscalls.clone(cell.NAMESPACES)
        except OSError as error:
            self._tell({"kind": "unavailable", "cell": number, "message": str(error)})
            return
        if pid == 0:
            cell.live(self._config, uid, gid, *descriptors)
        made = Cell(number, pid)
        self._cells[number] = made
        self._by_pidfd[made.pidfd] = made
        self._poll.register(made.pidfd, select.POLLIN)

    def _read_control(self):
        data = self._control.recv(1 << 16)
        if not data:
            os._exit(0)  # Node is gone; the room and every cell end with this process
        for frame in self._control_frames.feed(data):
            target = self._cells.get(frame["cell"])
            if target and frame["kind"] == "watch":
                target.memory_kb = frame["memoryMb"] * 1024
                target.deadline = time.monotonic() + frame["killAfterMs"] / 1000
            elif target and frame["kind"] == "end":
                target.signal(signal.SIGTERM)
                target.kill_at = time.monotonic() + frame["graceMs"] / 1000

    def _reap(self, ended):
        _pid, status, usage = os.wait4(ended.pid, 0)
        self._poll.unregister(ended.pidfd)
        os.close(ended.pidfd)
        del self._cells[ended.number], self._by_pidfd[ended.pidfd]
        self._tell(
            {
                "kind": "exit",
                "cell": ended.number,
                "exitCode": os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
                "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
                "reason": ended.reason,
                "cpuMs": round((usage.ru_utime + usage.ru_stime) * 1000),
                "maxRssKb": usage.ru_maxrss,
            }
        )

    def _wait_ms(self):
        """Nothing running: sleep until something arrives, so that an idle server costs no CPU."""
        busy = any(c.memory_kb is not None or c.kill_at is not None for c in self._cells.values())
        return _WATCH_EVERY_MS if busy else None

    def _watch(self):
        now = time.monotonic()
        for watched in self._cells.values():
            if watched.kill_at is not None and now >= watched.kill_at:
                watched.signal(signal.SIGKILL)
            elif watched.memory_kb is not None:
                self._watch_run(watched, now)

    def _watch_run(self, watched, now):
        if now >= watched.deadline:
            watched.reason = watched.reason or "deadline"
            watched.signal(signal.SIGKILL)
        elif resident_kb(watched.pid) > watched.memory_kb:
            watched.reason = "memory"
            watched.signal(signal.SIGKILL)

    def _tell(self, frame):
        self._control.sendall(encode_frame(frame))


if __name__ == "__main__":
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path.insert(0, folder)
    import cell
    import syscalls
    from frames import FrameReader, encode_frame
    from memory import resident_kb

    # A run's `import results` must find nothing of ours.
    sys.path.remove(folder)
    for name, module in list(sys.modules.items()):
        if getattr(module, "__file__", None) and os.path.dirname(module.__file__) == folder and name != "__main__":
            del sys.modules[name]
    main()
