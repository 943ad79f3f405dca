"""SQLite for programs: databases in memory and in the run's own folder.

The runtime wall judges which file is opened. SQLite attaches others without an audit event: each connection asks this
guard first. It can be taken off a connection; then only the kernel's wall is left.
"""

import sys

_audit = sys.audit
ATTACH = "weft.attach"
_SQLITE_ATTACH = 24  # it has no name in Python before 3.12


def sqlite3(_guarded):
    import sqlite3

    allowed = sqlite3.SQLITE_OK

    def judge(action, name, *_):
        if action == _SQLITE_ATTACH:
            _audit(ATTACH, name)
        return allowed

    class Connection(sqlite3.Connection):
        __module__ = "sqlite3"

        def __init__(self, *arguments, **named):
            super().__init__(*arguments, **named)
            self.set_authorizer(judge)

    def connect(*arguments, **named):
        return sqlite3.connect(*arguments, **{"factory": Connection, **named})

    return {**vars(sqlite3), "connect": connect, "Connection": Connection}
