"""Progress of a program: `progress(current, total=None, message=None)`, and tqdm (tqdm_bridge.py).

Frames: {"kind": "progress", "current": number, "total": number | null, "unit": str | null, "message": str |
null, "source": "progress" | "tqdm"}. At most one frame is sent every INTERVAL seconds: a newer one replaces one that
still waits, and the last one is always sent, at most INTERVAL seconds after it was reported.
"""

import _thread
import math
import time

INTERVAL = 0.02
MAX_MESSAGE = 1_000


class Reporter:
    """Coalesces reports. Thread-safe."""

    def __init__(self, send):
        self._send = send
        self._lock = _thread.allocate_lock()
        self._waiting = None
        self._sent_at = -INTERVAL
        self.threads = 0
        """Of this module, that run."""

    def progress(self, current, total=None, message=None):
        """Reports that `current` of `total` is done: two numbers, and an optional short text `message`."""
        self.report(_number("current", current), _optional("total", total), message, None, "progress")

    def report(self, current, total, message, unit, source):
        frame = {
            "kind": "progress",
            "current": current,
            "total": total,
            "unit": _short(unit),
            "message": _short(message),
            "source": source,
        }
        with self._lock:
            delay = self._sent_at + INTERVAL - time.monotonic()
            is_first_to_wait = self._waiting is None
            self._waiting = frame
            if delay <= 0:
                self._send_waiting()
            elif is_first_to_wait:
                # Not threading.Thread, so that a program that counts its threads finds only its own.
                _thread.start_new_thread(self._flush_later, (delay,))
                self.threads += 1

    def flush(self):
        with self._lock:
            self._send_waiting()

    def _flush_later(self, delay):
        while delay > 0:
            time.sleep(delay)
            with self._lock:
                # Another one may have been sent meanwhile, and the next one waits its time.
                delay = 0 if self._waiting is None else self._sent_at + INTERVAL - time.monotonic()
                if delay <= 0:
                    self._send_waiting()
                    self.threads -= 1

    def _send_waiting(self):
        frame, self._waiting = self._waiting, None
        if frame is not None:
            self._sent_at = time.monotonic()
            self._send(frame)


def _number(name, value):
    try:
        number = value if type(value) is int else float(value)
    except (TypeError, ValueError, OverflowError):
        raise TypeError(f"Expected `{name}` to be a number, got {type(value).__name__}") from None
    if not math.isfinite(number):
        raise ValueError(f"Expected `{name}` to be finite, got {number}")
    return int(number) if number == int(number) and abs(number) < 2**53 else float(number)


def _optional(name, value):
    return None if value is None else _number(name, value)


def _short(text):
    return None if text is None else str(text)[:MAX_MESSAGE]
