"""What the twins of multiprocessing share: the twin of conformance/multiprocessing/support.hpp.

What a child calls stands in the twin's file, at its top level: a spawned child finds it there (twins.py loads the file in
it). What a child has seen goes to a file, by note(); the case logs that file when the child has ended.
"""

import multiprocessing
import os
import shutil
import tempfile

from case import log

METHODS = ("fork", "spawn", "forkserver")


def each_method(act, methods=METHODS):
    """Calls act(context) under each start method; the transcript says which."""
    for method in methods:
        log(method)
        act(multiprocessing.get_context(method))


class Folder:
    """A directory of the case's own, gone at its end. Transcripts call it DIR."""

    def __enter__(self):
        self.top = os.path.realpath(tempfile.mkdtemp())
        return self

    def __exit__(self, *error):
        shutil.rmtree(self.top)

    def path(self, name):
        return os.path.join(self.top, name)

    def gate(self, name):
        """Whoever passes it with enter() waits there for one open_gate()."""
        os.mkfifo(self.path(name))
        return self.path(name)

    def log(self, *values):
        log(*(str(value).replace(self.top, "DIR") for value in values))


def note(path, *values):
    """A line for the file, whole even where several processes write."""
    line = " ".join(map(str, values)) + "\n"
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(file, line.encode())
    os.close(file)


def log_notes(path):
    """Logs the lines of the file, and empties it."""
    if os.path.exists(path):
        with open(path) as file:
            for line in file:
                log(line.rstrip("\n"))
        os.remove(path)


def enter(gate):
    """Called by a child: waits until the case opens the gate."""
    os.close(os.open(gate, os.O_RDONLY))


def open_gate(gate):
    """Waits until a child has come to the gate, and lets it through."""
    os.close(os.open(gate, os.O_WRONLY))


class Redirected:
    """What is written to a descriptor of this process meanwhile goes to a file; read() says what."""

    def __init__(self, fd):
        self.fd, self.file = fd, tempfile.TemporaryFile()

    def __enter__(self):
        self.before = os.dup(self.fd)
        os.dup2(self.file.fileno(), self.fd)
        return self

    def __exit__(self, *error):
        os.dup2(self.before, self.fd)
        os.close(self.before)

    def read(self):
        with self.file:
            self.file.seek(0)
            return self.file.read().decode("utf-8", "surrogateescape")
