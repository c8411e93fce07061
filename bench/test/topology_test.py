"""Are the places of two threads found on machines of every shape, and is it told where there are none?"""
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from support import BENCH  # noqa: F401  which has put the driver on the path

import topology
from contenders import Contender, on
from rows import FEWEST, chosen, load, steps


def machine(folder, cores, cache, socket, threads=1, caches=True):
    """So many cores, `cache` of them behind one cache and `socket` in one socket; the threads of a core are numbered as Linux does."""
    for core in range(cores):
        siblings = [core + cores * thread for thread in range(threads)]
        for number in siblings:
            place = Path(folder, f"cpu{number}")
            (place / "topology").mkdir(parents=True)
            (place / "topology/core_cpus_list").write_text(",".join(map(str, siblings)) + "\n")
            (place / "topology/physical_package_id").write_text(f"{core // socket}\n")
            behind = [one + cores * thread for thread in range(threads) for one in range(cores) if one // cache == core // cache]
            for index, level, shared in ((0, 1, siblings), (1, 3, behind)) if caches else ():
                (place / f"cache/index{index}").mkdir(parents=True)
                (place / f"cache/index{index}/level").write_text(f"{level}\n")
                (place / f"cache/index{index}/shared_cpu_list").write_text(",".join(map(str, shared)) + "\n")
    Path(folder, "cpufreq").mkdir()


class Places(unittest.TestCase):
    def found(self, usable=None, **shape):
        with tempfile.TemporaryDirectory() as folder:
            if shape:
                machine(folder, **shape)
            usable = usable or list(range(shape.get("cores", 1) * shape.get("threads", 1)))
            return {name: processors or why for name, _, processors, why in topology.places(Path(folder), usable)}

    def test_a_large_machine_has_them_all(self):
        self.assertEqual(self.found(cores=8, cache=2, socket=4, threads=2),
                         {"one": (0,), "smt": (0, 8), "cache": (0, 1), "package": (0, 2), "socket": (0, 4)})

    def test_a_small_one_says_what_it_has_not(self):
        self.assertEqual(self.found(cores=2, cache=2, socket=2), {
            "one": (0,), "smt": topology.NONE, "cache": (0, 1), "package": topology.NONE, "socket": topology.NONE})

    def test_only_what_may_be_used_is(self):
        found = self.found(cores=4, cache=2, socket=2, threads=2, usable=[1, 2])
        self.assertEqual(found, {"one": (1,), "smt": topology.NONE_ALLOWED, "cache": topology.NONE_ALLOWED,
                                 "package": topology.NONE, "socket": (1, 2)})

    def test_what_cannot_be_read_is_unknown(self):
        self.assertEqual(set(self.found().values()), {(0,), topology.UNKNOWN})
        found = self.found(cores=2, cache=2, socket=2, caches=False)
        self.assertEqual((found["smt"], found["cache"], found["package"]), (topology.NONE, topology.UNKNOWN, topology.UNKNOWN))

    def test_lists_of_processors(self):
        self.assertEqual(topology.numbers("0-2,5,8-9"), {0, 1, 2, 5, 8, 9})
        self.assertEqual(topology.numbers(""), set())

    def test_where_nobody_says_what_may_be_used_all_may(self):
        with mock.patch.object(topology.os, "sched_getaffinity", side_effect=OSError), \
                mock.patch.object(topology.os, "cpu_count", return_value=3):
            self.assertEqual((topology.affinity(), topology.allowed()), ([], [0, 1, 2]))

    def test_this_machine_can_be_asked(self):
        self.assertEqual([name for name, *_ in topology.places()], [name for name, _ in topology.PLACES])


PLACES = [("one", "one processor for all", (3,), ""), ("smt", "two threads of one core", (3, 7), ""),
          ("socket", "two sockets", (), "this machine has none")]


class Rows(unittest.TestCase):
    def test_a_row_of_the_table_stands_in_every_place_that_there_is(self):
        rows = {row.id: row for row in load(PLACES)}
        row = rows["placement.queue.pingpong.smt"]
        self.assertEqual((row.processors, row.runs, row.part, row.floors, row.python), ((3, 7), "queue.pingpong", "placement", [], ""))
        self.assertEqual([name for name in rows if name.startswith("placement.queue.pingpong")],
                         ["placement.queue.pingpong.one", "placement.queue.pingpong.smt"])
        self.assertEqual(rows["queue.pingpong"].processors, ())
        self.assertEqual([row.id for row in chosen("^placement", False, list(rows.values())) if not row.part], [])

    def test_it_is_bound_to_its_processors(self):
        bound = on((3, 7), Contender("tandem", "ours", ["program", "--row", "r"], ["shown"]))
        self.assertEqual((bound.command, bound.shown), (["taskset", "-c", "3,7", "program", "--row", "r"],
                                                        ["taskset", "-c", "3,7", "shown"]))

    def test_a_sweep_goes_beyond_the_processors(self):
        self.assertEqual(steps(4), [1, 2, 3, 4, 6, 8])
        self.assertEqual(steps(4)[-1], FEWEST)
        self.assertEqual(steps(48), [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48])
        self.assertEqual(steps(20)[-2:], [16, 24])
        self.assertEqual(steps(1000)[-1], 256)


if __name__ == "__main__":
    unittest.main()
