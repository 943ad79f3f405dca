import unittest

from support import run

CAUGHT = """
mode = 'w'
def attempt(path):
    try:
        open(path, mode)
    except BaseException:
        pass
"""


def counts(outcome):
    return [frame["count"] for frame in outcome.of_kind("violation")]


class CountedViolationsTest(unittest.TestCase):
    def test_one_violation_is_sent_once(self):
        outcome = run(CAUGHT + "attempt('/etc/x')")
        self.assertEqual(counts(outcome), [1])
        self.assertEqual(outcome.error["code"], "PYTHON_SECURITY_ERROR")

    def test_the_same_violation_in_a_loop_is_sent_a_few_times_and_counted(self):
        outcome = run(CAUGHT + "for _ in range(300): attempt('/etc/x')")
        self.assertEqual(counts(outcome), [1, 9, 90, 200])
        self.assertEqual(len({str(violation) for violation in outcome.violations}), 1)

    def test_different_violations_of_one_rule_count_together_after_the_first_ones(self):
        outcome = run(CAUGHT + "for n in range(300): attempt(f'/etc/{n}')")
        self.assertEqual(sum(counts(outcome)), 300)
        self.assertLess(len(counts(outcome)), 30)

    def test_a_flood_of_one_rule_does_not_displace_another(self):
        outcome = run(CAUGHT + "for n in range(300): attempt(f'/etc/{n}')\nimport random\nrandom._os.system('x')")
        self.assertIn("process", [violation["rule"] for violation in outcome.violations])


if __name__ == "__main__":
    unittest.main()
