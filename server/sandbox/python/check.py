"""The static wall: what a program may not say, found before any of it runs.

`check(code, policy="strict")` -> [Finding(rule, message, line, column)], in the order of the code; lines and
columns count from 1, columns in characters. Under policy "kernel" only a syntax error is a finding. Pure, and
it never raises.

Rules: blocked-module, blocked-call, module-attribute, dunder-access, frame-access, dunder-format,
memory-access, file-write; and for code that cannot be judged: syntax-error, too-large, too-complex. What is
blocked is data, policy.json; how each rule reads the syntax tree is check_rules.py. Identifiers are judged as
Python's parser leaves them, which is after NFKC.

It reads names, not values, and takes a name that the program binds itself (`def compile(…)`) for the
program's own. Names made at run time, and whatever a permitted library does with what it is given, are left
to the runtime wall (audit.py) and in the end to the kernel.
"""

import ast
import re
import warnings
from typing import NamedTuple, Optional

import check_rules

MAX_CODE_CHARACTERS = 1_000_000
_LINE_END = re.compile(r"\r\n|\r|\n")


class Finding(NamedTuple):
    rule: str
    message: str
    line: Optional[int]
    column: Optional[int]


def check(code, policy="strict"):
    """All findings of `code` at once; an empty list where there is nothing to object to."""
    if len(code) > MAX_CODE_CHARACTERS:
        return [Finding("too-large", _too_large(code), None, None)]
    try:
        tree = _parse(code)
        offences = check_rules.offences(tree) if policy != "kernel" else ()
        return _in_order(offences, code)
    except SyntaxError as error:
        return [Finding("syntax-error", str(error.msg), error.lineno, error.offset or None)]
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return [_unjudgeable(error)]


def _parse(code):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they come again, once, when the program is compiled to run
        return ast.parse(code)


def _in_order(offences, code):
    lines = _LINE_END.split(code)
    found = {Finding(rule, message, *_place(node, lines)) for node, rule, message in offences}
    return sorted(found, key=lambda finding: (finding.line, finding.column, finding.rule))


def _place(node, lines):
    """The tree counts columns in UTF-8 bytes from 0."""
    line = getattr(node, "lineno", 1)
    column = getattr(node, "col_offset", 0)
    return line, len(lines[line - 1].encode()[:column].decode(errors="ignore")) + 1


def _unjudgeable(error):
    if isinstance(error, ValueError):  # null bytes before Python 3.12, lone surrogates
        return Finding("syntax-error", f"the program is not valid text: {error}", None, None)
    message = "the program is nested too deeply to be checked; split long expressions into several statements"
    return Finding("too-complex", message, None, None)


def _too_large(code):
    return f"Expected at most {MAX_CODE_CHARACTERS:,} characters of code, got {len(code):,}; pass data as `input_data`"
