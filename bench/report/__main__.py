"""Writes the page from what was run. Called by scripts/report."""
import argparse
import json
from pathlib import Path

from conformance import Evidence
from page import Page
from speed import history

ROOT = Path(__file__).resolve().parent.parent.parent


def load(file):
    return json.loads(file.read_text(encoding="utf-8")) if file and file.exists() else None


def steps(file):
    """Lines of "seconds name"."""
    if not file or not file.exists():
        return []
    pairs = [line.split(" ", 1) for line in file.read_text(encoding="utf-8").splitlines()]
    return [{"seconds": int(seconds), "name": name} for seconds, name in pairs]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--conformance", type=Path, help="results.jsonl of scripts/conformance")
    parser.add_argument("--bench", type=Path, help="results.json of scripts/bench")
    parser.add_argument("--history", type=Path, default=ROOT / "build/bench/bench" / history.NAME,
                        help="the runs of this build; those that are committed are known anyway")
    parser.add_argument("--steps", type=Path, help="what the steps before took")
    parser.add_argument("--output", type=Path, default=ROOT / "build/report/index.html")
    options = parser.parse_args()
    result = load(options.bench)
    runs = history.load(result["environment"]["machine_id"], ROOT / "bench/results", options.history) if result else []
    page = Page(Evidence(ROOT, options.conformance), result, steps(options.steps), runs)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(page.html(), encoding="utf-8")


if __name__ == "__main__":
    main()
