"""Runs pip in this process, for the Python that runs this file, as `pip --python` does by starting another one.

    python -I run_pip.py '{"folder": …, "arguments": […], "wheelsOnly": …, "report": …, "lock": …}'

`folder` contains the package `pip`. A requirement by URL in the metadata of a package is refused before pip downloads
it. With `wheelsOnly` this process can start no program, so nothing can be built, whatever pip is led to. `report` is
the file in which pip writes its report; from it this program writes `lock`, in the form of `uv pip compile`.
"""

import importlib.machinery
import json
import os
import sys

# Beside this file, which is not on the path of `python -I`.
sys.path.insert(0, os.path.dirname(__file__))
from seccomp import forbid_programs  # noqa: E402

sys.path.pop(0)


def main():
    options = json.loads(sys.argv[1])
    sys.meta_path.insert(0, PipFinder(options["folder"]))
    refuse_urls()
    from pip._internal.cli.main import main as run_pip

    if options["wheelsOnly"]:
        forbid_programs()
    exit_code = run_pip(options["arguments"])
    if exit_code == 0 and options["lock"] is not None:
        write_lock(options["report"], options["lock"])
    return exit_code


class PipFinder:
    """Finds pip alone: other packages beside pip are not installed in the environment that pip works on."""

    def __init__(self, folder):
        self.folder = folder

    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.PathFinder.find_spec(name, [self.folder], target) if name == "pip" else None


def refuse_urls():
    """The option `--only-binary` does not apply to URLs: pip would download, and build, whatever a URL names."""
    from pip._internal.exceptions import InstallationError
    from pip._internal.req import constructors

    original = constructors.install_req_from_req_string

    def from_metadata(text, comes_from=None, *arguments, **options):
        requirement = original(text, comes_from, *arguments, **options)
        if requirement.link is not None or getattr(requirement.req, "url", None):
            raise InstallationError(url_refused(getattr(comes_from, "name", "A package"), text))
        return requirement

    constructors.install_req_from_req_string = from_metadata


def url_refused(package, requirement):
    return f"{package} has a URL dependency, {requirement!r}. A dependency has to come from the package index"


def write_lock(report, lock):
    with open(report, encoding="utf-8") as file:
        packages = json.load(file)["install"]
    lines = []
    for package in packages:
        name, version = package["metadata"]["name"], package["metadata"]["version"]
        if package["is_direct"]:
            raise SystemExit(f"ERROR: {url_refused('A package', name)}")
        archive = package["download_info"]["archive_info"]
        # Before pip 23.0 there is one hash, as `sha256=…`.
        hashes = archive.get("hashes") or dict([archive["hash"].split("=", 1)])
        lines.append(" \\\n".join([f"{name}=={version}", *(f"    --hash={kind}:{hash}" for kind, hash in hashes.items())]))
    with open(lock, "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in sorted(lines))


if __name__ == "__main__":
    sys.exit(main())
