"""A cell: what the child of the fork-server does from its first instruction to its last.

It starts as PID 1 of its own pid namespace, with all capabilities in its own user namespace. It builds its walls
with them, drops them, sends `ready` and waits for one request. Neither this process nor its parent has ever held
anything of another run, and the process ends with its run.

    fd 0 /dev/null   fd 1 stdout   fd 2 stderr   fd 3 the private channel (frames.py)   nothing else
                     (until the walls are built also fd 4, on which the fork-server receives the filter's listener)

stdout and stderr are pipes to Node. So Node also receives what C code writes, as soon as it is written, and a run that
writes faster than Node reads blocks.
"""

import _thread
import contextlib
import fcntl
import functools
import gc
import os
import resource
import select
import signal
import socket
import sys
import threading
import time

import seccomp
import syscalls
from channel import Channel
from check import examine
from frames import encode_frame
from leftovers import Leftovers
from program import Program, run_program
from rehearsal import rehearse
from usage import PROC

NAMESPACES = (
    syscalls.CLONE_NEWUSER
    | syscalls.CLONE_NEWNS
    | syscalls.CLONE_NEWPID
    | syscalls.CLONE_NEWIPC
    | syscalls.CLONE_NEWUTS
    | syscalls.CLONE_NEWNET
)
_SCRATCH = "/tmp"
_CHANNEL_FD, _GUARD_FD = 3, 4
_MIB = 1 << 20
_MAX_FINDINGS = 200
# 700 bytes in most ways from one call to the next, 5.3 KiB where sorted() calls the program's own comparison.
_STACK, _STACK_PER_CALL = 8 * _MIB, 5_500
_LINGER_SECONDS, _SHORT_LINGER_SECONDS = 0.2, 0.025
_TERM_GRACE_SECONDS = 3  # longer than Node waits before it kills
_SMALL_KB = 16 << 10
_SHARE_LEFT_BEHIND = 8  # of the memory limit: what runs before may have left of a run's memory to later ones


def live(config, system_call_filter, uid, gid, descriptors, group):
    """Never returns. `descriptors`: stdout, stderr, channel, guard; `group`: its control group, if it has one."""
    try:
        _arrange_descriptors(descriptors)
        channel = socket.socket(fileno=_CHANNEL_FD)
        if _build_walls(config, system_call_filter, uid, gid, channel, group):
            _serve(config, channel)
    finally:
        os._exit(0)  # in every case, because a child must never continue the fork-server's loop


def _build_walls(config, system_call_filter, uid, gid, channel, group):
    try:
        if group:
            group.enter()
        _map_ids(uid, gid)
        _mount_scratch(config)
        _set_limits(config["limits"])
        _drop_privileges()
        _filter_system_calls(system_call_filter)
        _set_limits({"RLIMIT_NOFILE": config["openFiles"]})  # last: sending the listener needs a higher limit
        return True
    except OSError as error:
        channel.sendall(encode_frame({"kind": "unready", "message": str(error)}))
        return False


def _map_ids(uid, gid):
    _write(f"{PROC}/self/setgroups", "deny")
    _write(f"{PROC}/self/uid_map", f"{uid} {uid} 1")
    _write(f"{PROC}/self/gid_map", f"{gid} {gid} 1")


def _arrange_descriptors(descriptors):
    # Copies first, because each descriptor may have a number that another one needs.
    safe = [fcntl.fcntl(fd, fcntl.F_DUPFD, _GUARD_FD + 1) for fd in descriptors]
    null = os.open("/dev/null", os.O_RDONLY)
    for target, fd in enumerate([null, *safe]):
        os.dup2(fd, target)
    os.closerange(_GUARD_FD + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    os.set_inheritable(_CHANNEL_FD, False)


def _mount_scratch(config):
    private = syscalls.MS_NOSUID | syscalls.MS_NODEV
    size = f"size={config['scratchMb']}m,nr_inodes={config['scratchFiles']},mode=700"
    syscalls.mount("scratch", _SCRATCH, "tmpfs", private, size)
    syscalls.mount("shm", "/dev/shm", "tmpfs", private, size)
    for hidden in filter(None, (PROC, config["socketFolder"], config["controlGroup"])):
        syscalls.mount("hidden", hidden, "tmpfs", private | syscalls.MS_RDONLY, "size=4k,mode=555")
    os.chdir(_SCRATCH)


def _set_limits(limits):
    for name, value in limits.items():
        limit = getattr(resource, name)
        hard = resource.getrlimit(limit)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))


def _drop_privileges():
    os.setsid()
    syscalls.drop_all_capabilities()
    syscalls.set_no_new_privileges()
    syscalls.die_with_parent(signal.SIGKILL)


def _filter_system_calls(system_call_filter):
    with socket.socket(fileno=_GUARD_FD) as guard:
        listener = seccomp.install(system_call_filter)
        socket.send_fds(guard, [b"\0"], [listener])
        os.close(listener)


def _serve(config, connection):
    handle_term()
    channel = Channel(connection)
    _seed_numpy()
    channel.send({"kind": "ready"})
    request = channel.receive()
    while request and request["kind"] == "rehearse":
        rehearse(config["policy"])
        channel.send({"kind": "rehearsed"})
        request = channel.receive()
    if request:
        _limit_data(request["memoryMb"] * _MIB + config["inherited"]["dataKb"] * 1024)
    while request and request["kind"] == "check":
        channel.send({"kind": "findings", **_examined(request)})
        request = channel.receive()
    if request:
        gc.freeze()  # or the first collection would visit, and so copy, what was made before the run
        gc.enable()
        _allow_nested_calls(request.get("recursionLimit"))
        born_kb = _largest_kb()
        request = {**request, "scratch": _SCRATCH}
        if request.get("mayFollow"):
            _run_one_after_another(request, channel)
        else:
            run_program(request, channel.send, channel.ask)
        _linger(connection, born_kb)


def _run_one_after_another(request, channel):
    """The items of a list, which are the same program and the same execution. Each comes when the one before has ended
    and left nothing behind. After one that has left something, as its last frame says, the cell ends."""
    leftovers = Leftovers(request["memoryMb"] * 1024 // _SHARE_LEFT_BEHIND)
    program = Program(request, channel.send, channel.ask, leftovers, lambda: channel.threads)
    while request and program.run(request["input"], request.get("artifactIdPrefix", "")):
        _seed_generators()
        request = channel.receive()


def handle_term():
    # PID 1 ignores every signal without a handler.
    signal.signal(signal.SIGTERM, _end_by_exception)
    _let_term_end_forked_processes()


def _linger(connection, born_kb):
    """Delays the exit: tearing down a process costs milliseconds of CPU, which the receiver of the outcome needs now.
    The delay is long only where the process is small and nothing of the run goes on. What still arrives is discarded: a
    socket that is closed with something unread takes the last frame with it."""
    is_small = _largest_kb() - born_kb < _SMALL_KB
    until = time.monotonic() + (_LINGER_SECONDS if is_small and _has_ended() else _SHORT_LINGER_SECONDS)
    while select.select([connection], [], [], max(0, until - time.monotonic()))[0] and _discard(connection):
        pass


def _discard(connection):
    """False at the end of the connection. The thread that reads answers (channel.py) may have been faster."""
    try:
        return connection.recv(1 << 16, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return True


def _largest_kb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _has_ended():
    """Whether no thread and no process of the run goes on."""
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return threading.active_count() == 1
    return False


def _seed_generators():
    random = sys.modules.get("random")
    if random is not None:
        random.seed()
    _seed_numpy()


def _seed_numpy():
    """Otherwise numpy's global generator would return the same numbers in every cell. A fork reseeds `random`."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def _let_term_end_forked_processes():
    """Process pools rely on it. SIGTERM is blocked during a fork, because Python loses a signal that arrives then."""
    term = {signal.SIGTERM}

    def unblock():
        signal.pthread_sigmask(signal.SIG_UNBLOCK, term)

    def restore():
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        unblock()

    block = functools.partial(signal.pthread_sigmask, signal.SIG_BLOCK, term)
    os.register_at_fork(before=block, after_in_parent=unblock, after_in_child=restore)


def _end_by_exception(number, _frame):
    """So that `finally` blocks run within the grace time; a second signal must not interrupt them. Code that catches
    SystemExit does not change the outcome, nor does code that waits for ever in one, as multiprocessing may when it ends
    its workers."""
    signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(RuntimeError):  # as many threads as there may be
        _thread.start_new_thread(_exit_soon, (128 + number,))
    raise SystemExit(128 + number)


def _exit_soon(code):
    time.sleep(_TERM_GRACE_SECONDS)
    os._exit(code)


def _limit_data(limit):
    """Turns most overruns into a MemoryError with a line number, before the fork-server kills the cell."""
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _allow_nested_calls(count):
    """The stack of the main thread grows up to this limit, where the kernel has left at least 128 MiB for it."""
    if count:
        hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
        size = _STACK + count * _STACK_PER_CALL
        resource.setrlimit(resource.RLIMIT_STACK, (size if hard == resource.RLIM_INFINITY else min(size, hard), hard))


def _examined(request):
    report = examine(
        request["code"],
        request["policy"],
        request["compiles"],
        request["allowsScratchWrites"],
        request.get("web", False),
    )
    findings = [finding._asdict() for finding in report.findings[:_MAX_FINDINGS]]
    return {
        "findings": findings,
        "shape": report.shape,
        "inputSchema": report.input_schema,
        "imports": report.imports,
    }


def _write(path, text):
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)
