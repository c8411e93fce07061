"""Pages to look at: this repository's clauses, and its largest result."""
import json
import sys
import tempfile
from pathlib import Path
from unittest import mock

from support import BENCH, CONTENDERS, both, synthetic

sys.path.insert(0, str(BENCH / "report"))

from conformance import Evidence  # noqa: E402
from judge import judge  # noqa: E402
from layers import Column  # noqa: E402
from page import Page  # noqa: E402
from rows import kernels, load  # noqa: E402
from scaling import rate  # noqa: E402


def reported(clause, status="PASS"):
    """A line of results.jsonl about it, with as much of a transcript as most cases have."""
    return json.dumps({"record": "case", "id": clause["id"], "status": status, "message": "", "ms": 1,
                       "command": f"build/x --case={clause['id']}", "transcript": ["x" * 80]}) + "\n"


def evidence(broken=()):
    """As if every case had passed but those."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results.jsonl")
        results.write_text("".join(reported(clause, "FAIL" if clause["id"] in broken else "PASS")
                                   for clause in Evidence(BENCH.parent, None).clauses()))
        return Evidence(BENCH.parent, results)


TARGETS = ("linux-aarch64", "linux-armhf", "linux-i386", "linux-ppc64le", "linux-riscv64", "linux-s390x", "linux-x86_64-clang19-libcxx",
           "linux-x86_64-musl")
SANITIZERS = ("address,undefined", "thread", "memory")
ELSEWHERE = ("PASS",) * 9 + ("XFAIL", "SKIP", "UNSUPPORTED", "FAIL")


def _column(name, ids):
    """As if most of them had passed there."""
    by_status = {status: [] for status in ELSEWHERE}
    for place, id in enumerate(ids):
        by_status[ELSEWHERE[place % len(ELSEWHERE)]].append(id)
    remarks = {id: {"says": "qemu-user ends it", "transcript": "x" * 200} for status, some in by_status.items() if status != "PASS" for id in some[:20]}
    return Column(name, "GNU 12.2.0 Debug, quick, 2026-01-02, commit 0123456789ab", {"clauses": {"all": by_status}, "remarks": remarks},
                  f"scripts/validate-port --preset {name}", f"scripts/validate-port --preset {name} --suite {{module}}")


def with_places(seen):
    """As if its cases had been run on many targets and under each sanitizer, on some of them not all."""
    ids = [clause["id"] for clause in seen.clauses()]
    seen.layers.targets = [_column(f"{name}-gnu12-emulated", ids[40 * number:]) for number, name in enumerate(TARGETS)]
    seen.layers.sanitizers = [_column(f"{name} sanitizer", ids) for name in SANITIZERS]
    return seen


def result():
    return json.loads(max((BENCH / "results").glob("*/*.json"), key=lambda file: file.stat().st_size).read_text())


LOADS = (10, 30, 50, 70, 90)
LATENCIES = {"p50": 1, "p90": 2, "p99": 4, "p99.9": 20, "max": 90}


PROCESSORS = 12  # as many as a sweep needs that can be fitted
# A machine with two threads in a core, one socket, and nothing said of its caches.
PLACES = [("one", "one processor for all", (0,), ""), ("smt", "two threads of one core", (0, 4), ""),
          ("cache", "two cores, one cache", (), "unknown"), ("socket", "two sockets", (), "this machine has none")]
PRICE = {"items": 1000, "cpu_s": 1e-4, "voluntary": 7, "involuntary": 0, "allocations_per_item": 1.5, "peak_kib": 3 * 1024}


def _details(row, speed):
    """What a program says of an open loop, or of who got how much."""
    if row.part == "loads":
        return {"loads": [{"percent": load, "rate": 1e4 * load} | {key: speed * value / (100 - load)
                                                                  for key, value in LATENCIES.items()} for load in LOADS]}
    return {"shares": {"min": 0.5, "median": 1.1, "max": 1.4}} if row.part == "shares" else {}


def _measured(rows):
    for number, row in enumerate(rows):
        ours = rate(row.threads, 1e6, 0.05, 0.01) if row.sweep else 1e6 * (number + 1)
        if row.better == "lower":
            ours = 1e5
        for sample in synthetic({**both(ours), "peer": 0.8 * ours}, row=row.id, rounds=5, seed=number):
            sample.details = PRICE | _details(row, sample.value)
            yield sample


def beyond_the_table():
    """(judged rows, summary) of what bench/rows.toml has of sweeps, grids and the others, with made-up numbers."""
    rows = [row for row in load(PLACES) if row.part or row.sweep or row.grid]
    machine = [sample for kernel in kernels() for sample in synthetic({"machine": 20.0}, row=kernel.id, rounds=5)]
    with mock.patch("scaling.processors", lambda: PROCESSORS):
        return judge(rows, {row.id: CONTENDERS for row in rows}, [*_measured(rows), *machine], lambda one: one.impl, kernels())


def with_parts(found):
    """A result as if it had sweeps and all other parts."""
    rows, summary = beyond_the_table()
    here = {row["id"] for row in rows}
    found["rows"] = [row for row in found["rows"] if row["id"] not in here] + rows
    found["summary"].update({key: summary[key] for key in ("scaling", "grids", "placements", "calibration")})
    return found


def with_failure(found, row, impl):
    """A result in which that contender of that row crashed."""
    contenders = next(one["contenders"] for one in found["rows"] if one["id"] == row)
    place = next(number for number, one in enumerate(contenders) if one["impl"] == impl)
    contenders[place] = {key: contenders[place][key] for key in ("impl", "kind", "command")} | {"error": "crashed with SIGSEGV"}
    return found


def html(seen, found=None):
    return Page(seen, found or result(), []).html()
