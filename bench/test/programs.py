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
if speeds[impl] == "crash":
    os.abort()
value = speeds[impl] * random.Random(number).lognormvariate(0, 0.01)
print(json.dumps(dict(ok=True, value=value)))
"""


# The same of the machine's kernels; one without a speed fails.
KERNELS = """#!/usr/bin/env python3
import json, os, random, sys
kernels = json.load(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "kernels.json")))
if "--list" in sys.argv:
    for row in kernels:
        print(json.dumps(dict(row=row, impl="machine", kind="machine")))
    sys.exit()
speed = kernels[sys.argv[sys.argv.index("--row") + 1]]
if speed is None:
    print(json.dumps(dict(ok=False, error="broken on purpose")))
    sys.exit(3)
print(json.dumps(dict(ok=True, value=speed * random.lognormvariate(0, 0.005))))
"""


def speeds_of(**speeds):
    return json.dumps(speeds)


class Programs:
    """with Programs(tandem=50, peer=100) as programs: programs.bench("--quick"); kernels: those of the machine, too."""

    def __init__(self, kernels=None, **speeds):
        self.kernels, self.speeds = kernels, speeds

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        self._write("bench_queue", SCRIPT)
        if self.kernels:
            self._write("bench_calibration", KERNELS)
            (self.folder / "kernels.json").write_text(json.dumps(self.kernels))
        self.become()
        return self

    def __exit__(self, *_):
        self._folder.cleanup()

    def _write(self, name, script):
        program = self.folder / name
        program.write_text(script)
        program.chmod(0o755)

    def become(self, **speeds):
        self.speeds.update(speeds)
        (self.folder / "speeds.json").write_text(speeds_of(**self.speeds))

    def bench(self, *arguments, **environment):
        """The driver, as scripts/bench calls it; ^C reaches it although the test may ignore it."""
        asked = [] if "--resume" in arguments else ["--filter", f"^{ROW}$", "--python", "none"]
        return subprocess.run(
            [sys.executable, "-B", "-c", "import signal, runpy, sys\n"
             "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
             f"sys.path.insert(0, {str(BENCH / 'driver')!r})\n"
             f"runpy.run_path({str(BENCH / 'driver')!r}, run_name='__main__')",
             "--programs", str(self.folder), *arguments, *asked],
            capture_output=True, text=True, env={**os.environ, **environment}, timeout=120)

    def result(self):
        return json.loads((self.folder / "results.json").read_text(encoding="utf-8"))
