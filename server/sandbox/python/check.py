"""The static wall: finds what the policy blocks in a program, before any of it runs.

`check(code, policy="strict")` -> [Finding(rule, message, line, column)], in the order of the code; lines and
columns count from 1, columns in characters. Under policy "kernel" only a syntax error is a finding. Pure, and
it never raises.

Rules: blocked-module, blocked-call, module-attribute, dunder-access, frame-access, dunder-format,
memory-access, file-write; and for code that cannot be checked: syntax-error, too-large, too-complex. policy.json
lists what is blocked; check_rules.py applies each rule to the syntax tree. Identifiers are compared after NFKC
normalisation, which Python's parser does.

The check sees names and not values. A name that the program binds itself (`def compile(…)`) counts as the
program's own. Names made at run time, and what an allowed library does with its arguments, are left to the
runtime wall (audit.py), and finally to the kernel.
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
    """All findings of `code`; an empty list where there are none."""
    if len(code) > MAX_CODE_CHARACTERS:
        return [Finding("too-large", _too_large(code), None, None)]
    try:
        tree = _parse(code)
        offences = check_rules.offences(tree) if policy != "kernel" else ()
        return _in_order(offences, code)
    except SyntaxError as error:
        return [Finding("syntax-error", str(error.msg), error.lineno, error.offset or None)]
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return [_uncheckable(error)]


def _parse(code):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the program's compilation before its run repeats them, once
        return ast.parse(code)


def _in_order(offences, code):
    lines = _LINE_END.split(code)
    found = {Finding(rule, message, *_place(node, lines)) for node, rule, message in offences}
    return sorted(found, key=lambda finding: (finding.line, finding.column, finding.rule))


def _place(node, lines):
    """The syntax tree counts columns in UTF-8 bytes, from 0."""
    line = getattr(node, "lineno", 1)
    column = getattr(node, "col_offset", 0)
    return line, len(lines[line - 1].encode()[:column].decode(errors="ignore")) + 1


def _uncheckable(error):
    if isinstance(error, ValueError):  # null bytes before Python 3.12, lone surrogates
        return Finding("syntax-error", f"the program is not valid text: {error}", None, None)
    message = "the program is nested too deeply to be checked; split long expressions into several statements"
    return Finding("too-complex", message, None, None)


def _too_large(code):
    return f"Expected at most {MAX_CODE_CHARACTERS:,} characters of code, got {len(code):,}; pass data as `input_data`"
