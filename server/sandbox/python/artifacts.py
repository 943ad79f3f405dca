"""Files that a program saves beside its result, by `save_artifact` and matplotlib figures automatically, and files of
its input that it opens.

`save_artifact(name, data=None, mime_type=None)` sends, at once,

    {"kind": "artifact", "id": str, "name": str, "mimeType": str, "data": "<base64>"}

and returns the value that refers to the file, `{"$file": id, "name", "mimeType", "sizeBytes", "url"}`, for outputs.
`data` is bytes, a str (UTF-8), a matplotlib figure or a PIL image (PNG). Without `data`, the program has written a file
`name` in its folder. Without `mime_type`, the type follows from the extension of the name (_generated_mime_types.json). A run may
save MAX_COUNT files of MAX_BYTES each and MAX_TOTAL_BYTES together; anything over a limit raises ArtifactError.

`artifact_path(value)` is the path of a file of the input, or of an earlier node, in the program's folder, and
`open_artifact(value, mode="rb")` is that file, opened. It comes by the answers to a question (channel.py),

    {"kind": "open-file", "file": "art_…"}

which are `{"name", "sizeBytes"}` and then pieces `{"data": "<base64>"}`, or `{"refused": "<message>"}`. A piece is
written before the next one is read, so that nobody ever holds the whole file.
"""

import base64
import io
import itertools
import json
import os
import pathlib
import re
import threading
import weakref

MAX_COUNT = 100
MAX_BYTES = 10 * 1024 * 1024
MAX_TOTAL_BYTES = 32 * 1024 * 1024

# Without folders, control characters, and characters that change the direction of text or end a line: the name that
# people read would be another one than the file has. frames.ts has the same rule.
_NAME = re.compile(
    r"(?!\.+$)[^/\\\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]{1,200}"
)
_MIME_TYPE = re.compile(r"[a-z]+/[A-Za-z0-9.+-]{1,100}")
_TYPES = json.loads(pathlib.Path(__file__).with_name("_generated_mime_types.json").read_text(encoding="utf-8"))
_FOLDER = ".artifacts"
_MAX_NAME_BYTES = 200


class ArtifactError(ValueError):
    """The artifact cannot be saved or opened; the message has the reason."""

    __module__ = "builtins"


class Artifacts:
    def __init__(self, send, ask=None, id_prefix="", scratch=None):
        self._send = send
        self._ask = ask
        self._id_prefix = id_prefix
        self._folder = os.path.join(scratch or os.getcwd(), _FOLDER)
        self._process = os.getpid()
        self._paths = {}
        self._opening = threading.RLock()
        self._numbers = itertools.count()
        self._count = 0
        self._total_bytes = 0
        self.saved_figures = weakref.WeakSet()

    def save_artifact(self, name, data=None, mime_type=None):
        """Saves a file that can be downloaded beside the result, and returns the value that refers to it."""
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ArtifactError(
                "Expected the name of a file, such as 'report.csv': without folders, of at most 200 characters, and without "
                f"characters that control text or its direction; got {ascii(name):.100}"
            )
        if mime_type is None:
            mime_type = _type_of(name, data)
        elif not isinstance(mime_type, str) or not _MIME_TYPE.fullmatch(mime_type):
            raise ArtifactError(f"Expected a type such as 'text/csv', got {mime_type!r:.100}")
        content = _content(name, data)
        self._admit(name, len(content))
        text = base64.b64encode(content).decode("ascii")
        if hasattr(data, "savefig"):
            self.saved_figures.add(data)
        # A part by chance, because a fork of this process names files as well.
        id = self._id_prefix + os.urandom(6).hex()
        self._send({"kind": "artifact", "id": id, "name": name, "mimeType": mime_type, "data": text})
        size = len(content)
        return {"$file": id, "name": name, "mimeType": mime_type, "sizeBytes": size, "url": f"/artifacts/{id}"}

    def open_artifact(self, value, mode="rb", encoding=None):
        """Opens a file that a value of the input refers to; with the mode "r" as text."""
        if mode not in ("rb", "r", "rt"):
            raise ArtifactError(f"Expected the mode 'rb' or 'r', because a file that was saved never changes; got {mode!r:.20}")
        text = None if mode == "rb" else encoding or "utf-8"
        return open(self.artifact_path(value), mode, encoding=text)

    def artifact_path(self, value):
        """The path in the program's folder of a file that a value of the input refers to."""
        id = value.get("$file") if isinstance(value, dict) else value
        if not isinstance(id, str):
            got = f"a dict with the keys {list(value)!r:.100}" if isinstance(value, dict) else type(value).__name__
            raise ArtifactError(f"Expected a file, such as input_data['report'] with the key '$file', got {got}")
        if id not in self._paths:
            if os.getpid() != self._process:
                raise ArtifactError("Only the program itself can open files: call artifact_path before starting a process")
            with self._opening:  # two threads may open the same file
                self._paths[id] = self._paths.get(id) or self._receive(id)
        return self._paths[id]

    def _receive(self, id):
        incoming = _IncomingFile(os.path.join(self._folder, str(next(self._numbers))))
        self._ask({"kind": "open-file", "file": id}, incoming.take)
        return incoming.path_when_complete()

    def _admit(self, name, size):
        if size > MAX_BYTES:
            raise ArtifactError(f"Expected an artifact of at most {MAX_BYTES:,} bytes, got {size:,} in {name!r}")
        if self._count >= MAX_COUNT:
            raise ArtifactError(f"A run may save {MAX_COUNT} artifacts; put more into one, as a zip file")
        if self._total_bytes + size > MAX_TOTAL_BYTES:
            raise ArtifactError(f"The artifacts of a run may have {MAX_TOTAL_BYTES:,} bytes in all")
        self._count += 1
        self._total_bytes += size


class _IncomingFile:
    def __init__(self, folder):
        self._folder = folder
        self._path = self._file = self._failure = None
        self._has_all = threading.Event()

    def take(self, answer):
        """Called by the thread that reads."""
        try:
            if self._failure is None:
                self._add(answer)
            if answer.get("isLast") and self._file is not None:
                self._file.close()
        except OSError as error:
            self._failure = error
        if answer.get("isLast"):
            self._has_all.set()

    def path_when_complete(self):
        self._has_all.wait()
        if self._failure is None:
            return self._path
        if self._path is not None and os.path.exists(self._path):
            os.unlink(self._path)
        raise self._failure

    def _add(self, answer):
        if "refused" in answer:
            self._failure = ArtifactError(answer["refused"])
        elif answer["kind"] == "failure":
            self._failure = ConnectionError(answer["message"])
        elif "name" in answer:
            self._path = self._path_of(answer["name"])
            self._file = open(self._path, "wb")
        elif "data" in answer:
            self._file.write(base64.b64decode(answer["data"]))

    def _path_of(self, name):
        """With the name of the file, by whose extension libraries go."""
        os.makedirs(self._folder, exist_ok=True)
        stem, extension = os.path.splitext(name)
        extension = extension if len(extension.encode()) <= _MAX_NAME_BYTES // 4 else ""
        stem = stem.encode()[: _MAX_NAME_BYTES - len(extension.encode())].decode("utf-8", "ignore")
        return os.path.join(self._folder, stem + extension)


def _content(name, data):
    if data is None:
        return _read(name)
    if isinstance(data, str):
        return data.encode("utf-8", "replace")
    if _is_drawn(data):
        return _png(data)
    try:
        return memoryview(data).tobytes()
    except TypeError:
        kind = type(data).__name__
        raise ArtifactError(f"Expected bytes, a str or a figure, got {kind}; turn it into one of these first") from None


def _read(name):
    try:
        with open(name, "rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ArtifactError(f"Expected the data, or a file {name!r} that the program has written: {error.strerror}") from None


def _is_drawn(data):
    return hasattr(data, "savefig") or type(data).__module__.startswith("PIL.")


def _png(data):
    buffer = io.BytesIO()
    if hasattr(data, "savefig"):
        data.savefig(buffer, format="png", bbox_inches="tight")
    else:
        data.save(buffer, format="PNG")
    return buffer.getvalue()


def _type_of(name, data):
    if data is not None and _is_drawn(data):
        return "image/png"
    return _TYPES.get(os.path.splitext(name)[1][1:].lower(), "application/octet-stream")
