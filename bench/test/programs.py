"""A program of benchmarks that is a script: fast, of known speeds, and interrupted where a test wants it."""
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from support import BENCH

ROW = "queue.alone"
# Counts its runs in a file; the run of that number sends its caller what Ctrl-C does.
SCRIPT = """#!/usr/bin/env python3
import json, os, random, signal, sys
folder = os.path.dirname(os.path.abspath(__file__))
speeds = json.load(open(os.path.join(folder, "speeds.json")))
if "--list" in sys.argv:
    for impl, kind in (("tandem", "ours"), ("peer", "peer")):
        print(json.dumps(dict(row="queue.alone", impl=impl, kind=kind)))
    sys.exit()
impl = sys.argv[sys.argv.index("--impl") + 1]
with open(os.path.join(folder, "runs"), "a+") as runs:
    runs.write("x")
    number = runs.tell()
if number == speeds.get("interrupt"):
    os.kill(os.getppid(), signal.SIGINT)
value = speeds[impl] * random.Random(number).lognormvariate(0, 0.01)
print(json.dumps(dict(ok=True, value=value)))
"""


def speeds_of(**speeds):
    return json.dumps(speeds)


class Programs:
    """with Programs(tandem=50, peer=100) as programs: programs.bench("--quick")"""

    def __init__(self, **speeds):
        self.speeds = speeds

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        program = self.folder / "bench_queue"
        program.write_text(SCRIPT)
        program.chmod(0o755)
        self.become()
        return self

    def __exit__(self, *_):
        self._folder.cleanup()

    def become(self, **speeds):
        self.speeds.update(speeds)
        (self.folder / "speeds.json").write_text(speeds_of(**self.speeds))

    def bench(self, *arguments):
        """The driver, as scripts/bench calls it; ^C reaches it although the test may ignore it."""
        asked = [] if "--resume" in arguments else ["--filter", f"^{ROW}$", "--python", "none"]
        return subprocess.run(
            [sys.executable, "-B", "-c", "import signal, runpy, sys\n"
             "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
             f"sys.path.insert(0, {str(BENCH / 'driver')!r})\n"
             f"runpy.run_path({str(BENCH / 'driver')!r}, run_name='__main__')",
             "--programs", str(self.folder), *arguments, *asked],
            capture_output=True, text=True, env=dict(os.environ), timeout=120)

    def result(self):
        return json.loads((self.folder / "results.json").read_text())
