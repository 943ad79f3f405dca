"""The input as n8n's Python code reads it: names that are bound where the code uses them and gives them no meaning.

    _items, items    all items, each {"json": …}         _input.all(), .first(), .last(), .item
    _item            the first item                      _json    the `json` of the first item

An item is a dict whose fields are attributes too, as in n8n's browser Python: `item.json.name` and
`item["json"]["name"]`. A list is one item for each element, and anything else is one item; what already is an item, as
what such code returns, stays one.
"""

import re

NAMES = ("_input", "_items", "_item", "_json", "items")
_MENTION = re.compile(r"(?<![\w.])(?:" + "|".join(NAMES) + r")\b")


def is_mentioned(code):
    """Whether it can be worth looking closer. `.items()` is no mention."""
    return _MENTION.search(code) is not None


def bindings(names, input_data):
    """The values of these names; each call makes items of their own."""
    items = [_item(each) for each in (input_data if type(input_data) is list else [input_data])]
    first = items[0] if items else Record(json=Record())
    every = {
        "_input": Input(items, first),
        "_items": items,
        "items": items,
        "_item": first,
        "_json": first["json"],
    }
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

    def to_py(self):
        """As pyodide's objects have it."""
        return _plain(self)


class Input:
    """n8n's `_input`."""

    __slots__ = ("_items", "_first")

    def __init__(self, items, first):
        self._items, self._first = items, first

    def all(self):
        return self._items

    def first(self):
        return self._first

    def last(self):
        return self._items[-1] if self._items else self._first

    @property
    def item(self):
        return self._first


def _item(value):
    if type(value) is dict and type(value.get("json")) is dict and value.keys() <= _PARTS:
        return _record(value)
    return Record(json=_record({} if value is None else value))


_PARTS = {"json", "binary", "pairedItem", "error"}


def _record(value):
    if type(value) is dict:
        return Record((key, _record(each)) for key, each in value.items())
    return [_record(each) for each in value] if type(value) is list else value


def _plain(value):
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if type(value) is list else value
