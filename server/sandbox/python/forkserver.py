"""The fork-server: one for each environment, inside the bubblewrap room. Started as

    python -I -S -B -u -X utf8 forkserver.py '<config as JSON>'

It imports what runs commonly use and the packages of its environment (preload.py), listens on a unix socket and prints
`ready`. Until its control connection ends, it then makes cells (cell.py), watches their limits and deadlines, signals
them and reports to Node how they ended. No code or data of a run ever enters this process, because every cell is a copy
of it.

A connection starts with a role (0 control, 1 cell), the number of the cell and the key of the room. The key proves that
Node meant this fork-server, and did not follow the link of another one. A connection of role 1 requests a cell and
becomes its private channel. The cell's output goes into the pipes <number>.out and <number>.err beside the socket; Node
removes their names once it has opened them. frames.py has the frames of both connections.
"""

import gc
import importlib
import json
import os
import resource
import select
import signal
import site
import socket
import struct
import sys
import time
import uuid

_HEADER = struct.Struct(">BI16s")
_CONTROL = 0
_WATCH_EVERY_MS = 20
_MAX_VIOLATIONS = 20
_LOOK_EVERY = 0.2  # seconds, at what the kernel has for a cell; each look takes 0.2 ms
_OPEN_FILES = 8192
# Path.home() and getpass.getuser() look here, and nowhere else where there is no /etc/passwd.
_ENVIRONMENT = {"HOME": "/tmp", "USER": "weft", "LOGNAME": "weft"}


def main():
    config = json.loads(sys.argv[1])
    os.environ.update(_ENVIRONMENT)
    if config["controlGroup"]:
        enter_room(config["controlGroup"])
    _allow_open_files()
    _preload(config["preload"])
    _add_site_builtins()
    _detach_uuid_from_the_host()
    _change_user(config["uid"])
    if config["packages"]:
        _import_packages(config)
    if config["policy"] != "kernel":
        wall.prepare()
    else:
        guards.hide_own_frames()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{config['socketFolder']}/forkserver.sock")
    listener.listen(256)
    gc.collect()
    gc.disable()
    gc.freeze()
    config["inherited"] = own_memory()
    os.write(1, b"ready\n")
    ForkServer(config, listener).serve()


def _preload(names):
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError:
            pass  # this interpreter was built without it; code that imports it gets the ImportError


def _allow_open_files():
    """The kernel refuses to send a descriptor when its user has more in flight than the sender may have open. A run can
    have a few hundred in flight, and new cells must still be able to send the listener of their filter."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    most = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _import_packages(config):
    preload.find_packages(config["packages"]["folder"])
    if config["packages"]["preload"]:
        cache_folder = f"{config['socketFolder']}/cache"
        os.mkdir(cache_folder, 0o700)
        preload.import_ahead(
            config["packages"]["preload"], lambda fd, line: os.write(fd, f"{line}\n".encode()), cache_folder
        )


def _add_site_builtins():
    """exit, quit and help, which -S leaves out together with the site-packages of the host."""
    site.setquit()
    site.setcopyright()
    site.sethelper()


def _detach_uuid_from_the_host():
    """uuid1() would look up the hardware address by a socket and by other programs. Without these it uses a random
    address, which the standard allows."""
    uuid._generate_time_safe = None
    uuid._GETTERS = []


def _open_pipe(path):
    """The writing end of a new named pipe for Node to read. Opening it without blocking needs a temporary reader."""
    os.mkfifo(path, 0o600)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(path, os.O_WRONLY)
    os.close(reader)
    return writer


def _change_user(uid):
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        syscalls.set_dumpable()


class Cell:
    """A living cell, seen from its fork-server."""

    def __init__(self, number, pid, guard, group):
        self.number = number
        self.pid = pid
        self.group = group
        self.pidfd = os.pidfd_open(pid)
        self.guard = guard
        self.listener = None
        self.violations = 0
        self.reason = None
        self.counts = Counts(pid)
        self.kernel_kb = 0
        self.looked_at = 0
        self.max_memory_kb = None
        self.max_cpu_ms = None
        self.spent_cpu_ms = 0
        self.deadline = None
        self.kill_at = None

    def signal(self, number):
        try:
            signal.pidfd_send_signal(self.pidfd, number)
        except ProcessLookupError:
            pass

    def overrun(self, now, inherited):
        """The limit that the cell is over, or None."""
        if now >= self.deadline:
            return "deadline"
        memory_kb, cpu_ms = self.usage(now, inherited)
        if memory_kb > self.max_memory_kb:
            return "memory"
        return "cpu" if cpu_ms > self.max_cpu_ms else None

    def usage(self, now, inherited):
        """(memory in KiB, CPU time in ms). The memory is 0 where a control group limits it."""
        if self.group:
            return 0, self.group.cpu_ms()
        usage = usage_of(self.pid, inherited)
        # Pages that processes share count once for each process, so the sum may exceed the limit by as much again.
        shared_out_kb = usage.resident_kb - inherited["residentKb"] - self.max_memory_kb
        own_kb = max(usage.own_kb, shared_out_kb, self.counts.shared_kb)
        if now >= self.looked_at + _LOOK_EVERY:
            self.looked_at = now
            self.kernel_kb = self._look(usage, own_kb, inherited)
        return own_kb + self.kernel_kb, usage.cpu_ms

    def _look(self, usage, own_kb, inherited):
        """KiB that the kernel has for the cell."""
        found_kb = sockets_kb(self.pid) + locks_kb(usage.processes, self.max_memory_kb)
        # Counting thousands of mappings takes milliseconds, so only where they could matter.
        if own_kb + found_kb + usage.mapped_kb > self.max_memory_kb:
            found_kb += mappings_kb(usage.processes, inherited, self.max_memory_kb)
        return found_kb

    def receive_listener(self):
        """The cell sends the listener of its system call filter when its walls are built."""
        _data, descriptors, _flags, _address = socket.recv_fds(self.guard, 1, 1)
        self.guard.close()
        self.guard = None
        self.listener = descriptors[0] if descriptors else None
        return self.listener

    def close(self):
        os.close(self.pidfd)
        if self.guard is not None:
            self.guard.close()
        if self.listener is not None:
            os.close(self.listener)
        if self.group:
            self.group.remove()


class ForkServer:
    def __init__(self, config, listener):
        self._config = config
        self._folder = config["socketFolder"]
        self._key = bytes.fromhex(config["key"])
        self._filter = seccomp.build_filter()
        self._listener = listener
        self._control = None
        self._control_frames = FrameReader()
        self._cells = {}
        self._poll = select.poll()
        self._handlers = {}
        self._forgot = False
        self._watched_at = 0
        self._on_readable(listener.fileno(), self._accept)

    def serve(self):
        while True:
            for fd, events in self._poll.poll(self._wait_ms()):
                if events & select.POLLIN:
                    self._handlers[fd]()
                else:
                    self._forget(fd)  # the listener of a cell that ends has no more reports
                if self._forgot:  # another descriptor may have its number now, and handlers block without data
                    self._forgot = False
                    break
            self._watch()

    def _on_readable(self, fd, handler):
        self._handlers[fd] = handler
        self._poll.register(fd, select.POLLIN)

    def _forget(self, fd):
        if self._handlers.pop(fd, None):
            self._poll.unregister(fd)
            self._forgot = True

    def _accept(self):
        connection, _address = self._listener.accept()
        role, number, key = _HEADER.unpack(connection.recv(_HEADER.size, socket.MSG_WAITALL))
        if key != self._key:
            connection.close()
        elif role == _CONTROL:
            self._control = connection
            self._on_readable(connection.fileno(), self._read_control)
        else:
            with connection:
                self._make_cell(number, connection)

    def _make_cell(self, number, channel):
        output = _open_pipe(f"{self._folder}/{number}.out")
        errors = _open_pipe(f"{self._folder}/{number}.err")
        ours, theirs = socket.socketpair()
        uid, gid = os.getuid(), os.getgid()
        group = None
        try:
            if self._config["controlGroup"]:
                group = ControlGroup(self._config["controlGroup"], number, self._config["limits"]["RLIMIT_NPROC"])
            pid = syscalls.clone(cell.NAMESPACES)
            if pid == 0:
                descriptors = (output, errors, channel.fileno(), theirs.fileno())
                cell.live(self._config, self._filter, uid, gid, descriptors, group)
            self._keep(Cell(number, pid, ours, group))
        except OSError as error:
            ours.close()
            if group:
                group.remove()
            self._send({"kind": "unavailable", "cell": number, "message": str(error)})
        finally:
            theirs.close()
            os.close(output)
            os.close(errors)

    def _keep(self, made):
        self._cells[made.number] = made
        self._on_readable(made.pidfd, lambda: self._reap(made))
        self._on_readable(made.guard.fileno(), lambda: self._guard(made))

    def _guard(self, guarded):
        self._forget(guarded.guard.fileno())
        if guarded.receive_listener() is not None:
            self._on_readable(guarded.listener, lambda: self._answer_call(guarded))

    def _answer_call(self, caller):
        report = seccomp.next_report(caller.listener)
        if report is None:
            return
        error = caller.counts.judge(report.call, report.arguments)
        if error is not None:
            if error:
                seccomp.refuse(caller.listener, report, error)
            else:
                seccomp.let_go_on(caller.listener, report)
            return
        caller.violations += 1
        if caller.violations > _MAX_VIOLATIONS:
            caller.signal(signal.SIGKILL)
            return
        # Sent before the call returns, so that Node receives this report before any effect of the refusal.
        self._send({"kind": "violation", "cell": caller.number, "call": report.call})
        seccomp.refuse(caller.listener, report)

    def _read_control(self):
        data = self._control.recv(1 << 16)
        if not data:
            os._exit(0)  # Node has ended; the room and every cell end with this process
        for frame in self._control_frames.feed(data):
            target = self._cells.get(frame["cell"])
            if target and frame["kind"] == "watch":
                target.max_memory_kb = frame["memoryMb"] * 1024
                if target.group:
                    # The group also counts the two folders, which have limits of their own.
                    target.group.limit_memory(target.max_memory_kb + 2 * self._config["scratchMb"] * 1024)
                if target.deadline is not None:  # of the run before
                    target.spent_cpu_ms = target.usage(time.monotonic(), self._config["inherited"])[1]
                target.max_cpu_ms = target.spent_cpu_ms + frame["cpuMs"]
                target.deadline = time.monotonic() + frame["killAfterMs"] / 1000
            elif target and frame["kind"] == "end":
                target.signal(signal.SIGTERM if frame["graceMs"] > 0 else signal.SIGKILL)
                target.kill_at = time.monotonic() + frame["graceMs"] / 1000

    def _reap(self, ended):
        _pid, status, usage = os.wait4(ended.pid, 0)
        if ended.group and ended.group.ran_out_of_memory():
            ended.reason = ended.reason or "memory"
        for fd in (ended.pidfd, ended.listener, ended.guard and ended.guard.fileno()):
            self._forget(fd)
        ended.close()
        del self._cells[ended.number]
        self._send(
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
        """None, which is without end, where no cell needs watching, so that an idle server costs no CPU."""
        busy = any(c.deadline is not None or c.kill_at is not None for c in self._cells.values())
        return _WATCH_EVERY_MS if busy else None

    def _watch(self):
        now = time.monotonic()
        if now < self._watched_at + _WATCH_EVERY_MS / 1000:
            return  # looking at a run with many processes costs more than answering one of its calls
        self._watched_at = now
        for watched in self._cells.values():
            if watched.kill_at is not None and now >= watched.kill_at:
                watched.signal(signal.SIGKILL)
            elif watched.deadline is not None:
                watched.reason = watched.reason or watched.overrun(now, self._config["inherited"])
                if watched.reason:
                    watched.signal(signal.SIGKILL)

    def _send(self, frame):
        self._control.sendall(encode_frame(frame))


if __name__ == "__main__":
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path.insert(0, folder)
    import cell
    import guards
    import preload
    import seccomp
    import syscalls
    import wall
    from control_group import ControlGroup, enter_room
    from counts import Counts
    from frames import FrameReader, encode_frame
    from usage import locks_kb, mappings_kb, own_memory, sockets_kb, usage_of

    # `import results` in a run must not find the module of this folder.
    sys.path.remove(folder)
    for name, module in list(sys.modules.items()):
        if getattr(module, "__file__", None) and os.path.dirname(module.__file__) == folder and name != "__main__":
            del sys.modules[name]
    main()
