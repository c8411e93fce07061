"""Many rows, still and restless machines, and curves whose numbers are known."""
import random
import unittest
from unittest import mock

from support import CONTENDERS, a_row, both, synthetic

from judge import correct, judge
from rows import Sweep
from scaling import Refused, fit, rate, sweeps
from stability import again, grade
from statistic import adjusted, p_value, resampled, widest_coverage


def judged(speeds, **how):
    """Rows of these speeds of ours beside a peer's 1e6."""
    rows = [a_row(id=f"test.{number}") for number in range(len(speeds))]
    samples = [sample for number, (row, speed) in enumerate(zip(rows, speeds))
               for sample in synthetic({**both(speed), "peer": 1e6}, row=row.id, seed=number, **how)]
    return judge(rows, {row.id: CONTENDERS for row in rows}, samples, lambda one: one.impl)


def with_ratio(verdict, p):
    return {"standing": verdict, "best_peer": "peer",
            "contenders": [{"impl": "peer", "ratio": {"verdict": verdict, "p": p}}]}


class ManyRows(unittest.TestCase):
    def test_the_procedure_of_benjamini_and_hochberg(self):
        # Their own example of 15 p-values: at 0.05 four are rejected.
        p_values = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
                    0.5719, 0.6528, 0.7590, 1.0]
        found = adjusted(p_values)
        self.assertEqual([one <= 0.05 for one in found], [True] * 4 + [False] * 11)
        self.assertEqual(found, sorted(found))
        self.assertAlmostEqual(found[3], 0.0095 * 15 / 4)
        shuffled = p_values[::-1]
        self.assertEqual(adjusted(shuffled), found[::-1])
        self.assertEqual(adjusted([]), [])

    def test_a_p_value_is_small_only_beyond_the_noise(self):
        generator = random.Random(1)
        def ratios(middle):
            return resampled([middle * generator.lognormvariate(0, 0.02) for _ in range(15)])
        self.assertLess(p_value(ratios(1.2), 0.05), 0.01)
        self.assertLess(p_value(ratios(1 / 1.2), 0.05), 0.01)
        self.assertGreater(p_value(ratios(1.03), 0.05), 0.5)

    def test_a_difference_that_is_easily_come_by_is_not_claimed_among_many(self):
        for others, standing in ((0, "faster"), (60, "inconclusive")):
            rows = [with_ratio("faster", 0.04)] + [with_ratio("same", 0.9) for _ in range(others)]
            correct(rows)
            self.assertEqual(rows[0]["standing"], standing)
            self.assertEqual(rows[0]["contenders"][0]["ratio"]["verdict"], standing)
            self.assertEqual([row["standing"] for row in rows[1:]], ["same"] * others)

    def test_among_rows_without_a_difference_none_is_claimed(self):
        rows, total = judged([1e6] * 60, spread=0.03)
        self.assertEqual([row["id"] for row in rows if row["standing"] in ("faster", "slower")], [])
        self.assertEqual(total["faster"] + total["slower"], 0)

    def test_true_differences_are_still_found(self):
        _, total = judged([1.3e6] * 30 + [0.7e6] * 5 + [1e6] * 25)
        self.assertEqual((total["faster"], total["slower"]), (30, 5))

    def test_few_rounds_cannot_say_much(self):
        self.assertEqual(widest_coverage(3), 0.75)
        self.assertLess(widest_coverage(5), 0.95)
        self.assertGreater(widest_coverage(6), 0.95)


class Stability(unittest.TestCase):
    def test_the_noisier_the_worse(self):
        grades = [judged([1e6] * 10, spread=spread)[1]["stability"]["grade"]
                  for spread in (0.005, 0.03, 0.07, 0.15, 0.5)]
        self.assertEqual(grades, ["A", "B", "C", "D", "E"])

    def test_more_rounds_do_not_make_it_better(self):
        few, many = (judged([1e6] * 10, spread=0.05, rounds=rounds)[1]["stability"]["typical"] for rounds in (8, 80))
        self.assertAlmostEqual(few, many, delta=0.02)

    def test_some_rows_that_are_restless_cost_a_grade(self):
        self.assertEqual(grade([0.01] * 10)["grade"], "A")
        self.assertEqual(grade([0.01] * 8 + [0.2] * 2)["grade"], "C")

    def test_too_little_is_not_graded(self):
        self.assertIsNone(again([1.0, 1.1]))
        self.assertEqual(grade([0.01] * 4 + [None] * 9)["grade"], "unknown")


def curve(counts, sigma, kappa, runs=9, spread=0.01, seed=1):
    generator = random.Random(seed)
    return {n: [rate(n, 1e6, sigma, kappa) * generator.lognormvariate(0, spread) for _ in range(runs)]
            for n in counts}


COUNTS = (1, 2, 3, 4, 6, 8, 12, 16)


class Scaling(unittest.TestCase):
    def assert_refused(self, runs, why):
        with self.assertRaises(Refused) as refused:
            fit(runs)
        self.assertRegex(str(refused.exception), why)

    def test_the_numbers_of_a_curve_are_found(self):
        for sigma, kappa in ((0.05, 0.01), (0.2, 0.002), (0.0, 0.02)):
            found = fit(curve(COUNTS, sigma, kappa))
            self.assertAlmostEqual(found["lambda"]["median"] / 1e6, 1, delta=0.05)
            self.assertAlmostEqual(found["sigma"]["median"], sigma, delta=0.03)
            self.assertAlmostEqual(found["kappa"]["median"], kappa, delta=0.003)
            self.assertLess(found["miss"], 0.02)
            self.assertAlmostEqual(found["peak"]["median"], ((1 - sigma) / kappa) ** 0.5, delta=2)

    def test_the_interval_holds_the_truth(self):
        held = 0
        for seed in range(20):
            found = fit(curve(COUNTS, 0.05, 0.01, seed=seed))["kappa"]
            held += found["low"] <= 0.01 <= found["high"]
        self.assertGreaterEqual(held, 16)

    def test_a_curve_that_only_rises_has_no_peak(self):
        for sigma, kappa in ((0.0, 0.0), (0.1, 0.0), (0.01, 0.0001)):
            self.assertIsNone(fit(curve(COUNTS, sigma, kappa))["peak"])

    def test_too_little_is_refused(self):
        self.assert_refused(curve((1, 2, 4), 0.05, 0.01), "3 numbers of threads: 5")
        self.assert_refused(curve((2, 4, 6, 8, 12), 0.05, 0.01), "one thread alone")
        self.assert_refused(curve(COUNTS, 0.05, 0.01, runs=2), "2 runs")

    def test_another_law_is_refused(self):
        steps = {n: [1e6 * value] * 5 for n, value in zip(COUNTS, (1, 3, 1, 4, 1, 5, 1, 6))}
        self.assert_refused(steps, "misses what was measured by")
        faster = {n: [1e6 * n ** 2] * 5 for n in COUNTS}
        self.assert_refused(faster, "misses what was measured by|does not hold")

    def test_noise_is_refused(self):
        self.assert_refused(curve(COUNTS, 0.3, 0.02, runs=3, spread=1.0, seed=4), "differ too much|misses")

    def test_the_rows_of_a_sweep_are_fitted_together(self):
        samples = [sample for n in COUNTS for sample in
                   synthetic(both(rate(n, 1e6, 0.05, 0.01)), row=f"test.sweep.{n}t", seed=n)]
        sweep = Sweep("test.sweep", "a sweep", "threads")
        rows = [a_row(id=f"test.sweep.{n}t", sweep=sweep, threads=n) for n in COUNTS]
        with mock.patch("scaling.processors", lambda: COUNTS[-1]):
            (found,) = sweeps([*rows[::-1], a_row(id="test.other.2t")], samples)
            (few,) = sweeps(rows[:2], samples)
        self.assertEqual((found["id"], found["threads"]), ("test.sweep", list(COUNTS)))
        self.assertEqual(found["rows"], [row.id for row in rows])
        self.assertAlmostEqual(found["fit"]["sigma"]["median"], 0.05, delta=0.03)
        self.assertEqual(few["refused"], "2 numbers of threads: 5 are needed at least")

    def test_threads_that_take_turns_do_not_look_like_threads_that_wait(self):
        counts = (1, 2, 3, 4, 6, 8, 12, 16)
        samples = [sample for n in counts for sample in
                   synthetic(both(1e6 * min(n, 8)), row=f"test.sweep.{n}t", seed=n)]
        for of, processors, fitted in (("threads", 8, True), ("workers", 9, True), ("workers", 6, False), ("pairs", 8, False)):
            sweep = Sweep("test.sweep", "a sweep", of)
            rows = [a_row(id=f"test.sweep.{n}t", sweep=sweep, threads=n) for n in counts]
            with mock.patch("scaling.processors", lambda most=processors: most):
                (found,) = sweeps(rows, samples)
            self.assertEqual("fit" in found, fitted, found)
            if fitted:  # eight do eight times as much
                self.assertAlmostEqual(found["fit"]["sigma"]["median"], 0, delta=0.01)
                self.assertAlmostEqual(found["fit"]["kappa"]["median"], 0, delta=0.001)
            else:
                self.assertEqual(found["refused"], "4 numbers of threads: 5 are needed at least; the others take turns")


if __name__ == "__main__":
    unittest.main()
