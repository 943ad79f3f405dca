import subprocess
import sys
import unittest

from support import run


class TracebackTest(unittest.TestCase):
    def test_it_shows_the_lines_of_the_program_with_their_numbers(self):
        error = run("def f():\n    raise ValueError('bad')\n\nf()").error
        self.assertEqual((error["type"], error["message"], error["line"]), ("ValueError", "bad", 2))
        for expected in (
            'File "<node>", line 4, in <module>',
            'File "<node>", line 2, in f',
            "raise ValueError('bad')",
        ):
            self.assertIn(expected, error["traceback"])

    @unittest.skipIf(sys.version_info < (3, 11), "tracebacks have columns from Python 3.11 on")
    def test_the_column_counts_characters_from_1(self):
        self.assertEqual(run("é = 'é'; 1 / 0").error["column"], 10)

    def test_frames_of_libraries_and_of_weft_are_left_out(self):
        traceback = run("import json\njson.loads('{')").error["traceback"]
        self.assertEqual(traceback.count("File "), 1)
        self.assertIn("JSONDecodeError", traceback)

    def test_what_python_suggests_is_in_the_message_and_in_the_traceback(self):
        for code in (
            "class Box:\n    def __init__(self): self.size = 1\nBox().sise",
            "import math\nmath.sqrrt(2)",
            "'text'.lowwer()",
            "colour = 1\ncolor",
            "prin('x')",
            "def f():\n    local_name = 1\n    return localname\nf()",
            "class A: pass\nA().nothing_like_it",
            "x = [1]\nx.Append(2)",
            "from math import sinn",
            "maths.pi\nimport math",
        ):
            with self.subTest(code):
                plain = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
                [last_line] = plain.stderr.splitlines()[-1:]
                error = run(code).error
                self.assertEqual(f"{error['type']}: {error['message']}", last_line)
                self.assertEqual(error["traceback"].splitlines()[-1], last_line)

    def test_an_object_that_lists_no_names_has_no_suggestion(self):
        code = "class A:\n    def __dir__(self): raise SystemExit(3)\nA().x"
        self.assertEqual(run(code).error["message"], "'A' object has no attribute 'x'")

    def test_the_error_for_a_missing_module_suggests_to_add_its_package(self):
        self.assertEqual(
            run("import sklearn.linear_model").error["message"],
            "No module named 'sklearn'. Add `scikit-learn` to the node's `packages`",
        )

    def test_the_error_for_a_name_that_is_nearly_a_known_one_says_so_first(self):
        for module, meant in (("pandass", "pandas"), ("nupmy", "numpy"), ("reqests", "requests"), ("jsson", "json")):
            with self.subTest(module):
                expected = f"Did you mean '{meant}'? If not, add `{module}` to the node's `packages`"
                if meant != "json" or sys.version_info >= (3, 10):  # which lists its own modules
                    self.assertIn(expected, run(f"import {module}").error["message"])
        self.assertIn("numpyro'. Add `numpyro`", run("import numpyro").error["message"])

    def test_so_does_the_error_for_a_missing_dependency_of_a_library(self):
        code = """
            try:
                import tabulate
            except ImportError as error:
                raise ImportError("Use pip or conda to install tabulate.") from error
        """
        self.assertIn("install tabulate. Add `tabulate` to the node's `packages`", run(code).error["message"])

    def test_the_error_for_an_alias_without_its_package_has_the_remedy(self):
        if sys.version_info >= (3, 10):  # whose NameError has the name
            message = "name 'pd' is not defined. It is available if the node's `packages` include pandas"
            self.assertEqual(run("pd.DataFrame()").error["message"], message)
        self.assertEqual(run("pq.DataFrame()").error["message"], "name 'pq' is not defined")

    def test_other_missing_modules_keep_the_message_of_python(self):
        for code, message in (
            ("import json.nothing", "No module named 'json.nothing'"),
            ("raise ModuleNotFoundError(\"No module named 'msvcrt'\", name='msvcrt')", "No module named 'msvcrt'"),
            ("raise ModuleNotFoundError('own words')", "own words"),
        ):
            with self.subTest(code):
                self.assertEqual(run(code).error["message"], message)

    def test_causes_and_contexts_are_shown(self):
        code = """
            try:
                1 / 0
            except ZeroDivisionError as error:
                try:
                    raise KeyError("k") from error
                except KeyError:
                    raise ValueError("v")
        """
        traceback = run(code).error["traceback"]
        self.assertIn("The above exception was the direct cause", traceback)
        self.assertIn("During handling of the above exception", traceback)
        self.assertNotIn("program.py", traceback)

    @unittest.skipIf(sys.version_info < (3, 11), "exception groups are new in 3.11")
    def test_groups_and_notes_are_shown(self):
        code = """
            error = ValueError(1)
            error.add_note("look here")
            raise ExceptionGroup("several", [error, TypeError(2)])
        """
        traceback = run(code).error["traceback"]
        for expected in ("ExceptionGroup: several", "ValueError: 1", "look here", "TypeError: 2"):
            self.assertIn(expected, traceback)

    def test_endless_recursion_is_folded(self):
        error = run("def f(n):\n    return f(n + 1)\nf(0)").error
        self.assertEqual((error["type"], error["line"]), ("RecursionError", 2))
        self.assertIn("more times", error["traceback"])
        self.assertLess(len(error["traceback"]), 2000)

    def test_message_and_traceback_are_bounded(self):
        error = run("raise ValueError('x' * 10_000_000)").error
        self.assertLessEqual(len(error["message"]), 8_000)
        self.assertLessEqual(len(error["traceback"]), 32_000)
        self.assertIn("characters left out", error["message"])

    def test_a_long_chain_of_exceptions_is_bounded(self):
        code = """
            error = None
            for i in range(5000):
                new = ValueError(i)
                new.__cause__ = error
                error = new
            raise error
        """
        error = run(code).error
        self.assertEqual((error["type"], error["message"]), ("ValueError", "4999"))
        self.assertLessEqual(len(error["traceback"]), 32_000)

    def test_an_exception_whose_str_or_class_fails_is_still_reported(self):
        code = """
            class Meta(type):
                __name__ = property(lambda cls: 1 / 0)
            class Hostile(Exception, metaclass=Meta):
                def __str__(self):
                    raise self
                __repr__ = __str__
            raise Hostile()
        """
        error = run(code).error
        self.assertEqual((error["type"], error["line"]), ("Hostile", 8))

    def test_lone_surrogates_in_a_message_are_replaced(self):
        self.assertEqual(run(r"raise ValueError('a\ud800b')").error["message"], "a\ufffdb")

    def test_a_memory_error_is_the_memory_limit(self):
        self.assertEqual(run("raise MemoryError").error["code"], "PYTHON_MEMORY_LIMIT")

    def test_keyboard_interrupts_and_own_base_exceptions_are_errors(self):
        self.assertEqual(run("raise KeyboardInterrupt").error["type"], "KeyboardInterrupt")
        self.assertEqual(run("class E(BaseException): pass\nraise E('x')").error["message"], "x")


class ViolationTest(unittest.TestCase):
    def test_a_violation_has_line_rule_and_layer_and_comes_before_the_error(self):
        outcome = run("x = 1\nimport os")
        self.assertEqual([frame["kind"] for frame in outcome.frames], ["violation", "error"])
        expected = {"code": "PYTHON_SECURITY_ERROR", "rule": "blocked-module", "layer": "RUNTIME", "line": 2}
        self.assertEqual({**outcome.violations[0], **expected}, outcome.violations[0])
        self.assertEqual((outcome.error["code"], outcome.error["line"]), ("PYTHON_SECURITY_ERROR", 2))
        self.assertIn('File "<node>", line 2', outcome.error["traceback"])

    def test_violations_sent_are_bounded(self):
        code = """
            for i in range(1000):
                try:
                    import os
                except BaseException:
                    pass
        """
        counts = [frame["count"] for frame in run(code).of_kind("violation")]
        self.assertEqual(sum(counts), 1000)
        self.assertLessEqual(len(counts), 4)


if __name__ == "__main__":
    unittest.main()
