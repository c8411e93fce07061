"""Is every result what bench/report/schema.json says, and is it noticed where one is not?"""
import copy
import json
import unittest

from programs import Programs
from support import BENCH

import schema
from scaling import fit, rate

COMMITTED = sorted((BENCH / "results").glob("*/*.json"))


class Results(unittest.TestCase):
    def test_the_committed_ones_are_as_the_schema_says(self):
        self.assertTrue(COMMITTED)
        for file in COMMITTED:
            self.assertEqual(schema.complaints(json.loads(file.read_text())), [], file.name)

    def test_what_the_driver_writes_is(self):
        with Programs(tandem=50, peer=100) as programs:
            done = programs.bench("--quick", "--rounds", "4")
            self.assertEqual(done.returncode, 0, done.stderr)
            result = programs.result()
        self.assertEqual(schema.complaints(result), [])
        ratio = result["rows"][0]["contenders"][1]["ratio"]
        self.assertTrue(0 <= ratio["p"] <= ratio["q"] <= 1)

    def test_a_fit_is(self):
        definitions = schema.load()
        place = definitions["properties"]["summary"]["properties"]["scaling"]["items"]["properties"]["fit"]
        for kappa in (0.0, 0.01):
            found = fit({n: [rate(n, 1e6, 0.05, kappa) * (1 + wobble) for wobble in (-0.02, 0, 0.02)]
                         for n in (1, 2, 4, 6, 8)})
            self.assertEqual(schema.complaints(found, {**place, "$defs": definitions["$defs"]}), [])
            json.dumps(found, allow_nan=False)


class Damaged(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        smallest = min(COMMITTED, key=lambda file: file.stat().st_size)
        cls.result = json.loads(smallest.read_text())

    def complaint(self, damage):
        result = copy.deepcopy(self.result)
        damage(result)
        found = schema.complaints(result)
        self.assertEqual(len(found), 1, found)
        return found[0]

    def test_each_damage_is_told_with_its_place(self):
        def row(change):
            return lambda result: change(result["rows"][0])

        for damage, said in (
                (lambda result: result.pop("samples"), "the result: samples is missing"),
                (lambda result: result.update(schema=2), ".schema: 2 is not 1"),
                (lambda result: result.update(started="today"), ".started: 'today' is not written like"),
                (lambda result: result.update(seconds=-1), ".seconds: -1 is too small"),
                (lambda result: result.update(extra=1), "the result: extra is not known"),
                (row(lambda one: one.update(better="more")), ".rows[0].better: 'more' is none of higher, lower"),
                (row(lambda one: one.update(standing="best")), ".rows[0].standing: is none of"),
                (row(lambda one: one.update(noise=True)), ".rows[0].noise: True is no number"),
                (row(lambda one: one["contenders"][0]["value"].update(median=float("nan"))),
                 ".rows[0].contenders[0].value.median: nan is no number"),
                (lambda result: result["summary"]["failed"].append(["row"]), ".summary.failed")):
            self.assertIn(said, self.complaint(damage))

    def test_a_schema_that_asks_for_more_than_is_checked_is_an_error(self):
        with self.assertRaisesRegex(ValueError, "uniqueItems"):
            schema.complaints([], {"type": "array", "uniqueItems": True})


if __name__ == "__main__":
    unittest.main()
