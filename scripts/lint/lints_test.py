#!/usr/bin/env python3
"""Every lint catches what it is there to catch, and lets the good pass."""
import contextlib
import os
import subprocess
import sys
import tempfile
import unittest

import committed_text
import coroutines
import faults
import headers
import include_sets
import layers
import memory_orders
import names
import readme
import rooms
import tree
import version

sys.path.append(os.path.join(tree.ROOT, "scripts", "lib"))
import reference_headers  # noqa: E402

COMPILER = sys.argv.pop() if len(sys.argv) > 1 else "c++"


@contextlib.contextmanager
def project(files):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        yield root


def complaints(lint, files):
    with project(files) as root:
        return lint.check(root)[0]


class TreeTest(unittest.TestCase):
    def test_code_without_comments(self):
        code = tree.without_comments('a(1\'000); // b\n/* c\n */ d("// e", \'"\'); // f')
        self.assertEqual([line.rstrip() for line in code.split("\n")], ["a(1000);", "", ' d("", "");'])


class LayersTest(unittest.TestCase):
    def one(self, path, text):
        return len(complaints(layers, {path: text}))

    def test_up(self):
        self.assertEqual(self.one("impl/src/core/a.cpp", '#include "tandem/queue/queue.hpp"\n'), 1)
        self.assertEqual(self.one("impl/include/tandem/queue.hpp", "#include <tandem/futures.hpp>\n"), 1)
        self.assertEqual(self.one("impl/src/queue/a.cpp", '#include "tandem/tandem.hpp"\n'), 1)

    def test_down(self):
        self.assertEqual(self.one("impl/src/queue/a.cpp", '#include "platform/park.hpp"\n'), 0)
        self.assertEqual(
            self.one("impl/include/tandem/futures.hpp", '#include "tandem/threading/lock.hpp"\n'), 0)

    def test_public_header_includes_a_private_one(self):
        self.assertEqual(
            self.one("impl/include/tandem/core/a.hpp", '#include "platform/park.hpp"\n'), 1)

    def test_system(self):
        text = "#include <unistd.h>\n#include <sys/wait.h>\n#include <vector>\n"
        self.assertEqual(self.one("impl/src/core/a.cpp", text), 2)
        self.assertEqual(self.one("impl/src/platform/posix/a.cpp", text), 0)
        self.assertEqual(self.one("impl/src/core/a.cpp", "#ifdef __linux__\n#endif\n"), 1)

    def test_standard_waiting(self):
        self.assertEqual(self.one("impl/src/core/a.cpp", "std::mutex m; std::lock_guard g(m);"), 1)
        self.assertEqual(self.one("impl/src/core/a.cpp", "// not a std::mutex"), 0)

    def test_around_the_seam(self):
        for text in ("std::atomic<int> a;", "std::thread t(f);", "std::this_thread::yield();",
                     "auto now = std::chrono::steady_clock::now();", "#ifdef TANDEM_SCHEDULED\n#endif\n",
                     "thread_local int word = 0;", "static thread_local Guard guard;"):
            self.assertEqual(self.one("impl/src/core/a.cpp", text), 1, text)
            self.assertEqual(self.one("impl/src/platform/posix/a.cpp", text), 0, text)
        for text in ("seam::atomic<int> a;", "std::memory_order_relaxed", "seam::clock::now();",
                     "constinit thread_local int* word = nullptr;\nbool b = seam::thread_word(word);"):
            self.assertEqual(self.one("impl/src/core/a.cpp", text), 0, text)

    def test_outsiders(self):
        self.assertEqual(self.one("conformance/a.cpp", '#include "platform/park.hpp"\n'), 1)
        self.assertEqual(self.one("bench/a.cpp", "#include <tandem/queue.hpp>\n"), 0)


class RoomsTest(unittest.TestCase):
    GOOD = dict.fromkeys(
        ("spec/queue/q.toml", "reference/queue/q.py", "impl/include/tandem/queue/q.hpp",
         "impl/include/tandem/queue.hpp", "conformance/queue/q_test.cpp"), "")

    def test_good(self):
        self.assertEqual(complaints(rooms, self.GOOD), [])

    def test_missing(self):
        for path in self.GOOD:
            rest = {name: "" for name in self.GOOD if name != path}
            self.assertTrue(complaints(rooms, rest), path)

    def test_without_a_spec(self):
        for path in ("impl/src/queue/stray.cpp", "bench/queue/stray.cpp", "bench/queue/stray.py",
                     "impl/src/queue/registry.cpp"):
            self.assertEqual(complaints(rooms, {**self.GOOD, path: ""}), [path + ": has no spec"])

    def test_optional_and_shared(self):
        more = ("impl/src/queue/q.cpp", "bench/queue/q.py", "impl/src/queue/exceptions.cpp")
        self.assertEqual(complaints(rooms, {**self.GOOD, **dict.fromkeys(more, "")}), [])


class NewPrimitiveTest(unittest.TestCase):
    def test_has_its_place_in_every_room(self):
        script = os.path.join(tree.ROOT, "scripts", "new-primitive")
        with project({"impl/include/tandem/asyncio.hpp": ""}) as root:
            subprocess.run([sys.executable, script, "asyncio/lock", "Lock", "--root", root], check=True,
                           stdout=subprocess.DEVNULL)
            self.assertEqual(rooms.check(root), ([], 1))


class FaultsTest(unittest.TestCase):
    """What a fault has to be is tested beside scripts/faults: conformance/harness/test/faults_test.py."""
    HEADER = "impl/include/tandem/queue/q.hpp"
    CLAUSE = '[[clause]]\nid = "queue.q.%s"\nlevel = "%s"\n'
    FAULT = '[[fault]]\nid = "f"\nfile = "' + HEADER + '"\ntext = "1"\nreplacement = "2"\nclauses = ["queue.q.one"]\n'
    FILES = {"spec/queue/q.toml": CLAUSE % ("one", "MUST") + CLAUSE % ("may", "MAY"), HEADER: "int one = 1;\n"}

    def test_a_must_without_a_fault(self):
        for room in ({}, {"conformance/faults/queue/q.toml": "# none\n"}):
            self.assertEqual(complaints(faults, {**self.FILES, **room}), ["queue.q.one: a MUST without a fault"])

    def test_with_a_fault_and_with_a_reason(self):
        reason = '[[unkillable]]\nclause = "queue.q.one"\nwhy = "It cannot."\n'
        for room in (self.FAULT, reason):
            self.assertEqual(complaints(faults, {**self.FILES, "conformance/faults/queue/q.toml": room}), [])

    def test_a_fault_that_cannot_be_seeded(self):
        files = {**self.FILES, self.HEADER: "", "conformance/faults/queue/q.toml": self.FAULT}
        self.assertEqual(len(complaints(faults, files)), 1)


class CoroutinesTest(unittest.TestCase):
    def wrong(self, text, path="conformance/a.cpp"):
        text = "struct Item { int n; std::string text; };\nstruct Plain { int a; double b; };\n" \
               "struct Made { Made(int n); std::string text; };\nstruct Options { Plain p; std::string name; };\n" \
               "class Reader { public: int n() const; private: std::shared_ptr<int> state_; };\n" \
               "struct Outer { Item item; int n; };\nstruct Derived : Item { int n; };\nstruct Streams { Reader reader; };\n" + text
        return [complaint.split(": ", 1)[1] for complaint in complaints(coroutines, {path: text})]

    def test_parameters(self):
        for bad in ("const std::string& text", "int n, std::string const& text", "A&& a", "std::string_view text",
                    "std::span<int> numbers", "const std::vector<int>& v = {}", "std::basic_string_view<char> text",
                    "std::initializer_list<int> numbers", "std::ranges::subrange<I> part"):
            for form in ("Coroutine<int> f(%s) { co_return 1; }", "asyncio::Coroutine<> X::f(%s) const { co_await g(); }",
                         "auto f(%s) -> asyncio::Coroutine<std::vector<int>> { if (x) { co_await g(); } }",
                         "void h() { const auto f = [](%s) -> Coroutine<> { co_return; }; }",
                         "void h() { run([&](%s) -> Coroutine<> { for (;;) co_await g(); }(1)); }",
                         "template <class A> inline Coroutine<typename A::type> f(%s) { co_return 1; }"):
                self.assertEqual(len(self.wrong(form % bad)), 1, form % bad)

    def test_good_parameters(self):
        for good in ("", "std::string text, int n", "Lock& lock", "std::vector<std::string> v", "const char* text",
                     "std::function<void(const int&)> f", "std::shared_ptr<const int> p", "const int n", "const void*& kept",
                     "std::reference_wrapper<const int> n",
                     "void (*act)(const X&)"):
            self.assertEqual(self.wrong("Coroutine<int> f(%s) { co_return 1; }" % good), [])
        self.assertEqual(self.wrong("Coroutine<> f(const std::string& text) { return g(text); }"), [])
        self.assertEqual(self.wrong("Coroutine<> f(const std::string& text);"), [])
        self.assertEqual(self.wrong("int f(const X& x) { run([]() -> Coroutine<> { co_return; }()); return 1; }"), [])

    def awaits(self, statement):
        return self.wrong("Coroutine<> f() {\n  %s\n}\n" % statement)

    def test_lambdas(self):
        for bad in ("co_await f([x] { return x; });", "auto y = co_await f(1, [=]() mutable { go(); });",
                    "if (co_await f([x = 1](int n) { return n; })) go();", "log(co_await f([&a, b] {}));",
                    "co_return co_await f([*this] {});"):
            self.assertEqual(len(self.awaits(bad)), 1, bad)
        for good in ("const auto g = [x] { return x; };\n  co_await f(g);", "co_await f([] { return 1; });",
                     "co_await f([&] { go(); });", "co_await f([&a, &b, this] {});", "auto [a, b] = co_await f(v[x](1));",
                     "run([x]() -> Coroutine<> { co_await f(x); });"):
            self.assertEqual(self.awaits(good), [], good)

    def test_aggregates(self):
        for bad in ('co_await q.put(Item{1, "x"});', "const std::array said{co_await a(), co_await b()};",
                    "co_await f({.p = {}, .name = x});", "use(co_await a(), std::array<std::string, 2>{x, y});",
                    'co_await q.put(Item(1, "x"));', 'co_await q.put({1, "x"});', "co_await q.put({});", "co_await q.put(Item{});",
                    "co_await q.put(Outer{{1, x}, 2});", "co_await f(1, {1, x});", "co_await f(Derived{{1, x}, 2});",
                    "co_await f(Streams{reader});", "co_await g(make({1, x}));", "if (co_await f<int>({1, x})) go();"):
            self.assertEqual(len(self.awaits(bad)), 1, bad)
        for good in ("co_await f({}, 1);", "co_await wait({a, b});", "co_await f(g(), [] {});", "co_await f(Item());", "co_await f(x[{1, 2}]);",
                     "auto put = q.put({1, x});\n  co_await std::move(put);", "co_await f(std::vector<int>{1, 2});",
                     "co_await q.put(Plain{1, 2});", "co_await q.put(Made{1});", "const Item item{1, x};\n  co_await q.put(item);",
                     "co_await f({.a = 1, .b = 2});", "co_await f(std::string{x});", "for (const Item& i : v) { co_await f(i); }"):
            self.assertEqual(self.awaits(good), [], good)

    def test_default_arguments(self):
        for bad in ("Coroutine<> f(int n, Item item = {});", 'asyncio::Future<int> f(const Item& item = {1, "x"});',
                    "Coroutine<int> f(Item = Item{}, int n = 1) { co_return 1; }", "Task<> X::f(std::vector<int> v, Outer outer = {}) const;"):
            self.assertEqual(len(self.wrong("// Coroutine\n" + bad)), 1, bad)
        for good in ("Coroutine<> f(Plain plain = {}, Made made = 1);", "int f(Item item = {});", "Coroutine<> f(Item item, int n = 1);",
                     "struct S { Item item = {}; Coroutine<> f(); };", "Coroutine<> f() { Item item = {}; co_await g(item); }"):
            self.assertEqual(self.wrong("// Coroutine\n" + good), [], good)

    def test_where_it_is(self):
        files = {"impl/src/a.cpp": "// Coroutine\n\nCoroutine<> f(\n    A&& a) {\n  co_return;\n}\n"}
        self.assertEqual(complaints(coroutines, files),
                         ["impl/src/a.cpp:3: an rvalue reference as a coroutine's parameter: A&& a"])


class MemoryOrdersTest(unittest.TestCase):
    def wrong(self, text):
        return len(list(memory_orders.check_file(text)))

    def test_unexplained(self):
        self.assertEqual(self.wrong("a.load(std::memory_order_acquire);"), 1)
        self.assertEqual(self.wrong("a.load(std::memory_order_relaxed);  // fast"), 1)
        self.assertEqual(self.wrong("a.load(std::memory_order::consume);  // pairs with b"), 1)

    def test_acquire_is_not_explained_by_relaxed(self):
        self.assertEqual(self.wrong("a.load(std::memory_order_acquire);  // relaxed: a hint"), 1)

    def test_too_far_away(self):
        self.assertEqual(self.wrong("// pairs with b\n\n\n\n\na.load(std::memory_order_acquire);"), 1)

    def test_all_relaxed_ends_at_an_empty_line(self):
        load = "a.load(std::memory_order_relaxed);\n"
        self.assertEqual(self.wrong("// All relaxed: hints\n" + 7 * load), 0)
        self.assertEqual(self.wrong("// All relaxed: hints\n" + 4 * load + "\n" + load), 1)

    def test_explained(self):
        self.assertEqual(self.wrong("// pairs with release in b()\na.load(std::memory_order_acquire);"), 0)
        self.assertEqual(self.wrong("a.load(std::memory_order_relaxed);  // relaxed: a hint"), 0)
        self.assertEqual(self.wrong("a.load(std::memory_order_seq_cst);"), 0)


class IncludeSetsTest(unittest.TestCase):
    def test_indirectly(self):
        files = {
            "impl/include/tandem/futures.hpp": '#include "tandem/core/a.hpp"\n',
            "impl/include/tandem/core/a.hpp": '#include "tandem/pickle.hpp"\n',
            "impl/include/tandem/pickle.hpp": "#pragma once\n",
        }
        self.assertTrue(any("futures.hpp: reaches tandem/pickle.hpp" in text
                            for text in complaints(include_sets, files)))

    def test_where_it_belongs(self):
        files = {
            "impl/include/tandem/multiprocessing.hpp": '#include "tandem/pickle.hpp"\n',
            "impl/include/tandem/pickle.hpp": "#pragma once\n",
        }
        self.assertEqual(complaints(include_sets, files), [])


class HeadersTest(unittest.TestCase):
    FILES = {"impl/include/tandem/good.hpp": "#pragma once\n",
             "impl/include/tandem/bad.hpp": "#pragma once\nusing text = std::string;\n",
             "impl/include/tandem/twice.hpp": "struct Twice {};\n"}

    def test_alone_and_twice_and_again(self):
        with project(self.FILES) as root:
            said, count, known = headers.check(root, [COMPILER, "-std=c++20"], 2, {})
            self.assertEqual((len(said), count, list(known)), (2, 3, ["tandem/good.hpp"]))
            self.assertEqual(headers.check(root, [COMPILER, "-std=c++20"], 2, known)[2], known)

    def test_what_a_source_includes_first_is_left_to_it(self):
        first = {"a.cpp": "good", "platform/b_linux.cpp": "bad", "platform/scheduled/c.cpp": "bad", "d.cpp": "twice"}
        files = {"impl/src/" + path: '#include "tandem/%s.hpp"\n#include "tandem/bad.hpp"\n' % name
                 for path, name in first.items()}
        with project({**self.FILES, **files}) as root:
            left_out = headers.first_in(root, "impl/src")
            self.assertEqual(left_out, {"tandem/good.hpp"})
            said, count, _ = headers.check(root, [COMPILER, "-std=c++20"], 2, {}, left_out)
            self.assertEqual((len(said), count), (2, 2))

    def test_usage(self):
        for arguments in ([], ["--"], ["--jobs", "2"]):
            with self.assertRaisesRegex(SystemExit, "usage: headers.py"):
                headers.main(arguments)


class ReadmeTest(unittest.TestCase):
    PROGRAM = "int main() {\n  // [example]\n  a();\n    b();\n  // [/example]\n}\n"
    BLOCK = "<!-- example: a.cpp -->\n```cpp\n%s```\n"

    def check(self, block):
        with project({"a.cpp": self.PROGRAM, "README.md": block}) as root:
            return readme.check(root)

    def test_equal(self):
        self.assertEqual(self.check(self.BLOCK % "a();\n  b();\n")[0], [])

    def test_different(self):
        said, renewed, _ = self.check(self.BLOCK % "a();\n")
        self.assertEqual(len(said), 1)
        self.assertEqual(renewed, self.BLOCK % "a();\n  b();\n")

    def test_no_program(self):
        self.assertEqual(len(self.check("```cpp\na();\n```\n")[0]), 1)
        self.assertEqual(len(self.check("<!-- example: b.cpp -->\n```cpp\n```\n")[0]), 1)


class NamesTest(unittest.TestCase):
    HEADER = ("#pragma once\nnamespace tandem::shlex {\nint quote(int s);\nint join(int words);\n}\n"
              "namespace tandem::queue {\nstruct Full {};\ntemplate <class T>\nclass Queue {\n public:\n"
              "  void put(T item);\n  int maxsize();\n private:\n  void get();\n};\n}\n")
    TABLE = ("## shlex: `tandem::shlex`\n\n| Python | C++ | |\n| --- | --- | --- |\n| `quote` | `quote(s)` | |\n"
             "| `join` | `join(words)` | |\n\n## queue: `tandem::queue`\n\n| `Full` | `Full` | |\n"
             "| `Queue` | `Queue<T>` | |\n| `Queue.put` | `Queue<T>::put(item)` | |\n"
             "| `Queue.maxsize` | `Queue<T>::maxsize()` | |\n")

    def said(self, table):
        files = {"impl/include/tandem/tandem.hpp": self.HEADER, "spec/python-to-cpp.md": table}
        with project(files) as root:
            return names.check(root, [COMPILER, "-std=c++20"])[0]

    def test_good(self):
        self.assertEqual(self.said(self.TABLE), [])

    def test_not_in_cpp(self):
        for row in ("| `split` | `split(s)` | |\n", "| `Queue.get` | `Queue<T>::get()` | |\n"):
            self.assertRegex("".join(self.said(self.TABLE + row)), "there is no tandem::queue::")

    def test_not_in_python(self):
        row = "| `Queue.insert` | `Queue<T>::put(item)` | %s |\n"
        self.assertRegex("".join(self.said(self.TABLE + row % "")), "has no queue.Queue.insert")
        self.assertEqual(self.said(self.TABLE + row % "3.99"), [])

    def test_missing(self):
        for row in ("| `join` | `join(words)` | |\n", "| `Full` | `Full` | |\n",
                    "| `Queue.put` | `Queue<T>::put(item)` | |\n", "| `Queue.maxsize` | `Queue<T>::maxsize()` | |\n"):
            self.assertIn(row, self.TABLE)
            self.assertRegex("".join(self.said(self.TABLE.replace(row, ""))), "has no row for")

    def test_no_row(self):
        self.assertRegex("".join(self.said(self.TABLE + "| Queue.put | put |\n")), "no row of the table")


class ReferenceHeadersTest(unittest.TestCase):
    HEADER = ("// Python's a.\n#pragma once\n\nnamespace tandem::inline v1::a {\n\n"
              "// Does it, at once: <b>.\n//   time  how long;\n//         at most\n// Throws   ValueError (no\n"
              "//          time).\n// Spec     a.b\nvoid b(int time);  // for users\n\n}\n\n"
              "template <>\nstruct std::hash<tandem::a::A> {\n  int x() { return 1; }\n};\n")

    def test_comments(self):
        text = reference_headers.filtered(self.HEADER)
        self.assertEqual(text.count("\n"), self.HEADER.count("\n"))
        for line in ("/// @header Python's a.", "namespace tandem::a {", "/// Does it, at once: \\<b\\>.",
                     "/// - `time`: how long;", "///   at most", "/// @heading{Throws} ValueError (no",
                     "///   time).", "void b(int time);  ///< for users"):
            self.assertIn(line + "\n", text)
        self.assertNotIn("hash", text)

    def test_whose(self):
        files = {"a/b.hpp": "", "a/detail/c.hpp": "", "platform/d.hpp": ""}
        with project(files) as root:
            self.assertEqual(list(reference_headers.headers(root)), ["a/b.hpp"])


class VersionTest(unittest.TestCase):
    def said(self, heading):
        return complaints(version, {"CMakeLists.txt": "project(\n  tandem\n  VERSION 1.2.3\n  LANGUAGES CXX)\n",
                                    "CHANGELOG.md": "# Changelog\n\n%s\n\n## 0.9.0, 2020-01-01\n" % heading})

    def test_equal(self):
        self.assertEqual(self.said("## Unreleased (1.2.3)"), [])
        self.assertEqual(self.said("## 1.2.3, 2026-11-29"), [])

    def test_different(self):
        for heading in ("## Unreleased (1.2.4)", "## Unreleased", "## 1.2.3", "## 1.2.3, soon"):
            self.assertEqual(len(self.said(heading)), 1, heading)


class CommittedTextTest(unittest.TestCase):
    def test_paths(self):
        self.assertEqual(len(complaints(committed_text, {"a.md": "see /" + "home/me/a"})), 1)
        self.assertEqual(complaints(committed_text, {"a.md": "a/" + "work/b ${x}/" + "root/c"}), [])


if __name__ == "__main__":
    unittest.main()
