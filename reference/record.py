#!/usr/bin/env python3
"""Asks CPython and writes down what it said.

  record.py [TWIN…]                        run the twins under every CPython found, write the goldens
  record.py --check [TWIN…]                only compare hashes: does each golden belong to its twin?
  record.py --show TWIN [--case ID]        run under this Python and print the transcripts
  record.py --live TWIN --executable EXE   run under this Python now and compare with EXE's transcripts

CPythons are python3.N on the PATH and the list in TANDEM_PYTHONS (3.8 or later).
"""

import argparse
import concurrent.futures
import datetime
import hashlib
import json
import os
import platform
import sys

sys.dont_write_bytecode = True
sys.path.append(os.path.dirname(os.path.abspath(__file__)))

import interpreters
import live
import twins


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def hashes(twin):
    """Of all that decides what a twin says."""
    found = {"script_sha256": sha256(twin), "case_sha256": sha256(os.path.join(twins.HERE, "case.py"))}
    if twins.support_of(twin):
        found["support_sha256"] = sha256(twins.support_of(twin))
    return found


def read_golden(twin):
    path = twins.golden_of(twins.primitive_of(twin))
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return json.load(file)


class Recording:
    """What every CPython said in every run of one twin file, and what follows from it."""

    def __init__(self, twin):
        self.twin, self.primitive = twin, twins.primitive_of(twin)
        self.clauses = twins.clauses_of(self.primitive)
        self.said = {}
        self.refused = []

    def add(self, interpreter, results):
        for id, result in results.items():
            self.said.setdefault(id, {"says": result["says"], "runs": []})
            if result["status"] != "not-for-this-version":
                self.said[id]["runs"].append((interpreter, result))

    def refuse(self, id, why):
        self.refused.append("%s: %s" % (id, why))

    def cases(self):
        return {id: entry for id, entry in ((id, self.entry(id)) for id in sorted(self.said)) if entry}

    def entry(self, id):
        says, runs = self.said[id]["says"], self.said[id]["runs"]
        broken = [(who, result) for who, result in runs if result["status"] != "done"]
        if broken:
            who, result = broken[0]
            return self.refuse(id, "%s under CPython %s\n%s" % (result["status"], who, result["error"]))
        if not runs:
            return self.refuse(id, "none of the CPythons found is within its since/until")
        seen = {}
        for who, result in runs:
            seen.setdefault(tuple(result["transcript"]), set()).add(who.minor)
        versions = sorted({who.minor for who, _ in runs}, key=interpreters.parse_version)
        if self.clauses.get(id, {}).get("oracle") == "outcome-set":
            return {"says": says, "cpython": versions, "outcomes": self.outcomes(id, seen)}
        if len(seen) != 1:
            return self.refuse(id, "not one answer\n" + describe(seen))
        return {"says": says, "cpython": versions, "transcript": list(next(iter(seen)))}

    def outcomes(self, id, seen):
        """The set grows: what was once seen stays, since no number of runs shows all of it."""
        old = (read_golden(self.twin) or {}).get("cases", {}).get(id, {}).get("outcomes", [])
        every = {tuple(outcome["transcript"]): set(outcome["seen"]) for outcome in old}
        for transcript, versions in seen.items():
            every[transcript] = every.get(transcript, set()) | versions
        return [
            {"transcript": list(transcript), "seen": sorted(versions, key=interpreters.parse_version)}
            for transcript, versions in sorted(every.items())
        ]


def describe(seen):
    lines = []
    for transcript, versions in sorted(seen.items(), key=lambda item: sorted(item[1])):
        lines.append("  CPython %s:" % ", ".join(sorted(versions, key=interpreters.parse_version)))
        lines += ["      " + line for line in transcript] or ["      (nothing)"]
    return "\n".join(lines)


def changes(old, new):
    old_cases, new_cases = (old or {}).get("cases", {}), new["cases"]
    said = ["+ " + id for id in new_cases if id not in old_cases]
    said += ["- " + id for id in old_cases if id not in new_cases]
    for id in new_cases:
        before, after = old_cases.get(id), new_cases[id]
        if before is not None and before != after:
            said.append("~ %s\n    was %s\n    now %s" % (id, json.dumps(before), json.dumps(after)))
    return said


def record(twin, found, runs, jobs):
    recording = Recording(twin)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        asked = [(who, pool.submit(twins.run, who, twin)) for who in found for _ in range(runs)]
        for who, answer in asked:
            recording.add(who, answer.result())
    old, golden = read_golden(twin), {
        "primitive": recording.primitive,
        "recorded": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
        "platform": "%s %s" % (platform.system(), platform.machine()),
        "cpython": [str(who) for who in found],
        "runs": runs,
    }
    golden.update(hashes(twin))
    golden["cases"] = recording.cases()
    report(recording, old, golden)
    provenance = ("recorded", "platform")
    if old is None or any(old.get(key) != golden[key] for key in golden if key not in provenance):
        with open(twins.golden_of(recording.primitive), "w", encoding="utf-8") as file:
            file.write(json.dumps(golden, indent=1, ensure_ascii=False) + "\n")
    return not recording.refused


def report(recording, old, golden):
    said = changes(old, golden)
    print("%s: %d cases, %d changed" % (recording.primitive, len(golden["cases"]), len(said)))
    for line in said:
        print("  " + line)
    for id in sorted(set(recording.said) - set(recording.clauses)):
        print("  note: no clause %s in spec/%s.toml" % (id, recording.primitive))
    for why in recording.refused:
        print("  REFUSED " + why.replace("\n", "\n    "))


def check(twin):
    primitive, golden = twins.primitive_of(twin), read_golden(twin)
    if golden is None:
        return "%s: no golden; run reference/record.py reference/%s.py" % (primitive, primitive)
    stale = [key for key, value in hashes(twin).items() if golden.get(key) != value]
    if stale:
        return "%s: the golden is not this twin's (%s); record it again" % (primitive, ", ".join(stale))
    return None


def check_all(files):
    faults = [fault for fault in map(check, files) if fault]
    if not faults or set(files) == set(twins.all_twins()):
        faults += orphans()
    for fault in faults:
        print(fault)
    print("%d goldens, %d faults" % (len(files), len(faults)))
    return 1 if faults else 0


def orphans():
    faults = []
    for folder, _, names in os.walk(twins.ROOM):
        for name in names:
            twin = os.path.join(folder, name[: -len(".golden.json")] + ".py")
            if name.endswith(".golden.json") and not os.path.exists(twin):
                faults.append("%s: a golden without its twin" % os.path.relpath(os.path.join(folder, name), twins.ROOM))
    return faults


def show(twin, id):
    results = twins.run(interpreters.this(), twin, only=[id] if id else None)
    for result in results.values():
        print("%s [%s]" % (result["id"], result["status"]))
        for line in result["transcript"]:
            print("    " + line)
        if result["error"]:
            print(result["error"])
    return 0 if results and all(result["error"] is None for result in results.values()) else 1


def record_all(files, runs, jobs):
    found = interpreters.find()
    if not found:
        print("no CPython >= 3.8 found; name some in TANDEM_PYTHONS")
        return 1
    print("CPython " + ", ".join(map(str, found)))
    ok = [record(twin, found, runs, jobs) for twin in files]
    return 0 if all(ok) else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("twins", nargs="*", metavar="TWIN")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--show", metavar="TWIN")
    parser.add_argument("--case", metavar="ID")
    parser.add_argument("--live", metavar="TWIN")
    parser.add_argument("--executable", metavar="EXE")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    if arguments.show:
        return show(os.path.abspath(arguments.show), arguments.case)
    if arguments.live:
        return live.compare(os.path.abspath(arguments.live), arguments.executable)
    files = [os.path.abspath(twin) for twin in arguments.twins] or twins.all_twins()
    if arguments.check:
        return check_all(files)
    return record_all(files, arguments.runs, arguments.jobs)


if __name__ == "__main__":
    sys.exit(main())
