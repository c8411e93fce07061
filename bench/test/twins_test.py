"""Do CPython's twins tell of loads and shares what the C++ harness tells?"""
import json
import math
import subprocess
import sys
import unittest
from unittest import mock

from support import BENCH

sys.path.insert(0, str(BENCH / "harness"))

import scenario  # noqa: E402
from rows import load  # noqa: E402

TOLD = {"cpu_s", "voluntary", "involuntary", "peak_kib", "items", "value"}


class Plan:
    scale, min_time = 1.0, 0.01


class Twins(unittest.TestCase):
    def run_of(self, row):
        ran = subprocess.run([sys.executable, "-B", str(BENCH / row.python), "--row", row.id, "--min-time", "0.01"],
                             capture_output=True, text=True, timeout=120)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return json.loads(ran.stdout)

    def test_every_row_with_loads_or_shares_has_a_twin_that_runs(self):
        rows = [row for row in load() if row.part in ("loads", "shares")]
        self.assertGreaterEqual(len(rows), 5)
        for row in rows:
            found = self.run_of(row)
            self.assertEqual(TOLD - set(found), set(), row.id)
            if row.part == "shares":
                self.assertTrue(0 <= found["shares"]["min"] <= found["shares"]["median"] <= found["shares"]["max"] <= 4)
                self.assertTrue(0.25 <= found["value"] <= 1)
                continue
            self.assertEqual([one["percent"] for one in found["loads"]], [10, 30, 50, 70, 90])
            for one in found["loads"]:
                self.assertTrue(0 <= one["p50"] <= one["p90"] <= one["p99"] <= one["p99.9"] <= one["max"])
            self.assertEqual(found["value"], found["loads"][2]["p99"])


    def test_every_row_that_has_a_twin_is_known_to_it(self):
        wanted = {}
        for row in load([]):
            if row.python:
                wanted.setdefault(row.python, set()).add(row.id)
        for script, rows in wanted.items():
            listed = subprocess.run([sys.executable, "-B", str(BENCH / script), "--list"], capture_output=True, text=True, timeout=60, check=True)
            self.assertEqual(rows - set(listed.stdout.split()), set(), script)


class Loops(unittest.TestCase):
    def test_loads_are_parts_of_what_the_loop_itself_can_do(self):
        asked, now = [], [0.0]

        def pass_(rate, items):
            asked.append((rate, items))
            now[0] += items / 1e6  # whatever comes, it takes a microsecond each
            return list(range(items))

        with mock.patch.object(scenario.time, "perf_counter", lambda: now[0]):
            found = scenario.open_loop(Plan(), 2000, pass_)
        self.assertEqual(asked[:2], [(math.inf, 2000)] * 2)
        loads = asked[2:]
        for (rate, _), expected in zip(loads, (1e5, 3e5, 5e5, 7e5, 9e5), strict=True):
            self.assertAlmostEqual(rate, expected, delta=1)
        self.assertEqual(found["items"], sum(items for _, items in loads))
        self.assertAlmostEqual(found["value"], 0.99 * loads[2][1], delta=1)

    def test_all_at_once_waits_for_none(self):
        with mock.patch.object(scenario.time, "sleep", side_effect=AssertionError("it waited")):
            seen = []
            scenario.arrive(scenario.time.perf_counter_ns(), scenario.ALL_AT_ONCE, 100, seen.append)
        self.assertEqual(seen, [0] * 100)

    def test_all_arrive_in_order_and_none_too_early(self):
        start, seen = scenario.time.perf_counter_ns(), []
        scenario.arrive(start, 1e5, 200, lambda due: seen.append((due, scenario.time.perf_counter_ns() - start)))
        self.assertEqual(len(seen), 200)
        self.assertEqual([due for due, _ in seen], sorted(due for due, _ in seen))
        self.assertTrue(all(now >= due for due, now in seen))

    def test_shares_are_of_what_is_fair(self):
        for counts, least, most, index in (([5, 5, 5, 5], 1, 1, 1), ([0, 0, 0, 8], 0, 4, 0.25), ([0, 0], 0, 0, 1)):
            found = scenario.shares(Plan(), lambda stop, counts=counts: list(counts))
            self.assertEqual((found["shares"]["min"], found["shares"]["max"], found["value"]), (least, most, index))

    def test_what_children_use_is_counted(self):
        before = scenario.usage()
        subprocess.run([sys.executable, "-c", "import time\nwhile time.process_time() < 0.05: pass"], check=True)
        self.assertGreaterEqual(scenario.used_since(before)["cpu_s"], 0.05)


if __name__ == "__main__":
    unittest.main()
