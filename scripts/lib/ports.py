"""What became of a target: its doctor, its cases, its other tests; and how it differs from those that are committed."""

import datetime
import json
import os
import re
import xml.etree.ElementTree as xml

import evidence
import results as lib

ROOT = evidence.ROOT
COMMITTED = os.path.join(ROOT, "conformance", "ports")
EXPECT = os.path.join(ROOT, "conformance", "expect")
GOOD = ("PASS", "XFAIL")
MODES = ("kit", "quick", "full", "certify")  # each runs all of what is before it
# What a target has, however fast it happens to be today.
LASTING = ("system", "machine", "compiler", "standard-library", "c-library", "endianness", "pointer-bits", "long-bits",
           "time-bits", "file-offset-bits", "char-is-signed", "atomic-64-is-lock-free", "page-bytes", "linking")
NAME = re.compile(r"[\w.]+(-[\w.]+)+")  # of a target, and of its files
LONGEST_MESSAGE = 400
OLDEST = "3.8"  # what a clause's since means when it says nothing


def name_of(doctor, emulated):
    """linux-x86_64-gnu12, linux-s390x-gnu12-emulated, linux-x86_64-clang19-libcxx, linux-x86_64-static-gnu12"""
    facts = doctor["facts"]
    compiler, _, version = facts["compiler"].lower().partition(" ")
    parts = [facts["system"].lower(), facts["machine"], compiler + version.partition(".")[0]]
    if facts["machine"].endswith("64") and facts["pointer-bits"] == 32:
        parts[1] += "-32"
    parts[1] += "-static" if facts["linking"] == "static" else ""
    parts += ["libcxx"] if facts["standard-library"].startswith("libc++") else []
    return "-".join(parts + (["emulated"] if emulated else []))


def expectations(target):
    """The files that say what may fail there: of its system, and its own."""
    files = [os.path.join(EXPECT, name + ".toml") for name in (target.partition("-")[0], target)]
    return [path for path in files if os.path.exists(path)]


def other_tests(path, log, cases):
    """Results of what ctest ran beside the cases (its --output-junit), and printed: older ones write nowhere else how a test ended."""
    results = lib.Results()
    told = dict(re.findall(r"^ *\d+/\d+ Test +#\d+: (\S+) \.*(.*?) +[\d.]+ sec$", evidence.read(log), re.M))
    for element in xml.parse(path).getroot().iter("testcase"):
        if element.get("name") not in cases:
            results.cases.append(_as_result(element, told.get(element.get("name"), "")))
    return results


def skipped_in_vain(tests, lacks):
    """Of tests that asked for a capability, those that were told it is missing, though the doctor found it."""
    asked = ((test["id"], re.match(r"UNSUPPORTED\((\w+)\)", test["message"])) for test in tests.cases if test["status"] == "UNSUPPORTED")
    return ["%s: %s is missing, it says, and the doctor found it" % (id, found[1]) for id, found in asked
            if found and found[1].replace("_", "-") not in lacks]


def tell_of_the_dead(path, log, collected):
    """Cases that ended under ctest before they wrote down how: that is done for them, where scripts/conformance collects."""
    os.makedirs(collected, exist_ok=True)
    primitives = {clause["id"]: (primitive, clause["level"]) for primitive, spec in evidence.specs().items()
                  for clause in spec.get("clause", [])}
    for case in other_tests(path, log, ()).cases:
        if case["status"] in ("TIMEOUT", "CRASH") and case["id"] in primitives:
            primitive, case["level"] = primitives[case["id"]]
            suite = "conformance_" + evidence.module_of(primitive)
            with open(os.path.join(collected, "%s.%s.jsonl" % (suite, case["id"])), "w", encoding="utf-8") as file:
                for record in (case, {"record": "footer", "cases": 1}):
                    file.write(json.dumps(record) + "\n")


def _as_result(element, told):
    skipped, failure = element.find("skipped"), element.find("failure")
    output, status = element.findtext("system-out") or "", "PASS"
    if skipped is not None or element.get("status") in ("notrun", "disabled"):
        status = "SKIP"
    elif failure is not None or element.get("status") == "fail":
        status = _bad(told)
    message = "" if status == "PASS" else _message(status, output)
    if status == "SKIP" and message.startswith("UNSUPPORTED("):
        status = "UNSUPPORTED"
    return {"record": "case", "id": element.get("name"), "status": status, "level": "", "transcript": [],
            "message": message, "ms": round(1000 * float(element.get("time") or 0)),
            "command": "ctest -R '^%s$'" % re.escape(element.get("name"))}


def _bad(told):
    """ctest's word for how a test ended."""
    told = told.lower()
    if "timeout" in told:
        return "TIMEOUT"
    return "CRASH" if re.search("segfault|abort|exception|illegal|bus error|interrupt", told) else "FAIL"


def _message(status, output):
    """What GoogleTest says of a failure or a skip, or the last line."""
    found = re.search(r"(?:Failure|Skipped)\n(.+(?:\n(?!\[).+)*)", output)
    lines = output.strip().splitlines()
    return found[1] if found else lines[-1] if lines else status


def of_programs(row, again):
    """Cases of what implementations.run_programs() gives: one for each kind, and one for the protocol."""
    seen = {"protocol": (not row["breaches"], "\n".join(row["breaches"]))}
    for kind, one in row["kinds"].items():
        smallest = "; ".join("%s: %s, not %s" % (cell, difference["says"], difference["against"])
                             for cell, difference in one["smallest"].items())
        seen[kind] = (not one["different"], "%d of %d differ. %s" % (one["different"], one["programs"], smallest))
    return [{"record": "case", "id": "programs." + name, "status": "PASS" if alike else "FAIL", "level": "", "ms": 0,
             "message": "" if alike else message, "transcript": [],
             "command": again + ("" if name == "protocol" else " --kind " + name)} for name, (alike, message) in seen.items()]


def primitives_of_programs():
    """{kind of program: the primitives that it tries}, by conformance/layers.toml."""
    layers = evidence.toml_subset.load(os.path.join(ROOT, "conformance", "layers.toml"))["layer"]
    return {layer["program"]: layer.get("primitives") or list(layer["parameters"].values()) for layer in layers if "program" in layer}


def clauses_of_programs(row, again):
    """Cases for the clauses that a program tries (their oracle is `differential`), by how those of its kind did.

    What came with a later version is left out where the implementation lacks something.
    """
    specs, results = evidence.specs(), lib.Results()
    for kind, primitives in primitives_of_programs().items():
        for case in of_programs(dict(row, kinds={kind: row["kinds"][kind]}), again)[1:] if kind in row["kinds"] else ():
            results.cases += [dict(case, id=clause["id"], level=clause["level"]) for primitive in primitives
                              for clause in specs[primitive]["clause"] if clause["oracle"] == "differential"
                              and not (row["lacks"] and clause.get("since", OLDEST) != OLDEST)]
    return results


def port(target, doctor, cases, tests, emulator=(), **about):
    """The document that is written, from results after the expectations; `about` stands at its head."""
    emulator = lib.portable(" ".join(emulator))
    header, beyond = cases.headers[0] if cases.headers else {}, cases.beyond + tests.beyond
    primitive_of = {clause["id"]: primitive for primitive, spec in evidence.specs().items()
                    for clause in spec.get("clause", [])}
    clauses = {}
    for case in sorted(cases.cases, key=lambda case: case["id"]):
        row = clauses.setdefault(primitive_of.get(case["id"], "no clause"), {})
        row.setdefault(case["status"], []).append(case["id"])
    return dict(
        about, target=target, emulator=emulator, when=datetime.date.today().isoformat(), toolchain=header.get("toolchain", ""),
        time_scale=header.get("time_scale"), capabilities=doctor["capabilities"], facts=doctor["facts"],
        counts=cases.counts(), clauses=clauses, tests=tests.counts(),
        remarks={case["id"]: _remark(case, emulator) for case in cases.cases + tests.cases if case["status"] != "PASS"},
        problems=cases.problems + tests.problems, **({"beyond": beyond} if beyond else {}), **_again_case(cases, emulator))


def _remark(case, emulator):
    """Why a cell is not plainly PASS."""
    said = lib.portable(case.get("reason") or case["message"])
    return {"status": case["status"], "says": said[:LONGEST_MESSAGE], "again": _again(case, emulator), **lib.told(case)}


def _again(case, emulator):
    variables, command = re.match(r"((?:\w+=\S* )*)(.*)", lib.portable(case["command"]), re.S).groups()
    return variables + (emulator + " " + command if emulator and not command.startswith("ctest") else command)


def _again_case(cases, emulator):
    """The command of any case, with {module} and {id} to be filled in; random programs have none."""
    for case in cases.cases:
        for one, every in ((r"/conformance_\w+ --case=.*", "/conformance_{module} --case={id}"), (r"\brun-conformance .*", "run-conformance {id}")):
            command, count = re.subn(one, every, _again(case, emulator))
            if count:
                return {"again_case": command}
    return {}


def template(document):
    """What asks a clause again, with {module} and {id} to be filled in; older documents know only of modules."""
    return document.get("again_case") or document["again_module"]


def write(document, path):
    with open(path, "w", encoding="utf-8") as file:
        file.write(json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n")


def committed():
    """{target: document}, the oldest names first."""
    names = sorted(name for name in os.listdir(COMMITTED) if name.endswith(".json")) if os.path.isdir(COMMITTED) else []
    return {name[: -len(".json")]: json.loads(evidence.read(os.path.join(COMMITTED, name))) for name in names}


def statuses(document):
    return {id: status for row in document["clauses"].values() for status, ids in row.items() for id in ids}


def by_programs(document):
    """Whether random programs tried it, behind the runners' protocol: a target of which no doctor knows facts."""
    return not document.get("facts", True)


def coverage(clauses, statuses, programs):
    """How many of these clauses were run there, and how many might have been: `programs` try only these. What is gone, or came later,
    does not count."""
    ids = {clause["id"] for clause in clauses if not programs or clause["oracle"] == "differential"}
    return len(ids & statuses.keys()), len(ids)


def differences(one, other):
    """{what: {name: (of one, of other)}}; of clauses only those that both have run."""
    lasting = [{key: document["facts"][key] for key in LASTING if key in document["facts"]} for document in (one, other)]
    return {"capabilities": _unlike(one["capabilities"], other["capabilities"]), "facts": _unlike(*lasting),
            "clauses": _unlike(statuses(one), statuses(other))}


def _unlike(one, other):
    return {name: (one[name], other[name]) for name in one if name in other and one[name] != other[name]}


def not_run(cases):
    """Clauses of which nothing was heard: their suite may never have been built."""
    heard = {case["id"] for case in cases.cases}
    missing = [id for spec in evidence.specs().values() for id in (clause["id"] for clause in spec.get("clause", [])) if id not in heard]
    return ["no case was run of %d clauses, such as %s" % (len(missing), missing[0])] if missing else []


def run_again(tests):
    """How many files of twins the target's own python3 ran once more: live.* among the tests."""
    return sum(1 for case in tests.cases if case["id"].startswith("live.") and case["status"] != "SKIP")


def runs_less(mode, suites, before):
    """Whether a run leaves out what that document is of."""
    return MODES.index(mode) < MODES.index(before["mode"]) or \
        bool(suites) and not (before["suites"] and set(before["suites"]) <= set(suites))


def failed(document):
    counts = [document["counts"], document["tests"]]
    return bool(document["problems"]) or any(row.get(status) for row in counts for status in lib.BAD)


def left_out(document):
    """What --certify does not let pass: whatever was not run, or may fail."""
    return sorted(id for id, remark in document["remarks"].items() if remark["status"] in ("SKIP", "UNSUPPORTED", "XFAIL")) + \
        document["absent"]
