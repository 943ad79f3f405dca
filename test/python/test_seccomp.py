"""The filter on system calls, run by a small interpreter of its instructions: the same as its tables, and found quickly."""

import errno
import pathlib
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "server/sandbox/python"))
import seccomp  # noqa: E402

sys.path.pop(0)  # else the cells of other tests find our modules there

_INSTRUCTION = struct.Struct("=HBBI")
_NOSYS = 0x50000 | errno.ENOSYS


def verdict(program, number, arguments=(0,) * 6, architecture=None):
    """The answer to a call, and after how many instructions."""
    architecture = seccomp._audit_architecture if architecture is None else architecture
    data = struct.pack("=iIQ6Q", number, architecture, 0, *arguments)
    at, value = 0, 0
    for steps in range(1, 1000):
        code, if_true, if_false, k = program[at]
        at += 1
        if code == 0x20:
            (value,) = struct.unpack_from("=I", data, k)
        elif code == 0x54:
            value &= k
        elif code == 0x05:
            at += k
        elif code == 0x06:
            return k, steps
        else:
            holds = {0x15: value == k, 0x45: value & k != 0, 0x35: value >= k}[code]
            at += if_true if holds else if_false
    raise AssertionError("Expected an answer")


def instructions(raw):
    return list(_INSTRUCTION.iter_unpack(bytes(raw)[: len(raw) // 8 * 8]))


class Filter(unittest.TestCase):
    def setUp(self):
        self.program = instructions(seccomp.build_filter()[1])

    def test_every_number_has_the_answer_of_its_table(self):
        expected = {number: seccomp._ALLOW for number in seccomp.ALLOWED.values()}
        expected.update((number, seccomp._NOTIFY) for number in seccomp.REPORTED.values())
        expected.update((number, 0x50000 | error) for number, error in seccomp.REFUSED.values())
        judged = set(seccomp.BY_ARGUMENT.values())
        x32 = [0x40000000 | number for number in range(600)]
        for number in [*range(2000), *x32, 0x7FFFFFFF, -1, -2]:
            if number not in judged:
                answer, steps = verdict(self.program, number)
                self.assertEqual(answer, expected.get(number, _NOSYS), number)
                self.assertLess(steps, 28)

    def test_calls_that_are_judged_by_arguments_reach_their_rule(self):
        for name, body in seccomp._rules(seccomp._NOTIFY, makes_cells=False).items():
            rule = instructions(b"".join(body))
            for first in (0, 1, 2, 17, 0x11, 0x22, 0x10000000, 0x5413, 1030):
                for second in (0, 1, 2, 0x22, 0x40000):
                    arguments = (first, second, second, first, 0, 0)
                    number = seccomp.BY_ARGUMENT[name]
                    expected, _steps = verdict(rule, number, arguments)
                    self.assertEqual(verdict(self.program, number, arguments)[0], expected, (name, arguments))

    def test_calls_of_another_architecture_are_reported(self):
        self.assertEqual(verdict(self.program, 1, architecture=0x40000003)[0], seccomp._NOTIFY)


if __name__ == "__main__":
    unittest.main()
