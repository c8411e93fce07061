#!/usr/bin/env python3
"""rejected.py catches what it is there to catch. usage: rejected_test.py <compiler>"""
import os
import sys
import tempfile
import unittest

import rejected

COMPILER = sys.argv.pop()


class RejectedTest(unittest.TestCase):
    def run_on(self, text):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "misuses.cpp")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            return rejected.main([path, "--", COMPILER])

    def test_all_rejected(self):
        self.assertEqual(self.run_on("#ifdef CASE_1\nint i = nullptr;\n#endif\n"), 0)

    def test_accepted_case(self):
        self.assertEqual(self.run_on("#ifdef CASE_1\nint i = 0;\n#endif\n"), 1)

    def test_rejected_for_the_wrong_reason(self):
        text = "#ifdef CASE_1  // WHY no such words\nint i = nullptr;\n#endif\n"
        self.assertEqual(self.run_on(text), 1)

    def test_rejected_for_the_reason(self):
        text = "#ifdef CASE_1  // WHY how readable\n#error how readable\n#endif\n"
        self.assertEqual(self.run_on(text), 0)

    def test_too_much_said(self):
        said = "static_assert(false, \"tandem: how readable\");\n"
        self.assertEqual(self.run_on("#ifdef CASE_1  // WHY how readable\n%s#endif\n" % said), 0)
        self.assertEqual(self.run_on("#ifdef CASE_1  // WHY how readable\n%s#endif\n" % (2 * said)), 1)

    def test_remark(self):
        text = "#ifdef CASE_1  // WHY how readable: is it?\n#error how readable\n#endif\n"
        self.assertEqual(self.run_on(text), 0)

    def test_plain_file_must_compile(self):
        with self.assertRaises(SystemExit):
            self.run_on("int i = nullptr;\n#ifdef CASE_1\n#error\n#endif\n")

    def test_no_case_at_all(self):
        with self.assertRaises(SystemExit):
            self.run_on("int i = 0;\n")


if __name__ == "__main__":
    unittest.main()
