import importlib.util
import threading
import time
import unittest

from support import run

from progress import INTERVAL, Reporter


class ProgressTest(unittest.TestCase):
    def test_a_report_has_all_its_fields(self):
        frame = run("progress(1, 4, 'working')").frames[0]
        expected = {
            "current": 1,
            "total": 4,
            "message": "working",
            "unit": None,
            "source": "progress",
            "kind": "progress",
        }
        self.assertEqual(frame, expected)

    def test_total_and_message_are_optional_and_numbers_may_be_floats(self):
        frame = run("progress(0.5)").frames[0]
        self.assertEqual((frame["current"], frame["total"], frame["message"]), (0.5, None, None))

    def test_a_flood_is_coalesced_and_ends_with_the_last(self):
        start = time.monotonic()
        reports = run("for i in range(100_000): progress(i, 100_000)").of_kind("progress")
        self.assertEqual(reports[-1]["current"], 99_999)
        # The first one and the last one wait for nothing.
        self.assertLessEqual(len(reports), (time.monotonic() - start) / INTERVAL + 2)

    def test_what_is_not_a_number_is_a_clear_error(self):
        self.assertEqual(
            run("progress('half')").error["message"], "Expected `current` to be a number, got str"
        )
        self.assertEqual(run("progress(1, float('nan'))").error["type"], "ValueError")

    def test_a_long_message_is_cut(self):
        self.assertEqual(len(run("progress(1, message='x' * 10_000)").frames[0]["message"]), 1_000)

    def test_a_waiting_report_is_sent_while_the_program_computes(self):
        arrived = threading.Event()
        frames = []

        def send(frame):
            frames.append(frame)
            if frame["current"] == 2:
                arrived.set()

        reporter = Reporter(send)
        reporter.progress(1)
        reporter.progress(2)
        self.assertTrue(arrived.wait(timeout=5))
        self.assertEqual([frame["current"] for frame in frames], [1, 2])

    def test_reports_further_apart_than_the_interval_are_all_sent(self):
        frames = []
        reporter = Reporter(frames.append)
        for current in range(3):
            reporter.progress(current)
            time.sleep(INTERVAL * 1.5)
        self.assertEqual([frame["current"] for frame in frames], [0, 1, 2])

    def test_the_program_does_not_see_the_threads_of_the_reporter(self):
        self.assertEqual(
            run("import threading\nprogress(1)\nprogress(2)\nthreading.active_count()").result, 1
        )


class TqdmTest(unittest.TestCase):
    """Tests tqdm where it is installed, and the stand-in elsewhere."""

    def assert_last(self, code, **expected):
        outcome = run(code)
        self.assertEqual(outcome.last["kind"], "result", outcome.frames)
        last = outcome.of_kind("progress")[-1]
        self.assertEqual({**last, **expected, "source": "tqdm"}, last)
        self.assertEqual(outcome.stderr, "")
        return outcome

    def test_iteration_reports_each_step(self):
        self.assert_last(
            "from tqdm import tqdm\nfor i in tqdm(range(7), desc='rows'): pass", current=7, total=7, unit="it"
        )

    def test_iteration_yields_the_items(self):
        self.assertEqual(run("from tqdm.auto import tqdm\nlist(tqdm([1, 2]))").result, [1, 2])

    def test_updates_by_hand(self):
        code = "import tqdm\nwith tqdm.tqdm(total=10, unit='B') as bar:\n    bar.update(4)\n    bar.set_description('half')\n    bar.update(2)"
        self.assert_last(code, current=6, total=10, unit="B")

    def test_trange(self):
        self.assert_last("from tqdm import trange\nfor i in trange(2, 5): pass", current=3, total=3)

    def test_an_iterable_without_a_length(self):
        self.assert_last("from tqdm import tqdm\nfor i in tqdm(iter('ab')): pass", current=2, total=None)

    def test_write_prints(self):
        self.assertEqual(run("from tqdm import tqdm\ntqdm.write('hello')").stdout, "hello\n")

    def test_a_disabled_bar_is_silent(self):
        self.assertEqual(
            run("from tqdm import tqdm\nfor i in tqdm(range(3), disable=True): pass").of_kind("progress"), []
        )

    def test_postfix_reset_and_close(self):
        code = (
            "from tqdm import tqdm\nbar = tqdm(total=3)\nbar.set_postfix(loss=1)\nbar.update()\nbar.reset(total=5)\n"
            "bar.update(2)\nbar.refresh()\nbar.close()\nresult = bar.n"
        )
        self.assertEqual(self.assert_last(code, current=2, total=5).result, 2)

    def test_which_tqdm_was_tested(self):
        installed = importlib.util.find_spec("tqdm") is not None
        is_stand_in = "stand-in" in (run("import tqdm\nresult = tqdm.__doc__").result or "")
        self.assertNotEqual(installed, is_stand_in)


if __name__ == "__main__":
    unittest.main()
