"""Does an interrupted run keep what it measured, and another go on with it, or refuse?"""
import json
import tempfile
import unittest
from pathlib import Path

from programs import Programs
from support import BENCH, a_row, contender

import history
import journal
from measure import Sample, whole_rounds

JOURNAL = "results.journal.jsonl"


class Resumed(unittest.TestCase):
    def test_it_goes_on_where_it_was_interrupted(self):
        with Programs(tandem=50, peer=100, interrupt=5) as programs:
            first = programs.bench("--quick", "--rounds", "4")
            self.assertEqual(first.returncode, 130, first.stderr)
            self.assertIn("--resume goes on", first.stderr)
            cut = programs.result()
            self.assertTrue(cut["interrupted"])
            self.assertEqual(len(cut["samples"]), 4)

            second = programs.bench("--resume")
            self.assertEqual(second.returncode, 0, second.stderr)
            whole = programs.result()
            self.assertEqual((whole["interrupted"], whole["sittings"], whole["started"]),
                             (False, 2, cut["started"]))
            self.assertEqual(len(whole["samples"]), 12)
            self.assertEqual([(one["label"], one["round"]) for one in whole["samples"]][:6],
                             [("tandem", 0), ("peer", 0), ("tandem′", 0), ("tandem′", 1), ("peer", 1), ("tandem", 1)])
            # The first round stands as it was measured; the second, which was cut, does not.
            self.assertEqual(whole["samples"][:3], cut["samples"][:3])
            self.assertNotEqual(whole["samples"][3]["value"], cut["samples"][3]["value"])
            self.assertFalse((programs.folder / JOURNAL).exists())
            self.assertEqual(len((programs.folder / history.NAME).read_text().splitlines()), 1)

    def test_other_programs_are_refused(self):
        with Programs(tandem=50, peer=100, interrupt=5) as programs:
            programs.bench("--quick", "--rounds", "4")
            with open(programs.folder / "bench_queue", "a") as program:
                program.write("# built again\n")
            refused = programs.bench("--resume")
            self.assertEqual(refused.returncode, 1)
            self.assertIn("not resumed: it was begun with other built programs", refused.stderr)
            self.assertTrue((programs.folder / JOURNAL).exists())

    def test_another_machine_or_commit_is_refused(self):
        now = {"machine_id": "one", "commit": "abc", "programs": {}}
        self.assertEqual(journal.differences(now, now), [])
        self.assertEqual(journal.differences({**now, "machine_id": "two"}, now), ["another machine (two, now one)"])
        self.assertEqual(journal.differences({**now, "commit": "def"}, now), ["another commit (def, now abc)"])

    def test_there_has_to_be_something_to_go_on_with(self):
        with Programs(tandem=50, peer=100) as programs:
            self.assertIn("nothing to go on with", programs.bench("--resume").stderr)
            programs.folder.joinpath(JOURNAL).write_text("nonsense\n")
            self.assertIn("is no journal", programs.bench("--resume").stderr)

    def test_another_run_does_not_throw_it_away(self):
        with Programs(tandem=50, peer=100, interrupt=5) as programs:
            programs.bench("--quick", "--rounds", "4")
            another = programs.bench("--quick", "--rounds", "3")
            self.assertEqual(another.returncode, 0, another.stderr)
            self.assertIn("an interrupted run is set aside", another.stderr)
            (programs.folder / "results.journal.before").rename(programs.folder / JOURNAL)
            self.assertEqual(programs.bench("--resume").returncode, 0)
            self.assertEqual(len(programs.result()["samples"]), 12)

    def test_it_is_asked_for_once(self):
        with Programs(tandem=50, peer=100) as programs:
            self.assertIn("--resume goes on with what was asked for",
                          programs.bench("--resume", "--rounds", "3").stderr)


class Journals(unittest.TestCase):
    def test_a_line_that_was_cut_off_is_left_out(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, JOURNAL)
            kept = journal.Journal(file, {"kind": "quick"})
            kept.add(Sample("r", "a", "a", 0, True, 1.5))
            kept.add(Sample("r", "b", "b", 0, False, error="crashed"))
            kept.close(complete=False)
            file.write_text(file.read_text()[:-5])
            header, samples = journal.read(file)
            self.assertEqual(header["kind"], "quick")
            self.assertEqual([one.impl for one in samples], ["a"])

    def test_what_was_measured_stays_until_the_next_journal_has_all_of_it(self):
        def samples():
            yield Sample("r", "a", "a", 0, True, 1.5)
            raise KeyboardInterrupt

        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, JOURNAL)
            kept = journal.Journal(file, {"kind": "quick"}, [Sample("r", name, name, 0, True, 1.5) for name in "ab"])
            kept.close(complete=False)
            with self.assertWarns(ResourceWarning), self.assertRaises(KeyboardInterrupt):  # of the file that nobody closes then
                journal.Journal(file, {"kind": "quick"}, samples())
            self.assertEqual([one.impl for one in journal.read(file)[1]], ["a", "b"])

    def test_a_round_that_was_cut_is_measured_anew(self):
        found = {"r": [contender("tandem", "ours"), contender("a", "peer"), contender("b", "peer")]}
        samples = [Sample("r", label.rstrip("′"), label, number, label != "b") for number, label in (
            (0, "tandem"), (0, "a"), (0, "b"), (0, "tandem′"), (1, "tandem′"), (1, "a"))]
        self.assertEqual([one.round for one in whole_rounds(samples, found)], [0] * 4)
        # b has failed in the round before, and is not waited for.
        samples.append(Sample("r", "tandem", "tandem", 1, True))
        self.assertEqual([one.round for one in whole_rounds(samples, found)], [0] * 4 + [1] * 3)


class History(unittest.TestCase):
    def result(self, started, value, machine="one"):
        contenders = [
            {"impl": "tandem", "kind": "ours", "value": {"median": value, "low": value, "high": value}},
            {"impl": "peer", "kind": "peer", "value": {}, "ratio": {"median": 2.0, "low": 1.9, "high": 2.1}}]
        row = {"id": a_row().id, "contenders": contenders, "best_peer": "peer", "noise": 0.02}
        return {"started": started, "kind": "full", "rows": [row],
                "environment": {"machine_id": machine, "commit": "abc"}}

    def test_runs_of_one_machine_are_a_trend(self):
        with tempfile.TemporaryDirectory() as folder:
            results, lines = Path(folder, "results"), Path(folder, history.NAME)
            (results / "one").mkdir(parents=True)
            (results / "one/a.json").write_text(json.dumps(self.result("2026-01-02", 20.0)))
            for started, value, machine in (("2026-01-03", 30.0, "one"), ("2026-01-01", 10.0, "one"),
                                            ("2026-01-02", 20.0, "one"), ("2026-01-04", 1.0, "two")):
                history.append(self.result(started, value, machine), lines)
            with open(lines, "a") as file:
                file.write('{"started": "cut')
            (trend,) = history.trends(history.load("one", results, lines)).values()
            self.assertEqual([one["value"][0] for one in trend], [10.0, 20.0, 30.0])
            self.assertEqual(trend[0]["lead"], [2.0, 1.9, 2.1])

    def test_one_run_is_no_trend(self):
        self.assertEqual(history.trends([history.entry(self.result("2026-01-01", 1.0))]), {})

    def test_what_is_committed_can_be_read(self):
        for folder in (BENCH / "results").iterdir():
            self.assertEqual(len(history.load(folder.name, BENCH / "results")), len(list(folder.glob("*.json"))))


if __name__ == "__main__":
    unittest.main()
