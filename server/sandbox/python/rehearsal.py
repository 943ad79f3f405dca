"""A program that a waiting cell runs ahead of its real one: a little of what programs commonly do.

The rehearsal causes the page faults of a run while there is time. They are most of the cost of a short run, and with
pandas ten times the cost of its own work. A rehearsal emits nothing and leaves nothing behind for the run.
"""

import sys

from frames import encode_frame
from program import run_program


def rehearse(policy):
    """Only for a cell that no run waits for yet: a rehearsal costs more than it saves."""
    parts = [part for package, part in _PACKAGES.items() if package in sys.modules]
    code = _PYTHON + "".join(parts)
    request = {"code": code, "input": {"a": [1, "b"]}, "policy": policy, "isRehearsal": True}
    run_program(request, encode_frame)


_PYTHON = """
import json, math
from collections import Counter

class Point:
    def __init__(self, x, y=0.5, *rest, **named):
        self.x, self.y = x, y

    def scaled(self, by):
        return Point(self.x * by, self.y // 2)

def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

rows = [{"n": n, "text": f"{n:>3}"} for n in range(8) if n % 2]
try:
    total = sum(row["n"] for row in rows) + int("x")
except (ValueError, KeyError) as error:
    total = str(error).upper().split()
for key, value in sorted(input_data.items(), key=lambda pair: pair[0]):
    while isinstance(value, str) and not value:
        break
    print(end="")
point = Point(math.sqrt(2)).scaled(2)
result = {"total": total, "rows": json.loads(json.dumps(rows)), "x": round(point.x, 2), "fib": fib(5), **Counter("ab")}
"""

# Each part adds to the time that making a cell takes.
_PACKAGES = {
    "numpy": """
import numpy
numpy.arange(6.0).reshape(2, 3).mean(axis=0).tolist()
""",
    "pandas": """
import pandas
frame = pandas.DataFrame([{"a": 1, "b": 2.5, "c": "x"}, {"a": 1, "b": 0.5, "c": "y"}])
frame["d"] = frame["b"] * 2
frame[frame["a"] > 0].groupby("a")["b"].sum().to_dict()
frame.describe().to_dict()
frame.sort_values("b").to_dict("records")
""",
}
