import subprocess
import sys
import unittest

import fuzz_wall
from support import PYTHON_FOLDER, run

# Runs in a process of its own: a program under the wall, and then a walk over everything that it could reach. The walk
# is compiled as a module of the interpreter itself, because what a program does so is a violation.
START = "import sys; exec(compile(sys.argv[2], '<frozen start>', 'exec'))"
WALK = """
import gc, os, sys, types
sys.path.insert(0, sys.argv[1])
import source, wall
program = '''
import random
import doctest, importlib.metadata, inspect, sqlite3, timeit, unittest.mock
caught = []
for attack in (lambda: random._os.system('true'), lambda: __import__('os'), lambda: (x for x in ()).gi_frame):
    try: attack()
    except BaseException as error: caught.append(error)
'''
walk = '''
def sees(value):
    found = type(value).__module__ in PRIVATE or getattr(value, "__module__", None) in PRIVATE
    return found or isinstance(value, types.ModuleType) and value.__name__ in PRIVATE
waiting, seen, reached = [namespace, sys.modules, __builtins__], set(), []
while waiting:
    some, waiting = waiting[:1000], waiting[1000:]
    for value in gc.get_referents(*some):
        if id(value) not in seen:
            seen.add(id(value))
            waiting.append(value)
            if sees(value): reached.append(repr(value))
print(len(seen), reached)
'''
program, walk = compile(program, source.FILENAME, "exec"), compile(walk, "<frozen walk>", "exec")
frames = []
namespace = {}
world = {"gc": gc, "sys": sys, "types": types, "namespace": namespace}
world["PRIVATE"] = {"audit", "callers", "outside", "libraries", "violations", "check_rules"}
wall.raise_wall(frames.append, namespace)
exec(program, namespace)
assert len(frames) == 3 == len(namespace["caught"]), frames
exec(walk, world)
"""


class WallTest(unittest.TestCase):
    def test_nothing_that_a_program_can_reach_leads_to_what_judges_it(self):
        done = subprocess.run(
            [sys.executable, "-I", "-c", START, PYTHON_FOLDER, WALK], capture_output=True, text=True, timeout=60
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        seen, _, reached = done.stdout.partition(" ")
        self.assertGreater(int(seen), 10_000)
        self.assertEqual(reached.strip(), "[]")

    def test_random_walks_lead_to_no_blocked_module_code_or_frame(self):
        for seed in range(3):
            taken, escapes = fuzz_wall.walk(seed, 5_000)
            self.assertEqual((taken, escapes), (5_000, []))
        self.assertNotEqual(fuzz_wall.walk(0, 5_000, policy="kernel")[1], [])

    def test_a_program_that_replaces_what_it_can_reach_is_still_judged(self):
        code = """
            import random
            modules = random._os.sys.modules
            for name in ('wall', 'guards', 'policy', 'functools', 'json'):
                modules.pop(name, None)
            try:
                random._os.sys.audit = lambda *_: None
            except BaseException:
                pass
            random._os.system('true')
        """
        self.assertEqual([violation["rule"] for violation in run(code).violations], ["process"])

    def test_the_exception_of_a_violation_has_no_frame_of_what_judged_it(self):
        code = """
            import random, traceback
            try:
                random._os.system('true')
            except BaseException as error:
                print([(frame.filename[-8:], frame.name) for frame in traceback.extract_tb(error.__traceback__)])
                print(error.__context__, error.__cause__)
                count, each = 0, error.__traceback__
                while each is not None:
                    count, each = count + 1, each.tb_next
                print(count, "frames, of which one is `_relay`")
        """
        printed = run(code).stdout.splitlines()
        self.assertEqual(printed, ["[('<node>', '<module>')]", "None None", "2 frames, of which one is `_relay`"])


if __name__ == "__main__":
    unittest.main()
