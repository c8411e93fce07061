#!/usr/bin/env python3
"""scripts/lib/results.py and scripts/conformance: expectations, what counts as failed, the files that are written."""
import fnmatch
import json
import os
import re
import stat
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as xml
from unittest import mock

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.append(os.path.join(ROOT, "scripts", "lib"))

import commits
import evidence
import results as lib


def case(id, status, message="", level="MUST"):
    return {"record": "case", "id": id, "status": status, "level": level, "message": message, "ms": 3,
            "transcript": [], "command": "exe --case=" + id}


def header(**more):
    return dict({"record": "header", "format": 1, "implementation": "tandem 0", "executable": "conformance_x",
                 "toolchain": "", "target": "", "sanitizer": "", "seed": "", "time_scale": 1.0}, **more)


def footer(cases):
    return {"record": "footer", "cases": cases, "counts": {}}


class FolderTest(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.folder = self.temporary.name

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def read(self, *records):
        results = lib.Results()
        results.read(self.write("a.jsonl", "".join(json.dumps(record) + "\n" for record in records)))
        return results

    def of(self, *cases, **header_fields):
        return self.read(header(**header_fields), *cases, footer(len(cases)))

    def expecting(self, entries, *cases, **header_fields):
        results = self.of(*cases, **header_fields)
        text = "".join("[[expect]]\n" + "".join("%s = %s\n" % (key, json.dumps(value)) for key, value in entry.items())
                       for entry in entries)
        lib.apply_expectations(results, self.write("linux.toml", text))
        return results


def entry(case, status="FAIL", message="bad", **more):
    return dict({"case": case, "status": status, "message": message, "reason": "a port begins"}, **more)


class ReadTest(FolderTest):
    def test_all_pass(self):
        results = self.of(case("a.b", "PASS"), case("a.c", "UNSUPPORTED", "UNSUPPORTED(fork)"))
        self.assertFalse(results.failed(), results.problems)
        self.assertEqual(results.counts(), {"PASS": 1, "UNSUPPORTED": 1})

    def test_each_bad_status_fails(self):
        for status in lib.BAD:
            self.assertTrue(self.of(case("a.b", status)).failed(), status)

    def test_a_file_cut_short_fails(self):
        self.assertIn("a.jsonl: cut short", self.read(header(), case("a.b", "PASS")).problems)
        self.assertTrue(self.read(header(), case("a.b", "PASS"), footer(2)).failed())

    def test_problems_that_were_written_down_are_read_again(self):
        results = self.read(header(), case("a.b", "SKIP", "why"), footer(1))
        lib.apply_expectations(results)
        path = os.path.join(self.folder, "results.jsonl")
        lib.write_jsonl(results, path)
        again = lib.Results()
        again.read(path)
        self.assertEqual(again.problems, ["a.b is skipped, and no expectation says so: why"])

    def test_no_case_selected_fails(self):
        self.assertIn("a.jsonl: no case was selected", self.of().problems)


class ExpectationsTest(FolderTest):
    def statuses(self, results):
        return [case["status"] for case in results.cases]

    def test_an_expected_failure(self):
        results = self.expecting([entry("a.b")], case("a.b", "FAIL", "bad: 1"), case("a.c", "PASS"))
        self.assertEqual(self.statuses(results), ["XFAIL", "PASS"])
        self.assertFalse(results.failed())

    def test_another_message_is_another_failure(self):
        results = self.expecting([entry("a.b")], case("a.b", "FAIL", "worse"))
        self.assertEqual(self.statuses(results), ["FAIL"])
        self.assertTrue(results.failed())

    def test_another_status_is_another_failure(self):
        self.assertTrue(self.expecting([entry("a.b")], case("a.b", "CRASH", "bad")).failed())

    def test_an_unexpected_pass_fails(self):
        results = self.expecting([entry("a.b")], case("a.b", "PASS"))
        self.assertEqual(self.statuses(results), ["XPASS"])
        self.assertTrue(results.failed())

    def test_an_entry_that_matches_nothing_fails(self):
        results = self.expecting([entry("a.z")], case("a.b", "PASS"))
        self.assertEqual(results.problems, ["linux.toml: a.z matches no case"])
        cannot = case("a.b", "UNSUPPORTED", "UNSUPPORTED(fork)")
        self.assertEqual(self.expecting([entry("a.b")], cannot).problems, ["linux.toml: a.b matches no case that can run here"])
        self.assertEqual(self.expecting([entry("a.*")], cannot, case("a.c", "FAIL", "bad")).problems, [])

    def test_a_pattern_has_a_limit(self):
        cases = [case("a.b%d" % i, "FAIL", "bad") for i in range(lib.MOST_PER_PATTERN + 1)]
        self.assertTrue(self.expecting([entry("a.*")], *cases).failed())
        self.assertFalse(self.expecting([entry("a.*")], *cases[1:]).failed())

    def test_skips_need_an_entry(self):
        skipped = case("a.b", "SKIP", "no such thing here")
        self.assertTrue(self.expecting([], skipped).failed())
        self.assertFalse(self.expecting([entry("a.b", "SKIP", "no such")], dict(skipped)).failed())
        self.assertTrue(self.expecting([entry("a.b", "SKIP", "another thing")], dict(skipped)).failed())
        self.assertTrue(self.expecting([entry("a.b", "FAIL", "no such")], dict(skipped)).failed())

    def test_entries_for_one_sanitizer(self):
        entries = [entry("a.b", sanitizer="thread")]
        self.assertFalse(self.expecting(entries, case("a.b", "FAIL", "bad"), sanitizer="thread").failed())
        self.assertTrue(self.expecting(entries, case("a.b", "FAIL", "bad")).failed())
        self.assertFalse(self.expecting(entries, case("a.b", "PASS")).failed())
        self.assertFalse(self.expecting([entry("a.b", sanitizer="none")], case("a.b", "FAIL", "bad")).failed())

    def test_entries_for_one_toolchain(self):
        entries = [entry("a.b", toolchain="GNU 12.*")]
        self.assertFalse(self.expecting(entries, case("a.b", "FAIL", "bad"), toolchain="GNU 12.2.0 Debug").failed())
        self.assertTrue(self.expecting(entries, case("a.b", "FAIL", "bad"), toolchain="Clang 19.1.4 Debug").failed())
        self.assertFalse(self.expecting(entries, case("a.b", "PASS"), toolchain="Clang 19.1.4 Debug").failed())

    def test_entries_for_tests_that_are_no_cases(self):
        text = "[[expect]]\ntest = \"Spawn.*\"\nstatus = \"FAIL\"\nmessage = \"bad\"\nreason = \"r\"\n"
        path = self.write("x.toml", text)
        tests, cases = self.of(case("Spawn.Dies", "FAIL", "bad")), self.of(case("a.b", "PASS"))
        lib.apply_expectations(tests, path, of="test")
        lib.apply_expectations(cases, path)
        self.assertEqual(self.statuses(tests), ["XFAIL"])
        self.assertEqual(cases.problems, [])

    def test_entries_for_targets_that_lack_something(self):
        path = self.write("x.toml", "[[expect]]\ncase = \"a.b\"\nstatus = \"CRASH\"\nreason = \"r\"\nlacks = \"fork\"\n")
        lacks = lib.lacking({"capabilities": {"fork": "no: ENOSYS", "futex": "yes"}})
        for there, expected in ((lacks, "XFAIL"), ({"pidfd"}, "CRASH")):
            results = self.of(case("a.b", "CRASH"))
            lib.apply_expectations(results, path, lacks=there)
            self.assertEqual(self.statuses(results), [expected])
        healthy = self.of(case("a.b", "PASS"))
        lib.apply_expectations(healthy, path)
        self.assertFalse(healthy.failed(), healthy.problems)

    def test_a_target_has_a_file_beside_that_of_its_system(self):
        results = self.of(case("a.b", "SKIP", "one"), case("a.c", "SKIP", "two"))
        text = "[[expect]]\ncase = \"%s\"\nstatus = \"SKIP\"\nmessage = \"\"\nreason = \"r\"\n"
        lib.apply_expectations(results, self.write("x.toml", text % "a.b"), self.write("y.toml", text % "a.c"))
        self.assertEqual(results.problems, [])

    def test_a_part_of_the_suite_need_not_match_all_entries(self):
        results = self.of(case("a.b", "PASS"))
        lib.apply_expectations(results, self.write("x.toml", '[[expect]]\ncase = "c.d"\nstatus = "CRASH"\nreason = "r"\n'),
                               whole=False)
        self.assertFalse(results.failed(), results.problems)

    def passing(self, text, *cases, of="case", whole=True):
        results = self.of(*cases)
        lib.apply_expectations(results, self.write("x.toml", "[pass]\n" + text), whole=whole, of=of)
        return results

    def test_a_pass_list_lets_all_else_fail(self):
        results = self.passing('reason = "begun"\ncases = ["a.b", "q.*"]\n', case("a.b", "PASS"), case("q.r", "PASS"), case("a.c", "FAIL", "bad"),
                               case("a.d", "CRASH"), case("a.e", "TIMEOUT"), case("a.f", "SKIP", "why"), case("a.g", "UNSUPPORTED", "fork"))
        self.assertEqual(self.statuses(results), ["PASS", "PASS", "XFAIL", "XFAIL", "XFAIL", "SKIP", "UNSUPPORTED"])
        self.assertEqual(results.cases[2]["reason"], "not on the pass-list: begun")
        self.assertFalse(results.failed(), results.problems)

    def test_what_is_on_a_pass_list_has_to_pass(self):
        text = 'reason = "begun"\ncases = ["a.*"]\n'
        for status in ("FAIL", "CRASH", "TIMEOUT", "SKIP", "UNSUPPORTED"):
            self.assertTrue(self.passing(text, case("a.b", "PASS"), case("a.c", status, "bad")).failed(), status)
        self.assertEqual(self.passing(text, case("b.c", "FAIL", "bad")).problems, ["x.toml: pass: a.* matches no case"])
        self.assertEqual(self.passing(text, case("b.c", "FAIL", "bad"), whole=False).problems, [])

    def test_what_passes_beyond_a_pass_list_is_told(self):
        results = self.passing('reason = "begun"\ncases = ["a.b"]\n', case("a.b", "PASS"), case("a.c", "PASS"))
        self.assertFalse(results.failed(), results.problems)
        self.assertIn("PASS a.c: on no pass-list\n", lib.summary(results))
        path = os.path.join(self.folder, "results.jsonl")
        lib.write_jsonl(results, path)
        again = lib.Results()
        again.read(path)
        self.assertEqual(again.beyond, ["a.c"])

    def test_a_pass_list_of_cases_says_nothing_of_tests(self):
        text = 'reason = "begun"\n%s = ["A.*"]\n'
        tests = case("A.b", "PASS"), case("B.c", "FAIL", "bad")
        self.assertTrue(self.passing(text % "cases", *tests, of="test").failed())
        self.assertFalse(self.passing(text % "tests", *tests, of="test").failed())

    def test_beside_a_pass_list_entries_hold_as_ever(self):
        text = 'reason = "begun"\ncases = ["a.*"]\n[[expect]]\ncase = "%s"\nstatus = "%s"\nmessage = "bad"\nreason = "r"\n'
        for status, becomes in (("FAIL", "XFAIL"), ("SKIP", "SKIP")):
            results = self.passing(text % ("a.c", status), case("a.b", "PASS"), case("a.c", status, "bad"))
            self.assertEqual(self.statuses(results), ["PASS", becomes])
            self.assertFalse(results.failed(), results.problems)
        self.assertTrue(self.passing(text % ("b.c", "FAIL"), case("a.b", "PASS"), case("b.c", "PASS")).failed())  # XPASS

    def test_malformed_pass_lists_fail(self):
        for bad in ('cases = ["a.b"]\n', 'reason = "r"\n', 'reason = "r"\ncases = ["a.b"]\ncolour = "red"\n'):
            self.assertTrue(self.passing(bad, case("a.b", "PASS")).problems, bad)
        results = self.of(case("a.b", "PASS"))
        lib.apply_expectations(results, self.write("x.toml", '[[expected]]\ncase = "a.b"\n'))
        self.assertEqual(results.problems, ["x.toml: unknown table expected"])

    def test_malformed_entries_fail(self):
        for bad in (entry("a.b", "PASS"), entry("a.b", reason=""), entry("a.b", colour="red"), entry("a.b", test="A.B"),
                    {"case": "a.b", "status": "FAIL", "reason": "r"}):
            self.assertTrue(self.expecting([bad], case("a.b", "PASS")).problems, bad)

    def test_the_committed_files_parse(self):
        folder = os.path.join(ROOT, "conformance", "expect")
        for name in sorted(os.listdir(folder)):
            for kind in lib.KINDS:
                results = lib.Results()
                lib.apply_expectations(results, os.path.join(folder, name), of=kind, whole=False)
                self.assertEqual(results.problems, [])

    def test_the_committed_files_are_of_what_there_is(self):
        ids = [clause["id"] for spec in evidence.specs().values() for clause in spec.get("clause", [])]
        probes = re.findall(r'^    {"([a-z0-9-]+)", \w+}', evidence.read(os.path.join(ROOT, "conformance", "doctor", "main.cpp")), re.M)
        folder = os.path.join(ROOT, "conformance", "expect")
        for name in sorted(os.listdir(folder)):
            for one in lib.toml_subset.load(os.path.join(folder, name))["expect"]:
                self.assertTrue("test" in one or fnmatch.filter(ids, one["case"]), (name, one))
                self.assertIn(one.get("lacks", probes[0]), probes, (name, one))


class WriteTest(FolderTest):
    def setUp(self):
        super().setUp()
        self.results = self.of(case("a.b.c", "PASS"), case("a.b.d", "FAIL", "<bad> \x01\nline"),
                               case("a.e.f", "SKIP", "why"), level="MUST")

    def test_jsonl(self):
        path = os.path.join(self.folder, "results.jsonl")
        lib.write_jsonl(self.results, path)
        with open(path, encoding="utf-8") as file:
            records = [json.loads(line) for line in file]
        self.assertEqual([record["record"] for record in records], ["header", "case", "case", "case", "footer"])
        self.assertEqual(records[-1]["counts"], {"PASS": 1, "FAIL": 1, "SKIP": 1})

    def test_junit(self):
        path = os.path.join(self.folder, "junit.xml")
        lib.write_junit(self.results, path)
        suites = xml.parse(path).getroot().findall("testsuite")
        self.assertEqual([(suite.get("name"), suite.get("tests"), suite.get("failures")) for suite in suites],
                         [("a.b", "2", "1"), ("a.e", "1", "0")])
        failure = suites[0].findall("testcase")[1].find("failure")
        self.assertEqual(failure.get("message"), "<bad> \\x01")
        self.assertIn("exe --case=a.b.d", failure.text)
        self.assertIsNotNone(suites[1].find("testcase").find("skipped"))

    def test_summary(self):
        text = lib.summary(self.results)
        self.assertIn("FAIL a.b.d [MUST]\n    <bad>", text)
        self.assertIn("exe --case=a.b.d", text)
        self.assertIn("SKIP a.e.f: why", text)
        self.assertRegex(text, r"MUST +1 +1 +1 +3\n")


class CommandTest(FolderTest):
    """scripts/conformance over executables that are scripts."""

    def suite(self, name, *cases):
        """Lists its cases when it is asked to; otherwise "runs" them, and keeps what it was told to run."""
        listed = "".join(case["id"] + "\n" for case in cases)
        path = self.write("conformance/q/" + name, "#!/bin/sh\n[ \"$1\" = --list-cases ] && printf '%s' && exit\n"
                          "echo \"$@\" >> %s/told\ncat > \"$TANDEM_RESULTS/%s.jsonl\" <<'E'\n%sE\n" % (
                              listed.replace("\n", "\\n"), self.folder, name, self.lines(name, *cases)))
        os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)

    def lines(self, name, *cases):
        return "".join(json.dumps(record) + "\n" for record in (header(executable=name),) + cases + (footer(len(cases)),))

    def run_command(self, *arguments):
        expect = self.write("expect.toml", "")
        child = subprocess.run([sys.executable, "-B", os.path.join(ROOT, "scripts", "conformance"), "--build", self.folder,
                                "--expect", expect] + list(arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return child.returncode, child.stdout.decode()

    def test_collects_all_suites(self):
        self.suite("conformance_a", case("a.b.c", "PASS"))
        self.suite("conformance_b", case("b.b.c", "PASS"), case("b.b.d", "PASS"))
        self.suite("conformance_harness", case("never.run", "FAIL"))
        code, output = self.run_command()
        self.assertEqual(code, 0, output)
        for name in ("results.jsonl", "junit.xml", "summary.txt"):
            self.assertTrue(os.path.exists(os.path.join(self.folder, "results", name)), name)
        self.assertRegex(output, r"all +3 +3\n")

    def test_takes_what_was_collected_and_runs_the_rest(self):
        self.suite("conformance_a", case("a.b.new", "PASS"))
        self.write("collected/conformance_a.a.b.gone.jsonl", self.lines("conformance_a", case("a.b.gone", "FAIL")))
        code, output = self.run_command("--collect", os.path.join(self.folder, "collected"))
        self.assertEqual(code, 0, output)
        self.assertEqual(self.told(), ["--gtest_filter=a.b.new"])

        taken = self.write("collected/conformance_a.a.b.new.jsonl", self.lines("conformance_a", case("a.b.new", "FAIL")))
        later = time.time() + 10
        os.utime(taken, (later, later))
        self.assertEqual(self.run_command("--collect", os.path.join(self.folder, "collected"))[0], 1)
        self.assertEqual(len(self.told()), 1, "it has not been run again")
        self.assertEqual(self.run_command("--collect", os.path.join(self.folder, "collected"))[0], 0)
        self.assertEqual(len(self.told()), 2, "a collected result serves once")

    def test_what_is_older_than_the_executable_is_not_taken(self):
        old = self.write("collected/conformance_a.a.b.c.jsonl", self.lines("conformance_a", case("a.b.c", "FAIL")))
        os.utime(old, (1, 1))
        self.suite("conformance_a", case("a.b.c", "PASS"))
        self.assertEqual(self.run_command("--collect", os.path.dirname(old))[0], 0)

    def told(self):
        with open(os.path.join(self.folder, "told"), encoding="utf-8") as file:
            return file.read().splitlines()

    def test_one_suite_that_fails_or_dies_or_is_empty(self):
        self.suite("conformance_a", case("a.b.c", "FAIL", "bad"))
        self.assertEqual(self.run_command()[0], 1)
        self.suite("conformance_a")
        self.assertIn("no case was selected", self.run_command()[1])
        path = self.write("conformance/q/conformance_a", "#!/bin/sh\necho why; exit 3\n")
        os.chmod(path, 0o700)
        code, output = self.run_command()
        self.assertEqual(code, 1)
        self.assertIn("conformance_a wrote no results (exit code 3)\nwhy", output)

    def test_nothing_built_fails(self):
        self.assertEqual(self.run_command()[0], 1)

    def test_a_run_that_failed_is_not_recorded(self):
        recorded = os.path.join(ROOT, "conformance", "results", "sanitizer-of-a-test.json")
        self.addCleanup(lambda: os.path.exists(recorded) and os.remove(recorded))
        for cases, problems in (((case("a.b.c", "FAIL", "bad"),), []), ((case("a.b.c", "PASS"),), ["a.b.d is skipped"])):
            end = dict(footer(len(cases)), problems=problems)
            records = (header(sanitizer="of-a-test", commit="c", when="w"),) + cases + (end,)
            self.write("results/results.jsonl", "".join(json.dumps(record) + "\n" for record in records))
            code, output = self.run_command("--preset", "tsan", "--record")
            self.assertEqual(code, 1)
            self.assertIn("--record is for a run that passed, and the last one of tsan failed: see ", output)
            self.assertFalse(os.path.exists(recorded))


class RecordTest(FolderTest):
    def test_what_became_of_each_under_a_sanitizer(self):
        results = self.of(case("queue.get.b", "PASS"), case("queue.get.a", "PASS"), case("os.x.y", "SKIP", "no fork"),
                          sanitizer="thread", commit="c", when="w")
        path = os.path.join(self.folder, "record.json")
        lib.write_record(results, "tsan", path)
        with open(path, encoding="utf-8") as file:
            record = json.load(file)
        self.assertEqual(record["clauses"], {"queue": {"PASS": ["queue.get.a", "queue.get.b"]}, "os": {"SKIP": ["os.x.y"]}})
        self.assertEqual(record["remarks"], {"os.x.y": {"status": "SKIP", "says": "no fork"}})
        self.assertEqual((record["sanitizer"], record["preset"], record["commit"]), ("thread", "tsan", "c"))

    def test_what_is_shown_of_a_case_that_did_not_pass(self):
        logged = dict(case("a.b.c", "FAIL", "it differs\nrun again: exe"), transcript=["1", "3"])
        self.assertEqual(lib.told(logged), {"transcript": "1\n3"})  # what it said stands beside it
        self.assertEqual(lib.told(dict(logged, status="XFAIL", reason="known")), {"transcript": "it differs\n1\n3"})
        self.assertEqual(lib.told(case("a.b.c", "TIMEOUT")), {})
        for length, marked in ((lib.LONGEST_TRANSCRIPT, ""), (9999, "\n…")):
            self.assertEqual(lib.told(dict(logged, transcript=["x" * length]))["transcript"], "x" * lib.LONGEST_TRANSCRIPT + marked)


class CommitTest(FolderTest):
    def test_how_old_one_is(self):
        self.assertEqual(commits.age(self.folder, "c0ffee"), "c0ffee")  # nobody says
        subprocess.run(["git", "init", "-q", self.folder], check=True)
        for message in ("first", "second"):
            commits.git(self.folder, "-c", "user.name=test", "-c", "user.email=test", "commit", "-q", "--allow-empty", "-m", message)
        first, second = commits.git(self.folder, "rev-parse", "HEAD^"), commits.head(self.folder)
        self.assertEqual([commits.age(self.folder, one) for one in (first, first + "-dirty", second, "c0ffee0", "", "unknown")],
                         [first + " + 1", first + "-dirty + 1", second, "c0ffee0, which is not in this history", "", "unknown"])

    def commit(self, *arguments):
        commits.git(self.folder, "-c", "user.name=test", "-c", "user.email=test", "commit", "-q", "--allow-empty", *arguments)
        return commits.head(self.folder)

    def test_what_was_amended_is_in_no_history(self):
        subprocess.run(["git", "init", "-q", self.folder], check=True)
        before, after = self.commit("-m", "first"), self.commit("--amend", "-m", "another")
        self.assertEqual([commits.age(self.folder, one) for one in (before, after)], [before + ", which is not in this history", after])

    def test_a_shallow_clone_says_nothing_of_what_came_before(self):
        subprocess.run(["git", "init", "-q", self.folder], check=True)
        first, second = self.commit("-m", "first"), self.commit("-m", "second")
        clone = os.path.join(self.folder, "clone")
        subprocess.run(["git", "clone", "-q", "--depth=1", "file://" + self.folder, clone], check=True)
        self.assertEqual([commits.age(clone, one) for one in (first, second)], [first, second])

    def test_a_repository_around_the_sources_says_nothing_of_them(self):
        subprocess.run(["git", "init", "-q", self.folder], check=True)
        around, within = self.commit("-m", "another's"), os.path.join(self.folder, "within")
        os.mkdir(within)
        self.assertEqual((commits.head(within), commits.age(within, around), commits.age(within, "c0ffee0")), ("", around, "c0ffee0"))

    def test_a_tag_is_no_name_of_a_commit(self):
        subprocess.run(["git", "init", "-q", self.folder], check=True)
        self.commit("-m", "first")
        commits.git(self.folder, "-c", "user.name=test", "-c", "user.email=test", "tag", "-a", "v1", "-m", "v1")
        with mock.patch.object(lib, "ROOT", self.folder):
            self.assertRegex(lib.commit(), "^[0-9a-f]{12}$")
            self.write("new", "1")
            self.assertRegex(lib.commit(), "^[0-9a-f]{12}-dirty$")

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def test_which_one_and_whether_what_decides_was_changed_since(self):
        self.assertEqual(commits.head(self.folder), "")  # of none
        self.write("decides", "1")
        subprocess.run(["git", "init", "-q", self.folder], check=True)
        self.assertEqual(commits.head(self.folder), "")  # and of none yet
        commits.git(self.folder, "add", "-A")
        commits.git(self.folder, "-c", "user.name=test", "-c", "user.email=test", "commit", "-q", "-m", "first")
        self.assertRegex(commits.head(self.folder), r"^[0-9a-f]{12}$")
        self.assertRegex(commits.head(self.folder, digits=40), r"^[0-9a-f]{40}$")
        self.write("does-not", "1")
        self.assertRegex(commits.head(self.folder, "decides"), r"^[0-9a-f]{12}$")
        self.assertRegex(commits.head(self.folder), r"^[0-9a-f]{12} with changes$")
        self.write("decides", "2")
        self.assertRegex(commits.head(self.folder, "decides"), r"^[0-9a-f]{12} with changes$")

    def test_how_many_later_ones_touch_something(self):
        self.assertIsNone(commits.since(self.folder, "0123456789ab", "a"))
        commits.since.cache_clear()
        subprocess.run(["git", "init", "-q", self.folder], check=True)
        marks = []
        for path in ("a/b/one", "a/b/two", "c/three"):
            os.makedirs(os.path.join(self.folder, os.path.dirname(path)), exist_ok=True)
            self.write(path, "1")
            commits.git(self.folder, "add", "-A")
            commits.git(self.folder, "-c", "user.name=test", "-c", "user.email=test", "commit", "-q", "-m", path)
            marks.append(commits.head(self.folder))
        self.assertEqual(commits.since(self.folder, marks[0] + " with changes", ":(glob)a/**/b/**"), 1)
        self.assertEqual([commits.since(self.folder, mark, "c") for mark in marks], [1, 1, 0])


if __name__ == "__main__":
    unittest.main()
