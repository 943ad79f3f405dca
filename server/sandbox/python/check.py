"""The static wall: finds what the policy blocks in a program, before any of it runs.

`examine(code, policy="strict", compiles=False, …)` -> Report: its findings [Finding(rule, message, line, column)], in the
order of the code; lines and columns count from 1, columns in characters. Under policy "standard" fewer things are
findings than under "strict", and under "kernel" only what cannot run is. `allows_scratch_writes`: whether code may open
files in its own folder for writing under "strict" as well. `web`: whether it may import modules that send requests.
`compiles`: whether what only Python's compiler refuses is found as well, in code of up to MAX_COMPILED_CHARACTERS: the
time of compiling grows faster than the code. Beside the findings, a report has the shape of the code (shapes.py), the
JSON Schema of its input where that is `main`'s, and the packages that it imports. It never raises. `check(…)` returns
the findings alone.

Rules: blocked-module, blocked-call, module-attribute, dunder-access, frame-access, dunder-format,
memory-access, file-write; for code that cannot run: syntax-error, two-shapes; and for code that cannot be checked:
too-large, too-complex. policy.json lists what is blocked; check_rules.py applies each rule to the syntax tree.
Identifiers are compared after NFKC normalisation, which Python's parser does.

The check sees names and not values. A name that the program binds itself (`def compile(…)`) counts as the
program's own. Names made at run time, and what an allowed library does with its arguments, are left to the
runtime wall (audit.py), and finally to the kernel.
"""

import ast
import contextlib
import json
import re
import warnings
from typing import NamedTuple, Optional

import check_rules
import imports
import shapes
import signature
import source
import syntax_hints
from policy import use

MAX_CODE_CHARACTERS = 1_000_000
MAX_NAME_PARTS = 100
MAX_COMPILED_CHARACTERS = 100_000
_CONTINUATION = re.compile(r"\\(?:\r\n|\r|\n)")
_NO_NAME = re.compile(r"[\s,;]")


class Finding(NamedTuple):
    rule: str
    message: str
    line: Optional[int]
    column: Optional[int]


class Report(NamedTuple):
    findings: list
    shape: Optional[str] = None  # None for code that cannot run
    input_schema: Optional[str] = None  # as JSON
    imports: list = []  # the packages that it imports (imports.py)


def check(code, policy="strict"):
    """All findings of `code`; an empty list where there are none."""
    return examine(code, policy).findings


def examine(code, policy="strict", compiles=False, allows_scratch_writes=False, web=False):
    use(policy, allows_scratch_writes, web)
    if len(code) > MAX_CODE_CHARACTERS:
        return Report([Finding("too-large", _too_large(code), None, None)])
    if _imports_endless_name(code):
        return Report([Finding("too-complex", _TOO_MANY_PARTS, None, None)])
    try:
        tree = _parse(code)
        offences = list(check_rules.offences(tree)) if policy != "kernel" else []
        findings = _in_order(offences, code)
    except SyntaxError as error:
        return Report([_syntax_finding(error, code)], imports=imports.packages_of_text(code))
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return Report([_uncheckable(error)])
    return _report(tree, code, findings, compiles)


def _report(tree, code, findings, compiles):
    packages = imports.packages_of(tree)
    try:
        with source.unparsable_is_syntax_error():
            shape = source.shape_of(tree, code)
            schema = _input_schema(tree) if shape == shapes.MAIN else None
            if compiles and len(code) <= MAX_COMPILED_CHARACTERS:
                with _without_warnings():
                    source.compile_tree(tree, code)
        return Report(findings, shape, schema, packages)
    except SyntaxError as error:
        return Report(sorted([*findings, _syntax_finding(error, code)], key=_place), imports=packages)


def _input_schema(tree):
    schema = signature.schema_of(shapes.main_of(tree), tree)
    return schema and json.dumps(schema)


def _syntax_finding(error, code):
    lines = source.LINE_END.split(code)
    line = lines[error.lineno - 1] if error.lineno and error.lineno <= len(lines) else ""
    message = syntax_hints.with_hint(str(error.msg), line)
    return Finding(getattr(error, "rule", "syntax-error"), message, error.lineno or None, error.offset or None)


def _imports_endless_name(code):
    """Python's own parser takes quadratic time for the parts of such a name. The whole name is on one logical line."""
    for line in source.LINE_END.split(_CONTINUATION.sub("", code)):
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
    with _without_warnings():
        return ast.parse(code)


@contextlib.contextmanager
def _without_warnings():
    """The compilation of the program before its run repeats them, once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _in_order(offences, code):
    places = sorted((getattr(node, "lineno", 1), getattr(node, "col_offset", 0)) for node, _, _ in offences)
    columns = _columns(places, source.LINE_END.split(code))
    found = set()
    for node, rule, message in offences:
        line, offset = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        found.add(Finding(rule, message, line, columns[line, offset]))
    return sorted(found, key=_place)


def _place(finding):
    return (finding.line or 0, finding.column or 0, finding.rule)


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
