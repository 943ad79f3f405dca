"""Linux calls that Python 3.9 has no function for. Each raises an OSError that names the failed call."""

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
# Made once, because making them costs more than the call itself.
_CAPABILITY_HEADER = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3, this process
_NO_CAPABILITIES = (ctypes.c_uint32 * 6)()
_SYS_CLONE = {"x86_64": 56, "aarch64": 220}

# PyDLL keeps the interpreter lock during the call, which clone() needs.
_libc = ctypes.PyDLL(None, use_errno=True)


def clone(namespaces):
    """Like os.fork(), but the child starts in new namespaces, as PID 1 if they include CLONE_NEWPID.

    os.fork() and unshare() would need a second process between the two, which costs a millisecond for each cell. Like
    libc's fork, this lets the kernel store the child's thread id where libc reads it. Otherwise a later thread of the
    child could get the old id, and a lock that identifies its owner by thread id would admit both threads.
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
    """Where libc stores the id of the calling thread, as the kernel knows it (Linux with CHECKPOINT_RESTORE)."""
    address = ctypes.c_void_p()
    _check("prctl(PR_GET_TID_ADDRESS)", _libc.prctl(_PR_GET_TID_ADDRESS, ctypes.byref(address), 0, 0, 0))
    return address


def mount(source, target, kind, flags, options=""):
    _check("mount " + target, _libc.mount(source.encode(), target.encode(), kind.encode(), flags, options.encode()))


def set_dumpable():
    """After a change of uid, the files of this process in proc belong to root, and cells could not write their uid maps."""
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
