"""`getattr` in a program is what it is in plain Python, and calls of it that need no guard have none."""

import unittest

from support import run, run_plainly

PROGRAMS = {
    "names, defaults and methods": """
        class Point:
            x = 1
            def scaled(self, by): return self.x * by
        point, names = Point(), ["x", "scaled"]
        result = [getattr(point, "x"), getattr(point, "y", 7), getattr(point, "scaled")(3), getattr(point, "class", None)]
        for name in names:
            result.append(callable(getattr(point, name)))
            result.append(getattr(point, name + "!", name))
    """,
    "every scope": """
        class Point: x = 1
        point, name = Point(), "x"
        def function(value, name): return getattr(value, name), (lambda: getattr(value, "x"))(), getattr(value, name, 0)
        class Own:
            field = getattr(point, name)
            __secret = 5
            def read(self, name): return getattr(self, "_Own__secret"), getattr(self, name), getattr(self, "__secret", 0)
        result = [function(point, name), Own.field, Own().read("field"), [getattr(each, name) for each in [point]],
                  f"{getattr(point, name)} {getattr(point, 'x')}"]
    """,
    "defaults": """
        class Point: x = 1
        point, name, other = Point(), "x", "y"
        class Holder:
            def __init__(self): self.point, self.log = point, []
            def read(self, name):
                return [getattr(self.point, name, None), getattr(self.point, 'x'), getattr(self, name, self.log),
                        getattr(self.point, name, getattr(self, name, getattr(point, name, "none"))),
                        getattr(self.point, str(getattr(self, name, "x")), lambda: name) == 1]
        calls = []
        def note(value): calls.append(value); return value
        result = [Holder().read(each) for each in ["x", "y", "x", "y", "log"]]
        for _ in range(3):
            result.append([getattr(point, name, note(1)), getattr(point, other, note(2)), getattr(note(point), name, 3) is 1,
                           getattr(point, other, (other := "x")), getattr(point, other, [*"a very long list of texts"]),
                           [each for each in getattr(point, name + "y", [])], (getattr)(point, name, -1)])
            other = "y"
        result.append([getattr(each, "x", 0) for each in calls])
        def generate():
            while True:
                name = yield getattr(point, name_of_next, (yield "default"))
        name_of_next, steps = "x", generate()
        result.append([next(steps), steps.send(7), next(steps), steps.send(8)])
    """,
    "dotted names, texts of a type of their own, enums": """
        import enum
        class Field(str, enum.Enum): X = "x"
        class Name(str): pass
        class Point: x = 1
        point, field, own = Point(), Field.X, Name("x")
        setattr(point, "a.b", 2)
        dotted = "a.b"
        result = [getattr(point, field), getattr(point, own), getattr(point, dotted), getattr(point, "a.b")]
        result += [[getattr(point, each), getattr(point, each, 0)] for each in [field, own, dotted] for _ in range(3)]
    """,
    "__getattr__, properties and descriptors": """
        class Lazy:
            seen = []
            def __getattr__(self, name):
                self.seen.append(name)
                return name * 2
            @property
            def broken(self): raise AttributeError("inside")
        lazy, name = Lazy(), "ab"
        result = [getattr(lazy, name), getattr(lazy, "cd"), getattr(lazy, "broken"), Lazy.seen]
    """,
    "another meaning": """
        def getattr(value, name, default=None): return f"own {name}"
        result = getattr(1, "real")
    """,
    "another meaning in a function": """
        def own(getattr): return getattr(1, "real")
        result = own(lambda value, name: f"own {name}")
    """,
    "another meaning at run time": """
        globals()["getattr"] = lambda value, name: f"own {name}"
        result = getattr(1, "real")
    """,
    "as a value": """
        import functools
        read = functools.partial(getattr, 3)
        result = [read("real"), list(map(getattr, [1, 2], ["real", "imag"]))]
    """,
    "errors": """
        class Point:
            x_axis = 1
        point, name, number, texts = Point(), "x_axes", 5, ["x"]
        result = []
        for call in (lambda: getattr(point, name), lambda: getattr(point, "x_axes"), lambda: getattr(point, number),
                     lambda: getattr(point, number, None), lambda: getattr(point, 5), lambda: getattr(missing, name), lambda: getattr(point, missing), lambda: getattr(point, "x", missing)):
            try:
                call()
            except Exception as error:
                result.append([type(error).__name__, str(error)])
        unhashable = []
        try:
            getattr(point, unhashable)
        except TypeError as error:
            result.append("TypeError")
    """,
    "where an error is": """
        import traceback
        class Point: pass
        point, name = Point(), "far"
        def one(): return getattr(point, name)
        def two(): return getattr(point, "far") + 1
        def three():
            return [1, getattr(
                point,
                "far",
            )]
        def four(): return getattr(point, "near", None).far
        def five(value): return getattr(value, name)()
        result = []
        for call in one, two, three, four, lambda: five(point), lambda: getattr(point, getattr(point, "x", "far")):
            try:
                call()
            except AttributeError as error:
                places = traceback.format_exc().split("  File ")[1:]
                result.append([[place.split(", in ")[1] for place in places], getattr(error, "name", None)])
    """,
    "a failed import": """
        import traceback
        result = []
        def one(): import nothing_of_that_name
        def two(): from math import nothing_of_that_name
        for call in one, two:
            try:
                call()
            except ImportError:
                result.append([place.split(", in ")[1] for place in traceback.format_exc().split("  File ")[1:]])
    """,
}  # fmt: skip

# What one cannot say by getattr of another value may be read all the same: it is what stands in the code.
HARMLESS_LIES = """
class Name(str):
    def __hash__(self): return hash("real")
    def __eq__(self, other): return True
value, name, lie = 1, "real", Name("_" + "_class__")
result = [getattr(value, name), getattr(value, name, None)]
result += [getattr(value, lie), getattr(value, lie, None), getattr(value, Name(lie)), getattr(value, "real")]
"""
# Equal when it is asked whether it is harmless, and itself when it is looked up; read in a way that needs no guard.
CHANGING_LIES = """
class Name(str):
    asked = 0
    def __hash__(self): return hash("real")
    def __eq__(self, other):
        Name.asked += 1
        return Name.asked % 2 == {turn}
value, name, lie, found = 1, "real", Name("_" + "_class__"), []
getattr(value, name, None)
for _ in range(6):
    try:
        found.append(repr(getattr(value, lie{default})))
    except (KeyError, AttributeError):
        pass
result = found
"""
FLIPS = """
import threading
done, found, value, name = threading.Event(), [], print, "real"
getattr(0, name)
def flip():
    global name
    while not done.is_set():
        name = "real"
        name = "_".join(["_", "self", "_"])
thread = threading.Thread(target=flip)
thread.start()
try:
    while not found:
        try:
            found.extend([each for each in [getattr(value, name{default})] if each])
        except AttributeError:
            pass
finally:
    done.set()
result = [repr(each) for each in found]
"""


class AttributeReadsTest(unittest.TestCase):
    maxDiff = None

    def test_getattr_gives_what_plain_python_gives(self):
        for name, code in PROGRAMS.items():
            for policy in ("strict", "standard"):
                with self.subTest(name, policy=policy):
                    self.assertEqual(run(code, policy=policy).result, run_plainly(code))

    def test_the_wrong_number_of_arguments_is_pythons_error(self):
        for call in "getattr()", "getattr(1)", "getattr(1, 'real', 2, 3)":
            code = f"try:\n    {call}\nexcept TypeError as error:\n    result = str(error)"
            with self.subTest(call):
                self.assertEqual(run(code).result, run_plainly(code))

    def test_a_text_that_equals_a_harmless_name_is_read_as_that_name(self):
        self.assertEqual(run(HARMLESS_LIES).result, [1, 1, 1, 1, 1, 1])

    def test_a_text_that_equals_a_harmless_name_only_at_times_is_judged_or_read_as_that_name(self):
        for turn in 0, 1:
            for default in "", ", None":
                with self.subTest(turn=turn, default=default):
                    outcome = run(CHANGING_LIES.format(turn=turn, default=default))
                    if outcome.last["kind"] == "result":
                        self.assertLessEqual(set(outcome.result), {"1"})
                    else:
                        self.assertEqual(outcome.error["code"], "PYTHON_SECURITY_ERROR")

    def test_a_name_that_changes_meanwhile_is_judged_as_it_is_read(self):
        for default in "", ", None":
            with self.subTest(default=default):
                outcome = run(FLIPS.format(default=default))
                self.assertEqual([each["rule"] for each in outcome.violations][:1], ["dunder-access"])
                self.assertEqual(outcome.error["code"], "PYTHON_SECURITY_ERROR")

    def test_texts_in_the_code_stay_texts(self):
        self.assertEqual(run("result = [getattr(1, 'real'), b'0123456789abcdef'.decode()]").result, [1, "0123456789abcdef"])


if __name__ == "__main__":
    unittest.main()
