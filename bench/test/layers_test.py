"""Does conformance/layers.toml know every generated test, and nothing that is not there?"""
import re
import sys
import unittest

from support import BENCH

sys.path.insert(0, str(BENCH / "report"))

import layers  # noqa: E402

ROOT = BENCH.parent
sys.path.append(str(ROOT / "scripts" / "lib"))

import fuzzing  # noqa: E402

TEST = re.compile(r"^TEST(?:_[FP])?\((\w+), (\w+)\)", re.M)


def tests():
    """{Suite.Test} of the sources, but for those that show that a checker sees what is wrong."""
    sources = [file for room in ("properties", "schedule") for file in (ROOT / "conformance" / room).glob("*.cpp")]
    found = {f"{suite}.{name}" for file in sources for suite, name in TEST.findall(file.read_text())}
    return {name for name in found if not name.startswith("Broken")} | {fuzzing.TEST}


class LayersTest(unittest.TestCase):
    def setUp(self):
        self.declared = layers.declared(ROOT)

    def test_every_test_tries_something(self):
        known = tests()
        self.assertGreater(len(known), 50)
        self.assertEqual([name for name in sorted(known) if not any(layer.fits(name) for layer in self.declared)], [])

    def test_nothing_is_declared_in_vain(self):
        known = tests()
        for layer in self.declared:
            self.assertIn(layer.kind, layers.KINDS)
            for pattern in layer.tests:
                self.assertTrue([name for name in known if layers.fnmatch.fnmatchcase(name, pattern)], pattern)
            for primitive in layer.primitives():
                self.assertTrue((ROOT / f"spec/{primitive}.toml").exists(), primitive)

    def test_every_count_of_a_soak_is_shown(self):
        for soak in layers.load(ROOT / "conformance/results", "soak-*.json"):
            for name in soak["counts"]:
                self.assertTrue([one for layer in self.declared if layer.module == soak["module"] for one in layer.tried_by(name)], name)

    def test_the_parameter_decides(self):
        layer = layers.Layer({"kind": "stress", "module": "m", "tests": ["Q.*"], "parameters": {"Queue*": "q/queue", "L*": "q/lifo"}})
        self.assertEqual(layer.tried_by("Queues/Q.Blocking/Queue_of_1"), ["q/queue"])
        self.assertEqual(layer.tried_by("Queues/Q.Blocking/Lifo"), ["q/lifo"])
        self.assertEqual(layer.tried_by("Queues/R.Blocking/Lifo"), [])

    def test_versions(self):
        self.assertEqual(layers.versions(["3.8", "3.9", "3.10"]), "3.8 to 3.10")
        self.assertEqual(layers.versions(["3.8", "3.10", "3.11"]), "3.8, 3.10, 3.11")
        self.assertEqual(layers.versions(["3.13"]), "3.13")


if __name__ == "__main__":
    unittest.main()
