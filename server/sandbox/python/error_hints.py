"""What to do about an exception for something that is not in a sandbox: error_hints.json has it by type and by name."""

import json
import pathlib
import re

_DATA = json.loads(pathlib.Path(__file__).with_name("error_hints.json").read_text(encoding="utf-8"))
_ERRORS = [(kind, re.compile(pattern), hint) for kind, pattern, hint in _DATA["errors"]]


def hint_for(kind, message):
    """`kind` is the name of the exception's class."""
    return next((hint for each, pattern, hint in _ERRORS if each == kind and pattern.search(message)), None)


def hint_for_name(name):
    """For a name that is not defined."""
    return _DATA["names"].get(name)
