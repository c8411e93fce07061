"""bench/rows.toml as objects."""
import re
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path

import environment
import topology

BENCH = Path(__file__).resolve().parent.parent
GROUPS = ("peers", "cpython", "at_most")
# Of sweeps: those that the programs know (bench/harness/start_line.hpp).
STEPS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
FEWEST = 8  # a sweep goes so far at least, also where that is more than there are processors


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


@dataclass(frozen=True)
class Placement:
    id: str
    title: str
    places: tuple  # as topology.places() has them


@dataclass(frozen=True)
class Kernel:
    """What the machine does by itself; a row like others to whoever measures."""
    id: str
    text: str
    unit: str
    better: str
    of: str  # the rows that it bounds, as a regular expression
    program: str = "bench_calibration"
    part: str = "calibration"


@dataclass
class Row:
    id: str
    group: str
    text: str
    unit: str
    better: str
    program: str
    python: str = ""  # none where CPython has no part in it
    never_below: bool = False
    part: str = ""  # "sweep", "grid", "placement", "loads" or "shares": what the row is there for; "": it is one of the table
    sweep: Sweep = None
    threads: int = 0  # of the sweep
    grid: Grid = None
    cell: tuple = ()  # of the grid: what stands before its line and over its column
    placement: Placement = None
    place: str = ""
    processors: tuple = ()  # of the place: the only ones that it may use
    runs: str = ""  # the row that the programs know it as, where that is another
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


def running(of, count):
    """How many threads run where there are so many threads, pairs, or workers beside the one that gives them work."""
    return {"pairs": 2 * count, "workers": count + 1}.get(of, count)


def steps(most):
    """How many there are of a sweep, up to so many at least."""
    last = next((one for one in STEPS if one >= max(FEWEST, most)), STEPS[-1])
    return [one for one in STEPS if one <= last]


def doubled(most):
    """The same of a grid, which would have too many cells with all of them."""
    return [one for one in steps(most) if one & (one - 1) == 0]


class _Parts:
    """Sweeps and grids take those of their rows that the table has, and add the others behind it."""

    def __init__(self, rows, places):
        self.rows, self.places = rows, places
        self.by_id = {row.id: row for row in rows}

    def _take(self, entry, part, **places):
        name = entry["row"].format(**{key: _slug(place) for key, place in places.items()})
        if name not in self.by_id:
            like = self.by_id[entry["like"]]
            row = Row(name, entry["title"], entry["text"].format(**places), entry.get("unit", like.unit), like.better,
                      like.program, part=part)
            self.rows.append(row)
            self.by_id[name] = row
        return self.by_id[name]

    def sweep(self, entry):
        sweep = Sweep(entry["id"], entry["title"], entry["of"])
        for n in steps(entry["most"] * environment.processors()):
            row = self._take(entry, "sweep", n=n)
            row.sweep, row.threads = sweep, n

    def grid(self, entry):
        grid = Grid(entry["id"], entry["title"], entry["down"], entry["across"])
        counts = doubled(entry["most"] * environment.processors()) if "most" in entry else []
        for down in map(str, entry.get("lines", counts)):
            for across in map(str, entry.get("columns", counts)):
                row = self._take(entry, "grid", down=down, across=across)
                row.grid, row.cell = grid, (down, across)

    def placement(self, entry):
        like = self.by_id[entry["row"]]
        placement = Placement(entry["row"], entry["title"], tuple(self.places))
        for name, text, processors, _ in self.places:
            if processors:
                self.rows.append(replace(like, id=f"placement.{like.id}.{name}", group=placement.title, text=_where(text, processors),
                                         python="", never_below=False, part="placement", sweep=None, grid=None, floors=[],
                                         placement=placement, place=name, processors=processors, runs=like.id))


def _where(text, processors):
    return f"{text[0].upper()}{text[1:]}: {', '.join(map(str, processors))}"


def _slug(place):
    return str(place).lower().replace(" ", "")


def _read():
    with open(BENCH / "rows.toml", "rb") as source:
        return tomllib.load(source)


def kernels():
    """What two machines are compared by."""
    return [Kernel(**entry) for entry in _read()["kernel"]]


def load(places=None):
    """places: those of another machine than this one."""
    entries = _read()
    rows = list(_table(entries["row"]))
    parts = _Parts(rows, topology.places() if places is None else places)
    for kind, take in (("sweep", parts.sweep), ("grid", parts.grid), ("placement", parts.placement)):
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
