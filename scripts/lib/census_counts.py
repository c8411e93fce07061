"""Which methods of CPython's own test suites our clauses answer: for scripts/census, and for the report's page."""

import evidence

MODULES = {
    "queue": ("test_queue",),
    "futures": ("test_concurrent_futures",),
    "threading": ("test_threading", "lock_tests", "test_threading_local"),
    "subprocess": ("test_subprocess",),
    "os": ("test_popen", "test_os"),
    "multiprocessing": ("_test_multiprocessing", "test_multiprocessing_main_handling"),
    "asyncio": ("test_asyncio",),
}
# What of these files is about functions that the document does not name.
OTHERS = {"os": ("SpawnTests", "FDInheritanceTests")}


def in_module(name, module):
    """Is the test one of the module's, or, without one, of any?"""
    if module is None:
        return any(in_module(name, one) for one in MODULES)
    file, _, rest = name.partition(".")
    return file in MODULES[module] and not rest.startswith(OTHERS.get(module, ()))


class Method:
    """A portable one: covered by `clauses`; else excluded for a `reason`; else missing, though `only` may cite it."""

    def __init__(self, name, file, citations, excluded):
        self.name, self.file = name, file
        self.clauses = citations.covered.get(name, [])
        self.only = citations.only.get(name, [])
        self.reason = None if self.clauses else excluded.get(name)

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
    """How many of some methods are what."""

    def __init__(self, methods):
        self.portable = len(methods)
        self.covered = sum(1 for method in methods if method.clauses)
        self.missing = sum(1 for method in methods if method.missing())
        self.excluded = self.portable - self.covered - self.missing

    def percent(self):
        """Rounded down: 100 is all of them."""
        return 100 if not self.portable else int(1000 * self.covered / self.portable) / 10


def methods(root, version=evidence.CENSUS_VERSION, module=None):
    """[Method] of a module, or of all, in the order of the list."""
    citations, excluded = Citations(root), {entry["test"]: entry["reason"] for entry in evidence.excluded(root)}
    return [Method(name, record["file"], citations, excluded)
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
