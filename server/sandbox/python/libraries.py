"""Whether a library acts on its own account: it does what is refused on a way that the program did not ask for.

`platform.processor()` runs `uname -p`, and gives an empty text where that fails. The program asked for a text and not
for a process, so the refusal is an ordinary error that the library can catch, is reported, and does not end the run. It
is the program that asked for what is refused, where

    - no library names it in its own code, so that a library at most calls what it was handed. What is blocked itself
      (`subprocess.run`), and what only passes calls on (threads, asyncio), acts for whoever calls it by its name;
    - it handed the library a function or class of a blocked module;
    - it handed the library the target (a command, a URL, the name of an attribute), as an argument or in a container or
      object among the arguments, or the target stands in its code.

Refused it is in any case: this decides who gets the error.
"""

import os
import sys

import callers
import outside
from policy import module_reason

# platform.architecture() has this path as a default.
_INTERPRETER = frozenset((sys.executable, os.path.realpath(sys.executable)))
_TEXTS = (str, bytes, *outside.PATHS)
_LEAST_SHARED = 4  # characters of a text that is a part of another one


def acting_library(frame, names, targets, code):
    """The module that does something called by one of `names` on its own account; None where the program asked for it,
    whose source is `code`. `targets`: what is acted on, of whatever type."""
    library = _library_that_names(frame, set(names))
    if library is None or outside.is_handed(frame):
        return None
    return None if _hands_one_of(set(_texts(targets)) - _INTERPRETER, frame, code) else library


def _library_that_names(frame, names):
    while frame is not None:
        executed = callers.code_of(frame)
        filename, kind = executed.co_filename, callers.kind_of(executed.co_filename)
        if kind in (callers.USER, callers.OURS):
            return None
        module = callers.module_of(filename)
        if module_reason(module) is not None or outside.goes_between(filename):
            names.add(executed.co_name)
        elif callers.names_one_of(executed, names):
            return module
        frame = callers.back_of(frame)
    return None


def _hands_one_of(targets, frame, code):
    values = outside.handed_values(frame)
    if values is None or any(outside.stands_in(target, code) for target in targets):
        return True
    return any(_is_same_or_part(text, target) for text in _texts(values) for target in targets)


def _is_same_or_part(text, other):
    shorter, longer = sorted((text, other), key=len)
    return text == other or (len(shorter) >= _LEAST_SHARED and shorter in longer)


def _texts(values):
    return [outside.text_of(part) for part in outside.parts_of(values) if isinstance(part, _TEXTS)]
