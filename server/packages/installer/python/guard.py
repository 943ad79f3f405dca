"""Runs one program in a room, as another user, and holds it to its limits.

    python -I -S -B guard.py '{"uid": …, "wayOut": …, "mayWrite": …, …}' PROGRAM ARGUMENTS…

    bubblewrap ── PID 1 of the room ── guard ──┬── relay: 127.0.0.1:3128 ⇄ the Unix socket `wayOut`
                                               └── PROGRAM

The room has no network but its own loopback. `wayOut` (null: none) is a socket of the server, behind which a proxy
connects to the hosts of the package index and to no other.

`mayWrite` is how many bytes PROGRAM and its children may write (null: any number). Beyond it they are stopped while
the guard posts `/written?bytes=N` to `wayOut`. The answer is the new `mayWrite`; where that is not more than N, they
are killed. `isForeign`: PROGRAM runs code of packages, which can write without being counted; the guard then posts
each second.

Exits as PROGRAM does (128 + n after signal n), or with TOO_MUCH.
"""

import json
import os
import resource
import select
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from seccomp import deny_dangerous_calls, drop_capabilities  # noqa: E402

sys.path.pop(0)

PORT = 3128
MAX_CONNECTIONS = 256
TOO_MUCH = 77
MAX_PROCESSES = 4096  # Older kernels count those of the server's user, too.
# Between two looks at what was written: 50 MB where nothing limits the disk. Shorter while much is being written.
INTERVAL, BUSY_INTERVAL = 0.02, 0.004
BUSY_BYTES = 1_000_000


def main():
    options, program = json.loads(sys.argv[1]), sys.argv[2:]
    os.umask(0o022)  # Cells read the installed files as another user.
    for folder in options["open"]:
        os.chmod(folder, 0o1777)
    change_user(options["uid"])
    deny_dangerous_calls()
    set_limits(options["maxFileBytes"], options["maxMemoryBytes"])
    if options["wayOut"] is not None:
        start_relay(options["wayOut"])
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        # Python ignores two signals, and so would PROGRAM. SIGXFSZ stays ignored: a file that is too large is an error
        # that PROGRAM reports.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        try:
            os.execvp(program[0], program)
        except OSError as error:
            print(f"{program[0]}: {error.strerror}", file=sys.stderr)
            os._exit(127)
    sys.exit(watch(child, options))


def change_user(uid):
    if os.geteuid() == uid:
        return
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    drop_capabilities()  # Those that could be inherited are left.


def set_limits(max_file_bytes, max_memory_bytes):
    limits = [
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, MAX_PROCESSES),
        (resource.RLIMIT_FSIZE, max_file_bytes),
        (resource.RLIMIT_DATA, max_memory_bytes),
    ]
    for limit, most in limits:
        if most is not None:
            _, hard = resource.getrlimit(limit)
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(limit, (most, most))


def watch(child, options):
    may_write, posted_at, written, growth = options["mayWrite"], time.monotonic(), 0, 0
    while True:
        signal.sigtimedwait({signal.SIGCHLD}, BUSY_INTERVAL if growth > BUSY_BYTES else INTERVAL)
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
        if may_write is None:
            continue
        before, written = written, bytes_written()
        growth = written - before
        is_due = options["isForeign"] and time.monotonic() - posted_at > 1
        # As much again is written before the next look.
        if written + growth <= may_write and not is_due:
            continue
        os.kill(-1, signal.SIGSTOP)  # All but PID 1 and this process; the relay too.
        may_write = post_written(options["wayOut"], written)
        posted_at = time.monotonic()
        if may_write <= written:
            os.kill(-1, signal.SIGKILL)
            return TOO_MUCH
        os.kill(-1, signal.SIGCONT)


def bytes_written():
    """By all processes of the room but PID 1, the relay and this one; a process that was waited for counts in its parent."""
    total = 0
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) in OWN_PROCESSES:
            continue
        try:
            with open(f"/proc/{name}/io") as file:
                total += int(next(line for line in file if line.startswith("wchar:"))[len("wchar:"):])
        except (OSError, StopIteration):
            pass  # It ended just now.
    return total


def post_written(way_out, written):
    if way_out is None:
        return 0
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(60)
        try:
            connection.connect(way_out)
            request = f"POST /written?bytes={written} HTTP/1.1\r\nHost: weft\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            connection.sendall(request.encode())
            answer = b""
            while len(answer) < 10_000:
                more = connection.recv(10_000)
                if not more:
                    break
                answer += more
            head, _, body = answer.partition(b"\r\n\r\n")
            return int(body) if b" 200 " in head.split(b"\r\n")[0] else 0
        except (OSError, ValueError):
            return 0  # The server is gone.


OWN_PROCESSES = {1, os.getpid()}


def start_relay(way_out):
    listener = socket.create_server(("127.0.0.1", PORT), backlog=MAX_CONNECTIONS)
    relay = os.fork()
    if relay != 0:
        OWN_PROCESSES.add(relay)
        listener.close()
        return
    slots = threading.BoundedSemaphore(MAX_CONNECTIONS)
    while True:
        slots.acquire()
        client, _ = listener.accept()
        threading.Thread(target=relay_connection, args=(client, way_out, slots), daemon=True).start()


def relay_connection(client, way_out, slots):
    with client, socket.socket(socket.AF_UNIX) as server:
        try:
            server.connect(way_out)
            copy_both_ways(client, server)
        except OSError:
            pass
        finally:
            slots.release()


def copy_both_ways(client, server):
    open_ends = {client: server, server: client}
    buffer = bytearray(256 * 1024)
    while open_ends:
        ready, _, _ = select.select(list(open_ends), [], [])
        for end in ready:
            size = end.recv_into(buffer)
            if size == 0:
                open_ends.pop(end).shutdown(socket.SHUT_WR)
            else:
                open_ends[end].sendall(memoryview(buffer)[:size])


if __name__ == "__main__":
    main()
