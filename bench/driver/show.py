"""Numbers as people read them, and the table as Markdown."""
from stability import UNKNOWN

NOT_RUN = "not run"  # there was no time for it, or nobody who runs it: not its failure
FAILED = "failed"  # the standing of a row in which tandem itself crashes, hangs, or loses items
PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def rate(value, unit):
    for size, prefix in PREFIXES:
        if value >= size:
            return f"{value / size:.3g} {prefix} {unit}"
    return f"{value:.3g} {unit}"


def duration(nanoseconds):
    for size, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.3g} ns"


def value(number, unit):
    return duration(number) if unit == "ns" else rate(number, unit)


def span(low, high, unit):
    """10.5–29.5 M items/s: the unit stands once where it is the same."""
    first, second = value(low, unit), value(high, unit)
    number, _, rest = first.partition(" ")
    return f"{number}–{second}" if second.partition(" ")[2] == rest else f"{first} – {second}"


def ratio(number):
    return f"{number:,.0f} ×" if number >= 10 else f"{number:.2f} ×"


def interval(entry):
    return f"{ratio(entry['median'])} [{ratio(entry['low'])[:-2]}–{ratio(entry['high'])[:-2]}]"


def verdicts(ratios):
    """3 faster, 0 slower, …"""
    words = [one["verdict"] for one in ratios]
    return ", ".join(f"{words.count(name)} {name}" for name in ("faster", "slower", "same", "inconclusive"))


def ours_of(row):
    """None where ours did not run."""
    return next((one for one in row["contenders"] if one["kind"] == "ours" and "value" in one), None)


def failed(entry):
    """Whether that contender crashed, hung, or did not do what the row asks for."""
    return entry.get("error", NOT_RUN) != NOT_RUN


def failure(contenders):
    """What tandem itself did wrong; "": nothing, or it was not run."""
    return next((one["error"] for one in contenders if one["kind"] == "ours" and failed(one)), "")


def failures(row, *kinds):
    """Of the others, those that failed."""
    return [one for one in row["contenders"] if one["kind"] in kinds and failed(one)]


def named(row, impl):
    return next((one for one in row["contenders"] if one["impl"] == impl), None)


def fastest_cpython(row):
    found = [one for one in row["contenders"] if one["kind"] == "cpython" and "ratio" in one]
    return min(found, key=lambda one: one["ratio"]["median"], default=None)


def needed(floor, unit):
    if floor["against"] == "at_most":
        return f"≤ {value(floor['needed'], unit)}"
    if floor["needed"] < 1:
        return f"≤ {1 / floor['needed']:.2g} × the time of the {floor['name']}"
    return f"≥ {round(floor['needed'], 2):g} × {floor['name']}"


def floor(entry, unit):
    mark = {True: "met", False: "missed", None: "open"}[entry["met"]]
    return f"{needed(entry, unit)}: {mark}"


def markdown_row(row):
    ours, best, python = ours_of(row), named(row, row["best_peer"]), fastest_cpython(row)
    wrong = failure(row["contenders"])
    cells = [
        f"{row['group']}: {row['text']}",
        value(ours["value"]["median"], row["unit"]) if ours else f"**failed**: {wrong}" if wrong else "–",
        _beside([f"{best['impl']} {interval(best['ratio'])}"] if best else [], failures(row, "peer", "limit"), row.get("missing")),
        f"**{FAILED}**" if wrong else row["standing"] or "–",
        _beside([interval(python["ratio"])] if python else [], failures(row, "cpython")),
        "; ".join(floor(one, row["unit"]) for one in row["floors"]),
        f"±{row['noise']:.0%}",
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _beside(first, wrong, missing=()):
    """What stands in a cell about others: the one that counts, who failed, and who is not here."""
    absent = [f"not here: {', '.join(missing)}"] if missing else []
    return "; ".join([*first, *(f"**{one['impl']} failed**: {one['error']}" for one in wrong), *absent]) or "–"


def where_from(peer):
    """How one gets a peer that is missing, or why one does not."""
    return peer.get("why") or f"Debian: `apt-get install {peer['package']}`"


def compared(summary):
    """In how many rows of the table tandem stands beside a peer."""
    return summary["rows"] - summary["without_ours"]


def ran(summary):
    """How many of them it ran, or failed in."""
    return compared(summary) + summary.get("without_peer", 0)


def verdict_line(summary):
    return " ".join(filter(None, [broken(summary), _verdict(summary)]))


def broken(summary):
    """Where tandem itself fails, before anything that is said of its speed; "": nowhere."""
    rows = summary.get("broken_rows")
    return f"tandem FAILS in {len(rows)} row{'s' * (len(rows) > 1)}: {', '.join(rows)}." if rows else ""


def _verdict(summary):
    if not summary["rows"]:
        return "No row of the table was run: only what lies beyond it."
    if not ran(summary):
        return "tandem ran none of these rows: only its peers are shown."
    rows = compared(summary)
    parts = [f"Ahead of the best peer in {summary['ahead']} of the {rows} rows that have one" if rows
             else f"No peer ran what tandem ran, {ran(summary)} row{'s' * (ran(summary) > 1)}"]
    if summary["floors"]:
        parts.append(f"{summary['floors_met']} of {summary['floors']} floors met")
    return (", ".join(parts) + f"; noise ±{summary['noise_median']:.0%} (median), ±{summary['noise_worst']:.0%} (worst)"
            f"{_stability(summary)}.")


def _stability(summary):
    grade = summary.get("stability", {}).get("grade", UNKNOWN)
    return f", stability {grade} of A to E" if grade != UNKNOWN else ""


def busy(environment):
    """A warning where others used the machine as the run began, else nothing."""
    load, count = environment.get("load_before"), environment["machine"]["topology"]["processors"]
    if not isinstance(load, list) or not isinstance(count, int) or load[0] < 0.5 * count:
        return ""
    return (f"The machine was busy with other work as this began (load {load[0]:g} on {count} "
            "processors): the numbers say little.")


def _fit(sweep):
    if "refused" in sweep:
        return f"no fit, {sweep['refused']}"
    fit = sweep["fit"]
    most = f"{fit['peak']['median']:.1f} {sweep['of']}" if fit["peak"] else "beyond what was measured"
    return (f"λ {rate(fit['lambda']['median'], '/ s')}, σ {fit['sigma']['median']:.3g}, κ {fit['kappa']['median']:.3g}, "
            f"most at {most}")


def _placed(place, rows):
    if "row" not in place:
        return f"{place['text']}: {place['why']}"
    row = next(row for row in rows if row["id"] == place["row"])
    ours = ours_of(row)
    return f"{place['text']}: {value(ours['value']['median'], row['unit']) if ours else failure(row['contenders']) or NOT_RUN}"


def markdown(result):
    environment, machine = result["environment"], result["environment"]["machine"]
    lines = [
        f"# tandem: {result['kind']} run",
        "",
        " ".join(filter(None, [verdict_line(result["summary"]), busy(environment)])),
        "",
        f"{machine['cpu']}, {machine['topology']['cores']} cores, {machine['kernel']}, "
        f"{environment['compiler']}, commit {environment['commit']}, machine "
        f"`{environment['machine_id']}`. Ratios are ours : theirs, more than 1 is faster; in brackets "
        f"the 95 % interval.",
        "",
        "| row | tandem | best peer | verdict | CPython | floors | noise |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *[markdown_row(row) for row in result["rows"]],
        "",
    ]
    for sweep in result["summary"].get("scaling", []):
        lines.append(f"* {sweep['title']}: {_fit(sweep)}")
    for kernel in result["summary"].get("calibration", {}).values():
        took = value(kernel["value"]["median"], kernel["unit"]) if "value" in kernel else kernel["error"]
        lines.append(f"* The machine by itself: {kernel['text']}: {took}")
    for name, one in result["summary"].get("micro", {}).get("benchmarks", {}).items():
        lines.append(f"* One thread, by Google Benchmark: {name}: {duration(one['value']['median']) if 'value' in one else one['error']}")
    for one in result["summary"].get("placements", []):
        lines.append(f"* {one['title']}: " + "; ".join(_placed(place, result["rows"]) for place in one["places"]))
    if lines[-1]:
        lines.append("")
    failed = result["summary"]["failed"]
    if failed:
        lines += ["Failed: " + "; ".join(f"{impl} in {row} ({error})" for row, impl, error in failed),
                  ""]
    for peer in environment["missing_peers"]:
        lines.append(f"Not here: {peer['peer']} ({where_from(peer)})")
    return "\n".join(lines) + "\n"


COLUMNS = ("row", "impl", "label", "round", "ok", "value", "seconds", "error")
DETAILS = ("items", "cpu_s", "voluntary", "involuntary", "allocations_per_item", "peak_kib")


PERCENTILES = ("p50", "p90", "p99", "p99.9", "max")
SHARES = ("min", "median", "max")


def _columns(details):
    """{column: what of a measurement's details stands in it}; "": nobody measured it."""
    found = {name: details.get(name, "") for name in DETAILS}
    found |= {f"latency.{name}": details.get("latency", {}).get(name, "") for name in PERCENTILES}
    found |= {f"shares.{name}": details.get("shares", {}).get(name, "") for name in SHARES}
    for load in details.get("loads", []):
        found |= {f"load{load['percent']}.{name}": load[name] for name in ("rate", *PERCENTILES)}
    return found


def table(result):
    """Every measurement, for a spreadsheet; the columns of loads are there where one was an open loop."""
    rows = [_columns(sample["details"]) for sample in result["samples"]]
    columns = list(dict.fromkeys(name for row in [_columns({}), *rows] for name in row))
    yield (*COLUMNS, *columns)
    for sample, row in zip(result["samples"], rows):
        yield [sample[column] for column in COLUMNS] + [row.get(column, "") for column in columns]
