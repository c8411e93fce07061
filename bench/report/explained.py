#!/usr/bin/env python3
"""Why rows are red: bench/explained.toml, for the page and for bench/README.md, in which --fix writes it."""
import sys
import textwrap
import tomllib
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BENCH / "driver"))

from show import failure, named  # noqa: E402

BEGIN, END = "<!-- from explained.toml: begin -->\n", "<!-- from explained.toml: end -->\n"
WIDTH = 130


def load(file=BENCH / "explained.toml"):
    """[(rows, why)]"""
    with open(file, "rb") as source:
        return [(one["rows"], one["why"].strip()) for one in tomllib.load(source)["explained"]]


def by_row(entries):
    return {row: why for rows, why in entries for row in rows}


def is_red(row):
    """Of a judged row: tandem fails in it; of one of the table also: it is behind the best peer, or below a floor."""
    if failure(row["contenders"]):
        return True
    if row.get("part"):
        return False
    best = named(row, row["best_peer"])
    behind = bool(best) and best["ratio"]["median"] < 1
    return behind or any(floor["met"] is False for floor in row["floors"])


def markdown(entries):
    lines = []
    for rows, why in entries:
        text = ", ".join(f"`{row}`" for row in rows) + ": " + why
        lines += textwrap.wrap(text, WIDTH, initial_indent="* ", subsequent_indent="  ", break_long_words=False,
                               break_on_hyphens=False)
    return "\n".join(lines) + "\n"


def renewed(text, entries):
    """The README with what the file says between its marks."""
    before, rest = text.split(BEGIN)
    return before + BEGIN + markdown(entries) + END + rest.split(END)[1]


def main(argv):
    readme = BENCH / "README.md"
    text = readme.read_text(encoding="utf-8")
    new = renewed(text, load())
    if argv == ["--fix"]:
        readme.write_text(new, encoding="utf-8")
    elif new != text:
        print("bench/README.md is not what bench/explained.toml says: python3 bench/report/explained.py --fix")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
