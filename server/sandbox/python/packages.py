"""What a program can use without an import: `pd`, `np`; a `tqdm` that reports progress, and modules of other platforms."""

import importlib
import importlib.util
import re

import elsewhere
import tqdm_bridge

ALIASES = {"pd": "pandas", "np": "numpy"}


def prepare(code, namespace, reporter, secrets):
    """Binds each alias that the program mentions and whose package is installed.

    Importing pandas takes 0.3 s where it is not imported ahead, so programs that never mention `pd` do without.
    """
    for alias, name in ALIASES.items():
        if alias in code and re.search(rf"\b{alias}\b", code) and _is_installed(name):
            namespace[alias] = importlib.import_module(name)
    if "tqdm" in code:
        tqdm_bridge.install(reporter, is_installed=_is_installed("tqdm"))
    elsewhere.install(code, reporter, secrets, _is_installed)


def _is_installed(name):
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
