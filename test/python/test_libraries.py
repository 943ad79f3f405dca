import os
import textwrap
import unittest

from support import PACKAGES_FOLDER, run

# A package as people install it, with what libraries do on their own account and what they do for others.
LIBRARY = """
import asyncio, email.utils, inspect, platform, subprocess, urllib.request
import os as operating_system

def version():
    try:
        return subprocess.check_output(["uname", "-p"])
    except OSError as error:
        return f"unknown ({type(error).__name__})"

def download():
    return urllib.request.urlopen("https://example.org/data.csv")

def fetch(url):
    return urllib.request.urlopen(url)

class Client:
    def __init__(self, url):
        self.url = url

    def read(self):
        return fetch(self.url + "/items")

def execute(command):
    return operating_system.system(command)

def apply(function, *values):
    return [function(value) for value in values]

def call_run(runner, value):
    return runner.run(value)

def classes(module):
    return [name for name, value in inspect.getmembers(module) if inspect.isclass(value)]

def member(value, name):
    return dict(inspect.getmembers(value))[name]
"""
FATAL, OWN = [True], [False]


class LibraryTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(os.path.join(PACKAGES_FOLDER, "honest.py"), "w", encoding="utf-8") as file:
            file.write(LIBRARY)

    def run_with(self, code):
        return run("import honest, random\nshell = random._os.system\n" + textwrap.dedent(code))

    def assert_own(self, outcome, rule):
        """Refused, reported, and the run goes on."""
        self.assertEqual(outcome.last["kind"], "result", outcome.frames)
        self.assertEqual([violation["rule"] for violation in outcome.violations], [rule])
        self.assertEqual([frame["isFatal"] for frame in outcome.of_kind("violation")], OWN)
        self.assertIn("on its own account", outcome.violations[0]["message"])

    def assert_programs(self, outcome, rule):
        """Refused, reported, and the end of the run."""
        self.assertEqual(outcome.last["kind"], "error", outcome.frames)
        self.assertEqual(outcome.error["code"], "PYTHON_SECURITY_ERROR", outcome.frames)
        self.assertEqual(outcome.violations[0]["rule"], rule)
        self.assertIn(True, [frame["isFatal"] for frame in outcome.of_kind("violation")])


class OwnAccountTest(LibraryTest):
    def test_a_process_that_a_library_starts_unasked_is_an_error_that_it_can_catch(self):
        outcome = self.run_with("result = honest.version()")
        self.assert_own(outcome, "process")
        self.assertEqual(outcome.result, "unknown (PermissionError)")

    def test_the_standard_library_lives_without_what_it_tries(self):
        for code, rule in (
            ("import platform\nresult = platform.processor()", "process"),
            ("import platform\nresult = platform.architecture()[0]", "process"),
            ("import email.utils\nresult = email.utils.make_msgid()", "network"),
            ("import getpass\ntry:\n    getpass.getpass()\nexcept EOFError:\n    result = 1", "file-write"),
        ):
            with self.subTest(code):
                self.assert_own(run(code), rule)

    def test_an_address_that_a_library_has_of_its_own_is_an_error_of_the_library(self):
        outcome = self.run_with("try:\n    honest.download()\nexcept OSError as error:\n    result = str(error)")
        self.assert_own(outcome, "network")
        self.assertIn("there is no network here", outcome.result)

    def test_what_nobody_catches_fails_the_run_as_an_ordinary_error(self):
        error = self.run_with("honest.download()").error
        self.assertEqual((error["code"], error["type"]), ("PYTHON_EXECUTION_ERROR", "PermissionError"))

    def test_a_library_that_lists_a_module_finds_no_blocked_members(self):
        outcome = self.run_with("import json\nresult = honest.classes(json)")
        self.assertEqual(outcome.result, ["JSONDecodeError", "JSONDecoder", "JSONEncoder"])
        self.assertEqual({frame["isFatal"] for frame in outcome.of_kind("violation")}, {False})

    def test_what_a_library_tries_in_a_loop_is_counted(self):
        outcome = self.run_with("for _ in range(300):\n    honest.version()")
        self.assertEqual([frame["count"] for frame in outcome.of_kind("violation")], [1, 9, 90, 200])

    def test_a_flood_by_a_library_hides_no_violation_of_the_program(self):
        code = "for n in range(300):\n    honest.version()\ntry:\n    shell('x')\nexcept BaseException:\n    pass"
        outcome = self.run_with(code)
        self.assertEqual(outcome.error["code"], "PYTHON_SECURITY_ERROR")
        self.assertEqual([f["isFatal"] for f in outcome.of_kind("violation")].count(True), 1)


class AskedByTheProgramTest(LibraryTest):
    """A library that does the forbidden for the program, whose error the program swallows."""

    def assert_no_way(self, call, rule):
        for code in (call, f"try:\n    {call}\nexcept BaseException:\n    pass\nresult = 1"):
            with self.subTest(code):
                self.assert_programs(self.run_with(code), rule)

    def test_a_command_that_it_hands_to_the_library(self):
        self.assert_no_way("honest.execute('true')", "process")
        self.assert_no_way("honest.execute(' '.join(['true', 'x']))", "process")

    def test_an_address_that_it_hands_to_the_library(self):
        self.assert_no_way("honest.fetch('http://127.0.0.1:9/x')", "network")
        self.assert_no_way("honest.fetch('http:' + 2 * chr(47) + '127.0.0.1:9')", "network")
        self.assert_no_way("honest.Client('http:' + 2 * chr(47) + '127.0.0.1:9').read()", "network")

    def test_an_address_that_stands_in_its_code(self):
        self.assert_no_way("url = 'https://example.org/data.csv'; honest.download()", "network")

    def test_a_function_that_it_hands_to_the_library(self):
        self.assert_no_way("honest.apply(shell, 'true')", "process")
        self.assert_no_way("honest.apply(lambda command: shell(command), 'true')", "process")

    def test_a_function_that_the_library_calls_by_a_name_of_its_own(self):
        code = "import asyncio\nclass Runner: run = staticmethod(asyncio.base_events.subprocess.run)\n"
        self.assert_programs(self.run_with(f"{code}honest.call_run(Runner, ['true'])"), "process")

    def test_a_function_of_a_blocked_module_that_it_calls_itself(self):
        code = "import asyncio\nrun = asyncio.base_events.subprocess.run\ntry: run(['true'])\nexcept OSError: pass"
        self.assert_programs(run(code), "process")

    def test_an_attribute_whose_name_it_hands_to_the_library(self):
        self.assert_no_way("honest.member(honest.apply, '__glo' + 'bals__')", "dunder-access")


if __name__ == "__main__":
    unittest.main()
