"""Runs a case with a fault and says what became of it; and remembers, so that only what has changed is run again."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import evidence
import hangs
from tree import LAYERS

TIME_SCALE = "0.1"  # a case that waits in vain says so itself, after a tenth of the minute that it has otherwise
KILLED = ("FAIL", "TIMEOUT", "CRASH", "COMPILE")
FAILED = re.compile(r"^\[  FAILED  \] ([\w-]+\.[\w.-]+)", re.M)


def run_case(executable, case, limit, fault=""):
    """{status: PASS FAIL SKIP UNSUPPORTED TIMEOUT CRASH, message, seconds, reached}"""
    with tempfile.TemporaryDirectory(prefix="tandem-fault-") as folder:
        written, reached = os.path.join(folder, "result.json"), os.path.join(folder, "reached")
        environment = dict(os.environ, TANDEM_FAULT=fault, TANDEM_FAULT_REACHED=reached, TANDEM_TIME_SCALE=TIME_SCALE)
        start = time.monotonic()
        child = subprocess.Popen([executable, "--case=" + case, "--result-file=" + written], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment,
                                 start_new_session=True)
        timeout = _is_late(child, limit, case, fault)
        seconds = time.monotonic() - start
        _end(child)
        result = {"status": "CRASH", "message": "ended by %d" % child.returncode}
        if timeout:
            result = {"status": "TIMEOUT", "message": "no end after %.0f s" % limit}
        elif os.path.exists(written):
            said = json.loads(evidence.read(written))
            if child.returncode == 0 or said["status"] == "FAIL":
                result = {"status": said["status"], "message": said["message"]}
        return dict(result, seconds=round(seconds, 3), reached=os.path.exists(reached))


def run_suite(executable, arguments, limit, case_limit, fault=""):
    """{status: PASS FAIL TIMEOUT CRASH, by: the cases that failed, reached}"""
    with tempfile.TemporaryDirectory(prefix="tandem-fault-") as folder:
        said, reached = os.path.join(folder, "said"), os.path.join(folder, "reached")
        environment = dict(os.environ, TANDEM_FAULT=fault, TANDEM_FAULT_REACHED=reached, TANDEM_TIME_SCALE=TIME_SCALE,
                           TANDEM_CASE_SECONDS=str(case_limit))
        with open(said, "wb") as file:
            child = subprocess.Popen([executable, *arguments], stdin=subprocess.DEVNULL, stdout=file,
                                     stderr=subprocess.STDOUT, env=environment, start_new_session=True)
            timeout = _is_late(child, limit, os.path.basename(executable), fault)
        status = "TIMEOUT" if timeout else {0: "PASS", 1: "FAIL"}.get(child.returncode, "CRASH")
        _end(child)
        failed = sorted(set(FAILED.findall(evidence.read(said))))
        return {"status": status, "by": failed, "reached": os.path.exists(reached)}


def _is_late(child, limit, name, fault):
    """Whether its time is up before it has ended. Where no fault makes it hang, it is told where it does."""
    try:
        child.wait(limit)
        return False
    except subprocess.TimeoutExpired:
        if not fault:
            hangs.say(hangs.told(child.pid, name, limit))
        return True


def _end(child):
    """The case, and whatever it has started."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    child.wait()


def _layer(path):
    parts = path.split("/include/tandem/" if "/include/tandem/" in path else "/src/")[-1]
    return next((at for at, layer in enumerate(LAYERS) if parts.startswith(layer + "/")), -1)


class Keys:
    """What a result depends on, as one short text: while that is the same, nothing need be run again."""

    def __init__(self, root):
        self.root, self.known = root, {}

    def of_files(self, name, folders, wanted=lambda path: True):
        if name not in self.known:
            digest = hashlib.sha256()
            for folder in folders:
                for top, _, names in sorted(os.walk(os.path.join(self.root, *folder.split("/")))):
                    for file in sorted(names):
                        path = os.path.relpath(os.path.join(top, file), self.root).replace(os.sep, "/")
                        if file.endswith((".hpp", ".cpp")) and wanted(path):
                            digest.update(path.encode() + b"\0" + evidence.read(os.path.join(top, file)).encode())
            self.known[name] = digest.hexdigest()
        return self.known[name]

    def sources(self, primitive):
        """The library, up to the layer of the module."""
        module = primitive.rpartition("/")[0]
        top = LAYERS.index(module) if module in LAYERS else len(LAYERS)
        return self.of_files("impl " + module, ["impl/include", "impl/src"], lambda path: _layer(path) <= top)

    def cases(self, primitive):
        """The file of cases, and what it includes."""
        module, own = primitive.rpartition("/")[0], "conformance/%s_test.cpp" % primitive
        folders = ["conformance/harness", "conformance/programs", "conformance/" + module]
        return self.of_files("cases " + primitive, folders, lambda path: path == own or not path.endswith("_test.cpp"))

    def golden(self, primitive, case):
        path = os.path.join(self.root, "reference", *primitive.split("/")) + ".golden.json"
        if path not in self.known:
            self.known[path] = json.loads(evidence.read(path))["cases"] if os.path.exists(path) else {}
        return self.known[path].get(case)

    def of(self, fault, case, primitive):
        parts = [fault.what_is_run() if fault else None, case, self.sources(primitive), self.cases(primitive),
                 self.golden(primitive, case)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


class Results:
    """build/faults/results.jsonl: one line for each fault and clause, written as soon as it is known."""

    def __init__(self, path):
        self.path, self.records = path, {}
        if os.path.exists(path):
            for line in evidence.read(path).splitlines():
                try:
                    record = json.loads(line)
                except ValueError:
                    continue  # cut short when the tool was stopped
                self.records[record["fault"], record["clause"]] = record

    def known(self, fault, clause, key):
        record = self.records.get((fault, clause))
        return record if record and record["key"] == key else None

    def add(self, record):
        self.records[record["fault"], record["clause"]] = record
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def keep_only(self, pairs):
        """Drops what no longer exists, and what was told twice."""
        self.records = {pair: record for pair, record in self.records.items() if pair in pairs}
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            file.writelines(json.dumps(record) + "\n" for record in self.records.values())
        os.replace(self.path + ".new", self.path)


class Progress:
    """One line for each result, with the time that is still to come."""

    def __init__(self, total):
        self.total, self.done, self.start = total, 0, time.monotonic()

    def tell(self, text):
        self.done += 1
        left = (time.monotonic() - self.start) / self.done * (self.total - self.done)
        print("[%d/%d, %d s left] %s" % (self.done, self.total, left, text), flush=True)
        sys.stdout.flush()
