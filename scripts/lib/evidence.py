"""The evidence as data: clauses and claims (spec/), cases (conformance/), twins and goldens (reference/), the census."""

import json
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.append(os.path.join(ROOT, "reference"))

import toml_subset  # noqa: E402

CASE = re.compile(r'\bCASE\(\s*"([^"\n]*)"')
TWIN = re.compile(r'^@case\(\s*"([^"\n]*)"', re.M)
COMMENT = re.compile(r'("(?:\\.|[^"\\\n])*")|//[^\n]*|/\*.*?\*/', re.S)
# Folders of conformance/ that hold no cases of the library.
NO_CASES = ("harness", "properties", "examples", "runner")
# The methods of a version's suites; of a later one those that the one before has not.
CENSUS = {"3.11": "spec/census/cpython_311.json", "3.13": "spec/census/cpython_313.json"}
CENSUS_VERSION = "3.11"
EXCLUDED = "spec/census-excluded.toml"
DEVIATIONS = "spec/deviations.md"


def files(root, room, suffix):
    """{primitive: path} of a room's files: queue/lifo_queue -> spec/queue/lifo_queue.toml"""
    found, top = {}, os.path.join(root, room)
    for folder, folders, names in os.walk(top):
        folders[:] = sorted(name for name in folders if not name.startswith(("_", ".")))
        if folder == top:
            folders[:] = [name for name in folders if name not in NO_CASES]
            continue
        for name in sorted(names):
            if name.endswith(suffix):
                path = os.path.join(folder, name)
                found[os.path.relpath(path, top)[: -len(suffix)].replace(os.sep, "/")] = path
    return found


def module_of(primitive):
    """queue/lifo_queue -> queue, concurrent/futures/wait -> futures, as the suites are called; what is no clause's is of none."""
    return ("/" + primitive).split("/")[-2]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def specs(root=ROOT, room="spec"):
    """{primitive: parsed TOML}; a file that does not parse raises toml_subset.TomlError."""
    return {primitive: toml_subset.load(path) for primitive, path in files(root, room, ".toml").items()}


def case_texts(root=ROOT):
    """{primitive: [(id, text)]} of conformance/, as written but for comments."""
    found = {}
    for primitive, path in files(root, "conformance", "_test.cpp").items():
        code = COMMENT.sub(lambda match: match.group(1) or " ", read(path))
        found[primitive] = [(match[1], code[match.start():].partition("\n}")[0]) for match in CASE.finditer(code)]
    return found


def cases(root=ROOT):
    """{primitive: [id]} of conformance/, as written."""
    return {primitive: [id for id, _ in texts] for primitive, texts in case_texts(root).items()}


def twins(root=ROOT):
    """{primitive: [id]} of reference/, as written."""
    return {primitive: TWIN.findall(read(path)) for primitive, path in files(root, "reference", ".py").items()}


def test_file(record):
    """test_asyncio/test_tasks.py -> test_asyncio.test_tasks"""
    return record["file"][: -len(".py")].replace("/", ".")


def test_name(record):
    """test_asyncio/test_tasks.py, BaseTaskTests, test_x -> test_asyncio.test_tasks.BaseTaskTests.test_x"""
    return ".".join((test_file(record), record["cls"], record["method"]))


def census(root=ROOT, version=CENSUS_VERSION):
    """{test name: record} of the methods of a version's list."""
    path = os.path.join(root, *CENSUS[version].split("/"))
    return {test_name(record): record for record in json.loads(read(path))} if os.path.exists(path) else {}


def excluded(root=ROOT, table="excluded"):
    """[{test, reason}] of what no clause answers; or [{tests, reason}] of what is `beside` the document's functions."""
    path = os.path.join(root, *EXCLUDED.split("/"))
    return toml_subset.load(path).get(table, []) if os.path.exists(path) else []


def faults(root=ROOT):
    """The committed results of scripts/faults: [{module, killed: {clause: {fault: how}}, unkillable: {clause: why}, …}]"""
    folder = os.path.join(root, "conformance", "results")
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    return [json.loads(read(os.path.join(folder, name))) for name in names
            if name.startswith("faults-") and name.endswith(".json")]


def killed(root=ROOT):
    """{clause: {fault: how}} of the clauses whose case has been seen to fail."""
    return {id: how for result in faults(root) for id, how in result["killed"].items()}


def deviations(root=ROOT):
    """The names in the first column of the table: ids of clauses, and of API where no clause can show it."""
    path = os.path.join(root, *DEVIATIONS.split("/"))
    rows = re.findall(r"^\| *([^|]*?) *\|", read(path), re.M)[2:] if os.path.exists(path) else []
    return [name for row in rows for name in re.sub(r" *\([^)]*\)", "", row).split(", ")]


def cited(clause, kind):
    """What stands behind "<kind>: …" in a clause's sources."""
    parts = (source.partition(":") for source in clause.get("sources", []))
    return [name.strip() for found, _, name in parts if found == kind]


def cited_tests(clause):
    """The names behind "test: …" (the census's own version, not "test 3.13: …")."""
    return cited(clause, "test")
