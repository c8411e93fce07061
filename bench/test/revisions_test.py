"""Are two commits built apart, measured in turns, and told from each other?"""
import contextlib
import io
import os
import subprocess
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from programs import ROW, SCRIPT, speeds_of
from support import a_row, synthetic

import revisions
from measure import second

# Stands for the build: what a commit holds is copied to where a program would be built, and it refuses what is not there.
CMAKE = """#!/bin/sh
[ "$1" = --build ] || exit 0
[ ! -e broken ] || { echo "error: broken on purpose"; exit 1; }
build=$2
while [ "$1" != --target ]; do shift; done
shift
[ "$1" != help ] || { ls | sed -n "s/^bench_.*/&: phony/p"; exit; }
mkdir -p "$build/bench" && cp "$@" speeds.json "$build/bench"
"""


def run(*command, cwd):
    subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.DEVNULL)


class Commits(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        tools, self.root = Path(folder.name, "tools"), Path(folder.name, "tree")
        tools.mkdir(), self.root.mkdir()
        (tools / "cmake").write_text(CMAKE)
        (tools / "cmake").chmod(0o755)
        names = {f"GIT_{who}_{what}": "test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        patch = mock.patch.dict(os.environ, {**names, "PATH": f"{tools}:{os.environ['PATH']}"})
        patch.start()
        self.addCleanup(patch.stop)
        run("git", "init", "-q", cwd=self.root)
        (self.root / ".gitignore").write_text("/build/\n")
        self.commit("slow", tandem=110)
        self.commit("fast", tandem=100)

    def commit(self, name, **speeds):
        program = self.root / "bench_queue"
        program.write_text(SCRIPT)
        program.chmod(0o755)
        (self.root / "speeds.json").write_text(speeds_of(**{"peer": 1, **speeds}))
        run("git", "add", "-A", cwd=self.root)
        run("git", "commit", "-q", "--allow-empty", "-m", name, cwd=self.root)
        run("git", "tag", name, cwd=self.root)

    def compare(self, *revisions_of, filter=f"^{ROW}$"):
        said = io.StringIO()
        arguments = [word for name in revisions_of for word in ("--rev", name)]
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
            status = revisions.main([*arguments, "--filter", filter], self.root)
        return status, said.getvalue()

    def worktrees(self):
        listed = subprocess.run(["git", "worktree", "list"], cwd=self.root, stdout=subprocess.PIPE, text=True)
        return len(listed.stdout.splitlines())

    def test_a_commit_that_is_a_tenth_faster_is(self):
        status, said = self.compare("slow", "fast")
        self.assertEqual(status, 0, said)
        self.assertRegex(said, rf"{ROW} +1\.[01].*faster")
        self.assertIn("1 faster, 0 slower", said)
        self.assertIn("0 faster, 1 slower", self.compare("fast", "slow")[1])

    def test_one_commit_twice_is_the_same(self):
        status, said = self.compare("fast", "fast")
        self.assertEqual(status, 0)
        self.assertIn("one commit twice", said)
        self.assertIn("0 faster, 0 slower, 1 same", said)

    def test_nothing_of_it_stays(self):
        self.compare("slow", "fast")
        self.assertEqual(self.worktrees(), 1)
        self.assertEqual(list((self.root / "build/compare").iterdir()), [])

    def test_what_one_has_no_program_for_is_told_and_the_rest_is_compared(self):
        (self.root / "bench_asyncio").write_text(SCRIPT.replace(ROW, "asyncio.gather"))
        (self.root / "bench_asyncio").chmod(0o755)
        self.commit("more", tandem=100)
        for pair in (("slow", "more"), ("more", "slow")):
            status, said = self.compare(*pair, filter=rf"^({ROW}|asyncio\.gather)$")
            self.assertEqual(status, 0, said)
            self.assertRegex(said, r"(?m)^asyncio\.gather +is not in both: no bench_asyncio in slow$")
            self.assertRegex(said, rf"(?m)^{ROW} .*(faster|slower)")
        with self.assertRaisesRegex(SystemExit, "no row is in both"):
            self.compare("slow", "more", filter=r"^asyncio\.gather$")
        self.assertEqual(self.worktrees(), 1)

    def test_a_commit_that_does_not_build_says_why_and_nothing_stays(self):
        (self.root / "broken").write_text("")
        self.commit("bad", tandem=1)
        with self.assertRaisesRegex(SystemExit, "does not build:\nerror: broken on purpose"):
            self.compare("slow", "bad")
        self.assertEqual(self.worktrees(), 1)

    def test_what_is_no_commit_is_refused(self):
        with self.assertRaisesRegex(SystemExit, "nowhere is no commit here"):
            self.compare("slow", "nowhere")


class Judged(unittest.TestCase):
    def test_both_stand_twice_in_each_round_and_a_drift_cancels(self):
        for speed, verdict in ((1e6, "same"), (1.1e6, "faster"), (0.9e6, "slower")):
            samples = synthetic({"tandem": 1e6, "after": speed, second("after"): speed, second("tandem"): 1e6})
            (found,) = revisions.judge([a_row()], samples)
            self.assertEqual(found["ratio"]["verdict"], verdict)
            self.assertAlmostEqual(found["ratio"]["median"], speed / 1e6, delta=0.02)

    def test_an_error_is_told(self):
        samples = synthetic({"tandem": 1e6, "after": 1e6})
        (found,) = revisions.judge([a_row()], samples)
        self.assertEqual(found["error"], "not run")


if __name__ == "__main__":
    unittest.main()
