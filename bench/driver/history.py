"""Runs one after the other: a line for each in history.jsonl, and what bench/results keeps of this machine."""
import json
from pathlib import Path

from show import named, ours_of

NAME = "history.jsonl"
NUMBERS = ("median", "low", "high")


def _numbers(entry):
    return [float(f"{entry[key]:.5g}") for key in NUMBERS]


def _row(row):
    ours, best = ours_of(row), named(row, row["best_peer"])
    if ours is None:
        return None
    found = {"value": _numbers(ours["value"]), "noise": float(f"{row['noise']:.3g}")}
    if best and "ratio" in best:
        found.update(peer=best["impl"], lead=_numbers(best["ratio"]))
    return found


def entry(result):
    """What later runs are compared with: of every row that ours ran, its value and its lead."""
    rows = {row["id"]: _row(row) for row in result["rows"]}
    return {"started": result["started"], "kind": result["kind"],
            "machine_id": result["environment"]["machine_id"], "commit": result["environment"]["commit"],
            "rows": {name: row for name, row in rows.items() if row}}


def append(result, file):
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "a", encoding="utf-8") as lines:
        lines.write(json.dumps(entry(result), ensure_ascii=False) + "\n")


def _lines(file):
    if not file or not Path(file).exists():
        return
    for line in Path(file).read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except ValueError:  # cut off, or two runs at once
            continue


def _kept(folder):
    for file in sorted(Path(folder).glob("*.json")):
        try:
            yield entry(json.loads(file.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError):
            continue


def load(machine_id, results, file=None):
    """All runs on this machine that are known, the oldest first; each once."""
    found = [*_kept(Path(results) / machine_id), *_lines(file)]
    return sorted({one["started"]: one for one in found if one.get("machine_id") == machine_id}.values(),
                  key=lambda one: one["started"])


def trends(entries):
    """{row: [its runs]} of the rows that were run more than once."""
    found = {}
    for one in entries:
        for name, row in one["rows"].items():
            found.setdefault(name, []).append(
                {"started": one["started"], "kind": one["kind"], "commit": one["commit"], **row})
    return {name: runs for name, runs in found.items() if len(runs) > 1}
