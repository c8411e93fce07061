"""Does a contender that lies, hangs or crashes lose its row, and only that?"""
import contextlib
import io
import os
import resource
import tempfile
import unittest
from dataclasses import replace

from programs import Programs
from support import a_row

import contenders
from measure import QUICK, Session, allocations, order, run_once
from progress import Progress

PROGRAM = os.environ.get("TANDEM_BENCH_FAULTY")
COUNTER = os.environ.get("TANDEM_BENCH_ALLOCATIONS")
SETTINGS = replace(QUICK, scale=0.02, min_time=0.01, patience=5)


def run(impl, row="test.flow", patience=5):
    one = contenders.Contender(impl, "peer", [PROGRAM, "--row", row, "--impl", impl])
    return run_once(one, a_row(id=row), impl, 0, replace(SETTINGS, patience=patience))


@unittest.skipUnless(PROGRAM, "TANDEM_BENCH_FAULTY names no program")
class Faults(unittest.TestCase):
    def test_the_right_one_passes(self):
        sample = run("right")
        self.assertTrue(sample.ok, sample.error)
        self.assertGreater(sample.value, 0)

    def test_a_lost_item_fails_the_checksum(self):
        sample = run("doubling")
        self.assertFalse(sample.ok)
        self.assertRegex(sample.error, "checksum|order")

    def test_a_swapped_item_fails_the_order(self):
        sample = run("swapping")
        self.assertFalse(sample.ok)
        self.assertIn("out of order", sample.error)

    def test_a_dropped_item_is_an_answer_that_never_comes(self):
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            sample = run("dropping", patience=1)
        self.assertFalse(sample.ok)
        self.assertIn("no answer", sample.error)
        self.assertRegex(said.getvalue(), r"^hang: dropping of test\.flow has taken \d+ s of its 1 s\n")

    def test_an_open_loop_tells_of_every_load(self):
        sample = run("right", "test.open_loop")
        self.assertTrue(sample.ok, sample.error)
        loads = sample.details["loads"]
        self.assertEqual([one["percent"] for one in loads], [10, 30, 50, 70, 90])
        self.assertAlmostEqual(loads[-1]["rate"] / loads[0]["rate"], 9)
        for one in loads:
            self.assertTrue(0 < one["p50"] <= one["p90"] <= one["p99"] <= one["p99.9"])
        self.assertEqual(sample.value, loads[2]["p99"])

    def test_what_is_lost_in_an_open_loop_fails_the_checksum(self):
        self.assertRegex(run("doubling", "test.open_loop").error, "checksum|order")

    def test_shares_are_of_what_is_fair(self):
        for row in ("test.shares.1p4c", "test.shares.4p1c"):
            sample = run("right", row)
            self.assertTrue(sample.ok, sample.error)
            shares = sample.details["shares"]
            self.assertTrue(0 <= shares["min"] <= shares["median"] <= shares["max"] <= 4)
            self.assertTrue(0.25 <= sample.value <= 1)

    def test_a_crash_is_told_by_its_signal(self):
        self.assertIn("SIGABRT", run("crashing").error)

    def test_an_unknown_contender_is_an_error(self):
        self.assertFalse(run("nobody").ok)

    def test_the_program_lists_what_it_has(self):
        found = contenders.from_program(PROGRAM)
        self.assertIn("right", [one.impl for one in found["test.flow"]])

    def test_one_crash_is_one_red_row(self):
        row = a_row()
        found = contenders.from_program(PROGRAM)[row.id]
        chosen = [one for one in found if one.impl in ("right", "crashing")]
        session = Session([row], {row.id: chosen}, replace(SETTINGS, rounds=3, budget=0),
                          Progress(io.StringIO()))
        samples = session.run()
        self.assertEqual([one.ok for one in samples if one.impl == "right"], [True] * 3)
        self.assertEqual([one.ok for one in samples if one.impl == "crashing"], [False])


@unittest.skipUnless(PROGRAM, "TANDEM_BENCH_FAULTY names no program")
class Prices(unittest.TestCase):
    def allocations(self, impl):
        one = contenders.Contender(impl, "peer", [PROGRAM, "--row", "test.price", "--impl", impl])
        return allocations(one, a_row(id="test.price"), SETTINGS, COUNTER).get("allocations_per_item")

    def test_what_children_do_is_part_of_the_price(self):
        details = run("forking", "test.price").details
        self.assertGreaterEqual(details["cpu_s"], 0.02 * details["items"])
        for key in ("voluntary", "involuntary", "peak_kib"):
            self.assertIn(key, details)
        self.assertNotIn("allocations", details)  # nobody counts in a run whose time counts

    def test_the_memory_is_its_own(self):
        mine = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        ballast = bytearray((mine << 10) + (64 << 20))  # what a child's getrusage() would begin with
        peak = run("allocating", "test.price").details["peak_kib"]
        self.assertLess(peak << 10, len(ballast))

    @unittest.skipUnless(COUNTER, "allocations are not counted here")
    def test_allocations_are_counted_in_children_too(self):
        self.assertAlmostEqual(self.allocations("allocating"), 3, delta=0.05)
        self.assertGreaterEqual(self.allocations("forking"), 5)

    def test_who_is_not_asked_says_nothing(self):
        self.assertEqual(allocations(contenders.Contender("cpython-3.13.0", "cpython", ["false"]), a_row(), SETTINGS, "x.so"), {})

    @unittest.skipUnless(COUNTER, "allocations are not counted here")
    def test_they_are_counted_once_for_each_contender(self):
        row = a_row(id="test.price")
        found = [one for one in contenders.from_program(PROGRAM)[row.id] if one.impl == "allocating"]
        session = Session([row], {row.id: found}, replace(SETTINGS, rounds=2, budget=0), Progress(io.StringIO()), counter=COUNTER)
        self.assertEqual(["allocations_per_item" in one.details for one in session.run()], [True, False])


@unittest.skipUnless(PROGRAM, "TANDEM_BENCH_FAULTY names no program")
class Children(unittest.TestCase):
    def test_the_right_ones_pass(self):
        for row in ("test.spawn", "test.capture"):
            sample = run("right", row)
            self.assertTrue(sample.ok, sample.error)

    def test_a_child_that_fails_is_not_quick(self):
        for impl, status in (("missing", "127"), ("killed", "-9")):
            self.assertIn("ended with status " + status, run(impl, "test.spawn").error)
        self.assertIn("ended with status 2", run("failed", "test.capture").error)

    def test_a_child_that_is_no_program_or_not_waited_for_is_found(self):
        for impl in ("copying", "unwaited"):
            self.assertIn("executed and waited for", run(impl, "test.spawn").error)

    def test_every_byte_is_looked_at(self):
        for impl in ("dropping", "swapping", "doubling"):
            self.assertRegex(run(impl, "test.capture").error, "damaged|more arrived")


class Found(unittest.TestCase):
    """From the processes to the verdict, of programs whose speeds are known."""

    def standing(self, ours):
        with Programs(tandem=ours, peer=100) as programs:
            done = programs.bench("--full", "--rounds", "15")
            self.assertEqual(done.returncode, 0, done.stderr)
            (row,) = programs.result()["rows"]
        return row["standing"]

    def test_a_slowdown_of_a_tenth_is_found(self):
        self.assertEqual(self.standing(110), "slower")

    def test_the_same_speed_is_the_same(self):
        self.assertEqual(self.standing(100), "same")

    def test_a_peer_that_crashes_is_one_red_row_and_the_run_goes_on(self):
        with Programs(tandem=50, peer="crash") as programs:
            done = programs.bench("--quick", "--rounds", "4")
            self.assertEqual(done.returncode, 0, done.stderr)
            result, text = programs.result(), (programs.folder / "results.md").read_text()
        ours, peer = result["rows"][0]["contenders"]
        self.assertEqual((ours["value"]["runs"], peer["error"]), (8, "crashed with SIGABRT"))
        self.assertEqual(result["summary"]["failed"], [["queue.alone", "peer", "crashed with SIGABRT"]])
        self.assertEqual([one["impl"] for one in result["samples"]].count("peer"), 1)  # it is not asked again
        self.assertIn("Failed: peer in queue.alone (crashed with SIGABRT)", text)

    def test_a_program_that_does_not_start_is_told_in_a_line(self):
        with Programs(tandem=50, peer=100) as programs:
            for script in ("#!/bin/sh\necho no such library >&2\nexit 127\n", "no program"):
                (programs.folder / "bench_queue").write_text(script)
                done = programs.bench("--quick")
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stderr, r"\Abench_queue does not say what it has: .*(no such library|Exec format)")

    def test_a_locale_without_these_signs_costs_no_result(self):
        with Programs(tandem=50, peer=100) as programs:
            done = programs.bench("--quick", "--rounds", "3", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("noise ?", done.stdout)
            self.assertIn("tandem′", [one["label"] for one in programs.result()["samples"]])

    def test_a_crash_of_ours_fails_the_run(self):
        with Programs(tandem="crash", peer=100) as programs:
            done = programs.bench("--quick", "--rounds", "4")
            self.assertEqual(done.returncode, 1)
            self.assertIn("tandem FAILS in 1 row: queue.alone.", done.stdout)
            (row,), summary = programs.result()["rows"], programs.result()["summary"]
        self.assertEqual((row["standing"], [one["met"] for one in row["floors"]]), ("failed", [False]))
        self.assertEqual((summary["broken_rows"], summary["rows_below_floor"]), ([row["id"]], [row["id"]]))


class Answers(unittest.TestCase):
    """Of contenders that are a line of shell."""

    def run_of(self, script, patience=20):
        one = contenders.Contender("shell", "peer", ["sh", "-c", script, "sh"])
        return run_once(one, a_row(), "shell", 0, replace(SETTINGS, patience=patience))

    def test_what_is_no_measurement_fails(self):
        for value in ("null", "0", "-1", "Infinity", "NaN", '"much"'):
            sample = self.run_of(f"""echo '{{"ok": true, "value": {value}}}'""")
            self.assertFalse(sample.ok, value)
            self.assertIn("what it measured is", sample.error)

    def test_what_is_no_answer_fails(self):
        self.assertEqual(self.run_of("echo 7").error, "ended with status 0")
        self.assertEqual(self.run_of("""echo '{"ok": false, "value": null, "error": "lost"}'""").error, "lost")

    def test_bytes_that_are_no_text_are_told_as_they_are(self):
        self.assertRegex(self.run_of(r"printf '\377 broken' >&2; exit 4").error, "^ended with status 4: . broken$")

    def test_children_end_with_it(self):
        """They would hold its pipes, and be measured beside the next one."""
        with tempfile.TemporaryDirectory() as folder:
            fifo = os.path.join(folder, "alive")
            os.mkfifo(fifo)
            for end, error in (("wait", "no answer within 1 s"), ("kill -ABRT $$", "crashed with SIGABRT")):
                reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
                self.assertEqual(self.run_of(f"exec 3>{fifo}; sleep 1000 & {end}", patience=1).error, error)
                with open(reader, "rb") as alive:
                    os.set_blocking(reader, True)
                    self.assertEqual(alive.read(), b"")  # the end: nobody has it open any more


class Rounds(unittest.TestCase):
    def test_there_and_back_with_ours_at_both_ends(self):
        three = [contenders.Contender(impl, kind, []) for impl, kind in
                 (("tandem", "ours"), ("a", "peer"), ("b", "peer"))]
        there = [label for _, label in order(three, 0)]
        self.assertEqual(there, ["tandem", "a", "b", "tandem′"])
        self.assertEqual([label for _, label in order(three, 1)], there[::-1])

    def test_an_interrupt_keeps_what_was_measured(self):
        class Interrupting(Progress):
            shown = 0

            def show(self, *_):
                self.shown += 1
                if self.shown == 2:
                    raise KeyboardInterrupt

        row = a_row()
        answering = ["sh", "-c", """echo '{"ok": true, "value": 1}'"""]
        quick = contenders.Contender("a", "peer", answering)
        session = Session([row], {row.id: [quick] * 3}, SETTINGS, Interrupting(io.StringIO()))
        self.assertEqual([one.ok for one in session.run()], [True, True])
        self.assertTrue(session.interrupted)


if __name__ == "__main__":
    unittest.main()
