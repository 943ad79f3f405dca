"""Files that a program saves beside its result: by `save_artifact`, and matplotlib figures automatically.

`save_artifact(name, data=None, mime_type=None)` sends, at once,

    {"kind": "artifact", "name": str, "mimeType": str, "data": "<base64>"}

`data` is bytes, a str (UTF-8), a matplotlib figure or a PIL image (PNG). Without `data`, the program has written a file
`name` in its folder. Without `mime_type`, the type follows from the extension of the name. A run may save MAX_COUNT
files of MAX_BYTES each and MAX_TOTAL_BYTES together; anything over a limit raises ArtifactError in the program.
"""

import base64
import io
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


class ArtifactError(ValueError):
    """The artifact cannot be saved; the message has the reason."""

    __module__ = "builtins"


class Artifacts:
    def __init__(self, send):
        self._send = send
        self._count = 0
        self._total_bytes = 0
        self.saved_figures = weakref.WeakSet()

    def save_artifact(self, name, data=None, mime_type=None):
        """Saves a file that can be downloaded beside the result."""
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
        self._send({"kind": "artifact", "name": name, "mimeType": mime_type, "data": text})

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
    import mimetypes  # rarely needed, and not small

    known, encoding = mimetypes.MimeTypes().guess_type(name)
    return known if known and not encoding and _MIME_TYPE.fullmatch(known) else "application/octet-stream"
