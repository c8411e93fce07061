#!/usr/bin/env python3
"""scripts/lib/ports.py, port_page.py, scripts/validate-port: how a target is called, what ctest said, what differs, what fails."""
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import types
import unittest
from unittest import mock

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.append(os.path.join(ROOT, "scripts", "lib"))

import kits
import ports
import results as lib
from script import loaded

COMMAND = os.path.join(ROOT, "scripts", "validate-port")
validate = loaded("validate-port")

FACTS = {"system": "Linux", "machine": "x86_64", "compiler": "GNU 12.2.0", "standard-library": "libstdc++ 12",
         "pointer-bits": 64, "endianness": "little", "linking": "dynamic", "time-scale": 1}
JUNIT = """<testsuite>
<testcase name="queue.get.order" time="0.1" status="run"/>
<testcase name="Spawn.Dies" time="0.5" status="fail"><failure message=""/><system-out>the end</system-out></testcase>
<testcase name="Spawn.Hangs" time="300" status="fail"><failure message=""/></testcase>
<testcase name="Spawn.Fails" time="0.5" status="fail"><failure message=""/><system-out>a.cpp:3: Failure
Expected: 1
  Actual: 2

[  FAILED  ] Spawn.Fails</system-out></testcase>
<testcase name="live.queue" time="0" status="notrun"><skipped message="…"/><system-out>SKIP(no python3)</system-out></testcase>
<testcase name="Robust.Lock" time="0" status="notrun"><skipped message="…"/><system-out>a.cpp:4: Skipped
UNSUPPORTED(robust_mutexes): no

[  SKIPPED ] Robust.Lock</system-out></testcase>
</testsuite>"""
LOG = """ 1/5 Test #11: queue.get.order ......   Passed    0.10 sec
 2/5 Test #12: Spawn.Dies ...........***Exception: SegFault  0.50 sec
 3/5 Test  #3: %s ..........***Timeout 300.18 sec
 4/5 Test #14: Spawn.Fails ..........***Failed    0.50 sec
"""


def case(id, status="PASS", message=""):
    return {"record": "case", "id": id, "status": status, "level": "MUST", "message": message, "ms": 3, "transcript": [],
            "command": ROOT + "/exe --case=" + id}


def of(*cases):
    results = lib.Results()
    results.cases = list(cases)
    return results


def document(target, *cases, tests=(), **facts):
    doctor = {"capabilities": {"fork": "yes", "pidfd": facts.pop("pidfd", "yes")}, "facts": dict(FACTS, **facts)}
    return ports.port(target, doctor, of(*cases), of(*tests), mode="quick", suites=[], absent=[], commit="c", again="scripts/validate-port",
                      again_module="scripts/validate-port --suite {module}")


class PortsTest(unittest.TestCase):
    def test_names(self):
        self.assertEqual(ports.name_of({"facts": FACTS}, False), "linux-x86_64-gnu12")
        clang = dict(FACTS, compiler="clang 19.1.4 (x)", **{"standard-library": "libc++ 190104"})
        self.assertEqual(ports.name_of({"facts": clang}, False), "linux-x86_64-clang19-libcxx")
        self.assertEqual(ports.name_of({"facts": dict(FACTS, machine="s390x")}, True), "linux-s390x-gnu12-emulated")
        self.assertEqual(ports.name_of({"facts": dict(FACTS, **{"pointer-bits": 32})}, False), "linux-x86_64-32-gnu12")
        self.assertEqual(ports.name_of({"facts": dict(FACTS, linking="static")}, False), "linux-x86_64-static-gnu12")

    def ctest(self, hangs="Spawn.Hangs"):
        """The two files that it leaves."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        paths = []
        for name, text in (("tests.xml", JUNIT.replace("Spawn.Hangs", hangs)), ("tests.log", LOG % hangs)):
            paths.append(os.path.join(folder.name, name))
            with open(paths[-1], "w", encoding="utf-8") as file:
                file.write(text)
        return paths

    def test_what_ctest_said(self):
        tests = ports.other_tests(*self.ctest(), {"queue.get.order"})
        self.assertEqual([(test["id"], test["status"], test["message"]) for test in tests.cases], [
            ("Spawn.Dies", "CRASH", "the end"), ("Spawn.Hangs", "TIMEOUT", "TIMEOUT"),
            ("Spawn.Fails", "FAIL", "Expected: 1\n  Actual: 2"), ("live.queue", "SKIP", "SKIP(no python3)"),
            ("Robust.Lock", "UNSUPPORTED", "UNSUPPORTED(robust_mutexes): no")])

    def test_what_the_doctor_found_is_no_reason_to_skip(self):
        tests = ports.other_tests(*self.ctest(), {"queue.get.order"})
        self.assertEqual(ports.skipped_in_vain(tests, {"robust-mutexes"}), [])
        (problem,) = ports.skipped_in_vain(tests, {"pidfd"})
        self.assertRegex(problem, "Robust.Lock: robust_mutexes")

    def test_a_case_that_died_under_ctest_is_told_of(self):
        id = next(iter(ports.evidence.specs().values()))["clause"][0]["id"]
        paths = self.ctest(id)
        folder = os.path.dirname(paths[0])
        ports.tell_of_the_dead(*paths, folder)
        (name,) = [name for name in os.listdir(folder) if name.endswith(".jsonl")]
        results = lib.Results()
        results.read(os.path.join(folder, name))
        self.assertRegex(name, r"^conformance_\w+\.%s\.jsonl$" % id)
        self.assertEqual([(case["id"], case["status"]) for case in results.cases], [(id, "TIMEOUT")])
        self.assertEqual(results.problems, [])

    def test_what_is_not_pass_is_explained(self):
        one = document("t", case("a.b.c"), case("a.b.d", "UNSUPPORTED", "UNSUPPORTED(fork)"))
        self.assertEqual(one["counts"], {"PASS": 1, "UNSUPPORTED": 1})
        self.assertEqual(one["remarks"], {"a.b.d": {"status": "UNSUPPORTED", "says": "UNSUPPORTED(fork)",
                                                    "again": "exe --case=a.b.d"}})
        self.assertFalse(ports.failed(one))
        self.assertEqual(ports.left_out(one), ["a.b.d"])
        self.assertEqual(ports.left_out(dict(one, absent=["schedules"])), ["a.b.d", "schedules"])

    def test_a_command_is_one_for_this_machine(self):
        failed = case("a.b.c", "FAIL", ROOT + "/a.cpp")
        failed["command"] = "TANDEM_TIME_SCALE=4 " + failed["command"]
        one = ports.port("t", {"capabilities": {}, "facts": {}}, of(failed), of(), emulator=[ROOT + "/emulated", "arm"])
        self.assertEqual(one["remarks"]["a.b.c"], {"status": "FAIL", "says": "a.cpp",
                                                   "again": "TANDEM_TIME_SCALE=4 emulated arm exe --case=a.b.c"})

    def test_what_a_case_logged_is_kept_where_it_did_not_pass(self):
        known = dict(case("a.b.c", "XFAIL", "it differs"), reason="qemu", transcript=["1", ROOT + "/a.cpp"])
        remark = document("t", known)["remarks"]["a.b.c"]
        self.assertEqual((remark["says"], remark["transcript"]), ("qemu", "it differs\n1\na.cpp"))

    def test_one_template_is_the_command_of_every_case(self):
        dead, one = case("a.b.c", "CRASH"), case("queue.get.b")
        dead["command"], one["command"] = "ctest -R '^a.b.c$'", "TANDEM_TIME_SCALE=4 %s/build/arm/conformance_queue --case=queue.get.b" % ROOT
        for cases, template in (((dead, one), "TANDEM_TIME_SCALE=4 emulated arm build/arm/conformance_{module} --case={id}"),
                                ((dead,), "by module {module}")):
            found = ports.port("t", {"capabilities": {}, "facts": {}}, of(*cases), of(), emulator=["emulated", "arm"], again_module="by module {module}")
            self.assertEqual(ports.template(found), template)

    def test_what_fails(self):
        self.assertTrue(ports.failed(document("t", case("a.b.c", "FAIL", "bad"))))
        self.assertTrue(ports.failed(document("t", case("a.b.c"), tests=[case("X.Y", "CRASH")])))
        self.assertTrue(ports.failed(dict(document("t", case("a.b.c")), problems=["none matched"])))

    def test_a_clause_of_which_nothing_was_heard(self):
        ids = [clause["id"] for spec in ports.evidence.specs().values() for clause in spec.get("clause", [])]
        self.assertEqual(ports.not_run(of(*map(case, ids))), [])
        self.assertEqual(ports.not_run(of(*map(case, ids[:-2]))), ["no case was run of 2 clauses, such as " + ids[-2]])

    def test_what_runs_less(self):
        for mode, suites, before_mode, before_suites, less in (
                ("quick", [], "quick", [], False), ("quick", [], "full", [], True), ("full", [], "quick", [], False),
                ("quick", ["queue"], "quick", [], True), ("quick", [], "quick", ["queue"], False),
                ("kit", [], "quick", [], True), ("quick", [], "kit", [], False),
                ("quick", ["os", "queue"], "quick", ["queue"], False), ("quick", ["os"], "quick", ["os", "queue"], True)):
            before = {"mode": before_mode, "suites": before_suites}
            self.assertEqual(ports.runs_less(mode, suites, before), less, (mode, suites, before))

    def test_differences_are_between_what_both_ran(self):
        one = document("t", case("a.b.c"), case("a.b.d"), case("a.b.e"), endianness="big", pidfd="no: ENOSYS", **{"time-scale": 3})
        other = document("u", case("a.b.c"), case("a.b.d", "XFAIL", "bad"))
        self.assertEqual(ports.differences(one, other), {
            "capabilities": {"pidfd": ("no: ENOSYS", "yes")}, "facts": {"endianness": ("big", "little")},
            "clauses": {"a.b.d": ("PASS", "XFAIL")}})

    def test_what_an_older_doctor_did_not_tell_is_no_difference(self):
        one, older = document("t", case("a.b.c"), linking="static"), document("u", case("a.b.c"))
        self.assertEqual(ports.differences(one, older)["facts"], {"linking": ("static", "dynamic")})
        del older["facts"]["linking"]
        self.assertEqual(ports.differences(one, older)["facts"], {})

    def test_twins_that_were_run_again_are_told(self):
        import port_page
        tests = of(case("live.queue.queue"), case("live.os.popen", "SKIP", "no python3"), case("Spawn.Works"))
        for again, shown in ((ports.run_again(tests), "1 files of twins were run again"), (ports.run_again(of()), "no python3 ran the twins")):
            self.assertIn(shown, port_page.html(dict(document("t", case("a.b.c")), live=again), {}))

    def test_programs_say_what_became_of_the_clauses_that_they_try(self):
        kind = {"different": 0, "programs": 9, "smallest": {}}
        bad = dict(kind, different=1, smallest={"queue/get": {"says": [1], "against": [2]}})
        row = {"breaches": [], "kinds": {"shlex": kind, "queue": bad}, "lacks": []}
        cases = {case["id"]: case for case in ports.clauses_of_programs(row, "again").cases}
        self.assertEqual(cases["shlex.split.quotes"]["status"], "PASS")
        self.assertEqual((cases["queue.order.fifo"]["status"], cases["queue.order.fifo"]["level"]), ("FAIL", "MUST"))
        self.assertEqual(cases["queue.lifo.order"]["command"], "again --kind queue")
        self.assertFalse({"queue.blocked.uses-no-cpu", "futures.future.repr"} & set(cases))  # no program tries it; none was run
        self.assertIn("queue.shutdown.put-raises", cases)
        cases = {case["id"] for case in ports.clauses_of_programs(dict(row, lacks=["queue.shutdown"]), "again").cases}
        self.assertFalse({"queue.shutdown.put-raises"} & cases)

    def test_every_clause_that_programs_try_is_of_one(self):
        tried = {primitive for primitives in ports.primitives_of_programs().values() for primitive in primitives}
        for primitive, spec in ports.evidence.specs().items():
            if any(clause["oracle"] == "differential" for clause in spec.get("clause", [])):
                self.assertIn(primitive, tried)
        from conformance_programs import GENERATORS
        self.assertEqual(set(ports.primitives_of_programs()), set(GENERATORS))

    def test_every_clause_and_target_is_on_the_page(self):
        import port_page
        id = next(iter(ports.evidence.specs().values()))["clause"][0]["id"]
        one = document("linux-here", case(id, "FAIL", "<bad>"), pidfd="unknown: <why>")
        text = port_page.html(one, {"linux-there": document("linux-there", case(id))})
        for shown in (id, "linux-there", "&lt;bad&gt;", "&lt;why&gt;", ">failed<", "exe --case=" + id):
            self.assertIn(shown, text)

    def test_no_cell_is_unexplained(self):
        import port_page
        specs = ports.evidence.specs()
        first, last = ([clause["id"] for clause in specs[name]["clause"]][0] for name in ("queue/queue", "shlex/split"))
        known = dict(case(first, "XFAIL", "it <differs>"), reason="qemu does so", transcript=["1"])
        part = dict(document("linux-part", known), suites=["queue"], when="2026-01-02")
        text = port_page.html(document("linux-here", case(first), case(last)), {"linux-part": part})
        total = sum(len(spec.get("clause", [])) for spec in specs.values())
        for shown in ("2 of %d" % total, "1 of %d" % total, "2026-01-02", ">%s<" % port_page.commits.age(ROOT, "c"),  # of what each column is
                      "qemu does so<details><summary>what it said and logged</summary><pre>it &lt;differs&gt;\n1</pre>", "exe --case=" + first,
                      "<code>scripts/validate-port --suite {module}</code>", '<details data-again><summary><code>%s</code></summary>' % last):
            self.assertIn(shown, text)
        (line,) = [line for line in text.split("<tr>") if "<code>%s</code>" % last in line and "data-again" in line]
        self.assertEqual(line.count("<td>PASS</td>") + line.count(">not asked<"), 2)
        unexplained = dict(part, remarks={})
        self.assertIn("XFAIL: nobody says why", port_page.html(unexplained, {}))

    def test_no_committed_cell_is_unexplained(self):
        for name, one in ports.committed().items():
            self.assertEqual({id for id, status in ports.statuses(one).items() if status != "PASS"} - set(one["remarks"]), set(), name)

    def test_the_committed_ones_are_whole(self):
        for name, one in ports.committed().items():
            self.assertEqual(one["target"], name)
            self.assertFalse(ports.failed(one), name)
            self.assertEqual(set(ports.statuses(one).values()), set(one["counts"]), name)


class CommandTest(unittest.TestCase):
    def again(self, *arguments):
        with mock.patch.object(sys, "argv", [COMMAND, *arguments]):
            return validate.again(validate.arguments())

    def test_what_to_type_for_the_same(self):
        for arguments in ("", " --live", " --preset s390x --full", " --compiler clang++-19 --suite pickle --suite queue", " --certify"):
            self.assertEqual(self.again(*arguments.split())["again"], "scripts/validate-port" + arguments)
        file = os.path.join("conformance", "my own.cmake")
        self.assertEqual(self.again("--toolchain", os.path.join(ROOT, file), "--full"), {
            "again": "scripts/validate-port --toolchain '%s' --full" % file,
            "again_module": "scripts/validate-port --toolchain '%s' --suite {module}" % file})

    def test_a_case_that_failed_without_a_word_is_told(self):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            validate.summary(document("t", case("a.b.c", "FAIL", ""), case("a.b.d", "FAIL", "one\ntwo")))
        self.assertRegex(said.getvalue(), "FAIL a.b.c: \nFAIL a.b.d: one\n")

    def test_less_is_not_recorded(self):
        before = {"t": dict(document("t", case("a.b.c")), again="scripts/validate-port")}
        with mock.patch.object(ports, "committed", return_value=before):
            for arguments, target in (("--record", "t"), ("--suite os", "t"), ("--record --suite os", "u")):
                with mock.patch.object(sys, "argv", [COMMAND, *arguments.split()]):
                    validate.refuse_to_record_less(target, validate.arguments())
            with mock.patch.object(sys, "argv", [COMMAND, "--record", "--suite", "os"]):
                with self.assertRaisesRegex(validate.Failed, "conformance/ports/t.json is of scripts/validate-port: "):
                    validate.refuse_to_record_less("t", validate.arguments())

    def test_what_an_earlier_run_left_is_not_taken(self):
        with tempfile.TemporaryDirectory() as path:
            for name in ("tests.xml", "tests.log", "results/results.jsonl", "port-t.html"):
                os.makedirs(os.path.dirname(os.path.join(path, name)), exist_ok=True)
                with open(os.path.join(path, name), "w", encoding="utf-8") as file:
                    file.write("all pass")
            folder = validate.Folder(path)
            self.assertEqual(os.listdir(path), ["port-t.html"])
            with open(folder.path("tests.log"), "w", encoding="utf-8") as file:
                file.write("no such program")
            with self.assertRaisesRegex(validate.Failed, "tests left no results:\nno such program"):
                folder.written("tests", "tests.xml")

    def test_the_time_scale_is_the_doctors_of_today(self):
        target = validate.Target.__new__(validate.Target)
        with mock.patch.object(target, "configure") as configure, contextlib.redirect_stdout(io.StringIO()):
            target.begin()
            configure.assert_called_once_with("--fresh")
            for cached, asked, told in (("1", 1.9, []), ("1", 3.2, ["-DTANDEM_TIME_SCALE=3"]), ("4", 3.2, [])):
                configure.reset_mock()
                with mock.patch.object(target, "cached", return_value=cached):
                    target.slow_down({"facts": {"time-scale": asked}})
                self.assertEqual([argument for call in configure.call_args_list for argument in call[0]], told)

    def test_where_tests_wait_is_told_before_ctest_kills_them(self):
        with tempfile.TemporaryDirectory() as path:
            target = validate.Target.__new__(validate.Target)
            target.options = types.SimpleNamespace(mode="quick", suite=[], jobs=1, live=False)
            target.build = target.folder = path
            with open(os.path.join(path, "CTestTestfile.cmake"), "w", encoding="utf-8") as file:
                file.write("add_test(quick true)\nset_tests_properties(quick PROPERTIES LABELS case)\n")
            with mock.patch.object(target, "emulator", return_value=["env"]), contextlib.redirect_stdout(io.StringIO()), \
                    mock.patch.object(target, "step", wraps=target.step) as step:
                target.tests()
            self.assertIn("100% tests passed", target.tail("tests"))
            self.assertEqual([case["status"] for case in ports.other_tests(target.path("tests.xml"), target.path("tests.log"), ()).cases],
                             ["PASS"])
            command = step.call_args[0]
            self.assertEqual(command[3:7], (validate.hangs.__file__, path, "env", "ctest"))

    def test_layers_that_a_suite_leaves_out_are_absent(self):
        import port_page
        target = validate.Target.__new__(validate.Target)
        lacking, beside = ["random programs", "schedules"], ["white-box tests (--suite)"]
        more = ["stress tests (--suite)", "twins run again (--suite)"]
        cross = [validate.DRD]
        for arguments, rapidcheck, crosscompiling, absent in (
                ("", "ON", "FALSE", []), ("", "OFF", "FALSE", lacking), ("--suite os", "ON", "FALSE", beside),
                ("--suite os", "OFF", "TRUE", lacking + cross + beside), ("--certify", "ON", "FALSE", []), ("--certify", "ON", "TRUE", cross),
                ("--certify --suite os", "OFF", "FALSE", lacking + beside + more)):
            with mock.patch.object(sys, "argv", [COMMAND, *arguments.split()]):
                target.options = validate.arguments()
            cache = {"TANDEM_RAPIDCHECK": rapidcheck, "TANDEM_CROSSCOMPILING": crosscompiling}
            with mock.patch.object(target, "cached", cache.get):
                self.assertEqual(target.absent(), absent, arguments)
        left_out = [what.partition(" is left out")[0] for what in validate.uncertified(dict(document("t"), absent=cross + lacking))]
        self.assertEqual(left_out, lacking)
        self.assertIn("Absent: white-box tests (--suite).", port_page.html(dict(document("t", case("a.b.c")), absent=beside), {}))

    def test_what_an_archive_has(self):
        import tarfile
        with tempfile.TemporaryDirectory() as path:
            folder = validate.Folder(path)
            for name in ("tests.xml", "port-t.json", "port-t.html", "port-another.json", "port-another.tar.gz", "port-t.tar.gz"):
                with open(folder.path(name), "w", encoding="utf-8"):
                    pass
            with tarfile.open(validate.archived(folder, {"target": "t"})) as archive:
                self.assertEqual(sorted(archive.getnames()), ["port-t/port-t.html", "port-t/port-t.json", "port-t/tests.xml"])

    # Debian, where nothing is there yet.
    STUBS = ("is_debian() { true; }; _missing() { printf '%s\\n' \"$@\"; }; _may_be_root() { true; }; _renew_lists() { true; }; "
             "_install() { echo \"$@\"; }; ")

    def words(self, script, *arguments):
        """What bash says, once it knows packages.sh."""
        said = subprocess.run(["bash", "-ec", "source scripts/lib/packages.sh; " + script, "packages", *arguments], cwd=ROOT,
                              stdout=subprocess.PIPE, check=True)
        return said.stdout.decode().split()

    def test_packages_of_a_compiler(self):
        for compiler, packages in (("", []), ("no-such-g++-13", ["no-such-g++-13"]), ("/none/g++-13", ["g++-13"]),
                                   ("/none/clang++-19", ["clang-19", "libclang-rt-19-dev"])):
            self.assertEqual(self.words("packages_of_compiler \"$1\"", compiler), packages, compiler)

    def test_packages_of_an_emulated_target(self):
        presets = {"aarch64": "aarch64", "armhf": "arm", "riscv64": "riscv64", "s390x": "s390x"}
        for preset, qemu in presets.items():
            for linux, package in (("5.10.0-21-amd64", True), ("6.6.13", True), ("6.7.0", False), ("6.18.4-x", False)):
                for registered, registers in ((None, package), (qemu, False), ("another", package)):
                    packages = self.emulated(preset, linux, "x86_64", registered)
                    self.assertIn("qemu-user", packages)
                    self.assertEqual("qemu-user-binfmt" in packages, registers, (preset, linux, registered))

    def test_an_x86_of_64_bits_emulates_none_of_32(self):
        self.assertEqual([one for one in self.emulated("i386", "5.10", "x86_64") if "qemu" in one], [])
        self.assertEqual([one for one in self.emulated("i386", "5.10", "aarch64") if "qemu" in one], ["qemu-user", "qemu-user-binfmt"])

    def emulated(self, preset, linux, machine, registered=None):
        """The packages of a preset, where the kernel knows that emulator."""
        script = ("linux=$2 machine=$3 binfmt_registry=$4; uname() { [[ $1 != -m ]] && echo \"$linux\" || echo \"$machine\"; }; "
                  "packages_of_preset \"$1\"")
        with tempfile.TemporaryDirectory() as registry:
            if registered:
                with open(os.path.join(registry, "qemu-" + registered), "w", encoding="utf-8"):
                    pass
            return self.words(script, preset, linux, machine, registry)

    def test_packages_of_a_mode(self):
        target = validate.Target.__new__(validate.Target)
        for arguments, needs in (("", "require_packages"), ("--certify --suite os", "require_packages"),
                                 ("--full", "require_all_packages"), ("--certify", "require_certified_packages")):
            with mock.patch.object(sys, "argv", [COMMAND, *arguments.split()]), mock.patch.object(target, "step") as step:
                target.options = validate.arguments()
                target.packages()
            name, *command = step.call_args[0]
            self.assertEqual((name, command[-3:]), ("packages", ["dev", "", needs]), arguments)

    def test_what_is_installed(self):
        most = {"cmake", "it", "socat", "netcat-openbsd", "doxygen", "chromium", "valgrind"}
        for command, lacks in (("require_packages", most - {"cmake", "it"}), ("require_test_packages", {"chromium", "valgrind"}),
                               ("require_all_packages", {"valgrind"}), ("require_certified_packages", set()),
                               ("require_certified_packages g++-arm-linux-gnueabihf", {"valgrind"})):
            self.assertEqual(most - set(self.words(self.STUBS + command + " it")), lacks)

    def test_what_is_wanted_is_wanted_each_by_itself(self):
        once = self.words(self.STUBS + "_renew_lists() { echo lists; }; _install() { echo \"$@\"; [[ $1 != a ]]; }; want_packages a b c")
        self.assertEqual("".join(once), "missing,andtestsareskippedwithout:abclistsa(gonewithout:a)bc")

    def test_nobody_is_asked_for_a_password_for_what_is_only_wanted(self):
        stubs = self.STUBS + "_may_be_root() { false; }; _may_ask() { true; }; "
        self.assertEqual(self.words(stubs + "require_packages it")[-1], "it")
        self.assertIn("(gone", self.words(stubs + "_install() { exit 1; }; want_packages it"))

    def test_what_cannot_be_asked_together(self):
        for wrong in ("--suite queue --full", "--suite queue --live", "--implementation x --live", "--implementation x --suite queue",
                      "--implementation x --preset i386", "--results x --quick", "--results x --suite queue",
                      "--results x --compiler y", "--name linux-x", "--results x --name ../x"):
            child = subprocess.run([sys.executable, "-B", COMMAND, *wrong.split()], stderr=subprocess.PIPE)
            self.assertEqual(child.returncode, 2, wrong)
            self.assertIn(b"error: ", child.stderr)


class KitTest(unittest.TestCase):
    """scripts/validate-port --results"""

    IDS = ("shlex.quote.safe", "shlex.split.quotes")

    @classmethod
    def setUpClass(cls):
        """What takes a second to read is read once."""
        once = mock.patch.object(ports.evidence, "specs", return_value=ports.evidence.specs())
        once.start()
        cls.addClassCleanup(once.stop)

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder, self.committed = os.path.join(temporary.name, "results"), os.path.join(temporary.name, "ports")
        os.mkdir(self.folder)
        os.mkdir(self.committed)
        self.write("doctor.json", json.dumps({"capabilities": {"fork": "yes", "pidfd": "no: ENOSYS"}, "facts": FACTS}))
        self.write("commit", "123456789abc-dirty\n")
        self.write("runs", "asked shlex\nended 2\n")
        self.suite("conformance_shlex", *map(case, self.IDS))

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def suite(self, stem, *cases):
        """What an executable of the kit writes, and run-conformance beside it."""
        for one in cases:
            one["command"] = "TANDEM_TIME_SCALE=4 /there/my kit/bin/conformance_x --case=" + one["id"]
        records = [{"record": "header", "executable": stem, "toolchain": "GNU 12", "target": "Linux x86_64", "sanitizer": "", "time_scale": 4.0},
                   *cases, {"record": "footer", "cases": len(cases)}]
        self.write(stem + ".jsonl", "".join(json.dumps(record) + "\n" for record in records))
        self.write(stem + ".log", "")

    def validate(self, *arguments, expect=""):
        """The exit code, and what was said."""
        expected = os.path.join(os.path.dirname(self.folder), "linux.toml")
        with open(expected, "w", encoding="utf-8") as file:
            file.write(expect)
        said = io.StringIO()
        with mock.patch.object(sys, "argv", [COMMAND, "--results", self.folder, *arguments]), \
                mock.patch.object(ports, "COMMITTED", self.committed), \
                mock.patch.object(ports, "expectations", return_value=[expected]), \
                contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            return validate.main(), said.getvalue()

    def port(self, target="linux-x86_64-gnu12"):
        return json.loads(ports.evidence.read(os.path.join(self.folder, "port-%s.json" % target)))

    def test_the_port_is_of_what_was_run_there(self):
        self.assertEqual(self.validate()[0], 0)
        port = self.port()
        self.assertEqual([port[key] for key in ("mode", "suites", "commit", "counts", "tests", "time_scale", "problems")],
                         ["kit", ["shlex"], "123456789abc-dirty", {"PASS": 2}, {}, 4.0, []])
        self.assertEqual(port["absent"][:2], ["white-box tests (kit)", "random programs (kit)"])
        self.assertRegex(port["absent"][-1], "^no case was run of [0-9]+ clauses")
        self.assertEqual(port["again"], "run-conformance --results DIR shlex; scripts/validate-port --results DIR")
        self.assertEqual(ports.template(port), "TANDEM_TIME_SCALE=4 run-conformance {id}")
        self.assertTrue(os.path.exists(os.path.join(self.folder, "port-linux-x86_64-gnu12.html")))
        self.assertEqual(os.listdir(self.committed), [])

    def test_expectations_hold_there_too(self):
        expect = '[[expect]]\ncase = "%s"\nstatus = "FAIL"\nmessage = "bad"\nreason = "why"\nlacks = "%s"\n'
        failed = dict(case(self.IDS[0], "FAIL", "bad: /there/my kit/spec"), transcript=["1", "at /there/my kit/bin/x"])
        self.suite("conformance_shlex", failed, case(self.IDS[1]))
        for lacks, code, status in (("pidfd", 0, "XFAIL"), ("fork", 1, "FAIL")):
            self.assertEqual(self.validate(expect=expect % (self.IDS[0], lacks))[0], code)
            self.assertEqual(self.port()["remarks"][self.IDS[0]], {
                "status": status, "says": "why" if code == 0 else "bad: spec", "again": "TANDEM_TIME_SCALE=4 run-conformance " + self.IDS[0],
                "transcript": "bad: spec\n1\nat bin/x" if code == 0 else "1\nat bin/x"})
        self.assertEqual(self.validate(expect=expect % (self.IDS[1], "pidfd"))[0], 1)
        self.assertEqual(self.port()["counts"], {"FAIL": 1, "XPASS": 1})

    def test_all_suites_have_to_tell_of_all_clauses(self):
        self.write("runs", "asked \nended 2\n")
        code, said = self.validate(expect='[[expect]]\ncase = "no.such"\nstatus = "CRASH"\nreason = "why"\n')
        self.assertEqual((code, self.port()["suites"]), (1, []))
        self.assertRegex(said, r"PROBLEM no case was run of \d+ clauses")
        self.assertIn("PROBLEM linux.toml: no.such matches no case", said)

    def test_a_suite_that_wrote_nothing_is_told(self):
        self.write("conformance_queue.log", "no such library")
        self.write("runs", "asked shlex queue\nended 2\n")
        code, said = self.validate()
        self.assertEqual((code, self.port()["suites"]), (1, ["queue", "shlex"]))
        self.assertIn("PROBLEM conformance_queue wrote no results: see its log", said)

    def test_a_run_that_was_interrupted_is_told(self):
        cut, lost = "PROBLEM run-conformance did not come to its end there: ", "PROBLEM there were 3 cases in the end, and here are 2"
        for runs, says, suites in (
                ("asked \n", cut + "all suites", []), ("asked shlex\n", cut + "shlex", ["shlex"]),
                ("asked \nasked shlex\nended 2\n", cut + "all suites", []), ("asked shlex\nended 2\nasked os\n", cut + "os", ["os", "shlex"]),
                ("asked shlex\nended 3\n", lost, ["shlex"]), ("asked shlex\nasked os shlex\nended 2\n", None, ["os", "shlex"])):
            self.write("runs", runs)
            code, said = self.validate()
            self.assertEqual((code, self.port()["suites"]), (1 if says else 0, suites), runs)
            self.assertIn(says or "written: ", said)

    def test_single_cases_are_no_suite(self):
        self.write("runs", "asked %s\nended 1\n" % self.IDS[0])
        os.rename(os.path.join(self.folder, "conformance_shlex.log"), os.path.join(self.folder, "a.log"))
        os.remove(os.path.join(self.folder, "conformance_shlex.jsonl"))
        self.suite("conformance_shlex." + self.IDS[0], case(self.IDS[0]))
        self.assertEqual(self.validate()[0], 0)
        self.assertEqual(self.port()["suites"], [self.IDS[0]])

    def test_its_name(self):
        name = "linux-x86_64-gnu12-emulated"
        self.assertEqual(self.validate("--name", name, "--record")[0], 0)
        self.assertEqual(os.listdir(self.committed), [name + ".json"])
        self.assertEqual(self.port(name)["again"].partition("; ")[2], "scripts/validate-port --results DIR --name " + name)
        for another in ("freebsd-x86_64", "linux-s390x-gnu12", "linux-x86_64-gnu13"):
            self.assertEqual(self.validate("--name", another)[0], 2)

    def test_less_is_not_recorded(self):
        ports.write(document("linux-x86_64-gnu12", case(self.IDS[0])), os.path.join(self.committed, "linux-x86_64-gnu12.json"))
        code, said = self.validate("--record")
        self.assertEqual(code, 1)
        self.assertIn("--record would put less in its place", said)

    def test_what_is_refused(self):
        whole = ports.evidence.read(os.path.join(self.folder, "conformance_shlex.jsonl"))
        sound, runs, commit = (ports.evidence.read(os.path.join(self.folder, name)) for name in ("doctor.json", "runs", "commit"))
        more = "conformance_queue.jsonl"
        twice = "conformance_shlex.%s.jsonl" % self.IDS[0]
        for name, text, says in (
                ("doctor.json", None, "there is no "), ("doctor.json", sound[:-9], "not what a doctor says"),
                ("doctor.json", "[]", "not what a doctor says"),
                ("doctor.json", '{"capabilities": {}, "facts": {}}', "not what a doctor says"),
                ("doctor.json", sound.replace("x86_64", "../x"), "not what a doctor says"), ("doctor.json", ..., "cannot be read"),
                ("runs", None, "there is no "), ("runs", "ended 2\n", "not what run-conformance writes"), ("runs", "", "tells of no run"),
                ("commit", None, "there is no "), ("commit", ..., "cannot be read"), ("conformance_shlex.jsonl", ..., "cannot be read"),
                ("conformance_shlex.jsonl", whole.replace('"transcript"', '"script"'), "not what a suite writes"),
                ("conformance_shlex.jsonl", whole.partition("\n")[2], "not what a suite writes"),
                (more, whole.replace("shlex", "queue").replace("Linux x86_64", "Linux armhf"), "of two kinds, by their target"),
                (more, whole.replace("shlex", "queue").replace("GNU 12", "GNU 13"), "of two kinds, by their toolchain"),
                ("conformance_shlex.jsonl", None, "no results of cases"), ("conformance_shlex.jsonl", "", "cut short"),
                ("conformance_shlex.jsonl", whole[:-9], "a line is no JSON"),
                ("conformance_shlex.jsonl", whole.rpartition('{"rec')[0], "cut short"),
                ("conformance_shlex.jsonl", "3\n" + whole, "not what a suite writes"),
                ("conformance_shlex.jsonl", whole.replace("PASS", "XFAIL"), "not what a suite writes"),
                ("conformance_shlex.jsonl", whole.replace('"level"', '"lev"'), "not what a suite writes"),
                (twice, whole, "has 2 results")):
            for other, its in (("doctor.json", sound), ("conformance_shlex.jsonl", whole), ("runs", runs), ("commit", commit)):
                self.write(other, its)
            path = os.path.join(self.folder, name)
            self.write(name, text if isinstance(text, str) else "")
            if not isinstance(text, str):
                os.remove(path)
            if text is ...:
                os.mkdir(path)
            code, said = self.validate("--record")
            self.assertEqual(code, 2, (name, text))
            self.assertRegex(said, "^validate-port: .*" + says)
            self.assertEqual(os.listdir(self.committed), [])
            os.rmdir(path) if text is ... else text is None or os.remove(path)
            self.assertFalse([name for name in os.listdir(self.folder) if name.startswith("port-")])

    def test_a_folder_that_is_not_there(self):
        self.folder += "-not"
        self.assertEqual(self.validate()[0], 2)


if __name__ == "__main__":
    unittest.main()
