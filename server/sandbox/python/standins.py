"""Stand-ins for modules of which a program may use a part. What `import` gives the program instead of the module.

policy.json (`standIns`) lists the modules and their names; a stand-in has these names and no others, so that no module
that the real one imports can be reached through it. Stand-ins are made when they are first imported:

    inspect, unittest, importlib.metadata, …    the names of the real module; unittest looks for no tests in files
    doctest, timeit, unittest.mock              the names of a copy of the module (copies.py), which runs with the
                                                built-in functions of programs: it compiles text and reads names for them
    sqlite3                                     `connect` has a guard (databases.py)

Libraries import the real modules. Each maker names what it imports, which makes the import its own (callers.py).
"""

import sys
import types

import copies
import databases
from policy import STAND_INS

FORBID = "weft.forbid"
_audit = sys.audit


class StandIn(types.ModuleType):
    """Of a type of its own, because a module of that name is blocked, and is found by its type."""


def make_stand_ins(guarded):
    """`stand_in(name)`, which makes a module once. `guarded`: the built-in functions of programs."""
    made = {}

    def stand_in(name):
        if name not in made:
            real = _MAKERS[name](guarded) if name in _MAKERS else {}
            members = {each: real[each] for each in STAND_INS[name].names if each in real}
            module = made[name] = StandIn(name, real.get("__doc__"))
            module.__dict__.update(members, __all__=sorted(members))
            if "__getattr__" in real:
                module.__getattr__ = _of_names(real["__getattr__"], name)
            parent, _, child = name.rpartition(".")
            if parent:
                module.__package__ = parent
                setattr(stand_in(parent), child, module)
        return made[name]

    return stand_in


def _of_names(read, module):
    """What the real module loads when it is first read."""

    def __getattr__(name):
        if name in STAND_INS[module].names:
            return read(name)
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return __getattr__


def _inspect(_guarded):
    import inspect

    return vars(inspect)


def _unittest(guarded):
    import unittest

    # They import what they find, and hand out modules. In this process, only the program asks for it.
    for name in ("discover", "_find_tests", "_get_module_from_name"):
        setattr(unittest.TestLoader, name, _refused(f"TestLoader.{name}", STAND_INS["unittest"].reason))

    class TestProgram(unittest.TestProgram):
        def __init__(self, module="__main__", *arguments, **named):
            if isinstance(module, str):
                module = str.__str__(module)  # a subclass could be another name the next time
                guarded["__import__"](module)
            super().__init__(module, *arguments, **named)

    return {**vars(unittest), "main": TestProgram}


def _refused(name, reason):
    def refused(*_, **__):
        _audit(FORBID, "blocked-call", f"`{name}`", reason)

    return refused


def _metadata(_guarded):
    import importlib.metadata

    return vars(importlib.metadata)


def _thread_pool(_guarded):
    import multiprocessing.pool

    return vars(multiprocessing.pool)


def _dummy(_guarded):
    import multiprocessing.dummy

    return vars(multiprocessing.dummy)


_MAKERS = {
    "inspect": _inspect,
    "unittest": _unittest,
    "importlib.metadata": _metadata,
    "multiprocessing.pool": _thread_pool,
    "multiprocessing.dummy": _dummy,
    "doctest": copies.doctest,
    "timeit": copies.timeit,
    "unittest.mock": copies.mock,
    "sqlite3": databases.sqlite3,
}
