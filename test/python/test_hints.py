"""What cannot run is found before it runs, and each error says what to do."""

import sys
import unittest

from support import run

from check import examine


def found(code):
    return [(f.rule, f.line, f.column, f.message) for f in examine(code, compiles=True).findings]


# What only Python's compiler refuses: code, line, column, the start of Python's message, a part of the hint.
COMPILER = (
    ("class A:\n    return 1", 2, 5, "'return' outside function", "from a method"),
    ("def f():\n    await x", 2, 5, "'await' outside async function", "`async def`"),
    ("x = 1\nyield x", 2, 1, "'yield' outside function", "into a function"),
    ("if True:\n    break", 2, 5, "'break' outside loop", "`return` ends the code"),
    ("continue", 1, 1, "'continue' not properly in loop", "belongs into"),
    ("def f():\n    x = 1\n    global x", 3, 5, "name 'x' is assigned to before global", "start of the function"),
    ("def f(x):\n    global x", 2, 5, "name 'x' is parameter and global", "rename"),
    ("def f():\n    nonlocal x", 2, 5, "no binding for nonlocal 'x' found", "`global`"),
    ("nonlocal x", 1, 1, "nonlocal declaration not allowed at module level", "leave it out"),
    ("def f():\n    from math import *", 2, 22, "import * only allowed at module level", "names that are used"),
    ("x = 1\nfrom __future__ import annotations", 2, 1, "from __future__ imports must occur", "first line"),
    ("try:\n    f\nexcept:\n    f\nexcept E:\n    f", 3, 1, "default 'except:' must be last", "behind"),
    ("async def f():\n    yield 1\n    return 2", 3, 5, "'return' with value in async generator", "yield the value"),
    ("*a, *b = 1, 2", 1, 1, "multiple starred expressions in assignment", "one `*name`"),
    ("x = 'é'; break", 1, 10, "'break' outside loop", "`return`"),
)
if sys.version_info < (3, 10):  # which places them elsewhere
    COMPILER = tuple(each for each in COMPILER if not each[3].startswith(("import *", "default 'except:'")))


class CompilerTest(unittest.TestCase):
    def test_a_check_finds_what_only_the_compiler_refuses(self):
        for code, line, column, message, hint in COMPILER:
            with self.subTest(code):
                (finding,) = found(code)
                self.assertEqual(finding[:3], ("syntax-error", line, column))
                self.assertTrue(finding[3].startswith(message), finding)
                self.assertIn(hint, finding[3])

    def test_a_run_says_the_same(self):
        for code, line, column, message, hint in COMPILER:
            with self.subTest(code):
                error = run(code).error
                self.assertEqual((error["type"], error["line"], error["column"]), ("SyntaxError", line, column))
                self.assertIn(hint, error["message"])
                self.assertIn(message, error["traceback"])

    def test_duplicate_arguments_are_found_at_their_line(self):
        ((rule, line, _, message),) = found("\ndef f(a, a):\n    pass")
        self.assertEqual((rule, line), ("syntax-error", 2))
        self.assertIn("duplicate argument 'a' in function definition: give each parameter a name", message)

    def test_it_is_found_beside_what_the_rules_refuse(self):
        self.assertEqual([f[:3] for f in found("break\nimport os")], [("syntax-error", 1, 1), ("blocked-module", 2, 1)])

    def test_code_that_compiles_has_no_finding(self):
        for code in ("return 1", "await f()", "def main(): pass", "x = (yield_ := 1)", "invalid = '\\d'"):
            self.assertEqual(found(code), [], code)


class IpythonTest(unittest.TestCase):
    def test_an_installation_names_the_packages_field(self):
        for line, packages in (
            ("!pip install pandas numpy>=2", "`pandas`, `numpy>=2`"),
            ("%pip install -q sklearn", "`scikit-learn`"),
            ("! python -m pip install --upgrade 'seaborn[stats]'", "`seaborn[stats]`"),
            ("pip install cv2 # for images", "`opencv-python-headless`"),
            ("!conda install -c conda-forge lxml -y", "`lxml`"),
        ):
            with self.subTest(line):
                ((_, number, _, message),) = found(f"import math\n{line}")
                self.assertEqual(number, 2)
                self.assertIn(f"add {packages} to the node's `packages`, and leave this line out", message)
                self.assertIn(packages, run(line).error["message"])

    def test_other_commands_say_what_to_do_instead(self):
        for line, hint in (
            ("%matplotlib inline", "figures are saved by themselves"),
            ("%timeit f()", "time.perf_counter()"),
            ("%%bash", "only Python runs here"),
            ("!ls -l", "no other program"),
            ("df?", "leave the question mark out"),
            (">>> x = 1", "prompts"),
            ("```python", "fences"),
            ("print(“x”)", "plain quotes"),
            ("const items = $input.all();", "this is JavaScript"),
            ("// loop over the items", "this is JavaScript"),
            ("items = $input.all()", "in Python they are `_input`"),
            ("x = $('Other').first()", "`_node['Load']`; draw an edge"),
        ):
            with self.subTest(line):
                ((rule, _, _, message),) = found(line)
                self.assertEqual(rule, "syntax-error")
                self.assertIn(hint, message)


class N8nTest(unittest.TestCase):
    def test_a_name_of_n8n_that_is_not_here_says_what_to_do(self):
        self.assertIn("connect that node to this one", run("return _('Other').all()").error["message"])


class MissingModuleTest(unittest.TestCase):
    def test_a_missing_module_names_its_package(self):
        for module, package in (
            ("cv2", "opencv-python-headless"),
            ("sklearn.linear_model", "scikit-learn"),
            ("skimage", "scikit-image"),
            ("bs4", "beautifulsoup4"),
            ("dateutil.parser", "python-dateutil"),
            ("some_thing", "some-thing"),
        ):
            code = f"import importlib\nraise ModuleNotFoundError('No module named', name={module.partition('.')[0]!r})"
            message = run(code.partition("\n")[2]).error["message"]
            self.assertEqual(message, f"No module named. Add `{package}` to the node's `packages`")

    def test_an_error_of_a_library_that_says_what_to_install_has_the_same_words(self):
        for said, package in (
            ("Use pip or conda to install openpyxl.", "openpyxl"),
            ("`Import lxml` failed. Use pip or conda to install the lxml package.", "lxml"),
            ("Please install using the command `pip install pyarrow`.", "pyarrow"),
            ("Run 'pip install -U \\\"transformers[torch]\\\"' first", "transformers[torch]"),
            ("try pip install sklearn.", "scikit-learn"),
        ):
            for kind in ("ImportError", "ValueError", "RuntimeError"):
                message = run(f'raise {kind}("{said}")').error["message"]
                self.assertTrue(message.endswith(f"Add `{package}` to the node's `packages`"), message)

    def test_other_errors_keep_their_message(self):
        self.assertEqual(run("raise ValueError('no pip here')").error["message"], "no pip here")


if __name__ == "__main__":
    unittest.main()
