"""The speed half: tables, and the numbers that the charts are drawn from."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "driver"))

import show  # noqa: E402
from markup import chip, command, details, render, tag  # noqa: E402

STANDING = {"faster": "good", "same": "good", "inconclusive": "warn", "slower": "bad"}
KIND_NAMES = {"ours": "ours", "peer": "peer", "limit": "limit: spins, no replacement",
              "cpython": "CPython"}


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
    if ratio["verdict"] == "inconclusive":
        title += f"; about {ratio['runs_needed']} would decide"
    return tag("span", show.interval(ratio), title=title, class_=STANDING[ratio["verdict"]] + "-text")


def _contender(entry, unit):
    if "error" in entry:
        cells = [tag("td", chip("failed", "bad"), " ", entry["error"], colspan=4)]
    else:
        cpu = entry.get("cpu_ns_per_item")
        cells = [tag("td", _value(entry, unit), class_="number"), tag("td", _ratio(entry), class_="number"),
                 tag("td", entry.get("ratio", {}).get("verdict", "–")),
                 tag("td", show.duration(cpu) if cpu else "–", class_="number")]
    return tag("tr", tag("th", entry["impl"], scope="row"), tag("td", KIND_NAMES[entry["kind"]],
                                                              class_="quiet"),
               cells, tag("td", command(entry["command"])), class_=entry["kind"])


def _contenders(row):
    head = ("contender", "kind", f"{'rate' if row['better'] == 'higher' else 'time'}, 95 % interval",
            "ours : theirs", "verdict", "CPU per item", "run it again")
    return tag("div", tag("table", tag("thead", tag("tr", [tag("th", text, scope="col") for text in head])),
                          tag("tbody", [_contender(one, row["unit"]) for one in row["contenders"]]),
                          class_="contenders"), class_="scroll")


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


def _row(row):
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
                           details(f"all {len(row['contenders'])} contenders", _contenders(row)),
                           colspan=7), class_="more")
    return [first, second]


def table(name, rows):
    head = ("row", "tandem", "to the best peer", "verdict", "to CPython", "floors", "noise")
    return tag("div", tag("table", tag("caption", name, class_="hidden"),
                          tag("thead", tag("tr", [tag("th", text, scope="col") for text in head])),
                          tag("tbody", [_row(row) for row in rows]), class_="speed"), class_="scroll")


def _peer_floor(row):
    """Where the floor against the best peer stands on the axis of ratios."""
    best = row["best_peer"]
    return next((floor["needed"] for floor in row["floors"] if floor["against"] == "peers"
                 and (not floor["of"] or best in floor["of"])), None)


def chart_data(result):
    """What page.js draws: ratios of all rows, rates by group, percentiles of the latency rows."""
    ratios, rates, latencies = [], {}, []
    for row in result["rows"]:
        best = named(row, row["best_peer"])
        if best and row["standing"]:
            ratios.append({"label": f"{row['group']} · {row['text']}", "id": row["id"],
                           "peer": best["impl"], "standing": row["standing"],
                           "floor": _peer_floor(row),
                           **{key: best["ratio"][key] for key in ("median", "low", "high")}})
        bars = [{"impl": one["impl"], "kind": one["kind"], **one["value"]}
                for one in row["contenders"] if "value" in one]
        rates.setdefault(row["group"], []).append(
            {"label": row["text"], "id": row["id"], "unit": row["unit"], "bars": bars})
        lines = [{"impl": one["impl"], "kind": one["kind"], **one["latency"]}
                 for one in row["contenders"] if one.get("latency")]
        if lines:
            latencies.append({"label": f"{row['group']} · {row['text']}", "group": row["group"],
                              "lines": lines})
    noise = [{"label": row["id"], "value": row["noise"]} for row in result["rows"]]
    return {"ratios": ratios, "rates": rates, "latencies": latencies, "noise": noise}
