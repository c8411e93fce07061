#!/usr/bin/env python3
"""spec/python-to-cpp.md is true: its C++ names are there, and no name that Python has too is missing in it.

usage: names.py -- <compiler and its options>

Every name of the table is compiled. What the table may lack is found by asking: each public name of the Python modules
and classes in it that it does not have is tried in C++, and must not be there.
"""
import importlib
import inspect
import os
import re
import subprocess
import sys

import closure
import tree

TABLE = "spec/python-to-cpp.md"
HEADING = re.compile(r"^## (.+): `tandem((?:::\w+)*)`")
ROW = re.compile(r"^\| `(.+?)`[^|]* \| (?:`(.+?)`|—) \| ?(.*?) ?\|$")
PYTHON_NAME = re.compile(r"(?:\w+(?:\(\))?\.)*\w+")
VERSION = re.compile(r"^3\.(\d+)\b")
# Where Python keeps the class that a function of this name makes, or of which an attribute is.
CLASSES = {
    "concurrent.futures.ThreadPoolExecutor": "concurrent.futures.thread.ThreadPoolExecutor",
    "concurrent.futures.ProcessPoolExecutor": "concurrent.futures.process.ProcessPoolExecutor",
    "multiprocessing.Array": "multiprocessing.sharedctypes.SynchronizedString",
    "multiprocessing.Barrier": "multiprocessing.synchronize.Barrier",
    "multiprocessing.BoundedSemaphore": "multiprocessing.synchronize.BoundedSemaphore",
    "multiprocessing.Condition": "multiprocessing.synchronize.Condition",
    "multiprocessing.Event": "multiprocessing.synchronize.Event",
    "multiprocessing.JoinableQueue": "multiprocessing.queues.JoinableQueue",
    "multiprocessing.Lock": "multiprocessing.synchronize.Lock",
    "multiprocessing.Pool": "multiprocessing.pool.Pool",
    "multiprocessing.Queue": "multiprocessing.queues.Queue",
    "multiprocessing.RLock": "multiprocessing.synchronize.RLock",
    "multiprocessing.RawArray": "multiprocessing.sharedctypes.SynchronizedString",
    "multiprocessing.RawValue": "multiprocessing.sharedctypes.Synchronized",
    "multiprocessing.Semaphore": "multiprocessing.synchronize.Semaphore",
    "multiprocessing.SimpleQueue": "multiprocessing.queues.SimpleQueue",
    "multiprocessing.Value": "multiprocessing.sharedctypes.Synchronized",
    "os.popen()": "io.TextIOWrapper",
    "subprocess.Popen.stdin": "io.BufferedRandom",
}
# Both have the name, and it is not the same thing.
OTHERS = {
    "multiprocessing.RawArray.acquire", "multiprocessing.RawArray.release",  # of the class with the lock
}


class Row:
    def __init__(self, number, module, namespace, python, cpp, note):
        self.number, self.module, self.namespace, self.note = number, module, namespace, note
        self.python = PYTHON_NAME.match(python).group() if PYTHON_NAME.match(python) else python
        self.cpp = cpp

    def holder(self):
        """The C++ class that the name is a member of, with types for its parameters, or None; and the name."""
        before, _, last = self.cpp.split("(")[0].rpartition("::")
        last = re.sub(r"<.*", "", last)
        space = "tandem%s::" % self.namespace
        if "<" in before or before.rpartition("::")[2][:1].isupper():
            return space + with_types(before), last
        return None, space + (before + "::" if before else "") + last


def with_types(name):
    return re.sub(r"<([\w, ]+)>", lambda found: "<%s>" % ", ".join("char" for _ in found.group(1).split(",")), name)


def rows_of(text):
    """The rows, and what is no row though it stands where rows stand."""
    rows, complaints, where = [], [], None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("## "):
            where = HEADING.match(line)
        elif where and line.startswith("| ") and not line.startswith(("| Python", "| The document", "| ---")):
            row = ROW.match(line)
            if row:
                rows.append(Row(number, where.group(1), where.group(2), *row.groups()))
            else:
                complaints.append("%s:%d: no row of the table: %s" % (TABLE, number, line))
    return rows, complaints


def is_module(name):
    return re.match(r"[\w.]+$", name) is not None


def found(path):
    """What Python has by that name: (True, it), or (False, None)."""
    parts = path.split(".")
    for end in range(len(parts), 0, -1):
        try:
            value = importlib.import_module(".".join(parts[:end]))
        except ImportError:
            continue
        for part in parts[end:]:
            if not hasattr(value, part):
                return False, None
            value = getattr(value, part)
        return True, value
    return False, None


def class_of(path):
    """The class whose members are the members of that name; None: it is none."""
    there, value = found(CLASSES.get(path, path))
    if not there:
        return None
    if path in ("threading.Lock", "threading.RLock") and not inspect.isclass(value):
        return type(value())
    return value if inspect.isclass(value) else None


def members_of(cls):
    """Its public names, those that its functions assign to self too."""
    names = {name for name in dir(cls) if not name.startswith("_")}
    for base in cls.__mro__:
        try:
            names |= set(re.findall(r"\bself\.([a-z]\w*)\s*(?:,|=[^=])", inspect.getsource(base)))
        except (OSError, TypeError):  # written in C
            pass
    return names


def is_in_python(row):
    path = "%s.%s" % (row.module, row.python)
    if found(path)[0]:
        return True
    holder, _, last = path.rpartition(".")
    cls = class_of(holder)
    return cls is not None and last in members_of(cls)


def python_complaints(rows):
    for row in rows:
        if not is_module(row.module):
            continue
        version = VERSION.match(row.note)
        if not (version and int(version.group(1)) > sys.version_info[1]) and not is_in_python(row):
            yield "%s:%d: Python %d.%d has no %s.%s" % (TABLE, row.number, *sys.version_info[:2], row.module, row.python)


def missing(rows):
    """Yields (Python's name, C++ class or None, C++ name): what the table should have if C++ has it."""
    rows = [row for row in rows if is_module(row.module)]
    have = {"%s.%s" % (row.module, row.python) for row in rows}
    things = [found(path)[1] for path in have] + [class_of(path) for path in have]
    known = {id(thing) for thing in things if inspect.isclass(thing) or inspect.isroutine(thing)}
    members = {(class_of(path.rpartition(".")[0]), path.rpartition(".")[2]) for path in have}
    spaces = {(row.module, row.namespace) for row in rows}
    for module, namespace in sorted(spaces):
        value = importlib.import_module(module)
        for name in sorted(getattr(value, "__all__", None) or vars(value)):
            path = "%s.%s" % (module, name)
            thing = getattr(value, name, None)
            if path in have or id(thing) in known or name.startswith("_") or inspect.ismodule(thing):
                continue
            yield path, None, "tandem%s::%s" % (namespace, name)
    for row in rows:
        cls = class_of("%s.%s" % (row.module, row.python))
        if cls is None or not row.cpp:
            continue
        holder = "tandem%s::%s" % (row.namespace, with_types(row.cpp.split("(")[0]))
        for name in sorted(members_of(cls)):
            path = "%s.%s.%s" % (row.module, row.python, name)
            inherited = any((base, name) in members for base in cls.__mro__[1:])
            if path not in have and not inherited and path not in OTHERS:
                yield path, holder, name


def probe(line, holder, name):
    """One line that compiles if and only if the name is there and may be used."""
    if holder:
        return "namespace n%d { using H = %s; struct M : H { using H::%s; }; }" % (line, holder, name)
    return "namespace n%d { using %s; }" % (line, name)


def all_errors(command):
    """The option that has the compiler stop at none."""
    told = subprocess.run([command[0], "--version"], stdout=subprocess.PIPE, universal_newlines=True).stdout
    return "-ferror-limit=0" if "clang" in told else "-fmax-errors=0"


def refused(root, lines, command):
    """The numbers of the lines that do not compile, from 0; and what is said of other places."""
    unit = "#include <tandem/tandem.hpp>\n" + "\n".join(lines) + "\n"
    done = subprocess.run(
        [*command, all_errors(command), "-I", os.path.join(root, closure.PUBLIC), "-fsyntax-only", "-x", "c++", "-"],
        input=unit, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    errors = re.findall(r"^(.+?):(\d+):\d+: (?:fatal )?error: (.*)", done.stdout, re.M)
    mine = {int(number) - 2 for file, number, _ in errors if file == "<stdin>"}
    return mine, ["%s:%s: %s" % error for error in errors if error[0] != "<stdin>"]


def check(root, command):
    rows, complaints = rows_of(tree.read(root, TABLE))
    complaints += python_complaints(rows)
    there = [row for row in rows if row.cpp]
    lines = [probe(number, *row.holder()) for number, row in enumerate(there)]
    absent = [(path, holder, name + suffix) for path, holder, name in missing(rows) for suffix in ("", "_")]
    lines += [probe(number, holder, name) for number, (_, holder, name) in enumerate(absent, len(there))]
    bad, elsewhere = refused(root, lines, command)
    complaints += elsewhere
    complaints += ["%s:%d: there is no tandem%s::%s" % (TABLE, row.number, row.namespace, row.cpp)
                   for number, row in enumerate(there) if number in bad]
    complaints += ["%s: has no row for %s: %s" % (TABLE, path, (holder + "::" if holder else "") + name)
                   for number, (path, holder, name) in enumerate(absent, len(there)) if number not in bad]
    return complaints, len(rows)


def main(arguments):
    if len(arguments) < 2 or arguments[0] != "--":
        sys.exit(__doc__ + "\nSuch as: names.py -- g++ -std=c++20")
    tree.finish("names", *check(tree.ROOT, arguments[1:]))


if __name__ == "__main__":
    main(sys.argv[1:])
