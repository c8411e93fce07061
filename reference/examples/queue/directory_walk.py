"""The document's walk over a directory (lines 190-213).

Mended: os and threading are imported; `dir=/etc` (a syntax error) is a directory of known content; its files are
sorted, so that the output is always the same; what is done for a file is that its name is printed.
"""

import os
import queue
import tempfile
import threading

directory = tempfile.TemporaryDirectory()
dir = directory.name
for name in ('hosts', 'fstab', 'passwd', 'group'):
    open(os.path.join(dir, name), 'w').close()

q = queue.Queue()

for file in sorted(os.listdir(dir)):
    file_path = os.path.join(dir, file)
    q.put(file_path)


def worker():
    while not q.empty():
        file = q.get()
        print(os.path.basename(file))
        q.task_done()


t = threading.Thread(target=worker, daemon=True)
t.start()

q.join()
print("DONE")
