"""One HTML page that needs nothing but a browser."""
import json
import re
import time
from pathlib import Path

import choice
import conformance
import explained
import parts
import places
import proofs
import speed
from layers import WANTED
from markup import Markup, chip, command, details, render, scroller, tag
from speed import show  # which has put the driver on the path
from stability import GRADES
from statistic import widest_coverage

HERE = Path(__file__).resolve().parent
# Where Debian's libjs-chart.js and node-chart.js put the library, and npm.
CHART_PLACES = ("/usr/share/javascript/chart.js/chart.min.js",
                "/usr/share/nodejs/chart.js/dist/chart.min.js",
                "/usr/lib/node_modules/chart.js/dist/chart.umd.js",
                "/usr/local/lib/node_modules/chart.js/dist/chart.umd.js")


def chart_library():
    found = next((Path(place) for place in CHART_PLACES if Path(place).exists()), None)
    return found.read_text(encoding="utf-8") if found else ""


SCRIPTS = ("page", "rows", "trends", "clauses", "census", "charts", "start")


def scripts():
    """One function of them all, so that nothing is global."""
    return "(() => {\n\"use strict\";\n" + "".join(
        (HERE / "js" / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS) + "})();\n"


def script_text(text):
    """A script element ends at the first </, wherever that stands."""
    return Markup(text.replace("</", "<\\/"))


def data_text(data):
    """JSON in which no markup can begin."""
    return Markup(json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"))


def canvas(name, label, height):
    return tag("div", tag("canvas", label, id=name, role="img", aria_label=label), class_="chart script",
               style=f"height: {height}px")


class Page:
    def __init__(self, evidence, result, steps, runs=()):
        """runs: what history.py knows of earlier ones on this machine."""
        self.evidence, self.result, self.steps = evidence, result, steps
        self.trends = speed.trends(result, runs) if result else {}
        self.choices = choice.choices(result)
        self.library = chart_library()

    # What the reader sees first

    def headline(self):
        return choice.sentence(self.choices) or self._counts()

    def _counts(self):
        counts, parts = self.evidence.counts(), []
        total = sum(counts.values())
        if self.evidence.results:
            good = sum(counts.get(status, 0) for status in conformance.GOOD)
            parts.append([tag("b", f"{good} of {total}"), " clauses hold"])
        elif total:
            parts.append(f"{total} clauses, not run")
        summary = self.result and self.result["summary"]
        if summary and summary.get("broken_rows"):
            parts.insert(0, tag("b", show.broken(summary).rstrip(".")))
        if summary and show.compared(summary):
            parts.append([tag("b", f"{summary['ahead']} of {show.compared(summary)}"), " rows ahead of the best peer"])
        if summary and show.ran(summary) and summary["floors"]:
            parts.append([tag("b", f"{summary['floors_met']} of {summary['floors']}"), " floors met"])
        if not parts:
            return "Nothing was run."
        return render([[part, ", " if part is not parts[-1] else "."] for part in parts])

    def subline(self):
        if not self.result:
            return "No benchmark was run."
        machine = self.result["environment"]["machine"]
        topology = machine["topology"]
        return " · ".join([f"{machine['cpu']}, {topology['cores']} cores, {topology['processors']} "
                           f"processors", machine["kernel"], self.result["environment"]["compiler"],
                           self.result["started"].replace("T", " ").replace("Z", " UTC")])

    def tiles(self):
        return tag("div", self._conformance_tile(), self._speed_tile(), self._floors_tile(),
                   self._noise_tile(), class_="tiles")

    def _busy(self):
        warning = self.result and show.busy(self.result["environment"])
        return tag("p", warning, class_="note") if warning else None

    def _conformance_tile(self):
        counts = self.evidence.counts()
        total = sum(counts.values())
        segments = [(status, count, conformance.kind(status)) for status, count in counts.items()]
        untested = not self.evidence.results
        return _tile("Conformance", f"{counts.get('PASS', 0)}" if not untested else "–",
                     f"{'of ' if not untested else ''}{total} clauses {'pass' if not untested else 'not run'}",
                     segments,
                     "#conformance")

    def _speed_tile(self):
        summary = self.result and self.result["summary"]
        if not summary:
            return _tile("Speed", "–", "not measured", [], "#speed")
        segments = [(name, summary[name], speed.STANDING[name])
                    for name in ("slower", "inconclusive", "same", "faster")]
        beside = show.compared(summary)
        segments.insert(0, (show.FAILED, beside - sum(count for _, count, _ in segments), "bad"))
        if not beside:
            return _tile("Speed", "–", f"no peer ran any of these {summary['rows']} rows", [], "#speed")
        return _tile("Speed", str(summary["ahead"]), f"of {beside} rows ahead of the best peer", segments, "#speed")

    def _floors_tile(self):
        summary = self.result and self.result["summary"]
        if not summary:
            return _tile("Floors", "–", "not measured", [], "#speed")
        missed = summary["floors"] - summary["floors_met"] - summary["floors_open"]
        segments = [("missed", missed, "bad"), ("open", summary["floors_open"], "warn"),
                    ("met", summary["floors_met"], "good")]
        note = "indicative: a quick run" if self.result["kind"] == "quick" else "full run"
        return _tile("Floors", str(summary["floors_met"]), f"of {summary['floors']} met ({note})",
                     segments, "#speed")

    def _noise_tile(self):
        summary = self.result and self.result["summary"]
        if not summary or summary["noise_median"] is None:
            return _tile("Noise", "–", "not measured", [], "#noise")
        stability = summary.get("stability", {"grade": "unknown"})
        if stability["grade"] == "unknown":
            return _tile("Noise", f"±{summary['noise_median']:.0%}",
                         f"of the same binary against itself; worst row ±{summary['noise_worst']:.0%}", [],
                         "#noise")
        return _tile("Stability", stability["grade"],
                     f"two runs of one binary differ by {stability['typical']:.1%}, in one row of ten by more than "
                     f"{stability['worst_tenth']:.0%}", [], "#noise")

    # Sections

    def speed(self):
        if not self.result:
            return tag("section", tag("h2", "How fast it is"), tag("p", "No benchmark was run."),
                       id="speed")
        rows, shown = parts.in_table(self.result["rows"]), []
        if show.ran(self.result["summary"]) or self.result["summary"].get("broken_rows"):
            shown.append(self._rules())
        if any(row["best_peer"] for row in rows):
            shown.append(self._lead(rows))
        shown += [speed.reds(self.result, explained.by_row(explained.load())), speed.filters(self.result["rows"])]
        for name, members in speed.groups(rows).items():
            shown.append(self._group(name, members))
        shown.append(self._latencies(rows))
        return tag("section", tag("h2", "How fast it is"), self._how(), shown, id="speed")

    def _how(self):
        settings, result = self.result["settings"], self.result
        rounds = max((sample["round"] for sample in result["samples"]), default=-1) + 1
        text = (f"Every measurement is a fresh process; {rounds} rounds went there and back again over all "
                "contenders. A ratio is ours : theirs, the median of the rounds; more than 1 is faster. In "
                "brackets stands the 95 % bootstrap interval. Every payload is checksummed: who loses or "
                "reorders items fails. ")
        if result["kind"] == "quick":
            text += "This was a quick run: ratios are indicative, floors are judged by a full one. "
        if result["interrupted"]:
            text += "It was interrupted: what had been measured by then is shown. "
        covered = widest_coverage(rounds)
        if covered < 0.95:
            text += f"Of {rounds} rounds no interval can hold the truth oftener than in {covered:.0%} of all cases. "
        return tag("p", text, f"Passes last {settings['min_time']:g} s at least.", class_="lead")

    def _rules(self):
        summary = self.result["summary"]
        allowed = summary["rows"] // 10
        rules = (("In no row does tandem crash, hang, or lose or reorder items", summary.get("broken_rows", []), 0),
                 ("No row is below the best peer", summary["behind_rows"], 0),
                 (f"At most {allowed} of {summary['rows']} rows are below a floor",
                  summary["rows_below_floor"], allowed),
                 ("Submit and the others that never may be are not below theirs", summary["never_below_missed"], 0))
        lines = []
        for text, ids, most in rules:
            kept = len(ids) <= most
            links = [[tag("a", one, href=f"#row-{one}"), ", " if one is not ids[-1] else ""] for one in ids]
            lines.append(tag("li", chip("kept" if kept else "broken", "good" if kept else "bad"), f" {text}",
                             [": ", links] if ids else "."))
        return tag("ul", lines, class_="rules")

    def _lead(self, rows):
        count = sum(1 for row in rows if row["best_peer"])
        return tag("figure", tag("figcaption", tag("h3", "Lead"),
                                 tag("p", "Bars are 95 % intervals, dots medians, the short lines "
                                     "floors. Right of 1 tandem is faster. The scale is logarithmic.",
                                     class_="quiet"),
                                 _choice("Against ", "against", (("peer", "the best peer"), ("cpython", "CPython")))),
                   canvas("lead-chart", "Ratio of tandem to the best peer or to CPython in each row; the "
                          "tables below hold the same numbers", 60 + 24 * count))

    def _group(self, name, members):
        slug = "-".join(re.findall(r"[a-z0-9]+", name.lower()))
        units = {row["unit"]: None for row in members}
        charts = [self._pane(name, slug, unit, [row for row in members if row["unit"] == unit])
                  for unit in units]
        legend = tag("div", "", class_="legend", role="group", aria_label="contenders that are drawn",
                     data_legend=name)
        return tag("section", tag("h3", name, id=f"group-{slug}"), details("Charts", legend, charts, class_="charts script",
                                                       open_=True),
                   speed.table(name, members, self.trends), data_section=name)

    def _pane(self, name, slug, unit, rows):
        rows = [row for row in rows if any("value" in one for one in row["contenders"])]
        if not rows:
            return None
        bars = sum(len(row["contenders"]) for row in rows)
        label = f"{name}: all contenders in {unit}; the table holds the same numbers"
        return tag("div", canvas(f"group-{slug}-{unit.replace('/', '-')}", label,
                                 70 + 14 * len(rows) + 11 * bars),
                   data_group=name, data_unit=unit, class_="pane")

    def _latencies(self, rows):
        found = [row for row in rows if any(one.get("latency") for one in row["contenders"])]
        if not found:
            return None
        panes = [tag("div", canvas(f"latency-{row['id']}", f"Percentiles of {row['id']}", 280),
                     data_latency=row["id"], class_="pane") for row in found]
        return tag("section", tag("h3", "Latency by percentile"),
                   tag("p", "From the median to the slowest of all. The scale is logarithmic.",
                       class_="quiet"), tag("div", panes, class_="panes"), class_="script")

    def parts(self):
        return parts.section(self.result, self.trends, canvas) if self.result else None

    def conformance(self):
        evidence, problems = self.evidence, []
        for problem in evidence.problems + evidence.unreadable:
            problems.append(tag("p", chip("problem", "bad"), " ", problem))
        counts = " · ".join(f"{count} {status}" for status, count in reversed(evidence.counts().items()))
        header = evidence.header
        described = " · ".join(filter(None, [header.get("implementation"), header.get("toolchain"),
                                             header.get("target"), header.get("sanitizer")]))
        return tag("section", tag("h2", "What conforms"),
                   tag("p", counts or "No clauses.", tag("br"), tag("span", described, class_="quiet"),
                       class_="lead"),
                   tag("p", "A clause says what must hold, and where that is written. Its case logs what "
                       "tandem does, and the log must equal what CPython did. Run one again with its "
                       "command, or all with ", command("scripts/test"), ". ", WANTED if evidence.layers.targets else None, class_="quiet"),
                   problems, conformance.broken(evidence), conformance.numbers(evidence), conformance.layers_of_evidence(evidence),
                   tag("h3", "Clause by clause", id="tree"), conformance.filters(evidence),
                   tag("div", conformance.lists(evidence), id="clauses", class_="script"),
                   places.matrix(evidence), proofs.census(evidence.census),
                   proofs.faults(evidence), proofs.mutations(evidence.layers.mutations), proofs.soaks(evidence.layers.soaks),
                   tag("h3", "The document's claims", id="claims"), conformance.claims(evidence), id="conformance")

    def environment(self):
        if not self.result:
            return None
        described = dict(self.result["environment"])
        machine, missing = described.pop("machine"), described.pop("missing_peers")
        facts = {"machine id": described.pop("machine_id"), **machine, **described}
        items = [tag("div", tag("dt", key.replace("_", " ")), tag("dd", _plain(value)))
                 for key, value in facts.items()]
        absent = [tag("tr", tag("th", one["peer"], scope="row"), tag("td", ", ".join(one["impls"])),
                      tag("td", one["why"] if one.get("why") else command(f"apt-get install {one['package']}"))) for one in missing]
        failed = [tag("tr", tag("td", row), tag("td", impl), tag("td", error))
                  for row, impl, error in self.result["summary"]["failed"]]
        return tag("section", tag("h2", "What it was measured on"),
                   tag("p", "What could not be read is “unknown”, never guessed. The machine's id is a "
                       "hash of all down to the clock; runs of one id can be compared.", class_="quiet"),
                   tag("dl", items, class_="facts"), self._calibration(), self._micro(),
                   tag("div", _small_table("Peers that are not here", ("peer", "contenders", "Debian"), absent), id="missing"),
                   _small_table("Contenders that failed", ("row", "contender", "why"), failed),
                   id="environment")

    def _calibration(self):
        kernels = self.result["summary"].get("calibration")
        lines = [tag("tr", tag("th", one["text"], scope="row"), *_kernel(one)) for one in (kernels or {}).values()]
        return [_small_table("What it does by itself", ("what", "median", "95 % interval"), lines),
                tag("p", "By these two machines are compared: ", command("scripts/compare HERE.json THERE.json"),
                    class_="quiet")] if lines else None

    def _micro(self):
        """Of Google Benchmark; it is no row, and compared with nobody."""
        found = self.result["summary"].get("micro")
        if not found:
            return None
        told = {**found.get("benchmarks", {}), **({"bench_micro": found} if "error" in found else {})}
        lines = [tag("tr", tag("th", name.replace("_", " "), scope="row"), *_kernel({**one, "unit": "ns"})) for name, one in told.items()]
        library = found.get("library")
        return [_small_table("What one thread pays, by Google Benchmark", ("what", "median", "95 % interval"), lines),
                tag("p", command(found["command"]), f" Google Benchmark calls itself a {library} build; our code in it is built with "
                    "-O2 -DNDEBUG." if library else None, class_="quiet")]

    def noise(self):
        if not self.result:
            return None
        rows = parts.in_table(self.result["rows"])
        return tag("section", tag("h2", "Noise floor"),
                   tag("p", "In every round tandem runs twice, first and last, under two labels. What the two "
                       "differ by is no difference: δ is the far end of that ratio's 95 % interval, at least "
                       "2 %. A verdict needs an interval beyond δ, and a difference that is not too easily come by "
                       "among so many rows (Benjamini and Hochberg, 5 %).", class_="lead"),
                   self._grades(),
                   canvas("noise-chart", "δ of each row; it stands in the tables too", 60 + 15 * len(rows)),
                   id="noise")

    def _grades(self):
        stability = self.result["summary"].get("stability")
        if not stability:
            return None
        lines = [tag("tr", tag("th", name, scope="row"), tag("td", f"≤ {typical:.0%}", class_="number"),
                     tag("td", f"≤ {worst:.0%}", class_="number"), class_="ours" if name == stability["grade"] else None)
                 for name, typical, worst in GRADES]
        head = [tag("th", text, scope="col") for text in ("grade", "in the middle row", "in the worst row of ten")]
        return [tag("p", "The grade of this run: ", tag("b", stability["grade"]),
                    ". It is told by what two runs of one binary differ by, which more rounds do not change; "
                    "whatever is worse than D is E."),
                tag("table", tag("thead", tag("tr", head)), tag("tbody", lines), class_="narrow")]

    def again(self):
        lines = [tag("tr", tag("th", name, scope="row"), tag("td", command(text)))
                 for name, text in (("This page", "scripts/report"),
                                    ("All benchmarks, for the floors", "scripts/bench --full"),
                                    ("One row", "scripts/bench --quick --filter '^queue.alone$'"),
                                    ("What one thread pays, by Google Benchmark",
                                     "build/bench/bench/bench_micro --benchmark_enable_random_interleaving=true"),
                                    ("All cases", "scripts/conformance --preset bench"),
                                    ("Two runs side by side", "scripts/compare BEFORE.json AFTER.json"))]
        took = [tag("tr", tag("th", one["name"], scope="row"),
                    tag("td", f"{one['seconds']} s", class_="number")) for one in self.steps]
        return tag("section", tag("h2", "Run it again"),
                   scroller("Run it again", tag("table", tag("tbody", lines), class_="stack")),
                   tag("h3", "What this report took") if took else None,
                   tag("table", tag("tbody", took), class_="narrow") if took else None, id="again")

    def html(self):
        strings = conformance.Strings()
        data = {"rows": speed.data(self.result, strings) if self.result else [], "texts": strings.texts,
                "sweeps": parts.drawn(self.result) if self.result else {}, "trends": self.trends,
                "clauses": conformance.data(self.evidence), "census": self.evidence.census.data(conformance.numbered(self.evidence))}
        head = [Markup('<meta charset="utf-8">'),
                Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
                Markup('<link rel="icon" href="data:,">'),
                tag("title", "tandem: what conforms, and how fast it is"),
                tag("style", Markup((HERE / "page.css").read_text(encoding="utf-8")))]
        scaling = self.parts()
        navigation = [tag("a", text, href=f"#{to}") for text, to in
                      (("Speed", "speed"), *((("Scaling", "parts"),) if scaling else ()), ("Conformance", "conformance"),
                       ("Noise", "noise"), ("Machine", "environment"), ("Again", "again"))]
        body = [tag("a", "To the verdict", href="#verdict", class_="skip"),
                tag("header", tag("div", tag("span", "tandem", class_="name"),
                                  tag("nav", navigation, aria_label="Sections"),
                                  tag("button", "Dark", type="button", id="theme", class_="script"),
                                  class_="bar")),
                tag("main",
                    tag("section", tag("h1", self.headline()),
                        tag("p", self._counts(), class_="counts") if self.choices else None,
                        tag("p", self.subline(), class_="quiet"), self._busy(), choice.block(self.choices),
                        self.tiles(), id="verdict"),
                    tag("noscript", tag("p", "Without JavaScript there are no charts, no lists of all "
                                        "contenders and no cases: they stand in results.csv and "
                                        "results.jsonl beside this page.")),
                    None if self.library else tag(
                        "p", "Chart.js was not found when this page was made (Debian: libjs-chart.js), "
                        "so there are no charts; the tables hold the same numbers.", class_="note"),
                    self.speed(), scaling, self.conformance(), self.noise(), self.environment(), self.again()),
                tag("footer", tag("p", "Made by scripts/report on ",
                                  time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "."))]
        written = [tag("script", data_text(data), type="application/json", id="data")]
        if self.library:
            written.append(tag("script", script_text(self.library)))
        written.append(tag("script", script_text(scripts())))
        return "<!doctype html>\n" + tag("html", tag("head", head), tag("body", body, written),
                                         lang="en") + "\n"


def _kernel(one):
    if "error" in one:
        return (tag("td", one["error"], colspan=2),)
    value = one["value"]
    return (tag("td", show.value(value["median"], one["unit"]), class_="number"),
            tag("td", show.span(value["low"], value["high"], one["unit"]), class_="number"))


def _choice(words, attribute, choices):
    """Buttons of which one is pressed."""
    buttons = [tag("button", text, type="button", aria_pressed="true" if number == 0 else "false",
                   **{f"data_{attribute}": value}) for number, (value, text) in enumerate(choices)]
    return tag("div", words, buttons, class_="choice script", role="group", aria_label=words.strip())


def _tile(name, number, text, segments, target):
    total = sum(count for _, count, _ in segments) or 1
    bar = [tag("i", "", style=f"width: {100 * count / total:.2f}%", class_=kind, title=f"{count} {label}")
           for label, count, kind in reversed(segments) if count]
    words = ", ".join(f"{count} {label}" for label, count, _ in reversed(segments) if count)
    return tag("a", tag("span", name, class_="tile-name"), tag("span", number, class_="tile-number"),
               tag("span", text, class_="quiet"),
               tag("span", bar, class_="meter", role="img", aria_label=words) if bar else None,
               tag("span", words, class_="tile-words") if words else None,
               href=target, class_="tile")


def _small_table(caption, head, lines):
    if not lines:
        return None
    return [tag("h3", caption), scroller(caption, tag("table", tag("thead", tag("tr", [tag("th", text, scope="col") for text in head])),
                                                      tag("tbody", lines)))]


def _plain(value):
    if isinstance(value, dict):
        return render([tag("div", f"{key}: {_plain(one)}") for key, one in value.items()]) or "none"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)
