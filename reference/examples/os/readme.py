"""The README's os: the twin of conformance/examples/os/readme.cpp.

Since 3.9: waitstatus_to_exitcode.
"""

import os

status = os.system("exit 3")
print(status, "is exit code", os.waitstatus_to_exitcode(status))

words = os.popen(r"printf 'one\ntwo\n'")
for line in words:
    print("read:", line, end="")
failed = words.close()
if failed:
    print("failed:", failed)
