"""What Python adds to the message of an exception when it prints it: `. Did you mean: 'size'?`

The traceback module does so from Python 3.12 on. Before, only the interpreter's own printing does, in C; this is the
same for attributes and names, with its costs and bounds (Python/suggestions.c). Python 3.9 has no suggestions.
"""

import sys
import traceback

_MAX_CANDIDATES, _MAX_LENGTH = 750, 40
_SHORTEST_NAME = 4
_MOVE_COST, _CASE_COST = 2, 1


def suggestion_for(error):
    """A text that starts with `. Did you`, or an empty one. Never raises."""
    try:
        if not isinstance(error, (AttributeError, NameError, ImportError)):
            return ""
        if sys.version_info >= (3, 12):
            return _printed_after(str(error), error)
        name = getattr(error, "name", None)
        close = _closest(name, _candidates(error)) if type(name) is str else None
        return f". Did you mean: '{close}'?" if close else ""
    except BaseException:  # the program's own __dir__ or __str__
        return ""


def nearly(name, candidates):
    """The candidate that is one letter away from a name that is none of them, or has its letters in another order."""
    if name in candidates or not _SHORTEST_NAME <= len(name) <= _MAX_LENGTH:
        return None
    return next((each for each in candidates if _is_near(name, each)), None)


def _is_near(name, candidate):
    if len(candidate) < _SHORTEST_NAME or candidate.startswith("_"):
        return False
    return _distance(name, candidate, _MOVE_COST) <= _MOVE_COST or sorted(name) == sorted(candidate)


def _printed_after(message, error):
    summary = traceback.TracebackException(type(error), error, error.__traceback__, compact=True)
    rest = "".join(summary.format_exception_only()).partition(message)[2].partition("\n")[0]
    return rest if message and rest.startswith(". Did you") else ""


def _candidates(error):
    if isinstance(error, AttributeError):
        return dir(error.obj)
    if isinstance(error, NameError):
        innermost = error.__traceback__
        while innermost.tb_next is not None:
            innermost = innermost.tb_next
        frame = innermost.tb_frame
        return [*frame.f_locals, *frame.f_globals, *frame.f_builtins]
    return []


def _closest(name, candidates):
    if len(candidates) > _MAX_CANDIDATES or len(name) > _MAX_LENGTH:
        return None
    best, best_distance = None, None
    for candidate in candidates:
        if type(candidate) is not str or candidate == name:
            continue
        most = (len(name) + len(candidate) + 3) * _MOVE_COST // 6
        most = most if best is None else min(most, best_distance - 1)
        distance = _distance(name, candidate, most)
        if distance <= most:
            best, best_distance = candidate, distance
    return best


def _distance(left, right, most):
    """The edit distance of two texts, or more than `most`."""
    if len(right) > _MAX_LENGTH or abs(len(left) - len(right)) * _MOVE_COST > most:
        return most + 1
    row = [_MOVE_COST * index for index in range(len(left) + 1)]
    for character in right:
        diagonal, row[0] = row[0], row[0] + _MOVE_COST
        for index, other in enumerate(left, 1):
            replaced = diagonal + _replacement_cost(character, other)
            diagonal = row[index]
            row[index] = min(replaced, min(row[index], row[index - 1]) + _MOVE_COST)
        if min(row) > most:
            return most + 1
    return row[-1]


def _replacement_cost(left, right):
    if left == right:
        return 0
    return _CASE_COST if left.lower() == right.lower() else _MOVE_COST
