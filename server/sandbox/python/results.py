"""A program's result as JSON. One table, the same for every program:

    Python                                      JSON
    ------------------------------------------  -----------------------------------------------------------
    None, bool, str                             null, true/false, string (a lone surrogate becomes U+FFFD)
    int                                         number; beyond ±(2^53 − 1) a decimal string, because JavaScript
                                                and most JSON parsers would round it
    float                                       number; NaN and ±infinity are null
    list, tuple, deque, range, dict views       array
    namedtuple, dataclass instance              object of its fields
    set, frozenset                              array, sorted where its items can be compared
    dict and other mappings                     object; keys below
    Enum member                                 its value
    datetime, date, time                        ISO 8601 string
    timedelta                                   number of seconds
    Decimal, Fraction                           string, "0.10", "1/3"; Decimal NaN and infinities are null
    UUID, Path                                  string
    bytes, bytearray, memoryview                base64 string
    numpy scalar                                as the Python value it holds; datetime64 an ISO 8601 string,
                                                timedelta64 a number of seconds, NaT null
    numpy array                                 array, nested by dimension; masked items are null
    pandas DataFrame                            array of records
    pandas Series                               array, or an object where the index has labels
    pandas Index, Categorical, other arrays     array
    pandas Timestamp, Timedelta, NaT, NA        as datetime and timedelta; null
    pandas Period, Interval                     string
    polars DataFrame, Series                    array of records, array
    pydantic model                              object of its fields
    drawings of matplotlib                      null where they are the value of the last line (figures.py)
    anything else                               ResultError with its path: `result.rows[3].fn`

An unnamed index of integers counts as row numbers and is left out. Any other index is data: it becomes columns
of the records, or keys of the object (a Series with several index levels becomes records).

Keys: str as it is; int, float, bool, None as JSON writes them ("1", "1.5", "true", "null"); dates, Enum,
UUID, Path, Decimal and numpy scalars as their value; anything else, or two keys that become one, is a
ResultError. Circular references, more than MAX_DEPTH levels and more than `max_bytes` of JSON are
ResultErrors too.
"""

import base64
import collections
import collections.abc
import dataclasses
import datetime
import decimal
import enum
import fractions
import itertools
import json
import math
import pathlib
import uuid

import tables

MAX_DEPTH = 100
MAX_RESULT_BYTES = 16 * 1024 * 1024
MAX_SAFE_INTEGER = 2**53 - 1

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_LEAST_BYTES = 2  # of one item: "0,"
_PLAIN = {dict, list, tuple, str, int, float, bool, type(None)}
_SCALARS = {str, bool, type(None)}
_SEQUENCES = (list, tuple, range, collections.deque, collections.abc.MappingView)
_ISO = (datetime.date, datetime.time)  # a datetime is a date
_TEXT = (uuid.UUID, pathlib.PurePath, fractions.Fraction)


class ResultError(Exception):
    """The result has no JSON form; the message has the path and the reason. `is_data`: it is made of what has one, but
    is too large or deep, or ambiguous, so that it is most likely meant as the result."""

    def __init__(self, message, is_data=False):
        super().__init__(message)
        self.is_data = is_data


def to_json(value, max_bytes=None):
    """The JSON text of `value`; raises ResultError."""
    max_bytes = MAX_RESULT_BYTES if max_bytes is None else max_bytes
    text = _encode(value if _is_plain(value, max_bytes) else _Mapper(max_bytes).map(value, None, 0))
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    if size > max_bytes:
        raise _too_large(max_bytes)
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _is_plain(value, max_bytes):
    """Whether `value` needs no mapping. Checks 10 MB of plain data level by level in C, and not item by item."""
    level = [value]
    for _ in range(MAX_DEPTH):
        kinds = set(map(type, level))
        if not kinds <= _PLAIN:
            return False
        if not _are_faithful(level, kinds):
            return False
        objects = [item for item in level if type(item) is dict] if dict in kinds else []
        arrays = [item for item in level if type(item) in (list, tuple)] if kinds & {list, tuple} else []
        if not objects and not arrays:
            return True
        if set(map(type, itertools.chain.from_iterable(objects))) - {str}:
            return False
        if (sum(map(len, objects)) + sum(map(len, arrays))) * _LEAST_BYTES > max_bytes:
            raise _too_large(max_bytes)  # before nested lists of a small program fill the memory
        values = itertools.chain.from_iterable(map(dict.values, objects))
        level = [*values, *itertools.chain.from_iterable(arrays)]
    return False


def _are_faithful(items, kinds):
    """Whether JSON can represent the numbers among `items` exactly."""
    if int in kinds:
        integers = [item for item in items if type(item) is int]
        if min(integers) < -MAX_SAFE_INTEGER or max(integers) > MAX_SAFE_INTEGER:
            return False
    return float not in kinds or all(map(math.isfinite, [item for item in items if type(item) is float]))


class _Mapper:
    """Maps item by item. A path is None for the result itself, else (the path of its container, ".key" or "[3]")."""

    def __init__(self, max_bytes):
        self._open = set()  # ids of the containers around the current value
        self._max_bytes = max_bytes
        self._items = 0

    def map(self, value, path, depth):
        kind = type(value)
        if kind in _SCALARS:
            return value
        if kind is int:
            return value if -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER else str(value)
        if kind is float:
            return value if math.isfinite(value) else None
        if depth >= MAX_DEPTH and id(value) not in self._open:
            message = f"{_text(path)}: nested deeper than {MAX_DEPTH} levels; flatten the result"
            raise ResultError(message, is_data=True)
        return self._other(value, path, depth)

    def _other(self, value, path, depth):
        if isinstance(value, enum.Enum):
            return self.map(value.value, path, depth + 1)
        if isinstance(value, collections.abc.Mapping):
            return self._object(value, value.items(), path, depth)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
            return self._object(value, fields, path, depth)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return self._object(value, zip(value._fields, value), path, depth)
        if isinstance(value, _SEQUENCES):
            return self._array(value, value, path, depth)
        if isinstance(value, (set, frozenset)):
            return self._array(value, _sorted(value), path, depth)
        if tables.is_tabular(value):
            return self._tabular(value, path, depth)
        return _leaf(value, path)

    def _tabular(self, value, path, depth):
        try:
            simpler = tables.simplify(value)
        except tables.NotTabular as problem:
            raise ResultError(f"{_text(path)}: {problem}", is_data=True) from None
        if _is_plain(simpler, self._max_bytes):
            return simpler
        with self._inside(value, path):
            return self.map(simpler, path, depth)

    def _object(self, container, pairs, path, depth):
        mapped = {}
        with self._inside(container, path):
            for key, value in pairs:
                name = key if type(key) is str else _key(key, path)
                if name in mapped:
                    message = f"{_text(path)}: two keys become {json.dumps(name)} in JSON; rename one"
                    raise ResultError(message, is_data=True)
                self._count()
                mapped[name] = self.map(value, (path, name), depth + 1)
        return mapped

    def _array(self, container, values, path, depth):
        with self._inside(container, path):
            mapped = []
            for index, value in enumerate(values):
                self._count()
                mapped.append(self.map(value, (path, index), depth + 1))
            return mapped

    def _inside(self, container, path):
        if id(container) in self._open:
            raise ResultError(f"{_text(path)}: circular reference to a container that holds it")
        return _Entered(self._open, id(container))

    def _count(self):
        self._items += 1
        if self._items * _LEAST_BYTES > self._max_bytes:
            raise _too_large(self._max_bytes)


class _Entered:
    def __init__(self, entered, key):
        self._entered, self._key = entered, key

    def __enter__(self):
        self._entered.add(self._key)

    def __exit__(self, *_):
        self._entered.discard(self._key)


def _leaf(value, path):
    if isinstance(value, bool):
        return bool(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        number = int(value)
        return number if -MAX_SAFE_INTEGER <= number <= MAX_SAFE_INTEGER else str(number)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, _ISO):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, decimal.Decimal):
        return str(value) if value.is_finite() else None
    if isinstance(value, _TEXT):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode("ascii")
    raise ResultError(f"{_text(path)}: {_kind(value)} is not serialisable{_hint(value)}")


def _key(key, path):
    if key is None or isinstance(key, (bool, int, float)) and not isinstance(key, enum.Enum):
        return json.dumps(key)
    if isinstance(key, enum.Enum):
        return key.value if type(key.value) is str else _key(key.value, path)
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, (*_ISO, uuid.UUID, pathlib.PurePath, decimal.Decimal)):
        return str(_leaf(key, path))
    if tables.is_scalar(key):
        simpler = tables.simplify(key)
        return simpler if type(simpler) is str else _key(simpler, path)
    raise ResultError(
        f"{_text(path)}: a key is {_kind(key)} ({_short(key)}); expected a string, number, bool, None or date"
    )


def _sorted(values):
    try:
        return sorted(values)
    except Exception:
        return list(values)


def _kind(value):
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = type(value).__name__
    return {"builtin_function_or_method": "function", "method": "function"}.get(name, name)


def _hint(value):
    if isinstance(value, collections.abc.Iterator):
        return "; wrap it in list(…)"
    if isinstance(value, collections.abc.Awaitable):
        return "; await it, for example with asyncio.run(…)"
    if isinstance(value, complex):
        return "; use [z.real, z.imag]"
    if callable(value):
        return "; call it, or leave it out"
    return "; turn it into a dict, a list or a string first"


def _short(value):
    try:
        text = repr(value)
    except Exception:
        text = "?"
    return text if len(text) <= 60 else text[:57] + "…"


def _text(path):
    steps = []
    while path is not None:
        path, step = path
        steps.append(_step(step))
    text = "result" + "".join(reversed(steps))
    return text if len(text) <= 200 else f"{text[:150]}…{text[-40:]}"


def _step(step):
    if type(step) is int:
        return f"[{step}]"
    return f".{step}" if step.isidentifier() else f"[{json.dumps(step[:100], ensure_ascii=False)}]"


def _too_large(max_bytes):
    message = f"result: larger than {max_bytes:,} bytes of JSON; return a summary, or fewer or smaller rows"
    return ResultError(message, is_data=True)
