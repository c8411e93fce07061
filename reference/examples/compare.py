"""Runs an example's twin and compares what it prints with the .out file of the C++ example.

  compare.py TWIN OUT

Under this Python, or where the twin's docstring says "Since 3.N" and this one is older, under the newest that is found.
"""

import ast
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import interpreters


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def since(twin):
    said = re.search(r"^Since (3\.\d+)", ast.get_docstring(ast.parse(read(twin))) or "", re.M)
    return said.group(1) if said else None


def interpreter_for(version):
    def serves(interpreter):
        return interpreters.holds_for(interpreter.version, version, None)

    if serves(interpreters.this()):
        return interpreters.this()
    return next(filter(serves, reversed(interpreters.find())), None)


def main(twin, out):
    interpreter = interpreter_for(since(twin))
    if interpreter is None:
        print("SKIP(no python3 >= %s): %s" % (since(twin), twin))
        return
    printed = subprocess.run([interpreter.command, "-B", twin], stdout=subprocess.PIPE, check=True).stdout.decode()
    if printed != read(out):
        sys.exit("CPython %s prints:\n%s---- and %s holds:\n%s" % (interpreter, printed, out, read(out)))
    print(printed, end="")


if __name__ == "__main__":
    main(*sys.argv[1:])
