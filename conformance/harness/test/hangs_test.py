#!/usr/bin/env python3
"""scripts/lib/hangs.py tells of a test that takes long where it waits, of a quick one nothing, and hands on how ctest ended."""
import os
import re
import signal
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.append(os.path.join(ROOT, "scripts", "lib"))

import hangs  # noqa: E402

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


if __name__ == "__main__":
    unittest.main()
