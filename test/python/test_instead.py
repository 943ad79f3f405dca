"""Refusals name what to write instead, by member. test/sandbox/instead.test.ts runs each suggestion in a strict cell."""

import textwrap
import unittest

import support  # noqa: F401  puts the modules under test on the path

from check import check
from policy import INSTEAD


def messages_of(code):
    return " ".join(finding.message for finding in check(textwrap.dedent(code)))


class InsteadTest(unittest.TestCase):
    def test_there_are_more_than_a_hundred_and_none_is_only_said(self):
        self.assertGreater(len(INSTEAD), 100)

    def test_each_is_said_where_the_member_is_refused(self):
        for member, entry in INSTEAD.items():
            parts = member.split(".")
            modules = [".".join(parts[:count]) for count in range(1, len(parts))]
            said = any(entry.get("write", f"set the node's `{entry.get('set')}`") in messages_of(f"import {module}\n{member}") for module in modules)
            self.assertTrue(said, member)

    def test_an_import_names_those_of_the_members_that_are_used(self):
        message = messages_of("import os\nprint(os.path.join('a', 'b'), os.getenv('KEY'))")
        self.assertTrue(
            message.endswith(
                "handle paths with pathlib. For `os.path.join` write `str(Path(folder, name))` "
                "(`from pathlib import Path`); for `os.getenv` write `input_data.get('API_KEY')`"
            ),
            message,
        )
        self.assertTrue(messages_of("import os").endswith("handle paths with pathlib"))

    def test_so_do_imports_of_names_and_other_names_of_a_module(self):
        for code in (
            "from os.path import join as glue\nglue('a')",
            "from os import path\npath.join('a')",
            "import os.path as p\np.join('a')",
            "import os.path\nos.path.join('a')",
        ):
            self.assertIn("For `os.path.join` write `str(Path(", messages_of(code), code)

    def test_a_longer_name_stands_for_the_shorter_one_in_it(self):
        message = messages_of("import sys\nsys.stderr.write('x')")
        self.assertIn("for `sys.stderr.write` write `logging.error(text)`", message.replace("For", "for"))
        self.assertNotIn("`sys.stderr` write", message)

    def test_a_message_names_a_few_and_stays_short(self):
        used = " ".join(f"{member};" for member in INSTEAD if member.startswith("os.path."))
        message = messages_of(f"import os\n{used}")
        self.assertEqual(message.count(" write `"), 4)
        self.assertLess(len(message), 1_000)


if __name__ == "__main__":
    unittest.main()
