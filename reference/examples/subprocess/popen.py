"""The document's examples of subprocess.Popen (lines 331, 422 and 430) and the methods that it lists (336 to 341).

Mended: `id -u` prints who runs the example, so it is asked for by itself.
"""

import subprocess
from subprocess import PIPE, Popen

p = Popen(["id", "-u"], stdout=PIPE)
user = p.communicate()[0]
print(f"args: {p.args}, returncode: {p.returncode}")

same = Popen("id -u", stdout=PIPE, shell=True)
print("the same:", same.communicate()[0] == user)

sleeper = Popen(["sleep", "233"])
print("poll:", sleeper.poll())
try:
    sleeper.wait(0.1)
except subprocess.TimeoutExpired as error:
    print(error)
sleeper.terminate()
print("wait:", sleeper.wait())

upper = Popen(["tr", "a-z", "A-Z"], stdin=PIPE, stdout=PIPE)
out, err = upper.communicate(b"there and back\n")
print(out.decode(), end="")
