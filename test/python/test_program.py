import subprocess
import sys
import textwrap
import unittest
from unittest.mock import patch

from support import run

import finalizers


class ResultTest(unittest.TestCase):
    def test_the_documented_example_works_as_it_stands(self):
        code = "result = {'processed': input_data.get('value', 0) * 2, 'timestamp': '2025-11-12'}"
        self.assertEqual(run(code, {"value": 4}).result, {"processed": 8, "timestamp": "2025-11-12"})

    def test_the_variable_result_wins_over_the_last_expression(self):
        self.assertEqual(run("result = 1\n2").result, 1)

    def test_a_result_of_none_wins_over_the_last_expression(self):
        self.assertIsNone(run("result = None\n2").result)

    def test_the_last_bare_expression_is_the_result(self):
        self.assertEqual(run("x = 20\nx + 1").result, 21)

    def test_the_result_of_a_program_of_one_string_is_that_string(self):
        self.assertEqual(run("'hello'").result, "hello")

    def test_an_expression_before_the_last_statement_is_not_the_result(self):
        self.assertIsNone(run("1\nx = 2").result)

    def test_the_result_of_an_empty_program_is_null(self):
        self.assertIsNone(run("").result)
        self.assertIsNone(run("# nothing").result)


    def test_future_statements_keep_their_place(self):
        code = "'doc'\nfrom __future__ import annotations\ndef f(x: Unknown): pass\nf.__annotations__"
        self.assertEqual(run(code).result, {"x": "Unknown"})

    def test_input_data_is_a_copy_to_change(self):
        self.assertEqual(run("input_data['a'].append(2)\ninput_data", {"a": [1]}).result, {"a": [1, 2]})


class NoticeTest(unittest.TestCase):
    """A good run is not failed by what its last line happens to return, and no result is no secret."""

    def notices(self, code):
        outcome = run(code)
        self.assertIsNone(outcome.result)
        return [(notice["code"], notice["message"]) for notice in outcome.last["notices"]]

    def test_a_last_expression_without_a_json_form_is_dropped_with_a_notice(self):
        for last, what in (
            ("len", "result: function is not"),
            ("A()", "result: A is not"),
            ("[1, {'a': A()}]", "result[1].a: A is not"),
            ("(n for n in [1])", "result: generator is not"),
            ("{A(): 1}", "result: a key is A"),
            ("loop", "result[0]: circular"),
        ):
            with self.subTest(last):
                [(code, message)] = self.notices(f"class A: pass\nloop = []\nloop.append(loop)\n{last}")
                self.assertEqual(code, "RESULT_DROPPED")
                self.assertIn(what, message)
                self.assertIn("the value of its last line was dropped: set `result`", message)

    def test_a_result_that_the_program_sets_has_to_be_json(self):
        error = run("result = len").error
        self.assertEqual((error["type"], "last line" in error["message"]), ("ResultError", False))

    def test_a_last_expression_of_data_that_is_too_much_or_ambiguous_is_an_error(self):
        for last in ("[0] * 2_000_000", "{1: 0, '1': 0}"):
            with self.subTest(last):
                message = run(last, maxResultBytes=1_000_000).error["message"]
                self.assertIn("sets no `result`, so the value of its last line was used", message)

    def test_a_program_that_neither_sets_a_result_nor_ends_in_an_expression_gets_a_notice(self):
        for code in ("x = 1", "for x in range(2): x", "def f(): return 1", "# nothing"):
            with self.subTest(code):
                self.assertEqual([code for code, _ in self.notices(code)], ["NO_RESULT"])

    def test_a_program_that_has_a_result_or_ends_early_gets_no_notice(self):
        for code in ("result = None", "None", "print(end='')", "exit()", "if True:\n    exit(0)"):
            with self.subTest(code):
                self.assertEqual(self.notices(code), [])


class MainModuleTest(unittest.TestCase):
    def test_own_classes_can_be_pickled_and_found(self):
        code = """
            import pickle, dataclasses
            @dataclasses.dataclass
            class Point:
                x: int
            result = [pickle.loads(pickle.dumps(Point(1))).x, Point.__module__]
        """
        self.assertEqual(run(code).result, [1, "__main__"])

    def test_type_hints_are_resolved_among_own_classes(self):
        code = "import typing\nclass A: pass\ndef f(a: 'A'): pass\nresult = typing.get_type_hints(f)['a'].__name__"
        self.assertEqual(run(code).result, "A")

    def test_nothing_of_ours_can_be_imported(self):
        self.assertEqual(run("import results", policy="kernel").error["type"], "ModuleNotFoundError")

    def test_kernel_policy_is_plain_python(self):
        code = "import os, sys\nresult = [eval('1 + 1'), sys.argv, isinstance(__builtins__, type(os))]"
        self.assertEqual(run(code, policy="kernel").result, [2, ["<node>"], True])

    def test_inspect_shows_the_source_of_own_functions(self):
        code = "import inspect\ndef f():\n    return 1\nresult = inspect.getsource(f)"
        self.assertEqual(run(code, policy="kernel").result, "def f():\n    return 1\n")


class EndTest(unittest.TestCase):
    def test_exit_keeps_the_result_so_far(self):
        for way in ("exit()", "exit(0)", "raise SystemExit"):
            with self.subTest(way):
                self.assertEqual(run(f"result = 1\n{way}\nresult = 2").result, 1)

    def test_a_status_is_an_error_with_that_exit_code(self):
        error = run("exit(3)").error
        self.assertEqual(
            (error["code"], error["type"], error["exitCode"]), ("PYTHON_EXECUTION_ERROR", "SystemExit", 3)
        )

    def test_a_message_is_an_error_with_exit_code_1(self):
        error = run("exit('no input')").error
        self.assertEqual(
            (error["exitCode"], error["message"]), (1, "The program exited with status 1: no input")
        )

    def test_threads_that_still_run_are_joined(self):
        code = """
            import threading, time
            result = []
            def work():
                time.sleep(0.05)
                print("late")
                result.append(1)
            threading.Thread(target=work).start()
        """
        outcome = run(code)
        self.assertEqual((outcome.result, outcome.stdout), ([1], "late\n"))

    def test_an_executor_never_shut_down_does_not_hang(self):
        code = "from concurrent.futures import ThreadPoolExecutor\ne = ThreadPoolExecutor()\ne.submit(len, 'ab').result()"
        self.assertEqual(run(code).result, 2)

    def test_functions_registered_at_exit_run_before_the_end(self):
        self.assertEqual(run("import atexit\natexit.register(print, 'bye')").stdout, "bye\n")

    def test_output_without_a_newline_is_flushed(self):
        outcome = run("print('a', end='')\n1 / 0")
        self.assertEqual((outcome.stdout, outcome.last["kind"]), ("a", "error"))

    def test_output_replaced_by_the_program_does_not_break_the_end(self):
        self.assertEqual(
            run("import sys\nsys.stdout = sys.stderr = None\nresult = 1", policy="kernel").result, 1
        )

    def test_a_closed_channel_does_not_raise(self):
        self.assertEqual(run("print('on')", breaks_channel=True), ([], "on\n", ""))


class FinalizerTest(unittest.TestCase):
    """What Python runs when an interpreter ends runs at the end of a program, and cannot keep its outcome back."""

    DOOMED = """
        import atexit, time
        class Doomed:
            def __init__(self, name): self.name = name
            def __del__(self): print("del", self.name, type(self) is Doomed, time is not None)
        doomed, cyclic = Doomed("plain"), Doomed("cyclic")
        cyclic.itself = cyclic
        def work():
            try:
                yield 1
            finally:
                print("finally")
        suspended = work()
        next(suspended)
        atexit.register(print, "at exit")
    """
    PRINTED = ["at exit", "del plain True True", "del cyclic True True", "finally"]

    def test_del_finally_and_atexit_run_as_in_plain_python(self):
        plain = subprocess.run(
            [sys.executable, "-I", "-c", textwrap.dedent(self.DOOMED)], capture_output=True, text=True, timeout=60
        )
        self.assertEqual(plain.stdout.splitlines(), self.PRINTED)
        for policy in ("strict", "kernel"):
            with self.subTest(policy):
                self.assertEqual(run(self.DOOMED, policy=policy).stdout.splitlines(), self.PRINTED)

    def test_they_run_after_an_error_too(self):
        outcome = run(self.DOOMED + "\n        1 / 0")
        self.assertEqual((outcome.stdout.splitlines(), outcome.error["type"]), (self.PRINTED, "ZeroDivisionError"))

    def test_a_module_that_is_still_held_is_emptied(self):
        code = "import sys, json\nclass D:\n    def __del__(self): print('del')\nd = D()\njson.held = sys.modules['__main__']"
        self.assertEqual(run(code, policy="kernel").stdout, "del\n")

    def test_what_they_try_is_judged(self):
        code = "import random\nclass D:\n    def __del__(self): random._os.system('true')\nd = D()\nresult = 1"
        self.assertEqual(run(code).error["code"], "PYTHON_SECURITY_ERROR")

    def test_one_without_an_end_does_not_keep_the_result_back(self):
        code = "class D:\n    def __del__(self):\n        while True: pass\nd = D()\nresult = 1"
        with patch.object(finalizers, "END_SECONDS", 0.2):
            last = run(code).last
        self.assertEqual((last["json"], [notice["code"] for notice in last["notices"]]), ("1", ["END_CUT_SHORT"]))


class StackTest(unittest.TestCase):
    def test_no_frame_of_weft_shows_in_a_stack(self):
        code = """
            import atexit, threading, traceback
            def show():
                print([frame.name for frame in traceback.extract_stack() if "sandbox/python" in frame.filename])
            class Lazy:
                @property
                def shown(self): return show()
                def __del__(self): show()
            getattr(Lazy(), "shown")
            thread = threading.Thread(target=show)
            thread.start()
            thread.join()
            atexit.register(show)
            show()
            lazy = Lazy()
        """
        for policy in ("strict", "kernel"):
            with self.subTest(policy):
                outcome = run(code, policy=policy)
                self.assertEqual((outcome.violations, outcome.stdout), ([], "[]\n" * 6))

    def test_a_program_may_nest_as_many_calls_as_in_plain_python(self):
        code = "n = 0\ndef f():\n    global n\n    n += 1\n    f()\ntry:\n    f()\nexcept RecursionError:\n    pass\nresult = n"
        plainly = int(subprocess.check_output([sys.executable, "-I", "-c", code + "\nprint(n)"]))
        for policy in ("strict", "kernel"):
            with self.subTest(policy):
                self.assertEqual(run(code, policy=policy).result, plainly)
                self.assertEqual(run(code, policy=policy, recursionLimit=5000).result, plainly + 4000)


class SyntaxErrorTest(unittest.TestCase):
    def test_line_and_column_are_reported(self):
        error = run("x = 1\ny = = 2").error
        self.assertEqual((error["code"], error["type"]), ("PYTHON_EXECUTION_ERROR", "SyntaxError"))
        self.assertEqual((error["line"], error["column"]), (2, 5))
        self.assertIn("y = = 2", error["traceback"])

    def test_code_that_is_not_valid_text_is_a_syntax_error(self):
        self.assertEqual(
            [run("a\0b").error[key] for key in ("type", "line", "column")], ["SyntaxError", 1, 2]
        )
        self.assertEqual(run("x = '\ud800'").error["type"], "SyntaxError")

    def test_code_nested_too_deeply_is_a_syntax_error(self):
        for code in ("(" * 5000, "-" * 50_000 + "1", "[" * 150 + "]" * 150 + "\n" + "x" + ".y" * 50_000):
            with self.subTest(code[:10]):
                self.assertIn(run(code).error["type"], ("SyntaxError", "NameError"))

    def test_what_only_the_compiler_refuses_is_a_syntax_error(self):
        for code in ("class A:\n    return 1", "def f(): await x", "yield 1"):
            with self.subTest(code):
                self.assertEqual(run(code).error["type"], "SyntaxError")


if __name__ == "__main__":
    unittest.main()
