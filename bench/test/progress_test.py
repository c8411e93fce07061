"""Is it told how far a run is, on a terminal and elsewhere, and about how long it will take?"""
import io
import unittest
from dataclasses import replace
from unittest import mock

from support import CONTENDERS, a_row

import progress
from measure import FULL, QUICK, Sample, Session
from progress import Progress, span


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Shown(unittest.TestCase):
    def test_a_bar_on_a_terminal(self):
        stream = Terminal()
        shown = Progress(stream)
        shown.show(0, 3, "queue.alone", "tandem", (0.5, 61))
        for text in ("█" * 12 + "░" * 12, "50%", "1 min 01 s left", "round 1/3", "queue.alone"):
            self.assertIn(text, stream.getvalue())
        shown.end()
        self.assertTrue(stream.getvalue().endswith("\r"))

    def test_plain_lines_now_and_then_elsewhere(self):
        stream = io.StringIO()
        with mock.patch.object(progress.time, "monotonic", side_effect=[0, 1, 20, 20, 25]):
            shown = Progress(stream)
            for row in ("too.early", "told", "too.soon"):
                shown.show(1, 3, row, "tandem", (0.25, 9))
        self.assertEqual(stream.getvalue(), " 25%, 9 s left, round 2 of 3: told\n")

    def test_spans(self):
        self.assertEqual([span(0.4), span(59.6), span(3725)], ["0 s", "1 min 00 s", "62 min 05 s"])


class TimeLeft(unittest.TestCase):
    def left(self, settings, rounds):
        row = a_row()
        earlier = [Sample(row.id, label.rstrip("′"), label, 0, True, 1.0, 2.0) for label in ("tandem", "peer", "tandem′")]
        session = Session([row], {row.id: CONTENDERS}, settings, Progress(io.StringIO()), earlier)
        return session._left(0, rounds)

    def test_it_is_what_the_rounds_before_took(self):
        share, seconds = self.left(replace(FULL, rounds=10), 10)  # one of ten has taken 6 s
        self.assertAlmostEqual(share, 0.1, delta=0.01)
        self.assertAlmostEqual(seconds, 54, delta=0.5)

    def test_what_is_done_once_does_not_count(self):
        row = a_row()
        earlier = [Sample(row.id, label.rstrip("′"), label, 0, True, 1.0, 2.0) for label in ("tandem", "peer", "tandem′")]
        session = Session([row], {row.id: CONTENDERS}, replace(FULL, rounds=10), Progress(io.StringIO()), earlier)
        session._before, session._counting = 36, 30  # seconds
        self.assertAlmostEqual(session._left(0, 10)[0], 0.1, delta=0.01)

    def test_a_budget_ends_it_earlier(self):
        _, seconds = self.left(replace(QUICK, rounds=100, budget=30), 100)
        self.assertAlmostEqual(seconds, 24, delta=0.5)


if __name__ == "__main__":
    unittest.main()
