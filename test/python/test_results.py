import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import json
import math
import pathlib
import time
import unittest
import uuid

import support  # noqa: F401  puts the modules under test on the path

from results import MAX_DEPTH, ResultError, to_json


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


@dataclasses.dataclass
class Point:
    x: int
    at: datetime.date


Pair = collections.namedtuple("Pair", "left right")
UTC = datetime.timezone.utc


class Lying(str):
    def __str__(self):
        return "lie"


class MappingTest(unittest.TestCase):
    def assert_maps(self, cases):
        for value, expected in cases:
            with self.subTest(repr(value)[:60]):
                self.assertEqual(json.loads(to_json(value)), expected)

    def test_scalars(self):
        self.assert_maps([
            (None, None), (True, True), (1, 1), (1.5, 1.5), ("é", "é"), ("", ""), (Lying("truth"), "truth"),
            (Colour.RED, "red"), (Level.HIGH, 3), ({"c": Colour.RED}, {"c": "red"}),
        ])  # fmt: skip

    def test_nan_and_infinities_are_null(self):
        self.assert_maps(
            [
                (math.nan, None),
                ([math.inf, 1.0, -math.inf], [None, 1.0, None]),
                ({"a": (math.nan,)}, {"a": [None]}),
            ]
        )

    def test_integers_that_javascript_would_round_are_strings(self):
        self.assert_maps([
            (2**53 - 1, 2**53 - 1), (2**53, "9007199254740992"), ([-(2**53)], ["-9007199254740992"]),
            ({"id": 2**63}, {"id": "9223372036854775808"}), (2**53 + 0.0, 2.0**53),
        ])  # fmt: skip

    def test_containers(self):
        self.assert_maps([
            ([], []), ({}, {}), ((1, [2]), [1, [2]]), (range(3), [0, 1, 2]), (collections.deque([1]), [1]),
            ({3, 1, 2}, [1, 2, 3]), (frozenset("a"), ["a"]), ({"a": 1}.keys(), ["a"]), ({"a": 1}.items(), [["a", 1]]),
            (collections.OrderedDict(b=1), {"b": 1}), (collections.Counter("aa"), {"a": 2}), (collections.ChainMap({"a": 1}), {"a": 1}),
            (Pair(1, 2), {"left": 1, "right": 2}), ([Pair(1, None)], [{"left": 1, "right": None}]),
            (Point(1, datetime.date(2024, 1, 2)), {"x": 1, "at": "2024-01-02"}),
        ])  # fmt: skip

    def test_sets_that_cannot_be_sorted_are_arrays_too(self):
        self.assertEqual(len(json.loads(to_json({1, "a", None}))), 3)

    def test_dates_and_times(self):
        self.assert_maps([
            (datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), "2024-01-02T03:04:05+00:00"),
            (datetime.datetime(2024, 1, 2), "2024-01-02T00:00:00"), (datetime.date(2024, 1, 2), "2024-01-02"),
            (datetime.time(1, 2), "01:02:00"), (datetime.timedelta(minutes=1, milliseconds=500), 60.5),
        ])  # fmt: skip

    def test_exact_numbers_names_and_bytes(self):
        self.assert_maps([
            (decimal.Decimal("0.10"), "0.10"), (decimal.Decimal("NaN"), None), (fractions.Fraction(1, 3), "1/3"),
            (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"), (pathlib.PurePosixPath("/a"), "/a"),
            (b"\x00\xff", "AP8="), (bytearray(b"a"), "YQ=="), (memoryview(b"a"), "YQ=="),
        ])  # fmt: skip

    def test_keys(self):
        self.assert_maps([
            ({1: 1, 1.5: 2, True + 1: 3, None: 4}, {"1": 1, "1.5": 2, "2": 3, "null": 4}), ({False: 0}, {"false": 0}),
            ({datetime.date(2024, 1, 2): 1}, {"2024-01-02": 1}), ({Colour.RED: 1}, {"red": 1}), ({Level.HIGH: 1}, {"3": 1}),
            ({uuid.UUID(int=1): 1}, {"00000000-0000-0000-0000-000000000001": 1}),
        ])  # fmt: skip

    def test_lone_surrogates_are_replaced(self):
        self.assertEqual(to_json("a\ud800é"), '"a\ufffdé"')

    def test_the_text_is_compact_and_not_escaped(self):
        self.assertEqual(to_json({"é": [1, 2]}), '{"é":[1,2]}')


class ErrorTest(unittest.TestCase):
    def assert_error(self, value, *parts):
        with self.assertRaises(ResultError) as caught:
            to_json(value)
        for part in parts:
            self.assertIn(part, str(caught.exception))

    def test_what_cannot_be_mapped_is_named_by_its_path(self):
        self.assert_error({"rows": [0, 1, 2, {"fn": len}]}, "result.rows[3].fn: function is not serialisable")
        self.assert_error(object(), "result: object is not serialisable")
        self.assert_error({"a b": {"c": 1j}}, 'result["a b"].c: complex', "[z.real, z.imag]")
        self.assert_error([ValueError], "result[0]: the class ValueError")

    def test_the_error_for_generators_and_coroutines_has_the_remedy(self):
        self.assert_error((i for i in []), "generator", "list(…)")
        self.assert_error(map(str, []), "map", "list(…)")

        async def later():
            pass

        coroutine = later()
        self.assert_error(coroutine, "coroutine", "await")
        coroutine.close()

    def test_circular_references_are_named(self):
        ring = {"a": []}
        ring["a"].append(ring)
        self.assert_error(ring, "result.a[0]: circular")

    def test_the_same_value_twice_is_not_circular(self):
        row = {"x": {1}}
        self.assertEqual(json.loads(to_json([row, row])), [{"x": [1]}, {"x": [1]}])

    def test_depth_is_limited(self):
        value = 1
        for _ in range(MAX_DEPTH):
            value = [value]
        self.assertEqual(to_json(value).count("["), MAX_DEPTH)
        self.assert_error([value], f"deeper than {MAX_DEPTH}")

    def test_size_is_limited_for_shared_lists_too(self):
        value = []
        for _ in range(90):
            value = [value, value]
        for too_large in (value, [value, {1}], list(range(6000)), {"a": {1: "x" * 10_000}}):
            with self.assertRaisesRegex(ResultError, "larger than"):
                to_json(too_large, max_bytes=10_000)
        with self.assertRaises(ResultError):
            to_json("é" * 6, max_bytes=13)
        self.assertEqual(to_json("é" * 6, max_bytes=14), '"éééééé"')

    def test_keys_that_have_no_form_or_collide_are_errors(self):
        self.assert_error({"a": {(1, 2): 3}}, "result.a: a key is tuple ((1, 2))")
        self.assert_error({1: "a", "1": "b"}, 'result: two keys become "1"')
        self.assert_error({b"x": 1}, "a key is bytes")


class SpeedTest(unittest.TestCase):
    def test_ten_megabytes_of_plain_data_take_little_longer_than_json_dumps(self):
        rows = [{"id": i, "name": f"name {i}", "values": [i, i * 0.5, None, True]} for i in range(150_000)]
        texts = []
        bare = min(_seconds(lambda: json.dumps(rows, ensure_ascii=False)) for _ in range(2))
        ours = min(_seconds(lambda: texts.append(to_json(rows))) for _ in range(2))
        self.assertGreater(len(texts[0]), 9_000_000)
        self.assertLess(ours, bare * 8)


def _seconds(work):
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    unittest.main()
