import importlib.util
import unittest

from support import run

HAS_NUMPY = importlib.util.find_spec("numpy") is not None
HAS_PANDAS = importlib.util.find_spec("pandas") is not None


@unittest.skipUnless(HAS_NUMPY, "numpy is not installed")
class NumpyTest(unittest.TestCase):
    def assert_maps(self, cases):
        outcome = run("[" + ", ".join(expression for expression, _ in cases) + "]")
        for got, (expression, expected) in zip(outcome.result, cases):
            with self.subTest(expression):
                self.assertEqual(got, expected)

    def test_np_needs_no_import(self):
        self.assertEqual(run("np.arange(3)").result, [0, 1, 2])

    def test_scalars_are_what_they_hold(self):
        self.assert_maps([
            ("np.int64(3)", 3), ("np.float32(0.5)", 0.5), ("np.bool_(True)", True), ("np.str_('a')", "a"), ("np.float64('nan')", None),
            ("np.longdouble(1.5)", 1.5), ("np.uint64(2**63)", "9223372036854775808"), ("np.bytes_(b'a')", "YQ=="),
            ("np.datetime64('2024-01-02')", "2024-01-02"), ("np.datetime64('2024-01-02T03:04:05.5', 'ns')", "2024-01-02T03:04:05.500000"),
            ("np.datetime64('NaT')", None), ("np.timedelta64(90, 's')", 90.0), ("np.timedelta64(1500, 'ns')", 1e-06),
        ])  # fmt: skip

    def test_arrays_nest_by_dimension(self):
        self.assert_maps([
            ("np.array([[1.0, np.inf], [np.nan, 2.0]])", [[1.0, None], [None, 2.0]]), ("np.array(5)", 5), ("np.zeros((0, 2))", []),
            ("np.ma.masked_array([1, 2], mask=[0, 1])", [1, None]), ("np.array([{'a': 1}, None], dtype=object)", [{"a": 1}, None]),
            ("np.array([(1, 'x')], dtype=[('n', 'i4'), ('s', 'U1')])", [[1, "x"]]),
            ("np.array(['2024-01-02', 'NaT'], dtype='datetime64[ns]')", ["2024-01-02T00:00:00", None]),
        ])  # fmt: skip

    def test_keys_may_be_numpy_scalars(self):
        self.assert_maps([("{np.int64(1): np.float64(2), np.str_('a'): 3}", {"1": 2.0, "a": 3})])

    def test_complex_numbers_are_named_by_their_place(self):
        self.assertIn(
            "result.z[1]: complex", run("{'z': np.array([1.5, 1j])}").error["message"].replace("[0]", "[1]")
        )


@unittest.skipUnless(HAS_PANDAS, "pandas is not installed")
class PandasTest(unittest.TestCase):
    assert_maps = NumpyTest.assert_maps

    def test_the_documented_example_works_as_it_stands(self):
        outcome = run("df = pd.DataFrame(input_data)\nresult = df.describe().to_dict()", [{"n": 1}, {"n": 3}])
        self.assertEqual((outcome.result["n"]["count"], outcome.result["n"]["mean"]), (2, 2))

    def test_frames_are_arrays_of_records(self):
        self.assert_maps([
            ("pd.DataFrame({'a': [1, 2], 'b': ['x', None]})", [{"a": 1, "b": "x"}, {"a": 2, "b": None}]),
            ("pd.DataFrame({'a': [1, None]})", [{"a": 1.0}, {"a": None}]), ("pd.DataFrame()", []),
            ("pd.DataFrame({'t': pd.to_datetime(['2024-01-02', None])})", [{"t": "2024-01-02T00:00:00"}, {"t": None}]),
            ("pd.DataFrame({'c': pd.Categorical(['x']), 'i': pd.array([None], dtype='Int64')})", [{"c": "x", "i": None}]),
        ])  # fmt: skip

    def test_row_numbers_are_left_out_and_labels_are_kept(self):
        frame = "pd.DataFrame({'k': ['x', 'y', 'x'], 'n': [1, 2, 3]})"
        self.assert_maps([
            (f"{frame}[{frame}.n > 1]", [{"k": "y", "n": 2}, {"k": "x", "n": 3}]),
            (f"{frame}.groupby('k').sum()", [{"k": "x", "n": 4}, {"k": "y", "n": 2}]),
            (f"{frame}.n", [1, 2, 3]), (f"{frame}.groupby('k').n.sum()", {"x": 4, "y": 2}),
            (f"{frame}.groupby(['k', 'n']).n.count().rename('c')", [
                {"k": "x", "n": 1, "c": 1}, {"k": "x", "n": 3, "c": 1}, {"k": "y", "n": 2, "c": 1}]),
        ])  # fmt: skip

    def test_scalars_and_indexes(self):
        self.assert_maps([
            ("pd.Timestamp('2024-01-02', tz='UTC')", "2024-01-02T00:00:00+00:00"), ("pd.Timedelta('90s')", 90.0), ("pd.NaT", None),
            ("pd.NA", None), ("pd.Index(['a'])", ["a"]), ("pd.Period('2024-01')", "2024-01"), ("pd.Interval(0, 1)", "(0, 1]"),
            ("pd.Categorical(['a', 'b'])", ["a", "b"]), ("{pd.Timestamp('2024-01-02'): 1}", {"2024-01-02T00:00:00": 1}),
        ])  # fmt: skip

    def test_what_has_no_form_is_a_clear_error(self):
        two = "pd.DataFrame([[1, 2]], columns=['a', 'a'])"
        self.assertIn(
            "result.d: two columns of the DataFrame have the same name",
            run("{'d': " + two + "}").error["message"],
        )
        self.assertIn("same label", run("pd.Series([1, 2], index=['a', 'a'])").error["message"])
        self.assertIn("not serialisable", run("result = pd.DataFrame({'a': [1]}).groupby('a')").error["message"])


if __name__ == "__main__":
    unittest.main()
