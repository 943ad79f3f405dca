"""The Linux calls that Python 3.9 has no name for. Each raises OSError naming the call that failed."""

import ctypes
import os
import platform

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND = 1, 2, 4, 8, 4096

_SIGCHLD = 17
_CLONE_CHILD_CLEARTID, _CLONE_CHILD_SETTID = 0x00200000, 0x01000000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS, _PR_GET_TID_ADDRESS = 1, 4, 38, 40
# Made once: each would cost a new cell more than the call itself.
_CAPABILITY_HEADER = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3, this process
_NO_CAPABILITIES = (ctypes.c_uint32 * 6)()
_SYS_CLONE = {"x86_64": 56, "aarch64": 220}

# PyDLL keeps the interpreter lock across the call, which a fork by hand needs.
_libc = ctypes.PyDLL(None, use_errno=True)


def clone(namespaces):
    """os.fork() whose child starts in new namespaces, as PID 1 where CLONE_NEWPID is asked for.

    os.fork() + unshare() would need a second process between the two, which costs a millisecond a cell. As libc's
    fork does, the kernel is asked to write the child's thread id where libc keeps it: the old one there would be
    that of one of the child's threads to come, and locks that know their owner by it would let both in.
    """
    machine = platform.machine()
    tid = _thread_id_address()
    child_tid_and_tls = (tid, None) if machine == "x86_64" else (None, tid)
    ctypes.pythonapi.PyOS_BeforeFork()
    flags = namespaces | _CLONE_CHILD_SETTID | _CLONE_CHILD_CLEARTID | _SIGCHLD
    pid = _libc.syscall(_SYS_CLONE[machine], flags, None, None, *child_tid_and_tls)
    error = ctypes.get_errno()
    if pid == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
        return 0
    ctypes.pythonapi.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError(error, f"clone: {os.strerror(error)}")
    return pid


def _thread_id_address():
    """Where libc keeps the calling thread's id (it told the kernel, which tells us; Linux with CHECKPOINT_RESTORE)."""
    address = ctypes.c_void_p()
    _check("prctl(PR_GET_TID_ADDRESS)", _libc.prctl(_PR_GET_TID_ADDRESS, ctypes.byref(address), 0, 0, 0))
    return address


def mount(source, target, kind, flags, options=""):
    _check("mount " + target, _libc.mount(source.encode(), target.encode(), kind.encode(), flags, options.encode()))


def set_dumpable():
    """A change of uid makes /proc/self belong to root, and the uid map could not be written."""
    _check("prctl", _libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0))


def set_no_new_privileges():
    _check("prctl", _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def die_with_parent(signal_number):
    _check("prctl", _libc.prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0))


def drop_all_capabilities():
    _check("capset", _libc.capset(_CAPABILITY_HEADER, _NO_CAPABILITIES))


def _check(call, returned):
    if returned != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{call}: {os.strerror(error)}")
