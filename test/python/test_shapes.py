"""Code in the shapes that people have it in."""

import json
import sys
import unittest

from support import run

from check import check, examine

ITEMS = [{"name": "Ann", "n": 1}, {"name": "Bob", "n": 2}]


class ReturnTest(unittest.TestCase):
    def test_what_is_returned_at_top_level_is_the_result(self):
        self.assertEqual(run("x = input_data['a']\nif x > 1:\n    return x * 2\nreturn 0", {"a": 2}).result, 4)

    def test_a_return_without_a_value_leaves_the_result_as_it_is(self):
        code = "result = 5\nif input_data:\n    return\nresult = 6"
        self.assertEqual([run(code, {"a": 1}).result, run(code).result], [5, 6])
        self.assertEqual(run("if input_data: return 1\n2 + 3").result, 5)

    def test_its_names_are_those_of_a_module(self):
        code = """
            from __future__ import annotations
            from math import *
            import dataclasses, json as j, pickle
            total: int = 0
            unset: int

            @dataclasses.dataclass
            class Point:
                x: int
                y: int = 2

            def add(n):
                global total
                total += n

            for i in range(3):
                add(i)
            try:
                1 / 0
            except ZeroDivisionError as error:
                text = str(error)
            squares = [i * i for i in range(3) if (last := i) >= 0]
            del i
            copied = pickle.loads(pickle.dumps(Point(1)))
            return [total, copied.y, globals()["text"], squares, last, j.dumps(floor(1.5)), "i" in globals(),
                    Point.__module__]
        """
        self.assertEqual(run(code).result, [3, 2, "division by zero", [0, 1, 4], 2, "1", False, "__main__"])

    @unittest.skipIf(sys.version_info < (3, 10), "patterns are younger")
    def test_the_names_of_patterns_are_too(self):
        code = """
            match input_data:
                case {'a': [first, *rest], **others}: pass
            return [first, rest, others, 'rest' in globals()]
        """
        self.assertEqual(run(code, {"a": [1, 2], "b": 3}).result, [1, [2], {"b": 3}, True])

    def test_finally_blocks_run_and_nothing_catches_the_return(self):
        code = "try:\n    return 1\nexcept BaseException:\n    print('caught')\nfinally:\n    print('finally')"
        outcome = run(code)
        self.assertEqual((outcome.result, outcome.stdout), (1, "finally\n"))

    def test_it_may_await_as_well(self):
        self.assertEqual(run("import asyncio\nawait asyncio.sleep(0)\nreturn 7").result, 7)

    def test_the_lines_of_a_traceback_are_those_of_the_code(self):
        error = run("# first\ndef f(x):\n    return 1 / x\n\nif True:\n    return f(0)").error
        self.assertEqual((error["type"], error["line"]), ("ZeroDivisionError", 3))
        self.assertIn('File "<node>", line 6, in <module>', error["traceback"])
        self.assertEqual(error["traceback"].count("File "), 2)

    def test_yield_beside_it_is_a_syntax_error(self):
        error = run("x = 'é'; return 1\ny = 'é'; yield 2").error
        self.assertEqual((error["type"], error["line"], error["column"]), ("SyntaxError", 2, 10))
        self.assertIn("'yield' outside function", error["message"])


class AwaitTest(unittest.TestCase):
    def test_a_notebook_awaits_at_top_level(self):
        code = """
            import asyncio
            async def double(n):
                await asyncio.sleep(0)
                return n * 2
            rows = await asyncio.gather(*(double(n) for n in range(3)))
            more = [await double(n) for n in rows]
            await double(sum(more))
        """
        self.assertEqual(run(code).result, 24)

    def test_async_with_and_async_for_do_too(self):
        code = """
            import contextlib
            @contextlib.asynccontextmanager
            async def opened():
                yield 1
            async def count():
                for n in range(3):
                    yield n
            async with opened() as one:
                result = one
            async for n in count():
                result += n
            result += sum([n async for n in count()])
        """
        self.assertEqual(run(code).result, 7)

    def test_the_lines_of_a_traceback_are_those_of_the_code(self):
        error = run("import asyncio\nawait asyncio.sleep(0)\n1 / 0").error
        self.assertEqual((error["type"], error["line"]), ("ZeroDivisionError", 3))


class MainTest(unittest.TestCase):
    def test_main_is_called_with_the_fields_of_the_input(self):
        code = "import math\ndef main(x: float, y=2, *, z=3):\n    return [math.floor(x), y, z]"
        self.assertEqual(run(code, {"x": 1.5, "z": 5, "other": 0}).result, [1, 2, 5])

    def test_main_may_be_async(self):
        code = "import asyncio\nasync def main(x):\n    await asyncio.sleep(0)\n    return x"
        self.assertEqual(run(code, {"x": 1}).result, 1)

    def test_the_code_around_it_runs_before(self):
        code = "FACTOR = 3\ndef main(n):\n    return scaled(n)\ndef scaled(n):\n    return n * FACTOR"
        self.assertEqual(run(code, {"n": 2}).result, 6)

    def test_a_missing_field_is_an_error_that_names_it(self):
        error = run("\ndef main(x, y, z=1):\n    return x", {"y": 1, "a": 2}).error
        self.assertEqual((error["type"], error["line"], error["traceback"]), ("InputError", 2, None))
        self.assertEqual(
            error["message"],
            "`main` needs the field `x` of the input, which has `y`, `a`. Pass it in, or give the parameter a default",
        )
        message = run("def main(x, y): pass").error["message"]
        self.assertIn("needs the fields `x`, `y` of the input, which has no fields. Pass them in", message)

    def test_what_takes_all_fields_gets_the_others(self):
        code = "def main(a, /, b=0, *rest, c, **others):\n    return [a, b, rest, c, others]"
        self.assertEqual(run(code, {"a": 1, "c": 3, "d": 4}).result, [1, 0, [], 3, {"d": 4}])

    def test_an_input_that_is_no_object_is_the_only_argument(self):
        self.assertEqual(run("def main(rows, limit=2):\n    return rows[:limit]", [1, 2, 3]).result, [1, 2])
        error = run("def main(a, b):\n    return a", [1]).error
        self.assertEqual(error["message"], "Expected an input with the fields of `main` (`a`, `b`), got a list")

    def test_a_parameter_called_input_data_is_the_whole_input(self):
        code = "def main(input_data, n=1):\n    return [input_data, n]"
        self.assertEqual(run(code, {"n": 3}).result, [{"n": 3}, 3])

    def test_text_becomes_the_date_time_or_bytes_of_an_annotation(self):
        code = """
            import datetime
            from typing import Optional
            def main(when: datetime.datetime, day: "Optional[datetime.date]", raw: bytes):
                return [when.year, day.month, raw.decode()]
        """
        given = {"when": "2025-11-12T10:00:00Z", "day": "2025-11-12", "raw": "aGk="}
        self.assertEqual(run(code, given).result, [2025, 11, "hi"])
        message = run(code, {**given, "day": "tomorrow"}).error["message"]
        self.assertIn("The field `day` of the input is not what `main` expects", message)

    def test_a_main_that_something_uses_is_not_called_again(self):
        for code in (
            "def main():\n    print('called')\n    return 5\nresult = main()",
            "def main():\n    print('called')\n    return 5\ndef twice(f): return f()\ntwice(main)",
            "def main():\n    print('called')\n    return 5\nif __name__ == '__main__':\n    result = main()",
        ):
            outcome = run(code)
            self.assertEqual((outcome.result, outcome.stdout), (5, "called\n"), code)

    def test_code_with_an_entry_of_its_own_is_a_script(self):
        code = "def main(x):\n    return x\nif __name__ == '__main__':\n    print('own')"
        outcome = run(code)
        self.assertEqual((outcome.result, outcome.stdout), (None, "own\n"))

    def test_an_error_in_it_has_its_own_line(self):
        error = run("def main(x):\n    return 1 / x", {"x": 0}).error
        self.assertEqual((error["type"], error["line"]), ("ZeroDivisionError", 2))
        self.assertEqual(error["traceback"].count("File "), 1)


class TwoShapesTest(unittest.TestCase):
    def test_main_beside_another_shape_is_an_error_that_names_both(self):
        for rest, does in (
            ("return 1", "returns at top level"),
            ("await f()", "awaits at top level"),
            ("result = 1", "sets `result`"),
            ("print(1)", "ends with an expression"),
        ):
            code = f"def main(x):\n    return x\n{rest}"
            error = run(code, {"x": 1}).error
            self.assertEqual((error["type"], error["line"], error["column"]), ("SyntaxError", 3, 1), rest)
            self.assertIn(f"two shapes at once: it {does} (line 3), and it defines `main`", error["message"])
            (finding,) = check(code)
            self.assertEqual((finding.rule, finding.line, finding.column), ("two-shapes", 3, 1))

    def test_a_docstring_at_its_end_is_no_expression(self):
        self.assertEqual(run("def main(): return 1\n'''The end.'''").result, 1)


class WallsTest(unittest.TestCase):
    """A shape is no way around a rule."""

    def test_the_static_wall_judges_code_of_every_shape(self):
        for code in (
            "import os\nreturn os.getcwd()",
            "return eval('1')",
            "await __import__('os').f()",
            "def main(x=open('x', 'w')): return x",
            "def main(x: eval('1')): return x",
            "async def main():\n    import subprocess",
        ):
            self.assertNotEqual(check(code), [], code)

    def test_so_does_the_runtime_wall(self):
        for code in (
            "import random\nreturn random._os.system('true')",
            "import random, asyncio\nawait asyncio.sleep(0)\nrandom._os.system('true')",
            "def main():\n    import random\n    return random._os.system('true')",
            "import random\ndef main(command): pass\nglobals()['main'] = random._os.system",
            "import random\ndef main(code, /): pass\nglobals()['main'] = random._os.sys.modules['builtins'].eval",
        ):
            outcome = run(code, {"command": "true", "code": "__import__('os')"})
            self.assertEqual(outcome.error["code"], "PYTHON_SECURITY_ERROR", code)
            self.assertNotEqual(outcome.violations, [], code)

    def test_a_default_or_an_annotation_of_main_is_not_evaluated_to_read_its_signature(self):
        report = examine("def main(a: print('x'), b=print('y'), c: 'print(1)' = 2): pass")
        properties = json.loads(report.input_schema)["properties"]
        self.assertEqual(properties, {"a": {}, "b": {}, "c": {"default": 2}})


class N8nTest(unittest.TestCase):
    def test_the_code_that_its_editor_begins_with_runs(self):
        changed = [{"json": {**item, "my_new_field": 1}} for item in ITEMS]
        for code in (
            "for item in _input.all():\n  item.json.my_new_field = 1\nreturn _input.all()",
            'for item in _items:\n  item["json"]["my_new_field"] = 1\nreturn _items',
        ):
            self.assertEqual(run(code, ITEMS).result, changed)
        for code in (
            "_input.item.json.my_new_field = 1\nreturn _input.item",
            '_item["json"]["my_new_field"] = 1\nreturn _item',
        ):
            self.assertEqual(run(code, ITEMS[0]).result, changed[0])

    def test_items_are_those_of_the_input(self):
        code = """
            first, last = _input.first(), _input.last()
            return [first.json.name, last['json']['n'], _json['name'], len(items), _input.item == _item]
        """
        self.assertEqual(run(code, ITEMS).result, ["Ann", 2, "Ann", 2, True])
        self.assertEqual(run("result = [items, _json, _input.first().json]", None).result, [[{"json": {}}], {}, {}])
        self.assertEqual(run("result = [items, _json]", []).result, [[], {}])

    def test_what_already_are_items_stay_items(self):
        self.assertEqual(run("return [item.json.n for item in items]", [{"json": {"n": 1}}]).result, [1])
        self.assertEqual(run("return _json.json", {"json": {"n": 1}, "other": 2}).result, {"n": 1})

    def test_a_name_that_the_code_defines_is_its_own(self):
        for code in (
            "items = [1]\nresult = items",
            "def f(items): return items\nresult = f([1])",
            "result = [x for items in [[1]] for x in items]",
            "class items: pass\nresult = [1]",
        ):
            self.assertEqual(run(code, ITEMS).result, [1], code)
        self.assertEqual(run("result = sorted({'a': 1}.items())").result, [["a", 1]])
        self.assertEqual(run("result = 'items' in globals()").result, False)

    def test_a_missing_field_is_an_error_that_lists_those_there(self):
        message = run("return _json.nam", ITEMS).error["message"]
        self.assertEqual(message, "the item has no field 'nam'; it has 'name', 'n'")


if __name__ == "__main__":
    unittest.main()
