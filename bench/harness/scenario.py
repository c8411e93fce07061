"""The C++ harness's counterpart for CPython: the same rows, the same passes, the same line of JSON.

Runs on every CPython from 3.8 on.
"""
import argparse
import json
import resource
import sys
import threading
import time

ROWS = {}


class Broken(Exception):
    """A result that is not what was sent."""


def row(name, items, grain=1):
    """Registers pass_(items) -> seconds as a row whose value is items per second."""

    def register(pass_):
        ROWS[name] = lambda plan: rate(plan, items, grain, pass_)
        return pass_

    return register


def cost_row(name, items):
    """The same for a row whose value is nanoseconds per item."""

    def register(pass_):
        ROWS[name] = lambda plan: cost(plan, items, pass_)
        return pass_

    return register


def latency_row(name, items):
    """Registers pass_(items) -> list of nanoseconds."""

    def register(pass_):
        ROWS[name] = lambda plan: latency(plan, items, pass_)
        return pass_

    return register


def bytes_row(name, items):
    """Registers pass_(items) -> bytes for each of them; run once: memory that was used stays."""

    def register(pass_):
        def run(plan):
            count = max(100, int(items * plan.scale))
            value = pass_(count)
            return {"unit": "B", "value": value, "items": count, "passes": [value]}

        ROWS[name] = run
        return pass_

    return register


def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def _scaled(plan, items, grain):
    return max(1, int(items * plan.scale) // grain) * grain


def rate(plan, items, grain, pass_):
    count = _scaled(plan, items, grain)
    pass_(max(1, count // 10 // grain) * grain)
    total, done, passes = 0.0, 0, []
    while total < plan.min_time:
        seconds = pass_(count)
        total += seconds
        done += count
        passes.append(count / seconds)
    return {"unit": "items/s", "value": done / total, "items": done, "passes": passes}


def cost(plan, items, pass_):
    measured = rate(plan, items, 1, pass_)
    measured["passes"] = [1e9 / value for value in measured["passes"]]
    measured.update(unit="ns", value=1e9 / measured["value"])
    return measured


def latency(plan, items, pass_):
    count = _scaled(plan, items, 1)
    pass_(max(1, count // 10))
    times, start = [], time.perf_counter()
    while not times or time.perf_counter() - start < plan.min_time:
        times += pass_(count)
    times.sort()

    def quantile(fraction):
        return times[min(len(times) - 1, int(fraction * len(times)))]

    return {
        "unit": "ns",
        "value": quantile(0.5),
        "items": len(times),
        "passes": [quantile(0.5)],
        "latency": {"p50": quantile(0.5), "p90": quantile(0.9), "p99": quantile(0.99),
                    "p99.9": quantile(0.999), "max": times[-1], "count": len(times)},
    }


def race(bodies):
    """Runs all bodies in threads that start together; seconds from the start to the last end."""
    line = threading.Barrier(len(bodies) + 1)
    ends = []

    def run(body):
        line.wait()
        body()
        ends.append(time.perf_counter())

    threads = [threading.Thread(target=run, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    line.wait()
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    if len(ends) != len(bodies):
        raise Broken("a thread ended early")
    return max(ends) - start


def check(seen, expected):
    if seen != expected:
        raise Broken("checksum: %r instead of %r" % (seen, expected))


def main():
    parser = argparse.ArgumentParser(description="One row of the table, run by this CPython")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--row")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--min-time", type=float, default=0.2)
    plan = parser.parse_args()
    if plan.list:
        print("\n".join(ROWS))
        return 0
    line = {"row": plan.row, "impl": "cpython-%d.%d.%d" % sys.version_info[:3], "scale": plan.scale}
    cpu = time.process_time()
    try:
        line.update(ROWS[plan.row](plan), ok=True)
    except Broken as error:
        line.update(ok=False, error=str(error))
    line["cpu_s"] = time.process_time() - cpu
    print(json.dumps(line), flush=True)
    return 0 if line["ok"] else 3
