#!/usr/bin/env python3
"""The lint of clauses catches what it is there to catch; the census counts what it is there to count."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

import clauses
import evidence

SPEC = """
[[clause]]
id = "queue.get.order"
level = "MUST"
text = "First in, first out."
sources = ["test: test_queue.A.test_a", "cpython: library/queue#queue.Queue"]
since = "3.8"
oracle = "golden"

[[claim]]
id = "claim.queue.fifo"
rows = [23]
place = "182"
says = "It is FIFO."
verdict = "confirmed"
snippet = "print(1)"
expect = "1"
clauses = ["queue.get.order"]
"""
CASE = 'CASE("queue.get.order",\n     "in order") {}\n// CASE("queue.get.gone", "a comment") {}\n'
TWIN = '@case("queue.get.order", "in order")\ndef _():\n    pass\n'
CENSUS = [{"file": "test_queue.py", "cls": "A", "method": "test_%s" % name, "category": "portable"} for name in "ab"]
CENSUS.append({"file": "test_queue.py", "cls": "A", "method": "test_c", "category": "python-only", "why": "the garbage collector"})
NEWER = [{"file": "test_queue.py", "cls": "A", "method": "test_new", "category": "portable"}]
KILLED = '{"killed": {"queue.get.order": {"queue.reversed": "FAIL"}}, "unkillable": {}}'


def tree(spec=SPEC, case=CASE, twin=TWIN, excluded="", more=()):
    files = {"spec/queue/queue.toml": spec, "conformance/queue/queue_test.cpp": case, "reference/queue/queue.py": twin,
             evidence.CENSUS["3.11"]: json.dumps(CENSUS), evidence.CENSUS["3.13"]: json.dumps(NEWER), evidence.EXCLUDED: excluded,
             "conformance/results/faults-queue.json": KILLED}
    files.update(more)
    folder = tempfile.TemporaryDirectory()
    for path, text in files.items():
        path = os.path.join(folder.name, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    return folder


class ClausesTest(unittest.TestCase):
    def complaints(self, *arguments, **named):
        with tree(*arguments, **named) as root:
            return clauses.check(root)[0]

    def catches(self, part, *arguments, **named):
        complaints = self.complaints(*arguments, **named)
        self.assertTrue(any(part in complaint for complaint in complaints), complaints)
        self.assertEqual(len(complaints), 1, complaints)

    def changed(self, old, new):
        self.assertIn(old, SPEC)
        return SPEC.replace(old, new, 1)

    def test_the_good_pass(self):
        self.assertEqual(self.complaints(), [])

    def test_a_clause_without_a_case(self):
        self.catches("no case for the clause", case='CASE_("queue.get.order", "") {}')
        self.catches("no case for the clause", case='// CASE("queue.get.order", "") {}')

    def test_a_case_without_a_clause(self):
        self.catches("case queue.get.more has no clause", case=CASE + 'CASE("queue.get.more", "") { EXPECT_EQ(1, 1); }')

    def test_a_case_in_the_wrong_file(self):
        more = {"conformance/queue/lifo_queue_test.cpp": CASE}
        self.catches("lifo_queue_test.cpp: case queue.get.order has no clause", more=more)

    def test_a_case_without_its_twin(self):
        self.catches("no twin", twin="")
        case = CASE.replace("{}", "{ EXPECT_EQ(1, 1); }")
        self.assertEqual(self.complaints(self.changed('"golden"', '"model"'), case, twin=""), [])

    def test_a_case_that_shows_nothing(self):
        model = self.changed('"golden"', '"model"')
        self.catches("asserts nothing", model, CASE.replace("{}", "{\n  log(1);\n}\nvoid f() { EXPECT_EQ(1, 1); }"), "")
        self.assertEqual(self.complaints(model), [])  # its twin is asked

    def test_a_twin_without_a_clause(self):
        self.catches("twin queue.get.old has no clause", twin=TWIN + TWIN.replace("order", "old"))

    def test_twice(self):
        self.catches("stands there twice", case=CASE + CASE)
        self.catches("used already", more={"spec/queue/other.toml": SPEC[SPEC.index("[[claim]]"):]})

    def test_an_id_is_not_taken_up_again(self):
        spec = self.changed('oracle = "golden"', 'oracle = "golden"\naliases = ["queue.get.order"]')
        self.catches("used already", spec)

    def test_malformed_ids(self):
        for id in ("queue.Get.order", "queue.order", "queue..order", "queue.get.order_", "1.2.3"):
            renamed = [text.replace("queue.get.order", id) for text in (SPEC, CASE, TWIN)]
            self.catches("malformed id", *renamed)

    def test_fields(self):
        self.catches("unknown field colour", self.changed("level", 'colour = "red"\nlevel'))
        self.catches("no text", self.changed('text = "First in, first out."', ""))
        sources = '["test: test_queue.A.test_a", "cpython: library/queue#queue.Queue"]'
        self.catches("sources is no list", self.changed(sources, '"tandem: x"'))
        self.catches("level is 'OUGHT'", self.changed('"MUST"', '"OUGHT"'))
        self.catches("oracle is 'gold'", self.changed('"golden"', '"gold"'))
        self.catches("verdict is 'maybe'", self.changed('"confirmed"', '"maybe"'))
        self.catches("since is no version", self.changed('"3.8"', '"3"'))
        self.catches("since is not before until", self.changed('since = "3.8"', 'since = "3.9"\nuntil = "3.9"'))
        self.catches("unknown table", SPEC + "[other]\n")
        self.catches("rows are numbers", self.changed("[23]", '["23"]'))

    def test_sources(self):
        self.catches("no such test", self.changed("test_a", "test_z"))
        self.catches("a source of no known kind", self.changed("cpython:", "hearsay:"))
        self.assertEqual(self.complaints(self.changed("test: test_queue.A.test_a", "test 3.14: test_queue.A.test_z")), [])

    def test_deviations(self):
        cites = self.changed("cpython: library/queue#queue.Queue", "deviation: queue.get.order")
        row = "# Deviations\n\n| Clause or API | Why |\n| --- | --- |\n| %s | so |\n"
        self.assertEqual(self.complaints(cites, more={evidence.DEVIATIONS: row % "queue, queue.get.order (all)"}), [])
        self.catches("no row for queue.get.order", cites)
        self.catches("no row for queue.get.order", cites, more={evidence.DEVIATIONS: row % "queue.Queue (order)"})
        self.catches("no clause queue.get.other", more={evidence.DEVIATIONS: row % "queue.get.order, queue.get.other"})
        self.catches("stands there twice", more={evidence.DEVIATIONS: row % "queue.get.order, queue.get.order"})

    def test_claims_name_clauses(self):
        self.catches("no such clause", self.changed('clauses = ["queue.get.order"]', 'clauses = ["queue.get.other"]'))
        self.assertEqual(self.complaints(self.changed('clauses = ["queue.get.order"]', "clauses = []")), [])

    def test_a_file_that_is_no_toml(self):
        self.catches("queue.toml", SPEC + "nonsense\n")

    def test_a_newer_test_that_is_not_there(self):
        newer = SPEC.replace('"cpython: library', '"test 3.13: %s", "cpython: library')
        for name in ("test_queue.A.test_new", "test_queue.A.test_b", "test_context.C.test_unlisted"):
            self.assertEqual(self.complaints(newer % name), [])
        self.catches("no such test in spec/census/cpython_313.json: test_queue.A.test_none", newer % "test_queue.A.test_none")

    def test_exclusions(self):
        entry = '[[excluded]]\ntest = "test_queue.A.test_%s"\nreason = "r"\n'
        self.assertEqual(self.complaints(excluded=entry % "b"), [])
        self.catches("a clause cites it", excluded=entry % "a")
        self.catches("no portable test", excluded=entry % "c")
        self.assertEqual(self.complaints(excluded=entry % "b" + entry % "new"), [])
        self.catches("test and reason", excluded=(entry % "b").replace('"r"', '""'))

    def test_exclusions_have_a_limit(self):
        spec = self.changed('"test: test_queue.A.test_a", ', "")
        both = "".join('[[excluded]]\ntest = "test_queue.A.test_%s"\nreason = "r"\n' % name for name in "ab")
        self.catches("more than one in", spec, excluded=both)


    def test_what_is_beside_the_document(self):
        entry = '[[beside]]\ntests = "test_queue.%s"\nreason = "r"\n'
        self.assertEqual(self.complaints(excluded=entry % "A.*"), [])  # though one of them is cited, and it is half of the file
        self.catches("no portable test of that name that is not cited", excluded=entry % "A.test_a")
        self.catches("no portable test of that name that is not cited", excluded=entry % "A.test_c")
        self.catches("tests and reason", excluded=(entry % "A.*").replace('"r"', '""'))

    def test_what_is_put_aside_says_why(self):
        for change in ({"category": "platform"}, {"why": "it is portable"}):
            lists = {evidence.CENSUS["3.13"]: json.dumps([dict(NEWER[0], **change)])}
            self.catches("test_queue.A.test_new: a why", more=lists)


class CensusTest(unittest.TestCase):
    def census(self, root, *arguments):
        command = [sys.executable, "-B", os.path.join(evidence.ROOT, "scripts", "census"), "--root", root]
        child = subprocess.run(command + list(arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return child.returncode, child.stdout.decode()

    def test_counts(self):
        with tree() as root:
            code, output = self.census(root, "--module", "queue")
        self.assertEqual(code, 0, output)
        self.assertRegex(output, r"test_queue.py +50.0 %  1 of 2 portable\n")
        self.assertIn("not answered:\n  test_queue.A.test_b\n", output)

    def test_counts_what_a_newer_version_adds(self):
        with tree(SPEC.replace('"cpython: library', '"test 3.13: test_queue.A.test_new", "cpython: library')) as root:
            output = self.census(root, "--python", "3.13")[1]
        self.assertRegex(output, r"test_queue.py +100.0 %  1 of 1 portable\n")

    def test_a_citation_without_a_case_does_not_count(self):
        with tree(case="") as root:
            output = self.census(root, "--module", "queue")[1]
        self.assertRegex(output, r"test_queue.py +0.0 %  0 of 2 portable\n")
        self.assertIn("cited by queue.get.order, whose case kills no fault", output)

    def test_a_case_that_was_never_seen_to_fail_does_not_count(self):
        with tree(more={"conformance/results/faults-queue.json": '{"killed": {}, "unkillable": {}}'}) as root:
            output = self.census(root, "--module", "queue")[1]
        self.assertRegex(output, r"test_queue.py +0.0 %  0 of 2 portable\n")

    def test_what_is_excluded_is_not_portable(self):
        for entry in ('[[excluded]]\ntest = "test_queue.A.test_b"\nreason = "r"\n', '[[beside]]\ntests = "test_queue.A.*"\nreason = "r"\n'):
            with tree(excluded=entry) as root:
                self.assertRegex(self.census(root, "--module", "queue")[1], r"test_queue.py +100.0 %  1 of 1 portable, 1 excluded\n")

    def test_check_asks_for_enough_and_for_what_is_committed(self):
        newer = SPEC.replace('"cpython: library', '"test 3.13: test_queue.A.test_new", "cpython: library')
        excluded = '[[excluded]]\ntest = "test_queue.A.test_b"\nreason = "r"\n'
        with tree(newer) as root:
            self.census(root, "--record")
            self.assertIn("PROBLEM queue, CPython 3.11: 1 of 2 portable is less than 98 %\n", self.census(root, "--check")[1])
        with tree(newer, excluded=excluded) as root:
            self.assertEqual(self.census(root, "--module", "queue", "--check")[0], 1)  # nothing is committed
            self.census(root, "--record")
            self.assertEqual(self.census(root, "--module", "queue", "--check")[0], 0)
            self.assertEqual(self.census(root, "--module", "os", "--check")[0], 1)  # nothing was looked at
            self.rewrite(root, newer.replace("test 3.13: ", "tandem: "))
            self.assertIn("'excluded': 0}; committed is {'covered': 1", self.census(root, "--check")[1])

    def rewrite(self, root, spec):
        with open(os.path.join(root, "spec", "queue", "queue.toml"), "w", encoding="utf-8") as file:
            file.write(spec)


if __name__ == "__main__":
    unittest.main()
