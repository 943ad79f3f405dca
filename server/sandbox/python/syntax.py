"""The syntax tree of a program, for the static wall: its nodes by type, and what its names refer to."""

import ast
import collections
import functools

from packages import ALIASES
from policy import INSTEAD, NAMES, STAND_INS, has_stand_in, start_of

_MAX_CHAIN = 20
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_TYPE_CHECKING = ("typing.TYPE_CHECKING", "typing_extensions.TYPE_CHECKING")
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

    @functools.cached_property
    def for_types_only(self):
        """The import statements below `if TYPE_CHECKING:`, which never run."""
        guarded = [node for node in self.of(ast.If) if self._is_type_checking(node.test)]
        return {
            each
            for node in guarded
            for statement in node.body
            for each in ast.walk(statement)
            if isinstance(each, (ast.Import, ast.ImportFrom))
        }

    def _is_type_checking(self, test):
        return self.is_module(test) and self.dotted(test) in _TYPE_CHECKING and not self._is_own(_chain(test)[0])

    def calls_of_import(self):
        """(call, name) of each `__import__("name")`, which is judged as an import statement."""
        for node in self.of(ast.Call):
            name = imported_by(node)
            if name is not None:
                yield node, start_of(name)

    @functools.cached_property
    def import_names(self):
        """The nodes `__import__` of these calls."""
        return {node.func for node, _ in self.calls_of_import()}

    @functools.cached_property
    def refused_modules(self):
        """What it imports and only contains a module with a stand-in: that import is a finding already."""
        names = (alias.name for node in self.of(ast.Import) for alias in node.names)
        return {name for name in names if name in STAND_INS and not has_stand_in(name)}

    @functools.cached_property
    def own_methods(self):
        """The names of the methods of its classes."""
        return {each.name for node in self.of(ast.ClassDef) for each in node.body if isinstance(each, _FUNCTIONS)}

    def is_path(self, node):
        """Whether the value was made by pathlib, as far as the text shows: `Path(x)`, or a name that is assigned one."""
        if isinstance(node, ast.Call):
            return self._is_of_pathlib(node.func)
        return isinstance(node, ast.Name) and node.id in self._paths

    @functools.cached_property
    def _paths(self):
        assigned = (node for node in self.of(ast.Assign) if isinstance(node.value, ast.Call))
        paths = (node.targets for node in assigned if self._is_of_pathlib(node.value.func))
        return {target.id for targets in paths for target in targets if isinstance(target, ast.Name)}

    def _is_of_pathlib(self, function):
        return (self.dotted(function) or "").startswith("pathlib.")

    def imports(self, name):
        """Whether a module of this name is bound, or a member of it."""
        return any(module and (module == name or module.startswith(f"{name}.")) for module in self._modules.values())

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
                if alias.name == "*" and module in STAND_INS:
                    self._modules.update((name, f"{module}.{name}") for name in STAND_INS[module].names)
        for node, name in self.calls_of_import():
            self._modules[_import_root(node)] = name if _has_from_list(node) else name.partition(".")[0]

    def _bind_names(self):
        for node in self.of(ast.Assign):
            target, value = node.targets[0], node.value
            if isinstance(target, ast.Name) and isinstance(value, (ast.Name, ast.Attribute, ast.Call)):
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
    root = node.id if isinstance(node, ast.Name) else _import_root(node)
    return root, attributes[::-1]


def imported_by(node):
    """The name in `__import__("name")`, or None."""
    is_import = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "__import__"
    name = node.args[0] if is_import and node.args else None
    return name.value if isinstance(name, ast.Constant) and isinstance(name.value, str) else None


def _import_root(call):
    """Under this name, which no program can bind, is the module that `__import__("name")` returns."""
    name = imported_by(call)
    return None if name is None else f"__import__({name!r}, {_has_from_list(call)})"


def _has_from_list(call):
    return len(call.args) > 3 or any(keyword.arg == "fromlist" for keyword in call.keywords)


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
