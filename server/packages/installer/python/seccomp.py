"""Filters on the system calls of installers: a deny-list, in classic BPF.

Installers read what strangers wrote. The namespaces of their room and the missing capabilities already confine most
calls; refused are calls whose kernel code has allowed escapes before, calls that reach past namespaces, and sockets of
unusual families. Refused calls fail with EPERM, or with ENOSYS where libc has a fallback.
"""

import ctypes
import errno
import os
import struct

# name: (x86_64, aarch64); None where the machine has no such call.
DENIED = {
    # other processes
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
    # parts of the kernel that have allowed escapes
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "fanotify_init": (300, 262),
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
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "vhangup": (153, 58),
    "personality": (135, 92),
}
PROGRAMS = {"execve": (59, 221), "execveat": (322, 281)}
# Its flags are behind a pointer, which a filter cannot read; libc falls back to clone.
CLONE3 = (435, 435)
CLONE, SOCKET, IOCTL = (56, 220), (41, 198), (16, 29)
NEWEST = 450  # the last call of Linux 6.6
NEW_NAMESPACES = 0x7E020000  # every CLONE_NEW* flag of clone(2)
FAMILIES = (1, 2, 10)  # AF_UNIX, AF_INET, AF_INET6
TERMINAL_INJECTION = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX

MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
LOAD, IF_EQUAL, IF_ABOVE, IF_ANY_BIT, RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16
PR_SET_SECCOMP, SECCOMP_MODE_FILTER, PR_SET_NO_NEW_PRIVS = 22, 2, 38


def deny_dangerous_calls():
    """For this process and its children, from now on."""
    column, _ = machine()
    refuse = ERRNO | errno.EPERM
    program = []
    for numbers in DENIED.values():
        program += answer(numbers[column], refuse)
    program += answer(CLONE3[column], ERRNO | errno.ENOSYS)
    program += answer_by_argument(CLONE[column], 0, [(IF_ANY_BIT, NEW_NAMESPACES)], refuse, ALLOW)
    program += answer_by_argument(SOCKET[column], 0, [(IF_EQUAL, each) for each in FAMILIES], ALLOW, ERRNO | errno.EAFNOSUPPORT)
    program += answer_by_argument(IOCTL[column], 1, [(IF_EQUAL, each) for each in TERMINAL_INJECTION], refuse, ALLOW)
    install(program)


def forbid_programs():
    """This process and its children can start no program from now on."""
    column, _ = machine()
    install([step for numbers in PROGRAMS.values() for step in answer(numbers[column], ERRNO | errno.EPERM)])


def drop_capabilities():
    header = struct.pack("=Ii", 0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.capset(header, bytes(24)) != 0:
        raise SystemExit(f"capset: {os.strerror(ctypes.get_errno())}")


def machine():
    try:
        return MACHINES[os.uname().machine]
    except KeyError:
        raise SystemExit(f"Expected the machine to be one of {', '.join(MACHINES)}, got {os.uname().machine}") from None


def install(program):
    _, architecture = machine()
    program = [
        (LOAD, 0, 0, ARCHITECTURE),
        (IF_EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, ERRNO | errno.EPERM),  # a 32-bit call
        (LOAD, 0, 0, NUMBER),
        (IF_ABOVE, 0, 1, NEWEST),
        (RETURN, 0, 0, ERRNO | errno.ENOSYS),  # also x32 calls, whose numbers are far above
        *program,
        (RETURN, 0, 0, ALLOW),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in [(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0)]:
        if libc.prctl(*arguments) != 0:
            raise SystemExit(f"seccomp: {os.strerror(ctypes.get_errno())}")


def answer(number, action):
    return [] if number is None else [(IF_EQUAL, 0, 1, number), (RETURN, 0, 0, action)]


def answer_by_argument(number, argument, tests, action, otherwise):
    """By the lower half of the argument; the kernel ignores the upper half as well."""
    body = [(LOAD, 0, 0, ARGUMENTS + 8 * argument)]
    for kind, value in tests:
        body += [(kind, 0, 1, value), (RETURN, 0, 0, action)]
    body.append((RETURN, 0, 0, otherwise))
    return [(IF_EQUAL, 0, len(body), number), *body]
