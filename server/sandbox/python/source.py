"""Compiles the text of a program, in whichever shape it has (shapes.py), and finds the result in its namespace."""

import ast
import contextlib
import linecache
import types
from typing import NamedTuple, Optional, Tuple

import attribute_reads
import figures
import n8n
import shapes
import syntax
from attribute_reads import LINE_END

FILENAME = "<node>"
_LAST_VALUE = "__weft_last_value__"


class Program(NamedTuple):
    code: types.CodeType
    shape: str
    main: Optional[ast.AST]  # of a program of shape MAIN: the definition of `main`, without its body
    names: Tuple[str, ...]  # of n8n.py, which it uses and does not bind
    nodes: Tuple[str, ...]  # that it reads by these


def compile_program(code, reads=None):
    """Compiles `code` under FILENAME; puts its lines into linecache, so that tracebacks and inspect show them. `reads`:
    see attribute_reads.py.

    Raises SyntaxError for everything that cannot be compiled, even where Python raises another exception for extreme
    code (RecursionError, MemoryError, ValueError, UnicodeEncodeError).
    """
    # mtime None keeps the entry through linecache.checkcache().
    linecache.cache[FILENAME] = (len(code), None, code.splitlines(keepends=True), FILENAME)
    if "\0" in code:
        raise SyntaxError(
            "the program contains a null character", (FILENAME, *_place(code, code.index("\0")), None)
        )
    with unparsable_is_syntax_error():
        return compile_tree(ast.parse(code, FILENAME), code, reads)


def compile_tree(tree, code, reads=None):
    """The program of a tree, which is changed on the way. Raises SyntaxError."""
    shape = shape_of(tree, code)
    try:
        main = shapes.main_of(tree) if shape == shapes.MAIN else None
        names = _free_names(tree) if n8n.is_mentioned(code) else ()
        nodes = tuple(n8n.nodes_named(tree)) if names else ()
        if main is None:
            _keep_last_value(tree)
        is_marked = reads is not None and attribute_reads.mark(tree, code, reads)
        compiled = shapes.compile_as(tree, shape, FILENAME)
        if is_marked:
            compiled = attribute_reads.put_in(compiled, reads.values)
    except SyntaxError as error:
        _count_in_characters(error, code)
        raise
    if main is not None:
        main.body = []
    return Program(compiled, shape, main, names, nodes)


def shape_of(tree, code):
    """Raises SyntaxError for code with two shapes."""
    try:
        return shapes.shape_of(tree, code, FILENAME)
    except SyntaxError as error:
        _count_in_characters(error, code)
        raise


def _count_in_characters(error, code):
    """Python's compiler, unlike its parser, counts columns in bytes."""
    lines = LINE_END.split(code)
    if error.offset and error.lineno and error.lineno <= len(lines):
        start = lines[error.lineno - 1].encode(errors="replace")[: error.offset - 1]
        error.offset = len(start.decode(errors="ignore")) + 1


@contextlib.contextmanager
def unparsable_is_syntax_error():
    try:
        yield
    except SyntaxError:
        raise
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise SyntaxError(_unparsable(error), (FILENAME, 1, 1, None)) from None


def result_of(namespace, returned=None):
    """What the program returned; otherwise the variable `result` if set; otherwise the value of the last statement if
    that is an expression; otherwise None.

    The value of an expression that draws is None: `plt.plot(…)` is for its figure, which becomes an artifact.
    """
    if returned is not None:
        return returned
    if sets_result(namespace):
        return namespace["result"]
    value = namespace.get(_LAST_VALUE)
    return None if figures.is_drawing(value) else value


def sets_result(namespace):
    return "result" in namespace


def has_last_value(namespace):
    """Whether the program came to its end, and that is an expression."""
    return _LAST_VALUE in namespace


def _free_names(tree):
    names = syntax.Program(tree)
    used = {node.id for node in names.of(ast.Name)}
    return tuple(
        name for name in n8n.NAMES if name in used and (not names.binds(name) or shapes.is_read_first(tree, name))
    )


def _keep_last_value(tree):
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = tree.body[-1]
        target = ast.copy_location(ast.Name(_LAST_VALUE, ast.Store()), last)
        tree.body[-1] = ast.copy_location(ast.Assign([target], last.value), last)


def _place(code, offset):
    line_start = code.rfind("\n", 0, offset) + 1
    return code.count("\n", 0, offset) + 1, offset - line_start + 1


def _unparsable(error):
    if isinstance(error, (RecursionError, MemoryError, OverflowError)):
        return "the program is nested too deeply for Python to compile"
    return f"the program is not valid text: {error}"
