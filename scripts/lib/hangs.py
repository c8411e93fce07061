#!/usr/bin/env python3
"""Runs a command that runs ctest, and tells where tests wait that take too long.

    python3 scripts/lib/hangs.py BUILD COMMAND [ARGUMENT…]      the command runs ctest on the directory BUILD
    python3 scripts/lib/hangs.py --process ID NAME SECONDS      runs nothing: where that process waits, whose time is up

ctest kills a test whose time is up, and nobody knows any more where it hung. So once a test has taken SHARE of its
TIMEOUT, all that can be seen from outside is printed: of its process and of every process below it, and of programs of this
build that have lost their parents, the command line, the descriptors, and each thread with its state, processor time, place
in the kernel and system call; the stacks as well, where eu-stack or gdb is found. The tests notice nothing: no thread, no
signal, no timer, no process of theirs is added. Only the stacks stop a process for a moment, of a test that is about to be killed.

Whoever kills something when a time of their own is up, a case of it or a runner, asks told() before.
"""
import collections
import json
import os
import re
import shutil
import signal
import subprocess
import sys

SHARE = 0.8
INTERVAL = 2  # seconds between two looks
PREFIX = "hang: "  # of each line that is printed: .ci/run finds them by it
STACKS = (("eu-stack", "-m", "-p"), ("gdb", "-nx", "-batch", "-ex", "thread apply all backtrace 40", "-p"))
STACKS_WITHIN = 60  # seconds
STACK_LINE = re.compile(rb"#|TID |Thread ")  # gdb has more to say, of libraries and of symbols
HAS_PROC = os.path.isdir("/proc/self/task")
TICKS = os.sysconf("SC_CLK_TCK")

Test = collections.namedtuple("Test", "name timeout")
Stat = collections.namedtuple("Stat", "name state parent seconds begin")


def read(*path):
    """What stands there; nothing where a process has ended or may not be looked at."""
    try:
        with open(os.path.join("/proc", *map(str, path)), "rb") as file:
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def stat(*path):
    """Of a process or a thread, or None where it has ended."""
    before, _, after = read(*path, "stat").rpartition(")")
    if not before:
        return None
    words = after.split()
    return Stat(before.partition("(")[2], words[0], int(words[1]), (int(words[11]) + int(words[12])) / TICKS, int(words[19]) / TICKS)


def numbers(*path):
    """The names of a folder that are numbers, as processes, threads and descriptors are."""
    try:
        return sorted(int(name) for name in os.listdir(os.path.join("/proc", *map(str, path))) if name.isdigit())
    except OSError:
        return []


def link(*path):
    try:
        return os.readlink(os.path.join("/proc", *map(str, path)))
    except OSError:
        return ""


def command_of(process):
    return tuple(read(process, "cmdline").split("\0")[:-1])


class Processes:
    """All that are there now."""

    def __init__(self):
        self.now = float(read("uptime").split()[0])  # seconds, as the beginnings
        self.stats = {process: one for process, one in ((process, stat(process)) for process in numbers()) if one}
        self.children = collections.defaultdict(list)
        for process, one in self.stats.items():
            self.children[one.parent].append(process)

    def below(self, process):
        """Itself, then whatever it has started, each before its children."""
        return [process] + [one for child in self.children[process] for one in self.below(child)]

    def tests_of(self, process):
        """The children of the first ctest on each way down."""
        if process in self.stats and self.stats[process].name == "ctest":
            return self.children[process]
        return [test for child in self.children[process] for test in self.tests_of(child)]

    def age(self, process):
        return self.now - self.stats[process].begin

    def elsewhere(self, root, build):
        """Programs of the build that are not below the root: whoever started them has ended."""
        return sorted({process for process in self.stats if link(process, "exe").startswith(build + os.sep)} - set(self.below(root)))


def either(one, other):
    """Of what their commands do not tell apart, such as the parts of a test: one of them."""
    return Test(one.name.partition(" … ")[0] + " … " + other.name, min(one.timeout, other.timeout))


def tests_by_command(build):
    """{command: Test}. What an interpreter or a launcher runs is known by its arguments as well."""
    said = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    known, by_arguments = {}, {}
    for test in json.loads(said.stdout or "{}").get("tests", ()):
        command = tuple(test.get("command", ()))
        properties = {one["name"]: one["value"] for one in test.get("properties", ())}
        found = Test(test["name"], float(properties.get("TIMEOUT", 1500)))
        for tests, words in ((known, command), (by_arguments, command[1:])):
            tests[words] = either(tests[words], found) if words in tests else found
    return {command: test for command, test in {**by_arguments, **known}.items() if command}


def test_of(command, known):
    """Whose process this is. Of one that is not known it is better to be told too early than never."""
    rests = (command[place:] for place in range(len(command)))
    return next((known[rest] for rest in rests if rest in known),
                Test("(a test)", min((test.timeout for test in known.values()), default=300)))


def thread_lines(process):
    for thread in numbers(process, "task"):
        one = stat(process, "task", thread)
        if one:
            place, call = (read(process, "task", thread, what).strip() or "-" for what in ("wchan", "syscall"))
            yield "    thread %d %s  state %s  %.2f s of processor  in %s  system call %s" % (
                thread, one.name, one.state, one.seconds, place, call)


def stack_lines(process):
    tool = next((tool for tool in STACKS if shutil.which(tool[0])), None)
    if not tool:
        return ["    (neither eu-stack nor gdb here: no stacks)"]
    try:
        done = subprocess.run([*tool, str(process)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, timeout=STACKS_WITHIN)
    except subprocess.TimeoutExpired:
        return ["    (%s had not ended after %d s)" % (tool[0], STACKS_WITHIN)]
    lines = [line.decode("utf-8", "replace").rstrip() for line in done.stdout.splitlines() if STACK_LINE.match(line.strip())]
    return ["    " + line for line in lines] or ["    (%s says nothing, with status %d)" % (tool[0], done.returncode)]


def process_lines(process, processes):
    one = processes.stats[process]
    yield "  process %d, child of %d, for %.0f s: %s" % (process, one.parent, processes.age(process), " ".join(command_of(process)) or one.name)
    yield "    descriptors: " + ", ".join("%d %s" % (number, link(process, "fd", number)) for number in numbers(process, "fd"))
    yield from thread_lines(process)


def reports(process, test, processes, elsewhere=()):
    """Yields texts: first what can be read at once, then the stacks of one process after the other."""
    lines = ["%s has taken %.0f s of its %.0f s" % (test.name, processes.age(process), test.timeout)]
    for one in processes.below(process):
        lines += process_lines(one, processes)
    if elsewhere:
        lines.append("and without a parent, of this test or of another:")
    for one in elsewhere:
        lines += process_lines(one, processes)
    yield _written(lines)
    for one in [*processes.below(process), *elsewhere]:
        yield _written(["  stacks of process %d, of %s:" % (one, test.name), *stack_lines(one)])


def _written(lines):
    return "".join(PREFIX + line + "\n" for line in lines)


def told(process, name, seconds):
    """All of it as one text, of a process whose time is up; nothing where it has ended, or where nobody says."""
    processes = Processes() if HAS_PROC else None
    return "".join(reports(process, Test(name, seconds), processes)) if processes and process in processes.stats else ""


class Watch:
    """What has been told is told once."""

    def __init__(self, build, say, share=SHARE):
        self.build, self.say, self.share = os.path.realpath(build), say, share
        self.known = tests_by_command(build)  # now: beside another ctest on this directory it would take its log away
        self.told = set()

    def look(self, root):
        processes = Processes()
        for process in processes.tests_of(root):
            test, one = test_of(command_of(process), self.known), (process, processes.stats[process].begin)
            if processes.age(process) >= self.share * test.timeout and one not in self.told:
                self.told.add(one)
                for text in reports(process, test, processes, processes.elsewhere(root, self.build)):
                    self.say(text)


def run(watch, command, interval=INTERVAL):
    """The command's exit status, as a shell has it."""
    child = subprocess.Popen(command)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a ^C is for the command, whose end is waited for
    while True:
        try:
            status = child.wait(timeout=interval)
            return status if status >= 0 else 128 - status
        except subprocess.TimeoutExpired:
            watch.look(child.pid)


def say(text):
    sys.stderr.write(text)
    sys.stderr.flush()


def main(arguments):
    if len(arguments) < 2:
        sys.exit(__doc__)
    if arguments[0] == "--process":
        process, name, seconds = arguments[1:]
        say(told(int(process), name, float(seconds)))
        return 0
    build, *command = arguments
    if not HAS_PROC:
        os.execvp(command[0], command)
    return run(Watch(build, say), command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
