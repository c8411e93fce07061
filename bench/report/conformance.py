"""The conformance half: clauses from spec/, what became of each, which faults its case kills, the document's claims."""
import json
import re
import tomllib
from pathlib import Path

from markup import chip, command, details, tag

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
        self.killed, self.unkillable = {}, {}
        for file in sorted((self.root / "conformance/results").glob("faults-*.json")):
            shown = json.loads(file.read_text())
            self.killed.update(shown["killed"])
            self.unkillable.update(shown["unkillable"])
        self.header, self.results, self.problems = {}, {}, []
        if results_file and Path(results_file).exists():
            self._read_results(Path(results_file))

    def _read(self, file):
        try:
            parsed = tomllib.loads(file.read_text())
        except tomllib.TOMLDecodeError as error:
            self.unreadable.append(f"{file.name}: {error}")
            return
        if "clause" in parsed or "claim" in parsed:
            name = str(file.relative_to(self.root / "spec"))[:-len(".toml")]
            self.primitives[name] = {"clauses": parsed.get("clause", []),
                                     "claims": parsed.get("claim", [])}

    def _read_results(self, file):
        for line in file.read_text().splitlines():
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


def _square(clause, status):
    label = f"{clause['id']}: {status}"
    return tag("a", "", href=f"#{clause['id']}", class_=f"square {kind(status)}", title=label,
               aria_label=label)


def matrix(evidence):
    """Every clause is a square, in the row of its primitive."""
    lines = []
    for name, one in evidence.primitives.items():
        if not one["clauses"]:
            continue
        statuses = [evidence.status(clause) for clause in one["clauses"]]
        squares = tag("div", [_square(clause, status)
                              for clause, status in zip(one["clauses"], statuses)], class_="squares")
        passed = statuses.count("PASS")
        lines.append(tag("tr", tag("th", name, scope="row"), tag("td", squares),
                         tag("td", f"{passed} of {len(statuses)}", class_="number"),
                         tag("td", evidence.faults(one["clauses"]), class_="number")))
    head = tag("tr", tag("th", "primitive", scope="col"), tag("th", "its clauses", scope="col"),
               tag("th", "pass", scope="col", class_="number"),
               tag("th", "faults killed", scope="col", class_="number",
                   title="seeded faults that these cases were seen to notice: scripts/faults"))
    return tag("div", tag("table", tag("caption", "Each square is a clause; it leads to its case.",
                                       class_="quiet"), tag("thead", head), tag("tbody", lines),
                          class_="matrix"), class_="scroll")


def _transcript(result):
    text = "\n".join(result.get("transcript") or []) or "(the case logs nothing)"
    return text if len(text) < LONGEST_TRANSCRIPT else text[:LONGEST_TRANSCRIPT] + "\n…"


def _faults(evidence, clause):
    killed = evidence.killed.get(clause["id"])
    if killed:
        names = [name if how == "FAIL" else f"{name} ({how.lower()})" for name, how in sorted(killed.items())]
        return tag("p", "Its case kills: ", ", ".join(names), class_="quiet")
    if clause["id"] in evidence.unkillable:
        return tag("p", "No fault is seeded: ", evidence.unkillable[clause["id"]], class_="quiet")
    return tag("p", "No seeded fault has shown that its case can fail.", class_="quiet") if clause["level"] == "MUST" else None


def _clause(evidence, clause):
    result, status = evidence.results.get(clause["id"]), evidence.status(clause)
    head = [chip(status, kind(status)), tag("code", clause["id"]),
            tag("span", clause["text"], class_="text")]
    facts = [clause["level"], f"oracle: {clause['oracle']}",
             f"since {clause['since']}" if clause.get("since") else None,
             f"until {clause['until']}" if clause.get("until") else None]
    body = [tag("p", " · ".join(filter(None, facts)), class_="quiet"),
            tag("ul", [tag("li", source) for source in clause.get("sources", [])], class_="sources"),
            _faults(evidence, clause)]
    if result:
        if result.get("message"):
            body.append(tag("pre", result["message"], class_="message"))
        body.append(tag("pre", _transcript(result), aria_label="transcript"))
        body.append(tag("p", command(evidence.shown_command(result["command"])),
                        tag("span", f" {result['ms']} ms", class_="quiet")))
    else:
        body.append(tag("p", "No case has reported on it."))
    return details(head, *body, id=clause["id"], class_="clause", data_status=status,
                   data_words=f"{clause['id']} {clause['text']}".lower())


def clauses(evidence):
    parts = []
    for name, one in evidence.primitives.items():
        if not one["clauses"]:
            continue
        statuses = [evidence.status(clause) for clause in one["clauses"]]
        bad = [status for status in statuses if status in BAD]
        head = [tag("strong", name), tag("span", f" {statuses.count('PASS')} of {len(statuses)} pass ",
                                         class_="quiet"),
                chip(f"{len(bad)} do not hold", "bad") if bad else None]
        parts.append(details(head, [_clause(evidence, clause) for clause in one["clauses"]],
                             class_="primitive", open_=bool(bad)))
    return parts


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
    return tag("div", tag("table", tag("caption", f"What the document says, tried in CPython: {counts}.",
                                       class_="quiet"), tag("thead", head),
                          tag("tbody", [_claim(claim) for claim in found]), class_="claims"),
               class_="scroll")
