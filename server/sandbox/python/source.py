"""Compiles the text of a program, and finds the result in its namespace."""

import ast
import linecache

import figures

FILENAME = "<node>"
_LAST_VALUE = "__weft_last_value__"


def compile_program(code):
    """Compiles `code` under FILENAME; puts its lines into linecache, so that tracebacks and inspect show them.

    Raises SyntaxError for everything that cannot be compiled, even where Python raises another exception for extreme
    code (RecursionError, MemoryError, ValueError, UnicodeEncodeError).
    """
    # mtime None keeps the entry through linecache.checkcache().
    linecache.cache[FILENAME] = (len(code), None, code.splitlines(keepends=True), FILENAME)
    if "\0" in code:
        raise SyntaxError(
            "the program contains a null character", (FILENAME, *_place(code, code.index("\0")), None)
        )
    try:
        tree = ast.parse(code, FILENAME)
        _keep_last_value(tree)
        return compile(tree, FILENAME, "exec", dont_inherit=True)
    except SyntaxError:
        raise
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise SyntaxError(_unparsable(error), (FILENAME, 1, 1, None)) from None


def result_of(namespace):
    """The variable `result` if set; otherwise the value of the last statement if that is an expression; otherwise None.

    The value of an expression that draws is None: `plt.plot(…)` is for its figure, which becomes an artifact.
    """
    if sets_result(namespace):
        return namespace["result"]
    value = namespace.get(_LAST_VALUE)
    return None if figures.is_drawing(value) else value


def sets_result(namespace):
    return "result" in namespace


def has_last_value(namespace):
    """Whether the program came to its end, and that is an expression."""
    return _LAST_VALUE in namespace


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
