#!/usr/bin/env python3
"""Clause, case and twin belong together, and all that spec/README.md promises of spec/ is so."""
import fnmatch
import os
import re
import sys

import tree

sys.path.append(os.path.join(tree.ROOT, "scripts", "lib"))
import evidence  # which has put reference/ on the path
from interpreters import parse_version

ID = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*){2,}")
VERSION = re.compile(r"3\.\d+(\.\d+)?")
SOURCE = re.compile(r"(document|cpython|test|test 3\.\d+|source|std|tandem|design|deviation): *\S.*", re.S)
LEVELS = ("MUST", "SHOULD", "MAY", "CPYTHON-DETAIL")
ASKS_CPYTHON = ("golden", "differential", "outcome-set")
ORACLES = ASKS_CPYTHON + ("model", "invariant")
ASSERTION = re.compile(r"\b(?:(?:EXPECT|ASSERT)_\w+|static_assert)\(")
VERDICTS = ("confirmed", "imprecise", "refuted")
EXCLUDED_SHARE = 20  # one in so many

CLAUSE = {"id": str, "level": str, "text": str, "sources": list, "oracle": str}
CLAUSE_MAY = {"since": str, "until": str, "platforms": str, "aliases": list}
CLAIM = {"id": str, "rows": list, "place": str, "says": str, "verdict": str, "snippet": str, "expect": str,
         "clauses": list}
CLAIM_MAY = {"since": str, "until": str}


def fields(entry, must, may):
    for name, kind in must.items():
        if not entry.get(name) and not (kind is list and name == "clauses" and name in entry):
            yield "no %s" % name
    for name, value in entry.items():
        kind = must.get(name) or may.get(name)
        if kind is None:
            yield "unknown field %s" % name
        elif not isinstance(value, kind):
            yield "%s is no %s" % (name, "list" if kind is list else "text")


def one_of(entry, name, allowed):
    if entry.get(name) and entry[name] not in allowed:
        yield "%s is %r, not one of %s" % (name, entry[name], ", ".join(allowed))


def versions(entry):
    for name in ("since", "until"):
        if name in entry and not VERSION.fullmatch(str(entry[name])):
            yield "%s is no version: %r" % (name, entry[name])
            return
    if "since" in entry and "until" in entry:
        if parse_version(entry["since"]) >= parse_version(entry["until"]):
            yield "since is not before until"


class Census:
    """The lists of CPython's test methods: {version: {name: record}}."""

    def __init__(self, root):
        self.lists = {version: evidence.census(root, version) for version in evidence.CENSUS}
        self.files = {evidence.test_file(record) for known in self.lists.values() for record in known.values()}

    def faults(self, clause):
        """Names that are nowhere. Of a suite of which the lists have nothing, anything may be cited."""
        for name in evidence.cited_tests(clause):
            if name not in self.lists[evidence.CENSUS_VERSION]:
                yield "no such test in %s: %s" % (evidence.CENSUS[evidence.CENSUS_VERSION], name)
        for version, path in evidence.CENSUS.items():
            for name in evidence.cited(clause, "test " + version):
                listed = name.rpartition(".")[0].rpartition(".")[0] in self.files
                if listed and not any(name in known for known in self.lists.values()):
                    yield "no such test in %s: %s" % (path, name)


def clause_faults(clause, census):
    yield from fields(clause, CLAUSE, CLAUSE_MAY)
    if not isinstance(clause.get("sources", []), list):
        return
    yield from one_of(clause, "level", LEVELS)
    yield from one_of(clause, "oracle", ORACLES)
    yield from versions(clause)
    for source in clause.get("sources", []):
        if not SOURCE.fullmatch(source):
            yield "a source of no known kind: %s" % source
    yield from census.faults(clause)


def claim_faults(claim, clause_ids):
    yield from fields(claim, CLAIM, CLAIM_MAY)
    yield from one_of(claim, "verdict", VERDICTS)
    yield from versions(claim)
    if not str(claim.get("id", "claim.")).startswith("claim."):
        yield "the id of a claim begins with claim."
    for id in claim.get("clauses", []):
        if id not in clause_ids:
            yield "no such clause: %s" % id
    if not all(isinstance(row, int) for row in claim.get("rows", [])):
        yield "rows are numbers"


class Ids:
    """No id is used twice, in whatever file, nor taken up again after a rename."""

    def __init__(self):
        self.where = {}

    def faults(self, primitive, entry):
        for id in [entry.get("id", "")] + entry.get("aliases", []):
            if not ID.fullmatch(id):
                yield "malformed id %r" % id
            if id in self.where:
                yield "the id is used already, in spec/%s.toml" % self.where[id]
            self.where.setdefault(id, primitive)


def spec_faults(specs, census):
    ids = Ids()
    clause_ids = {clause.get("id") for spec in specs.values() for clause in spec.get("clause", [])}
    for primitive, spec in specs.items():
        for name in set(spec) - {"clause", "claim"}:
            yield "spec/%s.toml: unknown table %s" % (primitive, name)
        for kind, faults in (("clause", lambda entry: clause_faults(entry, census)),
                             ("claim", lambda entry: claim_faults(entry, clause_ids))):
            for entry in spec.get(kind, []):
                for fault in [*ids.faults(primitive, entry), *faults(entry)]:
                    yield "spec/%s.toml: %s %s: %s" % (primitive, kind, entry.get("id", "?"), fault)


def room_faults(specs, cases, twins):
    """Clause <-> case <-> twin, each in the file of the same name."""
    for primitive in sorted(set(specs) | set(cases) | set(twins)):
        clauses = {clause.get("id"): clause for clause in specs.get(primitive, {}).get("clause", [])}
        has_case, has_twin = cases.get(primitive, []), twins.get(primitive, [])
        for id, clause in clauses.items():
            if id not in has_case:
                yield "conformance/%s_test.cpp: no case for the clause %s" % (primitive, id)
            if clause.get("oracle") in ASKS_CPYTHON and id not in has_twin:
                yield "reference/%s.py: no twin for %s, whose oracle is %s" % (primitive, id, clause["oracle"])
        for room, ids in (("conformance/%s_test.cpp: case", has_case), ("reference/%s.py: twin", has_twin)):
            for id in sorted(set(ids) - set(clauses)):
                yield (room + " %s has no clause") % (primitive, id)
            for id in sorted({id for id in ids if ids.count(id) > 1}):
                yield (room + " %s stands there twice") % (primitive, id)


def assertion_faults(specs, texts, twins):
    """A transcript that is compared with nothing shows nothing."""
    for primitive, spec in specs.items():
        needs_twin = {clause.get("id") for clause in spec.get("clause", []) if clause.get("oracle") in ASKS_CPYTHON}
        for id, text in texts.get(primitive, []):
            if id not in needs_twin and id not in twins.get(primitive, []) and not ASSERTION.search(text):
                yield "conformance/%s_test.cpp: case %s asserts nothing, and there is no twin" % (primitive, id)


def cited_tests(specs):
    return {name for spec in specs.values() for clause in spec.get("clause", [])
            for kind in ("test", *("test " + version for version in evidence.CENSUS))
            for name in evidence.cited(clause, kind)}


def put_aside_faults(census):
    """What a list calls not portable says why."""
    for version, known in census.lists.items():
        for name, record in known.items():
            if (record["category"] != "portable") != bool(record.get("why")):
                yield "%s: %s: a why, where it is not portable, and only there" % (evidence.CENSUS[version], name)


def beside_faults(beside, cited, census):
    portable = [name for known in census.lists.values() for name, record in known.items() if record["category"] == "portable"]
    for entry in beside:
        where = evidence.EXCLUDED + ": " + entry.get("tests", "?")
        if not entry.get("reason") or set(entry) != {"tests", "reason"}:
            yield where + ": tests and reason, nothing else"
        elif not set(fnmatch.filter(portable, entry["tests"])) - cited:
            yield where + ": no portable test of that name that is not cited"


def exclusion_faults(excluded, cited, census):
    counts = {}
    for entry in excluded:
        name, where = entry.get("test", ""), evidence.EXCLUDED + ": " + entry.get("test", "?")
        if not entry.get("reason") or set(entry) != {"test", "reason"}:
            yield where + ": test and reason, nothing else"
        version = next((version for version, known in census.lists.items()
                        if known.get(name, {}).get("category") == "portable"), None)
        if version is None:
            yield where + ": no portable test of that name"
            continue
        if name in cited:
            yield where + ": a clause cites it"
        counts.setdefault((version, census.lists[version][name]["file"]), []).append(name)
    for (version, file), names in counts.items():
        total = sum(1 for record in census.lists[version].values()
                    if record["file"] == file and record["category"] == "portable")
        if len(names) > max(1, total // EXCLUDED_SHARE):
            yield "%s: %d of %d of %s is more than one in %d" % (
                evidence.EXCLUDED, len(names), total, file, EXCLUDED_SHARE)


def deviation_faults(deviations, specs):
    """What a clause calls a deviation has its row; what a row calls a clause is one."""
    clauses = {clause.get("id"): clause for spec in specs.values() for clause in spec.get("clause", [])}
    for id, clause in clauses.items():
        for name in evidence.cited(clause, "deviation"):
            if name not in deviations:
                yield "%s: no row for %s, which the clause %s cites" % (evidence.DEVIATIONS, name, id)
    for name in deviations:
        if ID.fullmatch(name) and name not in clauses:
            yield "%s: no clause %s" % (evidence.DEVIATIONS, name)
    for name in sorted({name for name in deviations if ID.fullmatch(name) and deviations.count(name) > 1}):
        yield "%s: %s stands there twice" % (evidence.DEVIATIONS, name)


def check(root):
    try:
        specs = evidence.specs(root)
    except ValueError as error:
        return [str(error)], 1
    census = Census(root)
    complaints = [*spec_faults(specs, census),
                  *room_faults(specs, evidence.cases(root), evidence.twins(root)),
                  *assertion_faults(specs, evidence.case_texts(root), evidence.twins(root)),
                  *deviation_faults(evidence.deviations(root), specs),
                  *exclusion_faults(evidence.excluded(root), cited_tests(specs), census),
                  *beside_faults(evidence.excluded(root, "beside"), cited_tests(specs), census),
                  *put_aside_faults(census)]
    return complaints, sum(len(spec.get("clause", [])) for spec in specs.values())


if __name__ == "__main__":
    tree.finish("clauses", *check(tree.ROOT))
