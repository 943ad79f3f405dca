"""A cell: what the child of the fork-server does from its first instruction to its last.

It starts as PID 1 of its own pid namespace with every capability in its own user namespace, builds its
walls with them, gives them up, says it is ready and waits for one request. Nothing of any run was ever in
this process or in its parent, and it ends with the run.

    fd 0 /dev/null   fd 1 stdout   fd 2 stderr   fd 3 the private channel (frames.py)   nothing else
                     (till the walls stand also fd 4, on which the fork-server gets the filter's listener)

stdout and stderr are pipes to Node, so that Node gets what C code writes as well, as it is written, and a run that
writes faster than Node takes it blocks.
"""

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

import seccomp
import syscalls
from check import check
from frames import encode_frame, read_frame
from program import run_program
from rehearsal import rehearse

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
_LINGER_SECONDS, _SHORT_LINGER_SECONDS = 0.2, 0.025
_SMALL_KB = 16 << 10


def live(config, system_call_filter, uid, gid, descriptors, group):
    """Never returns. `descriptors`: stdout, stderr, channel, guard; `group`: its control group, if it has one."""
    try:
        _take_descriptors(descriptors)
        channel = socket.socket(fileno=_CHANNEL_FD)
        if _build_walls(config, system_call_filter, uid, gid, channel, group):
            _serve(config, channel)
    finally:
        os._exit(0)  # whatever happened: the fork-server's loop must never go on in a child


def _build_walls(config, system_call_filter, uid, gid, channel, group):
    try:
        if group:
            group.enter()
        _map_ids(uid, gid)
        _mount_scratch(config)
        _set_limits(config["limits"])
        _give_up_privileges()
        _filter_system_calls(system_call_filter)
        _set_limits({"RLIMIT_NOFILE": config["openFiles"]})  # last: sending the filter's listener needs more
        return True
    except OSError as error:
        channel.sendall(encode_frame({"kind": "unready", "message": str(error)}))
        return False


def _map_ids(uid, gid):
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{uid} {uid} 1")
    _write("/proc/self/gid_map", f"{gid} {gid} 1")


def _take_descriptors(descriptors):
    # Out of the way first: any of them may be a number that is about to be taken.
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
    for hidden in filter(None, ("/proc", config["socketFolder"], config["controlGroup"])):
        syscalls.mount("hidden", hidden, "tmpfs", private | syscalls.MS_RDONLY, "size=4k,mode=555")
    os.chdir(_SCRATCH)


def _set_limits(limits):
    for name, value in limits.items():
        limit = getattr(resource, name)
        hard = resource.getrlimit(limit)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (value, value))


def _give_up_privileges():
    os.setsid()
    syscalls.drop_all_capabilities()
    syscalls.set_no_new_privileges()
    syscalls.die_with_parent(signal.SIGKILL)


def _filter_system_calls(system_call_filter):
    with socket.socket(fileno=_GUARD_FD) as guard:
        listener = seccomp.install(system_call_filter)
        socket.send_fds(guard, [b"\0"], [listener])
        os.close(listener)


def _serve(config, channel):
    # PID 1 ignores every signal that it has no handler for.
    signal.signal(signal.SIGTERM, _end_by_exception)
    _let_term_end_forked_processes()
    lock = threading.Lock()

    def send(frame):
        data = encode_frame(frame)
        with lock:
            channel.sendall(data)

    _seed_numpy()
    send({"kind": "ready"})
    request = read_frame(channel)
    while request and request["kind"] == "rehearse":
        rehearse(config["policy"])
        send({"kind": "rehearsed"})
        request = read_frame(channel)
    if request:
        _limit_data(request["memoryMb"] * _MIB + config["inherited"]["dataKb"] * 1024)
    while request and request["kind"] == "check":
        send({"kind": "findings", "findings": _findings(request)})
        request = read_frame(channel)
    if request:
        gc.enable()
        born_kb = _largest_kb()
        run_program(request, send)
        _linger(channel, born_kb)


def _linger(channel, born_kb):
    """Tearing a cell down takes milliseconds of the CPU that whoever waited for its outcome needs now. One that is small
    and still waits for a quieter moment."""
    is_small = _largest_kb() - born_kb < _SMALL_KB
    select.select([channel], [], [], _LINGER_SECONDS if is_small and _is_still() else _SHORT_LINGER_SECONDS)


def _largest_kb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _is_still():
    """Nothing that the run began goes on: threads, processes."""
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return threading.active_count() == 1
    return False


def _seed_numpy():
    """Its global generator would draw the same numbers in every cell; that of `random` is seeded anew by the fork."""
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()


def _let_term_end_forked_processes():
    """Pools count on it. Blocked meanwhile, because Python forgets a signal that comes while it forks."""
    term = {signal.SIGTERM}

    def unblock():
        signal.pthread_sigmask(signal.SIG_UNBLOCK, term)

    def restore():
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        unblock()

    block = functools.partial(signal.pthread_sigmask, signal.SIG_BLOCK, term)
    os.register_at_fork(before=block, after_in_parent=unblock, after_in_child=restore)


def _end_by_exception(number, _frame):
    """`finally` blocks get the grace time; what the code makes of it changes nothing for the outcome."""
    raise SystemExit(128 + number)


def _limit_data(limit):
    """Turns most overruns into a MemoryError with a line number before the watch has to kill."""
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _findings(request):
    return [finding._asdict() for finding in check(request["code"], request["policy"])[:_MAX_FINDINGS]]


def _write(path, text):
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)
