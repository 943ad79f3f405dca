"""The rules of the static wall. Each is a function from the sorted nodes of a program to (node, rule, message).

check.py owns parsing, positions and order; policy.json owns what is blocked; this module owns the ways in which
Python code can express it.
"""

import ast
import functools
import itertools
import re
from typing import NamedTuple

import examples
from policy import (
    ALLOWED,
    ATTRIBUTE_RULES,
    ATTRIBUTES,
    CONSTRUCTORS,
    DATA,
    INSTEAD,
    MEMBERS,
    MODULES_AS_ATTRIBUTES,
    NAMES,
    STAND_INS,
    has_stand_in,
    module_reason,
    private_module_reason,
    stand_in_reason,
    start_of,
)
from syntax import Program

_DEFINITIONS = frozenset(DATA["definitions"])
_EVALUATORS = frozenset(DATA["evaluators"])
_COLUMN = re.compile("`[^`]*`")
_READERS = frozenset(DATA["attributeReaders"])
_OPENERS = DATA["openers"]
_PATH_WRITERS = frozenset(DATA["pathWriters"])
_EXCEPTION_ATTRIBUTES = frozenset(DATA["exceptionAttributes"]["names"])
_REVEALING_EXCEPTIONS = frozenset(DATA["exceptionAttributes"]["of"])
_FORMAT_FIELD = re.compile(r"\{[^{}]*[.\[](" + "|".join(map(re.escape, ATTRIBUTES)) + r")\b")
_TIMERS = frozenset(("timeit.timeit", "timeit.repeat", "timeit.Timer"))
_MAX_SUGGESTIONS, _MAX_NAMES, _MAX_EXAMPLES = 4, 50, 2_000
_MAX_SUM = 50  # terms of "a" + "b" + … that are read as one string
_WRITE_MODE = re.compile(r"[wax+]")
_STARTS = frozenset(name[:at] for name in INSTEAD for at in range(len(name)) if name[at] == ".")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_MATCHES = tuple(getattr(ast, name) for name in ("MatchClass", "MatchMapping") if hasattr(ast, name))


def offences(tree):
    yield from _offences(Program(tree))


def _offences(program):
    for rule in (_imports, _names, _attributes, _strings, _definitions, _patterns, _texts_that_run):
        yield from rule(program)
    if "file-write" not in ALLOWED:
        yield from _file_writes(program)


def _imports(program):
    @functools.lru_cache(maxsize=None)
    def instead_of(*names):
        starts = tuple(f"{name}." for name in names if name in _STARTS)
        used = [dotted for dotted in program.members if starts and dotted.startswith(starts)]
        return _instead_of([*names, *used])

    for node in program.of(ast.Import):
        for alias in node.names:
            dotted = start_of(alias.name)
            if _import_reason(dotted) and node not in program.for_types_only:
                yield node, "blocked-module", _blocked_import(dotted) + instead_of(dotted.partition(".")[0])
    for node, dotted in program.calls_of_import():
        if _import_reason(dotted):
            yield node, "blocked-module", _blocked_import(dotted) + instead_of(dotted.partition(".")[0])
    for node in program.of(ast.ImportFrom):
        module = start_of(node.module or "")
        if node in program.for_types_only:
            continue
        if _import_reason(module) and module not in STAND_INS:
            names = [f"{module}.{alias.name}" for alias in node.names[:_MAX_NAMES]]
            yield node, "blocked-module", _blocked_import(module) + instead_of(*names)
            continue
        for alias in node.names:
            yield from _imported_name(module, alias.name, node)


def _import_reason(dotted):
    return None if has_stand_in(dotted) else module_reason(dotted) or private_module_reason(dotted)


def _blocked_import(dotted):
    return f"Module `{dotted}` is blocked: {_import_reason(dotted)}"


def _instead_of(members):
    """What to write instead of each, as the rest of a message."""
    known = [dotted for dotted in dict.fromkeys(members) if dotted in INSTEAD]
    # `sys.stderr` is in `sys.stderr.write` as well.
    known = [each for each in known if not any(other.startswith(f"{each}.") for other in known)]
    found = "; ".join(f"for `{dotted}` {_suggestion(dotted)}" for dotted in known[:_MAX_SUGGESTIONS])
    return f". {found[0].upper()}{found[1:]}" if found else ""


def _suggestion(dotted):
    entry = INSTEAD[dotted]
    if "set" in entry:
        return f"set the node's `{entry['set']}`"
    return f"write `{entry['write']}`" + (f" (`{entry['import']}`)" if entry.get("import") else "")


def _imported_name(module, name, node):
    dotted = f"{module}.{name}"
    if module in STAND_INS:
        reason = stand_in_reason(dotted)
        if reason:
            yield node, "blocked-module", f"`{dotted}` is blocked: {reason}{_instead_of([dotted])}"
        return
    reason = module_reason(dotted) or (name in MODULES_AS_ATTRIBUTES and module_reason(name.lstrip("_")))
    if reason:
        yield node, "blocked-module", f"`{dotted}` is a blocked module: {reason}"
    elif dotted in MEMBERS:
        yield node, "blocked-call", _blocked_member(dotted)
    elif name in ATTRIBUTES:
        yield node, ATTRIBUTE_RULES[name], f"`{name}` is blocked: {ATTRIBUTES[name]}"


def _names(program):
    for node in program.of(ast.Name):
        if node.id in NAMES and not program.binds(node.id) and node not in program.import_names:
            rule = "dunder-access" if node.id in ATTRIBUTES and node.id != "__import__" else "blocked-call"
            yield node, rule, f"`{node.id}` is blocked: {NAMES[node.id]}"
    for node in program.of(ast.Call):
        called = program.dotted(node.func)
        if called in CONSTRUCTORS:
            yield node, "blocked-call", f"`{called}()` is blocked: {CONSTRUCTORS[called]}"
        is_vars = isinstance(node.func, ast.Name) and node.func.id == "vars"
        if is_vars and node.args and program.is_module(node.args[0]):
            yield node, "module-attribute", _whole_module("vars()")


def _attributes(program):
    revealing = _revealing_exceptions(program)
    for node in program.of(ast.Attribute):
        name = node.attr
        if name in ATTRIBUTES:
            if not (name == "__getattribute__" and _is_super(node.value)):
                yield node, ATTRIBUTE_RULES[name], f"`.{name}` is blocked: {ATTRIBUTES[name]}"
        elif name in MODULES_AS_ATTRIBUTES and program.is_module(node.value):
            yield node, "module-attribute", _module_attribute(program.dotted(node), name)
        elif name == "__dict__" and program.is_module(node.value):
            yield node, "module-attribute", _whole_module("`.__dict__`")
        elif name in _EXCEPTION_ATTRIBUTES and isinstance(node.value, ast.Name) and node.value.id in revealing:
            yield (
                node,
                "frame-access",
                f"`.{name}` of an exception is blocked: it returns the object that was accessed",
            )
        else:
            yield from _member(program, node)


def _member(program, node):
    dotted = program.dotted(node)
    if dotted in MEMBERS:
        yield node, "blocked-call", _blocked_member(dotted)
    elif dotted and program.is_module(node):
        reason = stand_in_reason(dotted)
        if reason and dotted.rpartition(".")[0] not in program.refused_modules:
            yield node, "blocked-call", f"`{dotted}` is blocked: {reason}{_instead_of([dotted])}"
            return
        reason = module_reason(dotted)
        if reason and not module_reason(dotted.rpartition(".")[0]):  # otherwise the import is already a finding
            yield node, "blocked-module", f"Module `{dotted}` is blocked: {reason}"


def _blocked_member(dotted):
    return f"`{dotted}` is blocked: {MEMBERS[dotted]}{_instead_of([dotted])}"


def _strings(program):
    for node in program.of(ast.Constant, ast.BinOp, ast.JoinedStr):
        text = _text(node)
        field = _FORMAT_FIELD.search(text) if text and "{" in text else None
        if field:
            yield node, "dunder-format", f"A format field reads `{field[1]}`: {ATTRIBUTES[field[1]]}"
    for node in program.of(ast.Call):
        name = _called_name(node)
        if name in _READERS:
            yield from _read_names(program, node)
        elif name in _EVALUATORS and isinstance(node.func, ast.Attribute):
            yield from _evaluated(program, node)
    for node in program.of(ast.Subscript):
        key = node.slice.value if type(node.slice).__name__ == "Index" else node.slice  # Python 3.8's shape
        name = _text(key)
        if name in ATTRIBUTES and name.startswith("__"):
            yield node, ATTRIBUTE_RULES[name], f'`["{name}"]` is blocked: {ATTRIBUTES[name]}'


def _read_names(program, call):
    for argument in call.args:
        for name in (_text(argument) or "").split("."):
            if name in ATTRIBUTES:
                yield call, ATTRIBUTE_RULES[name], f'`"{name}"` is blocked: {ATTRIBUTES[name]}'
            elif name in MODULES_AS_ATTRIBUTES and call.args and program.is_module(call.args[0]):
                yield (
                    call,
                    "module-attribute",
                    _module_attribute(f"{program.dotted(call.args[0])}.{name}", name),
                )


def _evaluated(program, call):
    """pandas evaluates such strings as code, in which `@name` is a variable and a name in backticks a column."""
    for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
        tree = _parsed(_COLUMN.sub("_", _text(argument) or "").replace("@", ""))
        for _node, rule, message in _offences(Program(tree, within=program)) if tree else ():
            yield call, rule, message


def _texts_that_run(program):
    """The examples of doctests, and what timeit is to time. What is made at run time is left to the runtime wall."""
    for node in program.of(ast.Call):
        if program.dotted(node.func) in _TIMERS:
            for argument in [*node.args[:2], *(each.value for each in node.keywords if each.arg in ("stmt", "setup"))]:
                for _node, rule, message in offences_in(_text(argument), program):
                    yield argument, rule, message
    if program.imports("doctest"):
        for place, example in itertools.islice(_examples(program), _MAX_EXAMPLES):
            for _node, rule, message in offences_in(example.source, program):
                yield place, rule, f"in a doctest, {message}"


def _examples(program):
    for docstring in examples.docstrings(program.of):
        for example in examples.examples_in(docstring.value):
            if not example.is_skipped:
                yield _Place(min(docstring.lineno + example.line, docstring.end_lineno), 0), example


class _Place(NamedTuple):
    lineno: int
    col_offset: int


def offences_in(text, program):
    """Of a text that runs within the program, or None; one that cannot be parsed cannot run either."""
    tree = _parsed(text or "")
    return _offences(Program(tree, within=program)) if tree else ()


def _parsed(text):
    try:
        return ast.parse(text.strip())
    except (SyntaxError, ValueError):
        return None  # not code


def _file_writes(program):
    uses_pathlib = program.uses_pathlib
    for node in program.of(ast.Call):
        opener = program.dotted(node.func)
        mode = _open_mode(node, _OPENERS[opener]) if opener in _OPENERS else None
        if (
            mode is None
            and uses_pathlib
            and _called_name(node) == "open"
            and isinstance(node.func, ast.Attribute)
            and ("open" not in program.own_methods or program.is_path(node.func.value))
        ):
            mode = _open_mode(node, 0)
        if mode and _WRITE_MODE.search(mode):
            yield node, "file-write", f"Opening a file in mode {mode[:20]!r} is blocked: {_WRITE_INSTEAD}"
        elif (
            uses_pathlib
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _PATH_WRITERS
            and (node.func.attr not in program.own_methods or program.is_path(node.func.value))
        ):
            yield node, "file-write", f"`.{node.func.attr}()` is blocked: {_WRITE_INSTEAD}"


_WRITE_INSTEAD = (
    "no file outlives the run; return the data as `result`, save it with save_artifact(name, data), or let a library write"
    " it into the run's own folder (tempfile, zipfile, Path.touch, DataFrame.to_csv, savefig). The operator of the server"
    " can allow it there by PYTHON_ALLOW_SCRATCH_WRITES"
)


def _open_mode(call, position):
    for keyword in call.keywords:
        if keyword.arg == "mode":
            return _text(keyword.value)
    return _text(call.args[position]) if len(call.args) > position else None


def _definitions(program):
    message = "Defining `{}` is blocked: it makes numpy read raw memory; give numpy the values themselves"
    for node in program.of(ast.ClassDef):
        for statement in node.body:
            for name in _bound_by(statement):
                if name in _DEFINITIONS:
                    yield statement, "memory-access", message.format(name)
    for node in program.of(ast.Dict):
        for key in node.keys:
            if key is not None and _text(key) in _DEFINITIONS:
                yield key, "memory-access", message.format(_text(key))


def _bound_by(statement):
    if isinstance(statement, _FUNCTIONS):
        return [statement.name]
    targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _patterns(program):
    for node in program.of(*_MATCHES):
        names = getattr(node, "kwd_attrs", None) or [_text(key) for key in getattr(node, "keys", ())]
        for name in names:
            if name in ATTRIBUTES:
                yield node, ATTRIBUTE_RULES[name], f"A pattern reads `{name}`: {ATTRIBUTES[name]}"
    for node in program.of(ast.Assign):
        if any(isinstance(target, ast.Name) and target.id == "__match_args__" for target in node.targets):
            for item in getattr(node.value, "elts", ()):
                if _text(item) in ATTRIBUTES:
                    name = _text(item)
                    yield item, ATTRIBUTE_RULES[name], f"A pattern reads `{name}`: {ATTRIBUTES[name]}"


def _revealing_exceptions(program):
    """Names bound by `except … as name` to exceptions that have a reference to the object they are about."""
    names = set()
    for node in program.of(ast.ExceptHandler):
        kinds = getattr(node.type, "elts", [node.type])
        if node.name and any(getattr(kind, "id", None) in _REVEALING_EXCEPTIONS for kind in kinds):
            names.add(node.name)
    return names


def _text(node, depth=0):
    """The string value of an expression that consists of constants, or None."""
    kind = type(node)
    if kind is ast.Constant:
        return node.value if isinstance(node.value, str) else None
    if kind is ast.BinOp and type(node.op) is ast.Add and depth < _MAX_SUM:
        right = _text(node.right, depth + 1)
        left = None if right is None else _text(node.left, depth + 1)
        return None if left is None else left + right
    if kind is ast.JoinedStr:
        parts = [_text(part) for part in node.values]
        return "".join(parts) if None not in parts else None
    return None


def _called_name(call):
    return getattr(call.func, "attr", None) or getattr(call.func, "id", None)


def _is_super(node):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


def _module_attribute(dotted, name):
    return f"`{dotted}` is the blocked module `{name.lstrip('_')}`: {module_reason(name.lstrip('_'))}"


def _whole_module(what):
    return (
        f"{what} of a module is blocked: it reaches the modules that it imports; name the function you need"
    )
