"""What to do about a syntax error: syntax_hints.json has it by the line and by the message of Python."""

import json
import pathlib
import re

import module_packages

_DATA = json.loads(pathlib.Path(__file__).with_name("syntax_hints.json").read_text(encoding="utf-8"))
_LINES, _MESSAGES = ([(re.compile(pattern), hint) for pattern, hint in _DATA[key]] for key in ("lines", "messages"))
_MAX_LINE = 500


def with_hint(message, line):
    """`message` of a SyntaxError, with a hint where there is one; `line` is the text that it is about."""
    hint = _hint(message, (line or "")[:_MAX_LINE])
    return message if hint is None else f"{message}: {hint}"


def _hint(message, line):
    for pattern, hint in _LINES:
        found = pattern.search(line)
        if found:
            return hint.format(package=module_packages.to_add(found["packages"])) if "{" in hint else hint
    return next((hint for pattern, hint in _MESSAGES if pattern.search(message)), None)
