import unittest

from support import run


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

    def test_the_error_of_a_last_expression_without_a_json_form_suggests_to_set_result(self):
        message = run("x = 1\nlen").error["message"]
        self.assertIn("result: function is not serialisable", message)
        self.assertIn("sets no `result`, so the value of its last line was used", message)
        self.assertNotIn("last line", run("result = len").error["message"])

    def test_future_statements_keep_their_place(self):
        code = "'doc'\nfrom __future__ import annotations\ndef f(x: Unknown): pass\nf.__annotations__"
        self.assertEqual(run(code).result, {"x": "Unknown"})

    def test_input_data_is_a_copy_to_change(self):
        self.assertEqual(run("input_data['a'].append(2)\ninput_data", {"a": [1]}).result, {"a": [1, 2]})


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

    def test_return_and_await_outside_a_function_are_syntax_errors(self):
        for code in ("return 1", "await x", "yield 1"):
            with self.subTest(code):
                self.assertEqual(run(code).error["type"], "SyntaxError")


if __name__ == "__main__":
    unittest.main()
