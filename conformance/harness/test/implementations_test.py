#!/usr/bin/env python3
"""scripts/lib/implementations.py and its page: what an answer is to its clause, what is red, whether each red cell is explained."""
import os
import sys
import unittest

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.append(os.path.join(ROOT, "scripts", "lib"))

import implementation_page as page
import implementations as lib

NAMES = ["CPython 3.8.1", "CPython 3.9.1", "CPython 3.10.1", "PyPy 3.9.2", "tandem 0"]


def said(*lines, status="done", error=None):
    return {"status": status, "transcript": list(lines), "error": error}


def data(**rows):
    return {"implementations": NAMES, "clauses": {"q/q": rows}, "answers": {}, "recorded": "", "platform": "", "bounds": []}


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


class PageTest(unittest.TestCase):
    def test_red_is_what_differs_and_a_bound_that_is_not_proven(self):
        cells = page.red_cells(data(**{"a.b.c": "===x=", "a.b.d": ".~=~=", "a.b.e": "~.===", "a.b.f": "==!=="}))
        self.assertEqual(set(cells), {("PyPy 3.9.2", "a.b.c"), ("CPython 3.9.1", "since/a.b.d"), ("CPython 3.10.1", "a.b.f")})

    def test_each_red_cell_has_an_entry_and_each_entry_a_red_cell(self):
        one = data(**{"a.b.c": "===x=", "a.b.d": "===!="})
        self.assertEqual(page.problems(one, [finding("PyPy*", "a.b.*")]), [])
        self.assertRegex(page.problems(one, [finding("PyPy*", "a.b.c")])[0], "PyPy 3.9.2: a.b.d is red, and nothing says")
        self.assertRegex(page.problems(one, [finding("PyPy*", "a.b.*", "a.b.z")])[0], "a.b.z meets no red cell")

    def test_malformed_entries(self):
        one = data(**{"a.b.c": "===x="})
        for bad in (finding("PyPy*", "a.b.c", blamed="nobody"), finding("PyPy*", "a.b.c", colour="red")):
            self.assertTrue(page.problems(one, [bad]), bad)


if __name__ == "__main__":
    unittest.main()
