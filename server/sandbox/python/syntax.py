"""The syntax tree of a program, for the static wall: its nodes by type, and what its names refer to."""

import ast
import collections
import functools

from packages import ALIASES
from policy import NAMES

_MAX_CHAIN = 20
_MATCH_SINGLETON = getattr(ast, "MatchSingleton", None)
_LEAVES = (ast.Import, ast.ImportFrom, ast.Name, ast.Constant, ast.Global, ast.Nonlocal, _MATCH_SINGLETON)
_FIELDS_WITHOUT_NODES = frozenset(
    "ctx op ops id attr name arg kind type_comment conversion is_async simple rest kwd_attrs type_ignores str".split()
)


class Program:
    """The nodes of a program by type, and what its names refer to."""

    def __init__(self, tree, within=None):
        """`within`: the program that contains this one as a string, whose names this one can use."""
        self._by_type = _sorted_by_type(tree)
        # name -> the dotted module or member that an import bound it to
        self.modules = dict(within.modules if within else ALIASES)
        self.own = set(within.own if within else ())  # names that the program binds itself
        self._bind_imports()
        self._bind_names()
        for alias, module in ALIASES.items():
            if alias in self.own and self.modules.get(alias) == module:
                del self.modules[alias]

    def of(self, *types):
        for each in types:
            yield from self._by_type.get(each, ())

    def dotted(self, node):
        """`np.lib.x` -> "numpy.lib.x" if the chain starts at an import or an unbound name; otherwise None."""
        root, attributes = _chain(node)
        module = root and (self.modules.get(root) or (None if root in self.own else root))
        return module and ".".join([module, *attributes])

    def is_module(self, node):
        """Whether an attribute chain (or name) starts at an import."""
        return _chain(node)[0] in self.modules

    def _bind_imports(self):
        for node in self.of(ast.Import):
            for alias in node.names:
                self.modules[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        for node in self.of(ast.ImportFrom):
            for alias in node.names:
                self.modules[alias.asname or alias.name] = f"{node.module or ''}.{alias.name}"

    def _bind_names(self):
        for node in self.of(ast.Assign):
            target, value = node.targets[0], node.value
            if isinstance(target, ast.Name) and isinstance(value, (ast.Name, ast.Attribute)):
                if self.is_module(value):
                    self.modules.setdefault(target.id, self.dotted(value))
                elif isinstance(value, ast.Name) and value.id in NAMES:
                    continue  # `run = eval` does not make `eval` the program's own
            self.own.update(each.id for each in node.targets if isinstance(each, ast.Name))
        for node in self.of(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef):
            self.own.add(node.name)
        self.own.update(node.arg for node in self.of(ast.arg))
        bound = (node.id for node in self.of(ast.Name) if not isinstance(node.ctx, ast.Load))
        self.own.update(name for name in bound if name not in NAMES)


def _chain(node):
    """`a.b.c` -> ("a", ["b", "c"]); (None, …) for anything else, and for a chain longer than any module name."""
    attributes = []
    while isinstance(node, ast.Attribute) and len(attributes) < _MAX_CHAIN:
        attributes.append(node.attr)
        node = node.value
    return (node.id if isinstance(node, ast.Name) else None), attributes[::-1]


def _sorted_by_type(tree):
    """Takes half as long as ast.walk, and is not recursive, because a long chain of calls is deep and allowed."""
    by_type, waiting = collections.defaultdict(list), [tree]
    while waiting:
        node = waiting.pop()
        if node is None:  # the key of `**other` in a dict
            continue
        kind = type(node)
        by_type[kind].append(node)
        for field in _fields_with_nodes(kind):
            value = getattr(node, field)
            if value.__class__ is list:
                waiting += value
            elif value is not None:
                waiting.append(value)
    return by_type


@functools.lru_cache(maxsize=None)
def _fields_with_nodes(kind):
    return (
        ()
        if kind in _LEAVES
        else tuple(field for field in kind._fields if field not in _FIELDS_WITHOUT_NODES)
    )
