"""The danger of shell=True (lines 415 to 433 of the document), shown: a file name from outside that is a command, too.

As a word of a list, or quoted, it is a name and nothing more.
"""

import shlex
import subprocess

name = "notes.txt; echo all your files are gone"

print("shell: ", subprocess.check_output("echo " + name, shell=True).decode(), end="")
print("list:  ", subprocess.check_output(["echo", name]).decode(), end="")
print("quoted:", subprocess.check_output("echo " + shlex.quote(name), shell=True).decode(), end="")
