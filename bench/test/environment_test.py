"""Is what can't be read "unknown", and does the machine's id change with the machine only?"""
import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from support import BENCH  # which has put the driver on the path

import environment
import schema
from environment import UNKNOWN


class Unreadable(unittest.TestCase):
    """A system without /sys and /proc."""

    def setUp(self):
        nothing = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.enterContext(mock.patch.object(environment, "CPU", nothing))
        self.enterContext(mock.patch.object(environment, "text", lambda path: UNKNOWN))
        self.enterContext(mock.patch.object(environment.os, "sched_getaffinity", side_effect=OSError))
        self.enterContext(mock.patch.object(environment.os, "getloadavg", side_effect=OSError))

    def test_nothing_is_guessed(self):
        found = environment.machine()
        for key in ("microcode", "smt", "caches", "memory", "numa_nodes", "affinity", "governor", "turbo", "mitigations", "clocksource",
                    "idle_driver", "huge_pages", "hypervisor"):
            self.assertEqual(found[key], UNKNOWN, key)
        self.assertEqual((found["topology"]["packages"], found["topology"]["cores"]), (UNKNOWN, UNKNOWN))
        self.assertEqual(found["cgroup"]["cpuset"], UNKNOWN)
        self.assertEqual(environment.load(), UNKNOWN)

    def test_a_result_may_say_so(self):
        with tempfile.TemporaryDirectory() as folder:
            found = environment.capture(Path(folder), {}, [{"peer": "one", "found": True, "version": ""}], [])
        self.assertEqual((found["compiler"], found["build_type"], found["commit"]), (UNKNOWN, UNKNOWN, UNKNOWN))
        self.assertEqual(found["libraries"], {"one": UNKNOWN})
        self.assertEqual(environment._packaged("no-such-package-of-anybody"), UNKNOWN)
        self.assertEqual(schema.complaints({**found, "load_after": UNKNOWN}, schema_of("environment")), [])


def schema_of(part):
    whole = schema.load()
    return {**whole["properties"][part], "$defs": whole["$defs"]}


class Read(unittest.TestCase):
    def read(self, function, **files):
        with mock.patch.object(environment, "text", lambda path: files.get(str(path).rpartition("/")[2], UNKNOWN)):
            return function()

    def test_turbo_is_told_by_whoever_knows(self):
        self.assertEqual(self.read(environment._turbo, boost="1"), "on")
        self.assertEqual(self.read(environment._turbo, no_turbo="1"), "off")
        self.assertEqual(self.read(environment._turbo), UNKNOWN)

    def test_the_tightest_quota_of_the_groups_counts(self):
        files = {"/proc/self/cgroup": "0::/a/b", "/sys/fs/cgroup/a/b/cpu.max": "max 100000", "/sys/fs/cgroup/a/cpu.max": "150000 100000",
                 "/sys/fs/cgroup/cpu.max": "400000 100000", "/sys/fs/cgroup/a/b/cpuset.cpus.effective": "0-1"}
        with mock.patch.object(environment, "text", lambda path: files.get(str(path), UNKNOWN)):
            self.assertEqual(environment.cgroup(), {"cpu_quota": "1.5 processors", "cpuset": "0-1", "memory": UNKNOWN})
            for allowed, processors in ((1, 1), (2, 2), (64, 2)):
                with mock.patch.object(environment, "allowed", lambda count=allowed: list(range(count))):
                    self.assertEqual(environment.processors(), processors)

    def test_groups_of_the_older_kind_are_told_in_processors_too(self):
        place = "/sys/fs/cgroup/cpu/cpu.cfs_"
        for took, most in (("250000", "2.5 processors"), ("-1", "none"), (None, UNKNOWN)):
            files = {"/proc/self/cgroup": "4:cpu,cpuacct:/", place + "period_us": "100000"} | ({place + "quota_us": took} if took else {})
            with mock.patch.object(environment, "text", lambda path, files=files: files.get(str(path), UNKNOWN)):
                self.assertEqual(environment.cgroup(), {"cpu_quota": most, "cpuset": UNKNOWN,
                                                        "memory": UNKNOWN if most == UNKNOWN else "none"})

    def test_the_tightest_limit_of_memory_counts_of_either_kind(self):
        newer = {"/proc/self/cgroup": "0::/a/b", "/sys/fs/cgroup/a/b/memory.max": "max"}
        older = {"/proc/self/cgroup": "4:cpu,memory:/c\n0::/", "/sys/fs/cgroup/memory/c/memory.limit_in_bytes": "9223372036854771712"}
        for files, said in (({}, UNKNOWN), (newer, "none"), (newer | {"/sys/fs/cgroup/a/memory.max": str(3 << 29)}, "1.5 GiB"),
                            (older, "none"), (older | {"/sys/fs/cgroup/memory/memory.limit_in_bytes": str(4 << 30)}, "4 GiB")):
            with mock.patch.object(environment, "text", lambda path, files=files: files.get(str(path), UNKNOWN)):
                self.assertEqual(environment.memory_limit(), said)

    def test_without_a_limit_all_that_are_allowed_count(self):
        with mock.patch.object(environment, "text", lambda path: UNKNOWN):
            self.assertEqual(environment.processors(), len(environment.allowed()))

    def test_a_hypervisor_is_seen_by_its_flag(self):
        self.assertEqual(self.read(environment._hypervisor, cpuinfo="flags\t: sse"), "none")
        self.assertEqual(self.read(environment._hypervisor, cpuinfo="flags\t: sse hypervisor"), "yes")
        self.assertEqual(self.read(environment._hypervisor, cpuinfo="flags\t: hypervisor", sys_vendor="QEMU"), "QEMU")


class Identity(unittest.TestCase):
    def test_it_is_the_machine_and_nothing_else(self):
        one = environment.machine()
        again = json.loads(json.dumps(one))
        self.assertEqual(environment.machine_id(one), environment.machine_id(dict(reversed(again.items()))))
        self.assertRegex(environment.machine_id(one), "^[0-9a-f]{12}$")
        self.assertNotEqual(environment.machine_id(one), environment.machine_id({**again, "kernel": "another"}))

    def test_a_limit_of_memory_is_part_of_it_where_there_is_one(self):
        one = environment.machine()
        of = {said: environment.machine_id({**one, "cgroup": {**one["cgroup"], "memory": said}}) for said in ("none", UNKNOWN, "2 GiB")}
        before = {**one, "cgroup": {key: value for key, value in one["cgroup"].items() if key != "memory"}}
        self.assertEqual({of["none"], of[UNKNOWN]}, {environment.machine_id(before)})
        self.assertNotEqual(of["2 GiB"], of["none"])

    def test_the_committed_results_have_that_of_their_machine(self):
        for file in (BENCH / "results").glob("*/*.json"):
            described = json.loads(file.read_text())["environment"]
            self.assertEqual(environment.machine_id(described["machine"]), file.parent.name)


if __name__ == "__main__":
    unittest.main()
