"""bench/rows.toml as objects."""
import re
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


@dataclass(frozen=True)
class Sweep:
    id: str
    title: str
    of: str  # what there is more and more of


@dataclass(frozen=True)
class Grid:
    id: str
    title: str
    down: str  # what the lines differ by
    across: str  # what the columns differ by


@dataclass
class Row:
    id: str
    group: str
    text: str
    unit: str
    better: str
    program: str
    python: str = ""  # none where the row is not of the table
    never_below: bool = False
    part: str = ""  # "sweep", "grid", "loads" or "shares": what the row is there for; "": it is one of the table
    sweep: Sweep = None
    threads: int = 0  # of the sweep
    grid: Grid = None
    cell: tuple = ()  # of the grid: what stands before its line and over its column
    floors: list = field(default_factory=list)


def _floor(entry):
    against = [group for group in GROUPS if group in entry]
    if len(against) != 1:
        raise ValueError(f"a floor is against exactly one of {GROUPS}: {entry}")
    needed = entry["at_most"] if against == ["at_most"] else entry["ratio"]
    return Floor(against[0], needed, entry.get("of", []), entry.get("text", ""))


def _table(entries):
    for entry in entries:
        floors = [_floor(floor) for floor in entry.pop("floor", [])]
        yield Row(**entry, floors=floors)


class _Parts:
    """Sweeps and grids take those of their rows that the table has, and add the others behind it."""

    def __init__(self, rows):
        self.rows = rows
        self.by_id = {row.id: row for row in rows}

    def _take(self, entry, part, **places):
        name = entry["row"].format(**{key: _slug(place) for key, place in places.items()})
        if name not in self.by_id:
            like = self.by_id[entry["like"]]
            row = Row(name, entry["title"], entry["text"].format(**places), entry.get("unit", like.unit), like.better,
                      like.program, like.python, part=part)
            self.rows.append(row)
            self.by_id[name] = row
        return self.by_id[name]

    def sweep(self, entry):
        sweep = Sweep(entry["id"], entry["title"], entry["of"])
        for n in entry["counts"]:
            row = self._take(entry, "sweep", n=n)
            row.sweep, row.threads = sweep, n

    def grid(self, entry):
        grid = Grid(entry["id"], entry["title"], entry["down"], entry["across"])
        for down in entry["lines"]:
            for across in entry["columns"]:
                row = self._take(entry, "grid", down=down, across=across)
                row.grid, row.cell = grid, (down, across)


def _slug(place):
    return str(place).lower().replace(" ", "")


def load(file=BENCH / "rows.toml"):
    with open(file, "rb") as source:
        entries = tomllib.load(source)
    rows = list(_table(entries["row"]))
    parts = _Parts(rows)
    for kind, take in (("sweep", parts.sweep), ("grid", parts.grid)):
        for entry in entries.get(kind, []):
            take(entry)
    for row in rows:
        if row.better not in ("higher", "lower"):
            raise ValueError(f"{row.id}: better is higher or lower")
    if len({row.id for row in rows}) != len(rows):
        raise ValueError("a row's id stands twice")
    return rows


def chosen(pattern, full, rows=None):
    """Those whose id matches. Beyond the table only what was asked for: by name, or by a full run."""
    return [row for row in (load() if rows is None else rows)
            if re.search(pattern, row.id) and (full or pattern or not row.part)]
