"""Where the cases were run beside this time: on other targets, under sanitizers, by other implementations."""
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent.parent / "scripts/lib"))

import implementation_page  # noqa: E402
import ports  # noqa: E402
from implementations import ALIKE, EQUAL, GENERATORS, OUTSIDE, RED  # noqa: E402
from markup import chip, code, command, details, tag  # noqa: E402
from proofs import link, modules, table  # noqa: E402

GOOD = ("PASS", "XFAIL")
LONGEST = 400


def _ids(evidence):
    return {module: [clause["id"] for clause in clauses] for module, clauses in modules(evidence).items()}


def _of_column(column, ids):
    """How many of these clauses passed there; what did not is said."""
    statuses = [column.statuses[id] for id in ids if id in column.statuses]
    if not statuses:
        return tag("span", "–", title="not run")
    others = {status: statuses.count(status) for status in statuses if status != "PASS"}
    return [f"{statuses.count('PASS')} ",
            [[chip(f"{count} {status}", "warn" if status in (*GOOD, "SKIP", "UNSUPPORTED") else "bad"), " "]
             for status, count in others.items()]]


def _of_implementation(letters):
    if not letters:
        return tag("span", "–", title="not asked")
    red, outside = (sum(letters.count(one) for one in some) for some in (RED, (OUTSIDE, ALIKE)))
    return [tag("span", letters.count(EQUAL), tag("span", f" of {len(letters)}", class_="quiet") if outside else None,
                title=f"{outside} are outside of its version" if outside else None, class_="whole"),
            [" ", chip(f"{red} red", "bad")] if red else None]


def _row(name, about, cells, again):
    return [[tag("b", name), tag("div", about, class_="quiet"), command(again)], *cells]


def _about(column, clauses):
    """One that is of a few modules only, or of the clauses of another day, is seen for what it is."""
    there, all_ = ports.coverage(clauses, column.statuses, column.by_programs)
    covered = f"{there} of {all_} clauses"
    return [column.about, ", ", covered if there == all_ else chip(covered, "warn")]


def matrix(evidence):
    """A line for each place, a column for each module."""
    layers, ids = evidence.layers, _ids(evidence)
    lines = [_row(one.name, _about(one, evidence.clauses()), [_of_column(one, some) for some in ids.values()], one.again)
             for one in (*layers.targets, *layers.behind_protocol, *layers.sanitizers)]
    known = layers.implementations
    for place, name in enumerate(known.names):
        cells = [_of_implementation("".join(known.letters[id][place] for id in some if id in known.letters)) for some in ids.values()]
        lines.append(_row(name, f"asked on {known.data['recorded']}", cells, "scripts/implementations --measure"))
    if not lines:
        return None
    return [tag("h3", "Targets, sanitizers, other implementations", id="places"),
            tag("p", "How many of each module's cases pass on each target and under each sanitizer whose results are committed; and how many "
                "each implementation answers as the golden does, asked through the case's Python twin; what its version need not answer so is "
                "not red. Of one behind the runners' protocol, how many of the clauses that random programs try. Beside a commit stands how many later ones there are.",
                class_="quiet"),
            table("Targets, sanitizers, other implementations", ["where", *ids], lines, kind="stack places"), _programs(known),
            _remarks(layers), _reds(known)]


def _programs(known):
    """How many random programs of each kind an implementation saw as the newest CPython does."""
    programs = known.data.get("programs")
    if not programs:
        return None
    lines = [[name, *(_of_programs(row["kinds"].get(kind)) for kind in GENERATORS), ", ".join(row["lacks"]) or "nothing"]
             for name, row in implementation_page.in_order(known.data)]
    return details([f"Random programs through the runners' protocol, beside {programs['against']}: {len(lines)} implementations ",
                    command("scripts/implementations --measure --programs")],
                   table("Random programs", ["implementation", *GENERATORS, "lacks"], lines))


def _of_programs(one):
    if one is None:
        return tag("span", "–", title="not known to both")
    return [tag("span", f"{one['programs'] - one['different']} ", title=f"{one['operations']} operations"),
            chip(f"{one['different']} differ", "bad") if one["different"] else None]


def _remarks(layers):
    lines = [[link(id), chip(status, "warn" if status in (*GOOD, "SKIP", "UNSUPPORTED") else "bad"), column.name,
              column.says.get(id, "")[:LONGEST]]
             for column in (*layers.targets, *layers.behind_protocol, *layers.sanitizers) for id, status in column.statuses.items() if status != "PASS"]
    return details(f"The {len(lines)} cells of ours that are not plainly PASS",
                   table("What is not plainly PASS", ["case", "status", "where", "why"], lines)) if lines else None


def _reds(known):
    """What is red of the implementations, by whom it tells something about."""
    if not known.names:
        return None
    cells, entries = implementation_page.red_cells(known.data), implementation_page.findings()
    lines = []
    for entry in sorted(entries, key=lambda entry: implementation_page.BLAMED.index(entry["blamed"])):
        met = sorted(implementation_page.matched(entry, cells))
        each = [tag("div", link(cell), f" {name}: ", tag("code", cells[name, cell][:LONGEST])) for name, cell in met]
        lines.append([entry["blamed"], code(entry["says"]), details(f"{len(met)} cells", each) if met else "none"])
    return details(f"The {len(cells)} red cells of other implementations, and whom they tell something about",
                   table("Red cells of other implementations", ["whom", "what is behind it", "which"], lines)) if cells else None

