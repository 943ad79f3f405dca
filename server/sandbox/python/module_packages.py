"""What a module's package is called where packages are named: module_packages.json has those that are called otherwise
and are what most people mean."""

import json
import pathlib
import re
import shlex

_PACKAGES = json.loads(pathlib.Path(__file__).with_name("module_packages.json").read_text(encoding="utf-8"))
_SEPARATORS = re.compile(r"[-_.]+")
_REQUIREMENT = re.compile(r"[A-Za-z0-9][\w.-]*(?:\[[\w,.-]*\])?(?:[<>=!~]=?=?[\w.*,<>=!~-]*)?")
_NAME = re.compile(r"[\w.-]+")
_TAKE_A_VALUE = frozenset("-r -c -i -t -e -f -n --requirement --index-url --extra-index-url --channel --target".split())
# What libraries say of a dependency that is missing.
_WANTED = re.compile(
    r"\b(?:pip3?|conda|mamba)\s+install\s+(?:-\S+\s+){0,3}[\"'`]?(?P<one>[A-Za-z0-9][\w.-]*(?:\[[\w,-]+\])?)"
    r"|\bUse pip or conda to install (?:the )?(?P<other>[A-Za-z0-9][\w.-]*)",
    re.IGNORECASE,
)
_MAX_SHOWN, _MAX_TEXT = 10, 2_000
# What most people mean where a name is nearly theirs: packages with such names have been made to be mistaken.
WELL_KNOWN = (
    *_PACKAGES,
    *"aiohttp altair boto3 duckdb fastapi flask geopandas httpx jinja2 joblib keras langchain lxml matplotlib".split(),
    *"networkx numba numpy openai openpyxl pandas plotly polars psycopg pyarrow pydantic pymongo pytest redis".split(),
    *"requests scipy seaborn selenium sqlalchemy statsmodels sympy tensorflow torch tqdm transformers urllib3".split(),
    *"xgboost xlsxwriter".split(),
)


def package_of(module):
    return _PACKAGES.get(module) or _SEPARATORS.sub("-", module.lower())


def to_add(arguments):
    """"add `a`, `b`", for what follows `pip install`."""
    found = list(dict.fromkeys(_requirements(arguments)))[:_MAX_SHOWN]
    return f"add {', '.join(f'`{each}`' for each in found)}" if found else "add what it installs"


def to_add_for(message):
    """The same for an error of a library that says what to install; otherwise None."""
    found = _WANTED.search(message[:_MAX_TEXT])
    return found and to_add((found["one"] or found["other"]).rstrip("."))


def _requirements(arguments):
    takes_value = False
    for word in _words(arguments):
        if takes_value or word.startswith("-"):
            takes_value = not takes_value and word in _TAKE_A_VALUE
        elif word in ("&&", ";", "|", "#"):
            return
        else:
            found = _REQUIREMENT.fullmatch(word.strip(",;"))
            if found:
                name = _NAME.match(found[0])[0]
                yield _PACKAGES.get(name, name) + found[0][len(name) :]


def _words(text):
    try:
        return shlex.split(text)
    except ValueError:  # a quotation mark alone
        return text.split()
