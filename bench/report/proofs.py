"""Whether the cases are enough, and whether they can fail: the census, seeded faults, mutations, the large counts."""
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent.parent / "scripts/lib"))

import census_counts  # noqa: E402
import commits  # noqa: E402
import evidence as found_evidence  # noqa: E402
from layers import rounded  # noqa: E402
from markup import chip, code, command, details, scroller, tag  # noqa: E402

HOWS = ("FAIL", "TIMEOUT", "CRASH", "COMPILE")


def table(label, head, lines, kind="stack"):
    """Lines of cells, the first of which is the line's name; on a narrow screen each cell has its column's name."""
    body = [tag("tr", tag("th", line[0], scope="row"),
                [tag("td", cell, data_label=name, class_="number" if isinstance(cell, (int, float)) else None)
                 for name, cell in zip(head[1:], line[1:])]) for line in lines]
    return scroller(label, tag("table", tag("thead", tag("tr", [tag("th", name, scope="col") for name in head])), tag("tbody", body),
                               class_=kind))


def link(id):
    return tag("a", tag("code", id), href=f"#{id}")


# The census

class Census:
    """{version: {module: [Method]}}"""

    def __init__(self, root):
        self.versions = {version: census_counts.by_module(census_counts.methods(str(root), version))
                         for version in found_evidence.CENSUS}
        self.versions = {version: found for version, found in self.versions.items() if found}

    def modules(self):
        return dict.fromkeys(module for found in self.versions.values() for module in found)

    def data(self, numbers):
        """{module: [[version, name, clauses | reason | null]]}: for census.js; `numbers`: the clauses' places."""
        return {module: [[version, one.name, _answer(one, numbers)] for version, found in self.versions.items()
                         for one in found.get(module, ())] for module in self.modules()}


def _answer(method, numbers):
    return [numbers[id] for id in method.clauses if id in numbers] or method.reason


def _percent(counts):
    return [chip(f"{counts.percent():g}\u00a0%", "good" if counts.percent() >= census_counts.ENOUGH else "warn"),
            f" {counts}", f", {counts.missing} missing" if counts.missing else None]


def census(known):
    if not known.versions:
        return None
    head = ["module", *map(_column, known.versions)]
    lines, lists = [], []
    for module in known.modules():
        found = [one.get(module, ()) for one in known.versions.values()]
        lines.append([module, *(_percent(census_counts.Counts(one)) if one else "–" for one in found)])
        lists.append(details([tag("strong", module), f" {sum(map(len, found))} methods, and the cases that answer them"],
                             class_="primitive script", data_census=module))
    every = [[one for members in found.values() for one in members] for found in known.versions.values()]
    lines.append([tag("b", "all"), *(_percent(census_counts.Counts(one)) for one in every)])
    return [tag("h3", "CPython's own tests", id="census"),
            tag("p", "The methods of CPython's test suites that are about behaviour which C++ can have too. One is covered when a "
                "clause cites it whose case was seen to notice a seeded fault; what is excluded has its reason, and is not counted as portable. ", command("scripts/census"),
                class_="quiet"),
            table("CPython's own tests", head, lines), lists]


def _column(version):
    return f"CPython {version}'s" if version == found_evidence.CENSUS_VERSION else f"what {version} adds"


# Seeded faults

class Faults:
    """What the MUSTs of a module have shown."""

    def __init__(self, evidence, clauses):
        self.musts = [clause["id"] for clause in clauses if clause["level"] == "MUST"]
        self.verified = [id for id in self.musts if id in evidence.killed]
        self.reasons = {id: evidence.unkillable[id] for id in self.musts
                        if id in evidence.unkillable and id not in evidence.killed}
        self.unverified = [id for id in self.musts if id not in evidence.killed and id not in evidence.unkillable]
        killed = {(fault, how) for clause in clauses for fault, how in evidence.killed.get(clause["id"], {}).items()}
        self.faults = len({fault for fault, _ in killed})
        self.hows = [[how for _, how in killed].count(how) for how in HOWS]


def modules(evidence):
    """{module: its clauses}"""
    found = {}
    for name, one in evidence.primitives.items():
        if one["clauses"]:
            found.setdefault(found_evidence.module_of(name), []).extend(one["clauses"])
    return found


def faults(evidence):
    if not evidence.killed:
        return None
    rows = {module: Faults(evidence, clauses) for module, clauses in modules(evidence).items()}
    rows["all"] = Faults(evidence, evidence.clauses())
    head = ["module", "MUSTs", "verified", "with a sentence", "unverified", "faults killed", "how", "of commit", "again"]
    lines = [[tag("b", module) if module == "all" else module, len(row.musts), len(row.verified), len(row.reasons),
              tag("span", chip(len(row.unverified), "bad")) if row.unverified else 0, row.faults,
              ", ".join(f"{count} {how}" for how, count in zip(HOWS, row.hows) if count), _age(evidence, module),
              command("scripts/faults" + ("" if module == "all" else f" --module {module}"))] for module, row in rows.items()]
    return [tag("h3", "Seeded faults", id="faults"),
            tag("p", "A fault breaks one promise in a copy of the sources. A MUST is verified when its case was seen to notice one; a "
                "few have a sentence instead that says why there is none. Beside the commit stands how many later ones have touched the "
                "module's sources, cases and faults, and how many what is beneath all modules.", class_="quiet"),
            table("Seeded faults", head, lines), _sentences(rows["all"])]


def _age(evidence, module):
    """Nothing fails by it: a result is renewed when that is worth its hours."""
    commit = evidence.faults_of.get(module)
    if not commit:
        return "–"
    own = [f":(glob){room}/**/{module}/**" for room in ("impl/src", "impl/include", "conformance")]
    later = [commits.since(str(evidence.root), commit, *paths) for paths in (own, ("impl/*/core", "impl/*/platform", "impl/include/tandem/core"))]
    since = "" if None in later else f" + {later[0]}, beneath {later[1]}"
    return tag("span", f"{commit[:12]}{since}", title=commit, class_="whole")


def _sentences(row):
    unverified = [tag("li", chip("UNVERIFIED", "bad"), " ", link(id)) for id in row.unverified]
    reasons = [tag("li", link(id), " ", code(why)) for id, why in sorted(row.reasons.items())]
    return [tag("ul", unverified, class_="rules") if unverified else None,
            details(f"The {len(reasons)} that have a sentence", tag("ul", reasons, class_="rules")) if reasons else None]


# Mutations

def mutations(found):
    if not found:
        return None
    head = ["source", "mutations", "noticed", "survive", "of these never reached", "of commit", "again"]
    lines, survivors = [], []
    for one in found:
        alive = [mutation for mutation in one["mutations"] if mutation["status"] not in HOWS]
        lines.append([tag("code", one["file"]), len(one["mutations"]), len(one["mutations"]) - len(alive), len(alive),
                      sum(1 for mutation in alive if not mutation["reached"]),
                      tag("span", one.get("commit") or "–", class_="whole"), command(f"scripts/mutate {one['file']}")])
        survivors += [[tag("code", mutation["mutation"].rpartition("/")[2]), tag("code", mutation["text"]),
                       mutation.get("why") or chip("not judged", "bad")] for mutation in alive]
    return [tag("h3", "Mutations", id="mutations"),
            tag("p", "Mechanical ones of a source, one at a time: a condition negated, a bound moved by one, a notification, a count or a lock "
                "left out. Beside what survives stands what is to be said of it.", class_="quiet"),
            table("Mutations", head, lines),
            details(f"The {len(survivors)} that survive", table("Mutations that survive", ["which", "what was changed", "why nobody notices"], survivors))
            if survivors else None]


# The large counts

def soaks(found):
    if not found:
        return None
    lines = []
    for one in found:
        each = [tag("div", tag("code", name), f" {count['count']:,} {count['what']}") for name, count in one["counts"].items()]
        state = chip(f"{len(one['failures'])} failed", "bad") if one["failures"] else chip(
            "complete", "good") if one["complete"] else chip("not complete", "warn")
        lines.append([one["module"], state, details(_summed(one["counts"].values()), each), tag("span", one["started"][:10], class_="whole"),
                      f"{one['commit'][:12]}{one['commit'][40:]}", one["seed"], command(f"scripts/soak --module {one['module']}")])
    return [tag("h3", "The large counts", id="soaks"),
            tag("p", "Each test run tries a hundredth of this. What a soak tried last, and what it found.", class_="quiet"),
            table("The large counts", ["module", "state", "tried", "on", "commit", "seed", "again"], lines)]


def _summed(counts):
    whole = {}
    for count in counts:
        whole[count["what"]] = whole.get(count["what"], 0) + count["count"]
    return ", ".join(f"{rounded(count)} {what}" for what, count in whole.items())
