"""Exceptions as error frames, bounded in size, with only the stack frames of the program itself.

error_frame(exception) -> {"kind": "error", "error": {
    "code":      PYTHON_EXECUTION_ERROR, PYTHON_MEMORY_LIMIT (an uncaught MemoryError) or PYTHON_SECURITY_ERROR;
    "type":      the name of the exception's class, "ValueError";
    "message":   str(exception) and what Python suggests (suggestions.py), at most MAX_MESSAGE characters, with the
                 remedy for a module that is not installed;
    "traceback": as Python prints it, with causes, contexts, notes and exception groups, but only with the stack frames
                 of the program; at most MAX_TRACEBACK characters, with the middle left out if longer;
    "line", "column": the position in the program, from 1, or null (columns need Python 3.11, except of a SyntaxError);
    "exitCode":  of a SystemExit, else null }}
"""

import linecache
import sys
import traceback

import error_hints
import module_packages
import source
import syntax_hints
from packages import ALIASES
from results import ResultError
from signature import InputError
from suggestions import nearly, suggestion_for

MAX_MESSAGE = 8_000
MAX_TRACEBACK = 32_000
_MAX_EXCEPTIONS = 50
_STANDARD = getattr(sys, "stdlib_module_names", ())  # Python 3.10
_TO_THE_NODE = "to the node's `packages`"
_COMPACT = {"compact": True} if sys.version_info >= (3, 10) else {}  # leaves out contexts that are not shown


def error_frame(error):
    """Never raises, even if the exception's own __str__ does."""
    line, column = _position(error)
    return {
        "kind": "error",
        "error": {
            "code": _code(error),
            "type": _type_name(error),
            "message": _bounded(_message(error), MAX_MESSAGE),
            "traceback": None
            if isinstance(error, (ResultError, InputError))
            else _bounded(_traceback(error), MAX_TRACEBACK),
            "line": line,
            "column": column,
            "exitCode": _exit_code(error) if isinstance(error, SystemExit) else None,
        },
    }


def violation_frame(violation, last):
    """The error of a run that broke the policy, even if the program caught the exception; `last` is the frame that the
    run would have ended with."""
    error = last.get("error") or {}
    return {
        "kind": "error",
        "error": {
            "code": "PYTHON_SECURITY_ERROR",
            "type": "SecurityError",
            "message": violation["message"],
            "traceback": error.get("traceback") if error.get("type") == "SecurityError" else None,
            "line": violation["line"],
            "column": violation["column"],
            "exitCode": None,
        },
    }


def _code(error):
    return "PYTHON_MEMORY_LIMIT" if isinstance(error, MemoryError) else "PYTHON_EXECUTION_ERROR"


def _type_name(value):
    return type.__dict__["__name__"].__get__(type(value))  # a metaclass cannot fake it, or raise


def _message(error):
    if isinstance(error, SystemExit):
        return f"The program exited with status {_exit_code(error)}" + (
            f": {_safe_str(error.code)}" if not isinstance(error.code, int) else ""
        )
    if isinstance(error, SyntaxError):
        return syntax_hints.with_hint(_safe_str(error.msg), _line_of(error))
    missing = _missing_package(error)
    if missing:
        meant = _nearly_missing(error)
        hint = f"Did you mean '{meant}'? If not, {missing}" if meant else f"{missing[0].upper()}{missing[1:]}"
        return f"{_safe_str(error).rstrip('.')}. {hint} {_TO_THE_NODE}"
    if type(error) is NameError and _missing_name(error) in ALIASES:
        return f"{_safe_str(error)}. It is available if the node's `packages` include {ALIASES[_missing_name(error)]}"
    message = _safe_str(error)
    if type(error) is NameError:
        hint = error_hints.hint_for_name(_missing_name(error))
    else:
        hint = error_hints.hint_for(_type_name(error), message)
    return f"{message}. {hint}" if hint else message + suggestion_for(error)


def _missing_module(error):
    """Also where a library raises its own ImportError for a missing dependency, as pandas does."""
    cause = error.__cause__ if type(error) is ImportError else error
    return cause.name if type(cause) is ModuleNotFoundError else None


def _missing_package(error):
    """"add `x`", for a module that is not installed, and for an error of a library that says what to install."""
    module = _missing_module(error)
    if _may_be_installed(module):
        return f"add `{module_packages.package_of(module)}`"
    return module_packages.to_add_for(_safe_str(error)) if isinstance(error, Exception) else None


def _nearly_missing(error):
    module = _missing_module(error)
    return nearly(module, (*module_packages.WELL_KNOWN, *_STANDARD)) if _may_be_installed(module) else None


def _line_of(error):
    is_programs = error.filename == source.FILENAME and type(error.lineno) is int
    return linecache.getline(source.FILENAME, error.lineno) if is_programs else None


def _missing_name(error):
    name = getattr(error, "name", None)  # Python 3.10
    return name if type(name) is str else None


def _may_be_installed(module):
    """Not for modules of the standard library, nor for submodules of installed packages."""
    return type(module) is str and "." not in module and module not in _STANDARD


def _safe_str(value):
    try:
        return str(value)
    except BaseException:
        return f"<{_type_name(value)} whose str() failed>"


def _exit_code(error):
    code = error.code
    return code & 0xFF if isinstance(code, int) else 0 if code is None else 1


def _traceback(error):
    try:
        summary = traceback.TracebackException(type(error), error, error.__traceback__, **_COMPACT)
        _keep_user_frames(summary)
        return _with_suggestion("".join(summary.format()), error)
    except BaseException as failure:  # a hostile exception, or a chain too deep for Python's own formatter
        return f"{_type_name(error)}: {_message(error)}\n(no traceback: {_type_name(failure)} while formatting it)\n"


def _with_suggestion(text, error):
    suggestion, message = suggestion_for(error), _safe_str(error)
    if not suggestion or message + suggestion in text:
        return text
    before, found, after = text.rpartition(message)
    return before + found + suggestion + after


def _keep_user_frames(summary):
    waiting, seen = [summary], 0
    while waiting:
        each = waiting.pop()
        seen += 1
        each.stack[:] = [frame for frame in each.stack if frame.filename == source.FILENAME]
        if seen >= _MAX_EXCEPTIONS:
            each.__cause__ = each.__context__ = None
            continue
        linked = [each.__cause__, each.__context__, *(getattr(each, "exceptions", None) or ())]
        waiting.extend(one for one in linked if one is not None)


def _position(error):
    try:
        if isinstance(error, InputError):
            return error.line, None
        if isinstance(error, SyntaxError) and error.filename == source.FILENAME:
            return error.lineno, error.offset or None
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == source.FILENAME]
        return (frames[-1].lineno, _column(frames[-1])) if frames else (None, None)
    except BaseException:
        return None, None


def _column(frame):
    """Python counts columns in bytes from 0; editors count characters from 1."""
    column = getattr(frame, "colno", None)
    if column is None:
        return None
    line = linecache.getline(source.FILENAME, frame.lineno)
    return len(line.encode()[:column].decode(errors="ignore")) + 1


def _bounded(text, limit):
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if len(text) <= limit:
        return text
    half = limit // 2 - 20
    return f"{text[:half]}\n… {len(text) - 2 * half} characters left out …\n{text[-half:]}"
