"""Pages to look at: this repository's clauses, and its largest result."""
import json
import sys
import tempfile
from pathlib import Path

from support import BENCH

sys.path.insert(0, str(BENCH / "report"))

from conformance import Evidence  # noqa: E402
from page import Page  # noqa: E402


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


def result():
    return json.loads(max((BENCH / "results").glob("*/*.json"), key=lambda file: file.stat().st_size).read_text())


def html(seen):
    return Page(seen, result(), []).html()
