#!/usr/bin/env python3
"""scripts/lib/hangs.py tells of a test that takes long where it waits, of a quick one nothing, and hands on how ctest ended.
Who kills a process when its time is up has told where it waits, by the same function."""
import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import types
import unittest
from unittest import mock

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path += [os.path.join(ROOT, *folder.split("/")) for folder in ("scripts/lib", "scripts/lint", "reference")]

import claims  # noqa: E402
import fault_runs  # noqa: E402
import hangs  # noqa: E402
import interpreters  # noqa: E402
import twins  # noqa: E402
from conformance_runner import Runner  # noqa: E402
from script import loaded  # noqa: E402

SHARE = 0.001
WAITS = 200  # seconds that it may take: it is told of after a fifth of one
QUICK = 60000  # told of after a minute
# A child waits for what comes out of a pipe, and its parent for the child.
PROGRAM = """#!/bin/sh
cat "$1"
echo ended
"""


class Watch(hangs.Watch):
    """Looks once the child has opened its end of the pipe, and has it wait until it has been told of."""

    def __init__(self, folder, pipe):
        self.pipe, self.end, self.heard = pipe, None, []
        super().__init__(folder, self.heard.append, SHARE)

    def look(self, root):
        if self.end is None and not self.heard:
            try:
                self.end = os.open(self.pipe, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:  # nobody has opened it yet
                return
        super().look(root)
        if self.heard and self.end is not None:
            os.close(self.end)
            self.end = None


class HangsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT))
        self.folder = os.path.realpath(folder.name)
        self.pipe = self.path("pipe")
        os.mkfifo(self.pipe)
        with open(self.path("waits.sh"), "w", encoding="utf-8") as file:
            file.write(PROGRAM)
        os.chmod(file.name, 0o700)

    def path(self, name):
        return os.path.join(self.folder, name)

    def run_ctest(self, *tests):
        with open(self.path("CTestTestfile.cmake"), "w", encoding="utf-8") as file:
            for name, timeout, command in tests:
                file.write("add_test(%s %s)\nset_tests_properties(%s PROPERTIES TIMEOUT %s)\n" % (name, command, name, timeout))
        watch = Watch(self.folder, self.pipe)
        status = hangs.run(watch, ["ctest", "--quiet", "--test-dir", self.folder, "--parallel", "2"], interval=0.1)
        return status, watch.heard

    def test_what_waits_is_told_of_and_what_is_quick_is_not(self):
        status, told = self.run_ctest(("waits", WAITS, "%s %s" % (self.path("waits.sh"), self.pipe)),
                                      ("quick", QUICK, "/bin/sh -c :"))
        self.assertEqual(status, 0)
        lines = told[0].splitlines()
        self.assertEqual([line for line in "".join(told).splitlines() if not line.startswith(hangs.PREFIX)], [])
        self.assertNotIn("quick", "".join(told))
        self.assertRegex(lines[0], r"waits has taken \d+ s of its 200 s$")
        for what in (r"process \d+, child of \d+, for \d+ s: /bin/sh .*waits\.sh .*pipe$", r"process \d+, .* cat .*pipe$",
                     r"descriptors: 0 [^,]*, 1 pipe:", r"thread \d+ cat  state S  .* system call \S"):
            self.assertRegex(told[0], "(?m)" + what)
        self.assertEqual(len(told), 1 + len(re.findall(r"process \d+, child", told[0])))
        self.assertRegex(told[1], r"stacks of process \d+, of waits")

    def test_how_ctest_ends_is_handed_on(self):
        self.assertEqual(self.run_ctest(("quick", QUICK, "/bin/sh -c :")), (0, []))
        status, told = self.run_ctest(("fails", QUICK, "/bin/sh [[-c]] [[exit 3]]"))
        self.assertNotEqual(status, 0)
        self.assertEqual(told, [])

    def test_how_a_command_ends_that_is_killed(self):
        watch = hangs.Watch(self.folder, self.fail)
        self.assertEqual(hangs.run(watch, ["sh", "-c", "kill -9 $$"]), 128 + 9)

    def test_whose_process_it_is(self):
        known = {("/b/suite", "--gtest_filter=a"): hangs.Test("a", 300), ("--gtest_filter=a",): hangs.Test("a", 300),
                 ("run.py", "x"): hangs.Test("script", 600)}
        self.assertEqual(hangs.test_of(("/b/suite", "--gtest_filter=a"), known).name, "a")
        self.assertEqual(hangs.test_of(("/usr/bin/python3", "-B", "run.py", "x"), known).name, "script")
        self.assertEqual(hangs.test_of(("something", "else"), known).timeout, 300)

    def test_parts_of_a_test_are_not_told_apart(self):
        parts = [{"name": "drd.%d" % n, "command": ["/b/launcher", "/b/suite"], "properties": [{"name": "TIMEOUT", "value": 900 - n}]}
                 for n in (1, 2, 3)]
        with mock.patch.object(hangs.subprocess, "run") as run:
            run.return_value.stdout = json.dumps({"tests": parts})
            known = hangs.tests_by_command("build")
        for launcher in ("/b/launcher", "/b/launcher.bin"):  # a wrapper executes another program
            self.assertEqual(hangs.test_of((launcher, "/b/suite"), known), ("drd.1 … drd.3", 897))

    def test_a_process_that_somebody_is_about_to_kill(self):
        with subprocess.Popen([self.path("waits.sh"), self.pipe]) as child:
            with open(self.pipe, "wb"):  # now both are there
                told = hangs.told(child.pid, "a case", 90)
                said = subprocess.run([sys.executable, "-B", hangs.__file__, "--process", str(child.pid), "a case", "90"],
                                      stderr=subprocess.PIPE).stderr.decode()
        for text in (told, said):
            self.assertRegex(text, r"^hang: a case has taken \d+ s of its 90 s\n")
            for what in (r"process %d, .* /bin/sh .*waits\.sh .*pipe$" % child.pid, r"process \d+, child of %d, .* cat .*pipe$" % child.pid,
                         r"stacks of process %d, of a case:$" % child.pid):
                self.assertRegex(text, "(?m)" + what)
        self.assertEqual(hangs.told(child.pid, "a case", 90), "")  # it has ended


class KillersTest(unittest.TestCase):
    """Each kills what waits for the other end of a pipe that stays open."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.said = io.StringIO()
        self.enter(contextlib.redirect_stderr(self.said))

    def enter(self, context):
        self.addCleanup(context.__exit__, None, None, None)
        return context.__enter__()

    def program(self, text):
        path = os.path.join(self.folder, "program")
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!%s -B\nimport os, sys\n%s\nos.read(os.pipe()[0], 1)\n" % (sys.executable, text))
        os.chmod(path, 0o700)
        return path

    def assert_told(self, text, name, seconds):
        self.assertRegex(text, r"(?m)^ *hang: %s has taken \d+ s of its %d s$" % (re.escape(name), seconds))

    def test_a_case_of_a_suite_and_a_suite(self):
        program = self.program("")
        self.assertEqual(fault_runs.run_case(program, "a.case", 1)["status"], "TIMEOUT")
        self.assert_told(self.said.getvalue(), "a.case", 1)
        self.assertEqual(fault_runs.run_suite(program, [], 1, 1)["status"], "TIMEOUT")
        self.assert_told(self.said.getvalue(), "program", 1)

    def test_of_what_a_fault_makes_hang_nothing_is_told(self):
        program = self.program("")
        self.assertEqual(fault_runs.run_case(program, "a.case", 1, "fault")["status"], "TIMEOUT")
        self.assertEqual(fault_runs.run_suite(program, [], 1, 1, "fault")["status"], "TIMEOUT")
        self.assertEqual(self.said.getvalue(), "")

    def test_a_runner_that_does_not_answer(self):
        hello = json.dumps({"message": "hello", "implementation": "it", "version": "1", "kinds": [], "features": []})
        program = self.program("sys.stdin.readline()\nprint(%r, flush=True)" % hello)
        with mock.patch("conformance_runner.TO_END", 1), Runner([program], 60) as runner:
            runner.timeout = 1
            self.assertEqual(runner.ask({"message": "reset"})["text"], "no answer within 1 s")
            self.assert_told(self.said.getvalue(), program, 1)
            self.said.seek(self.said.truncate(0))
        self.assert_told(self.said.getvalue(), program, 1)  # nor did the next one end

    def test_a_case_of_a_twin(self):
        case = types.SimpleNamespace(times=types.SimpleNamespace(scale=0), run=lambda id: os.read(os.pipe()[0], 1))
        with mock.patch.object(twins, "CASE_SECONDS", 1):
            result = twins._run_in_fork(case, "a.case")
            self.assertEqual(result["status"], "timeout")
            self.assert_told(result["error"], "a.case", 1)
            with mock.patch.dict(os.environ, {twins.LIMIT: "1"}):
                self.assertNotIn("hang: ", twins._run_in_fork(case, "a.case")["error"])

    def test_the_snippet_of_a_claim(self):
        with mock.patch.object(claims, "SNIPPET_SECONDS", 1):
            text = claims.printed(interpreters.this(), {"id": "a.claim", "snippet": "import os\nos.read(os.pipe()[0], 1)"})
        self.assertRegex(text, r"^\(no end after 1 s\)\n")
        self.assert_told(text, "a.claim", 1)

    @unittest.skipIf(sys.version_info < (3, 9), "scripts/soak is of Python 3.9")
    def test_a_slice_of_a_soak(self):
        soak = loaded("soak")
        options = types.SimpleNamespace(build=soak.Path(self.folder), resume=False, seed=1)
        properties = types.SimpleNamespace(executable=self.program(""))
        with mock.patch.object(soak, "SLICE_TIMEOUT", 1), mock.patch.object(soak, "Properties", lambda *_: properties):
            one = soak.Soak("queue", options)
            one.run_slice(soak.Programs(one.folder, "queue"), "Queue.Property", 0)
        self.assertEqual([failure["status"] for failure in one.data["failures"]], ["timeout"])
        self.assert_told(self.said.getvalue(), "Queue.Property", 1)


if __name__ == "__main__":
    unittest.main()
