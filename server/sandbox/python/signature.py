"""The parameters of `main`, read from its syntax tree: as a JSON Schema for forms, and as arguments made of an input.

`schema_of(main, tree)` -> {"type": "object", "description"?, "properties", "required"}: the names, the JSON types of
the annotations, the defaults that are literals, and the docstring. What an annotation says beyond that is any value.

`arguments_of(main, input, namespace)` -> (positional, named). A field of the input becomes the parameter of its name; defaults
hold where there is none, and fields without a parameter go to `**` or nowhere. An input that is no object is the
argument of the only (required) parameter, and a parameter named `input_data` without such a field is the whole input.
Text becomes a date, a time or bytes where the annotation is one, and an object becomes one of the dataclass or the
pydantic model that the annotation names. Nothing is evaluated: annotations and defaults are read as text.
"""

import ast
import base64
import dataclasses
import datetime
import json

MAX_PARAMETERS = 100
MAX_SCHEMAS = 500
_MAX_SCHEMA, _MAX_DEFAULT, _MAX_TEXT, _MAX_DEPTH, _MAX_SHOWN = 50_000, 2_000, 2_000, 8, 10
_WHOLE = "input_data"
_ARRAYS = ("list", "List", "tuple", "Tuple", "Sequence", "MutableSequence", "Iterable", "Collection")

_NAMED = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "Decimal": {"type": "number"},
    "bool": {"type": "boolean"},
    "None": {"type": "null"},
    "datetime": {"type": "string", "format": "date-time"},
    "date": {"type": "string", "format": "date"},
    "bytes": {"type": "string", "contentEncoding": "base64"},
    **dict.fromkeys(("dict", "Dict", "Mapping", "MutableMapping", "TypedDict"), {"type": "object"}),
    **dict.fromkeys(_ARRAYS, {"type": "array"}),
    **dict.fromkeys(("set", "Set", "frozenset", "FrozenSet"), {"type": "array", "uniqueItems": True}),
}


class InputError(Exception):
    """The input does not fit the parameters of `main`; `line` is where they are."""

    __module__ = "builtins"  # so that tracebacks name it without its module

    def __init__(self, message, line):
        super().__init__(message)
        self.line = line


def schema_of(main, tree):
    """None where there is more of it than a form could show."""
    required, optional = _parameters(main)
    if len(required) + len(optional) > MAX_PARAMETERS:
        return None
    schemas = _Schemas((node.name, node) for node in tree.body if isinstance(node, ast.ClassDef))
    properties = {each.arg: schemas.of(each.annotation) for each in (*required, *optional)}
    for parameter, default in optional.items():
        value = _literal(default)
        if value is not None:
            properties[parameter.arg]["default"] = value
    needed = [each.arg for each in required if each.arg != _WHOLE]
    schema = {"type": "object", "properties": properties, "required": needed}
    text = ast.get_docstring(main)
    if text:
        schema["description"] = text[:_MAX_TEXT]
    return schema if len(json.dumps(schema)) <= _MAX_SCHEMA else None


def arguments_of(main, input_data, namespace):
    """`namespace`: of the module, which has the classes that annotations name. Raises InputError."""
    required, optional = _parameters(main)
    names = [parameter.arg for parameter in (*required, *optional)]
    only = names if len(names) == 1 else [parameter.arg for parameter in required]
    fields = _fields(main, names, only, input_data)
    if _WHOLE in names and _WHOLE not in fields:
        fields = {**fields, _WHOLE: input_data}
    missing = [parameter.arg for parameter in required if parameter.arg not in fields]
    if missing:
        raise InputError(_missing(missing, input_data), main.lineno)
    given = {
        parameter.arg: _converted(parameter, fields[parameter.arg], main, namespace)
        for parameter in (*required, *optional)
        if parameter.arg in fields
    }
    positional = []
    for parameter in main.args.posonlyargs:
        if parameter.arg not in given:
            break
        positional.append(given.pop(parameter.arg))
    rest = {name: value for name, value in fields.items() if name not in names} if main.args.kwarg else {}
    return positional, {**rest, **given}


def _parameters(main):
    """Those without a default, and those with one: {parameter: default}."""
    arguments = main.args
    ordered = [*arguments.posonlyargs, *arguments.args]
    first = len(ordered) - len(arguments.defaults)
    optional = dict(zip(ordered[first:], arguments.defaults))
    required = ordered[:first]
    for parameter, default in zip(arguments.kwonlyargs, arguments.kw_defaults):
        if default is None:
            required.append(parameter)
        else:
            optional[parameter] = default
    return required, optional


def _fields(main, names, only, input_data):
    if isinstance(input_data, dict):
        return input_data
    if input_data is None:
        return {}
    if len(only) == 1:
        return {only[0]: input_data}
    kind = {list: "a list", str: "text", bool: "true or false"}.get(type(input_data), "a number")
    message = f"Expected an input with the fields of `main` ({_list(names) or 'none'}), got {kind}"
    raise InputError(message, main.lineno)


def _missing(missing, input_data):
    has = _list(input_data) if input_data and isinstance(input_data, dict) else "no fields"
    if len(missing) == 1:
        field, remedy = "field", "Pass it in, or give the parameter a default"
    else:
        field, remedy = "fields", "Pass them in, or give the parameters defaults"
    return f"`main` needs the {field} {_list(missing)} of the input, which has {has}. {remedy}"


def _list(names):
    shown = [f"`{name[:50]}`" for name in list(names)[:_MAX_SHOWN]]
    return ", ".join(shown) + (" …" if len(names) > _MAX_SHOWN else "")


def _converted(parameter, value, main, namespace):
    try:
        if type(value) is str:
            return _of_text(_Schemas().of(parameter.annotation), value)
        return _instances(parameter.annotation, value, namespace)
    except (ValueError, TypeError) as error:
        message = f"The field `{parameter.arg}` of the input is not what `main` expects: {error}"
        raise InputError(message, main.lineno) from None


def _of_text(schema, value):
    if schema.get("contentEncoding") == "base64":
        return base64.b64decode(value, validate=True)
    if schema.get("format") == "date-time":
        return datetime.datetime.fromisoformat(value[:-1] + "+00:00" if value.endswith("Z") else value)
    if schema.get("format") == "date":
        return datetime.date.fromisoformat(value)
    return value


def _instances(node, value, namespace):
    """For `Order`, `"Order"`, `Order | None`, `Optional[Order]` and `list[Order]`."""
    if isinstance(node, ast.Constant):
        node = _quoted(node.value)
    if isinstance(node, ast.BinOp):
        sides = [side for side in (node.left, node.right) if not isinstance(side, ast.Constant)]
        return _instances(sides[0], value, namespace) if len(sides) == 1 else value
    if isinstance(node, ast.Subscript):
        name, (part, *others) = _last_name(node.value), _parts(node)
        if others or name not in ("Optional", "Annotated", *_ARRAYS):
            return value
        if name not in _ARRAYS:
            return _instances(part, value, namespace)
        return [_instances(part, each, namespace) for each in value] if type(value) is list else value
    return _instance(namespace.get(node.id), value, namespace) if isinstance(node, ast.Name) else value


def _instance(kind, value, namespace):
    if type(value) is not dict or not isinstance(kind, type):
        return value
    validate = getattr(kind, "model_validate", None) or getattr(kind, "parse_obj", None)  # of pydantic 2, and 1
    if validate is not None:
        return validate(value)
    if not dataclasses.is_dataclass(kind):
        return value
    kinds = {field.name: field.type for field in dataclasses.fields(kind)}
    kinds = {name: namespace.get(kind) if isinstance(kind, str) else kind for name, kind in kinds.items()}
    return kind(**{name: _instance(kinds.get(name), each, namespace) for name, each in value.items()})


class _Schemas:
    """The schemas of annotations. Classes of the program may mention each other, so their number is bounded."""

    def __init__(self, classes=()):
        self._classes = dict(classes)
        self._left = MAX_SCHEMAS

    def of(self, node, depth=0):
        self._left -= 1
        if node is None or depth > _MAX_DEPTH or self._left < 0:
            return {}
        if isinstance(node, ast.Constant):
            return {"type": "null"} if node.value is None else self.of(_quoted(node.value), depth + 1)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return _any_of([self.of(side, depth + 1) for side in (node.left, node.right)])
        if isinstance(node, ast.Subscript):
            return self._of_subscript(node, depth)
        name = _last_name(node)
        if name in self._classes:
            return self._of_class(self._classes[name], depth)
        return dict(_NAMED.get(name, {}))

    def _of_subscript(self, node, depth):
        name, parts = _last_name(node.value), _parts(node)
        if name == "Literal":
            values = [getattr(part, "value", part) for part in parts]
            return {"enum": values} if all(type(value) in (str, int, bool) for value in values) else {}
        if name in ("Annotated", "Required", "NotRequired", "Final"):
            return self.of(parts[0], depth + 1)
        schemas = [self.of(part, depth + 1) for part in parts if getattr(part, "value", None) is not Ellipsis]
        if name in ("Optional", "Union"):
            return _any_of([*schemas, *([{"type": "null"}] if name == "Optional" else [])])
        schema = dict(_NAMED.get(name, {}))
        if schema.get("type") == "array" and schemas and schemas[0] and schemas[1:] == schemas[:-1]:
            schema["items"] = schemas[0]
        if schema.get("type") == "object" and len(schemas) == 2 and schemas[1]:
            schema["additionalProperties"] = schemas[1]
        return schema

    def _of_class(self, node, depth):
        is_typed_dict = "TypedDict" in map(_last_name, node.bases)
        if not is_typed_dict and not _makes_instances(node):
            return {}
        fields = [each for each in node.body if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)]
        properties = {each.target.id: self.of(each.annotation, depth + 1) for each in fields}
        schema = {"type": "object", "properties": properties}
        if not is_typed_dict:
            schema["required"] = [each.target.id for each in fields if not _has_default(each.value)]
        return schema


def _makes_instances(node):
    """Of a dataclass or a model of pydantic, `main` gets instances."""
    decorators = (each.func if isinstance(each, ast.Call) else each for each in node.decorator_list)
    return "BaseModel" in map(_last_name, node.bases) or "dataclass" in map(_last_name, decorators)


def _has_default(value):
    if not isinstance(value, ast.Call) or _last_name(value.func) not in ("Field", "field"):
        return value is not None
    named = {keyword.arg for keyword in value.keywords}
    first = value.args[0] if value.args else None
    is_there = first is not None and getattr(first, "value", None) is not Ellipsis
    return is_there or not named.isdisjoint(("default", "default_factory"))


def _parts(subscript):
    inner = subscript.slice
    inner = inner.value if type(inner).__name__ == "Index" else inner  # Python 3.8's shape
    return inner.elts if isinstance(inner, ast.Tuple) else [inner]


def _last_name(node):
    return getattr(node, "attr", None) or getattr(node, "id", None)


def _any_of(schemas):
    if not all(schemas):
        return {}  # one of them is any value
    present = [schema for schema in schemas if schema != {"type": "null"}]
    if len(present) == 1 and len(schemas) > 1 and isinstance(present[0].get("type"), str):
        return {**present[0], "type": [present[0]["type"], "null"]}
    return {"anyOf": schemas} if len(schemas) > 1 else schemas[0]


def _quoted(text):
    if not isinstance(text, str) or len(text) > _MAX_TEXT:
        return None
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _literal(node):
    """The JSON value of a literal; None for `None` and for anything else."""
    try:
        value = ast.literal_eval(node)
        text = json.dumps(value, allow_nan=False)
        return json.loads(text) if len(text) <= _MAX_DEFAULT else None
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
