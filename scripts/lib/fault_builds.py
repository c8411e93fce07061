"""Builds the copies, and, for a fault of the kind "lines", one file of cases against its own version of a header."""

import bisect
import json
import os
import re
import shlex
import subprocess
import sys

import evidence
import mutants

LIBRARY = "impl/src/"
FLAGS = "-O0 -w -include %s"  # -w: nobody reads the warnings of a mutant
CASE_AT = re.compile(r'^CASE\(\s*"([^"\n]*)"', re.M)
ERROR_AT = re.compile(r"^(\S+?):(\d+):(?:\d+:)? (?:fatal )?error: (.*)$", re.M)


class BuildError(Exception):
    pass


def _run(command, log):
    """What it says is in the file, and is shown when it fails."""
    with open(log, "wb") as file:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise BuildError("%s failed; all it said is in %s\n%s" % (command[0], log, evidence.read(log)[-6000:]))


def _included(path):
    return '#include "%s"' % path


def _included_with_others(path):
    """As tandem_unity() writes it (scripts/cmake/Developer.cmake)."""
    return _included(path[len(LIBRARY):])


class Copy:
    """build/faults/src and build/faults/build; a second one, where texts overlap, is src-2 and build-2."""

    def __init__(self, folder, number, changed):
        suffix = "-%d" % number if number > 1 else ""
        self.source, self.build = os.path.join(folder, "src" + suffix), os.path.join(folder, "build" + suffix)
        self.changed = changed

    @classmethod
    def of_build(cls, root, build):
        """The sources themselves, in a build that there is."""
        copy = cls(os.path.dirname(build), 1, {})
        copy.source, copy.build = root, build
        return copy

    def make(self, root, suites, jobs):
        mutants.write_copy(root, self.source, self.changed)
        os.makedirs(self.build, exist_ok=True)
        if not os.path.exists(os.path.join(self.build, "build.ninja")):
            flags = FLAGS % os.path.join(self.source, mutants.HEADER)
            _run(["cmake", "-S", self.source, "-B", self.build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=",
                  "-DTANDEM_DEV=ON", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", "-DCMAKE_CXX_FLAGS=" + flags],
                 os.path.join(self.build, "configure.log"))
        targets = ["conformance_" + suite for suite in suites]
        command = ["cmake", "--build", self.build, "--parallel", str(jobs), "--target"] + targets
        if sys.stdout.isatty():
            code = subprocess.run(command, stdin=subprocess.DEVNULL).returncode
            if code != 0:
                raise BuildError("the mutants do not compile")
        else:
            _run(command, os.path.join(self.build, "build.log"))

    def executable(self, suite):
        for folder in ("conformance", "."):
            path = os.path.join(self.build, folder, "conformance_" + suite)
            if os.access(path, os.X_OK):
                return path
        raise BuildError("no conformance_%s in %s" % (suite, self.build))

    def mutant_of_lines(self, root, fault, case_file, suite, overlay):
        """A file of cases compiled with the fault's text replaced: (errors, the executable when there are none)."""
        header = fault.file.partition("/include/")[2]
        source = evidence.read(os.path.join(root, *fault.file.split("/")))
        changed = source.replace(fault.text, fault.replacement)
        mutants.write_if_changed(os.path.join(overlay, "include", *header.split("/")), changed.encode())
        command = self._compile_command(case_file)
        at, compiled = command.index("-o") + 1, os.path.join(overlay, "cases.o")
        usual, command[at] = command[at], compiled
        first = next(at for at, word in enumerate(command) if word.startswith("-I"))
        command.insert(first, "-I" + os.path.join(overlay, "include"))
        code, said = self._ask(command)
        errors = [(os.path.basename(match[1]), int(match[2]), match[3]) for match in ERROR_AT.finditer(said)]
        if code != 0 and not errors:
            raise BuildError("the compiler failed on %s:\n%s" % (fault.id, said[-2000:]))
        return errors, None if errors else self._link(suite, usual, compiled, overlay)

    def mutant_of_source(self, path, text, suite, overlay):
        """The suite, linked with a source of the library that was compiled from this text, and with those that are compiled with it."""
        source, header = os.path.join(overlay, os.path.basename(path)), os.path.join(overlay, mutants.HEADER)
        mutants.write_if_changed(source, text.encode())
        mutants.write_if_changed(header, mutants.HEADER_TEXT.encode())
        command, compiled = self._compile_command(path), os.path.join(overlay, "mutants.o")
        at = command.index("-c") + 1
        command[command.index("-o") + 1] = compiled
        command[at] = source if command[at] == self._own(path) else self._with_others(command[at], path, source, overlay)
        code, said = self._ask([*command, "-w", "-include", header])
        if code != 0:
            raise BuildError("the mutants of %s do not compile:\n%s" % (path, said[-4000:]))
        return self._link(suite, None, compiled, overlay)

    def _with_others(self, whole, path, source, overlay):
        """A file that includes sources (TANDEM_UNITY), with another one instead of that of the path."""
        changed = os.path.join(overlay, os.path.basename(whole))
        text = evidence.read(whole).replace(_included_with_others(path), _included(source))
        mutants.write_if_changed(changed, text.encode())
        return changed

    def _own(self, path):
        return os.path.join(self.source, *path.split("/"))

    def _compile_command(self, path):
        """Of the file, or of the one that includes it with others (TANDEM_UNITY); of the library, where others have it, too."""
        own, is_library = self._own(path), path.startswith(LIBRARY)
        with open(os.path.join(self.build, "compile_commands.json"), encoding="utf-8") as file:
            for one in json.load(file):
                if is_library and "/tandem.dir/" not in one["command"]:
                    continue
                if one["file"] == own or "/tandem_unity/" in one["file"] and _included_with_others(path) in evidence.read(one["file"]):
                    return shlex.split(one["command"])
        raise BuildError("%s is not compiled in %s" % (path, self.build))

    def _link(self, suite, usual, compiled, overlay):
        """The suite as it was linked, with one of its objects replaced, or one of the library's."""
        code, said = self._ask(["ninja", "-t", "commands", "conformance_" + suite])
        if code != 0:
            raise BuildError("there is no suite %s in %s" % (suite, self.build))
        steps = [step.strip() for step in said.splitlines()[-1].split("&&")]
        command = shlex.split(next(step for step in steps if " -o " in step))
        executable = os.path.join(overlay, "conformance_" + suite)
        command[command.index("-o") + 1] = executable
        if usual is None:  # before the library, which then does not give its own
            command.insert(command.index("-o"), compiled)
        code, said = self._ask([compiled if word == usual else word for word in command])
        if code != 0:
            raise BuildError("linking %s failed:\n%s" % (executable, said[-2000:]))
        return executable

    def _ask(self, command):
        done = subprocess.run(command, cwd=self.build, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=dict(os.environ, LC_ALL="C"))
        return done.returncode, done.stdout.decode(errors="replace")


def cases_with_errors(path, errors):
    """{case: message} of those in whose text an error stands."""
    text = evidence.read(path)
    starts = [(text.count("\n", 0, match.start()) + 1, match[1]) for match in CASE_AT.finditer(text)]
    found = {}
    for file, line, message in errors:
        at = bisect.bisect_right(starts, (line, "\uffff")) - 1
        if file == os.path.basename(path) and at >= 0:
            found.setdefault(starts[at][1], message)
    return found
