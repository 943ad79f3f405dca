import unittest

from support import run

# Classes such as matplotlib's: what is drawn with itself is tried in test/packages/pandas.test.ts.
DRAW = """
import sys, types
sys.modules["matplotlib"] = types.ModuleType("matplotlib")
Line2D = type("Line2D", (), {"__module__": "matplotlib.lines"})
BarContainer = type("BarContainer", (tuple,), {"__module__": "matplotlib.container"})
GeoAxes = type("GeoAxes", (type("Axes", (), {"__module__": "mpl_toolkits.mplot3d.axes3d"}),), {"__module__": "cartopy"})
PairGrid = type("PairGrid", (), {"__module__": "seaborn.axisgrid"})
Plot = type("Plot", (), {"__module__": "seaborn._core.plot"})
line = Line2D()
"""


def run_drawing(last):
    return run(DRAW + last, policy="kernel")


class LastExpressionTest(unittest.TestCase):
    def test_the_return_value_of_a_call_that_draws_is_null(self):
        for last in (
            "line",
            "[line]",
            "([1.0], [0, 1], BarContainer())",
            "GeoAxes()",
            "PairGrid()",
            "{'boxes': [line], 'means': []}",
            "[[[[line]]]]",
        ):
            with self.subTest(last):
                self.assertIsNone(run_drawing(last).result)

    def test_data_stays_data(self):
        for last, result in (("[1, [2]]", [1, [2]]), ("{'means': []}", {"means": []}), ("{}", {}), ("[]", [])):
            with self.subTest(last):
                self.assertEqual(run_drawing(last).result, result)

    def test_what_is_not_drawn_or_holds_data_is_dropped_with_a_notice(self):
        for last in ("{'mean': 1, 'line': line}", "Plot()", "Line2D", "[0] * 100 + [line]", "[[[[[line]]]]]"):
            with self.subTest(last):
                self.assertIn("not serialisable", run_drawing(last).last["notices"][0]["message"])

    def test_a_drawing_that_is_set_as_the_result_is_an_error(self):
        self.assertIn("result: Line2D is not serialisable", run_drawing("result = line").error["message"])


if __name__ == "__main__":
    unittest.main()
