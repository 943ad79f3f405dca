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
MAX_NAME_PARTS = 100
_LINE_END = re.compile(r"\r\n|\r|\n")
_CONTINUATION = re.compile(r"\\(?:\r\n|\r|\n)")
_NO_NAME = re.compile(r"[\s,;]")


class Finding(NamedTuple):
    rule: str
    message: str
    line: Optional[int]
    column: Optional[int]


def check(code, policy="strict"):
    """All findings of `code`; an empty list where there are none."""
    if len(code) > MAX_CODE_CHARACTERS:
        return [Finding("too-large", _too_large(code), None, None)]
    if _imports_endless_name(code):
        return [Finding("too-complex", _TOO_MANY_PARTS, None, None)]
    try:
        tree = _parse(code)
        offences = list(check_rules.offences(tree)) if policy != "kernel" else []
        return _in_order(offences, code)
    except SyntaxError as error:
        return [Finding("syntax-error", str(error.msg), error.lineno, error.offset or None)]
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return [_uncheckable(error)]


def _imports_endless_name(code):
    """Python's own parser takes quadratic time for the parts of such a name. The whole name is on one logical line."""
    for line in _LINE_END.split(_CONTINUATION.sub("", code)):
        if line.count(".") >= MAX_NAME_PARTS and "import" in line and _longest_name(line) > MAX_NAME_PARTS:
            return True
    return False


def _longest_name(line):
    """How many parts the longest dotted name has, or more than so many: what looks like a name may be text."""
    longest = parts = 0
    for part in line.split("."):
        is_name = part.strip() and not _NO_NAME.search(part.strip())
        parts = parts + 1 if is_name else 1
        longest = max(longest, parts)
    return longest


def _parse(code):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the program's compilation before its run repeats them, once
        return ast.parse(code)


def _in_order(offences, code):
    places = sorted((getattr(node, "lineno", 1), getattr(node, "col_offset", 0)) for node, _, _ in offences)
    columns = _columns(places, _LINE_END.split(code))
    found = set()
    for node, rule, message in offences:
        line, offset = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        found.add(Finding(rule, message, line, columns[line, offset]))
    return sorted(found, key=lambda finding: (finding.line, finding.column, finding.rule))


def _columns(places, lines):
    """(line, offset) -> column. The syntax tree counts offsets in UTF-8 bytes, from 0. Each line is read once, because
    all offences may be on one."""
    columns, current = {}, 0
    for line, offset in places:
        if line != current:
            current, text, read, characters = line, lines[line - 1].encode(), 0, 0
        characters += len(text[read:offset].decode(errors="ignore"))
        read = offset
        columns[line, offset] = characters + 1
    return columns


def _uncheckable(error):
    if isinstance(error, ValueError):  # null bytes before Python 3.12, lone surrogates
        return Finding("syntax-error", f"the program is not valid text: {error}", None, None)
    message = "the program is nested too deeply to be checked; split long expressions into several statements"
    return Finding("too-complex", message, None, None)


_TOO_MANY_PARTS = f"Expected the name of a module to have at most {MAX_NAME_PARTS} parts"


def _too_large(code):
    return f"Expected at most {MAX_CODE_CHARACTERS:,} characters of code, got {len(code):,}; pass data as `input_data`"
