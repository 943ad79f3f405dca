"""Copies of modules of the standard library that compile text, or read names, which a program handed to them.

A copy is the module's own code, with the built-in functions of programs (guards.py): what its code reads by a name made
at run time is judged as if the program read it, and a namespace in which it executes code has no others. It is not in
sys.modules, and the program gets its functions by a stand-in (standins.py), never the copy.

    doctest         compiles only examples that stand in docstrings of the program (audit.py). It has no debugger.
    timeit          times callables, and texts that stand in the program.
    unittest.mock   finds what is to be replaced as an import statement and `getattr` of the program would.
"""

import builtins
import importlib.util
import sys
import types

from policy import ATTRIBUTES, module_reason

_audit = sys.audit
FORBID, LITERAL = "weft.forbid", "weft.literal"


def doctest(guarded):
    import unittest  # noqa: F401  by its name, so that it is not the program that imports it (callers.py)

    # Importing pdb takes as long as all the rest, and it sets a trace function.
    debugger = types.SimpleNamespace(Pdb=_NoDebugger, set_trace=None)
    replaced = {"pdb": debugger, "sys": _SysWithoutTrace(), "builtins": types.SimpleNamespace()}
    return _copy("doctest", guarded, replaced, exec=exec, compile=compile)


def timeit(guarded):
    copy = _copy("timeit", guarded, {}, exec=exec, compile=compile)
    _time_literals_only(copy["Timer"], guarded)
    return copy


def mock(guarded):
    import unittest  # noqa: F401  as above

    replaced = {"pkgutil": types.SimpleNamespace(resolve_name=_resolver(guarded))}
    copy = _copy("unittest.mock", guarded, replaced, exec=exec, getattr=_quiet_getattr())
    _judge_what_is_replaced(copy["_patch"], guarded["getattr"])
    return copy


def _copy(name, guarded, replaced, **allowed):
    """The namespace of the copy. `replaced`: what it gets instead of modules; `allowed`: built-in functions that it has
    and programs do not."""
    real_import, judged_import = builtins.__import__, guarded["__import__"]

    def __import__(name, globals=None, locals=None, fromlist=(), level=0):
        if globals is not namespace:  # code that the copy executes for the program
            return judged_import(name, globals, locals, fromlist, level)
        return replaced[name] if name in replaced else real_import(name, globals, locals, fromlist, level)

    spec = importlib.util.find_spec(name)
    namespace = {
        "__name__": name,
        "__file__": spec.origin,
        "__package__": spec.parent,
        "__builtins__": {**guarded, "__import__": __import__},
        **allowed,
    }
    exec(spec.loader.get_code(name), namespace)
    return namespace


class _NoDebugger:
    def __init__(self, *_, **__):
        pass

    def reset(self):
        pass

    set_trace = set_continue = reset


class _SysWithoutTrace:
    """doctest keeps the trace function of a debugger, and sets it again."""

    def __getattr__(self, name):
        return getattr(sys, name)

    def __setattr__(self, name, value):
        setattr(sys, name, value)

    def gettrace(self):
        return None

    def settrace(self, _function):
        pass


def _time_literals_only(timer_class, guarded):
    make = timer_class.__init__

    def __init__(self, stmt="pass", setup="pass", timer=None, globals=None):
        texts = [_exact(text) for text in (stmt, setup)]
        for text in texts:
            if isinstance(text, str) and text != "pass":
                _audit(LITERAL, text)
        namespace = {"__builtins__": guarded} if globals is None else globals
        make(self, *texts, *([] if timer is None else [timer]), globals=namespace)

    timer_class.__init__ = __init__


def _judge_module(value, name):
    reason = module_reason(value.__name__) if type(value) is types.ModuleType else None
    if reason:
        _audit(FORBID, "module-attribute", f"`{name}`", reason)


def _exact(text):
    """A subclass of str could be one text here and another one where it is compiled."""
    return str.__str__(text) if isinstance(text, str) else text


def _resolver(guarded):
    judged_import, judged_getattr = guarded["__import__"], guarded["getattr"]

    def resolve_name(name):
        """pkgutil.resolve_name, which mock.patch calls."""
        path, *rest = _exact(name).split(".")
        found = judged_import(path)
        for part in rest:
            path = f"{path}.{part}"
            try:
                found = judged_getattr(found, part)
            except AttributeError:
                judged_import(path)
                found = judged_getattr(found, part)
        return found

    return resolve_name


def _quiet_getattr():
    """mock reads all names that `dir` lists of what it imitates: what is blocked is not there. It looks at the function
    of a method by itself, and hands out none."""
    read, missing = getattr, object()

    def quiet_getattr(object, name, default=missing):
        name = _exact(name)
        is_there = name == "__func__" or name not in ATTRIBUTES
        value = read(object, name, missing) if is_there else missing
        if type(value) is types.ModuleType and module_reason(value.__name__):
            value = missing
        if value is not missing:
            return value
        if default is missing:
            raise AttributeError(f"{type(object).__name__!r} object has no attribute {name!r}")
        return default

    return quiet_getattr


def _judge_what_is_replaced(patch_class, judged_getattr):
    """While it is replaced, the patch has the original."""
    get_original = patch_class.get_original

    def judged_get_original(self):
        self.attribute = _exact(self.attribute)
        judged_getattr(self.getter(), self.attribute, None)
        original, is_local = get_original(self)
        _judge_module(original, self.attribute)  # a thread could change what is read meanwhile
        return original, is_local

    patch_class.get_original = judged_get_original
