"""The filter on a cell's system calls: it closes what the namespaces leave open.

It is a deny-list with reasons and not an allow-list: runs use libraries that nobody here has read, and namespaces, an
empty root and missing capabilities already confine most calls. The list has calls that no such program needs and whose
kernel code has allowed escapes before, calls that reach past namespaces, and calls that allocate memory which no limit
counts. A call with a number above this table fails with ENOSYS, as on an older kernel, which libc expects.

There are two kinds of answers. REFUSED calls fail with an errno for which libraries have a fallback. REPORTED calls
wait until the fork-server has reported their name to Node, and then fail with EPERM (SECCOMP_RET_USER_NOTIF). The
filter never kills a process, so that the program's own traceback has the line. One call only waits to be counted and
then continues: a mapping of shared memory, because the kernel keeps that even when no process maps it any more.
"""

import ctypes
import errno
import fcntl
import os
import platform
import struct
from typing import NamedTuple, Tuple

# name: (x86_64, aarch64); None where the machine has no such call.
_REPORTED = {
    # other processes' memory and descriptors
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    # mounts and namespaces
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "unshare": (272, 97),
    "setns": (308, 268),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    # parts of the kernel that have allowed escapes, or that act past namespaces
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    # the host itself
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "syslog": (103, 116),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "vhangup": (153, 58),
    # other programs: the room has none
    "execve": (59, 221),
    "execveat": (322, 281),
}
_REFUSED = {
    # watching files that all cells share would show what other runs open
    "inotify_init": (253, None, errno.ENOSYS),
    "inotify_init1": (294, 26, errno.ENOSYS),
    "fanotify_init": (300, 262, errno.ENOSYS),
    # a lock on such a file could carry a message between runs
    "flock": (73, 32, errno.ENOLCK),
    # memory that belongs to no process and to no mount, so that no limit counts it
    "memfd_create": (319, 279, errno.ENOSYS),
    "memfd_secret": (447, 447, errno.ENOSYS),
    "shmget": (29, 194, errno.ENOSYS),
    "msgget": (68, 186, errno.ENOSYS),
    "semget": (64, 190, errno.ENOSYS),
    # pages lent to a pipe, which no limit counts either; and contexts, whose number is limited for the whole host
    "vmsplice": (278, 75, errno.ENOSYS),
    "io_setup": (206, 0, errno.ENOSYS),
    # its flags are behind a pointer, which the filter cannot read; libc falls back to clone
    "clone3": (435, 435, errno.ENOSYS),
    # a program must not change its address space layout
    "personality": (135, 92, errno.EPERM),
}
_SOCKET, _CLONE, _SETSID, _IOCTL, _FCNTL = (41, 198), (56, 220), (112, 157), (16, 29), (72, 25)
_MMAP, _RT_SIGACTION, _SETSOCKOPT = (9, 222), (13, 134), (54, 208)
_NEWEST = 450  # the last call of Linux 6.6; both architectures share the numbers above 423

_AF_UNIX = 1
_NEW_NAMESPACES = 0x7E020000  # every CLONE_NEW* flag of clone(2)
_TTY_INJECTION = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
_MAP_SHARED, _MAP_ANONYMOUS = 0x01, 0x20
_SIGCHLD = 17
_SO_SNDBUF = 7
_LOCK_QUERIES_AND_WATCHES = (5, 36, 1026, 1031)  # F_GETLK, F_OFD_GETLK, F_NOTIFY, F_SETPIPE_SZ

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_OFFSET_NUMBER, _OFFSET_ARCHITECTURE, _OFFSET_ARGUMENTS = 0, 4, 16

_ALLOW, _NOTIFY, _ERRNO, _TRACE = 0x7FFF0000, 0x7FC00000, 0x00050000, 0x7FF00000
_LOAD, _RETURN = 0x20, 0x06
_IF_EQUAL, _IF_ABOVE, _IF_ANY_BIT = 0x15, 0x25, 0x45

_SYS_SECCOMP = (317, 277)
_SET_FILTER, _NEW_LISTENER = 1, 8

_column, _audit_architecture = _ARCHITECTURES.get(platform.machine(), (None, None))
_libc = ctypes.PyDLL(None, use_errno=True)


def build_filter():
    """The filter of cells, for `install`; built once, in the fork-server."""
    return _build(_NOTIFY, _REPORTED, makes_cells=False)


def restrict_fork_server():
    """For a fork-server that runs package code: refuses the same calls, except those that making cells needs.

    They fail with ENOSYS, by an action (trace, without a tracer) that has a lower priority than the cells' own filter.
    """
    header, _instructions = _build(_TRACE, {**_REPORTED, "mount": (None, None)}, makes_cells=True)
    if _libc.syscall(_SYS_SECCOMP[_column], _SET_FILTER, 0, header) != 0:
        raise OSError(ctypes.get_errno(), f"seccomp: {os.strerror(ctypes.get_errno())}")


def _build(report, reported, makes_cells):
    if _column is None:
        raise OSError(f"Expected the machine to be one of {', '.join(_ARCHITECTURES)}, got {platform.machine()}")
    program = [
        _statement(_LOAD, _OFFSET_ARCHITECTURE),
        _jump(_IF_EQUAL, _audit_architecture, 1, 0),
        _statement(_RETURN, report),  # a 32-bit call
        _statement(_LOAD, _OFFSET_NUMBER),
        _jump(_IF_ABOVE, _NEWEST, 0, 1),  # includes x32 calls, whose numbers are far above
        _statement(_RETURN, _ERRNO | errno.ENOSYS),
    ]
    for numbers in reported.values():
        program += _answer(numbers[_column], report)
    for *numbers, error in _REFUSED.values():
        program += _answer(numbers[_column], _ERRNO | error)
    if not makes_cells:
        # Each session has its own share of the CPU (autogroup), so a run must stay one session.
        program += _answer(_SETSID[_column], _ERRNO | errno.EPERM)
        program += _answer_by_argument(_CLONE, 0, [(_IF_ANY_BIT, _NEW_NAMESPACES)], report)
    program += _answer_by_argument(_SOCKET, 0, [(_IF_EQUAL, _AF_UNIX)], _ALLOW, otherwise=report)
    program += _answer_by_argument(_IOCTL, 1, [(_IF_EQUAL, v) for v in _TTY_INJECTION], _ERRNO | errno.EPERM)
    program += _answer_by_argument(_FCNTL, 1, [(_IF_EQUAL, v) for v in _LOCK_QUERIES_AND_WATCHES], _ERRNO | errno.ENOLCK)
    program += _answer_by_argument(_SETSOCKOPT, 2, [(_IF_EQUAL, _SO_SNDBUF)], _ERRNO | errno.ENOPROTOOPT)
    program += _refuse_sigchld_handlers() + _count_shared_memory(report)
    program.append(_statement(_RETURN, _ALLOW))
    instructions = ctypes.create_string_buffer(b"".join(program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(instructions)))
    return header, instructions


def install(program):
    """Filters this process from now on; returns the listener for `next_report`, on which REPORTED calls arrive."""
    header, _instructions = program
    listener = _libc.syscall(_SYS_SECCOMP[_column], _SET_FILTER, _NEW_LISTENER, header)
    if listener < 0:
        raise OSError(ctypes.get_errno(), f"seccomp: {os.strerror(ctypes.get_errno())}")
    return listener


_REPORT = struct.Struct("=QIIiIQ6Q")
_REPLY = struct.Struct("=QqiI")
_GO_ON = 1
_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_NAMES = {
    **{numbers[_column]: name for name, numbers in _REPORTED.items()},
    _SOCKET[_column]: "socket",
    _CLONE[_column]: "clone",
    _MMAP[_column]: "mmap",
} if _column is not None else {}


class Report(NamedTuple):
    """A call that waits for an answer."""

    number: int
    call: str
    arguments: Tuple[int, ...]

    @property
    def shared_bytes(self):
        """Bytes of shared memory that the call is to map; None for any other call."""
        return self.arguments[1] if self.call == "mmap" else None


def next_report(listener):
    """The next waiting call, or None when its process has ended. For the fork-server."""
    report = bytearray(_REPORT.size)
    try:
        fcntl.ioctl(listener, _RECEIVE, report)
    except OSError:
        return None
    number_of_report, _pid, _flags, number, architecture, _instruction, *arguments = _REPORT.unpack(report)
    if architecture != _audit_architecture:
        return Report(number_of_report, "a call of another architecture", ())
    return Report(number_of_report, _NAMES.get(number, str(number)), tuple(arguments))


def refuse(listener, report):
    _reply(listener, report, -errno.EPERM, 0)


def let_go_on(listener, report):
    """Safe only if the decision depends on the arguments alone: memory that they point to may change meanwhile."""
    _reply(listener, report, 0, _GO_ON)


def _reply(listener, report, error, flags):
    try:
        fcntl.ioctl(listener, _SEND, _REPLY.pack(report.number, 0, error, flags))
    except OSError:
        pass  # the process has ended


def _refuse_sigchld_handlers():
    """Refuses every change of the SIGCHLD handler. Where SIGCHLD is ignored or has SA_NOCLDWAIT, the kernel reaps
    children without adding their CPU time to that of their parent."""
    return [
        _jump(_IF_EQUAL, _RT_SIGACTION[_column], 0, 8),
        _statement(_LOAD, _OFFSET_ARGUMENTS),
        _jump(_IF_EQUAL, _SIGCHLD, 0, 5),
        # both halves of the address of the new handler, which is null where the call only reads the current one
        _statement(_LOAD, _OFFSET_ARGUMENTS + 8),
        _jump(_IF_EQUAL, 0, 0, 2),
        _statement(_LOAD, _OFFSET_ARGUMENTS + 12),
        _jump(_IF_EQUAL, 0, 1, 0),
        _statement(_RETURN, _ERRNO | errno.EINVAL),
        _statement(_RETURN, _ALLOW),
    ]


def _count_shared_memory(report):
    return [
        _jump(_IF_EQUAL, _MMAP[_column], 0, 5),
        _statement(_LOAD, _OFFSET_ARGUMENTS + 8 * 3),
        _jump(_IF_ANY_BIT, _MAP_ANONYMOUS, 0, 2),
        _jump(_IF_ANY_BIT, _MAP_SHARED, 0, 1),
        _statement(_RETURN, report),
        _statement(_RETURN, _ALLOW),
    ]


def _answer(number, action):
    return [] if number is None else [_jump(_IF_EQUAL, number, 0, 1), _statement(_RETURN, action)]


def _answer_by_argument(numbers, argument, tests, action, otherwise=_ALLOW):
    """`action` if a test holds for the lower half of the argument; the kernel ignores the upper half as well."""
    body = [_statement(_LOAD, _OFFSET_ARGUMENTS + 8 * argument)]
    for kind, value in tests:
        body += [_jump(kind, value, 0, 1), _statement(_RETURN, action)]
    body.append(_statement(_RETURN, otherwise))
    return [_jump(_IF_EQUAL, numbers[_column], 0, len(body)), *body]


def _statement(code, value):
    return struct.pack("=HBBI", code, 0, 0, value)


def _jump(code, value, if_true, if_false):
    return struct.pack("=HBBI", code, if_true, if_false, value)
