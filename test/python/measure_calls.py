"""Measures which system calls programs make, with their commands and options: the evidence for system_calls.json.

    python3 test/python/measure_calls.py [FOLDER OF PACKAGES] > test/python/measured_calls.json

runs the programs of benign.py and scientific.py under strace, outside a sandbox, so that what the filter refuses is
seen as well. Programs whose packages are not installed are left out. test_system_calls.py holds the filter to the result.
"""

import importlib.util
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import types

import benign
import scientific

_BEGIN = "/begin-of-the-programs"
_LINE = re.compile(r"^\d+ +(?:<\.\.\. )?(\w+)[ (](?!resumed)(.*)")
# For calls with many uses, which of their arguments decides.
_DECIDES = {"fcntl": 1, "ioctl": 1, "prctl": 0, "madvise": 2, "fadvise64": 3, "futex": 1, "socket": 0, "socketpair": 0,
            "setsockopt": 2, "clone": 1, "arch_prctl": 0}  # fmt: skip


def main():
    if sys.argv[1:2] == ["--run"]:
        return _run_programs(sys.argv[2:])
    with tempfile.TemporaryDirectory() as folder:
        trace = os.path.join(folder, "trace")
        command = ["strace", "-f", "-qq", "-o", trace, sys.executable, os.path.abspath(__file__), "--run", *sys.argv[1:2]]
        run = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
        with open(trace, errors="replace") as lines:
            calls = _calls_of(lines)
    print(json.dumps({"command": "python3 test/python/measure_calls.py", "machine": platform.machine(),
                      "python": platform.python_version(), "libc": " ".join(platform.libc_ver()),
                      **json.loads(run.stdout.splitlines()[-1]), "calls": calls}, indent=2))  # fmt: skip


def _run_programs(packages):
    """Each in a process and a folder of its own, after a call that marks the beginning."""
    sys.path[1:1] = packages
    programs = {**{f"benign: {name}": ("", code) for name, code in benign.PROGRAMS.items()}, **scientific.PROGRAMS}
    programs.update({f"benign: {name}": (name.split()[0], code) for name, code in benign.PACKAGED.items()})
    programs.update({n: ("", code) for n, (code, least) in benign.PROGRAMS_NEWER.items() if sys.version_info >= least})
    os.access(_BEGIN, 0)
    found = {package for package, _code in programs.values() if package and importlib.util.find_spec(package)}
    ran = [name for name, (package, code) in programs.items() if package in {"", *found} and _run(name, code)]
    print(json.dumps({"packages": sorted(found), "programs": len(ran)}))


def _run(name, code):
    pid = os.fork()
    if pid:
        ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if ended:
            print(f"{name} ended with {ended}", file=sys.stderr)
        return ended == 0
    status = 1
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.chdir(tempfile.mkdtemp())
        main_module = sys.modules["__main__"] = types.ModuleType("__main__")
        main_module.__dict__.update(input_data=benign.INPUT, progress=print)
        exec(compile(code, "<program>", "exec"), main_module.__dict__)
        status = 0
    except BaseException as error:
        print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
    finally:
        sys.stdout.flush()
        os._exit(status)


def _calls_of(lines):
    found = {}
    has_begun = False
    for line in lines:
        has_begun = has_begun or _BEGIN in line
        match = has_begun and _LINE.match(line)
        if match:
            call, rest = match.groups()
            uses = found.setdefault(call, set())
            if call in _DECIDES:
                arguments = rest.split(", ")
                if len(arguments) > _DECIDES[call]:
                    uses.add(re.sub(r"[) ].*", "", arguments[_DECIDES[call]]).strip())
    return {call: sorted(uses) for call, uses in sorted(found.items())}


if __name__ == "__main__":
    main()
