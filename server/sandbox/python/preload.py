"""Imports the packages of an environment ahead, in its fork-server: a cell has them by being a copy of it.

`import_ahead(modules, tell)` tells a line before each import, so that Node knows what was under way when this process
crashes or hangs, and one for a module that cannot be kept:

    importing <module>
    unfit <module> <why>      the last line: the process ends, and Node starts another without that module

Unfit is what a fork would break (a thread, a descriptor: cells get neither) or what cells would share (a child process, a
writable mapping), and an import that fails: it is tried again in the cell, whose program gets the error as its own.

The code of packages is as hostile as that of runs, and what it leaves in memory is in every cell of its environment; see
DESIGN.md. Before the first of it runs, this process has given up root, and gives up here what making cells does not need.
"""

import importlib
import os
import resource
import sys

import figures
import seccomp
import syscalls

# One thread: more neither survive a fork nor get more than a run's CPU time. A cell may have 64 threads in all, and libraries
# take the host's processors for their own.
_SETTINGS = {
    **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"),
    **dict.fromkeys(("POLARS_MAX_THREADS", "RAYON_NUM_THREADS"), "2"),
    "LOKY_MAX_CPU_COUNT": "1",
    "MPLBACKEND": f"module://{figures.BACKEND}",
    "HOME": "/tmp",
}
_MAX_PROCESSES = 2048

# What programs import from packages whose own name brings little along.
_PARTS = {
    "matplotlib": ("matplotlib.pyplot",),
    "scipy": ("scipy.stats", "scipy.optimize"),
    "sklearn": ("sklearn.linear_model", "sklearn.model_selection"),
    "lxml": ("lxml.etree",),
    "PIL": ("PIL.Image",),
}


def find_packages(folder):
    """Makes the packages in `folder` importable. Its .pth files, which run code in every Python there is, stay unread."""
    sys.path.append(folder)
    os.environ.update(_SETTINGS)


def import_ahead(modules, tell, cache_folder):
    """`cache_folder`: where imports may write; gone for cells."""
    _give_up_privileges()
    os.environ["MPLCONFIGDIR"] = cache_folder
    reported = os.dup(1), os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(null, stream)
    os.close(null)
    before = _left_behind()
    for module in modules:
        for part in (module, *_PARTS.get(module, ())):
            _import(part, module, before, lambda line: tell(reported[0], line))
    for stream, fd in zip((1, 2), reported):
        os.dup2(fd, stream)
        os.close(fd)
    del os.environ["MPLCONFIGDIR"]


def _import(part, module, before, tell):
    tell(f"importing {module}")
    try:
        importlib.import_module(part)
        problem = ", ".join(sorted(_left_behind() - before))
    except ModuleNotFoundError as error:
        problem = None if error.name == part else str(error)
    except BaseException as error:
        problem = f"{type(error).__name__}: {error}"
    if problem:
        tell(f"unfit {module} {' '.join(problem.split())[:300]}")
        os._exit(0)


def _left_behind():
    """What of this process a fork would break or share."""
    found = {f"thread {name}" for name in os.listdir("/proc/self/task") if int(name) != os.getpid()}
    with open("/proc/self/task/%d/children" % os.getpid()) as children:
        found.update(f"process {pid}" for pid in children.read().split())
    with open("/proc/self/maps") as mappings:
        found.update(f"shared memory {line.split()[-1]}" for line in mappings if line.split()[1] == "rw-s")
    for fd in os.listdir("/proc/self/fd"):
        try:
            found.add(f"descriptor {os.readlink('/proc/self/fd/' + fd)}")
        except FileNotFoundError:
            pass  # the one that the folder was read with
    return found


def _give_up_privileges():
    hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    processes = _MAX_PROCESSES if hard == resource.RLIM_INFINITY else min(_MAX_PROCESSES, hard)
    resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))
    syscalls.set_no_new_privileges()
    seccomp.restrict_fork_server()
