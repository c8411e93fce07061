"""Is every red row explained, in one place, and does the README say the same?"""
import json
import sys
import unittest

from support import BENCH

sys.path.insert(0, str(BENCH / "report"))

import explained  # noqa: E402
from rows import load  # noqa: E402
from show import failure, ours_of  # noqa: E402


def newest():
    """{id: row}: each row as the last committed result has it that ours ran, or failed, in."""
    results = [json.loads(file.read_text()) for file in (BENCH / "results").glob("*/*.json")]
    found = {}
    for result in sorted(results, key=lambda one: one["started"]):
        for row in result["rows"]:
            if ours_of(row) or failure(row["contenders"]):
                found[row["id"]] = row
    return found


class Explained(unittest.TestCase):
    def test_every_row_that_was_measured_red_is(self):
        known, rows = explained.by_row(explained.load()), {row.id for row in load()}
        self.assertEqual([name for name, row in newest().items()
                          if name in rows and explained.is_red(row) and name not in known], [])

    def test_the_rows_exist_and_stand_once(self):
        named = [row for rows, _ in explained.load() for row in rows]
        self.assertEqual(sorted(set(named)), sorted(named))
        self.assertEqual(set(named) - {row.id for row in load()}, set())

    def test_the_readme_says_the_same(self):
        text = (BENCH / "README.md").read_text()
        self.assertEqual(explained.renewed(text, explained.load()), text,
                         "python3 bench/report/explained.py --fix")

    def test_what_is_red(self):
        row = {"contenders": [{"impl": "peer", "kind": "peer", "ratio": {"median": 0.9}}], "best_peer": "peer",
               "standing": "inconclusive", "floors": []}
        self.assertTrue(explained.is_red(row))
        row["contenders"][0]["ratio"]["median"] = 1.1
        self.assertFalse(explained.is_red(row))
        self.assertTrue(explained.is_red({**row, "floors": [{"met": False}]}))
        self.assertFalse(explained.is_red({**row, "floors": [{"met": None}]}))
        for impl, kind, error, red in (("peer", "peer", "crashed", False), ("tandem", "ours", "not run", False),
                                       ("tandem", "ours", "items were lost", True)):
            failing = {**row, "contenders": [*row["contenders"], {"impl": impl, "kind": kind, "error": error}]}
            self.assertEqual([explained.is_red({**failing, **part}) for part in ({}, {"part": "grid"})], [red, red], error)


if __name__ == "__main__":
    unittest.main()
