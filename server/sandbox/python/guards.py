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
    weft.literal(text)                           forbidden if the text does not stand in the program (copies.py)
    weft.attach(path)                            a database is attached (databases.py)
    weft.memory(what, reason)                    forbidden if the program calls `as_strided` itself (strides.py)
    weft.violations(list)                        the first violation is added to the list
    weft.skip-own(frame, list)                   the next frame outwards that is not of Weft is added to the list
"""

import _posixsubprocess
import builtins
import ctypes
import gc
import importlib
import operator
import os
import sys
import traceback
import types

import standins
import strides
from policy import (
    ATTRIBUTE_RULES,
    ATTRIBUTES,
    DATA,
    MODULES_AS_ATTRIBUTES,
    NAMES,
    STAND_INS,
    has_stand_in,
    module_reason,
    private_module_reason,
    stand_in_reason,
)

FORBID, JUDGE, VIOLATIONS, SKIP_OWN = "weft.forbid", "weft.judge", "weft.violations", "weft.skip-own"
_REFUSED = ("eval", "exec", "compile", "breakpoint")
_NO_PROGRAMS = "a sandbox has none; let multiprocessing fork, as it does unless another start method is set"
_MAX_JUDGED = 1000
_OWN_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep
_read = builtins.getattr
BACK = types.FrameType.__dict__["f_back"]
_forget_type = ctypes.PYFUNCTYPE(None, ctypes.py_object)(("PyType_Modified", ctypes.pythonapi))
_audit = sys.audit


def guarded_builtins(harmless):
    """A dictionary for `__builtins__` of the program's namespace."""
    guarded = dict(vars(builtins))
    guarded["__import__"] = _guarded_import(standins.make_stand_ins(guarded))
    guarded["getattr"] = _guarded_getattr(FORBID, harmless)
    guarded["vars"] = _guarded_vars()
    for name in _REFUSED:
        guarded[name] = _refused(name)
    return guarded


class _HidingBack:
    """`f_back` without Weft's frames."""

    __slots__ = ()

    def __get__(self, frame, owner=None):
        back = BACK.__get__(frame, owner)
        while frame is not None and back is not None and back.f_code.co_filename.startswith(_OWN_FOLDER):
            back = BACK.__get__(back, owner)
        return back


def hide_own_frames():
    """No stack that a program prints has a frame of Weft's, below its own or in between (a property that `getattr`
    reads). Under the policy `kernel`, once; what judges does the same by an event, because reading code in Python is
    judged."""
    if types.FrameType.__dict__["f_back"] is BACK:
        _replace(types.FrameType, "f_back", _HidingBack())
        # Of this type alone: to forget all takes as long as the rest of a short run.
        _forget_type(types.FrameType)


def hide_own_lines():
    """No traceback that a program prints has a line of Weft's, as of a guard whose import or look-up failed."""
    summary = traceback.StackSummary
    name = "_extract_from_extended_frame_gen"  # Python 3.11, where `extract` calls it
    name = name if hasattr(summary, name) else "extract"
    original = summary.__dict__[name].__func__

    def extract(kind, *arguments, **named):
        found = original(kind, *arguments, **named)
        found[:] = [each for each in found if not each.filename.startswith(_OWN_FOLDER)]
        return found

    setattr(summary, name, classmethod(extract))


def judge_descriptors():
    for type_name, attribute in DATA["judgedDescriptors"]:
        module, _, name = type_name.rpartition(".")
        kind = _read(importlib.import_module(module), name)
        if attribute in kind.__dict__:  # AttributeError.obj is younger than Python 3.9
            original = BACK if attribute == "f_back" else kind.__dict__[attribute]
            _replace(kind, attribute, _judged(attribute, original))
    _forget_types()


def judge_readers(harmless):
    """Modules of the standard library that read what their caller names."""
    for name in DATA["readers"]:
        importlib.import_module(name).__dict__["getattr"] = _guarded_getattr(JUDGE, harmless)


def judge_readers_in_c():
    """They read attributes by names that may be made at run time, and raise no audit event. What they give is a function,
    whose type makes no other reader."""
    for name in ("attrgetter", "methodcaller"):
        real = _read(operator, name)
        judged = _judged_reader(real, reads_all=name == "attrgetter")
        for module in list(sys.modules.values()):
            if _vars(module).get(name) is real:
                module.__dict__[name] = judged


def _judged_reader(make, reads_all):
    def reader(*arguments, **named):
        exact = [_exact(argument) for argument in arguments]
        for dotted in exact if reads_all else exact[:1]:
            for name in dotted.split(".") if type(dotted) is str else ():
                if name in ATTRIBUTES:
                    _audit(JUDGE, ATTRIBUTE_RULES[name], f"`.{name}`", ATTRIBUTES[name], name)
                elif name in MODULES_AS_ATTRIBUTES or name == "builtins":
                    reason = "it leads to a module; name the function you need"
                    _audit(JUDGE, "module-attribute", f"`.{name}`", reason, name)
        real = make(*(exact if reads_all else (*exact[:1], *arguments[1:])), **named)

        def read(object, /):
            return real(object)

        return read

    reader.__name__ = reader.__qualname__ = make.__name__
    reader.__doc__ = make.__doc__
    return reader


def judge_starts_of_programs():
    """multiprocessing starts Python anew by this function, which raises no event, where it does not fork."""
    start = _posixsubprocess.fork_exec

    def fork_exec(*arguments):
        _audit(FORBID, "process", "Starting a program", _NO_PROGRAMS)
        return start(*arguments)

    _posixsubprocess.fork_exec = fork_exec


def _replace(kind, attribute, descriptor):
    """A built-in type refuses setattr, but the dictionary behind its mappingproxy can be changed."""
    gc.get_referents(kind.__dict__)[0][attribute] = descriptor


def _forget_types():
    clear_caches = _read(sys, "_clear_internal_caches", None) or sys._clear_type_cache
    clear_caches()


def _guarded_import(stand_in):
    """An import statement in a function runs each time: what was judged once is looked up (bench/strict-calls.ts)."""
    real_import, modules, module_type = builtins.__import__, sys.modules, types.ModuleType
    judged, judged_items, judged_stand_ins = {}, {}, {}

    def __import__(name, globals=None, locals=None, fromlist=(), level=0):
        # Texts of types of their own, which could be equal to any other, are never looked up.
        if type(name) is str and not level:
            try:
                if fromlist is None:
                    loaded, module = judged[name]
                    if modules[name] is loaded:
                        return module
                elif type(fromlist) is tuple:
                    module, members, known = judged_items[name, fromlist]
                    if modules[name] is module:
                        for item in fromlist:
                            value = members[item]
                            if type(value) is module_type and value is not known[item]:
                                break
                        else:
                            return module
            except KeyError:
                if type(fromlist) in (tuple, type(None)) and (name, fromlist) in judged_stand_ins:
                    return judged_stand_ins[name, fromlist]
        return judge_import(name, globals, locals, fromlist, level)

    def judge_import(name, globals, locals, fromlist, level):
        if type(fromlist) is list:
            # C code that imports for itself (pickle, numpy.fromfile), where an import statement has a tuple. It takes
            # the module from sys.modules, so that whoever only seems to be C code gets nothing.
            real_import(name, globals, locals, fromlist, level)
            return None
        name, fromlist = _exact(name), fromlist and tuple(map(_exact, fromlist))
        if level == 0 and name in STAND_INS and (fromlist or has_stand_in(name)):
            module = judged_stand_ins[name, fromlist] = import_stand_in(name, fromlist)
            if not fromlist and name in modules:
                judged[name] = modules[name], module
            return module
        if level == 0:
            for dotted in (name, *(f"{name}.{item}" for item in fromlist or ())):
                reason = module_reason(dotted) or private_module_reason(dotted)
                if reason:
                    _audit(FORBID, "blocked-module", f"Module `{dotted}`", reason)
        module = real_import(name, globals, locals, fromlist, level)
        strides.bound()
        for item in fromlist or ():
            _forbid_module(FORBID, _vars(module).get(item), f"{name}.{item}", item)
        if level == 0 and len(judged) + len(judged_items) < _MAX_JUDGED:
            if not fromlist:
                judged[name] = modules.get(name), module
            elif all(item in _vars(module) for item in fromlist):
                judged_items[name, fromlist] = module, _vars(module), {item: _vars(module)[item] for item in fromlist}
        return module

    def import_stand_in(name, fromlist):
        if not fromlist:  # `import a.b` binds a
            stand_in(name)
            return stand_in(name.partition(".")[0])
        for item in fromlist:
            reason = stand_in_reason(f"{name}.{item}")
            if reason:
                _audit(FORBID, "blocked-module", f"`{name}.{item}`", reason)
            if has_stand_in(f"{name}.{item}"):
                stand_in(f"{name}.{item}")
        return stand_in(name)

    return __import__


def _guarded_getattr(event, harmless):
    """Takes twice as long as the call (bench/strict-calls.ts); attribute_reads.py has the calls that need no guard."""
    read, missing, known = _read, object(), harmless.known
    judged_read = _judged_read(event, harmless, missing)

    def getattr(object, name, default=missing, /):
        try:
            exact = known[name]
        except (KeyError, TypeError):
            pass
        else:
            return read(object, exact) if default is missing else read(object, exact, default)
        return judged_read(object, name, default)

    getattr.__qualname__ = "getattr"
    return getattr


def guarded_reads(harmless):
    """`getattr` of a program by its number of arguments, which need not be found out at each call."""
    read, missing, known = _read, object(), harmless.known
    judged_read = _judged_read(FORBID, harmless, missing)

    def read_two(object, name, /):
        try:
            exact = known[name]
        except (KeyError, TypeError):
            pass
        else:
            return read(object, exact)
        return judged_read(object, name, missing)

    def read_three(object, name, default, /):
        try:
            exact = known[name]
        except (KeyError, TypeError):
            pass
        else:
            return read(object, exact, default)
        return judged_read(object, name, default)

    return {2: read_two, 3: read_three}


def _judged_read(event, harmless, missing):
    read, learn, judged, module_type = _read, harmless.learn, ATTRIBUTES, types.ModuleType

    def judged_read(object, name, default):
        if learn(name) is None:
            name = _exact(name)
            if type(name) is str and name in judged:
                _audit(event, ATTRIBUTE_RULES[name], f"`.{name}`", ATTRIBUTES[name], name)
        value = read(object, name) if default is missing else read(object, name, default)
        if type(value) is module_type and module_reason(value.__name__):
            owner = object if isinstance(object, (module_type, type)) else type(object)
            _forbid_module(event, value, f"{owner.__name__}.{name}", name)
        return value

    return judged_read


def _exact(name):
    """A subclass of str could fake the look-up of its name."""
    return str.__str__(name) if isinstance(name, str) else name


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
            read = original.__get__(value, owner)
            if name != "f_back" or value is None:
                return read
            found = []
            _audit(SKIP_OWN, value, found)
            return found[0] if found else read

        def __set__(self, value, new):
            original.__set__(value, new)

    return Judged()
