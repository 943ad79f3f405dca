"""The examples in docstrings of a program, which `doctest` runs; for both walls.

Only what stands in the source is an example: the docstrings of the program, its functions and classes, and the texts in
a dict that it calls `__test__`, those included that it has given a name.
"""

import ast
import re
from typing import NamedTuple

_PROMPT = re.compile(r"( *)>>>(?: |$)")
_CONTINUED = re.compile(r" *\.\.\.(?: |$)")
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class Example(NamedTuple):
    source: str
    line: int  # in its docstring, from 0
    is_skipped: bool


def docstrings(nodes_of):
    """Constants. `nodes_of(*types)`: the nodes of a program of these types."""
    for node in nodes_of(*_DOCUMENTED):
        first = node.body[0] if node.body else None
        if isinstance(first, ast.Expr) and _is_text(first.value):
            yield first.value
    named = set()
    for node in nodes_of(ast.Assign):
        if isinstance(node.value, ast.Dict) and "__test__" in _names_given(node):
            yield from filter(_is_text, node.value.values)
            named.update(value.id for value in node.value.values if isinstance(value, ast.Name))
    for node in nodes_of(ast.Assign) if named else ():
        if _is_text(node.value) and named & _names_given(node):
            yield node.value


def _names_given(assign):
    return {target.id for target in assign.targets if isinstance(target, ast.Name)}


def examples_in(text):
    """As doctest.DocTestParser finds them."""
    found = []
    lines = text.expandtabs().split("\n")
    number = 0
    while number < len(lines):
        prompt = _PROMPT.match(lines[number])
        start = number
        number += 1
        if prompt:
            while number < len(lines) and _CONTINUED.match(lines[number]):
                number += 1
            cut = len(prompt[1]) + len(">>> ")
            source = "\n".join(line[cut:] for line in lines[start:number])
            source = source if source.endswith("\n") else source + "\n"
            found.append(Example(source, start, "doctest:" in source and "+SKIP" in source))
    return found


def _is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
