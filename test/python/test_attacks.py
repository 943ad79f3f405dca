import importlib.util
import sys
import unittest

from support import run

from attacks import RUNTIME, RUNTIME_NEWER, STATIC, STATIC_NEWER
from check import check


def _for_this_python(newer):
    return {name: (code, rule) for name, (code, rule, least) in newer.items() if sys.version_info >= least}


class StaticWallTest(unittest.TestCase):
    def test_every_attack_is_found_by_its_rule(self):
        for name, (code, rule) in {**STATIC, **_for_this_python(STATIC_NEWER)}.items():
            with self.subTest(name):
                self.assertIn(rule, [finding.rule for finding in check(code)])

    def test_there_are_at_least_a_hundred(self):
        self.assertGreaterEqual(len(STATIC), 100)

    def test_every_finding_has_a_place_and_a_message_with_an_alternative(self):
        for name, (code, _) in STATIC.items():
            with self.subTest(name):
                for finding in check(code):
                    self.assertGreaterEqual(finding.line, 1)
                    self.assertGreaterEqual(finding.column, 1)
                    self.assertRegex(finding.message, r"\w+.*: .*\w")


class RuntimeWallTest(unittest.TestCase):
    def test_every_attack_ends_the_run_with_a_violation_of_its_rule(self):
        for name, (code, rule) in {**RUNTIME, **_for_this_python(RUNTIME_NEWER)}.items():
            with self.subTest(name):
                outcome = run(code)
                self.assertEqual(outcome.last["kind"], "error", outcome.frames)
                self.assertEqual(outcome.error["code"], "PYTHON_SECURITY_ERROR", outcome.frames)
                self.assertEqual([violation["rule"] for violation in outcome.violations][:1], [rule])
                self.assertEqual(outcome.violations[0]["layer"], "RUNTIME")

    @unittest.skipUnless(importlib.util.find_spec("pandas"), "pandas is not installed")
    def test_a_library_cannot_start_processes_for_the_program(self):
        for call in (
            "pd.Series(['true']).map(s)",
            "pd.Series(['true']).apply(s)",
            "pd.io.common.os.system('true')",
        ):
            with self.subTest(call):
                violations = run(f"import random, pandas as pd\ns = random._os.system\n{call}").violations
                self.assertEqual([violation["rule"] for violation in violations][:1], ["process"])

    @unittest.skipUnless(importlib.util.find_spec("pandas"), "pandas is not installed")
    def test_a_library_acts_for_the_program_that_hands_it_a_function(self):
        before = "import random, json, operator, functools, pandas as pd\nmodules = random._os.sys.modules\n"
        for call, rule in (
            ("pd.Series([None]).map(modules['ctypes'].CDLL)", "native-code"),
            ("pd.Series([None]).map(functools.partial(modules['ctypes'].CDLL))", "native-code"),
            ("pd.Series(['1']).map(json.codecs.builtins.eval)", "blocked-call"),
            ("pd.Series([len]).map(modules['gc'].get_referrers)", "introspection"),
            ("pd.Series([0]).map(random._os.sys._getframe)", "frame-access"),
            ("pd.Series([lambda: 0]).map(operator.attrgetter('__code__'))", "dunder-access"),
        ):
            with self.subTest(call):
                violations = run(f"{before}{call}").violations
                self.assertEqual([violation["rule"] for violation in violations][:1], [rule])


if __name__ == "__main__":
    unittest.main()
