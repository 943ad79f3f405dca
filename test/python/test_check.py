import time
import unittest

import support  # noqa: F401  puts the modules under test on the path

from check import MAX_CODE_CHARACTERS, check

ORDINARY = """
import json
import statistics
from collections import defaultdict

by_customer = defaultdict(list)
for order in input_data["orders"]:
    by_customer[order["customer"]].append(round(order["amount"] * 1.19, 2))

summary = {
    name: {"count": len(amounts), "mean": statistics.mean(amounts)}
    for name, amounts in sorted(by_customer.items())
}
print(f"{len(summary)} customers")
result = json.dumps(summary)
"""


class FindingTest(unittest.TestCase):
    def test_all_findings_come_at_once_in_the_order_of_the_code(self):
        code = "x = 1\nimport os, socket\ny = eval('1')\nopen('f', 'w')"
        findings = check(code)
        self.assertEqual(
            [f.rule for f in findings], ["blocked-module", "blocked-module", "blocked-call", "file-write"]
        )
        self.assertEqual([(f.line, f.column) for f in findings], [(2, 1), (2, 1), (3, 5), (4, 1)])

    def test_columns_count_characters_from_1(self):
        self.assertEqual(check("é = '𝄞'; eval('1')")[0].column, 10)

    def test_lines_end_as_python_ends_them(self):
        self.assertEqual([f.line for f in check("a = '\x0c\u2028'\r\nb = 1\rimport os\n")], [3])

    def test_a_message_has_what_is_blocked_the_reason_and_an_alternative(self):
        message = check("import requests")[0].message
        for part in ("`requests`", "no network", "`input_data`"):
            self.assertIn(part, message)

    def test_the_same_place_is_reported_once(self):
        self.assertEqual(len(check("import os.path, os.path")), 1)

    def test_a_syntax_error_has_its_place(self):
        (finding,) = check("x = 1\ny = = 2")
        self.assertEqual((finding.rule, finding.line, finding.column), ("syntax-error", 2, 5))

    def test_kernel_policy_finds_only_syntax_errors(self):
        self.assertEqual(check("import os\neval('1')", "kernel"), [])
        self.assertEqual([f.rule for f in check("import", "kernel")], ["syntax-error"])


class HostileSourceTest(unittest.TestCase):
    def assert_a_finding_in_bounded_time(self, code, *rules):
        start = time.perf_counter()
        findings = check(code)
        self.assertLess(time.perf_counter() - start, 10)
        self.assertIn(findings[0].rule if findings else None, rules)

    def test_nested_brackets(self):
        for brackets in ("(" * 100_000, "[" * 100_000, "({[" * 30_000, "f(" * 100_000):
            self.assert_a_finding_in_bounded_time(brackets, "too-complex", "syntax-error")

    def test_nested_operators(self):
        for code in (
            "-" * 300_000 + "1",
            "not " * 100_000 + "x",
            "lambda: " * 50_000 + "1",
            "await " * 50_000 + "x",
        ):
            self.assert_a_finding_in_bounded_time(code, "too-complex", "syntax-error")

    def test_nested_blocks(self):
        code = "\n".join(" " * depth + "if x:" for depth in range(500))
        self.assert_a_finding_in_bounded_time(code, "too-complex", "syntax-error")

    def test_long_chains(self):
        for link in (".a", "()", "[0]", " + 1", " or x", " if x else y"):
            self.assert_a_finding_in_bounded_time("x" + link * 20_000, "too-complex", "syntax-error", None)

    def test_long_sums_of_strings(self):
        self.assert_a_finding_in_bounded_time("x = " + " + ".join(["'a'"] * 900), None)

    def test_text_that_is_not_valid(self):
        self.assert_a_finding_in_bounded_time("x = 1\0", "syntax-error")
        self.assert_a_finding_in_bounded_time("x = '\ud800'", "syntax-error")
        self.assert_a_finding_in_bounded_time("\ufeff\ufeffx", "syntax-error")

    def test_huge_code(self):
        self.assert_a_finding_in_bounded_time("x = 1\n" * MAX_CODE_CHARACTERS, "too-large")

    def test_huge_literals(self):
        self.assert_a_finding_in_bounded_time(f"x = {'9' * 900_000}", "syntax-error", None)
        self.assert_a_finding_in_bounded_time(f"x = '{'{' * 900_000}'", None)
        self.assert_a_finding_in_bounded_time(f"x = '{'{a.' * 300_000}'", None)

    def test_every_prefix_of_a_program_is_checked(self):
        for end in range(len(ORDINARY)):
            check(ORDINARY[:end])


if __name__ == "__main__":
    unittest.main()
