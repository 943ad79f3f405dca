"""Workflows of steps in DBOS, in this process. Reads jobs as JSON, one a line, and prints their times, milliseconds.

    python dbos_steps.py postgresql://…
    {"steps": 40, "runs": 10, "lanes": 1}
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from dbos import DBOS

DBOS(config={"name": "bench", "system_database_url": sys.argv[1], "log_level": "ERROR"})


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


@DBOS.step()
def step():
    return fib(10)


@DBOS.workflow()
def chain(steps):
    for _ in range(steps):
        result = step()
    return result


def timed(steps):
    started = time.perf_counter()
    chain(steps)
    return (time.perf_counter() - started) * 1000


DBOS.launch()
for line in sys.stdin:
    job = json.loads(line)
    with ThreadPoolExecutor(job["lanes"]) as lanes:
        times = list(lanes.map(timed, [job["steps"]] * job["runs"]))
    print(json.dumps(times), flush=True)
