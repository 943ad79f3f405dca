import importlib.util
import sys
import unittest

from support import run, run_plainly

from benign import INPUT, PACKAGED, PROGRAMS, PROGRAMS_NEWER
from check import check


def _programs():
    newer = {name: code for name, (code, least) in PROGRAMS_NEWER.items() if sys.version_info >= least}
    return {**PROGRAMS, **newer}


class BenignProgramTest(unittest.TestCase):
    def assert_same_as_plain_python(self, programs):
        for name, code in programs.items():
            with self.subTest(name):
                outcome = run(code, INPUT)
                self.assertEqual(outcome.last["kind"], "result", outcome.frames)
                self.assertEqual(outcome.result, run_plainly(code, INPUT))

    def test_there_are_at_least_sixty(self):
        self.assertGreaterEqual(len(PROGRAMS), 60)

    def test_no_program_has_a_finding(self):
        for name, code in {**_programs(), **PACKAGED}.items():
            with self.subTest(name):
                self.assertEqual(check(code), [])

    def test_every_program_has_the_same_result_as_in_plain_python(self):
        self.assert_same_as_plain_python(_programs())

    def test_programs_with_packages_have_the_same_result_as_in_plain_python(self):
        missing = {
            name for name in {name.split()[0] for name in PACKAGED} if not importlib.util.find_spec(name)
        }
        self.assert_same_as_plain_python(
            {n: code for n, code in PACKAGED.items() if n.split()[0] not in missing}
        )
        if missing:
            self.skipTest(f"not installed: {', '.join(sorted(missing))}")


if __name__ == "__main__":
    unittest.main()
