"""The shapes in which people have code, and how each is run. For source.py and inspection.py.

    SCRIPT   sets `result`, or ends with an expression
    RETURN   returns at top level, as n8n's code does; may await as well
    AWAIT    awaits at top level, as notebooks do
    MAIN     defines `main`, which nothing calls: it is called with the fields of the input (signature.py)

`main` beside another way to a result is an error that names both, because either of them could be meant. What has an
`if __name__ == "__main__"` has an entry of its own, and is a SCRIPT.

Nothing of the program's text is changed: lines and columns stay its own, and the static wall reads the same syntax tree
before any of this. Where code returns, it becomes the body of a function, all of whose names are declared global: so
classes, pickles and `globals()` see a module as they do elsewhere.
"""

import ast
import re

SCRIPT, RETURN, AWAIT, MAIN = "SCRIPT", "RETURN", "AWAIT", "MAIN"
BODY = "<module>"  # the name of that function, as tracebacks show it
_ASYNC_TOP_LEVEL = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
_WORDS = re.compile(r"\b(?:return|await|async|main)\b")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_AWAITS = (ast.Await, ast.AsyncFor, ast.AsyncWith)
_YIELDS = (ast.Yield, ast.YieldFrom)


def shape_of(tree, code, filename=None):
    """The shape of a parsed program; raises SyntaxError, with the `rule` "two-shapes", where it has two at once. Cheap
    for code that has none of the words that make one."""
    if not _WORDS.search(code):
        return SCRIPT
    nodes = list(own_nodes(tree.body))
    returned = next((node for node in nodes if isinstance(node, ast.Return)), None)
    awaited = next((node for node in nodes if _is_awaited(node)), None)
    main = main_of(tree)
    if main is not None and not _has_entry(tree):
        other = returned or awaited or _result_in(nodes) or _last_value(tree)
        if other is not None:
            raise _two_shapes(main, other, returned, awaited, filename)
        return MAIN
    return RETURN if returned else AWAIT if awaited else SCRIPT


def main_of(tree):
    """The function `main` of a module where nothing else mentions it, or None."""
    mains = [node for node in tree.body if isinstance(node, _FUNCTIONS) and node.name == "main"]
    if not mains or _is_mentioned(tree, mains[-1]):
        return None
    return mains[-1]


def is_read_first(tree, name):
    """Whether the module reads a name before it binds it, or binds it in its functions only."""
    for statement in tree.body:
        if any(isinstance(node, ast.Name) and _reads(node, name) for node in own_nodes([statement])):
            return True
        if name in _bound_names([statement]):
            return False
    return False


def _reads(node, name):
    return node.id == name and isinstance(node.ctx, ast.Load)


def compile_as(tree, shape, filename):
    """The code of a tree of this shape; that of a RETURN leaves a function named BODY in its namespace."""
    if shape == RETURN:
        tree = _in_function(tree, filename)
    flags = _ASYNC_TOP_LEVEL if shape == AWAIT else 0
    return compile(tree, filename, "exec", flags, dont_inherit=True)


def own_nodes(statements):
    """The nodes that run in the scope of the module itself: not those in functions, classes and lambdas."""
    waiting = list(statements)[::-1]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(list(_nodes_in_scope(node))[::-1])


def _nodes_in_scope(node):
    if isinstance(node, (*_FUNCTIONS, ast.Lambda)):
        defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
        return [*getattr(node, "decorator_list", ()), *defaults]
    if isinstance(node, ast.ClassDef):
        return [*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)]
    if isinstance(node, ast.comprehension):
        return [node.iter, *node.ifs]  # its target is a name of the comprehension
    return ast.iter_child_nodes(node)


def _is_awaited(node):
    return isinstance(node, _AWAITS) or (isinstance(node, ast.comprehension) and bool(node.is_async))


def _result_in(nodes):
    stored = (node for node in nodes if isinstance(node, ast.Name) and node.id == "result")
    return next((node for node in stored if isinstance(node.ctx, ast.Store)), None)


def _last_value(tree):
    last = tree.body[-1]
    return last if isinstance(last, ast.Expr) and not isinstance(last.value, ast.Constant) else None


def _is_mentioned(tree, main):
    """Whether anything but `main` itself uses the name."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and node.id == "main" and isinstance(node.ctx, ast.Load):
            return True
        waiting.extend(main.decorator_list if node is main else ast.iter_child_nodes(node))
    return False


def _has_entry(tree):
    for node in tree.body:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Compare):
            sides = (node.test.left, *node.test.comparators)
            if any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides):
                return True
    return False


def _two_shapes(main, other, returned, awaited, filename):
    does = (
        "returns at top level"
        if other is returned
        else "awaits at top level"
        if other is awaited
        else "sets `result`"
        if isinstance(other, ast.Name)
        else "ends with an expression"
    )
    message = (
        f"The code has two shapes at once: it {does} (line {other.lineno}), and it defines `main`, which nothing calls"
        f" (line {main.lineno}). Call `main` yourself, or leave one of the two out"
    )
    error = SyntaxError(message, _place_of(other, filename))
    error.rule = "two-shapes"
    return error


def _place_of(node, filename):
    return (filename, node.lineno, node.col_offset + 1, None)


def _in_function(tree, filename):
    """The module as a function: whatever a statement at top level binds is declared global."""
    yielded = next((node for node in own_nodes(tree.body) if isinstance(node, _YIELDS)), None)
    if yielded is not None:
        raise SyntaxError("'yield' outside function", _place_of(yielded, filename))
    first = _statements_that_stay(tree.body)
    body = tree.body[first:]
    _remove_annotations(body)
    names = sorted(set(_bound_names(body)))
    if names:
        body.insert(0, ast.copy_location(ast.Global(names), body[0]))
    is_async = any(_is_awaited(node) for node in own_nodes(body))
    function = (ast.AsyncFunctionDef if is_async else ast.FunctionDef)(
        name=BODY,
        args=ast.arguments(
            posonlyargs=[], args=[], vararg=None, kwonlyargs=[], kw_defaults=[], kwarg=None, defaults=[]
        ),
        body=body,
        decorator_list=[],
        returns=None,
        type_comment=None,
        type_params=[],
    )
    tree.body[first:] = [ast.copy_location(function, body[0])]
    return tree


def _statements_that_stay(statements):
    """How many at the start may have to be at the top of a module: its text, `from __future__` and `import *`."""
    for index, statement in enumerate(statements):
        is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if not is_text and not isinstance(statement, (ast.Import, ast.ImportFrom)):
            return index
    return len(statements)


def _remove_annotations(statements):
    """Of names, because an annotated one cannot be global. A function evaluates none of its variables' annotations."""
    for index, node in enumerate(statements):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            bare = ast.Assign([node.target], node.value) if node.value else ast.Pass()
            statements[index] = ast.copy_location(bare, node)
        elif not isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            for part in (node, *getattr(node, "handlers", ()), *getattr(node, "cases", ())):
                for field in ("body", "orelse", "finalbody"):
                    _remove_annotations(getattr(part, field, ()))


def _bound_names(statements):
    for node in own_nodes(statements):
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                yield node.id
        elif isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]
        else:  # except … as name, and the patterns of match
            names = (getattr(node, field, None) for field in ("name", "rest"))
            yield from (name for name in names if isinstance(name, str))
