#!/usr/bin/env python3
"""The tools that ask CPython: record.py, live.py, claims.py, case.py, toml_subset.py. Argument: the sample executable."""
import json
import os
import subprocess
import sys
import tempfile
import textwrap
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
REFERENCE = os.path.join(ROOT, "reference")
SAMPLE = sys.argv.pop() if len(sys.argv) > 1 else None
sys.path.append(REFERENCE)

import interpreters
import toml_subset

SCRATCH = tempfile.TemporaryDirectory()
HEAD = "import threading, queue\nfrom case import case, log, raised, times, now, wait_until_blocked\n"


class Room:
    """A tree of its own with one twin file and its clauses, asked of this Python alone."""

    def __init__(self, twin="", spec="", folder=None):
        self.top = folder or tempfile.mkdtemp(dir=SCRATCH.name)
        if not folder:
            self.write("reference/demo/box.py", HEAD + textwrap.dedent(twin))
            self.write("spec/demo/box.toml", textwrap.dedent(spec))

    def write(self, path, text):
        path = os.path.join(self.top, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def run(self, tool, *arguments, **environment):
        environment = dict(
            os.environ, TANDEM_REFERENCE_DIR=os.path.join(self.top, "reference"),
            TANDEM_SPEC_DIR=os.path.join(self.top, "spec"), TANDEM_PYTHONS=sys.executable, TANDEM_TIME_SCALE="1",
            PATH="", **environment)
        child = subprocess.run([sys.executable, "-B", os.path.join(REFERENCE, tool)] + list(arguments),
                               env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return child.returncode, child.stdout.decode()

    def golden(self):
        with open(os.path.join(self.top, "reference", "demo", "box.golden.json"), encoding="utf-8") as file:
            return json.load(file)


def one(body, says="demo.box.one"):
    return '@case("%s", "a case")\ndef _():\n%s' % (says, textwrap.indent(textwrap.dedent(body), "    "))


class RecordTest(unittest.TestCase):
    def record(self, twin, spec=""):
        room = Room(twin, spec)
        code, output = room.run("record.py")
        return room, code, output

    def test_writes_what_was_said_and_where_it_comes_from(self):
        room, code, output = self.record(one("log('a', 1)\nlog([1.5, None, 'x'], object())"))
        self.assertEqual(code, 0, output)
        golden = room.golden()
        self.assertEqual(golden["cases"]["demo.box.one"]["transcript"], ["a 1", "[1.5, None, 'x'] <object object at 0x...>"])
        self.assertEqual(golden["cpython"], ["%d.%d.%d" % sys.version_info[:3]])
        self.assertEqual(len(golden["script_sha256"]), 64)
        self.assertEqual(room.run("record.py", "--check")[0], 0)

    def test_a_golden_is_of_its_twin_only(self):
        room, _, _ = self.record(one("log(1)"))
        room.write("reference/demo/box.py", HEAD + one("log(2)"))
        code, output = room.run("record.py", "--check")
        self.assertEqual(code, 1)
        self.assertIn("script_sha256", output)
        code, output = room.run("record.py")
        self.assertIn("~ demo.box.one", output)
        self.assertEqual(room.run("record.py", "--check")[0], 0)

    def test_a_golden_is_of_what_the_twins_share_too(self):
        room = Room("from support import shared\n" + one("log(shared())"))
        room.write("reference/demo/support.py", "import queue\ndef shared(): return queue.Queue().qsize()\n")
        self.assertEqual(room.run("record.py")[0], 0)
        self.assertEqual(room.golden()["cases"]["demo.box.one"]["transcript"], ["0"])
        self.assertIn("1 goldens, 0 faults", room.run("record.py", "--check")[1])
        room.write("reference/demo/support.py", "def shared(): return 1\n")
        code, output = room.run("record.py", "--check")
        self.assertEqual(code, 1)
        self.assertIn("support_sha256", output)

    def test_a_twin_without_a_golden_and_a_golden_without_a_twin(self):
        room = Room(one("log(1)"))
        self.assertEqual(room.run("record.py", "--check")[0], 1)
        room.run("record.py")
        room.write("reference/demo/gone.golden.json", "{}")
        code, output = room.run("record.py", "--check")
        self.assertEqual(code, 1)
        self.assertIn("without its twin", output)

    def test_recording_again_changes_nothing(self):
        room, _, _ = self.record(one("log(1)"))
        path = os.path.join(room.top, "reference/demo/box.golden.json")
        before = os.stat(path).st_mtime_ns
        self.assertIn("0 changed", room.run("record.py")[1])
        self.assertEqual(os.stat(path).st_mtime_ns, before)

    def test_refuses_what_is_not_stable(self):
        room, code, output = self.record(one("import os; log(os.getpid())") + "\n" + one("log(1)", "demo.box.two"))
        self.assertEqual(code, 1)
        self.assertIn("REFUSED demo.box.one: not one answer", output)
        self.assertEqual(list(room.golden()["cases"]), ["demo.box.two"])

    def test_keeps_a_set_where_the_clause_allows_one(self):
        spec = '[[clause]]\nid = "demo.box.one"\noracle = "outcome-set"\n'
        room, code, output = self.record(one("import os; log('p', os.getpid())"), spec)
        self.assertEqual(code, 0, output)
        self.assertEqual(len(room.golden()["cases"]["demo.box.one"]["outcomes"]), 3)
        room.run("record.py")
        self.assertEqual(len(room.golden()["cases"]["demo.box.one"]["outcomes"]), 6)

    def test_one_case_cannot_hurt_another(self):
        bad = [one(body, "demo.box.bad" + str(i)) for i, body in enumerate((
            "1 / 0", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
            "threading.Thread(target=threading.Event().wait).start()\nraise SystemExit(3)"))]
        room, code, output = self.record("\n".join(bad) + "\n" + one("print('noise'); log(threading.active_count())"))
        self.assertEqual(code, 1)
        self.assertEqual(output.count("REFUSED"), 3, output)
        self.assertIn("ZeroDivisionError", output)
        self.assertEqual(room.golden()["cases"]["demo.box.one"]["transcript"], ["1"])

    def test_versions_that_the_clause_excludes_are_not_asked(self):
        spec = '[[clause]]\nid = "demo.box.one"\nuntil = "3.0"\n'
        _, code, output = self.record(one("1 / 0"), spec)
        self.assertEqual(code, 1)
        self.assertIn("none of the CPythons found is within", output)


class CaseTest(unittest.TestCase):
    def show(self, body):
        room = Room(one(body))
        code, output = room.run("record.py", "--show", os.path.join(room.top, "reference", "demo", "box.py"))
        self.assertEqual(code, 0, output)
        return [line[4:] for line in output.splitlines()[1:]]

    def test_raised(self):
        self.assertEqual(self.show("""
            log(raised(lambda: queue.Queue().get_nowait()))
            log(raised(lambda: queue.Queue().get(timeout=-1)))
            log(raised(lambda: 1))
            """), ["Empty", "ValueError: 'timeout' must be a non-negative number", "nothing"])

    def test_waits_until_blocked_in_every_kind_of_wait(self):
        self.assertEqual(self.show("""
            q, simple, lock, event = queue.Queue(), queue.SimpleQueue(), threading.Lock(), threading.Event()
            lock.acquire()
            first = threading.Thread(target=event.wait)
            acts = [q.get, simple.get, lock.acquire, first.join]
            threads = [first] + [threading.Thread(target=act) for act in acts]
            for thread in threads: thread.start()
            wait_until_blocked(5)
            q.put(1); simple.put(1); lock.release(); event.set()
            for thread in threads: thread.join()
            log("all")
            """), ["all"])

    def test_a_thread_that_computes_is_not_blocked(self):
        self.assertEqual(self.show("""
            times.must_not_expire = 0.1
            stop = []
            def compute():
                while not stop: pass
            thread = threading.Thread(target=compute)
            thread.start()
            log(raised(lambda: wait_until_blocked(1)))
            stop.append(1)
            thread.join()
            """), ["RuntimeError: fewer than 1 threads ever blocked"])

    def test_times_are_scaled(self):
        room = Room(one("log(times.brief, times.must_not_expire)"))
        twin = os.path.join(room.top, "reference", "demo", "box.py")
        self.assertIn("0.01 60.0", room.run("record.py", "--show", twin)[1])


@unittest.skipUnless(SAMPLE, "needs the sample executable")
class LiveTest(unittest.TestCase):
    def test_says_what_differs_and_counts_what_it_skips(self):
        folder = os.path.join(HERE, "room")
        room = Room(folder=folder)
        twin = os.path.join(folder, "reference", "harness", "test", "sample.py")
        code, output = room.run("record.py", "--live", twin, "--executable", SAMPLE, TANDEM_CASE_SECONDS="2")
        self.assertEqual(code, 1)
        self.assertIn("2 equal, 3 different, 1 SKIP(version), 1 SKIP(no case), 1 SKIP(ours skipped)", output)
        self.assertIn("sample.fail.differs: transcripts differ", output)
        self.assertIn("-theirs\n+ours", output)
        self.assertIn("our outcome is not in the recorded set: [\"third\"]", output)
        self.assertIn("sample.crash.signal: ours: CRASH", output)


class ClaimsTest(unittest.TestCase):
    def check(self, expect, snippet="print(1)\nprint('two')", more=""):
        claim = "[[claim]]\nid = 'claim.a.b'\nrows = [1]\nplace = '1'\nsays = 's'\nverdict = 'confirmed'\n%s\n" % more
        room = Room("", claim + "snippet = '''\n%s\n'''\nexpect = '''\n%s\n'''\nclauses = []\n" % (snippet, expect))
        return room.run("claims.py", "--check")

    def test_as_expected(self):
        code, output = self.check("1\ntwo")
        self.assertEqual(code, 0, output)
        self.assertIn("1 claims, 1 runs, 0 not as expected", output)

    def test_not_as_expected(self):
        code, output = self.check("1\nthree")
        self.assertEqual(code, 1)
        self.assertIn("printed:\n      1\n      two", output)

    def test_a_snippet_that_fails_says_so(self):
        code, output = self.check("", "raise ValueError('why')")
        self.assertEqual(code, 1)
        self.assertIn("ValueError: why", output)

    def test_other_versions_are_not_asked(self):
        code, output = self.check("1\ntwo", more="since = '3.99'")
        self.assertIn("0 runs", output)
        self.assertEqual(code, 1, "nothing ran")


class InterpretersTest(unittest.TestCase):
    def test_since_is_within_and_until_is_not(self):
        holds = interpreters.holds_for
        self.assertTrue(holds((3, 8, 18), "3.8", None))
        self.assertFalse(holds((3, 8, 18), "3.9", None))
        self.assertFalse(holds((3, 12, 0), None, "3.12"))
        self.assertTrue(holds((3, 11, 9), "3.8", "3.12"))
        self.assertTrue(holds((3, 13, 0), "3.9.1", ""))


class TomlTest(unittest.TestCase):
    TEXT = '''# comment
title = "a \\"b\\" \\u00e9 # no comment"  # comment
[[clause]]
id = 'literal \\n'
list = [ "a", # one
  "b",
]
numbers = [1, -2, 1_000, 1.5, 2e3]
flags = {yes = true, no = false}
[[clause]]
text = """
first
  second \\
     folded"""
raw = \'\'\'
[[clause]]
id = "inside"
\'\'\'
[other.table]
empty = []
'''

    def test_reads_the_subset(self):
        read = toml_subset.loads(self.TEXT)
        self.assertEqual(read["title"], 'a "b" \xe9 # no comment')
        self.assertEqual([clause.get("id") for clause in read["clause"]], ["literal \\n", None])
        self.assertEqual(read["clause"][1]["raw"], '[[clause]]\nid = "inside"\n')
        self.assertEqual(read["other"], {"table": {"empty": []}})

    @unittest.skipUnless(toml_subset.tomllib, "tomllib came with 3.11")
    def test_reads_it_as_tomllib_does(self):
        self.assertEqual(toml_subset.loads(self.TEXT), toml_subset.tomllib.loads(self.TEXT))
        for folder, _, names in os.walk(os.path.join(ROOT, "spec")):
            for name in names:
                if name.endswith(".toml"):
                    with open(os.path.join(folder, name), encoding="utf-8") as file:
                        text = file.read()
                    self.assertEqual(toml_subset.loads(text), toml_subset.tomllib.loads(text), name)

    def test_never_guesses(self):
        for text in ("a = ", "a = b", "a = 'x", "a = 1\na = 2", "a = [1", "a 1", "[t\n", 'a = "\\q"', "a = 1 2"):
            with self.assertRaises(ValueError, msg=text):
                toml_subset.loads(text)


def tearDownModule():
    SCRATCH.cleanup()


if __name__ == "__main__":
    unittest.main()
