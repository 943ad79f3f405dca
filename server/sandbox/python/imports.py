"""The packages that code imports, by what they are called where packages are named; for check.py.

Code that is being typed seldom parses: its lines are read then, as far as they look like imports.
"""

import ast
import os
import re
import sys

from elsewhere import ROOTS as _ELSEWHERE
from module_packages import package_of
from policy import module_reason

_STANDARD = frozenset(
    getattr(sys, "stdlib_module_names", ())  # Python 3.10
    or {*sys.builtin_module_names, *(name.partition(".")[0] for name in os.listdir(os.path.dirname(os.__file__)))}
)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
_FROM = re.compile(r"\s*from\s+(\w+)[\w.]*\s+import\b")
_IMPORT = re.compile(r"\s*import\s+([^#]+)")
_MAX_PACKAGES, _MAX_LINE = 100, 1_000


def packages_of(tree):
    """Those that `strict` would refuse to import, and those of other platforms, are left out: no package helps there."""
    return _named(_modules_of(tree))


def packages_of_text(code):
    return _named(_modules_of_text(code))


def _named(modules):
    found = dict.fromkeys(
        package_of(module)
        for module in modules
        if _NAME.fullmatch(module) and module not in _STANDARD and module not in _ELSEWHERE and module_reason(module) is None
    )
    return list(found)[:_MAX_PACKAGES]


def _modules_of(tree):
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level == 0 and node.module:
                yield node.module.partition(".")[0]
        elif isinstance(node, (ast.stmt, ast.excepthandler, ast.mod)) or hasattr(node, "guard"):  # a case of match
            # Expressions hold no imports, and are most of what there is.
            for field in ("cases", "finalbody", "orelse", "handlers", "body"):
                part = getattr(node, field, ())
                waiting.extend(part[::-1] if isinstance(part, list) else ())


def _modules_of_text(code):
    for line in re.split(r"[\r\n;]", code):
        found = _FROM.match(line[:_MAX_LINE])
        if found:
            yield found[1]
            continue
        found = _IMPORT.match(line[:_MAX_LINE])
        for part in found[1].split(",") if found else ():
            yield re.split(r"[.\s]", part.strip(), maxsplit=1)[0]
