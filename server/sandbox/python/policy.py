"""Loads policy.json, the data of the static and the runtime wall, into look-up tables.

Nothing is decided here. `why` and `instead` in the data are the two halves of every message. instead.json has what to
write instead of single members of blocked modules; a test runs each of these suggestions.

policy.json is the level `strict`; standard.json has what `standard` takes out of it and adds to it. `use(level)` makes
the tables those of a level.
"""

import functools
import json
import pathlib
from typing import FrozenSet, NamedTuple


def _load(name):
    return json.loads(pathlib.Path(__file__).with_name(name).read_text(encoding="utf-8"))


DATA = _load("policy.json")
INSTEAD = {name: entry for entry in _load("instead.json") for name in entry["names"]}


def _reasons(groups):
    return {name: f"{group['why']}; {group['instead']}" for group in groups for name in group["names"]}


class StandInPolicy(NamedTuple):
    names: FrozenSet[str]
    reason: str
    is_imported: bool  # by its own name, and not only as what contains another one


MODULES = _reasons(DATA["modules"])
MEMBERS = _reasons(DATA["members"])
STAND_INS = {
    each["module"]: StandInPolicy(
        frozenset(each["names"]), f"{each['why']}; {each['instead']}", each.get("isImported", True)
    )
    for each in DATA["standIns"]
}
CONSTRUCTORS = _reasons([DATA["constructors"]])
ATTRIBUTES = _reasons(DATA["attributes"])
ATTRIBUTE_RULES = {name: group["rule"] for group in DATA["attributes"] for name in group["names"]}
NAMES = DATA["names"]
MODULES_AS_ATTRIBUTES = {each: None for name in DATA["modulesAsAttributes"] for each in (name, f"_{name}")}
EVENT_RULES = {event: rule for rule, events in DATA["events"].items() for event in events}
EVENT_REASONS = DATA["eventReasons"]
EXCUSED = dict(DATA["excused"])
JUDGED_FOR = {rule: who for who, rules in DATA["judgedFor"].items() for rule in rules}

# Rules, events and attributes that are judged under `strict` and not at the level in use.
ALLOWED = set()

_level = "strict"
_STANDARD = _load("standard.json")
_BY_LEVEL = {
    "modules": [(MODULES, dict(MODULES))],
    "members": [(MEMBERS, dict(MEMBERS))],
    "attributes": [(ATTRIBUTES, dict(ATTRIBUTES)), (ATTRIBUTE_RULES, dict(ATTRIBUTE_RULES))],
    "modulesAsAttributes": [(MODULES_AS_ATTRIBUTES, dict(MODULES_AS_ATTRIBUTES))],
}
_STRICT_STAND_INS = dict(STAND_INS)
_ALLOWED = frozenset(DATA["allowedModules"])
_WEB = frozenset(DATA["webModules"])
_opened = frozenset()
_PRIVATE = DATA["privateModules"]
_DEPTH = max(name.count(".") for name in (*MODULES, *MEMBERS, *_ALLOWED)) + 1
_SHOWN_CHARACTERS = 200


def use(level, allows_scratch_writes=False, web=False):
    """Makes the tables those of a level, `strict` or `standard`. In place, because everybody holds them already: a cell
    judges by one level in its life, which the server sets before any code of a run. `web`: whether the modules that send
    requests are allowed, as they are where a node asks for hosts."""
    global _level
    _open(_WEB if web else frozenset())
    allowed = _STANDARD["allowed"] if level == "standard" else {}
    ALLOWED.clear()
    ALLOWED.update(*(allowed.get(name, ()) for name in ("rules", "events", "attributes")))
    if allows_scratch_writes:
        ALLOWED.add("file-write")
    if level == _level:
        return  # as in most cells, because they have rehearsed by it
    _level = level
    for name, tables in _BY_LEVEL.items():
        left_out = set(allowed.get(name, ()))
        for table, strict in tables:
            table.clear()
            table.update((each, why) for each, why in strict.items() if not {each, each.lstrip("_")} & left_out)
    # What the level allows whole needs no stand-in.
    whole = set(allowed.get("modules", ()))
    STAND_INS.clear()
    STAND_INS.update((name, each) for name, each in _STRICT_STAND_INS.items() if not _is_within(name, whole))
    EXCUSED.clear()
    EXCUSED.update(DATA["excused"])
    if level == "standard":
        MEMBERS.update(_reasons(_STANDARD["members"]))
        EXCUSED.update(_STANDARD["excused"])
    _module_reason.cache_clear()


def _open(modules):
    global _opened
    if modules != _opened:
        _opened = modules
        _module_reason.cache_clear()


def _is_within(dotted, modules):
    parts = dotted.split(".")
    return any(".".join(parts[:count]) in modules for count in range(1, len(parts) + 1))


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


def stand_in_reason(dotted):
    """Why the name `dotted` of a module with a stand-in is blocked; None where the stand-in has it, and for others."""
    module, _, name = dotted.rpartition(".")
    stand_in = STAND_INS.get(module)
    return None if stand_in is None or name in stand_in.names or name == "*" else stand_in.reason


def has_stand_in(dotted):
    """Whether an import of this name gets a stand-in."""
    return dotted in STAND_INS and STAND_INS[dotted].is_imported


def private_module_reason(dotted):
    root = dotted.partition(".")[0]
    if root.startswith("_") and root not in _PRIVATE["except"]:
        return f"{_PRIVATE['why']}; {_PRIVATE['instead']}"
    return None
