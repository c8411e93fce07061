#!/usr/bin/env python3
"""Whether the doctor says all that scripts/validate-port shows: doctor_test.py [--elsewhere] COMMAND…"""

import json
import re
import subprocess
import sys
import unittest

ANSWER = re.compile(r"yes|no: .+|unknown: .+")
OF_LINUX = {"vfork-sharing", "pidfd", "futex", "shared-futex", "epoll", "memfd", "own-executable", "thread-list",
            "adopted-orphans", "this-program-again"}
OF_POSIX = {"fork", "threads-after-fork", "robust-mutexes", "shared-memory", "named-shared-memory", "descriptors-over-sockets", "other-programs"}
OF_BSD = {"kqueue"}
TEXTS = {"system", "release", "machine", "compiler", "standard-library", "c-library", "linking", "endianness"}
NUMBERS = {"pointer-bits", "long-bits", "time-bits", "file-offset-bits", "processors", "page-bytes", "stack-bytes",
           "thread-stack-bytes", "clock-resolution-ns", "clock-step-ns", "sleep-1ms-takes-ms", "thread-ms", "program-ms",
           "time-scale"}
TRUTHS = {"char-is-signed", "atomic-64-is-lock-free"}
elsewhere, command = False, []


class Doctor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        said = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
        cls.capabilities, cls.facts = (json.loads(said.stdout.decode())[key] for key in ("capabilities", "facts"))

    def test_every_capability_is_answered(self):
        self.assertEqual(set(self.capabilities), OF_LINUX | OF_POSIX | OF_BSD)
        for name, answer in self.capabilities.items():
            self.assertRegex(answer, ANSWER, name)

    def test_what_was_not_tried_is_unknown(self):
        unknown = {name for name, answer in self.capabilities.items() if answer.startswith("unknown")}
        self.assertEqual(unknown, OF_LINUX if elsewhere else set())

    def test_every_fact_is_there(self):
        self.assertEqual(set(self.facts), TEXTS | NUMBERS | TRUTHS)
        for name, value in self.facts.items():
            kinds = str if name in TEXTS else bool if name in TRUTHS else (int, float, str)
            self.assertIsInstance(value, kinds, name)
            self.assertTrue(name in TEXTS or not isinstance(value, str) or value in ("unknown", "unlimited"), name)

    def test_how_it_is_linked(self):
        self.assertIn(self.facts["linking"], ("unknown",) if elsewhere else ("static", "dynamic"))

    def test_the_time_scale_is_a_factor(self):
        self.assertGreaterEqual(self.facts["time-scale"], 1)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    elsewhere = arguments[:1] == ["--elsewhere"]
    command = arguments[elsewhere:]
    unittest.main(argv=sys.argv[:1])
