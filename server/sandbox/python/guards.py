"""The parts of the runtime wall for operations without an audit event: builtins, and a few attributes of built-in
types.

The frames of a program have a copy of the builtins, in which some are replaced: `__import__` (importing a module
that is already loaded raises no event), eval, exec, compile and breakpoint (refused), getattr and vars (names made at
run time). Some modules of the standard library that read what their caller names have that getattr as well.

Frames can be reached through attributes that raise no event (`gi_frame`, `f_back`, `AttributeError.obj` …).
Their descriptors are replaced, in the dictionaries of the types, by ones that raise an event. Libraries, which need them
for logging and tracebacks, are not restricted.

Nothing here can be reached that judges: a guard raises an audit event of Weft's own, and the hook judges it.

    weft.forbid(rule, what, reason)              the program did this
    weft.judge(rule, what, reason, name)         forbidden if the program drives the function that has named it
    weft.violations(list)                        the first violation is added to the list
"""

import builtins
import gc
import importlib
import sys
import types

from policy import ATTRIBUTE_RULES, ATTRIBUTES, DATA, NAMES, module_reason, private_module_reason

FORBID, JUDGE, VIOLATIONS = "weft.forbid", "weft.judge", "weft.violations"
_REFUSED = ("eval", "exec", "compile", "breakpoint")
_read = builtins.getattr
_audit = sys.audit


def guarded_builtins():
    """A dictionary for `__builtins__` of the program's namespace."""
    guarded = dict(vars(builtins))
    guarded["__import__"] = _guarded_import()
    guarded["getattr"] = _guarded_getattr(FORBID)
    guarded["vars"] = _guarded_vars()
    for name in _REFUSED:
        guarded[name] = _refused(name)
    return guarded


def judge_descriptors():
    for type_name, attribute in DATA["judgedDescriptors"]:
        module, _, name = type_name.rpartition(".")
        kind = _read(importlib.import_module(module), name)
        if attribute in kind.__dict__:  # AttributeError.obj is younger than Python 3.9
            # A built-in type refuses setattr, but the dictionary behind its mappingproxy can be changed.
            gc.get_referents(kind.__dict__)[0][attribute] = _judged(attribute, kind.__dict__[attribute])
    clear_caches = _read(sys, "_clear_internal_caches", None) or sys._clear_type_cache
    clear_caches()
    for name in DATA["readers"]:
        importlib.import_module(name).__dict__["getattr"] = _guarded_getattr(JUDGE)


def _guarded_import():
    real_import = builtins.__import__

    def __import__(name, globals=None, locals=None, fromlist=(), level=0):
        if type(fromlist) is list:
            # C code that imports for itself (pickle, numpy.fromfile), where an import statement has a tuple. It takes
            # the module from sys.modules, so that whoever only seems to be C code gets nothing.
            real_import(name, globals, locals, fromlist, level)
            return None
        if level == 0:
            for dotted in (name, *(f"{name}.{item}" for item in fromlist or ())):
                reason = module_reason(dotted) or private_module_reason(dotted)
                if reason:
                    _audit(FORBID, "blocked-module", f"Module `{dotted}`", reason)
        module = real_import(name, globals, locals, fromlist, level)
        for item in fromlist or ():
            _forbid_module(FORBID, _vars(module).get(item), f"{name}.{item}", item)
        return module

    return __import__


def _guarded_getattr(event):
    def getattr(object, name, *default):
        if isinstance(name, str):
            name = str.__str__(name)  # a subclass of str could fake the look-up below
            if name in ATTRIBUTES:
                _audit(event, ATTRIBUTE_RULES[name], f"`.{name}`", ATTRIBUTES[name], name)
        value = _read(object, name, *default)
        if type(value) is types.ModuleType:
            owner = object if isinstance(object, (types.ModuleType, type)) else type(object)
            _forbid_module(event, value, f"{owner.__name__}.{name}", name)
        return value

    return getattr


def _guarded_vars():
    real_vars = builtins.vars

    def vars(*object):
        if not object:
            return sys._getframe(1).f_locals
        if type(object[0]) is types.ModuleType:
            what = f"`vars()` of the module `{object[0].__name__}`"
            _audit(FORBID, "module-attribute", what, "it reaches the modules that it imports; name the function you need")
        return real_vars(*object)

    return vars


def _forbid_module(event, value, dotted, name):
    reason = module_reason(value.__name__) if type(value) is types.ModuleType else None
    if reason:
        _audit(event, "module-attribute", f"`{dotted}`, the module `{value.__name__}`,", reason, name)


def _vars(module):
    return module.__dict__ if isinstance(module, types.ModuleType) else {}


def _refused(name):
    def refused(*_, **__):
        _audit(FORBID, "blocked-call", f"`{name}`", NAMES[name])

    refused.__name__ = refused.__qualname__ = name
    return refused


def _judged(name, original):
    """A descriptor that raises an event first. Its state is in closures, because reading those is judged as well."""
    rule = ATTRIBUTE_RULES.get(name, "frame-access")
    reason = ATTRIBUTES.get(
        name, "it returns the object that was accessed; use the message of the exception"
    )

    class Judged:
        __slots__ = ()

        def __get__(self, value, owner=None):
            _audit(JUDGE, rule, f"`.{name}`", reason, name)
            return original.__get__(value, owner)

        def __set__(self, value, new):
            original.__set__(value, new)

    return Judged()
