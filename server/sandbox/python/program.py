"""Runs one user program inside a cell and sends its outcome. The only entry point of the Python side of a run.

`run_program(request, send, ask)`, or for several inputs one after another `Program(request, send, ask)`, whose `run`
does the same for one of them: in a new namespace, with files, figures and an outcome of its own. request = {
    "code":     str, the program;
    "input":    any JSON value, the program's `input_data`;
    "policy":   "strict" or "standard" (with the runtime wall, see audit.py), or "kernel" (plain Python);
    "allowsScratchWrites": bool, optional, whether `strict` lets the program open files of its folder for writing;
    "secrets":  {name: value}, optional, the program's `secrets` (secret_values.py);
    "web":      bool, optional, whether modules that send requests may be imported, and are led to Node (adapters.py);
    "scratch":  str, optional, the folder the program may write to (default: the working directory);
    "maxResultBytes": int, optional, UTF-8 bytes of the result's JSON (default results.MAX_RESULT_BYTES);
    "artifactIdPrefix": str, optional, how the ids of the files that it saves begin (artifacts.py);
    "recursionLimit": int, optional, how many nested calls the program may have (default: Python's own 1000);
    "isRehearsal": bool, optional: another program follows, so what runs at the end of a program must not run }

`send(frame)` receives dicts that are JSON-serialisable. Any thread may call it, and it sends one frame at a time:
    {"kind": "progress", "current", "total", "unit", "message", "source"}      see progress.py
    {"kind": "artifact", "id", "name", "mimeType", "data"}                      see artifacts.py and figures.py
    {"kind": "violation", "violation": {code, rule, layer, message, …}, "count", "isFatal"}   see violations.py
and last, after stdout and stderr were flushed, exactly one of the following; with "isFit" where another run may follow,
whether the cell is fit for it
    {"kind": "result", "json": "<JSON text>", "notices": [{code, message}]}    mapping: results.py
    {"kind": "error", "error": {code, type, message, traceback, line, column, exitCode}}   see tracebacks.py

`ask(frame, take)` sends a question to Node (channel.py): {"kind": "open-file", …} (artifacts.py) or {"kind": "fetch", …}
(network.py, which also sends {"kind": "abandon", …}). Without it, a program can open no files and send no requests.

The program runs as `__main__` in a new module, so that dataclasses, pickling of its own classes and the usual
`if __name__ == "__main__"` work as in a script. shapes.py lists the shapes that it may have. Its result is what it, or
its `main`, returned; otherwise the variable `result` if that is set; otherwise the value of the last statement if that
is an expression that does not draw (figures.py); otherwise null. Before the result is read, its threads are joined and
its atexit functions run, as at the end of a script; after that, finalizers.py runs what Python runs last.

A notice says what is probably a mistake, and fails nothing: RESULT_DROPPED, that the value of the last statement has no
JSON form and the result is null instead; NO_RESULT, that there was neither; END_CUT_SHORT, that finalizers take too
long.

sys.exit() and sys.exit(0) end the program with the result so far. Any other exit status is an error of type SystemExit
with that `exitCode`. The cell turns SIGTERM into SystemExit, so that `finally` blocks run.
"""

import _thread
import atexit
import builtins
import os
import sys
import threading
import types

import adapters
import artifacts
import fetch
import figures
import finalizers
import guards
import n8n
import network
import packages
import progress
import results
import secret_values
import shapes
import signature
import source
import tracebacks
import wall
from leftovers import ExitFunctions

_LAST_LINE_USED = (
    "The code sets no `result`, so the value of its last line was used: set `result`, or end with None"
)
_DROPPED = "{}. The code sets no `result`, and the value of its last line was dropped: set `result`, or end with None"
_CUT_SHORT = (
    "What runs at the end (`__del__`, and `finally` in generators) takes longer than "
    f"{finalizers.END_SECONDS} s, and was cut short"
)
_NO_RESULT = (
    "The code sets no `result` and does not end in an expression, so its output is null. "
    "Set `result`; `result = None` says that nothing is meant to come out"
)
RECURSION_LIMIT = 1000
_ORDINARY_ENDS = ("result", "PYTHON_EXECUTION_ERROR")


def run_program(request, send, ask=None):
    """Runs request["code"], sends its frames and never raises."""
    Program(request, send, ask).run(request["input"], request.get("artifactIdPrefix", ""))


class Program:
    """A program, for one input after another. After the first run the runtime wall is up, and so it stays."""

    def __init__(self, request, send, ask=None, leftovers=None, count_threads=int):
        """`leftovers`: where another run may follow (leftovers.py). `count_threads`: how many of Weft's own there are."""
        self._leftovers = leftovers
        self._count_threads = count_threads
        self._request = request
        self._send = send
        self._ask = ask
        self._is_rehearsal = request.get("isRehearsal", False)
        self.reporter = progress.Reporter(send)
        self._figures = figures.Figures()
        self._exit_functions = ExitFunctions()
        self._has_finalizers = not self._is_rehearsal and finalizers.may_have_some(request["code"])
        self._compiled = None
        self._shared = {}
        self._builtins = None
        self._depth = None

    def run(self, input_data, artifact_id_prefix=""):
        """Sends the frames of one run. Never raises. Returns whether another one may follow, as its last frame says."""
        process = os.getpid()
        files = artifacts.Artifacts(self._send, self._ask, artifact_id_prefix, self._request.get("scratch"))
        self._figures.begin(files)
        notices = []
        namespace = None
        try:
            self._prepare()
            namespace = _fresh_main(input_data, self.reporter, files)
            namespace.update(self._shared)
            if self._request.get("secrets"):
                namespace["secrets"] = secret_values.Secrets(self._request["secrets"])
            if self._compiled.names:
                namespace.update(n8n.bindings(self._compiled.names, self._compiled.nodes, input_data))
            self._allow_nested_calls()
            self._raise_wall(namespace)
            returned, has_exited = _execute(self._compiled, namespace, input_data, self._end)
            if not (has_exited or _has_result(self._compiled, namespace)):
                notices.append({"code": "NO_RESULT", "message": _NO_RESULT})
            json = _result_json(namespace, returned, self._request.get("maxResultBytes"), notices)
            last = {"kind": "result", "json": json, "notices": notices}
        except BaseException as error:
            last = tracebacks.error_frame(error)
        if os.getpid() != process:
            _end_forked_process(last.get("error"))
        is_sent = _thread.allocate_lock()
        sent = []

        def end(*more_notices):
            if is_sent.acquire(blocking=False):
                notices.extend(more_notices)
                _flush_output()
                sent.append(self._send_last(last))

        namespace = returned = None
        if self._has_finalizers:
            finalizers.run_finalizers(lambda: end({"code": "END_CUT_SHORT", "message": _CUT_SHORT}))
        end()
        return sent == [True]

    def _end(self):
        """What runs at the end of a program. Where another one may follow, only what this one has left for then: what it
        inherited is for the end of the process."""
        _join_threads()
        self._figures.save_left_open()
        if self._is_rehearsal:
            return
        inherits_some = self._leftovers is None and self._exit_functions.are_of_libraries
        if inherits_some or self._exit_functions.have_changed():
            atexit._run_exitfuncs()

    def _send_last(self, last):
        """Returns whether another run may follow: after a result, or an exception of the program's own."""
        try:
            self.reporter.flush()
            violation = wall.first_violation()
            if violation is not None:
                last = tracebacks.violation_frame(violation, last)
            if self._leftovers is not None:
                end = last["kind"] if last["kind"] == "result" else last["error"]["code"]
                threads = self.reporter.threads + self._count_threads()
                last["isFit"] = end in _ORDINARY_ENDS and not self._leftovers.found(threads)
            self._send(last)
            wall.end_rehearsal()
            return last.get("isFit", False)
        except BaseException:
            return False  # the channel is closed, or the time is up

    def _prepare(self):
        """What all runs share; before the wall is up, because it imports."""
        if self._compiled is None:
            compiled = source.compile_program(self._request["code"], _reads(self._request))
            secrets = self._request.get("secrets") or {}
            packages.prepare(self._request["code"], self._shared, self.reporter, secrets)
            _lead_requests_to_node(self._request, self._shared, self._send, self._ask)
            self._compiled = compiled

    def _allow_nested_calls(self):
        if self._depth is None:
            # _execute, _run and eval call the program, which is one call less than what is counted here.
            self._depth = _depth()
        sys.setrecursionlimit(self._request.get("recursionLimit", RECURSION_LIMIT) + self._depth)

    def _raise_wall(self, namespace):
        request = self._request
        if request.get("policy") == "kernel":
            if self._builtins is None:
                guards.hide_own_frames()
                self._builtins = {}
        elif self._builtins is None:
            wall.raise_wall(
                self._send,
                namespace,
                request.get("scratch"),
                request["code"],
                self._is_rehearsal,
                request.get("policy", "strict"),
                request.get("allowsScratchWrites", False),
                request.get("web", False),
            )
            self._builtins = dict(namespace["__builtins__"])
        else:
            namespace["__builtins__"] = dict(self._builtins)


def _end_forked_process(error):
    """A child of os.fork that reaches the end of the code exits as in plain Python; only its parent has an outcome."""
    try:
        if error and error["exitCode"] is None:
            sys.stderr.write(error["traceback"] or "")
    finally:
        _flush_output()
        os._exit(0 if error is None else error["exitCode"] or 1)


def _fresh_main(input_data, reporter, files):
    executors = sys.modules.get("concurrent.futures.thread")
    if executors is not None:
        executors._shutdown = False  # after _join_threads of the run before
    module = types.ModuleType("__main__")
    module.__dict__.update(
        __builtins__=builtins,
        __file__=source.FILENAME,
        input_data=input_data,
        progress=reporter.progress,
        save_artifact=files.save_artifact,
        open_artifact=files.open_artifact,
        artifact_path=files.artifact_path,
    )
    sys.modules["__main__"] = module
    sys.argv = [source.FILENAME]
    # This reference keeps the module alive until the end, as plain Python does with `__main__`.
    return module.__dict__


def _reads(request):
    is_strict = request.get("policy", "strict") == "strict"
    return wall.make_reads() if is_strict and "getattr" in request["code"] else None


def _lead_requests_to_node(request, namespace, send, ask):
    """`fetch` is there without hosts too, where the program names it: its error says what is missing."""
    is_web = request.get("web", False)
    if is_web or "fetch" in request["code"]:
        link = network.Network(send, ask)
        namespace["fetch"] = fetch.make_fetch(link)
        if is_web:
            adapters.install(link)


def _depth():
    """How many calls are on the stack, as the interpreter counts them, which says so only in this message."""
    try:
        sys.setrecursionlimit(1)
    except RecursionError as error:
        return int(str(error).partition(":")[0].rpartition(" ")[2])
    return 0


def _has_result(program, namespace):
    """A function that returns nothing says so on purpose."""
    returns = program.shape in (shapes.RETURN, shapes.MAIN)
    return returns or source.sets_result(namespace) or source.has_last_value(namespace)


def _execute(program, namespace, input_data, end):
    """What the program returned, if it has a shape that returns, and whether it ended by exit()."""
    try:
        returned = _run(program.code, namespace)
        if program.shape == shapes.RETURN:
            returned = _call(namespace.pop(shapes.BODY))
        elif program.shape == shapes.MAIN:
            positional, named = signature.arguments_of(program.main, input_data, namespace)
            returned = _call(namespace["main"], *positional, **named)
        return (_awaited(returned) if isinstance(returned, types.CoroutineType) else returned), False
    except SystemExit as request_to_exit:
        if request_to_exit.code not in (None, 0):
            raise
        return None, True
    finally:
        end()


def _run(code, namespace):
    """By itself: for the runtime wall, what runs at exit must not be in a function that names `eval` (callers.py).
    Returns the coroutine of a program that awaits, otherwise None."""
    return eval(code, namespace)


def _call(function, *positional, **named):
    """By itself, because a function that names nothing acts for the program, whatever it has put there."""
    return function(*positional, **named)


def _awaited(coroutine):
    import asyncio  # takes ten times as long as a short run

    return asyncio.run(coroutine)


def _result_json(namespace, returned, max_bytes, notices):
    """What is no JSON fails the run only where the program says that it is the result, or where it is data."""
    try:
        return results.to_json(source.result_of(namespace, returned), max_bytes)
    except results.ResultError as error:
        if returned is not None or source.sets_result(namespace):
            raise
        if error.is_data:
            raise results.ResultError(f"{error}. {_LAST_LINE_USED}") from None
        notices.append({"code": "RESULT_DROPPED", "message": _DROPPED.format(error)})
        return "null"


def _join_threads():
    """As Python does at the end of a script. Not by threading._shutdown(), after which pandas could import no more."""
    executors = sys.modules.get("concurrent.futures.thread")
    if executors is not None:
        executors._python_exit()
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()


def _flush_output():
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        try:
            stream.flush()
        except BaseException:
            pass  # closed or replaced by the program
