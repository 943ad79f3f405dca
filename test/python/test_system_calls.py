import json
import os
import platform
import unittest

from scientific import PROGRAMS
from support import PYTHON_FOLDER, ROOT, run

import seccomp

# What libraries do without, because they have a fallback or ignore the refusal.
DONE_WITHOUT = {"clone3", "execve", "mbind", "preadv2", "syscall_0x1c3"}

with open(os.path.join(ROOT, "test", "python", "measured_calls.json"), encoding="utf-8") as file:
    MEASURED = json.load(file)


class SystemCallsTest(unittest.TestCase):
    @unittest.skipUnless(platform.machine() == MEASURED["machine"], "measured on another machine")
    def test_every_measured_call_is_allowed_or_answered_on_purpose(self):
        answered = {*seccomp.ALLOWED, *seccomp.BY_ARGUMENT, *seccomp.REFUSED, *DONE_WITHOUT}
        self.assertEqual(set(MEASURED["calls"]) - answered, set())

    def test_no_call_has_two_answers(self):
        answers = [*seccomp.ALLOWED, *seccomp.BY_ARGUMENT, *seccomp.REPORTED, *seccomp.REFUSED]
        self.assertEqual(sorted(answers), sorted(set(answers)))

    def test_every_group_says_why(self):
        with open(os.path.join(PYTHON_FOLDER, "system_calls.json"), encoding="utf-8") as file:
            data = json.load(file)
        for kind in ("allowed", "reported", "refused"):
            for group in data[kind]:
                self.assertGreater(len(group["why"]), 10)

    def test_the_measured_programs_are_those_of_the_corpus_and_succeed(self):
        for name, (packages, code) in PROGRAMS.items():
            if not packages:
                with self.subTest(name):
                    self.assertEqual(run(code, policy="kernel").last["kind"], "result")


if __name__ == "__main__":
    unittest.main()
