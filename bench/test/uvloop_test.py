"""Is a CPython with uvloop found, and does it run the rows of asyncio, and those only, on that loop?"""
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from support import BENCH, a_row

import contenders

ASYNCIO = a_row(python="asyncio/task.py")
from rows import load

# What a twin needs of it, and where it was needed.
MODULE = """
import asyncio, os
__version__ = "1.2.3"
class Policy(asyncio.DefaultEventLoopPolicy):
    def new_event_loop(self):
        open(os.environ["MADE"], "a").close()
        return super().new_event_loop()
def install():
    asyncio.set_event_loop_policy(Policy())
"""


class Python:
    """A CPython that says that of its uvloop."""

    def __init__(self, folder, name, answer):
        self.command, self.minor = os.path.join(folder, name), name
        Path(self.command).write_text(f"#!/bin/sh\n{answer}\n")
        os.chmod(self.command, 0o755)

    def __str__(self):
        return self.minor + ".0"


class Uvloop(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.with_it = Python(self.folder, "3.8", "echo 1.2.3")
        self.without = Python(self.folder, "3.9", "exit 1")
        self.made = Path(self.folder, "made")

    def found(self, *pythons, system="none", rows=(ASYNCIO,)):
        return contenders.find_uvloop(rows, list(pythons), os.path.join(self.folder, system))

    def test_the_newest_that_has_it_runs_it(self):
        newest = Python(self.folder, "3.10", "echo 4.5.6")
        self.assertEqual(self.found(self.with_it, newest, self.without),
                         (newest, [{"peer": "uvloop", "found": True, "version": "4.5.6, CPython 3.10.0"}]))
        self.assertIs(self.found(self.with_it, self.without)[0], self.with_it)

    def test_who_has_none_is_told_the_package(self):
        found, (peer,) = self.found(self.without)
        self.assertIsNone(found)
        self.assertEqual((peer["found"], peer["package"]), (False, "python3-uvloop"))

    def test_the_systems_own_is_asked_as_well(self):
        Path(self.folder, "uvloop.py").write_text(MODULE)
        with mock.patch.dict(os.environ, PYTHONPATH=self.folder):
            found, (peer,) = self.found(self.without, system=sys.executable)
        self.assertEqual(peer["version"], f"1.2.3, CPython {found}")

    def test_nobody_is_asked_where_no_row_is_run_on_it(self):
        asked = Python(self.folder, "3.11", f"echo asked >>{self.made}; echo 1.2.3")
        self.assertEqual(self.found(asked, rows=[a_row(python="queue/queue.py"), a_row()]), (None, []))
        self.assertFalse(self.made.exists())
        self.assertIs(self.found(asked, rows=[a_row(), ASYNCIO])[0], asked)
        self.assertTrue(self.made.exists())

    def test_it_has_the_rows_of_asyncio_only(self):
        rows = load()
        having = {row.id for row in rows if contenders.with_uvloop(self.with_it, row)}
        self.assertEqual(having, {row.id for row in rows if row.id.startswith("asyncio.")})
        self.assertEqual(contenders.with_uvloop(None, ASYNCIO), [])
        (one,) = contenders.with_uvloop(self.with_it, ASYNCIO)
        self.assertFalse(one.bounds)
        self.assertEqual((one.impl, one.kind, one.command[-2:]), ("uvloop", "cpython", ["--loop", "uvloop"]))

    def test_a_twin_runs_on_its_loop(self):
        Path(self.folder, "uvloop.py").write_text(MODULE)
        for arguments, impl in (([], "cpython-"), (["--loop", "uvloop"], "uvloop")):
            self.assertFalse(self.made.exists())
            ran = subprocess.run([sys.executable, "-B", str(BENCH / "asyncio/gather.py"), "--row", "asyncio.gather", "--scale", "0.001",
                                  "--min-time", "0.001", *arguments], capture_output=True, text=True, timeout=60,
                                 env={**os.environ, "PYTHONPATH": self.folder, "MADE": str(self.made)})
            self.assertEqual(ran.returncode, 0, ran.stderr)
            self.assertTrue(json.loads(ran.stdout)["impl"].startswith(impl))
        self.assertTrue(self.made.exists())


if __name__ == "__main__":
    unittest.main()
