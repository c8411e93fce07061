"""What the rows beyond the table show: sweeps, grids, open loops, who gets how much."""
import math

from markup import chip, details, render, scroller, tag
from speed import groups, named, ours_of, show, table  # which has put the driver on the path
from rows import running

WARMEST = 0.4  # of the accent's colour, so that the numbers on it can be read


def in_table(rows):
    return [row for row in rows if not row.get("part")]


def _head(*texts):
    return tag("thead", tag("tr", [tag("th", text, scope="col") for text in texts]))


def _by_id(rows):
    return {row["id"]: row for row in rows}


def _numbers(entry):
    return f"{entry['median']:.3g} [{entry['low']:.3g}–{entry['high']:.3g}]"


def _own(one):
    """So many of its numbers of threads have a processor for each."""
    processors = one.get("processors", math.inf)
    return sum(running(one.get("of"), count) <= processors for count in one["threads"])


def _turns(one):
    """Where there are more threads than processors, which measures something else."""
    over = one["threads"][_own(one):]
    return tag("div", f"from {over[0]} on more threads than the {one['processors']} processors", class_="quiet") if over else None


def _fit(one):
    first = [tag("th", one.get("title", one["id"]), scope="row"),
             tag("td", ", ".join(map(str, one["threads"])), _turns(one), data_label=one.get("of", "threads"))]
    if "refused" in one:
        return tag("tr", first, tag("td", chip("no fit", "none"), " ", one["refused"], colspan=4))
    fit, peak = one["fit"], one["fit"]["peak"]
    return tag("tr", first, tag("td", show.rate(fit["lambda"]["median"], "/ s"), class_="whole", data_label="of one"),
               tag("td", _numbers(fit["sigma"]), data_label="σ"), tag("td", _numbers(fit["kappa"]), data_label="κ"),
               tag("td", f"{peak['median']:.1f} {one.get('of', 'threads')}" if peak else "beyond what was measured",
                   class_="whole", data_label="most at"))


def _sweeps(found, canvas):
    if not found:
        return None
    panes = [tag("div", canvas(f"sweep-{one['id']}", f"{one['title']}: rates over the number of {one['of']}; the rows below "
                               "hold the same numbers", 300), data_sweep=one["id"], class_="pane")
             for one in found if len(one.get("rows", ())) > 1]
    head = _head("what", "how many", "of one", "σ, waiting for each other", "κ, agreeing with each other", "most at")
    return [tag("h3", "Scalability"),
            tag("p", "Dashed is Gunther's law, X(N) = λN / (1 + σ(N − 1) + κN(N − 1)), as it was fitted to tandem, as far as each "
                "thread has a processor, with 95 % intervals in the table; where it can't be told from what was measured, the reason stands instead.",
                class_="quiet"),
            tag("div", panes, class_="panes script") if panes else None,
            scroller("Scalability", tag("table", head, tag("tbody", [_fit(one) for one in found]), class_="stack"))]


def _cell(row, heats):
    ours, best = ours_of(row), named(row, row["best_peer"])
    if not ours:
        return tag("td", tag("a", chip("failed", "bad"), href=f"#row-{row['id']}", title=show.failure(row["contenders"])))
    lead = tag("div", show.ratio(best["ratio"]["median"]), f" {best['impl']}") if best and "ratio" in best else None
    number = show.value(ours["value"]["median"], row["unit"]).removesuffix(row["unit"]).rstrip()
    return tag("td", tag("a", number, href=f"#row-{row['id']}"), lead,
               style=f"--heat: {heats[row['id']]:.2f}")


def _heats(rows):
    """{id: how warm its cell is}, on a logarithmic scale."""
    logs = {row["id"]: math.log(ours_of(row)["value"]["median"]) for row in rows}
    if not logs:
        return {}
    low, span = min(logs.values()), (max(logs.values()) - min(logs.values())) or 1
    return {name: WARMEST * (one - low) / span for name, one in logs.items()}


def _grid(grid, rows):
    cells = {(one["down"], one["across"]): rows[one["row"]] for one in grid["cells"]
             if one["row"] in rows and (ours_of(rows[one["row"]]) or show.failure(rows[one["row"]]["contenders"]))}
    if len(cells) < 2:
        return None
    lines, columns = (list(dict.fromkeys(one[place] for one in cells)) for place in (0, 1))
    heats = _heats([row for row in cells.values() if ours_of(row)])
    body = [tag("tr", tag("th", down, scope="row"),
                [_cell(cells[down, across], heats) if (down, across) in cells else tag("td", "–")
                 for across in columns]) for down in lines]
    unit = next(iter(cells.values()))["unit"]
    return scroller(grid["title"], tag("table", tag("caption", tag("b", grid["title"]), f", {unit}"),
                                       _head([tag("div", f"{grid['down']} ↓"), tag("div", f"{grid['across']} →")], *columns),
                                       tag("tbody", body), class_="heat"))


def _grids(grids, rows):
    found = [one for one in (_grid(grid, rows) for grid in grids) if one]
    return [tag("h3", "Grids"),
            tag("p", "Each cell is what tandem does, and its ratio to the best peer there; the more colour, the faster.", class_="quiet"),
            tag("div", found, class_="panes")] if found else None


def _load(one):
    return render([tag("b", show.duration(one["p50"]), class_="whole"),
                   [[" · ", tag("span", show.duration(one[name]), class_="whole")] for name in ("p99", "p99.9")],
                   tag("div", show.rate(one["rate"], "/ s"), class_="quiet")])


def _loads(row, canvas):
    ran = [one for one in row["contenders"] if one.get("loads")]
    percents = [one["percent"] for one in ran[0]["loads"]]
    lines = [tag("tr", tag("th", one["impl"], scope="row"),
                 [tag("td", _load(load), data_label=f"{load['percent']} %") for load in one["loads"]], class_=one["kind"])
             for one in ran]
    return [tag("h4", row["group"]),
            tag("div", canvas(f"loads-{row['id']}", f"p99 of {row['text']} over the load", 280), data_loads=row["id"], class_="pane"),
            scroller(row["group"], tag("table", _head("contender", *(f"{one} %" for one in percents)), tag("tbody", lines), class_="stack"))]


def _open_loops(rows, canvas):
    found = [row for row in rows if any(one.get("loads") for one in row["contenders"])]
    return [tag("h3", "Latency under load"),
            tag("p", "Items arrive at random, at 10 to 90 % of what each contender can do at most, whether the one before is done or "
                "not; the time counts from when an item was due. In the cells: the median, p99, p99.9, and how many came.",
                class_="quiet"), [_loads(row, canvas) for row in found]] if found else None


def _shares(rows):
    lines = []
    for row in rows:
        for one in row["contenders"]:
            if one.get("shares"):
                shares = one["shares"]
                lines.append(tag("tr", tag("th", row["text"], scope="row"), tag("td", one["impl"], data_label="contender"),
                                 [tag("td", f"{shares[name]:.0%}", class_="number", data_label=name)
                                  for name in ("min", "median", "max")],
                                 tag("td", f"{one['value']['median']:.3f}", class_="number", data_label="Jain's index"),
                                 class_=one["kind"]))
    return [tag("h3", "Fairness"),
            tag("p", "What the threads get that all want the same, of what each would have if all had as much; Jain's index is 1 when "
                "they do, and one over their number when one thread has all.", class_="quiet"),
            scroller("Fairness", tag("table", _head("what", "contender", "min", "median", "max", "Jain's index"), tag("tbody", lines),
                                     class_="stack"))] if lines else None


def _unmeasured(row):
    return chip("failed", "bad") if show.failure(row["contenders"]) else show.NOT_RUN


def _placed(place, rows):
    """A cell: what tandem does there, or why nobody can."""
    if "row" not in place:
        return tag("td", tag("span", place["why"], class_="quiet"), data_label=place["text"])
    row = rows[place["row"]]
    ours, best = ours_of(row), named(row, row["best_peer"])
    lead = tag("div", f"{show.ratio(best['ratio']['median'])} {best['impl']}") if ours and best and "ratio" in best else None
    return tag("td", tag("a", show.value(ours["value"]["median"], row["unit"]) if ours else _unmeasured(row), href=f"#row-{row['id']}"),
               tag("div", "processors " if len(place["processors"]) > 1 else "processor ",
                   " and ".join(map(str, place["processors"])), class_="quiet"), lead, data_label=place["text"])


def _placements(found, rows):
    found = [one for one in found if any(place.get("row") in rows for place in one["places"])]
    if not found:
        return None
    texts = list(dict.fromkeys(place["text"] for one in found for place in one["places"]))
    lines = [tag("tr", tag("th", one["title"], scope="row"),
                 [_placed(by_text[text], rows) if text in by_text else tag("td", "–", data_label=text) for text in texts])
             for one in found for by_text in [{place["text"]: place for place in one["places"]}]]
    return [tag("h3", "Where the threads are"),
            tag("p", "Bound to these processors; under each value its ratio to the best peer that is bound to the same. On one processor "
                "all take turns.", class_="quiet"),
            scroller("Where the threads are", tag("table", _head("what", *texts), tag("tbody", lines), class_="stack placements"))]


def section(result, trends, canvas):
    """Of the page; None where nothing of it was measured."""
    summary, rows = result["summary"], result["rows"]
    beyond = [row for row in rows if row.get("part")]
    shown = [_sweeps(summary.get("scaling", []), canvas), _grids(summary.get("grids", []), _by_id(rows)),
             _placements(summary.get("placements", []), _by_id(rows)),
             _open_loops(beyond, canvas), _shares(beyond)]
    if not any(shown):
        return None
    tables = [tag("div", tag("h4", name), table(name, members, trends), data_section=name)
              for name, members in groups(beyond).items()]
    return tag("section", tag("h2", "How far it goes"),
               tag("p", "Which rows only this section has is told at its end: they have no floors and a few rounds each, and are counted nowhere "
                   "above.", class_="lead"), shown,
               details(f"The {len(beyond)} rows that only this section has", tables) if beyond else None, id="parts")


def drawn(result):
    """For charts.js: {id of the sweep: …}."""
    return {one["id"]: {key: one.get(key) for key in ("title", "of", "threads", "rows")} | {"fitted": _own(one)}
            | {"fit": [one["fit"][name]["median"] for name in ("lambda", "sigma", "kappa")] if "fit" in one else None}
            for one in result["summary"].get("scaling", []) if one.get("rows")}
