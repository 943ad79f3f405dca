"""Imports the packages of an environment ahead, in its fork-server; every cell is a copy of that and so has them.

`import_ahead(modules, report, cache_folder)` reports a line before each import, so that Node knows which module was
being imported when this process crashes or hangs, and a line for a module that must not be imported ahead:

    importing <module>
    unfit <module> <why>      the last line: the process ends, and Node starts another without that module

A module is unfit if its import fails, or leaves behind what a fork would break (a thread or a descriptor, which cells
do not inherit) or what cells would share (a child process, a writable mapping). A run that imports it in its cell gets
the error as its own.

Package code is as hostile as the code of runs, and what it leaves in memory is in every cell of its environment; see
DESIGN.md. Before it runs, this process has dropped root, and here drops everything that making cells does not need.
"""

import importlib
import os
import resource
import sys

import figures
import seccomp
import syscalls
from usage import PROC

# One thread, because threads do not survive a fork, and a run may have 64 of them and a limited CPU time: by default,
# libraries would start one for each processor of the host.
_SETTINGS = {
    **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"),
    **dict.fromkeys(("POLARS_MAX_THREADS", "RAYON_NUM_THREADS"), "2"),
    "LOKY_MAX_CPU_COUNT": "1",
    # Its processes are programs, which a cell has none of. While it is imported ahead it finds so by itself.
    "JOBLIB_MULTIPROCESSING": "0",
    "MPLBACKEND": f"module://{figures.BACKEND}",
}
_MAX_PROCESSES = 2048

# Submodules that programs commonly import, of packages whose top module imports little.
_PARTS = {
    "matplotlib": ("matplotlib.pyplot",),
    "scipy": ("scipy.stats", "scipy.optimize"),
    "sklearn": ("sklearn.linear_model", "sklearn.model_selection"),
    "lxml": ("lxml.etree",),
    "PIL": ("PIL.Image",),
}


def find_packages(folder):
    """Makes the packages in `folder` importable. Its .pth files, whose code would run at every start, are not read."""
    sys.path.append(folder)
    os.environ.update(_SETTINGS)


def import_ahead(modules, report, cache_folder):
    """`cache_folder`: where imports may write; hidden from cells."""
    _drop_privileges()
    os.environ["MPLCONFIGDIR"] = cache_folder
    saved = os.dup(1), os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(null, stream)
    os.close(null)
    before = _left_behind()
    for module in modules:
        for part in (module, *_PARTS.get(module, ())):
            _import(part, module, before, lambda line: report(saved[0], line))
    for stream, fd in zip((1, 2), saved):
        os.dup2(fd, stream)
        os.close(fd)
    del os.environ["MPLCONFIGDIR"]


def _import(part, module, before, report):
    report(f"importing {module}")
    try:
        importlib.import_module(part)
        problem = ", ".join(sorted(_left_behind() - before))
    except ModuleNotFoundError as error:
        problem = None if error.name == part else str(error)
    except BaseException as error:
        problem = f"{type(error).__name__}: {error}"
    if problem:
        report(f"unfit {module} {' '.join(problem.split())[:300]}")
        os._exit(0)


def _left_behind():
    """What this process has that a fork would break or cells would share."""
    found = {f"thread {name}" for name in os.listdir(f"{PROC}/self/task") if int(name) != os.getpid()}
    with open(f"{PROC}/self/task/{os.getpid()}/children") as children:
        found.update(f"process {pid}" for pid in children.read().split())
    with open(f"{PROC}/self/maps") as mappings:
        found.update(f"shared memory {line.split()[-1]}" for line in mappings if line.split()[1] == "rw-s")
    for fd in os.listdir(f"{PROC}/self/fd"):
        try:
            found.add(f"descriptor {os.readlink(f'{PROC}/self/fd/{fd}')}")
        except FileNotFoundError:
            pass  # the descriptor that listdir used
    return found


def _drop_privileges():
    hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    processes = _MAX_PROCESSES if hard == resource.RLIM_INFINITY else min(_MAX_PROCESSES, hard)
    resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))
    syscalls.set_no_new_privileges()
    seccomp.restrict_fork_server()
