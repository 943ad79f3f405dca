"""What a waiting cell does ahead of its run: a little of whatever programs commonly do.

It touches the pages that a run needs while there is time: faults on them are most of what a short run costs, and with
pandas ten times what its own work costs. Nothing of it can be seen from outside, or is left for the run.
"""

import sys

from frames import encode_frame
from program import run_program


def rehearse(policy):
    """For a cell that nothing waits for: it costs more than it saves the run."""
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

# Each of them counts in the time that a cell takes to make.
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
