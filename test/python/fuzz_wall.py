"""Random walks through the runtime wall: `python3 test/python/fuzz_wall.py [steps] [seed]`.

Each walk is a program under `strict`, in a process of its own. It begins with the modules that a program may import,
and with plain values. A step reads a random attribute of something that it has, calls it, looks something up in it or
takes its next item, and keeps what comes. What it must never come to have: a module that is blocked, a code object, a
frame. Prints each way there as `escape: …`, with the seed that repeats it. A violation is no escape: it was found.

The kernel's wall is not here, so a hole may do harm: the command runs under bubblewrap, with the host's files
read-only.
"""

import json
import os
import resource
import sys

import support
from policy import DATA

STEPS_OF_A_WALK = 20_000
MEMORY_BYTES = 2 << 30

BLOCKED = sorted({name for group in DATA["modules"] for name in group["names"]})

WALK = """
import abc, argparse, array, ast, base64, bisect, calendar, cmath, collections, contextlib, copy, csv, dataclasses
import datetime, decimal, difflib, enum, fractions, functools, hashlib, heapq, html, io, itertools, json, logging, math
import numbers, operator, pathlib, pickle, pprint, queue, random, re, reprlib, statistics, string, struct, textwrap
import threading, time, traceback, types, typing, unicodedata, uuid, weakref, zlib
import doctest, importlib.metadata, inspect, sqlite3, timeit, unittest, unittest.mock
from multiprocessing import dummy, pool as pools

blocked, seed, steps = set(input_data["blocked"]), input_data["seed"], input_data["steps"]
chance = random.Random(seed)
# They wait, end the program or never come to an end.
left_out = {"sleep", "input", "exit", "quit", "count", "cycle", "repeat", "acquire", "wait", "join", "get", "put",
            "breakpoint", "factorial", "comb", "perm", "seed", "shuffle", "interrupt_main", "stack_size", "result", "timeit",
            "autorange", "main", "signals"}
modules = [value for value in list(globals().values()) if type(value).__name__ in ("module", "StandIn")]
modules += [importlib.metadata, unittest.mock]

class Own:
    field = 1
    def method(self, *rest):
        return rest

def own(*rest):
    return rest

async def later():
    return 1

def plain_values():
    return [0, 1, -1, 2.5, True, None, "", "a", "os", "__class__", "{0.__class__}", "import os", b"x", (), (1, "a"),
            [], [1], {}, {"a": 1}, {1, 2}, Own, Own(), Own().method, own, lambda *rest: rest, (each for each in "ab"),
            iter([1, 2]), later(), object, type, int, str, list, dict, Exception, ValueError("x"), property, getattr,
            map, filter, sorted, vars, super, repr, format, iter, next, zip, callable, isinstance, open, print, dir,
            hash, classmethod, staticmethod]

def new_pool():
    named = [(module, module.__name__) for module in modules]
    return named + [(value, f"value {index}") for index, value in enumerate(plain_values())]

def step(value, way):
    kind = chance.random()
    if kind < 0.5:
        name = chance.choice(dir(value))
        return None if name in left_out else (getattr(value, name), f"{way}.{name}")
    if kind < 0.9 and callable(value):
        chosen = [chance.choice(pool) for _ in range(chance.choice((0, 1, 1, 1, 2, 2, 3)))]
        arguments = ", ".join(way for _, way in chosen)
        return value(*(each for each, _ in chosen)), f"{way}({arguments})"
    if kind < 0.95:
        other, name = chance.choice(pool)
        return value[other], f"{way}[{name}]"
    return next(iter(value)), f"next({way})"

def has_escaped(value):
    kind = type(value).__name__
    # A new module is empty, and may have any name.
    return kind in ("code", "frame") or kind == "module" and value.__name__ in blocked and len(dir(value)) > 10

pool, taken = new_pool(), 0
for number in range(steps):
    if number % 2000 == 0:
        pool = new_pool()
    value, way = chance.choice(pool)
    try:
        found = step(value, way)
    except BaseException as error:
        found = (error, f"error of {way}")
    taken += 1
    if found is None or len(found[1]) > 300:
        continue
    if has_escaped(found[0]):
        print("escape:", seed, found[1], type(found[0]).__name__, flush=True)
        continue
    pool.append(found)
print("steps:", taken, flush=True)
"""


def walk(seed, steps, policy="strict"):
    """The steps that one walk took, and its escapes, a line each. A walk that hangs or crashes took none."""
    request = {"blocked": BLOCKED, "seed": seed, "steps": steps}
    try:
        lines = support.run(WALK, request, policy).stdout.splitlines()
    except (AssertionError, json.JSONDecodeError):
        return 0, []
    taken = sum(int(line.partition(" ")[2]) for line in lines if line.startswith("steps: "))
    return taken, [line for line in lines if line.startswith("escape: ")]


def main(steps=10_000_000, seed=1):
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    support.TIME_LIMIT_SECONDS = 10
    taken, escapes = 0, set()
    while taken < steps:
        walked, found = walk(seed, STEPS_OF_A_WALK)
        for line in found:
            way = line.split(" ", 2)[2]
            if way not in escapes:
                escapes.add(way)
                print(line, flush=True)
        taken, seed = taken + walked, seed + 1
        if seed % 100 == 0:
            print(f"{taken} steps, {len(escapes)} escapes", flush=True)
    print(f"{taken} steps, {len(escapes)} escapes")
    return 1 if escapes else 0


def _in_bubblewrap():
    os.environ["WEFT_FUZZ_IN_ROOM"] = "1"
    room = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--unshare-all"]
    os.execvp("bwrap", [*room, "--die-with-parent", sys.executable, *sys.argv])


if __name__ == "__main__":
    if "WEFT_FUZZ_IN_ROOM" not in os.environ:
        _in_bubblewrap()
    sys.exit(main(*map(int, sys.argv[1:])))
