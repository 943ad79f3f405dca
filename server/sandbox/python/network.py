"""Requests to the hosts that a node asks for. A cell has no network and never a socket: Node sends the requests
(local/requests.ts), and judges each of them, whatever the cell says.

    cell ──▶ Node   {"kind": "fetch", "number", "method", "url", "headers": [[name, value]], "body": "<base64>" | null}
                    {"kind": "abandon", "number"}               the program waits for it no longer
    Node ──▶ cell   {"kind": "response", "status", "headers": [[name, value]]}
                    {"kind": "chunk", "data": "<base64>"}       of the body, as the other side sent it
                    and last {"kind": "end"} or {"kind": "failure", "code", "message"}

each with the `number` of the request, as answers to a question have it (channel.py).

One response, without following redirects: whoever follows one sends another request, which is judged like the first.
fetch.py and adapters.py are what programs see. Any thread may send requests, at most MAX_AT_ONCE at a time.
"""

import base64
import errno
import os
import threading
from queue import Empty, SimpleQueue

MAX_AT_ONCE = 8
MAX_BODY_BYTES = 8 * 1024 * 1024
MAX_URL = 16_384
MAX_HEADERS, MAX_HEADER_CHARACTERS = 100, 64_000
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Network:
    """`send` and `ask`: see channel.py."""

    def __init__(self, send, ask):
        self._send = send
        self._ask = ask
        self._process = os.getpid()
        self._places = threading.Semaphore(MAX_AT_ONCE)

    def request(self, method, url, headers, body=b"", timeout=None):
        """Sends one request, and returns its Answer when the response begins. `headers`: pairs of texts; `timeout`: of
        each wait, in seconds. Raises PermissionError, TimeoutError, ConnectionError, ValueError or another OSError."""
        if os.getpid() != self._process:
            raise OSError("A process that the program has started cannot send requests; send them from threads")
        headers = [[str(name), str(value)] for name, value in headers]
        _check(method, url, headers, body)
        if not self._places.acquire(timeout=timeout):
            raise TimeoutError(f"{MAX_AT_ONCE} other requests of this run took longer than {timeout} s")
        answer = Answer(self._places.release, self._abandon)
        answer.number = self._ask(
            {
                "kind": "fetch",
                "method": method,
                "url": url,
                "headers": headers,
                "body": base64.b64encode(body).decode("ascii") if body else None,
            },
            answer.take,
        )
        return answer.begin(timeout)

    def _abandon(self, number):
        self._send({"kind": "abandon", "number": number})


class Answer:
    """A response, whose body is read chunk by chunk."""

    def __init__(self, on_last, abandon):
        self.number = 0
        self.frames = SimpleQueue()
        self.timeout = None
        self.status = 0
        self.headers = []
        self._on_last = on_last
        self._abandon = abandon
        self._has_all = False
        self._is_over = False

    def take(self, frame):
        """Called by the thread that reads."""
        if frame.get("isLast"):
            self._has_all = True
            self._on_last()
        self.frames.put(frame)

    def begin(self, timeout):
        self.timeout = timeout
        frame = self._next()
        self.status, self.headers = frame["status"], [tuple(pair) for pair in frame["headers"]]
        return self

    def chunk(self):
        """The next bytes of the body; empty at its end."""
        if self._is_over:
            return b""
        frame = self._next()
        return base64.b64decode(frame["data"]) if frame["kind"] == "chunk" else b""

    def chunks(self):
        return iter(self.chunk, b"")

    def close(self):
        """The rest of the body is not wanted."""
        if not self._is_over:
            self._is_over = True
            if not self._has_all:
                self._abandon(self.number)

    def _next(self):
        try:
            frame = self.frames.get(timeout=self.timeout)
        except Empty:
            self.close()
            raise TimeoutError(errno.ETIMEDOUT, f"No response came within {self.timeout} s") from None
        self._is_over = frame.get("isLast", False)
        if frame["kind"] == "failure":
            raise _error_of(frame["code"], frame["message"])
        return frame


def _check(method, url, headers, body):
    if method not in METHODS:
        raise ValueError(f"Expected a method such as GET or POST ({', '.join(METHODS)}), got {method!r:.100}")
    if len(url) > MAX_URL:
        raise ValueError(f"Expected a URL of at most {MAX_URL:,} characters, got {len(url):,}")
    if len(headers) > MAX_HEADERS or sum(map(len, sum(headers, []))) > MAX_HEADER_CHARACTERS:
        most = f"{MAX_HEADERS} headers of {MAX_HEADER_CHARACTERS:,} characters in all"
        raise ValueError(f"Expected at most {most}, got more")
    if len(body) > MAX_BODY_BYTES:
        raise ValueError(f"Expected a request of at most {MAX_BODY_BYTES:,} bytes, got {len(body):,}")


def _error_of(code, message):
    if code in ("HOST_NOT_ALLOWED", "REFUSED_ADDRESS"):
        return PermissionError(errno.EACCES, message)
    if code == "TIMEOUT":
        return TimeoutError(errno.ETIMEDOUT, message)
    if code == "INVALID_REQUEST":
        return ValueError(message)
    return ConnectionError(errno.ECONNABORTED, message)
