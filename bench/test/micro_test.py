"""Do the numbers of Google Benchmark reach the result and the page?"""
import json
import re
import tempfile
import unittest
from pathlib import Path

import pages  # which has put the report on the path
from support import BENCH

import micro
import schema
import show
from conformance import Evidence

RUN = {"name": "put_get", "run_name": "put_get", "run_type": "iteration", "time_unit": "ns"}
SAID = {"context": {"library_build_type": "debug"}, "benchmarks": [
    *({**RUN, "real_time": time} for time in (11, 10, 12)), {**RUN, "run_type": "aggregate", "aggregate_name": "mean", "real_time": 99},
    {**RUN, "name": "submit", "run_name": "submit", "real_time": 1.5, "time_unit": "us"},
    {**RUN, "name": "lossy", "run_name": "lossy", "error_occurred": True, "error_message": "an item <was> lost"}]}


def run(script):
    """What is said of a program that is this line of shell."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder, micro.PROGRAM)
        program.write_text("#!/bin/sh\n" + script)
        program.chmod(0o755)
        return micro.run(Path(folder), full=False)


class Micro(unittest.TestCase):
    def test_its_numbers_are_nanoseconds_of_all_repetitions(self):
        found = run(f"echo '{json.dumps(SAID)}'")
        self.assertEqual((found["library"], found["benchmarks"]["lossy"]), ("debug", {"error": "an item <was> lost"}))
        self.assertEqual([found["benchmarks"][name]["value"]["median"] for name in ("put_get", "submit")], [11, 1500])
        self.assertEqual(found["benchmarks"]["put_get"]["value"]["runs"], 3)

    def test_it_is_asked_for_what_the_page_offers(self):
        found = run("""test "$4" = --benchmark_format=json && echo "{\\"context\\": {}, \\"benchmarks\\": []}" """)
        self.assertEqual(found["benchmarks"], {})
        self.assertEqual(found["command"], " ".join([micro.PROGRAM, *micro.options(full=False)]))

    def test_one_that_fails_says_why_and_costs_nothing_else(self):
        self.assertEqual(run("exit 3")["error"], "ended with status 3, and said nothing that is a result")
        self.assertIsNone(micro.run(Path("nowhere"), full=True))

    def test_the_page_and_the_summary_show_them(self):
        for found, texts in ((run(f"echo '{json.dumps(SAID)}'"), ("put get", "11 ns", "1.5 µs", "an item &lt;was&gt; lost", "debug build")),
                             (run("exit 3"), ("bench micro", "ended with status 3"))):
            result = pages.result()
            result["summary"]["micro"] = found
            self.assertEqual(schema.complaints(result), [])
            html = pages.html(Evidence("nowhere", None), result)
            for text in ("What one thread pays, by Google Benchmark", *texts):
                self.assertIn(text, html)
            self.assertEqual("put_get: 11 ns" in show.markdown(result), "benchmarks" in found)

    def test_scripts_build_every_program_that_there_is(self):
        made = set(re.findall(r"^ *(?:bench_program|add_executable)\((bench_\w+)", (BENCH / "CMakeLists.txt").read_text(), re.M))
        built = re.search(r"bench_programs=\(([^)]*)\)", (BENCH.parent / "scripts/lib/bench.sh").read_text())[1].split()
        self.assertEqual(made - {"bench_writer"}, set(built))  # which is built with those that capture it
        self.assertIn(micro.PROGRAM, built)


if __name__ == "__main__":
    unittest.main()
