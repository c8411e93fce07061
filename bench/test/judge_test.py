"""Is what is true of made-up samples found in them, and nothing else?"""
import unittest

from support import CONTENDERS, a_row, both, contender, floor, synthetic

import show
from judge import judge, judge_row
from measure import Sample
from rows import load
from statistic import Interval, bootstrap, noise, verdict


def judged(speeds, row=None, contenders=CONTENDERS, **how):
    return judge_row(row or a_row(), contenders, synthetic(speeds, **how), lambda one: one.impl)


def peer_ratio(result, impl="peer"):
    return next(one["ratio"] for one in result["contenders"] if one["impl"] == impl)


class Verdicts(unittest.TestCase):
    def test_a_slowdown_of_a_tenth_is_found(self):
        for seed in range(20):
            result = judged({**both(0.9e6), "peer": 1e6}, seed=seed)
            self.assertEqual(result["standing"], "slower")
            ratio = peer_ratio(result)
            self.assertTrue(ratio["low"] < 0.9 < ratio["high"] or abs(ratio["median"] - 0.9) < 0.02)

    def test_a_speedup_of_a_tenth_is_found(self):
        self.assertEqual(judged({**both(1.1e6), "peer": 1e6})["standing"], "faster")

    def test_the_same_binary_twice_is_the_same(self):
        verdicts = [judged({**both(1e6), "peer": 1e6}, seed=seed)["standing"] for seed in range(40)]
        self.assertGreaterEqual(verdicts.count("same"), 36)
        self.assertNotIn("faster", verdicts)
        self.assertNotIn("slower", verdicts)

    def test_noise_hides_a_small_difference(self):
        result = judged({**both(1.03e6), "peer": 1e6}, rounds=5, spread=0.3)
        self.assertEqual(result["standing"], "inconclusive")
        self.assertGreater(peer_ratio(result)["runs_needed"], 5)

    def test_lower_is_better_turns_the_ratio(self):
        row = a_row(better="lower", unit="ns")
        self.assertEqual(judged({**both(50), "peer": 100}, row=row)["standing"], "faster")

    def test_a_drift_of_the_machine_is_no_difference(self):
        result = judged({**both(1e6), "peer": 1e6}, spread=0.001)
        self.assertAlmostEqual(peer_ratio(result)["median"], 1, delta=0.01)

    def test_the_four_words(self):
        self.assertEqual(verdict(Interval(1.2, 1.1, 1.3, 9), 0.05), "faster")
        self.assertEqual(verdict(Interval(0.8, 0.7, 0.9, 9), 0.05), "slower")
        self.assertEqual(verdict(Interval(1.0, 0.99, 1.01, 9), 0.05), "same")
        self.assertEqual(verdict(Interval(1.1, 0.99, 1.2, 9), 0.05), "inconclusive")

    def test_of_fewer_than_three_rounds_nothing_is_said(self):
        for rounds, standings in ((1, {"inconclusive"}), (2, {"inconclusive"}), (3, {"faster", "inconclusive"})):
            found = {judged({**both(2e6), "peer": 1e6}, rounds=rounds, seed=seed)["standing"] for seed in range(10)}
            self.assertLessEqual(found, standings)
        self.assertIn("faster", found)

    def test_in_great_noise_nothing_is_the_same(self):
        self.assertEqual(verdict(Interval(0.9, 0.6, 1.4, 9), 0.8), "inconclusive")


class Statistic(unittest.TestCase):
    def test_the_interval_holds_the_truth(self):
        held = 0
        for seed in range(100):
            values = [sample.value for sample in synthetic({"peer": 100.0}, spread=0.1, seed=seed)]
            values = [value / (1 + 0.2 * number / 15) for number, value in enumerate(values)]
            interval = bootstrap(values, seed)
            held += interval.low <= 100 <= interval.high
        self.assertGreaterEqual(held, 85)

    def test_noise_is_never_below_the_smallest_delta(self):
        self.assertEqual(noise([1.0, 1.0, 1.0]), 0.02)
        self.assertGreater(noise([1.2, 0.8, 1.3, 0.9]), 0.1)


class Prices(unittest.TestCase):
    def ours(self, *details):
        samples = synthetic({**both(1e6), "peer": 1e6}, rounds=len(details))
        for sample in samples:
            sample.details = details[sample.round]
        return judge_row(a_row(), CONTENDERS, samples, lambda one: one.impl)["contenders"][0]

    def test_what_an_item_costs_beside_time(self):
        found = self.ours(*({"items": 100, "cpu_s": 1e-6 * factor, "voluntary": 50 * factor, "involuntary": 0, "peak_kib": 10 * factor,
                             **({"allocations_per_item": 2.5} if factor == 1 else {})} for factor in (1, 2, 3)))
        self.assertAlmostEqual(found["cpu_ns_per_item"], 20)
        self.assertEqual(found["switches_per_item"], {"voluntary": 1, "involuntary": 0})
        self.assertEqual((found["allocations_per_item"], found["peak_kib"]), (2.5, 20))

    def test_what_nobody_said_is_left_out(self):
        found = self.ours({}, {"items": 3}, {})
        self.assertIsNone(found["cpu_ns_per_item"])
        self.assertEqual({"switches_per_item", "allocations_per_item", "peak_kib"} & set(found), set())


class Floors(unittest.TestCase):
    def floor_of(self, speed, **fields):
        row = a_row(floors=[floor(**fields)])
        return judged({**both(speed), "peer": 1e6}, row=row)["floors"][0]

    def test_a_ratio_is_met_or_missed(self):
        self.assertTrue(self.floor_of(2.2e6, against="peers", needed=2.0)["met"])
        self.assertFalse(self.floor_of(1.8e6, against="peers", needed=2.0)["met"])

    def test_a_floor_on_the_value_itself(self):
        row = a_row(better="lower", unit="ns", floors=[floor(against="at_most", needed=13)])
        for speed, met in ((10, True), (20, False)):
            result = judged({**both(speed), "peer": 30}, row=row)
            self.assertEqual(result["floors"][0]["met"], met)

    def test_a_missing_peer_leaves_it_open(self):
        self.assertIsNone(self.floor_of(2e6, against="peers", needed=2.0, of=["absent"])["met"])

    def test_limits_are_not_peers(self):
        contenders = [*CONTENDERS, contender("spin", "limit")]
        result = judged({**both(2e6), "peer": 1e6, "spin": 9e6}, contenders=contenders)
        self.assertEqual(result["best_peer"], "peer")
        self.assertEqual(result["standing"], "faster")

    def test_a_floor_is_not_about_who_does_not_bound_it(self):
        row = a_row(floors=[floor(against="cpython", needed=50.0)])
        contenders = [*CONTENDERS, contender("cpython-3.13.0", "cpython"), contender("better", "cpython", bounds=False)]
        result = judged({**both(60e6), "peer": 1e6, "cpython-3.13.0": 1e6, "better": 2e6}, row=row, contenders=contenders)
        (found,) = result["floors"]
        self.assertEqual((found["impl"], found["met"]), ("cpython-3.13.0", True))
        self.assertAlmostEqual(peer_ratio(result, "better")["median"], 30, delta=1)

    def test_the_sum_of_it(self):
        row = a_row(never_below=True, floors=[floor(against="peers", needed=2.0)])
        samples = synthetic({**both(1.5e6), "peer": 1e6})
        _, total = judge([row], {row.id: CONTENDERS}, samples, lambda one: one.impl)
        self.assertEqual((total["ahead"], total["floors_met"]), (1, 0))
        self.assertEqual(total["never_below_missed"], [row.id])


FLOORS = [floor(against="peers", needed=2.0), floor(against="at_most", needed=1e9), floor(against="cpython", needed=30.0)]
WITH_CPYTHON = [*CONTENDERS, contender("cpython-3.13.0", "cpython")]


def failing(impl, speeds, error="items were lost", **how):
    """The samples of a run in which that contender fails after its other rounds; it may have none."""
    samples = synthetic(speeds, **how)
    return [*samples, Sample("test.flow", impl, impl, 1 + max((one.round for one in samples), default=0), False, error=error)]


class OursFails(unittest.TestCase):
    """However fast it was before: who loses items does not win."""

    def judge(self, speeds, contenders=WITH_CPYTHON, **changes):
        row = a_row(**{"never_below": True, "floors": FLOORS, **changes})
        (judged_row,), total = judge([row], {row.id: contenders}, failing("tandem", speeds), lambda one: one.impl)
        return judged_row, total

    def test_in_every_round_or_in_one_it_meets_no_floor_and_is_ahead_of_nobody(self):
        others = {"peer": 1e6, "cpython-3.13.0": 1e4}
        for speeds in (others, {**both(9e6), **others}):
            row, total = self.judge(speeds)
            self.assertEqual([one["met"] for one in row["floors"]], [False] * 3)
            self.assertEqual((row["standing"], row["best_peer"]), ("failed", None))
            self.assertFalse(any("ratio" in one for one in row["contenders"]))
            for name in ("broken_rows", "behind_rows", "rows_below_floor", "never_below_missed"):
                self.assertEqual(total[name], [row["id"]], name)
            self.assertEqual((total["ahead"], total["floors_met"], total["floors_open"], total["without_ours"]), (0, 0, 0, 0))
            self.assertEqual(show.verdict_line(total).partition("; ")[0], "tandem FAILS in 1 row: test.flow. Ahead of the best peer in "
                             "0 of the 1 rows that have one, 0 of 3 floors met")
            cells = show.markdown_row(row).split(" | ")
            self.assertEqual((cells[1], cells[3]), ("**failed**: items were lost", "**failed**"))

    def test_without_a_peer_or_a_floor_it_is_told_too(self):
        row, total = self.judge(both(1e6), CONTENDERS[:1], floors=[], never_below=False)
        self.assertEqual((total["broken_rows"], total["without_ours"], total["without_peer"]), ([row["id"]], 1, 1))
        self.assertTrue(show.verdict_line(total).startswith("tandem FAILS in 1 row: test.flow. No peer ran what tandem ran, 1 row; noise"))

    def test_beyond_the_table_as_well(self):
        _, total = self.judge({**both(1e6), "peer": 1e6}, floors=[], part="sweep")
        self.assertEqual((total["broken_rows"], total["rows"], total["behind_rows"]), (["test.flow"], 0, []))
        self.assertTrue(show.verdict_line(total).startswith("tandem FAILS in 1 row: test.flow. "))

    def test_nothing_is_fitted_to_a_row_that_fails(self):
        rows = sorted((row for row in load() if row.sweep and row.sweep.id == "lock.contended"), key=lambda row: row.threads)
        samples = [one for row in rows for one in synthetic(both(1e6), row=row.id)]
        samples.append(Sample(rows[0].id, "tandem", "tandem", 20, False, error="items were lost"))
        _, total = judge(rows, {row.id: CONTENDERS for row in rows}, samples, lambda one: one.impl)
        self.assertEqual(total["scaling"][0]["rows"], [row.id for row in rows[1:]])


class OthersFail(unittest.TestCase):
    def test_a_peer_that_fails_is_told_in_its_row_and_bounds_nothing(self):
        row = a_row(floors=FLOORS)
        (found,), total = judge([row], {row.id: WITH_CPYTHON}, failing("peer", {**both(2e6), "cpython-3.13.0": 1e4}), lambda one: one.impl)
        self.assertEqual((found["standing"], [one["met"] for one in found["floors"]]), (None, [None, True, True]))
        self.assertEqual((total["broken_rows"], total["without_ours"], total["without_peer"]), ([], 1, 1))
        self.assertEqual(show.markdown_row(found).split(" | ")[2], "**peer failed**: items were lost")


class Lines(unittest.TestCase):
    """What the verdict line says of rows that not everybody runs."""

    def line(self, speeds, contenders, floors=()):
        row = a_row(floors=list(floors))
        return show.verdict_line(judge([row], {row.id: contenders}, synthetic(speeds), lambda one: one.impl)[1])

    def test_rows_without_a_peer_have_their_floors(self):
        line = self.line({**both(2e6), "cpython-3.13.0": 1e4}, [CONTENDERS[0], WITH_CPYTHON[2]], FLOORS[1:])
        self.assertTrue(line.startswith("No peer ran what tandem ran, 1 row, 2 of 2 floors met; noise ±"), line)

    def test_rows_without_a_floor_name_none(self):
        self.assertTrue(self.line({**both(2e6), "peer": 1e6}, CONTENDERS).startswith(
            "Ahead of the best peer in 1 of the 1 rows that have one; noise ±"))

    def test_rows_that_ours_did_not_run_say_so(self):
        self.assertEqual(self.line({"peer": 1e6}, CONTENDERS), "tandem ran none of these rows: only its peers are shown.")


if __name__ == "__main__":
    unittest.main()
