"""The C++ harness's counterpart for CPython: the same rows, the same passes, the same line of JSON.

Runs on every CPython from 3.8 on.
"""
import argparse
import json
import random
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


LOADS = (10, 30, 50, 70, 90)  # percent of the peak
MIDDLE_LOAD = 50
ALL_AT_ONCE = float("inf")  # arrivals per second


def open_loop_row(name, at_once):
    """Registers pass_(rate, items) -> list of nanoseconds; at_once: how many arrive at once to find the peak."""

    def register(pass_):
        ROWS[name] = lambda plan: open_loop(plan, at_once, pass_)
        return pass_

    return register


def shares_row(name):
    """Registers pass_(stop) -> how much each thread got until stop() is true."""

    def register(pass_):
        ROWS[name] = lambda plan: shares(plan, pass_)
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
    plan.before = usage()
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
    plan.before = usage()
    times, start = [], time.perf_counter()
    while not times or time.perf_counter() - start < plan.min_time:
        times += pass_(count)
    found = quantiles(times)
    return {"unit": "ns", "value": found["p50"], "items": len(times), "passes": [found["p50"]], "latency": found}


def quantiles(times):
    times = sorted(times)

    def quantile(fraction):
        return times[min(len(times) - 1, int(fraction * len(times)))]

    return {"p50": quantile(0.5), "p90": quantile(0.9), "p99": quantile(0.99), "p99.9": quantile(0.999),
            "max": times[-1], "count": len(times)}


def arrive(start, per_second, items, send):
    """Calls send(due) so many times, due in nanoseconds from start on, with the gaps of a Poisson process."""
    source, due = random.Random(1), 0.0
    for _ in range(items):
        due += source.expovariate(per_second / 1e9)
        when = int(due)
        while time.perf_counter_ns() - start < when:
            time.sleep(0)
        send(when)


def open_loop(plan, at_once, pass_):
    """As open_loop.hpp has it: the peak is that of the loop itself, and the value is p99 at half of it."""
    pass_(ALL_AT_ONCE, at_once)
    start = time.perf_counter()
    pass_(ALL_AT_ONCE, at_once)
    most = at_once / (time.perf_counter() - start)
    plan.before = usage()
    loads, done = [], 0
    for percent in LOADS:
        rate = most * percent / 100
        items = max(1000, int(rate * plan.min_time / len(LOADS)))
        loads.append(dict(quantiles(pass_(rate, items)), percent=percent, rate=rate))
        done += items
    value = loads[LOADS.index(MIDDLE_LOAD)]["p99"]
    return {"unit": "ns", "value": value, "items": done, "passes": [value], "loads": loads}


def shares(plan, pass_):
    """As shares.hpp has it: Jain's index, and what the threads have of what each would have if all had the same."""
    end = time.perf_counter() + plan.min_time
    counts = sorted(pass_(lambda: time.perf_counter() > end))
    fair = max(1, sum(counts)) / len(counts)
    squares = sum(count * count for count in counts)
    value = sum(counts) ** 2 / (len(counts) * squares) if squares else 1.0
    return {"unit": "Jain's index", "value": value, "items": sum(counts), "passes": [value],
            "shares": {"min": counts[0] / fair, "median": counts[len(counts) // 2] / fair, "max": counts[-1] / fair}}


def usage():
    """What this process has used so far, and those of its children that it has waited for."""
    found = {"cpu_s": 0.0, "voluntary": 0, "involuntary": 0}
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        one = resource.getrusage(who)
        found["cpu_s"] += one.ru_utime + one.ru_stime
        found["voluntary"] += one.ru_nvcsw
        found["involuntary"] += one.ru_nivcsw
    return found


def used_since(before):
    return {key: value - before[key] for key, value in usage().items()}


def peak():
    """{peak_kib} of this program alone: getrusage() begins with what its parent had when it was started."""
    try:
        with open("/proc/self/status") as file:
            lines = [line.split() for line in file if line.startswith("VmHWM:")]
    except OSError:
        return {}
    return {"peak_kib": int(line[1]) for line in lines}


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
    parser.add_argument("--loop", choices=("uvloop",), help="for asyncio, instead of its own")
    plan = parser.parse_args()
    if plan.loop:
        import uvloop
        uvloop.install()
    if plan.list:
        print("\n".join(ROWS))
        return 0
    line = {"row": plan.row, "impl": plan.loop or "cpython-%d.%d.%d" % sys.version_info[:3], "scale": plan.scale}
    plan.before = usage()  # those with a warm-up set it once more
    try:
        line.update(ROWS[plan.row](plan), ok=True)
    except Broken as error:
        line.update(ok=False, error=str(error))
    line.update(used_since(plan.before), **peak())
    print(json.dumps(line), flush=True)
    return 0 if line["ok"] else 3
