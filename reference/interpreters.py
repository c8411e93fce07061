"""Finds the CPythons to ask: python3.N on the PATH and what TANDEM_PYTHONS names, 3.8 or later, that really start."""

import json
import os
import shutil
import subprocess
import sys

OLDEST = (3, 8)
_ASK = """import json, platform, sys
print(json.dumps([platform.python_implementation(), list(sys.version_info[:3]), sys.executable]))"""


class Interpreter:
    def __init__(self, command, version):
        self.command, self.version = command, version

    @property
    def minor(self):
        return "%d.%d" % self.version[:2]

    def __str__(self):
        return "%d.%d.%d" % self.version


def find():
    """One interpreter per minor version, oldest first. What TANDEM_PYTHONS names goes before the PATH."""
    found = {}
    named = [name for name in os.environ.get("TANDEM_PYTHONS", "").split(os.pathsep) if name]
    on_path = ["python3.%d" % minor for minor in range(OLDEST[1], 40)] + ["python3"]
    for name in named + on_path:
        interpreter = start(name)
        if interpreter is None and name in named:
            print("TANDEM_PYTHONS: %s does not start as a CPython >= 3.8" % name, file=sys.stderr)
        if interpreter is not None:
            found.setdefault(interpreter.minor, interpreter)
    return sorted(found.values(), key=lambda interpreter: interpreter.version)


def this():
    return Interpreter(sys.executable, tuple(sys.version_info[:3]))


def start(name):
    command = shutil.which(name)
    if command is None:
        return None
    try:
        asked = subprocess.run([command, "-c", _ASK], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30)
        implementation, version, executable = json.loads(asked.stdout.decode())
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    if implementation != "CPython" or tuple(version) < OLDEST:
        return None
    return Interpreter(executable or command, tuple(version))


def parse_version(text):
    return tuple(int(part) for part in text.split("."))


def holds_for(version, since, until):
    """`since` is the first version that it holds for, `until` the first that it no longer holds for."""
    if since and tuple(version) < parse_version(since):
        return False
    return not (until and tuple(version) >= parse_version(until))


if __name__ == "__main__":
    for interpreter in find():
        print(interpreter, interpreter.command)
