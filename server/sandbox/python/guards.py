"""The parts of the runtime wall for operations without an audit event: builtins, and a few attributes of built-in
types.

The frames of a program have a copy of the builtins, in which some are replaced: `__import__` (importing a module
that is already loaded raises no event), eval, exec, compile and breakpoint (refused), getattr (names made at
run time).

Frames can be reached through attributes that raise no event (`gi_frame`, `f_back`, `AttributeError.obj` …).
Their descriptors are replaced, in the dictionaries of the types, by ones that judge the caller first. Libraries,
which need them for logging and tracebacks, are not restricted.
"""

import builtins
import gc
import importlib
import sys
import types

import callers
from policy import ATTRIBUTE_RULES, ATTRIBUTES, DATA, NAMES, module_reason

_REFUSED = ("eval", "exec", "compile", "breakpoint")
_read = builtins.getattr


def guarded_builtins(wall):
    """A dictionary for `__builtins__` of the program's namespace."""
    guarded = dict(vars(builtins))
    guarded["__import__"] = _guarded_import(wall)
    guarded["getattr"] = _guarded_getattr(wall)
    for name in _REFUSED:
        guarded[name] = _refused(wall, name)
    return guarded


def judge_descriptors(wall):
    for type_name, attribute in DATA["judgedDescriptors"]:
        module, _, name = type_name.rpartition(".")
        kind = _read(importlib.import_module(module), name)
        if attribute in kind.__dict__:  # AttributeError.obj is younger than Python 3.9
            # A built-in type refuses setattr, but the dictionary behind its mappingproxy can be changed.
            gc.get_referents(kind.__dict__)[0][attribute] = _judged(wall, attribute, kind.__dict__[attribute])
    clear_caches = _read(sys, "_clear_internal_caches", None) or sys._clear_type_cache
    clear_caches()


def _guarded_import(wall):
    real_import = builtins.__import__

    def __import__(name, globals=None, locals=None, fromlist=(), level=0):
        # C code such as pickle imports for the program, and passes a list where an import statement passes a tuple.
        is_from_c = type(fromlist) is list and name in DATA["importedByC"]
        if level == 0 and not is_from_c:
            for dotted in (name, *(f"{name}.{item}" for item in fromlist or ())):
                if module_reason(dotted):
                    wall.forbid(
                        "blocked-module", f"Module `{dotted}`", module_reason(dotted), sys._getframe(1)
                    )
        module = real_import(name, globals, locals, fromlist, level)
        for item in fromlist or ():
            _forbid_module(wall, _vars(module).get(item), f"{name}.{item}")
        return module

    return __import__


def _guarded_getattr(wall):
    def getattr(object, name, *default):
        if isinstance(name, str):
            name = str.__str__(name)  # a subclass of str could fake the look-up below
            if name in ATTRIBUTES:
                wall.forbid(ATTRIBUTE_RULES[name], f"`.{name}`", ATTRIBUTES[name], sys._getframe(1))
        value = _read(object, name, *default)
        if type(value) is types.ModuleType:
            _forbid_module(wall, value, f"{_read(object, '__name__', '?')}.{name}")
        return value

    return getattr


def _forbid_module(wall, value, dotted):
    reason = module_reason(value.__name__) if type(value) is types.ModuleType else None
    if reason:
        wall.forbid(
            "module-attribute", f"`{dotted}`, the module `{value.__name__}`,", reason, sys._getframe(2)
        )


def _vars(module):
    return module.__dict__ if isinstance(module, types.ModuleType) else {}


def _refused(wall, name):
    def refused(*_, **__):
        wall.forbid("blocked-call", f"`{name}`", NAMES[name], sys._getframe(1))

    refused.__name__ = refused.__qualname__ = name
    return refused


def _judged(wall, name, original):
    """A descriptor that judges its caller first. Its state is in closures, because reading those is judged as well."""
    rule = ATTRIBUTE_RULES.get(name, "frame-access")
    reason = ATTRIBUTES.get(
        name, "it returns the object that was accessed; use the message of the exception"
    )

    class Judged:
        __slots__ = ()

        def __get__(self, value, owner=None):
            frame = sys._getframe(1)
            if wall.is_up and callers.is_program(frame, "direct"):
                wall.forbid(rule, f"`.{name}`", reason, frame)
            return original.__get__(value, owner)

        def __set__(self, value, new):
            original.__set__(value, new)

    return Judged()
