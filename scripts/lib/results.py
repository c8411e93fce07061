"""Results of cases: read what the executables wrote, apply the expectations, write jsonl, JUnit and a summary."""

import datetime
import fnmatch
import json
import os
import sys
import xml.etree.ElementTree as xml

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.append(os.path.join(ROOT, "reference"))

import commits  # noqa: E402
import toml_subset  # noqa: E402

STATUSES = ("PASS", "FAIL", "XFAIL", "XPASS", "SKIP", "UNSUPPORTED", "TIMEOUT", "CRASH")
BAD = ("FAIL", "XPASS", "TIMEOUT", "CRASH")
KINDS = {"case", "test"}
# What a pass-list calls them.
LISTS = {"case": "cases", "test": "tests"}
CAN_BE_EXPECTED = ("FAIL", "TIMEOUT", "CRASH", "SKIP")
LEVELS = ("MUST", "SHOULD", "MAY", "CPYTHON-DETAIL")
MOST_PER_PATTERN = 20
MOST_LINES = 24
LONGEST_TRANSCRIPT = 2000


class Results:
    """All executables of one run. `problems` are what is wrong beside single cases; `beyond` pass, and are on no pass-list."""

    def __init__(self):
        self.headers, self.cases, self.problems, self.beyond = [], [], [], []

    def read(self, path):
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
        records = []
        for line in lines:
            try:
                records.append(json.loads(line))
            except ValueError:
                self.problems.append("%s: a line is no JSON" % os.path.basename(path))
        cases = [record for record in records if record.get("record") == "case"]
        footers = [record for record in records if record.get("record") == "footer"]
        if not footers or footers[-1]["cases"] != len(cases):
            self.problems.append("%s: cut short" % os.path.basename(path))
        if not cases:
            self.problems.append("%s: no case was selected" % os.path.basename(path))
        for footer in footers:
            self.problems += footer.get("problems", [])
            self.beyond += footer.get("beyond", [])
        self.headers += [record for record in records if record.get("record") == "header"]
        self.cases += cases

    def counts(self):
        counted = {}
        for case in self.cases:
            counted[case["status"]] = counted.get(case["status"], 0) + 1
        return {status: counted[status] for status in STATUSES if status in counted}

    def failed(self):
        return bool(self.problems) or any(case["status"] in BAD for case in self.cases)


def apply_expectations(results, *paths, whole=True, of="case", lacks=()):
    """Turns expected failures into XFAIL, and what is not as the files say into problems. Of a file with a pass-list, what fails is
    expected where it is not listed.

    `of`: whether these are results of cases or of other tests, which are files' entries with `test`. `lacks`: what the
    doctor did not answer with yes. Only where the `whole` suite ran can an entry be told to match nothing.
    """
    excused, lists = set(), []
    for path in paths:
        name, file = os.path.basename(path), toml_subset.load(path)
        results.problems += ["%s: unknown table %s" % (name, table) for table in sorted(set(file) - {"expect", "pass"})]
        for entry in file.get("expect", []):
            excused |= _take(results, entry, name, whole, of, lacks)
        lists += [(name, file["pass"])] if "pass" in file else []
    if lists:
        excused |= _begun(results, lists, excused, whole, of)
    for case in results.cases:
        if case["status"] == "SKIP" and case["id"] not in excused:
            results.problems.append("%s is skipped, and no expectation says so: %s" % (case["id"], case["message"]))


def _begun(results, lists, excused, whole, of):
    """The ids that a pass-list excuses: of a port that has begun, what is not listed may fail. What is has to pass."""
    results.problems += ["%s: pass: a reason is required, and cases or tests, nothing else" % name for name, entry in lists
                         if not entry.get("reason") or not set(LISTS.values()) & set(entry) or set(entry) - {"reason", *LISTS.values()}]
    lists = [(name, entry) for name, entry in lists if LISTS[of] in entry]
    if not lists:
        return set()
    listed = set()
    for name, pattern in ((name, pattern) for name, entry in lists for pattern in entry[LISTS[of]]):
        matched = {case["id"] for case in results.cases if fnmatch.fnmatchcase(case["id"], pattern)}
        listed |= matched
        if whole and not matched:
            results.problems.append("%s: pass: %s matches no %s" % (name, pattern, of))
    _compare_with_list(results, listed, excused, "not on the pass-list: " + "; ".join(entry.get("reason", "") for _, entry in lists))
    return {case["id"] for case in results.cases} - listed


def _compare_with_list(results, listed, excused, reason):
    for case in results.cases:
        if case["id"] in listed:
            if case["status"] in ("SKIP", "UNSUPPORTED") and case["id"] not in excused:
                results.problems.append("%s is on the pass-list, and %s: %s" % (case["id"], case["status"], case["message"]))
        elif case["status"] == "PASS":
            results.beyond.append(case["id"])
        elif case["status"] in CAN_BE_EXPECTED:
            case["reason"] = reason
            case["status"] = "SKIP" if case["status"] == "SKIP" else "XFAIL"


def _take(results, entry, name, whole, of, lacks):
    """The ids that an entry excuses."""
    if of not in entry and len(KINDS & set(entry)) == 1:
        return set()
    fault = _malformed(entry)
    if fault:
        results.problems.append("%s: %s: %s" % (name, entry.get("case", entry.get("test", "?")), fault))
        return set()
    return _apply(results, entry, name, whole, of) if _concerns(entry, results.headers, lacks) else set()


def _concerns(entry, headers, lacks):
    """Is the entry for a build such as this, and a target?"""
    if entry.get("lacks", "") not in ("", *lacks):
        return False
    header = headers[0] if headers else {}
    sanitizer, toolchain = header.get("sanitizer") or "none", header.get("toolchain", "")
    # A build may have several: address,undefined.
    return entry.get("sanitizer", sanitizer) in (sanitizer, *sanitizer.split(",")) and fnmatch.fnmatchcase(toolchain, entry.get("toolchain", "*"))


def lacking(doctor):
    """The capabilities that a doctor (its JSON) did not find."""
    return {name for name, answer in doctor["capabilities"].items() if answer != "yes"}


def _malformed(entry):
    if entry.get("status") not in CAN_BE_EXPECTED:
        return "status is not one of " + ", ".join(CAN_BE_EXPECTED)
    if not entry.get("reason") or len(KINDS & set(entry)) != 1:
        return "a reason is required, and a case or a test"
    if "message" not in entry and entry["status"] in ("FAIL", "SKIP"):
        return "how does its message begin?"
    unknown = set(entry) - KINDS - {"status", "message", "reason", "sanitizer", "toolchain", "lacks"}
    return "unknown fields: " + ", ".join(sorted(unknown)) if unknown else None


def _apply(results, entry, name, whole, of):
    matched = [case for case in results.cases if fnmatch.fnmatchcase(case["id"], entry[of])]
    if whole and all(case["status"] == "UNSUPPORTED" for case in matched):
        results.problems.append("%s: %s matches no %s%s" % (name, entry[of], of, " that can run here" if matched else ""))
    if len(matched) > MOST_PER_PATTERN:
        results.problems.append("%s: %s matches %d, more than %d" % (
            name, entry[of], len(matched), MOST_PER_PATTERN))
    return {case["id"] for case in matched if _is_excused(case, entry)}


def _is_excused(case, entry):
    if case["status"] == "PASS":
        case["status"] = "XPASS"
        case["message"] = "expected %s: %s" % (entry["status"], entry["reason"])
    elif case["status"] == entry["status"] and case["message"].startswith(entry.get("message", "")):
        case["reason"] = entry["reason"]
        case["status"] = "SKIP" if entry["status"] == "SKIP" else "XFAIL"
        return True
    return False


def write_jsonl(results, path):
    first = results.headers[0] if results.headers else {}
    header = {key: first.get(key) for key in ("implementation", "toolchain", "target", "sanitizer", "seed", "time_scale")}
    header.update(
        record="header", format=1, commit=commit(),
        executables=sorted({one["executable"] for one in results.headers}),
        when=datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))
    footer = {"record": "footer", "cases": len(results.cases), "counts": results.counts(), "problems": results.problems,
              "beyond": results.beyond}
    with open(path, "w", encoding="utf-8") as file:
        for record in [header] + results.cases + [footer]:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


def commit():
    return commits.head(ROOT, changed="-dirty")


def portable(text):
    """Where this checkout is, is of no interest elsewhere."""
    return text.replace(ROOT + "/", "")


def said(case):
    """What it said itself, without the command that its failure ends with."""
    return case["message"].partition("\nrun again: ")[0]


def told(case):
    """{"transcript": what a case logged, after what it said itself where a reason speaks for it}, or nothing."""
    before = [said(case)] if case.get("reason") else []
    text = portable("\n".join(filter(None, before + case["transcript"])))
    return {"transcript": text if len(text) <= LONGEST_TRANSCRIPT else text[:LONGEST_TRANSCRIPT] + "\n…"} if text else {}


def write_record(results, preset, path):
    """What became of each case under a sanitizer, in little: the report shows it, and it is committed."""
    header, clauses = results.headers[0], {}
    for case in sorted(results.cases, key=lambda case: case["id"]):
        clauses.setdefault(case["id"].partition(".")[0], {}).setdefault(case["status"], []).append(case["id"])
    record = {key: header[key] for key in ("sanitizer", "toolchain", "target", "time_scale", "commit", "when")}
    record.update(
        preset=preset, counts=results.counts(), clauses=clauses,
        remarks={case["id"]: {"status": case["status"], "says": case.get("reason") or said(case), **told(case)}
                 for case in results.cases if case["status"] != "PASS"})
    with open(path, "w", encoding="utf-8") as file:
        file.write(json.dumps(record, indent=1, ensure_ascii=False, sort_keys=True) + "\n")


def write_junit(results, path):
    top = xml.Element("testsuites", name="tandem conformance")
    suites = {}
    for case in results.cases:
        name = case["id"].rpartition(".")[0]
        suites.setdefault(name, []).append(case)
    for name, cases in suites.items():
        bad = [case for case in cases if case["status"] in BAD]
        suite = xml.SubElement(top, "testsuite", name=name, tests=str(len(cases)), failures=str(len(bad)))
        for case in cases:
            _junit_case(suite, case)
    if results.problems:
        suite = xml.SubElement(top, "testsuite", name="problems", tests=str(len(results.problems)),
                               failures=str(len(results.problems)))
        for problem in results.problems:
            _junit_case(suite, {"id": "problem", "status": "FAIL", "message": problem, "ms": 0, "command": ""})
    xml.ElementTree(top).write(path, encoding="utf-8", xml_declaration=True)


def _junit_case(suite, case):
    element = xml.SubElement(suite, "testcase", classname=suite.get("name"), name=case["id"], time=str(case["ms"] / 1000))
    if case["status"] in BAD:
        what = xml.SubElement(element, "failure", type=case["status"], message=_xml_text(case["message"].split("\n")[0]))
        what.text = _xml_text("%s\n%s" % (case["message"], case["command"]))
    elif case["status"] != "PASS":
        xml.SubElement(element, "skipped", message=_xml_text("%s: %s" % (case["status"], case.get("reason", case["message"]))))


def _xml_text(text):
    """XML 1.0 has no place for most control characters."""
    return "".join(c if c in "\n\t" or ord(c) >= 32 else "\\x%02x" % ord(c) for c in text)


def summary(results):
    lines = []
    for case in results.cases:
        if case["status"] in BAD:
            lines += ["%s %s [%s]" % (case["status"], case["id"], case["level"] or "no clause")]
            lines += ["    " + line for line in _shortened(case["message"])]
            lines += ["    run again: " + case["command"], ""]
    for status in ("SKIP", "UNSUPPORTED", "XFAIL"):
        lines += ["%s %s: %s" % (status, case["id"], case.get("reason", case["message"]))
                  for case in results.cases if case["status"] == status]
    lines += ["PASS %s: on no pass-list" % id for id in results.beyond]
    lines += ["PROBLEM " + problem for problem in results.problems]
    return "\n".join(lines + [""] + table(results)) + "\n"


def _shortened(message):
    """A case may fail in a hundred places; results.jsonl has them all."""
    lines = [line for line in message.splitlines() if not line.startswith("run again: ")]
    return lines[:MOST_LINES] + (["… %d lines more" % (len(lines) - MOST_LINES)] if len(lines) > MOST_LINES else [])


def table(results):
    """How many of each level ended how."""
    levels = [level for level in LEVELS + ("",) if any(case["level"] == level for case in results.cases)]
    used = list(results.counts())
    rows = [["level"] + used + ["all"]]
    for level in levels + [None]:
        cases = [case for case in results.cases if level in (None, case["level"])]
        numbers = [sum(1 for case in cases if case["status"] == status) for status in used] + [len(cases)]
        rows.append(["all" if level is None else level or "no clause"] + [str(number) for number in numbers])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join([row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])])
            for row in rows]
