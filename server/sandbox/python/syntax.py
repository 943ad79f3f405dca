"""The syntax tree of a program, for the static wall: its nodes by type, and what its names refer to."""

import ast
import collections
import functools

from packages import ALIASES
from policy import INSTEAD, NAMES, start_of

_MAX_CHAIN = 20
_MATCH_SINGLETON = getattr(ast, "MatchSingleton", None)
_LEAVES = (ast.Import, ast.ImportFrom, ast.Name, ast.Constant, ast.Global, ast.Nonlocal, _MATCH_SINGLETON)
_FIELDS_WITHOUT_NODES = frozenset(
    "ctx op ops id attr name arg kind type_comment conversion is_async simple rest kwd_attrs type_ignores str".split()
)


class Program:
    """The nodes of a program by type, and what its names refer to."""

    def __init__(self, tree, within=None):
        """`within`: the program that contains this one as a string, whose names this one can use. There may be many
        such strings: they share the names, and none copies them."""
        self._by_type = _sorted_by_type(tree)
        self._within = within
        # name -> the dotted module or member that an import bound it to; None for a name of the program's own
        self._modules = {} if within else dict(ALIASES)
        self._own = set()  # names that the program binds itself
        self._bind_imports()
        self._bind_names()
        for alias, module in ALIASES.items():
            if alias in self._own and self._module(alias) == module:
                self._modules[alias] = None
        self.uses_pathlib = bool(within and within.uses_pathlib) or any(
            module and module.partition(".")[0] == "pathlib" for module in self._modules.values()
        )

    def of(self, *types):
        for each in types:
            yield from self._by_type.get(each, ())

    def dotted(self, node):
        """`np.lib.x` -> "numpy.lib.x" if the chain starts at an import or an unbound name; otherwise None."""
        root, attributes = _chain(node)
        module = root and (self._module(root) or (None if self._is_own(root) else root))
        return module and ".".join([module, *attributes])

    @functools.cached_property
    def members(self):
        """The members of imports that it uses and that policy.INSTEAD knows, in the order of the code."""
        places = {}
        for node in self.of(ast.Attribute):
            dotted = self.dotted(node) if self.is_module(node) else None
            if dotted in INSTEAD:
                place = (node.lineno, node.col_offset)
                places[dotted] = min(place, places.get(dotted, place))
        return sorted(places, key=places.get)

    def is_module(self, node):
        """Whether an attribute chain (or name) starts at an import."""
        return self._module(_chain(node)[0]) is not None

    def binds(self, name):
        """Whether the program gives the name a meaning of its own, by an import or otherwise."""
        return self._is_own(name) or self._module(name) is not None

    def _module(self, name):
        if name in self._modules or not self._within:
            return self._modules.get(name)
        return self._within._module(name)

    def _is_own(self, name):
        return name in self._own or bool(self._within and self._within._is_own(name))

    def _bind_imports(self):
        for node in self.of(ast.Import):
            for alias in node.names:
                root = alias.name.partition(".")[0]
                self._modules[alias.asname or root] = start_of(alias.name if alias.asname else root)
        for node in self.of(ast.ImportFrom):
            module = start_of(node.module or "")
            for alias in node.names:
                self._modules[alias.asname or alias.name] = f"{module}.{alias.name}"

    def _bind_names(self):
        for node in self.of(ast.Assign):
            target, value = node.targets[0], node.value
            if isinstance(target, ast.Name) and isinstance(value, (ast.Name, ast.Attribute)):
                if self.is_module(value):
                    if self._module(target.id) is None:
                        self._modules[target.id] = start_of(self.dotted(value))
                elif isinstance(value, ast.Name) and value.id in NAMES:
                    continue  # `run = eval` does not make `eval` the program's own
            self._own.update(each.id for each in node.targets if isinstance(each, ast.Name))
        for node in self.of(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef):
            self._own.add(node.name)
        self._own.update(node.arg for node in self.of(ast.arg))
        bound = (node.id for node in self.of(ast.Name) if not isinstance(node.ctx, ast.Load))
        self._own.update(name for name in bound if name not in NAMES)


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
