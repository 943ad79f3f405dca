"""Code in the shapes that people have it in."""

import json
import os
import sys
import unittest

from support import PACKAGES_FOLDER, run

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

    def test_an_object_becomes_an_instance_of_the_dataclass_of_an_annotation(self):
        code = """
            from dataclasses import dataclass
            from typing import Optional
            @dataclass
            class Place:
                city: str
            @dataclass
            class Order:
                to: Place
                amount: int = 1
            def main(first: Order, others: list[Order], last: "Order | None" = None, plain: Optional[dict] = None):
                return [first.to.city, first.amount, [order.amount for order in others], last.to.city, plain]
        """
        to = {"city": "Rome"}
        given = {"first": {"to": to}, "others": [{"to": to, "amount": 3}], "last": {"to": to}, "plain": {"a": 1}}
        self.assertEqual(run(code, given).result, ["Rome", 1, [3], "Rome", {"a": 1}])
        message = run(code, {**given, "first": {"size": 1}}).error["message"]
        self.assertIn("The field `first` of the input is not what `main` expects", message)

    def test_and_of_a_class_that_validates_as_those_of_pydantic_do(self):
        code = """
            class Order:
                @classmethod
                def model_validate(cls, value):
                    if "amount" not in value:
                        raise ValueError("amount: Field required")
                    made = cls()
                    made.amount = value["amount"]
                    return made
            def main(order: Order):
                return order.amount
        """
        self.assertEqual(run(code, {"order": {"amount": 2}}).result, 2)
        error = run(code, {"order": {}}).error
        self.assertEqual(error["type"], "InputError")
        self.assertIn("not what `main` expects: amount: Field required", error["message"])

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

    def test_a_name_that_the_code_reads_before_it_binds_it_is_there(self):
        for code in (
            "items = items or []\nreturn len(items)",
            "def count(items): return len(items)\nreturn count(items)",
            "for row in items:\n    pass\nitems = [row, row]\nreturn len(items)",
        ):
            self.assertEqual(run(code, ITEMS).result, 2, code)

    def test_items_and_lists_have_what_those_of_its_browser_have(self):
        code = """
            import copy
            item = items[0]
            other, third, fourth = item.copy(), item.clone(), copy.deepcopy(item)
            third.json.tags.append("c")
            fourth.json.name = "Dan"
            other.more = 1
            plain = item.json.to_py()
            return [item, other.more, third.json.tags, item.json.tags.length, items.length, type(plain["tags"]).__name__,
                    item.json.object_keys(), item.json.object_values()[0], item.json.object_entries()[0]]
        """
        given = {"name": "Ann", "tags": ["a", "b"]}
        expected = [{"json": given}, 1, ["a", "b", "c"], 2, 1, "list", ["name", "tags"], "Ann", ["name", "Ann"]]
        self.assertEqual(run(code, given).result, expected)

    def test_another_node_is_the_field_that_its_edge_brings(self):
        given = {"httpRequest": {"status": 200}, "load_rows": ITEMS, "in": {"id": 7}}
        code = """
            answer = _node["HTTP Request"].first().json.status
            rows = [item.json.name for item in _("Load rows").all()]
            return [answer, rows, _json.id, _input.first().json.id]
        """
        self.assertEqual(run(code, given).result, [200, ["Ann", "Bob"], 7, 7])
        # Where it is not clear which one is left, the input is all of it.
        self.assertEqual(run("return [_('in').item.json.id, sorted(_json)]", given).result, [7, sorted(given)])

    def test_a_node_that_no_edge_comes_from_is_an_error_that_says_so(self):
        for code in ("return _('Other').all()", "return _node['Other'].json"):
            error = run(code, {"one": 1, "two": 2}).error
            self.assertEqual(error["type"], "LookupError")
            self.assertIn("nothing of a node 'Other': connect that node to this one", error["message"])
            self.assertIn("here they are 'one', 'two'", error["message"])
        self.assertIn("one input here", run("return _input.all(1)", ITEMS).error["message"])
        self.assertIn("Items are not paired here", run("return _('a').itemMatching(0)", {"a": 1}).error["message"])

    def test_the_time_is_a_datetime(self):
        code = """
            import datetime
            return [isinstance(_now, datetime.datetime), _today.hour, _today <= _now, _now.toISODate() == str(_now.date()),
                    _now.toISO()[:10] == _now.isoformat()[:10], _now.toMillis() // 1000 == int(_now.timestamp())]
        """
        self.assertEqual(run(code).result, [True, 0, True, True, True, True])

    def test_binary_data_and_fields_named_as_methods_are_errors_that_say_what_to_do(self):
        for code in ("return items[0].binary", "return items[0]['binary']"):
            self.assertIn("open_artifact(input_data['file'])", run(code, ITEMS).error["message"], code)
        self.assertEqual(run("return items[0].binary.data", [{"json": {}, "binary": {"data": 1}}]).result, 1)
        message = run("return [each for each in _json.items]", {"items": [1]}).error["message"]
        self.assertIn("write `record['items']`", message)

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


class ModulesOfOtherPlatformsTest(unittest.TestCase):
    def test_what_has_a_meaning_here_works(self):
        code = """
            import json, micropip, wmill
            from js import JSON, Object, console
            from pyodide.ffi import JsProxy, to_js
            await micropip.install([])
            console.log("seen", Object.keys(_json))
            value = to_js({"a": 1}, dict_converter=Object.fromEntries)
            return [isinstance(_json, JsProxy), JSON.parse(JSON.stringify(value)), Object.entries(value)]
        """
        outcome = run(code, {"n": 1})
        self.assertEqual(outcome.result, [False, {"a": 1}, [["a", 1]]])
        self.assertEqual(outcome.stdout, "seen ['n']\n")

    def test_windmills_progress_is_progress_and_its_tasks_run(self):
        code = """
            import wmill
            from wmill import S3Object, task
            @task
            def double(n): return n * 2
            @task(tag="large")
            def more(n): return n + 1
            def main(n: int, file: S3Object = None):
                wmill.set_progress(40)
                return more(double(n))
        """
        outcome = run(code, {"n": 2})
        self.assertEqual(outcome.result, 5)
        (frame,) = (frame for frame in outcome.frames if frame["kind"] == "progress")
        self.assertEqual((frame["current"], frame["total"]), (40, 100))

    def test_a_variable_of_windmill_is_a_secret_of_the_node(self):
        code = "import wmill\ndef main(path): return len(wmill.get_variable(path))"
        secrets = {"SIGNING_KEY": "four", "OTHER": "x"}
        for path in ("f/team/signing_key", "SIGNING_KEY", "u/ann/signing-key"):
            self.assertEqual(run(code, {"path": path}, secrets=secrets).result, 4, path)
        message = run(code, {"path": "f/team/absent"}, secrets=secrets).error["message"]
        self.assertIn("name a secret of the same name in the node's `secrets`", message)

    def test_the_rest_says_what_to_write_instead_when_it_is_called(self):
        for code, instead in (
            ("import wmill\ndef main(): return wmill.get_variable('f/team/key')", "is a parameter of `main`"),
            ("from wmill import get_resource\ndef main(): return get_resource('u/a/db')", "give `main` a parameter"),
            ("import wmill\ndef main(): return wmill.get_state()", "nothing is kept between runs"),
            ("import wmill\ndef main(): return wmill.run_script_by_path('f/a')", "a node of its own"),
            ("import wmill\ndef main(): return wmill.whatever(1)", "Windmill's server is not here"),
            ("from js import fetch\nreturn await fetch('https://example.com')", "`fetch(url)` is there without one"),
            ("from pyodide.http import pyfetch\nreturn await pyfetch('x')", "write `fetch(url)`"),
        ):
            error = run(code).error
            self.assertEqual(error["type"], "NotImplementedError", code)
            self.assertIn(instead, error["message"], code)
        message = run("import micropip\nawait micropip.install('some_thing>=1')").error["message"]
        self.assertIn("Add `some-thing` to the node's `packages`", message)

    def test_a_package_of_the_name_is_itself(self):
        with open(os.path.join(PACKAGES_FOLDER, "wmill.py"), "w") as module:
            module.write("def get_variable(path): return path")
        try:
            self.assertEqual(run("import wmill\ndef main(): return wmill.get_variable('a')").result, "a")
        finally:
            os.remove(os.path.join(PACKAGES_FOLDER, "wmill.py"))

    def test_no_package_is_named_for_them(self):
        self.assertEqual(examine("import wmill, js, pyodide.ffi, micropip, numpy").imports, ["numpy"])

    def test_they_are_no_way_around_a_rule(self):
        for code in (
            "import wmill\nresult = wmill.get_variable.__globals__",
            "import js\nresult = getattr(js.JSON.parse, '__glo' + 'bals__')",
            "import micropip\nresult = micropip.install.__code__",
        ):
            self.assertEqual(run(code).error["code"], "PYTHON_SECURITY_ERROR", code)


if __name__ == "__main__":
    unittest.main()
