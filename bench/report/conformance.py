"""The conformance half: clauses from spec/, what became of each, which faults its case kills, the document's claims."""
import json
import re
import tomllib
from pathlib import Path

import layers
import proofs
from markup import chip, command, details, scroller, tag

GOOD = ("PASS", "XFAIL")
BAD = ("FAIL", "XPASS", "TIMEOUT", "CRASH")
ORDER = ("FAIL", "CRASH", "TIMEOUT", "XPASS", "UNTESTED", "UNVERIFIED", "XFAIL", "SKIP", "UNSUPPORTED", "PASS")
KINDS = {"PASS": "good", "UNTESTED": "none", **dict.fromkeys(BAD, "bad")}
VERDICTS = {"confirmed": "good", "imprecise": "warn", "refuted": "bad"}
LONGEST_TRANSCRIPT = 4000


def kind(status):
    return KINDS.get(status, "warn")


class Evidence:
    """primitives: {path: {"clauses": […], "claims": […]}}; results: {id: record}"""

    def __init__(self, root, results_file):
        self.root = Path(root)
        self.primitives, self.unreadable = {}, []
        for file in sorted((self.root / "spec").rglob("*.toml")):
            self._read(file)
        self.layers, self.census = layers.Layers(self.root), proofs.Census(self.root)
        self.killed, self.unkillable, self.faults_of = {}, {}, {}
        for shown in layers.load(self.root / "conformance/results", "faults-*.json"):
            self.killed.update(shown["killed"])
            self.unkillable.update(shown["unkillable"])
            self.faults_of[shown.get("module")] = shown.get("commit")
        self.header, self.results, self.problems = {}, {}, []
        if results_file and Path(results_file).exists():
            self._read_results(Path(results_file))

    def _read(self, file):
        try:
            parsed = tomllib.loads(file.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as error:
            self.unreadable.append(f"{file.name}: {error}")
            return
        if "clause" in parsed or "claim" in parsed:
            name = str(file.relative_to(self.root / "spec"))[:-len(".toml")]
            self.primitives[name] = {"clauses": parsed.get("clause", []),
                                     "claims": parsed.get("claim", [])}

    def _read_results(self, file):
        for line in file.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            if record["record"] == "header":
                self.header = record
            elif record["record"] == "case":
                self.results[record["id"]] = record
            else:
                self.problems = record.get("problems", [])

    def status(self, clause):
        """A MUST whose case passes, but has never been seen to fail, is unverified."""
        result = self.results.get(clause["id"])
        if not result:
            return "UNTESTED"
        shown = clause["id"] in self.killed or clause["id"] in self.unkillable
        blind = result["status"] == "PASS" and clause["level"] == "MUST" and not shown
        return "UNVERIFIED" if blind else result["status"]

    def faults(self, clauses):
        """How many seeded faults the cases of these clauses kill."""
        return len({fault for clause in clauses for fault in self.killed.get(clause["id"], {})})

    def clauses(self):
        return [clause for one in self.primitives.values() for clause in one["clauses"]]

    def claims(self):
        return [claim for one in self.primitives.values() for claim in one["claims"]]

    def counts(self):
        counted = {}
        for clause in self.clauses():
            status = self.status(clause)
            counted[status] = counted.get(status, 0) + 1
        return {status: counted[status] for status in ORDER if status in counted}

    def shown_command(self, text):
        return re.sub(r"(?<![\w/])/\S*?/(?=build/)", "", text.replace(f"{self.root}/", ""))


def numbers(evidence):
    """How many clauses of each primitive hold; clauses.js draws the squares beside them."""
    lines = []
    for number, (name, one) in enumerate(_with_clauses(evidence)):
        statuses = [evidence.status(clause) for clause in one["clauses"]]
        squares = tag("div", "", class_="squares", role="group", data_primitive=number,
                      aria_label=f"{name}: {summed(statuses)}")
        lines.append(tag("tr", tag("th", name, scope="row"), tag("td", squares),
                         tag("td", f"{statuses.count('PASS')} of {len(statuses)}", class_="number", data_label="pass"),
                         tag("td", evidence.faults(one["clauses"]), class_="number", data_label="faults killed")))
    head = tag("tr", tag("th", "primitive", scope="col"), tag("th", "its clauses", scope="col"),
               tag("th", "pass", scope="col", class_="number"),
               tag("th", "faults killed", scope="col", class_="number",
                   title="seeded faults that these cases were seen to notice: scripts/faults"))
    return scroller("Clauses of each primitive", tag(
        "table", tag("caption", "Each square is a clause; it leads to its case. The arrow keys go from one to the next.",
                     class_="quiet script"),
        tag("thead", head), tag("tbody", lines), class_="matrix stack"))


def summed(statuses):
    return ", ".join(f"{statuses.count(status)} {status}" for status in ORDER if status in statuses)


def _with_clauses(evidence):
    return [(name, one) for name, one in evidence.primitives.items() if one["clauses"]]


def layers_of_evidence(evidence):
    """What has tried each primitive, beside its cases of this run."""
    kinds = [kind for kind in layers.KINDS if any(kind in one for one in evidence.layers.generated.values())]
    head = ["primitive", "clauses", "CPython said", *kinds, "targets", "sanitizers", "faults"]
    lines = [[name, *_counted(evidence, name, one["clauses"], kinds)] for name, one in _with_clauses(evidence)]
    body = [tag("tr", tag("th", line[0], scope="row"), [tag("td", cell, class_="number") for cell in line[1:]]) for line in lines]
    table = tag("table", tag("thead", tag("tr", [tag("th", name, scope="col", class_="number" if name != "primitive" else None)
                                                 for name in head])), tag("tbody", body), class_="dense")
    return [tag("h3", "Layers of evidence", id="layers"),
            tag("p", "How many clauses CPython itself has answered, and how many pass on the targets and under the sanitizers whose results "
                "are committed, from the fewest to the most; what generated tests have tried in their last soak; how many seeded faults the cases notice. Under each "
                "clause stand its own, with the commands.", class_="quiet"),
            details("By primitive", scroller("Layers of evidence", table))]


def _counted(evidence, name, clauses, kinds):
    known, ids = evidence.layers, [clause["id"] for clause in clauses]
    generated = known.generated.get(name, {})
    return [len(ids), sum(id in known.goldens for id in ids),
            *(tag("span", generated[kind].short(), title=generated[kind].text()) if kind in generated else "–" for kind in kinds),
            *(_passed(columns, ids) for columns in (known.targets, known.sanitizers)),
            evidence.faults(clauses)]


def _passed(columns, ids):
    """From the fewest to the most that pass in one of them, and in how many they were tried: as wide for ten as for two."""
    counts = {one.name: sum(one.statuses[id] == "PASS" for id in ids if id in one.statuses)
              for one in columns if not one.statuses.keys().isdisjoint(ids)}
    if not counts:
        return "–"
    spread = "–".join(map(str, sorted({min(counts.values()), max(counts.values())})))
    return tag("span", f"{spread} on {len(counts)}", title=", ".join(f"{name}: {count}" for name, count in counts.items()))


class Strings:
    """A table of texts, each of which stands in it once."""

    def __init__(self):
        self.texts, self._places = [], {}

    def place(self, text):
        if text not in self._places:
            self._places[text] = len(self.texts)
            self.texts.append(text)
        return self._places[text]


def _transcript(result):
    text = "\n".join(result.get("transcript") or []) or "(the case logs nothing)"
    return text if len(text) < LONGEST_TRANSCRIPT else text[:LONGEST_TRANSCRIPT] + "\n…"


def _faults(evidence, clause):
    """Those that its case kills, or a text that says why there are none."""
    killed = evidence.killed.get(clause["id"])
    if killed:
        return [name if how == "FAIL" else f"{name} ({how.lower()})" for name, how in sorted(killed.items())]
    if clause["id"] in evidence.unkillable:
        return "No fault is seeded: " + evidence.unkillable[clause["id"]]
    return "No seeded fault has shown that its case can fail." if clause["level"] == "MUST" else ""


def _facts(clause):
    return " · ".join(filter(None, [clause["level"], f"oracle: {clause['oracle']}",
                                    f"since {clause['since']}" if clause.get("since") else None,
                                    f"until {clause['until']}" if clause.get("until") else None]))


def _joined(columns, id, strings):
    """What became of a clause in each of them, as one text: most texts are alike."""
    return strings.place("\n".join(one.statuses.get(id, "") for one in columns))


def _record(evidence, clause, strings):
    """In the order that clauses.js knows: what repeats is a place in the table of texts."""
    id, known, result = clause["id"], evidence.layers, evidence.results.get(clause["id"])
    record = [id, strings.place(evidence.status(clause)), clause["text"],
              strings.place(_facts(clause)), [strings.place(source) for source in clause.get("sources", [])],
              _faults(evidence, clause), strings.place(known.goldens.get(id, "")), _joined(known.targets, id, strings),
              _joined(known.sanitizers, id, strings), strings.place(known.implementations.letters.get(id, ""))]
    if result:
        command = evidence.shown_command(result["command"]).replace(id, "{id}")
        record += [strings.place(command), result["ms"], _transcript(result), result.get("message", "")]
    return record


def _generated(evidence, name, strings):
    """[[kind, what it has tried, command]] of a primitive."""
    return [[kind, strings.place(one.text()), strings.place(one.command)]
            for kind, one in evidence.layers.generated.get(name, {}).items()]


def _columns(columns):
    return [{"name": one.name, "command": one.one, "says": one.says, "logged": one.logged} for one in columns]


def numbered(evidence):
    """{clause: its place among all}"""
    return {clause["id"]: place for place, clause in enumerate(
        clause for _, one in _with_clauses(evidence) for clause in one["clauses"])}


def data(evidence):
    """Every clause once, for clauses.js, which writes what the reader asks for."""
    strings, known = Strings(), evidence.layers
    primitives = [{"name": name, "clauses": [_record(evidence, clause, strings) for clause in one["clauses"]],
                   "generated": _generated(evidence, name, strings)} for name, one in _with_clauses(evidence)]
    return {"primitives": primitives, "texts": strings.texts, "kinds": {status: kind(status) for status in ORDER},
            "targets": _columns(known.targets), "sanitizers": _columns(known.sanitizers),
            "implementations": known.implementations.names, "answers": known.implementations.answers}


def lists(evidence):
    """An empty list of each primitive's clauses: it is filled when it is opened."""
    parts = []
    for number, (name, one) in enumerate(_with_clauses(evidence)):
        statuses = [evidence.status(clause) for clause in one["clauses"]]
        bad = sum(status in BAD for status in statuses)
        head = [tag("strong", name), tag("span", f" {statuses.count('PASS')} of {len(statuses)} pass ",
                                         class_="quiet"), chip(f"{bad} do not hold", "bad") if bad else None]
        parts.append(details(head, class_="primitive", open_=bool(bad), data_primitive=number))
    return parts


def broken(evidence):
    """What does not hold, for those as well who have no JavaScript."""
    found = [(clause, evidence.status(clause)) for clause in evidence.clauses()
             if evidence.status(clause) in BAD]
    lines = [tag("li", chip(status, "bad"), " ", tag("code", clause["id"]), " ", clause["text"])
             for clause, status in found]
    return tag("ul", lines, class_="rules") if lines else None


def filters(evidence):
    options = [tag("option", "every status", value="")]
    options += [tag("option", f"{status} ({count})", value=status)
                for status, count in evidence.counts().items()]
    return tag("div",
               tag("label", "Find ", tag("input", type="search", id="find", placeholder="words")),
               tag("label", "Status ", tag("select", options, id="status")),
               tag("span", "", id="found", role="status", class_="quiet"), class_="filters script")


def _claim(claim):
    snippet = [tag("pre", claim.get("snippet", "").strip("\n")),
               tag("p", "It prints", class_="quiet"), tag("pre", claim.get("expect", "").strip("\n"))]
    follow = [tag("a", one, href=f"#{one}") for one in claim.get("clauses", [])]
    if follow:
        snippet.append(tag("p", "Clauses that follow: ",
                           [[one, ", " if one is not follow[-1] else ""] for one in follow]))
    return tag("tr", tag("td", chip(claim["verdict"], VERDICTS.get(claim["verdict"], "warn"))),
               tag("td", claim["says"], details("the proof", *snippet)),
               tag("td", claim.get("place", ""), class_="quiet"))


def claims(evidence):
    found = evidence.claims()
    if not found:
        return tag("p", "No claims are recorded yet.")
    head = tag("tr", *[tag("th", text, scope="col") for text in ("verdict", "claim", "place")])
    verdicts = [claim["verdict"] for claim in found]
    counts = ", ".join(f"{verdicts.count(one)} {one}" for one in VERDICTS if one in verdicts)
    return scroller("What the document says", tag(
        "table", tag("caption", f"What the document says, tried in CPython: {counts}.", class_="quiet"), tag("thead", head),
        tag("tbody", [_claim(claim) for claim in found]), class_="claims stack"))
