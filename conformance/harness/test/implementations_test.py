#!/usr/bin/env python3
"""scripts/lib/implementations.py and its page: what an answer is to its clause, what is red, whether each red cell is explained."""
import contextlib
import io
import os
import sys
import types
import unittest
from unittest import mock

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.append(os.path.join(ROOT, "scripts", "lib"))

import implementation_page as page
import implementations as lib
from script import loaded

command = loaded("implementations")

NAMES = ["CPython 3.8.1", "CPython 3.9.1", "CPython 3.10.1", "PyPy 3.9.2", "tandem 0"]
RECENT = ("queue.order.fifo", "queue.shutdown.put-raises")  # two clauses, the second since 3.13


def said(*lines, status="done", error=None):
    return {"status": status, "transcript": list(lines), "error": error}


def data(**rows):
    programs = {"seed": 1, "count": 2, "rows": {name: {"breaches": [], "kinds": {}, "lacks": []} for name in NAMES}}
    return {"implementations": NAMES, "clauses": {"q/q": rows}, "answers": {}, "recorded": "", "platform": "", "bounds": [], "programs": programs}


def finding(who, *cells, **more):
    return dict({"blamed": "implementation", "who": who, "cells": list(cells), "says": "why"}, **more)


class JudgedTest(unittest.TestCase):
    def judged(self, version, result, **clause):
        return lib.judged(version, result, clause, {"transcript": ["1"]})[0]

    def test_within(self):
        self.assertEqual(self.judged((3, 8, 1), said("1")), lib.EQUAL)
        self.assertEqual(self.judged((3, 8, 1), said("2")), lib.DIFFERENT)
        self.assertEqual(self.judged((3, 8, 1), said(status="timeout")), lib.BROKEN)

    def test_outside(self):
        self.assertEqual(self.judged((3, 8, 1), said("1"), since="3.9"), lib.ALIKE)
        self.assertEqual(self.judged((3, 8, 1), said("2"), since="3.9"), lib.OUTSIDE)
        self.assertEqual(self.judged((3, 8, 1), said(status="error"), since="3.9"), lib.OUTSIDE)

    def test_any_outcome_of_a_set(self):
        golden = {"outcomes": [{"transcript": ["1"]}, {"transcript": ["2"]}]}
        self.assertEqual(lib.judged((3, 8, 1), said("2"), {}, golden)[0], lib.EQUAL)

    def test_the_answer_is_kept_where_it_is_red(self):
        self.assertEqual(lib.judged((3, 8, 1), said("2"), {}, {"transcript": ["1"]})[1], "-1\n+2")
        self.assertEqual(lib.judged((3, 8, 1), said(status="error", error="a\nKeyError: 'x'"), {}, {})[1], "error: KeyError: 'x'")


class Refuses:
    """A runner, as far as programs are given to it, that runs none."""

    features = frozenset()

    def __init__(self, text):
        self.text = text

    def run(self, kind, programs):
        return [{"error": "internal", "text": self.text} for _ in programs]


class Counts:
    """A runner that observes something."""

    features = frozenset()

    def run(self, kind, programs):
        return [list(range(len(program["operations"]))) for program in programs]


class DiesOfGet(Counts):
    def run(self, kind, programs):
        died = {"error": "died", "text": "get"}
        return [died if any("get" in operation for operation in program["operations"]) else seen
                for program, seen in zip(programs, super().run(kind, programs))]


class ComparedTest(unittest.TestCase):
    def test_two_equal_errors_are_no_agreement(self):
        for other in ("the same", "another"):
            row = lib.compared("queue", Refuses("the same"), Refuses(other), 1, 3)
            self.assertEqual((row["programs"], row["different"]), (3, 3))
            for cell, seen in row["smallest"].items():
                self.assertEqual(cell.partition("/")[0], "queue")
                self.assertEqual((seen["says"]["text"], seen["against"]["text"]), ("the same", other))

    def test_the_rule_is_one(self):
        died, bad = {"error": "died"}, {"error": "bad-program"}
        for one, other, alike in (([1], [1], True), ([1], [2], False), (died, died, False), ([1], died, False)):
            self.assertEqual(lib.alike(one, other), alike, (one, other))
        ways = [([1], [2]), ([1], died), (died, [1]), (died, died), (bad, died), ([1], bad)]
        for first in ways:
            self.assertFalse(lib.differ_as(first, ([3], [3])))
            self.assertEqual([now for now in ways if lib.differ_as(first, now)], [first])

    def test_what_ends_in_an_error_is_made_small(self):
        row = lib.compared("queue", Counts(), DiesOfGet(), 1, 20)
        self.assertEqual((row["different"] > 1, list(row["smallest"])), (True, ["queue/get"]))
        self.assertEqual(row["smallest"]["queue/get"]["against"], {"error": "died", "text": "get"})

    def test_an_implementation_that_cannot_be_used_fails(self):
        data, options = {"programs": {}}, types.SimpleNamespace(runner="/none", implementation=None, seed=1, count=1, timeout=1)
        found = [("CPython 3.8.1", types.SimpleNamespace(command="a")), ("PyPy 3.9.2", types.SimpleNamespace(command="b"))]
        answers = [lib.RunnerError("b: no"), ("PyPy 3.9.2", {"against": "it"})]
        with mock.patch.object(lib, "pythons", return_value=found), mock.patch.object(lib, "run_programs", side_effect=answers), \
                mock.patch.object(page, "save"), mock.patch.object(command.commits, "head", return_value="c"):
            failures = command.put_programs(data, options)
        self.assertEqual(failures, ["CPython 3.8.1: its programs were not run: b: no"])
        self.assertEqual(data["programs"]["rows"], {"PyPy 3.9.2": {"commit": "c"}})
        for failed, status in (([], 0), (failures, 1)):
            with mock.patch.object(sys, "argv", ["implementations", "--measure"]), mock.patch.object(command, "measured", return_value=failed), \
                    mock.patch.multiple(page, load=mock.DEFAULT, save=mock.DEFAULT, rejudged=mock.DEFAULT, write=mock.DEFAULT,
                                        notes=lambda _: [], problems=lambda: []), contextlib.redirect_stdout(io.StringIO()):
                self.assertEqual(command.main(), status)


class PageTest(unittest.TestCase):
    def test_red_is_what_differs_and_a_bound_that_is_not_proven(self):
        cells = page.red_cells(data(**{"a.b.c": "===x=", "a.b.d": ".~=~=", "a.b.e": "~.===", "a.b.f": "==!=="}))
        self.assertEqual(set(cells), {("PyPy 3.9.2", "a.b.c"), ("CPython 3.9.1", "since/a.b.d"), ("CPython 3.10.1", "a.b.f")})

    def test_each_red_cell_has_an_entry_and_each_entry_a_red_cell(self):
        one = data(**{"a.b.c": "===x=", "a.b.d": "===!="})
        self.assertEqual(page.problems(one, [finding("PyPy*", "a.b.*")]), [])
        self.assertRegex(page.problems(one, [finding("PyPy*", "a.b.c")])[0], "PyPy 3.9.2: a.b.d is red, and nothing says")
        self.assertRegex(page.problems(one, [finding("PyPy*", "a.b.*", "a.b.z")])[0], "a.b.z meets no red cell")

    def test_answers_are_judged_by_the_bounds_of_today(self):
        one = dict(data(), clauses={"queue/queue": {"queue.shutdown.put-raises": "~.===", "queue.order.fifo": "~.x=="}},
                   answers={"queue.shutdown.put-raises": {"PyPy 3.9.2": "an answer"}})
        self.assertEqual([(id, name, letter) for _, id, name, letter in page.moved(one)], [
            ("queue.order.fifo", "CPython 3.8.1", lib.EQUAL), ("queue.order.fifo", "CPython 3.9.1", lib.ABSENT),
            ("queue.shutdown.put-raises", "CPython 3.10.1", lib.ALIKE), ("queue.shutdown.put-raises", "PyPy 3.9.2", lib.ALIKE)])
        self.assertTrue(any("queue.order.fifo was judged by another since" in problem for problem in page.problems(one, [])))
        again = page.rejudged(one)
        self.assertEqual(again["clauses"]["queue/queue"], {"queue.shutdown.put-raises": "~.~~=", "queue.order.fifo": "=-x=="})
        self.assertEqual((page.moved(again), again["answers"]), ([], {}))

    def test_what_was_never_asked_is_noted_where_the_clause_holds(self):
        one, twins = data(**{"queue.order.fifo": "-==-=", "queue.shutdown.put-raises": "-.-~="}), {"q/q": list(RECENT)}
        with mock.patch.object(page, "twins", return_value=twins):
            self.assertEqual(page.notes(one), ["%s was never asked 1 twins, such as queue.order.fifo: scripts/implementations "
                                               "--measure --new" % name for name in ("CPython 3.8.1", "PyPy 3.9.2")])
            self.assertEqual(page.problems(one, []), [])
            self.assertEqual(page.never_asked(one, "CPython 3.9.1"), {})
            self.assertEqual(page.never_asked(one, "CPython 3.10.1"), {"q/q": ["queue.shutdown.put-raises"]})
            self.assertEqual(page.never_asked(one, "CPython 3.14.0"), twins)
            self.assertEqual(page.never_asked(data(), "CPython 3.8.1"), twins)

    def test_each_is_asked_what_it_was_never_asked(self):
        one = data(**{"queue.order.fifo": "-==-=", "queue.shutdown.put-raises": "-.-~="})
        found = [(name, None) for name in ("CPython 3.8.1", "CPython 3.9.1", "CPython 3.10.1")]
        with mock.patch.object(page, "twins", return_value={"q/q": list(RECENT), "p/p": ["p.p.p"]}), \
                mock.patch.object(page, "put_twins"), mock.patch.object(lib, "ask_twins") as ask:
            command.put_new_twins(one, types.SimpleNamespace(jobs=1), found, {"q/q": "q.py"})
        self.assertEqual([call[0][:2] for call in ask.call_args_list], [
            (found[:1], {"q.py": list(RECENT)}), (found[1:2], {}), (found[2:], {"q.py": ["queue.shutdown.put-raises"]})])

    def test_a_patch_level_is_proven_by_its_own_minor_version(self):
        known = page.cpythons(["CPython 3.11.7", "tandem 0", "CPython 3.10.13", "CPython 3.12.1"])
        self.assertEqual([place for place, _ in known], [2, 0, 3])
        for bound, field, letters, said in (
                ((3, 11), "since", "==.=", "proven"), ((3, 11, 5), "since", "==.=", "not contradicted"),
                ((3, 11, 8), "since", ".=.=", "proven"), ((3, 12, 1), "since", ".=.=", "not contradicted"),
                ((3, 12), "until", "===.", "proven"), ((3, 11, 8), "until", "===.", "not contradicted"),
                ((3, 11, 5), "until", ".==.", "proven"), ((3, 11), "since", "==~=", ""), ((3, 10), "since", "====", "")):
            self.assertEqual(page.shown_by(bound, field, letters, known), said, (bound, field, letters))
        bounds = [("q/q", {"id": "a.b.c", "since": "3.9"}), ("q/q", {"id": "a.b.d", "since": "3.9.1"}), ("q/q", {"id": "a.b.e"})]
        with mock.patch.object(page, "clauses", return_value=bounds):
            self.assertEqual(page.boundaries(data(**{"a.b.c": ".====", "a.b.d": ".====", "a.b.e": "====="})),
                             [["since 3.9", 1, 1, 0], ["since 3.9.1", 1, 0, 1]])

    def test_programs_that_differ_are_red(self):
        one = data(**{"a.b.c": "====="})
        one["programs"]["rows"]["PyPy 3.9.2"]["kinds"]["queue"] = {"smallest": {"queue/put+get": {"says": [1], "against": [2]}}}
        self.assertEqual(page.red_cells(one), {("PyPy 3.9.2", "programs/queue/put+get"): "[1], not [2]"})

    def test_an_implementation_whose_programs_were_not_run_is_told_of(self):
        one = data(**{"a.b.c": "====="})
        self.assertEqual(page.problems(one, []), [])
        del one["programs"]["rows"]["tandem 0"]
        self.assertRegex(page.problems(one, [])[0], "^tandem 0: no random programs were run")
        del one["programs"]
        self.assertEqual(len(page.problems(one, [])), len(NAMES))

    def test_rows_of_other_programs_are_forgotten(self):
        one = data()
        self.assertEqual(len(page.programs_of(one, 1, 2)["rows"]), len(NAMES))
        self.assertEqual(page.programs_of(one, 1, 3), {"seed": 1, "count": 3, "rows": {}})

    def test_malformed_entries(self):
        one = data(**{"a.b.c": "===x="})
        for bad in (finding("PyPy*", "a.b.c", blamed="nobody"), finding("PyPy*", "a.b.c", colour="red")):
            self.assertTrue(page.problems(one, [bad]), bad)


if __name__ == "__main__":
    unittest.main()
