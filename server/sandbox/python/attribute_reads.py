"""Calls of `getattr` in a program that need no guard at run time, which costs two to three times the call itself.

    getattr(x, "name"), getattr(x, "name", default)   the static wall has judged what stands there: Python's own function
    getattr(x, name)                                  a reader in C for each name, made when the name first comes

Both only where the name can lead neither to what policy.json blocks nor to a module (`Harmless`); for all others the
guard judges (guards.py). What Python's own function and the readers are is in the constants of the code, which only a
code object shows: so this is for `strict`, where `dis` is blocked. A call raises what it raises in plain Python, from
the same place in the text.

`mark` puts bytes into the tree, which no program can know, and `put_in` replaces them by the functions, because the
compiler takes no function as a constant.
"""

import ast
import os
import re
import types
from operator import attrgetter
from typing import NamedTuple

from policy import DATA

MAX_NAMES = 1000
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
        self.known[name] = name
        return name


class _Readers(dict):
    def __init__(self, harmless, guard):
        super().__init__()
        self._harmless, self._guard = harmless, guard

    def __missing__(self, name):
        if self._harmless.learn(name) is None or "." in name:
            return lambda object: self._guard(object, name)
        reader = self[name] = attrgetter(name)
        return reader


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

    functions: dict
    by_name: bytes
    plain: bytes
    harmless: Harmless


def make_reads(harmless, guard):
    by_name, plain = os.urandom(16), os.urandom(16)
    return Reads({by_name: _Readers(harmless, guard), plain: _read}, by_name, plain, harmless)


def mark(tree, code, reads):
    """Returns whether there is something to put in."""
    if _OTHERWISE.search(code):
        return False
    lines = [number for number, line in enumerate(LINE_END.split(code), 1) if "getattr" in line]
    found = [node for node in _nodes_on(tree, lines) if _is_call(node)]
    return any([_mark_call(node, reads) for node in found])


def _nodes_on(tree, lines):
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for child in ast.iter_child_nodes(node):
            first = _read(child, "lineno", None)
            if first is None or any(first <= line <= child.end_lineno for line in lines):
                waiting.append(child)


def _is_call(node):
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "getattr"
        and not node.keywords
        and not any(isinstance(each, ast.Starred) for each in node.args)
    )


def _mark_call(call, reads):
    if len(call.args) not in (2, 3) or _is_harmless(call.args[1], reads):  # the wrong number of arguments reads nothing
        # The compiler warns of a call of bytes, unless they are part of an expression.
        parts = ast.Constant(True), ast.Constant(reads.plain), ast.Constant(None)
        call.func = _placed(ast.IfExp(*parts), call.func)
        return True
    value, name, *default = call.args
    if default or not (isinstance(value, ast.Name) and isinstance(name, ast.Name)):
        return False  # the name is read before the value, which is the same for names alone
    call.args = [value]
    call.func = _placed(ast.Subscript(ast.Constant(reads.by_name), name, ast.Load()), call)
    return True


def _is_harmless(name, reads):
    return isinstance(name, ast.Constant) and reads.harmless.learn(name.value) is not None


def _placed(node, original):
    for each in (node, *ast.iter_child_nodes(node)):
        if not isinstance(each, (ast.Name, ast.expr_context)):
            ast.copy_location(each, original)
    return node


def put_in(code, functions):
    constants = tuple(_with_functions(constant, functions) for constant in code.co_consts)
    return code if all(map(_is, constants, code.co_consts)) else code.replace(co_consts=constants)


def _is(one, other):
    return one is other


def _with_functions(constant, functions):
    if isinstance(constant, types.CodeType):
        return put_in(constant, functions)
    return functions.get(constant, constant) if type(constant) is bytes else constant
