#!/usr/bin/env python3
"""scripts/mutate finds the places where it can break a source, and breaks one at a time."""
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path[:0] = [os.path.join(ROOT, "scripts", "lib"), os.path.join(ROOT, "scripts", "lint")]

import evidence  # noqa: E402
import fault_builds  # noqa: E402
import mutants  # noqa: E402
import mutations  # noqa: E402
from script import loaded  # noqa: E402

mutate = loaded("mutate")

COMPILER = sys.argv.pop() if len(sys.argv) > 1 else "c++"

SOURCE = """#include <cstdio>
#include <cstdlib>
#include <mutex>

int woken = 0, counted = 0;
struct Mutex {  // tells
  void lock() { std::printf("locked "); }
  void unlock() {}
} mutex;
void wake_all(int) { ++woken; }

bool is_inside(int at, int size) { return at >= 0 && at < size; }

int main(int, char** argv) {
  const int n = std::atoi(argv[1]);
  int* const pointer = n > 5 ? &woken : nullptr;  // if (a comment)
  {
    std::scoped_lock guard(mutex);
    if (pointer) wake_all(1);
  }
  ++counted;
  std::printf("%d %d %d %d (n > 5)\\n", woken, counted, n + 1, is_inside(n, 7));
}
"""


def found(source):
    return [(fault.id.partition(".cpp:")[2], " ".join(fault.text.split()), fault.replacement)
            for fault in mutations.of("a.cpp", source)]


class PiecesTest(unittest.TestCase):
    def one(self, source):
        return [(id.partition(".")[2], text) for id, text, _ in found("void f() {\n  %s\n}\n" % source)]

    def test_conditions(self):
        self.assertEqual(self.one("if (a) b();"), [("negated", "a")])
        self.assertEqual(self.one("while (!a(b)) {\n}"), [("negated", "!a(b)")])
        self.assertEqual(self.one("if (a && b(c || d)) e();"),
                         [("negated", "a && b(c || d)"), ("negated.2", "a"), ("negated.3", "b(c || d)")])
        self.assertEqual(self.one("if (const auto a = b(); a == c) d();"), [("negated", "a == c")])
        self.assertEqual(self.one("if (const auto* a = b()) c();"), [])
        self.assertEqual(self.one("if constexpr (a) b();"), [])
        self.assertEqual(self.one("return a == b;"), [("negated", "a == b")])
        self.assertEqual(self.one("return a(b == c);"), [])
        self.assertEqual(self.one("return x(now) == 0 && y ? a : b;")[0], ("negated", "x(now) == 0 && y"))
        self.assertEqual(self.one("(a ? b->c : d) = e;"), [("negated", "a")])
        self.assertEqual(self.one('f("x", g(h, 1), a(b, c) ? "d" : "e", i);'), [("negated", "a(b, c)")])

    def test_bounds(self):
        self.assertEqual(self.one("for (int i = 0; i < n; ++i) {\n}"), [("bound", "i < n"), ("negated", "i < n")])
        self.assertEqual(self.one("f(a + 1);"), [("one-as-zero", "1")])
        self.assertEqual(self.one("f(a + 1.5, b - 10, c + 1'000);"), [])

    def test_statements(self):
        self.assertEqual(self.one("detail::unpark_all(word);"), [("not-woken", "detail::unpark_all(word);")])
        self.assertEqual(self.one("if (a) b->c.notify_one();"), [("negated", "a"), ("not-woken", "b->c.notify_one();")])
        self.assertEqual(self.one("++a_;"), [("not-counted", "++a_;")])
        self.assertEqual(self.one("std::scoped_lock guard(a_);"), [("not-locked", "std::scoped_lock guard(a_);")])

    def test_neither_comments_nor_texts(self):
        self.assertEqual(self.one('f("if (a) b + 1");  // if (a) return b + 1;'), [])


class BuiltTest(unittest.TestCase):
    def test_each_changes_what_it_says(self):
        faults = mutations.of("a.cpp", SOURCE)
        build = mutants.Build()
        for fault in faults:
            self.assertTrue(build.takes(fault, SOURCE), fault.id)
        with tempfile.TemporaryDirectory() as folder:
            source, program = os.path.join(folder, "a.cpp"), os.path.join(folder, "a")
            for path, text in ((source, build.files()["a.cpp"]), (os.path.join(folder, mutants.HEADER), mutants.HEADER_TEXT)):
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
            subprocess.run([COMPILER, "-std=c++20", "-w", "-include", os.path.join(folder, mutants.HEADER), source, "-o",
                            program], check=True)

            def said(fault, n):
                return subprocess.run([program, str(n)], env={"TANDEM_FAULT": fault}, stdout=subprocess.PIPE,
                                      universal_newlines=True).stdout

            self.assertEqual(said("", 6), "locked 1 1 7 1 (n > 5)\n")
            for fault in faults:
                self.assertTrue(any(said(fault.id, n) != said("", n) for n in (-1, 0, 5, 6, 7)), fault.id)


class ReportTest(unittest.TestCase):
    def test_what_is_written(self):
        path = "impl/src/a/b.cpp"
        record = {"mutation": path + ":1.negated", "how": "negated", "text": "a", "status": "PASS", "by": [], "reached": True}
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(mutate, "ROOT", folder), \
                contextlib.redirect_stdout(io.StringIO()) as said:
            os.makedirs(os.path.join(folder, "conformance", "results"))
            with open(os.path.join(folder, *mutate.JUDGEMENTS.split("/")), "w", encoding="utf-8") as file:
                file.write('[[survivor]]\nfile = "%s"\nhow = "negated"\ntext = "a"\nwhy = "equivalent"\n' % path)
            self.assertEqual(mutate.report(path, [dict(record), dict(record, status="FAIL")], "c0ffee"), 0)
            self.assertEqual(mutate.report(path, [dict(record, how="bound")], "c0ffee"), 1)
            self.assertIn("NOTHING IS SAID OF IT", said.getvalue())
            written = json.loads(evidence.read(os.path.join(folder, "conformance", "results", "mutations-a-b.json")))
        self.assertEqual(written, {"file": path, "commit": "c0ffee", "mutations": [dict(record, how="bound", why="")]})

    def test_what_is_refused(self):
        source = "impl/src/threading/barrier.cpp"
        self.assertIsNone(mutate.refused(source))
        self.assertIn("seeded faults", mutate.refused("impl/include/tandem/threading/barrier.hpp"))
        self.assertIn("no source", mutate.refused("conformance/threading/barrier_test.cpp"))
        self.assertIn("no source", mutate.refused(source + ".orig"))


class CommandTest(unittest.TestCase):
    """A source of the library is compiled with others, and by the controlled scheduler's library as well."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root, self.build = folder.name, os.path.join(folder.name, "build")
        os.makedirs(os.path.join(self.build, "impl", "tandem_unity"))
        self.whole = os.path.join(self.build, "impl", "tandem_unity", "0.cpp")
        self.write(self.whole, '#include "core/fork.cpp"\n#include "core/log.cpp"\n')
        self.copy = fault_builds.Copy.of_build(self.root, self.build)

    def write(self, path, text):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def compiled(self, *commands):
        self.write(os.path.join(self.build, "compile_commands.json"), json.dumps(
            [{"file": file, "command": "c++ -o impl/CMakeFiles/%s.dir/it.o -c %s" % (target, file)} for target, file in commands]))

    def test_with_others(self):
        own = os.path.join(self.root, "impl/src/core/log.cpp")
        self.compiled(("tandem_scheduled", own), ("tandem", self.whole))
        self.assertEqual(self.copy._compile_command("impl/src/core/log.cpp")[-1], self.whole)
        changed = self.copy._with_others(self.whole, "impl/src/core/log.cpp", "/changed.cpp", self.root)
        self.assertEqual(evidence.read(changed), '#include "core/fork.cpp"\n#include "/changed.cpp"\n')

    def test_alone(self):
        own = os.path.join(self.root, "impl/src/core/gate.cpp")
        self.compiled(("tandem_scheduled", own), ("tandem", own))
        self.assertIn("impl/CMakeFiles/tandem.dir/it.o", self.copy._compile_command("impl/src/core/gate.cpp"))

    def test_nowhere(self):
        self.compiled(("tandem", self.whole))
        with self.assertRaisesRegex(fault_builds.BuildError, "is not compiled in"):
            self.copy._compile_command("impl/src/core/gate.cpp")


if __name__ == "__main__":
    unittest.main()
