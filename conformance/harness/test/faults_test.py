#!/usr/bin/env python3
"""scripts/faults on a small project of its own: one fault is killed, one survives, and what else it has to notice."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.append(os.path.join(ROOT, "scripts", "lib"))

import fault_files
import mutants

SCRATCH = tempfile.TemporaryDirectory()
CMAKE = """cmake_minimum_required(VERSION 3.25)
project(sample LANGUAGES CXX)
set(CMAKE_CXX_STANDARD 20)
add_executable(conformance_box conformance/box/counter_test.cpp)
target_include_directories(conformance_box PRIVATE impl/include)
"""
HEADER = """#pragma once
inline int next(int number) {
  if (number < 0) throw number;
  return number + 1;
}
constexpr int first = 1;
"""
# What the tool asks of a suite: --case=ID --result-file=FILE, without the machinery of real ones.
CASES = """#include <cstdio>
#include <string>
#include "counter.hpp"
#define CASE(id, says) static bool run_##says()
CASE("box.counter.next", next) {
  return next(1) == 2;
}
CASE("box.counter.blind", blind) {
  next(1);
  return true;
}
CASE("box.counter.first", first) {
  static_assert(first == 1);
  return first == 1;
}
int main(int, char** arguments) {
  const std::string which = std::string(arguments[1]).substr(7), file = std::string(arguments[2]).substr(14);
  const bool good = which == "box.counter.next" ? run_next() : which == "box.counter.blind" ? run_blind() : run_first();
  std::FILE* out = std::fopen(file.c_str(), "w");
  std::fprintf(out, "{\\"status\\": \\"%s\\", \\"message\\": \\"as it should not be\\"}", good ? "PASS" : "FAIL");
  std::fclose(out);
  return good ? 0 : 1;
}
"""


def clause(id):
    return '[[clause]]\nid = "box.counter.%s"\nlevel = "MUST"\ntext = "It holds."\nsources = ["tandem: here"]\n' \
           'oracle = "model"\n' % id


def fault(id, text, replacement, *clauses, kind=None):
    lines = ['[[fault]]', 'id = "%s"' % id, 'file = "impl/include/counter.hpp"', "text = '''%s'''" % text,
             "replacement = '''%s'''" % replacement, "clauses = %s" % json.dumps(["box.counter." + one for one in clauses])]
    return "\n".join(lines + (['kind = "%s"' % kind] if kind else [])) + "\n"


KILLED = fault("box.adds-two", "return number + 1;", "return number + 2;", "next")
SURVIVES = fault("box.adds-three", "return number + 1;", "return number + 3;", "blind")
REFUSED = fault("box.begins-with-two", "first = 1;", "first = 2;", "first", kind="lines")
NEVER = fault("box.accepts-less", "number < 0", "number < -9", "next")


class Sample:
    def __init__(self, faults, clauses=("next", "blind", "first")):
        self.top = tempfile.mkdtemp(dir=SCRATCH.name)
        self.write("CMakeLists.txt", CMAKE)
        self.write("impl/include/counter.hpp", HEADER)
        self.write("conformance/box/counter_test.cpp", CASES)
        self.write("spec/box/counter.toml", "".join(map(clause, clauses)))
        self.write("conformance/faults/box/counter.toml", faults)

    def write(self, path, text):
        path = os.path.join(self.top, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def read(self, path):
        with open(os.path.join(self.top, path), encoding="utf-8") as file:
            return file.read()

    def run(self, *options):
        command = [sys.executable, "-B", os.path.join(ROOT, "scripts", "faults"), "--root", self.top]
        child = subprocess.run(command + list(options), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return child.returncode, child.stdout.decode()


class ToolTest(unittest.TestCase):
    def test_killed_survived_refused_and_known(self):
        sample = Sample(KILLED + SURVIVES + REFUSED)
        code, said = sample.run()
        self.assertEqual(code, 1, said)
        self.assertIn("FAIL box.adds-two by box.counter.next", said)
        self.assertIn("SURVIVED box.adds-three by box.counter.blind", said)
        self.assertIn("COMPILE box.begins-with-two by box.counter.first", said)
        self.assertIn("unverified  box.counter.blind", said)
        published = json.loads(sample.read("conformance/results/faults-box.json"))
        self.assertEqual(published["killed"], {"box.counter.first": {"box.begins-with-two": "COMPILE"},
                                               "box.counter.next": {"box.adds-two": "FAIL"}})
        self.assertEqual(published["unverified"], ["box.counter.blind"])

        code, said = sample.run()
        self.assertNotIn("by box.counter", said)  # nothing has changed, so nothing is run again
        self.assertEqual(code, 1)

        sample.write("conformance/box/counter_test.cpp", CASES.replace("next(1);\n  return true", "return next(1) == 2"))
        code, said = sample.run()
        self.assertIn("FAIL box.adds-three by box.counter.blind", said)
        self.assertEqual(code, 0, said)

    def test_a_case_that_fails_by_itself_shows_nothing(self):
        sample = Sample(KILLED, ("next",))
        sample.write("conformance/box/counter_test.cpp", CASES.replace("== 2;", "== 7;"))
        code, said = sample.run()
        self.assertEqual(code, 2, said)
        self.assertIn("box.counter.next: FAIL without any fault", said)

    def test_a_fault_that_is_never_reached(self):
        code, said = Sample(NEVER.replace("next", "first")).run()
        self.assertIn("SURVIVED though it was never reached box.accepts-less", said)
        self.assertEqual(code, 1)

    def test_what_cannot_be_seeded(self):
        code, said = Sample(fault("box.gone", "return number - 1;", "", "next")).run()
        self.assertEqual(code, 2)
        self.assertIn("its text stands 0 times", said)


class FilesTest(unittest.TestCase):
    def complaints(self, faults):
        root = Sample(faults).top
        return [*fault_files.complaints(root), *fault_files.unanswered(root)]

    def complains(self, faults, about):
        self.assertTrue(any(about in one for one in self.complaints(faults)), self.complaints(faults))

    def test_good(self):
        self.assertEqual(self.complaints(KILLED + SURVIVES + REFUSED), [])

    def test_faulty(self):
        self.complains(fault("a", "number", "digit", "next"), "its text stands 4 times")
        self.complains(fault("a", "return number + 1;", "return number + 1;", "next"), "it changes nothing")
        self.complains(fault("a", "return number + 1;", "", "absent"), "no such clause: box.counter.absent")
        self.complains(fault("a", "first = 1;", "first = 2;", "first", kind="guess"), "kind is 'guess'")
        self.complains(fault("a", "first = 1;", "first = 2;", "first", kind="written"), "FAULT in the replacement")
        self.complains(fault("a", "return number + 1;", "return FAULT;", "next"), "FAULT in the replacement")
        self.complains(fault("a", "return number + 1;", "") + "more = 1\n", "unknown field more")
        self.complains(KILLED + KILLED, "the id is used already")

    def test_every_must_has_one_or_a_reason(self):
        reason = '[[unkillable]]\nclause = "box.counter.%s"\nwhy = "It cannot."\n'
        self.complains(KILLED, "box.counter.blind: a MUST without a fault")
        self.complains(KILLED + reason % "next", "and a reason why it has none")
        self.assertEqual(self.complaints(KILLED + reason % "blind" + reason % "first"), [])


class MutantsTest(unittest.TestCase):
    def texts(self, faults):
        sample = Sample(faults)
        return [build.files()["impl/include/counter.hpp"] for build in
                mutants.builds(sample.top, fault_files.load(sample.top))]

    def test_two_in_one_place_and_one_in_another(self):
        inner = fault("inner", "number + 1", "number", "next")
        (text,) = self.texts(KILLED + SURVIVES + inner)
        self.assertIn('if (::tandem_faults::on<"box.adds-two">()) { return number + 2; } else '
                      'if (::tandem_faults::on<"box.adds-three">()) { return number + 3; } else '
                      '{ return (::tandem_faults::on<"inner">() ? (number) : (number + 1)); }', text)

    def test_overlapping_texts_have_builds_of_their_own(self):
        written = fault("written", "throw number;\n  return", "if (FAULT) throw 0; throw number;\n  return", "next",
                        kind="written")
        self.assertEqual(len(self.texts(KILLED + written)), 2)


if __name__ == "__main__":
    unittest.main()
