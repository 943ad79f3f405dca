"""Modules of other platforms that pasted code imports: Windmill's `wmill`, and `js`, `pyodide` and `micropip` of the
Python in n8n's browser. They are made where the code names one and no package of that name is installed.

What has a meaning here works. Everything else can be imported, as code does at its top, and says when it is called what
to write instead: elsewhere.json has it by module and name.
"""

import json
import pathlib
import re
import sys
import types

from similar_keys import similar_key

_TEXTS = json.loads(pathlib.Path(__file__).with_name("elsewhere.json").read_text(encoding="utf-8"))
ROOTS = frozenset(name.partition(".")[0] for name in _TEXTS)
_IMPORTED = re.compile(r"(?:\b(?:import|from)\s|,)\s*(" + "|".join(sorted(ROOTS)) + r")\b")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def install(code, reporter, secrets, is_installed):
    """`secrets`: those of the node, by name."""
    for root in set(_IMPORTED.findall(code)):
        if not is_installed(root):
            _make(root, reporter, secrets)


def _make(root, reporter, secrets):
    members = {"wmill": lambda: _wmill(reporter, secrets), "js": _js, "pyodide.ffi": _ffi, "micropip": _micropip}
    for name in _TEXTS:
        if name.partition(".")[0] == root:
            module = sys.modules[name] = types.ModuleType(name)
            module.__path__ = []
            module.__dict__.update(members.get(name, dict)(), __getattr__=_absent_names(name))
            parent, _, child = name.rpartition(".")
            if parent:
                setattr(sys.modules[parent], child, module)


def _absent_names(module):
    def __getattr__(name):
        if name.startswith("_"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")

        def absent(*_, **__):
            raise NotImplementedError(_absence(module, name))

        return absent

    return __getattr__


def _absence(module, name):
    texts = _TEXTS[module]
    return f"`{module}.{name}` is not here: {texts['names'].get(name, texts['otherwise'])}"


def _wmill(reporter, secrets):
    def set_progress(value, job_id=None):
        reporter.progress(value, 100)

    def get_variable(path):
        """A secret of the node."""
        name = similar_key(path, secrets)
        if name is None:
            raise NotImplementedError(_absence("wmill", "get_variable"))
        return secrets[name]

    def task(function=None, **_):
        """Runs where it is called."""
        return function if callable(function) else lambda each: each

    return {"get_variable": get_variable, "set_progress": set_progress, "task": task, "workflow": task, "S3Object": dict}


def _js():
    def stringify(value, replacer=None, space=None):
        if space is None:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return json.dumps(value, ensure_ascii=False, indent=space)

    objects = types.SimpleNamespace(keys=list, values=lambda each: list(each.values()), entries=_entries, fromEntries=dict)
    console = types.SimpleNamespace(log=print, info=print, warn=print, error=print)
    return {
        "Object": objects,
        "JSON": types.SimpleNamespace(stringify=stringify, parse=json.loads),
        "console": console,
    }


def _entries(value):
    return [list(pair) for pair in value.items()]


def _ffi():
    class JsProxy:
        """Nothing is one: what the input holds are Python's own values."""

    def as_it_is(value, *_, **__):
        return value

    return {"JsProxy": JsProxy, **dict.fromkeys(("to_js", "create_proxy", "create_once_callable"), as_it_is)}


def _micropip():
    async def install(requirements, *_, **__):
        """Does nothing for what the node has."""
        import importlib.metadata  # takes as long as the rest of a short run

        for each in [requirements] if isinstance(requirements, str) else requirements:
            found = _NAME.match(each)
            name = found[0] if found else each
            try:
                importlib.metadata.version(name)
            except importlib.metadata.PackageNotFoundError:
                raise ModuleNotFoundError(f"No package named {name!r}", name=name) from None

    return {"install": install}
