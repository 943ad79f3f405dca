"""Counts the violations of a program and sends them, for the runtime wall (audit.py).

    {"kind": "violation", "violation": {code, rule, layer, message, line, column}, "count": int, "isFatal": bool}

`isFatal` is false for what a library did on its own account (libraries.py), which ends no run.

A violation is sent at once when it comes for the first time. If the same comes again (rule, line and message), it is
sent again with the number that came since: at the 10th, the 100th …, and the rest at the end. So a program that
breaks a rule in a loop sends a few frames and not thousands. After MAX_KINDS different violations, those of one rule
count together, under the message of the first of them.
"""

MAX_KINDS = 20
_GROWTH = 10


class Violations:
    def __init__(self, send):
        self.first = None
        self._send = send
        self._kinds = {}

    def add(self, violation, is_fatal=True):
        if self.first is None and is_fatal:
            self.first = violation
        kind = self._kind_of(violation, is_fatal)
        kind.unsent += 1
        if kind.unsent >= (_GROWTH - 1) * kind.sent:
            self._report(kind)

    def flush(self):
        for kind in list(self._kinds.values()):
            if kind.unsent:
                self._report(kind)

    def _kind_of(self, violation, is_fatal):
        key = (is_fatal, violation["rule"], violation["line"], violation["message"])
        if key not in self._kinds and len(self._kinds) >= MAX_KINDS:
            key = (is_fatal, violation["rule"])
        return self._kinds.setdefault(key, _Kind(violation, is_fatal))

    def _report(self, kind):
        count, kind.unsent = kind.unsent, 0
        kind.sent += count
        self._send(
            {"kind": "violation", "violation": kind.violation, "count": count, "isFatal": kind.is_fatal}
        )


class _Kind:
    def __init__(self, violation, is_fatal):
        self.violation = violation
        self.is_fatal = is_fatal
        self.unsent = 0
        self.sent = 0
