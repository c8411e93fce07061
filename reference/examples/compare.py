"""Runs an example's twin under this Python and compares what it prints with the .out file of the C++ example.

  compare.py TWIN OUT
"""

import subprocess
import sys

twin, out = sys.argv[1:]
printed = subprocess.run([sys.executable, "-B", twin], stdout=subprocess.PIPE, check=True).stdout.decode()
with open(out, encoding="utf-8") as file:
    expected = file.read()
if printed != expected:
    sys.exit("CPython prints:\n%s---- and %s holds:\n%s" % (printed, out, expected))
print(printed, end="")
