"""The filter on a cell's system calls: it closes what the namespaces leave open.

It is an allow-list: system_calls.json has the calls that programs and the scientific libraries make (measured, see
DESIGN.md), in groups with reasons. A call that is in no list fails with ENOSYS, as on a kernel without it, for which
libraries have a fallback. Calls with many uses are allowed by their arguments, below.

There are three kinds of other answers. Refused calls fail with the errno that fits them, or succeed without effect.
Reported calls wait until the fork-server has reported their name to Node, and then fail with EPERM
(SECCOMP_RET_USER_NOTIF). Counted calls wait until the fork-server has counted them (counts.py), and then continue or
fail. The filter never kills a process, so that the program's own traceback has the line.
"""

import ctypes
import errno
import fcntl
import json
import os
import pathlib
import platform
import struct
from typing import NamedTuple, Tuple

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_column, _audit_architecture = _ARCHITECTURES.get(platform.machine(), (0, None))
_CALLS = json.loads(pathlib.Path(__file__).with_name("system_calls.json").read_text(encoding="utf-8"))


def _numbers(calls):
    """By name, without those that this machine does not have."""
    return {name: numbers[_column] for name, numbers in calls.items() if numbers[_column] is not None}


def _in_groups(groups):
    return {name: number for group in groups for name, number in _numbers(group["calls"]).items()}


ALLOWED = _in_groups(_CALLS["allowed"])
BY_ARGUMENT = _numbers(_CALLS["byArgument"])
REPORTED = _in_groups(_CALLS["reported"])
REFUSED = {
    name: (number, getattr(errno, group["error"]) if group["error"] else 0)
    for group in _CALLS["refused"]
    for name, number in _numbers(group["calls"]).items()
}
# What a fork-server needs to make cells, beside what runs may do.
_MAKES_CELLS = ("clone", "mount", "setsid", "capset", "seccomp", "mknod", "mknodat")

# Threads and processes as libc makes them, without the flags that only name addresses. Others share in other ways
# what a cell's processes hold, past those who count it.
_NEW_NAMESPACES = 0x7E020000  # every CLONE_NEW* flag of clone(2)
_CLONE_ADDRESSES = 0x01780000  # CLONE_SETTLS, _PARENT_SETTID, _CHILD_CLEARTID, _DETACHED, _CHILD_SETTID
_FORK, _VFORK, _THREAD = 0x11, 0x4111, 0x50F00
# WAIT, WAKE, REQUEUE, CMP_REQUEUE, WAKE_OP, WAIT_BITSET, WAKE_BITSET; not those with priority inheritance.
_FUTEX_OPERATIONS, _FUTEX_OPERATION_BITS = (0, 1, 3, 4, 5, 9, 10), 0x7F
_MAP_SHARED, _MAP_ANONYMOUS, _MAP_HUGETLB = 0x01, 0x20, 0x40000
# Not those that act on pages of files that all share (COLD, PAGEOUT), or that merge pages of different runs.
_ADVICE = (0, 1, 2, 3, 4, 8, 9, 10, 11, 14, 15, 16, 17, 18, 19, 22, 23)
_FILE_ADVICE = (0, 1, 2, 3)  # not DONTNEED and NOREUSE, by which others would wait for the disk
# DUPFD, GETFD, SETFD, GETFL, SETLK, SETLKW, DUPFD_CLOEXEC, GETPIPE_SZ, GET_SEALS. Not leases and notifications, which
# hold up or watch others, signals to the owner, larger pipes, and locks that belong to no process.
_FCNTL_COMMANDS, _F_SETFL, _O_ASYNC = (0, 1, 2, 3, 6, 7, 1030, 1032, 1034), 4, 0x2000
_LOCK_QUERIES = (5, 36)  # GETLK, OFD_GETLK: by them, a run would see locks of others
_FILE_REQUESTS = (0x5401, 0x802C542A, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # is it a terminal, how much is there …
_TTY_INJECTION = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
_FICLONE = 0x40049409
_LISTENER_RECEIVE, _LISTENER_SEND = 0xC0502100, 0xC0182101
# PDEATHSIG, names, timer slack and what only reads. Not DUMPABLE, which would hide a process from those who count.
_PRCTL_OPTIONS = (1, 2, 3, 15, 16, 21, 23, 27, 29, 30, 38, 39, 41, 42, 50, 51, 54, 55, 56)
_PR_GET_TID_ADDRESS = 40
_AF_UNIX, _SOL_SOCKET = 1, 1
_SOCKET_OPTIONS = (2, 8, 9, 13, 15, 16, 20, 21)  # not SO_SNDBUF, nor filters, which are programs in the kernel
_SIGCHLD = 17
_EPOLL_CTL_ADD = 1

_OFFSET_NUMBER, _OFFSET_ARCHITECTURE, _OFFSET_ARGUMENTS = 0, 4, 16
_ALLOW, _NOTIFY, _ERRNO, _TRACE = 0x7FFF0000, 0x7FC00000, 0x00050000, 0x7FF00000
_LOAD, _RETURN, _AND = 0x20, 0x06, 0x54
_IF_EQUAL, _IF_ANY_BIT, _IF_AT_LEAST, _GO_TO = 0x15, 0x45, 0x35, 0x05

_SYS_SECCOMP = (317, 277)
_SET_FILTER, _NEW_LISTENER = 1, 8
_libc = ctypes.PyDLL(None, use_errno=True)


def build_filter():
    """The filter of cells, for `install`; built once, in the fork-server."""
    return _build(_NOTIFY, makes_cells=False)


def restrict_fork_server():
    """For a fork-server that runs package code: refuses the same calls, except those that making cells needs.

    Where a cell's call is reported or counted, this one fails with ENOSYS, by an action (trace, without a tracer) that
    has a lower priority than the cells' own filter.
    """
    header, _instructions = _build(_TRACE, makes_cells=True)
    if _libc.syscall(_SYS_SECCOMP[_column], _SET_FILTER, 0, header) != 0:
        raise OSError(ctypes.get_errno(), f"seccomp: {os.strerror(ctypes.get_errno())}")


def _build(report, makes_cells):
    if _audit_architecture is None:
        raise OSError(f"Expected the machine to be one of {', '.join(_ARCHITECTURES)}, got {platform.machine()}")
    allowed, reported, refused = dict(ALLOWED), dict(REPORTED), dict(REFUSED)
    by_argument = _rules(report, makes_cells)
    for name in _MAKES_CELLS if makes_cells else ():
        number = {**reported, **BY_ARGUMENT, **{n: each for n, (each, _error) in refused.items()}}.get(name)
        for rules in (reported, refused, by_argument):
            rules.pop(name, None)
        if number is not None:
            allowed[name] = number
    program = [
        _statement(_LOAD, _OFFSET_ARCHITECTURE),
        _jump(_IF_EQUAL, _audit_architecture, 1, 0),
        _statement(_RETURN, report),  # a 32-bit call
        _statement(_LOAD, _OFFSET_NUMBER),
    ]
    bodies = {number: [_answer(_ALLOW)] for number in allowed.values()}
    bodies.update((number, [_answer(report)]) for number in reported.values())
    bodies.update((number, [_answer(_ERRNO | error)]) for number, error in refused.values())
    bodies.update((BY_ARGUMENT[name], body) for name, body in by_argument.items())
    program += _search(_intervals(bodies, [_answer(_ERRNO | errno.ENOSYS)]))
    instructions = ctypes.create_string_buffer(b"".join(program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(instructions)))
    return header, instructions


def _intervals(bodies, other):
    """(first number, instructions), sorted, up to the next first number; `other` is for the numbers without a body, and
    for all beyond (the calls of x32). Neighbours with the same answer are one interval."""
    found = [(0, other)]
    for number in sorted(bodies):
        for first, body in ((number, bodies[number]), (number + 1, other)):
            if found[-1][0] == first:
                found.pop()
            if not found or found[-1][1] != body:
                found.append((first, body))
    return found


def _search(intervals):
    """The instructions that find the interval of a number by halves. To install a filter, the kernel tries it with each
    number that there is: with one comparison after the other, that was a sixth of what a cell costs the kernel."""
    if len(intervals) == 1:
        return intervals[0][1]
    middle = len(intervals) // 2
    below, above = _search(intervals[:middle]), _search(intervals[middle:])
    # A conditional jump reaches no further than 255 instructions.
    return [_jump(_IF_AT_LEAST, intervals[middle][0], 0, 1), _statement(_GO_TO, len(below)), *below, *above]


def _rules(report, makes_cells):
    """The instructions for each call that is judged by its arguments. Each ends with a return."""
    none, invalid = _ERRNO | errno.ENOSYS, _ERRNO | errno.EINVAL
    requests = _FILE_REQUESTS + ((_LISTENER_RECEIVE, _LISTENER_SEND) if makes_cells else ())
    options = _PRCTL_OPTIONS + ((_PR_GET_TID_ADDRESS,) if makes_cells else ())
    rules = {
        "futex": [_argument(1), _mask(_FUTEX_OPERATION_BITS), *_if_one_of(_FUTEX_OPERATIONS, _ALLOW), _answer(none)],
        "mmap": [
            _argument(3),
            *_if_any_bit(_MAP_HUGETLB, _ERRNO | errno.ENOMEM),  # pages of the host, which no limit counts
            _jump(_IF_ANY_BIT, _MAP_ANONYMOUS, 0, 2),
            *_if_any_bit(_MAP_SHARED, report),  # counted: the kernel keeps it even when no process maps it any more
            _answer(_ALLOW),
        ],
        "madvise": [_argument(2), *_if_one_of(_ADVICE, _ALLOW), _answer(invalid)],
        "fadvise64": [_argument(3), *_if_one_of(_FILE_ADVICE, _ALLOW), _answer(invalid)],
        "fcntl": [
            _argument(1),
            *_if_one_of(_FCNTL_COMMANDS, _ALLOW),
            *_if_one_of(_LOCK_QUERIES, _ERRNO | errno.ENOLCK),
            _jump(_IF_EQUAL, _F_SETFL, 1, 0),
            _answer(invalid),
            _argument(2),
            *_if_any_bit(_O_ASYNC, invalid),
            _answer(_ALLOW),
        ],
        "ioctl": [
            _argument(1),
            *_if_one_of(requests, _ALLOW),
            *_if_one_of(_TTY_INJECTION, _ERRNO | errno.EPERM),
            *_if_one_of((_FICLONE,), _ERRNO | errno.EOPNOTSUPP),
            _answer(_ERRNO | errno.ENOTTY),
        ],
        "prctl": [_argument(0), *_if_one_of(options, _ALLOW), _answer(invalid)],
        "clone": [
            _argument(0),
            *_if_any_bit(_NEW_NAMESPACES, report),
            _mask(0xFFFFFFFF & ~_CLONE_ADDRESSES),
            *_if_one_of((_FORK, _VFORK, _THREAD), _ALLOW),
            _answer(invalid),
        ],
        "rt_sigaction": _refuse_sigchld_handlers(),
        "socket": [_argument(0), *_if_one_of((_AF_UNIX,), _ALLOW), _answer(report)],
        "socketpair": [_argument(0), *_if_one_of((_AF_UNIX,), _ALLOW), _answer(report)],
        "setsockopt": [
            _argument(1),
            _jump(_IF_EQUAL, _SOL_SOCKET, 1, 0),
            _answer(_ERRNO | errno.ENOPROTOOPT),
            _argument(2),
            *_if_one_of(_SOCKET_OPTIONS, _ALLOW),
            _answer(_ERRNO | errno.ENOPROTOOPT),
        ],
        "epoll_ctl": [_argument(1), *_if_one_of((_EPOLL_CTL_ADD,), report), _answer(_ALLOW)],
        "pipe": [_answer(report)],
        "pipe2": [_answer(report)],
    }
    return {name: body for name, body in rules.items() if name in BY_ARGUMENT}


def install(program):
    """Filters this process from now on; returns the listener for `next_report`, on which waiting calls arrive."""
    header, _instructions = program
    listener = _libc.syscall(_SYS_SECCOMP[_column], _SET_FILTER, _NEW_LISTENER, header)
    if listener < 0:
        raise OSError(ctypes.get_errno(), f"seccomp: {os.strerror(ctypes.get_errno())}")
    return listener


_REPORT = struct.Struct("=QIIiIQ6Q")
_REPLY = struct.Struct("=QqiI")
_GO_ON = 1
_NAMES = {number: name for name, number in {**REPORTED, **BY_ARGUMENT}.items()}


class Report(NamedTuple):
    """A call that waits for an answer."""

    number: int
    call: str
    arguments: Tuple[int, ...]


def next_report(listener):
    """The next waiting call, or None when its process has ended. For the fork-server."""
    report = bytearray(_REPORT.size)
    try:
        fcntl.ioctl(listener, _LISTENER_RECEIVE, report)
    except OSError:
        return None
    number_of_report, _pid, _flags, number, architecture, _instruction, *arguments = _REPORT.unpack(report)
    if architecture != _audit_architecture:
        return Report(number_of_report, "a call of another architecture", ())
    return Report(number_of_report, _NAMES.get(number, str(number)), tuple(arguments))


def refuse(listener, report, error=errno.EPERM):
    _reply(listener, report, -error, 0)


def let_go_on(listener, report):
    """Safe only if the decision depends on the arguments alone: memory that they point to may change meanwhile."""
    _reply(listener, report, 0, _GO_ON)


def _reply(listener, report, error, flags):
    try:
        fcntl.ioctl(listener, _LISTENER_SEND, _REPLY.pack(report.number, 0, error, flags))
    except OSError:
        pass  # the process has ended


def _refuse_sigchld_handlers():
    """Refuses every change of the SIGCHLD handler. Where SIGCHLD is ignored or has SA_NOCLDWAIT, the kernel reaps
    children without adding their CPU time to that of their parent."""
    return [
        _argument(0),
        _jump(_IF_EQUAL, _SIGCHLD, 0, 5),
        # both halves of the address of the new handler, which is null where the call only reads the current one
        _argument(1),
        _jump(_IF_EQUAL, 0, 0, 2),
        _statement(_LOAD, _OFFSET_ARGUMENTS + 12),
        _jump(_IF_EQUAL, 0, 1, 0),
        _answer(_ERRNO | errno.EINVAL),
        _answer(_ALLOW),
    ]


def _argument(index):
    """Loads the lower half of an argument; of those that are judged, the kernel ignores the upper half as well."""
    return _statement(_LOAD, _OFFSET_ARGUMENTS + 8 * index)


def _mask(bits):
    return _statement(_AND, bits)


def _if_one_of(values, action):
    return [step for value in values for step in (_jump(_IF_EQUAL, value, 0, 1), _answer(action))]


def _if_any_bit(bits, action):
    return [_jump(_IF_ANY_BIT, bits, 0, 1), _answer(action)]


def _answer(action):
    return _statement(_RETURN, action)


def _statement(code, value):
    return struct.pack("=HBBI", code, 0, 0, value)


def _jump(code, value, if_true, if_false):
    return struct.pack("=HBBI", code, if_true, if_false, value)
