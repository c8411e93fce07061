"""The speed half: tables, and the numbers that the charts are drawn from."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "driver"))

import history  # noqa: E402
import show  # noqa: E402
from markup import chip, command, details, render, tag  # noqa: E402

STANDING = {"faster": "good", "same": "good", "inconclusive": "warn", "slower": "bad"}


def groups(rows):
    found = {}
    for row in rows:
        found.setdefault(row["group"], []).append(row)
    return found


def ours_of(row):
    return next((one for one in row["contenders"] if one["kind"] == "ours" and "value" in one), None)


def named(row, impl):
    return next((one for one in row["contenders"] if one["impl"] == impl), None)


def _floor(floor, unit):
    kind = {True: "good", False: "bad", None: "warn"}[floor["met"]]
    word = {True: "met", False: "missed", None: "open"}[floor["met"]]
    needed = show.needed(floor, unit)
    got = ""
    if floor.get("got"):
        middle = floor["got"]["median"]
        turned = 1 / middle if floor["needed"] < 1 else middle
        got = show.value(middle, unit) if floor["against"] == "at_most" else show.ratio(turned)
    unsure = floor["met"] is not None and not floor.get("sure", True)
    title = "; ".join(filter(None, [floor["text"], ", ".join(floor["of"]),
                                    "the interval straddles it" if unsure else None]))
    return tag("div", chip(word + ("?" if unsure else ""), kind),
               tag("span", needed, f" (is {got})" if got else None, title=title or None), class_="floor")


def _value(entry, unit):
    value = entry["value"]
    return render([tag("strong", show.value(value["median"], unit)),
                   tag("span", " " + show.span(value["low"], value["high"], unit), class_="quiet")])


def _ratio(entry):
    ratio = entry.get("ratio")
    if not ratio:
        return "–"
    title = f"{ratio['verdict']}, {ratio['runs']} runs"
    if "q" in ratio:
        title += f", q = {ratio['q']:.2g}"
    if ratio["verdict"] == "inconclusive":
        title += f"; about {ratio['runs_needed']} would decide"
    return tag("span", show.interval(ratio), title=title, class_=STANDING[ratio["verdict"]] + "-text")


def _best(row):
    best = named(row, row["best_peer"])
    if not best:
        return tag("td", "–")
    return tag("td", _ratio(best), tag("div", best["impl"], class_="quiet"))


def _cpython(row):
    found = [one for one in row["contenders"] if one["kind"] == "cpython" and "ratio" in one]
    if not found:
        return tag("td", "–")
    best = min(found, key=lambda one: one["ratio"]["median"])
    return tag("td", _ratio(best), tag("div", best["impl"], class_="quiet"))


def trends(result, runs):
    """What was measured of these rows on this machine, this time included."""
    here = {row["id"] for row in result["rows"]}
    found = history.trends(sorted({one["started"]: one for one in [*runs, history.entry(result)]}.values(),
                                  key=lambda one: one["started"]))
    return {name: found[name] for name in found if name in here}


def _row(row, trend):
    ours, standing = ours_of(row), row["standing"]
    first = tag("tr",
                tag("th", row["text"], tag("div", row["id"], class_="quiet id"), scope="row"),
                tag("td", _value(ours, row["unit"]) if ours else "not run", class_="stacked"),
                _best(row),
                tag("td", chip(standing, STANDING[standing]) if standing else "–"),
                _cpython(row),
                tag("td", [_floor(floor, row["unit"]) for floor in row["floors"]]),
                tag("td", f"±{row['noise']:.0%}", class_="number"), id=f"row-{row['id']}")
    second = tag("tr", tag("td", command(row["command"]),
                           details(f"all {len(row['contenders'])} contenders", class_="script",
                                   data_contenders=row["id"]),
                           details(f"{len(trend)} runs on this machine", class_="script",
                                   data_trend=row["id"]) if trend else None, colspan=7), class_="more")
    return [first, second]


def table(name, rows, trends):
    head = ("row", "tandem", "to the best peer", "verdict", "to CPython", "floors", "noise")
    return tag("div", tag("table", tag("caption", name, class_="hidden"),
                          tag("thead", tag("tr", [tag("th", text, scope="col") for text in head])),
                          tag("tbody", [_row(row, trends.get(row["id"])) for row in rows]), class_="speed"), class_="scroll")


def _floors_drawn(row):
    """Where the floors against the best peer and CPython stand on the axis of ratios."""
    best = row["best_peer"]
    peer = next((floor["needed"] for floor in row["floors"] if floor["against"] == "peers"
                 and (not floor["of"] or best in floor["of"])), None)
    python = next((floor["needed"] for floor in row["floors"] if floor["against"] == "cpython"), None)
    return {"peer": peer, "cpython": python}


def _digits(number):
    """Five digits: more than any of them is worth."""
    return float(f"{number:.5g}") if isinstance(number, float) else number


def _numbers(entry, keys):
    return {key: _digits(entry[key]) for key in keys}


def _contender(row, entry, strings):
    """What the lists of contenders and the charts have in common."""
    found = {"impl": entry["impl"], "kind": entry["kind"],
             "command": strings.place(entry["command"].replace(row["id"], "{row}")
                                      .replace(f"--impl {entry['impl']} ", "--impl {impl} "))}
    if "error" in entry:
        return {**found, "error": entry["error"]}
    found["value"] = _numbers(entry["value"], ("median", "low", "high"))
    if "ratio" in entry:
        found["ratio"] = {**_numbers(entry["ratio"], ("median", "low", "high")),
                          "verdict": entry["ratio"]["verdict"]}
    if entry.get("latency"):
        found["latency"] = {key: _digits(value) for key, value in entry["latency"].items()}
    if entry.get("cpu_ns_per_item"):
        found["cpu"] = _digits(entry["cpu_ns_per_item"])
    return found


def data(result, strings):
    """Every row once, for rows.js and charts.js."""
    return [{"id": row["id"], "group": row["group"], "text": row["text"], "unit": row["unit"],
             "better": row["better"], "noise": _digits(row["noise"]), "best": row["best_peer"],
             "ours": ours_of(row) is not None, "floors": _floors_drawn(row),
             "contenders": [_contender(row, one, strings) for one in row["contenders"]]}
            for row in result["rows"]]
