#!/usr/bin/env python3
"""scripts/lib/conformance_runner.py: an answer that is late, torn, in pieces or none, and how scripts/conform ends then."""
import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.append(os.path.join(ROOT, "scripts", "lib"))

import hangs  # noqa: E402
from conformance_runner import Runner, RunnerError  # noqa: E402

HELLO = {"message": "hello", "implementation": "it", "version": "1", "kinds": ["queue"], "features": []}
RESET = {"message": "reset"}
MORE = "x" * (4 << 20)
NO_ANSWER = "not an answer by the protocol: "
# Answers what it is asked first, then does something else.
PROGRAM = """#!%s -B
import os, sys
def say(text):
    os.write(1, text.encode())
sys.stdin.readline()
say(%r)
%s
"""


class RunnerTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "program")
        self.said = io.StringIO()
        told = contextlib.redirect_stderr(self.said)
        told.__enter__()
        self.addCleanup(told.__exit__, None, None, None)

    def program(self, text="", hello=HELLO):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(PROGRAM % (sys.executable, json.dumps(hello) + "\n", text))
        os.chmod(self.path, 0o700)
        return self.path

    def runner(self, text="", hello=HELLO):
        return Runner([self.program(text, hello)], 60)

    def answers(self, said):
        """One that says so to the second question."""
        return self.runner("sys.stdin.readline()\nsay(%r)" % (said + "\n"))

    def test_half_a_line_is_no_answer(self):
        with self.runner("if sys.stdin.readline():\n    say('{')\n    os.read(os.pipe()[0], 1)") as runner:
            runner.timeout = 1
            self.assertEqual(runner.ask(RESET), {"message": "error", "error": "died", "text": "no answer within 1 s"})
            self.assert_told()
            runner.timeout = 60
            self.assertEqual(runner.ask(RESET), HELLO)  # it was started anew

    def assert_told(self):
        """Where it waited, where anybody can say so."""
        if hangs.HAS_PROC:
            self.assertRegex(self.said.getvalue(), r"(?m)^hang: %s has taken \d+ s of its 1 s$" % re.escape(self.path))

    def test_one_that_does_not_read_what_it_is_sent(self):
        with self.runner("if sys.stdin.read(1):\n    os.read(os.pipe()[0], 1)") as runner:
            runner.timeout = 1
            self.assertEqual(runner.ask(dict(RESET, more=MORE))["text"], "no answer within 1 s")
            self.assert_told()

    def test_a_line_that_is_longer_than_a_pipe(self):
        with self.runner("say('{\"read\": %d}\\n' % len(sys.stdin.readline()))") as runner:
            self.assertGreater(runner.ask(dict(RESET, more=MORE))["read"], len(MORE))

    def test_a_line_comes_in_pieces_and_two_at_once(self):
        pieces = ('{"one"', ': 1}\n{"two": 2}\n')
        with self.runner("sys.stdin.readline()\nfor piece in %r:\n    say(piece)\nsys.stdin.read()" % (pieces,)) as runner:
            self.assertEqual((runner.ask(RESET), runner.ask(RESET)), ({"one": 1}, {"two": 2}))

    def test_what_is_no_object_of_json(self):
        for said in ("no JSON", "{", "[1]", "null", ""):
            with self.answers(said) as runner, self.assertRaisesRegex(RunnerError, NO_ANSWER + re.escape(said) + "$"):
                runner.ask(RESET)

    def test_a_hello_that_lacks_something(self):
        for wrong in ({"message": "hello"}, dict(HELLO, kinds="queue"), dict(HELLO, kinds=None), dict(HELLO, features=[["a"]])):
            with self.assertRaisesRegex(RunnerError, NO_ANSWER + r"\{'message': 'hello'"):
                self.runner(hello=wrong)
        with self.assertRaisesRegex(RunnerError, r"no hello but \{'message': 'reset'\}$"):
            self.runner(hello=RESET)

    def test_a_result_of_other_programs_than_were_given(self):
        right = {"message": "result", "seq": 1, "observations": [[1], [2]]}
        for wrong in ({"message": "result", "seq": 1}, dict(right, observations=[[1]]), {}, dict(right, seq=2), dict(right, seq=None),
                      {"message": "error", "seq": 1, "error": "internal"}, dict(right, message="sing"),
                      {"message": "error", "seq": 2, "error": "internal", "text": "why"}):
            said = NO_ANSWER + re.escape(str(wrong))
            with self.answers(json.dumps(wrong)) as runner, self.assertRaisesRegex(RunnerError, said):
                runner.run("queue", [{}, {}])
        with self.answers(json.dumps(right)) as runner:
            self.assertEqual(runner.run("queue", [{}, {}]), [[1], [2]])
        for sequence in (1, None):  # a line that is too long was not read
            with self.answers(json.dumps({"message": "error", "seq": sequence, "error": "limit", "text": "why"})) as runner:
                self.assertEqual(runner.run("queue", [{}]), [{"error": "limit", "text": "why"}])

    def test_one_that_ends(self):
        with self.runner("sys.stdin.readline()\nsys.exit(3)") as runner:
            self.assertEqual(runner.ask(RESET)["text"], "it ended with status 3")
        with self.runner("sys.exit(3)") as runner:
            runner.process.wait()  # what it is sent now stays unread, and to be written
            self.assertEqual(runner.ask(RESET)["text"], "it had ended")

    def test_how_conform_ends(self):
        program = self.program(hello={"message": "hello"})
        command = [sys.executable, "-B", os.path.join(ROOT, "scripts", "conform")]
        child = subprocess.run([*command, "--implementation", program, "--against", program],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual((child.returncode, child.stdout), (2, b""))
        self.assertRegex(child.stderr.decode(), r"^conform: .*: %s\{'message': 'hello'\}\n$" % NO_ANSWER)


if __name__ == "__main__":
    unittest.main()
