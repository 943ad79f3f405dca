"""Makes real cells (server/sandbox/python) outside their room, one thing left out, and prints what they cost as JSON.

    python -I -S -B cell_costs.py '{"folder": …, "cells": 200, "leaveOut": …, "runs": "" | code, "preload": […], "limits": …}'

With "filterTo", it writes the instructions of the filter into that file and ends. Times are in microseconds and pages a
cell: of the parent, of the cell up to `ready`, of its run, and of its end, which is what its parent counts beyond.
"""

import gc
import importlib
import json
import os
import resource
import socket
import sys
import tempfile
import time

CONFIG = json.loads(sys.argv[1])
sys.path.insert(0, CONFIG["folder"])
import cell  # noqa: E402
import seccomp  # noqa: E402
import syscalls  # noqa: E402
import wall  # noqa: E402
from frames import encode_frame, read_frame  # noqa: E402

# The room has the kernel's proc elsewhere.
cell.PROC = "/proc"


def main():
    made_filter = seccomp.build_filter()
    if "filterTo" in CONFIG:
        with open(CONFIG["filterTo"], "wb") as file:
            file.write(bytes(made_filter[1]))
        return
    packages = CONFIG.get("packages") or {"folder": None, "preload": []}
    if packages["folder"]:
        sys.path.append(packages["folder"])
    for name in [*CONFIG["preload"], *packages["preload"]]:
        importlib.import_module(name)
    wall.prepare()
    leave_out(CONFIG["leaveOut"])
    folder = tempfile.mkdtemp(dir="/var/tmp")  # not where a cell has its scratch folder
    if os.getuid() == 0:  # as a fork-server does
        os.chown(folder, 65532, 65532)
        os.setgroups([])
        os.setresgid(65532, 65532, 65532)
        os.setresuid(65532, 65532, 65532)
        syscalls.set_dumpable()
    config = {
        "socketFolder": folder,
        "controlGroup": None,
        "scratchMb": 64,
        "scratchFiles": 4096,
        "openFiles": 256,
        "policy": "strict",
        "limits": CONFIG["limits"],
        "inherited": {"dataKb": 1 << 20},
    }
    gc.collect()
    gc.disable()
    gc.freeze()
    totals = dict.fromkeys(("parent", "ready", "run", "end", "pagesToReady", "pagesOfRun"), 0.0)
    started = time.monotonic()
    for _ in range(CONFIG["cells"]):
        for name, value in make_cell(config, made_filter).items():
            totals[name] += value
    wall_seconds = time.monotonic() - started
    print(json.dumps({**{n: v / CONFIG["cells"] for n, v in totals.items()}, "cellsASecond": CONFIG["cells"] / wall_seconds}))


def make_cell(config, made_filter):
    before = cpu(resource.getrusage(resource.RUSAGE_SELF))
    ours, channel = socket.socketpair()
    guard, guarded = socket.socketpair()
    notes_from, notes_to = os.pipe()
    uid, gid = os.getuid(), os.getgid()
    pid = os.fork() if NAMESPACES is None else syscalls.clone(NAMESPACES)
    if pid == 0:
        note_usage(os.dup2(notes_to, 200))
        null = os.open("/dev/null", os.O_WRONLY)
        cell.live(config, made_filter, uid, gid, (null, null, channel.fileno(), guarded.fileno()), None)
    for end in (channel, guarded):
        end.close()
    os.close(notes_to)
    parent = cpu(resource.getrusage(resource.RUSAGE_SELF)) - before
    frame = read_frame(ours)
    if frame != {"kind": "ready"}:
        raise SystemExit(f"Expected a cell to be ready, got {frame}")
    if CONFIG["runs"]:
        request = {"kind": "run", "code": CONFIG["runs"], "input": None, "policy": "strict", "memoryMb": 128}
        more = {"allowsScratchWrites": False, "recursionLimit": 1000, "web": False, "artifactIdPrefix": "art_"}
        ours.sendall(encode_frame({**request, **more}))
        while frame and frame["kind"] not in ("result", "error"):
            frame = read_frame(ours)
        if not frame or frame["kind"] != "result":
            raise SystemExit(f"Expected a result, got {frame}")
    ours.close()
    guard.close()
    notes = [json.loads(line) for line in os.fdopen(notes_from).read().split()]
    _pid, status, usage = os.wait4(pid, 0)
    if status != 0:
        raise SystemExit(f"A cell ended with the status {status}")
    (ready, pages), (done, all_pages) = notes
    return {
        "parent": parent,
        "ready": ready,
        "run": done - ready,
        "end": cpu(usage) - done,
        "pagesToReady": pages,
        "pagesOfRun": all_pages - pages,
    }


def note_usage(fd):
    """The cell writes what it has used when it is ready, and again before it exits."""

    def note():
        usage = resource.getrusage(resource.RUSAGE_SELF)
        os.write(fd, json.dumps([cpu(usage), usage.ru_minflt], separators=(",", ":")).encode() + b"\n")

    class NotingChannel(cell.Channel):
        def send(self, frame):
            if frame["kind"] == "ready":
                note()
            super().send(frame)

    cell.Channel = NotingChannel
    exit_at_once = os._exit

    def noting_exit(status):
        note()
        exit_at_once(status)

    os._exit = noting_exit
    cell.os.closerange = lambda first, last: CLOSE_RANGE(first, min(last, 199))


CLOSE_RANGE = os.closerange
NAMESPACES = cell.NAMESPACES


def leave_out(part):
    """Everything that a cell does goes on without this part of it."""
    global NAMESPACES
    nothing = lambda *_: None  # noqa: E731
    if part in ("walls", "namespaces"):
        NAMESPACES = None
        cell._map_ids = cell._mount_scratch = nothing
    if part == "walls":
        cell._filter_system_calls = cell._drop_privileges = cell._set_limits = nothing
    elif part.startswith("CLONE_"):
        NAMESPACES &= ~getattr(syscalls, part)
        if part == "CLONE_NEWNS":
            cell._mount_scratch = nothing
    elif part.startswith("_"):
        if not hasattr(cell, part):
            raise SystemExit(f"Expected a function of cell.py, got {part}")
        setattr(cell, part, nothing)


def cpu(usage):
    return (usage.ru_utime + usage.ru_stime) * 1e6


main()
