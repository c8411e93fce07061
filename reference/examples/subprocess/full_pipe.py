"""The danger of a pipe that nobody reads (lines 437 to 447 of the document), shown: a child that has filled it never
ends, so wait() would not either; communicate() reads while it waits.

And what is no danger (449): a list with shell=True.
"""

import subprocess
from subprocess import PIPE

zeros = ["head", "-c", "1000000", "/dev/zero"]

child = subprocess.Popen(zeros, stdout=PIPE)
try:
    child.wait(0.2)
except subprocess.TimeoutExpired:
    print("wait: the child is blocked")
out = child.communicate()[0]
print(f"communicate: {len(out)} bytes, returncode {child.returncode}")

try:
    subprocess.call(zeros, timeout=0.2, stdout=PIPE)
except subprocess.TimeoutExpired:
    print("call: the child was blocked")
print(f"check_output: {len(subprocess.check_output(zeros))} bytes")

print("a list for the shell:", subprocess.check_output(["echo $0 $1", "one", "two"], shell=True).decode(), end="")
