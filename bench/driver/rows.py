"""bench/rows.toml as objects."""
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
GROUPS = ("peers", "cpython", "at_most")


@dataclass
class Floor:
    against: str  # one of GROUPS
    needed: float
    of: list = field(default_factory=list)
    text: str = ""


@dataclass
class Row:
    id: str
    group: str
    text: str
    unit: str
    better: str
    program: str
    python: str
    never_below: bool = False
    threads: int = 0  # of a thread sweep: how many do the same work; 0: the row is of none
    floors: list = field(default_factory=list)


def _floor(entry):
    against = [group for group in GROUPS if group in entry]
    if len(against) != 1:
        raise ValueError(f"a floor is against exactly one of {GROUPS}: {entry}")
    needed = entry["at_most"] if against == ["at_most"] else entry["ratio"]
    return Floor(against[0], needed, entry.get("of", []), entry.get("text", ""))


def load(file=BENCH / "rows.toml"):
    with open(file, "rb") as source:
        entries = tomllib.load(source)["row"]
    rows = []
    for entry in entries:
        floors = [_floor(floor) for floor in entry.pop("floor", [])]
        rows.append(Row(**entry, floors=floors))
        if rows[-1].better not in ("higher", "lower"):
            raise ValueError(f"{rows[-1].id}: better is higher or lower")
    if len({row.id for row in rows}) != len(rows):
        raise ValueError("a row's id stands twice")
    return rows
