"""The private channel of a cell, whose frames frames.py describes. Before a run, the cell receives requests by it. During
a run, any thread of the program sends frames, and any thread asks questions: each has a number, which all its answers
have, and the last one has `isLast`. One thread reads the answers for all, so that nobody gets those of another.
"""

import _thread
import itertools
import threading
from queue import SimpleQueue

from frames import encode_frame, read_frame

_ENDED = "The connection to the server has ended"
_NO_MEMORY = "There was no memory left to read the answers of the server"


class Channel:
    def __init__(self, connection):
        self._connection = connection
        self._sending = threading.RLock()  # a finalizer that sends (network.py) may run while its thread sends
        self._numbers = itertools.count(1)
        self._takers = {}
        self._may_start = _thread.allocate_lock()
        self._problem = None
        self._requests = SimpleQueue()
        self.threads = 0
        """Of this module, that run."""

    def send(self, frame):
        data = encode_frame(frame)
        with self._sending:
            self._connection.sendall(data)

    def receive(self):
        """The next frame, or None at the end. Not during a run. Once a question was asked, one thread reads for all."""
        return self._requests.get() if self.threads else read_frame(self._connection)

    def ask(self, frame, take):
        """Sends a question, and returns its number. `take(answer)` is called with each answer by the thread that reads,
        and must not wait; where no answer can come any more, with {"kind": "failure", "code", "message", "isLast"}."""
        number = next(self._numbers)
        self._takers[number] = take
        self._start_reading()
        if self._problem is None:
            self.send({**frame, "number": number})
        else:
            self._fail(number)
        return number

    def _start_reading(self):
        if self._may_start.acquire(blocking=False):
            try:
                # Not threading.Thread, so that a program that counts its threads finds only its own.
                _thread.start_new_thread(self._read, ())
                self.threads = 1
            except BaseException:
                self._may_start.release()
                raise

    def _read(self):
        problem = _ENDED
        try:
            frame = read_frame(self._connection)
            while frame:
                if "number" in frame:
                    self._pass_on(frame)
                else:
                    self._requests.put(frame)
                frame = read_frame(self._connection)
        except MemoryError:
            problem = _NO_MEMORY
        except OSError:
            pass
        self._problem = problem
        self._requests.put(None)
        for number in list(self._takers):
            self._fail(number)

    def _fail(self, number):
        self._pass_on(
            {"kind": "failure", "number": number, "code": "NETWORK", "message": self._problem, "isLast": True}
        )

    def _pass_on(self, answer):
        takers = self._takers
        take = (takers.pop if answer.get("isLast") else takers.get)(answer["number"], None)
        if take is not None:
            take(answer)
