"""Files that a program saves beside its result, by `save_artifact` and matplotlib figures automatically, and files of
its input that it opens.

`save_artifact(name, data=None, mime_type=None)` sends, at once,

    {"kind": "artifact", "id": str, "name": str, "mimeType": str, "data": "<base64>"}

and returns the value that refers to the file, `{"$file": id, "name", "mimeType", "sizeBytes", "url"}`, for outputs.
`data` is bytes, a str (UTF-8), a matplotlib figure or a PIL image (PNG). Without `data`, the program has written a file
`name` in its folder. Without `mime_type`, the type follows from the extension of the name (_generated_mime_types.json). A run may
save MAX_COUNT files of MAX_BYTES each and MAX_TOTAL_BYTES together; anything over a limit raises ArtifactError.

`artifact_path(value)` is the path of a file of the input, or of an earlier node, in the program's folder, and
`open_artifact(value, mode="rb")` is that file, opened. `ask` (cell.py) yields the answers to

    {"kind": "open-file", "file": "art_…"}

which are `{"name", "sizeBytes"}` and then pieces `{"data": "<base64>"}`, or `{"refused": "<message>"}`; the last of them
has `isLast`. A piece is written before the next one is read, so that nobody ever holds the whole file.
"""

import base64
import io
import json
import os
import pathlib
import re
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
            self._paths[id] = self._receive(id)
        return self._paths[id]

    def _receive(self, id):
        answers = self._ask({"kind": "open-file", "file": id})
        failure, path, file = None, None, None
        for answer in answers:  # to the last one in any case, so that the next question gets its own answers
            try:
                if failure is None and "refused" in answer:
                    failure = ArtifactError(answer["refused"])
                elif failure is None and "name" in answer:
                    path = self._new_path(len(self._paths), answer["name"])
                    file = open(path, "wb")
                elif failure is None and "data" in answer:
                    file.write(base64.b64decode(answer["data"]))
            except OSError as error:
                failure = error
        if file is not None:
            file.close()
        if failure is not None:
            if path is not None and os.path.exists(path):
                os.unlink(path)
            raise failure
        return path

    def _new_path(self, number, name):
        """With the name of the file, by whose extension libraries go."""
        folder = os.path.join(self._folder, str(number))
        os.makedirs(folder, exist_ok=True)
        stem, extension = os.path.splitext(name)
        extension = extension if len(extension.encode()) <= _MAX_NAME_BYTES // 4 else ""
        stem = stem.encode()[: _MAX_NAME_BYTES - len(extension.encode())].decode("utf-8", "ignore")
        return os.path.join(folder, stem + extension)

    def _admit(self, name, size):
        if size > MAX_BYTES:
            raise ArtifactError(f"Expected an artifact of at most {MAX_BYTES:,} bytes, got {size:,} in {name!r}")
        if self._count >= MAX_COUNT:
            raise ArtifactError(f"A run may save {MAX_COUNT} artifacts; put more into one, as a zip file")
        if self._total_bytes + size > MAX_TOTAL_BYTES:
            raise ArtifactError(f"The artifacts of a run may have {MAX_TOTAL_BYTES:,} bytes in all")
        self._count += 1
        self._total_bytes += size


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
