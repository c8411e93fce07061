"""Which methods of CPython's own test suites our clauses answer: for scripts/census, and for the report's page.

Portable are those that the lists call so, less those that have an exclusion in writing: these are counted beside them.
"""

import fnmatch
import json
import os

import evidence

ENOUGH = 98  # percent of the portable methods of each module
ANSWERED = "spec/census/answered.json"

MODULES = {
    "queue": ("test_queue",),
    "futures": ("test_concurrent_futures",),
    "threading": ("test_threading", "lock_tests", "test_threading_local"),
    "subprocess": ("test_subprocess",),
    "os": ("test_popen", "test_os"),
    "multiprocessing": ("_test_multiprocessing", "test_multiprocessing_main_handling"),
    "asyncio": ("test_asyncio",),
}


def in_module(name, module):
    """Is the test one of the module's, or, without one, of any?"""
    if module is None:
        return any(in_module(name, one) for one in MODULES)
    return name.partition(".")[0] in MODULES[module]


class Reasons:
    """Why a method is not answered: its own exclusion, or that of all that are beside the document's functions."""

    def __init__(self, root):
        self.excluded = {entry["test"]: entry["reason"] for entry in evidence.excluded(root)}
        self.beside = [(entry["tests"], entry["reason"]) for entry in evidence.excluded(root, "beside")]

    def of(self, name):
        return self.excluded.get(name) or next((why for tests, why in self.beside if fnmatch.fnmatchcase(name, tests)), None)


class Method:
    """Covered by `clauses`; else excluded for a `reason`; else missing, though `only` may cite it."""

    def __init__(self, name, file, citations, reasons):
        self.name, self.file = name, file
        self.clauses = citations.covered.get(name, [])
        self.only = citations.only.get(name, [])
        self.reason = None if self.clauses else reasons.of(name)

    def missing(self):
        return not self.clauses and self.reason is None


class Citations:
    """Which tests are cited by a clause whose case kills a fault, and which by others only."""

    def __init__(self, root):
        self.covered, self.only = {}, {}
        cases, killed = evidence.cases(root), evidence.killed(root)
        for primitive, spec in evidence.specs(root).items():
            for clause in spec.get("clause", []):
                shown = clause["id"] in cases.get(primitive, []) and clause["id"] in killed
                place = self.covered if shown else self.only
                for source in clause.get("sources", []):
                    kind, _, name = source.partition(":")
                    if kind == "test" or kind.startswith("test "):
                        place.setdefault(name.strip(), []).append(clause["id"])


class Counts:
    """How many of some methods are what; the excluded are none of the portable."""

    def __init__(self, methods):
        self.covered = sum(1 for method in methods if method.clauses)
        self.missing = sum(1 for method in methods if method.missing())
        self.portable = self.covered + self.missing
        self.excluded = len(methods) - self.portable

    def percent(self):
        """Rounded down: 100 is all of them."""
        return 100 if not self.portable else int(1000 * self.covered / self.portable) / 10

    def __str__(self):
        return "%d of %d portable%s" % (self.covered, self.portable, ", %d excluded" % self.excluded if self.excluded else "")

    def row(self):
        return {"covered": self.covered, "missing": self.missing, "excluded": self.excluded}


def methods(root, version=evidence.CENSUS_VERSION, module=None):
    """[Method] of a module, or of all, in the order of the list."""
    citations, reasons = Citations(root), Reasons(root)
    return [Method(name, record["file"], citations, reasons)
            for name, record in evidence.census(root, version).items() if record["category"] == "portable" and in_module(name, module)]


def by_file(found):
    """{file: [Method]}, sorted."""
    files = {}
    for method in found:
        files.setdefault(method.file, []).append(method)
    return dict(sorted(files.items()))


def by_module(found):
    """{module: [Method]} of those that have any."""
    modules = {module: [one for one in found if in_module(one.name, module)] for module in MODULES}
    return {module: inside for module, inside in modules.items() if inside}


def answered(root):
    """{version: {module: Counts.row()}}, as committed."""
    path = os.path.join(root, *ANSWERED.split("/"))
    return json.loads(evidence.read(path)) if os.path.exists(path) else {}


def record(root):
    rows = {version: {module: Counts(found).row() for module, found in by_module(methods(root, version)).items()}
            for version in evidence.CENSUS}
    with open(os.path.join(root, *ANSWERED.split("/")), "w", encoding="utf-8") as file:
        file.write(json.dumps(rows, indent=1) + "\n")


def problems(version, module, of, committed):
    """What is wrong with a module's Counts: too little, or not what is committed, which would let it fall."""
    name = "%s, CPython %s" % (module, version)
    if of.percent() < ENOUGH:
        yield "%s: %s is less than %d %%" % (name, of, ENOUGH)
    if of.row() != committed:
        yield "%s: %s; committed is %s. Where that is meant: scripts/census --record" % (name, of.row(), committed)
