"""Loads policy.json, the data of the static and the runtime wall, into look-up tables.

Nothing is decided here. `why` and `instead` in the data are the two halves of every message. instead.json has what to
write instead of single members of blocked modules; a test runs each of these suggestions.
"""

import functools
import json
import pathlib


def _load(name):
    return json.loads(pathlib.Path(__file__).with_name(name).read_text(encoding="utf-8"))


DATA = _load("policy.json")
INSTEAD = {name: entry for entry in _load("instead.json") for name in entry["names"]}


def _reasons(groups):
    return {name: f"{group['why']}; {group['instead']}" for group in groups for name in group["names"]}


MODULES = _reasons(DATA["modules"])
MEMBERS = _reasons(DATA["members"])
ATTRIBUTES = _reasons(DATA["attributes"])
ATTRIBUTE_RULES = {name: group["rule"] for group in DATA["attributes"] for name in group["names"]}
NAMES = DATA["names"]
MODULES_AS_ATTRIBUTES = frozenset(DATA["modulesAsAttributes"]) | {
    f"_{name}" for name in DATA["modulesAsAttributes"]
}
EVENT_RULES = {event: rule for rule, events in DATA["events"].items() for event in events}
EVENT_REASONS = DATA["eventReasons"]
JUDGED_FOR = {rule: who for who, rules in DATA["judgedFor"].items() for rule in rules}

_ALLOWED = frozenset(DATA["allowedModules"])
_WEB = frozenset(DATA["webModules"])
_opened = frozenset()
_PRIVATE = DATA["privateModules"]
_DEPTH = max(name.count(".") for name in (*MODULES, *MEMBERS, *_ALLOWED)) + 1
_SHOWN_CHARACTERS = 200


def open_web(is_open):
    """Whether the modules that send requests are allowed, as they are where a node asks for hosts."""
    global _opened
    opened = _WEB if is_open else frozenset()
    if opened != _opened:
        _opened = opened
        _module_reason.cache_clear()


def start_of(dotted):
    """The start of a dotted name, longer than every name in the tables: the rest changes nothing."""
    return ".".join(dotted[:_SHOWN_CHARACTERS].split(".", _DEPTH + 1)[: _DEPTH + 1])


def module_reason(dotted):
    """Why module `dotted` is blocked, or None: a module is blocked when it or a parent is, unless it is allowed."""
    return _module_reason(dotted) if len(dotted) <= _SHOWN_CHARACTERS else _module_reason.__wrapped__(dotted)


@functools.lru_cache(maxsize=1000)
def _module_reason(dotted):
    parts = start_of(dotted).split(".")
    parents = [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
    for parent in parents:
        if parent in _ALLOWED or parent in _opened:
            return None
        if parent in MODULES:
            return MODULES[parent]
    return None


def private_module_reason(dotted):
    root = dotted.partition(".")[0]
    if root.startswith("_") and root not in _PRIVATE["except"]:
        return f"{_PRIVATE['why']}; {_PRIVATE['instead']}"
    return None
