"""The document's examples of run, call, check_call and check_output (lines 367, 388, 398 and 408).

Mended: nobody waits for 233 seconds; what run() prints is the command that was run, not another; and `whoami` prints
who runs the example.
"""

import subprocess

p = subprocess.run(["sleep", "0.01"])
print(p)

process = subprocess.call(["sleep", "0.01"])
print("call:", process)

print("check_call:", subprocess.check_call("true"))
try:
    subprocess.check_call("exit 3", shell=True)
except subprocess.CalledProcessError as error:
    print(f"{error} ({error.returncode})")

name = subprocess.check_output("whoami")
print("check_output:", "a line" if name.endswith(b"\n") else "?")
try:
    subprocess.check_output("echo so far; exit 4", shell=True)
except subprocess.CalledProcessError as error:
    print(f"{error.returncode}: {error.output.decode()}", end="")
