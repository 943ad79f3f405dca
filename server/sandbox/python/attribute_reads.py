"""Calls of `getattr` in a program that need no guard at run time, which costs twice what the call itself does.

    getattr(x, "name"), getattr(x, "name", default)   the static wall has judged what stands there: Python's own function
    getattr(x, name), getattr(x, name, default)       READ(x, KNOWN[name]) if name in KNOWN else GUARD(x, name)
    getattr(x(), name + "s"), and whatever else       GUARD(x(), name + "s")

READ is Python's own function, GUARD that of guards.py. KNOWN has the names that the guard has met and that can lead
neither to what policy.json blocks nor to a module (`Harmless`); what is read is the text in it, whatever `name` pretends
to equal. All three are in the constants of the code, which only a code object shows: so this is for `strict`, where
`dis` is blocked. A call raises what it raises in plain Python, from the same place in the text.

`mark` puts bytes into the tree, which no program can know, and `put_in` replaces them, because the compiler takes
none of them as a constant.
"""

import ast
import itertools
import os
import re
import sys
import types
from typing import NamedTuple

from policy import DATA

MAX_NAMES = 1000
MAX_REPEATED_NODES = 8
LINE_END = re.compile(r"\r\n|\r|\n")
_read = getattr
# `getattr = f`, `"getattr"`, `def getattr(` and `import *` may give the name another meaning.
_OTHERWISE = re.compile(r"(?<![\w.])getattr\b(?!\()|\b(?:def|class)[ \t]+getattr\b|\bimport\s*\*")


class Harmless:
    """Names that lead neither to what is blocked nor to a module. `known` has those that were asked for, as texts that
    cannot be another one the next time."""

    def __init__(self, modules):
        self.known = {}
        self._others = {name for group in DATA["attributes"] for name in group["names"]} | _names_of_modules(modules)

    def learn(self, name):
        """The name if it is one of them, otherwise None."""
        if type(name) is not str or name[:1] == "_" or name in self._others or len(self.known) >= MAX_NAMES:
            return None
        interned = sys.intern(name)  # Python finds these faster, here and as an attribute
        self.known[interned] = interned
        return interned


def _names_of_modules(modules):
    """Those under which a module, or a class in one, has a module."""
    found = {name.rpartition(".")[2] for name in modules}
    classes = set()
    for module in list(modules.values()):
        for name, value in list(_read(module, "__dict__", {}).items()):
            if isinstance(value, types.ModuleType):
                found.add(name)
            elif isinstance(value, type):
                classes.add(value)
    for each in classes:
        found.update(name for name, value in list(vars(each).items()) if isinstance(value, types.ModuleType))
    return found


class Reads(NamedTuple):
    """What stands in the constants of a program's code instead of these bytes."""

    values: dict
    known: bytes
    plain: bytes
    guards: dict  # by the number of arguments
    harmless: Harmless


def make_reads(harmless, guards):
    known, plain = os.urandom(16), os.urandom(16)
    guarded = {count: os.urandom(16) for count in guards}
    values = {known: harmless.known, plain: _read, **{guarded[count]: guards[count] for count in guards}}
    return Reads(values, known, plain, guarded, harmless)


def mark(tree, code, reads):
    """Returns whether there is something to put in."""
    if _OTHERWISE.search(code):
        return False
    lines = [number for number, line in enumerate(LINE_END.split(code), 1) if "getattr" in line]
    # Outwards, because what is inside of a call moves into what stands for the call.
    return any([_mark_calls_in(node, reads) for node in reversed([*_nodes_on(tree, lines)])])


def _nodes_on(tree, lines):
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for child in ast.iter_child_nodes(node):
            first = _read(child, "lineno", None)
            if first is None or any(first <= line <= child.end_lineno for line in lines):
                waiting.append(child)


def _mark_calls_in(node, reads):
    is_marked = False
    for field, value in ast.iter_fields(node):
        marked = [_marked(each, reads) for each in value] if isinstance(value, list) else _marked(value, reads)
        if marked != value:
            setattr(node, field, marked)
            is_marked = True
    return is_marked


def _marked(node, reads):
    """What stands for this node: the node itself, unless it is a call of `getattr`."""
    if not _is_call(node):
        return node
    if len(node.args) not in (2, 3) or _is_harmless(node.args[1], reads):  # a wrong number of arguments reads nothing
        return _call_of(reads.plain, node, node.args)
    guarded = _call_of(reads.guards[len(node.args)], node, node.args)
    value, name, *default = node.args
    if not (isinstance(name, ast.Name) and _is_path(value) and all(map(_is_short, default))):
        return guarded  # the name would be read twice, or what stands in both calls is long
    known = ast.Subscript(ast.Constant(reads.known), name, ast.Load())
    is_known = ast.Compare(name, [ast.In()], [ast.Constant(reads.known)])
    plain = _call_of(reads.plain, node, [value, _placed(known, node), *default])
    return ast.copy_location(ast.IfExp(_placed(is_known, node), plain, guarded), node)


def _is_call(node):
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "getattr"
        and not node.keywords
        and not any(isinstance(each, ast.Starred) for each in node.args)
    )


def _is_path(node):
    """It is read after the name and not before, which is the same for these: `self`, `self.point`."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)


def _is_short(node):
    return len([*itertools.islice(ast.walk(node), MAX_REPEATED_NODES + 1)]) <= MAX_REPEATED_NODES


def _call_of(mark, call, arguments):
    # The compiler warns of a call of bytes, unless they are part of an expression.
    function = ast.IfExp(ast.Constant(True), ast.Constant(mark), ast.Constant(None))
    return ast.copy_location(ast.Call(_placed(function, call.func), arguments, []), call)


def _is_harmless(name, reads):
    return isinstance(name, ast.Constant) and reads.harmless.learn(name.value) is not None


def _placed(node, original):
    for each in (node, *ast.iter_child_nodes(node)):
        if not isinstance(each, (ast.Name, ast.expr_context)):
            ast.copy_location(each, original)
    return node


def put_in(code, values):
    constants = tuple(_with_values(constant, values) for constant in code.co_consts)
    return code if all(map(_is, constants, code.co_consts)) else code.replace(co_consts=constants)


def _is(one, other):
    return one is other


def _with_values(constant, values):
    if isinstance(constant, types.CodeType):
        return put_in(constant, values)
    return values.get(constant, constant) if type(constant) is bytes else constant
