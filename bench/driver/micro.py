"""What one thread pays, by Google Benchmark: bench_micro, after the rows."""
import json
import subprocess

import contenders
from judge import interval_entry

PROGRAM = "bench_micro"
UNITS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
QUICK, FULL = (0.02, 3), (0.25, 9)  # seconds of each repetition, and how many
PATIENCE = 300  # seconds for all of them


def options(full):
    seconds, repetitions = FULL if full else QUICK
    return ["--benchmark_enable_random_interleaving=true", f"--benchmark_repetitions={repetitions}", f"--benchmark_min_time={seconds:g}"]


def _judged(runs):
    """Of one benchmark: nanoseconds of an iteration, or why there are none."""
    wrong = next((one.get("error_message") or "it was skipped" for one in runs if one.get("error_occurred")), "")
    if wrong:
        return {"error": wrong}
    return {"value": interval_entry([one["real_time"] * UNITS[one["time_unit"]] for one in runs])}


def _read(said):
    found, context = {}, said["context"]
    for one in said["benchmarks"]:
        if one.get("run_type", "iteration") == "iteration":  # not what it says of them together
            found.setdefault(one.get("run_name", one["name"]), []).append(one)
    return {"library": context.get("library_build_type", "unknown"), "benchmarks": {name: _judged(runs) for name, runs in sorted(found.items())}}


def run(programs, full):
    """{command, library: how Google Benchmark was built, benchmarks: {name: {value or error}}}; {command, error}; None: it was not built."""
    program = (programs / PROGRAM).resolve()
    if not program.exists():
        return None
    described = {"command": " ".join([contenders.shown_path(program), *options(full)])}
    try:
        asked = subprocess.run([program, *options(full), "--benchmark_format=json"], capture_output=True, text=True, timeout=PATIENCE)
        return {**described, **_read(json.loads(asked.stdout))}
    except (OSError, subprocess.TimeoutExpired) as error:
        return {**described, "error": str(error)}
    except (ValueError, KeyError):
        return {**described, "error": f"ended with status {asked.returncode}, and said nothing that is a result"}
