"""Is what two machines do by themselves measured, and taken out of what they are compared by?"""
import contextlib
import io
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from programs import Programs
from support import CONTENDERS, a_row, both, synthetic

import compare
import schema
import show
import topology
from contenders import OURS, Contender, on
from judge import judge
from rows import Kernel, kernels, load

PROGRAM = os.environ.get("TANDEM_BENCH_CALIBRATION")
LINE, LOCK = "calibration.line", "calibration.lock"


@unittest.skipUnless(PROGRAM, "TANDEM_BENCH_CALIBRATION names no program")
class TheProgram(unittest.TestCase):
    def test_it_has_every_kernel(self):
        listed = subprocess.run([PROGRAM, "--list"], capture_output=True, text=True, check=True).stdout
        self.assertEqual({json.loads(line)["row"] for line in listed.splitlines()}, {one.id for one in kernels()})

    def answer(self, row, *before):
        ran = subprocess.run([*before, PROGRAM, "--row", row, "--impl", "machine", "--scale", "0.01", "--min-time", "0.001"],
                             capture_output=True, text=True)
        return json.loads(ran.stdout)

    def test_each_takes_some_time(self):
        for kernel in kernels():
            answer = self.answer(kernel.id)
            if not answer["ok"] and kernel.id == LINE:
                self.assertIn("one processor", answer["error"])
                continue
            self.assertTrue(answer["ok"], answer)
            self.assertGreater(answer["value"], 0)


    @unittest.skipUnless(shutil.which("taskset"), "taskset is not here")
    def test_on_one_processor_no_line_goes_there_and_back(self):
        answer = self.answer(LINE, *on(topology.allowed()[:1], Contender(OURS, "ours", [])).command)
        self.assertEqual((answer["ok"], answer["error"]), (False, "there is one processor only"))


class Measured(unittest.TestCase):
    def test_every_run_measures_the_machine_too(self):
        with Programs(tandem=50, peer=100, kernels={LOCK: 20.0, LINE: 70.0}) as programs:
            done = programs.bench("--quick", "--rounds", "8")
            self.assertEqual(done.returncode, 0, done.stderr)
            result = programs.result()
        self.assertEqual(schema.complaints(result), [])
        self.assertEqual([row["id"] for row in result["rows"]], ["queue.alone"])
        found = result["summary"]["calibration"]
        self.assertEqual(set(found), {LOCK, LINE})
        self.assertAlmostEqual(found[LOCK]["value"]["median"], 20, delta=1)
        self.assertEqual(found[LOCK]["value"]["runs"], 5)  # a few rounds are enough
        self.assertIn("A std::mutex", show.markdown(result))

    def test_without_its_program_a_run_is_as_good(self):
        with Programs(tandem=50, peer=100) as programs:
            self.assertEqual(programs.bench("--quick", "--rounds", "4").returncode, 0)
            self.assertEqual(programs.result()["summary"]["calibration"], {})

    def test_a_kernel_that_fails_says_why_and_is_no_failed_contender(self):
        with Programs(tandem=50, peer=100, kernels={LOCK: 20.0, LINE: None}) as programs:
            self.assertEqual(programs.bench("--quick", "--rounds", "4").returncode, 0)
            result = programs.result()
        self.assertEqual(schema.complaints(result), [])
        self.assertEqual(result["summary"]["calibration"][LINE]["error"], "broken on purpose")
        self.assertEqual(result["summary"]["failed"], [])


def a_machine(name, speeds, line):
    """A result of rows of so many items per second, on a machine whose line of the cache takes so many ns."""
    rows = [a_row(id=f"test.{number}") for number in range(len(speeds))]
    samples = [sample for number, (row, speed) in enumerate(zip(rows, speeds))
               for sample in synthetic({**both(speed), "peer": speed / 2}, row=row.id, seed=f"{name} {number}")]
    drifting = synthetic({"machine": line}, row=LINE, seed=name, rounds=5) if line else []
    judged, summary = judge(rows, {row.id: CONTENDERS for row in rows}, samples + drifting, lambda one: one.impl, kernels())
    return {"rows": judged, "summary": summary, "samples": [vars(one) for one in samples + drifting],
            "environment": {"machine_id": name}}


class TwoMachines(unittest.TestCase):
    def compared(self, speeds, line=30.0):
        """Beside one of 1e6 each, whose line takes 60 ns."""
        before, after = a_machine("one", [1e6] * len(speeds), 60.0), a_machine("two", speeds, line)
        return compare.compare_machines(before, after)

    def test_a_machine_that_is_twice_as_fast_in_all_is_no_difference(self):
        both_machines, found = self.compared([2e6] * 8)
        self.assertAlmostEqual(both_machines.ratios[LINE].middle, 2, delta=0.3)
        self.assertEqual(len(found), 8)
        for row, kernel, ratio, _ in found:
            self.assertEqual(kernel.id, LINE)
            self.assertNotIn(ratio["verdict"], ("faster", "slower"))
            self.assertAlmostEqual(ratio["median"], 1, delta=0.15)

    def test_what_the_machine_does_not_explain_is_found(self):
        _, found = self.compared([2e6] * 7 + [1e6])
        self.assertEqual([ratio["verdict"] for *_, ratio, _ in found][-1], "slower")
        self.assertAlmostEqual(found[-1][2]["median"], 0.5, delta=0.1)

    def test_a_kernel_that_drifts_widens_the_interval(self):
        still = compare.ratio_of_medians([1e6] * 9, [2e6] * 9, "higher", ([60.0] * 5, [30.0] * 5, "lower"))[0]
        drifting = compare.ratio_of_medians([1e6] * 9, [2e6] * 9, "higher", ([60.0, 90, 40, 60, 75], [30.0] * 5, "lower"))[0]
        self.assertEqual((still.low, still.middle, still.high), (1, 1, 1))
        self.assertLess(drifting.low, 0.9)
        self.assertGreater(drifting.high, 1.1)

    def test_without_a_kernel_in_both_only_leads_are_compared(self):
        _, found = self.compared([2e6], line=None)
        self.assertEqual(found, [])

    def test_what_is_no_time_is_not_divided(self):
        both_machines, _ = self.compared([1e6])
        self.assertIsNone(both_machines.of({"id": "test.0", "unit": "B"}))
        self.assertIsNone(both_machines.of({"id": "lock.shares.4t", "unit": "Jain's index"}))
        for part in ("sweep", "placement"):
            self.assertIsNone(both_machines.of({"id": "test.0", "unit": "items/s", "part": part}))
        self.assertEqual(both_machines.of({"id": "test.0", "unit": "items/s"}).id, LINE)

    def test_it_is_all_told(self):
        before, after = a_machine("one", [1e6, 1e6], 60.0), a_machine("two", [2e6, 1e6], 30.0)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            self.assertTrue(compare.tell_machines(before, after))
        for text in (r"calibration\.line +(1\.[89]|2\.[01])", r"calibration\.fork +not in both", r"test\.1 .* slower .*by calibration\.line",
                     r"1 slower", r"test\.0 +peer +1\.9\d|test\.0 +peer +2\.0"):
            self.assertRegex(said.getvalue(), text)

    def test_two_files_of_two_machines(self):
        with Programs(tandem=50, peer=100, kernels={LOCK: 20.0}) as programs, tempfile.TemporaryDirectory() as folder:
            programs.bench("--quick", "--rounds", "8")
            one = programs.result()
            files = [Path(folder, name) for name in "ab"]
            files[0].write_text(json.dumps(one))
            one["environment"]["machine_id"] = "0" * 12
            one["settings"]["scale"] = 1
            files[1].write_text(json.dumps(one))
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                self.assertEqual(compare.main(list(map(str, files))), 0)
        self.assertRegex(said.getvalue(), r"queue\.alone +1\.00 × .*by calibration\.lock")
        self.assertIn("One has 0.2 of the items of a full run, the other 1:", said.getvalue())


class Explained(unittest.TestCase):
    def test_every_row_has_its_kernel(self):
        found = kernels()
        self.assertTrue(all(isinstance(one, Kernel) for one in found))
        by_row = {row.id: next(kernel.id for kernel in found if compare.re.search(kernel.of, row.id)) for row in load()}
        for row, kernel in (("subprocess.run.small", "fork"), ("connection.1mib", "memcpy"), ("asyncio.echo.unix", "syscall"),
                            ("event.pingpong", "syscall"), ("queue.alone", "lock"), ("queue.pingpong", "line"),
                            ("queue.bounded.int.2p2c", "line")):
            self.assertEqual(by_row[row], "calibration." + kernel)
        self.assertEqual({one.id for one in found}, set(by_row.values()))


if __name__ == "__main__":
    unittest.main()
