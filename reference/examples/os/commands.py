"""The document's examples of os.system and os.popen (lines 294 and 310).

Since 3.9: waitstatus_to_exitcode.

Mended: the directory is one that everybody has; read() comes first, so readlines() has another pipe to read from; and
what os.system returns is the wait status, of which waitstatus_to_exitcode makes the exit code.
"""

import os

os.chdir("/")

result = os.system("pwd -P")
print("result:", result, flush=True)
failed = os.system("exit 3")
print(f"failed: {failed}, exit code: {os.waitstatus_to_exitcode(failed)}")

c = os.popen("pwd -P", mode='r', buffering=-1)
print("read:", c.read(), end="")
print("close:", c.close())

lines = os.popen(r"printf 'one\ntwo\n'; exit 3")
for line in lines.readlines():
    print("line:", line, end="")
print("close:", lines.close(), flush=True)

writer = os.popen("cat", "w")
writer.write("to the command\n")
writer.close()
