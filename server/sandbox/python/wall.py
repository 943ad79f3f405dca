"""Raises the runtime wall around a program. audit.py judges, guards.py covers what raises no audit event.

`prepare()` makes the parts. It takes milliseconds and has no effect yet; the fork-server calls it before it makes cells,
after everything that changes sys.path. `raise_wall(send, namespace, …)` then activates the wall for the rest of the
process, in microseconds. Nothing can lower it, because what judges is reachable for the interpreter alone from then on,

    interpreter ──▶ hook ──▶ judges ──▶ Wall and modules of its own (audit, callers, policy …), under no name

and leaves no frame behind: the exception that a program may catch comes from `_relay`, which knows nothing by then.
guards.py and `first_violation` reach it by audit events of Weft's own.
"""

import functools
import importlib
import os
import sys

import attribute_reads
import guards
import policy
import strides

_PRIVATE = (
    *("source", "policy", "syntax", "examples", "check_rules"),
    *("callers", "outside", "libraries", "written", "violations", "audit"),
)
_FOLDER = os.path.dirname(os.path.abspath(__file__))
_waiting = []


def prepare():
    audit = _load_privately()
    audit.callers.register(guards.BACK)
    wall = audit.Wall()
    guards.judge_descriptors()
    guards.judge_starts_of_programs()
    guards.judge_readers_in_c()
    guards.hide_own_lines()
    sys.addaudithook(functools.partial(_relay, wall.judges.get))
    harmless = attribute_reads.Harmless(sys.modules)
    guards.judge_readers(harmless)
    _waiting.append((wall, guards.guarded_builtins(harmless), harmless))


def make_reads():
    """For a program that runs behind the wall."""
    if not _waiting:
        prepare()
    *_, harmless = _waiting[0]
    return attribute_reads.make_reads(harmless, guards.guarded_reads(harmless))


def raise_wall(
    send, namespace, scratch=None, code="", is_rehearsal=False, level="strict", allows_scratch_writes=False, web=False
):
    """`code`: the source of the program. `level`: see policy.py. `web`: whether modules that send requests are allowed,
    because they send them to Node (adapters.py). Only after a rehearsal, the wall can be lowered."""
    if not _waiting:
        prepare()
    policy.use(level, allows_scratch_writes, web)  # for the guards; what judges has tables of its own
    wall, namespace["__builtins__"], _ = _waiting[0]
    strides.bound()
    wall.go_up(send, scratch, code, level, allows_scratch_writes, web)
    if not is_rehearsal:
        _waiting.clear()


def end_rehearsal():
    for wall, *_ in _waiting:
        wall.lower()


def first_violation():
    """The first violation of the program, or None. All are sent by then."""
    found = []
    sys.audit(guards.VIOLATIONS, found)
    return found[0] if found else None


def _relay(judge_of, event, arguments):
    judge = judge_of(event)
    if judge is None:
        return
    try:
        judge(event, arguments)
    except BaseException as error:
        problem = error.with_traceback(None)
        del judge, judge_of
        raise problem from None


def _load_privately():
    """The modules again, for the wall alone: what a program could reach of the first ones is not what judges it."""
    saved = {name: sys.modules.pop(name) for name in _PRIVATE if name in sys.modules}
    sys.path.insert(0, _FOLDER)
    try:
        return importlib.import_module("audit")
    finally:
        sys.path.remove(_FOLDER)
        for name in _PRIVATE:
            sys.modules.pop(name, None)
        sys.modules.update(saved)
