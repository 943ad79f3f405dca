"""Frames: the messages on a cell's private channel and on the fork-server's control connection.

A frame is a 4-byte big-endian length and that many bytes of UTF-8 JSON, always an object with a `kind`.

Node to cell, once, or again and again for a checking cell:
    {"kind": "run", "code": str, "input": any, "policy": "strict"|"standard"|"kernel", "memoryMb": int, …}    see program.py
    {"kind": "check", "code": str, "policy": …, "allowsScratchWrites": bool, "compiles": bool, "web": bool, "memoryMb": int}
    {"kind": "next", "input": any, "artifactIdPrefix": str}     after the last frame: another run of the program
and before that, any number of times:
    {"kind": "rehearse"}                            run a trivial program ahead (rehearsal.py)
and after `run` the answers to questions, {"number": int, …}, of which the last one has "isLast": true    channel.py
Cell to Node:
    {"kind": "ready"}                               set up, waiting for its request
    {"kind": "rehearsed"}                           done; waiting again
    {"kind": "unready", "message": str}             the host refused a part of its walls
    {"kind": "progress"|"violation"|"artifact"|"abandon", …}, and last {"kind": "result"|"error", …}      fields: program.py
    {"kind": "open-file"|"fetch", "number": int, …}  questions: the answers have their number (artifacts.py, network.py)
    {"kind": "findings", "findings": [{"rule", "message", "line", "column"}]}
Node to fork-server:
    {"kind": "watch", "cell": int, "memoryMb": int, "cpuMs": int, "killAfterMs": int}   watch these limits
    {"kind": "end", "cell": int, "graceMs": int}                            TERM now, KILL after the grace
Fork-server to Node:
    {"kind": "exit", "cell": int, "exitCode": int|null, "signal": int|null,
     "reason": "memory"|"cpu"|"deadline"|null, "cpuMs": int, "maxRssKb": int}     all processes of the cell have ended
    {"kind": "violation", "cell": int, "call": str}                         the kernel refused this system call
    {"kind": "unavailable", "cell": int, "message": str}                    the host refused to make the cell
"""

import json
import struct

_LENGTH = struct.Struct(">I")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def encode_frame(frame):
    body = _encode(frame).encode("utf-8", "backslashreplace")
    return _LENGTH.pack(len(body)) + body


def read_frame(sock):
    """The next frame, or None at the end of the connection."""
    header = _read_exactly(sock, _LENGTH.size)
    body = header and _read_exactly(sock, _LENGTH.unpack(header)[0])
    return json.loads(body) if body else None


def _read_exactly(sock, size):
    data = sock.recv(size)
    if len(data) == size:
        return data
    parts = bytearray(data)
    while data and len(parts) < size:
        data = sock.recv(min(size - len(parts), 1 << 20))
        parts += data
    return bytes(parts) if len(parts) == size else None


class FrameReader:
    """Turns bytes, as they arrive on a connection that must not block, into frames."""

    def __init__(self):
        self._pending = bytearray()

    def feed(self, data):
        self._pending += data
        while len(self._pending) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(self._pending)[0]
            if len(self._pending) < end:
                return
            body = bytes(self._pending[_LENGTH.size : end])
            del self._pending[:end]
            yield json.loads(body)
