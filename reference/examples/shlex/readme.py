"""The README's shlex: the twin of conformance/examples/shlex/readme.cpp."""

import shlex

print(shlex.quote("notes.txt; rm -rf ~"))
print(shlex.join(["grep", "-e", "it's", "my file"]))
for word in shlex.split("cp 'my file' \"your file\""):
    print(word)
