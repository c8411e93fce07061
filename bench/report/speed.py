"""The speed half: tables, and the numbers that the charts are drawn from."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "driver"))  # for the import of show

import history  # noqa: E402
import show  # noqa: E402
from explained import is_red  # noqa: E402
from markup import chip, code, command, details, render, scroller, tag  # noqa: E402
from show import fastest_cpython, named, ours_of  # noqa: E402
from statistic import FEWEST_ROUNDS  # noqa: E402

STANDING = {"faster": "good", "same": "good", "inconclusive": "warn", "slower": "bad", show.FAILED: "bad"}


def groups(rows):
    found = {}
    for row in rows:
        found.setdefault(row["group"], []).append(row)
    return found


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
               tag("span", needed, [" ", tag("span", f"(is {got})", class_="whole")] if got else None, title=title or None),
               class_="floor")


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


def _to(entry):
    """How far ahead of it, and who that is."""
    return [_ratio(entry), tag("div", entry["impl"], class_="quiet")] if entry else "–"


def trends(result, runs):
    """What was measured of these rows on this machine, this time included."""
    here = {row["id"] for row in result["rows"]}
    found = history.trends(sorted({one["started"]: one for one in [*runs, history.entry(result)]}.values(),
                                  key=lambda one: one["started"]))
    return {name: found[name] for name in found if name in here}


def _failed(impl, error):
    return tag("div", chip("failed", "bad"), f" {impl}: {error}" if impl else f" {error}", class_="failure")


def _failures(row, *kinds):
    """Of this cell: who failed is said where its ratio would stand."""
    return [_failed(one["impl"], one["error"]) for one in show.failures(row, *kinds)]


def _absent(row):
    missing = row.get("missing")
    return tag("div", "not here: ", tag("a", ", ".join(missing), href="#missing"), class_="quiet") if missing else None


def _row(row, trend):
    ours, wrong = ours_of(row), show.failure(row["contenders"])
    standing = show.FAILED if wrong else row["standing"]
    verdict = [chip(standing, STANDING[standing]) if standing else "–",
               tag("a", "why", href=f"#why-{row['id']}", class_="why",
                   aria_label=f"why {row['id']} is red") if is_red(row) else None]
    cells = ((_value(ours, row["unit"]) if ours else _failed("", wrong) if wrong else show.NOT_RUN, "stacked"),
             ([_to(named(row, row["best_peer"])), _failures(row, "peer", "limit"), _absent(row)], None),
             (verdict, None), ([_to(fastest_cpython(row)), _failures(row, "cpython")], None),
             ([_floor(floor, row["unit"]) for floor in row["floors"]], None), (f"±{row['noise']:.0%}", "number"))
    first = tag("tr", tag("th", code(row["text"]), tag("div", row["id"], class_="quiet id"), scope="row"),
                [tag("td", content, class_=kind, data_label=name)
                 for (content, kind), (name, _) in zip(cells, COLUMNS[1:])], id=f"row-{row['id']}")
    second = tag("tr", tag("td", command(row["command"]),
                           details(f"all {len(row['contenders'])} contenders", class_="script",
                                   data_contenders=row["id"]),
                           details(f"{len(trend)} runs on this machine", class_="script",
                                   data_trend=row["id"]) if trend else None, colspan=7), class_="more")
    return tag("tbody", first, second, data_row=row["id"])


COLUMNS = (("row", "row"), ("tandem", None), ("to the best peer", "lead"), ("verdict", "standing"),
           ("to CPython", "cpython"), ("floors", None), ("noise", "noise"))


def table(name, rows, trends):
    head = [tag("th", text, scope="col", data_sort=key) for text, key in COLUMNS]
    return scroller(name, tag("table", tag("caption", name, class_="hidden"), tag("thead", tag("tr", head)),
                              [_row(row, trends.get(row["id"])) for row in rows], class_="speed stack"))


def _unexplained(row, shortfalls):
    """What is known of a red row without a text: whether it is one at all."""
    runs = min((one["runs"] for one in shortfalls), default=None)
    if runs is not None and runs < FEWEST_ROUNDS:
        return [chip("too few rounds", "warn"), f" seen in {runs}, which says nothing. What decides: ", tag("code", row["command"].replace("--quick", "--full"))]
    return chip("not explained yet", "warn")


def _why(row, why):
    best, missed = named(row, row["best_peer"]), [one for one in row["floors"] if one["met"] is False]
    wrong = show.failure(row["contenders"])
    chips = [_failed("", wrong)] if wrong else []
    if best and best["ratio"]["median"] < 1:
        chips.append(tag("p", chip("behind", "bad"), f" {best['impl']} is {show.ratio(1 / best['ratio']['median'])} as fast, ",
                         tag("span", show.interval(best["ratio"]), class_="quiet")))
    chips += [_floor(floor, row["unit"]) for floor in missed]
    shortfalls = [floor["got"] for floor in missed if floor.get("got")] + ([best["ratio"]] if best else [])
    return tag("tr", tag("th", tag("a", row["id"], href=f"#row-{row['id']}"), tag("div", code(row["text"]), class_="quiet"), scope="row"),
               tag("td", chips), tag("td", code(why.replace(" %", "\u00a0%")) if why else _unexplained(row, shortfalls)), id=f"why-{row['id']}")


def reds(result, whys):
    """Every row that fails, is behind a peer or below a floor, and what is known of the reason."""
    lines = [_why(row, whys.get(row["id"])) for row in result["rows"] if is_red(row)]
    if not lines:
        return None
    head = [tag("th", text, scope="col") for text in ("row", "what is missing", "why")]
    return [tag("h3", "Where it is behind, and why", id="why"),
            scroller("Where it is behind, and why", tag("table", tag("thead", tag("tr", head)), tag("tbody", lines), class_="whys stack"))]


def filters(rows):
    """What rows.js selects by."""
    standings = [(name, name) for name in ("slower", "inconclusive", "same", "faster")
                 if any(row["standing"] == name for row in rows)]
    if any(map(show.failed, (one for row in rows for one in row["contenders"]))):
        standings.insert(0, ("those with a contender that failed", show.FAILED))
    options = [tag("option", text, value=value) for text, value in
               (("every row", ""), ("only red ones", "red"), *standings)]
    return tag("div", tag("label", "Find ", tag("input", type="search", id="find-row", placeholder="words")),
               tag("label", "Show ", tag("select", options, id="standing")),
               tag("span", "", id="found-rows", role="status", class_="quiet"), class_="filters script")


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
    if entry.get("loads"):
        found["loads"] = [[load["percent"], _digits(load["p99"])] for load in entry["loads"]]
    found.update(_price(entry))
    return found


def _price(entry):
    """What an item costs beside time, as far as it was told."""
    switches = entry.get("switches_per_item")
    found = {"cpu": entry.get("cpu_ns_per_item"), "allocations": entry.get("allocations_per_item"), "peak": entry.get("peak_kib")}
    return {key: _digits(value) for key, value in found.items() if value is not None} | (
        {"switches": [_digits(switches[key]) for key in ("voluntary", "involuntary")]} if switches else {})


def data(result, strings):
    """Every row once, for rows.js and charts.js."""
    return [{"id": row["id"], "group": row["group"], "text": row["text"].replace("`", ""), "unit": row["unit"],
             "better": row["better"], "noise": _digits(row["noise"]), "best": row["best_peer"],
             "ours": ours_of(row) is not None, "red": is_red(row), "standing": row["standing"], "floors": _floors_drawn(row),
             "part": row.get("part"), "contenders": [_contender(row, one, strings) for one in row["contenders"]]}
            for row in result["rows"]]
