"""The input as n8n's Python code reads it: names that are bound where the code uses them and gives them no meaning, or
reads them before it does.

    _items, items    all items, each {"json": …}         _input.all(), .first(), .last(), .item
    _item            the first item                      _json    the `json` of the first item
    _node["Load"], _("Load")    what came from the node `load`, with the methods of _input: where several edges lead to
                                a node, its input has a field for each. What is left besides is what _input is about
    _now, _today     a datetime, with a few methods of Luxon's

An item is a dict whose fields are attributes too, as in n8n's browser Python: `item.json.name` and
`item["json"]["name"]`. A list is one item for each element, and anything else is one item; what already is an item, as
what such code returns, stays one.
"""

import ast
import copy
import datetime
import re

from similar_keys import similar_key

_INPUTS = frozenset(("_input", "_items", "_item", "_json", "items"))
_NODES = frozenset(("_node", "_"))
_TIMES = frozenset(("_now", "_today"))
NAMES = _INPUTS | _NODES | _TIMES
_MENTION = re.compile(r"(?<![\w.])(?:_input|_items|_item|_json|items|_node|_now|_today|_(?=\())\b")


def is_mentioned(code):
    """Whether it can be worth looking closer. `.items()` is no mention."""
    return _MENTION.search(code) is not None


def nodes_named(tree):
    """The names in `_node["Load"]` and `_("Load")`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript):
            function, named = node.value, node.slice
        elif isinstance(node, ast.Call) and node.args:
            function, named = node.func, node.args[0]
        else:
            continue
        if isinstance(function, ast.Name) and function.id in _NODES and type(getattr(named, "value", None)) is str:
            yield named.value


def bindings(names, nodes, input_data):
    """The values of these names, where the code names these nodes; each call makes items of its own."""
    every = {}
    if not _INPUTS.isdisjoint(names):
        given = _input_of(_without(nodes, input_data))
        items = given.all()
        every.update(_input=given, _items=items, items=items, _item=given.item, _json=given.json)
    if not _NODES.isdisjoint(names):
        every["_node"] = every["_"] = Nodes(input_data)
    if not _TIMES.isdisjoint(names):
        now = every["_now"] = DateTime.now().astimezone()
        every["_today"] = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return {name: every[name] for name in names}


class Record(dict):
    """A dict whose keys are attributes as well, except those that are methods of dict."""

    __slots__ = ()

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            fields = ", ".join(map(repr, self)) or "none"
            raise AttributeError(f"the item has no field {name!r}; it has {fields}") from None

    def __setattr__(self, name, value):
        self[name] = value

    def __delattr__(self, name):
        try:
            del self[name]
        except KeyError:
            raise AttributeError(name) from None

    def copy(self):
        return Record(self)

    def clone(self):
        return copy.deepcopy(self)

    # As pyodide's objects have it.

    def to_py(self, **_):
        return _plain(self)

    def object_keys(self):
        return Records(self)

    def object_values(self):
        return Records(self.values())

    def object_entries(self):
        return Records(Records(pair) for pair in self.items())

    def as_object_map(self, **_):
        return self


class Records(list):
    """A list, with what pyodide's arrays have besides."""

    __slots__ = ()

    @property
    def length(self):
        return len(self)

    def to_py(self, **_):
        return _plain(self)


class Input:
    """n8n's `_input`, and what is there of another node."""

    __slots__ = ("_items",)

    def __init__(self, items):
        self._items = items

    def all(self, branch=0, run=0):
        if branch or run:
            raise LookupError(
                "a node has one input here: draw an edge from each node that is meant to this one, and read "
                "`input_data[key]`, with the key of that node"
            )
        return self._items

    def first(self, branch=0, run=0):
        items = self.all(branch, run)
        return items[0] if items else Record(json=Record())

    def last(self, branch=0, run=0):
        items = self.all(branch, run)
        return items[-1] if items else self.first()

    @property
    def item(self):
        return self.first()

    @property
    def json(self):
        return self.item["json"]


class Nodes:
    """n8n's `_node["Name"]` and `_("Name")`."""

    __slots__ = ("_by_key",)

    def __init__(self, input_data):
        self._by_key = input_data if type(input_data) is dict else {}

    def __getitem__(self, name):
        key = similar_key(name, self._by_key)
        if key is None:
            raise LookupError(_nothing_of(name, self._by_key))
        return _input_of(self._by_key[key])

    def __call__(self, name):
        return self[name]


class DateTime(datetime.datetime):
    """A datetime, with what code most often asks of Luxon's."""

    def toISO(self):
        return self.isoformat(timespec="milliseconds")

    def toISODate(self):
        return self.date().isoformat()

    def toMillis(self):
        return int(self.timestamp() * 1000)


def _input_of(value):
    return Input(Records(map(_item, value if type(value) is list else [value])))


def _item(value):
    if type(value) is dict and type(value.get("json")) is dict and value.keys() <= _PARTS:
        return _record(value)
    return Record(json=_record({} if value is None else value))


_PARTS = {"json", "binary", "pairedItem", "error"}


def _record(value):
    if type(value) is dict:
        return Record((key, _record(each)) for key, each in value.items())
    return Records(map(_record, value)) if type(value) is list else value


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _without(nodes, input_data):
    """Where the input has a field for each node that is named, and one besides, that one is the input."""
    if not nodes or type(input_data) is not dict:
        return input_data
    named = {similar_key(node, input_data) for node in nodes}
    others = input_data.keys() - named
    return input_data[others.pop()] if None not in named and len(others) == 1 else input_data


_MAX_SHOWN = 10


def _nothing_of(name, by_key):
    fields = ", ".join(repr(key) for key in list(by_key)[:_MAX_SHOWN]) or "none"
    return (
        f"the input has nothing of a node {name!r}: connect that node to this one. Where several edges lead to a node, its "
        f"input has a field for each, by the key of the node that it comes from; here they are {fields}"
    )
