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

    def test_an_example_of_a_doctest_has_its_place(self):
        code = (
            "import doctest\ndef f():\n    '''Doc.\n\n    >>> f()\n    >>> import os\n"
            "    >>> import sys  # doctest: +SKIP\n    '''"
        )
        (finding,) = check(code)
        self.assertEqual((finding.rule, finding.line, finding.column), ("blocked-module", 6, 1))
        self.assertTrue(finding.message.startswith("in a doctest, Module `os` is blocked"), finding.message)
        self.assertEqual(check(code.replace("import doctest", "import math")), [])

    def test_a_syntax_error_has_its_place(self):
        (finding,) = check("x = 1\ny = = 2")
        self.assertEqual((finding.rule, finding.line, finding.column), ("syntax-error", 2, 5))

    def test_kernel_policy_finds_only_syntax_errors(self):
        self.assertEqual(check("import os\neval('1')", "kernel"), [])
        self.assertEqual([f.rule for f in check("import", "kernel")], ["syntax-error"])


def _names(size, each):
    return ",".join(f"n{number}" for number in range(size // each))


def _aliases(size):
    links = (f"x{number + 1} = x{number}" + ".a" * 18 for number in range(size // 50))
    return "\n".join(["import m as x0", *links])


GROWING = {
    "the parts of a module": lambda size: "import " + "a." * (size // 2) + "a",
    "the parts of a blocked module": lambda size: "import os." + "a." * (size // 2) + "a",
    "the parts of a module, continued": lambda size: "import " + "a.\\\n" * (size // 4) + "a",
    "the parts of a module of characters beyond ASCII": lambda size: "import " + "a·. " * (size // 4) + "a",
    "the parts of a module, and its names": lambda size: (
        "from " + "a." * (size // 4) + "a import " + _names(size // 2, 7)
    ),
    "many modules of many parts": lambda size: "import " + ", ".join(["a" + ".a" * 90] * (size // 190)),
    "one long name of a module, and its names": lambda size: (
        "from " + "a" * (size // 2) + " import " + _names(size // 2, 7)
    ),
    "aliases of aliases": _aliases,
    "findings on one line": lambda size: "import os;" * (size // 10),
    "findings on one line beyond ASCII": lambda size: "é = 1;" + "import os;" * (size // 10),
    "names, and strings that are evaluated": lambda size: (
        "".join(f"n{number} = 1\n" for number in range(size // 16)) + 'df.query("(q := 1)")\n' * (size // 40)
    ),
    "imports, and strings that are evaluated": lambda size: (
        f"import {_names(size // 2, 7)}\n" + 'df.query("a.open()")\n' * (size // 42)
    ),
    "attributes read by name": lambda size: "import m\n" + 'getattr(m, "a.b.c");' * (size // 20),
    "sums of strings": lambda size: "x = " + " + ".join(["'" + "a" * 1_000 + "'"] * (size // 1_000)),
    "braces in a string": lambda size: "x = '" + "{." * (size // 2) + "'",
    "dots in a format field": lambda size: "x = '{" + "." * size + "'",
    "columns in backticks": lambda size: "df.query('" + "`a" * (size // 2) + "')",
    "statements": lambda size: "a\n" * (size // 2),
}


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

    def test_a_name_of_endless_parts_is_no_name(self):
        for line in ("import {}", "x = 1; import a, {}", "from {} import b", "from {} import (\n b)"):
            self.assert_a_finding_in_bounded_time(line.format("a." * 200 + "a"), "too-complex")

    def test_text_with_many_dots_is_no_name(self):
        for text in ("import " + "." * 300 + " page 12", "very important. " * 300, "to import: " + "1.5, " * 300):
            self.assert_a_finding_in_bounded_time(f"x = '{text}'", None)

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

    def test_a_check_takes_time_linear_in_the_code(self):
        for what, program in GROWING.items():
            with self.subTest(what):
                small, large = (self.seconds_of_cpu(program(size)) for size in (20_000, 160_000))
                self.assertLess(large, 16 * small + 0.5)

    def seconds_of_cpu(self, code):
        start = time.process_time()
        check(code)
        return time.process_time() - start

    def test_every_prefix_of_a_program_is_checked(self):
        for end in range(len(ORDINARY)):
            check(ORDINARY[:end])


if __name__ == "__main__":
    unittest.main()
