"""The README's subprocess: the twin of conformance/examples/subprocess/readme.cpp."""

import subprocess
from subprocess import PIPE

listing = subprocess.run(["ls", "/dev/null"], capture_output=True, check=True)
print(listing.stdout.decode(), end="")

try:
    # Captured, for without a pipe CPython names the rest of the time instead of the timeout.
    subprocess.run(["sleep", "5"], timeout=0.05, capture_output=True)
except subprocess.TimeoutExpired as error:
    print(error)
try:
    subprocess.check_call(["no-such-command"])
except FileNotFoundError as error:
    print(error)

words = subprocess.Popen(["printf", "pear\napple\n"], stdout=PIPE)
sorted = subprocess.Popen(["sort"], stdin=words.stdout, stdout=PIPE)
words.stdout.close()  # only `sort` has it now
for line in sorted.stdout:
    print("sorted:", line.decode(), end="")
print("ended:", words.wait(), sorted.wait())
