"""What the twins of multiprocessing share: the twin of conformance/multiprocessing/support.hpp.

What a child calls stands in the twin's file, at its top level: a spawned child finds it there (twins.py loads the file in
it). What a child has seen goes to a file, by note(); the case logs that file when the child has ended.
"""

import inspect
import multiprocessing
import os
import select
import shutil
import subprocess
import sys
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


def stop_forkserver():
    """Waits until the server has ended: then it has written all that it writes. The next child has a new one."""
    from multiprocessing.forkserver import _forkserver

    _forkserver._stop()


def hold(path):
    """Called by a child: a descriptor that it holds until it closes it, or ends. See until_dropped()."""
    return os.open(path, os.O_WRONLY)


def until_dropped(path):
    """A function that waits until every hold() of the gate is over; there has to be one, now or later."""
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def wait():
        os.set_blocking(reader, True)
        while select.select([reader], [], []) and os.read(reader, 1):
            pass
        os.close(reader)

    return wait


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


class Program:
    """A program of its own: the text, before which there are multiprocessing, os, sys, threading, note, enter, open_gate."""

    PRELUDE = "import multiprocessing, os, sys, threading\n"

    def __init__(self, folder, text):
        shared = "\n".join(map(inspect.getsource, (note, enter, open_gate)))
        self.path = folder.path("program.py")
        with open(self.path, "w") as file:
            file.write(self.PRELUDE + shared + text)

    def run(self, *arguments):
        """Runs it with these arguments; then there are out and err, lists of lines, and the status."""
        command = [sys.executable, self.path] + list(arguments)
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.out, self.err = (text.decode().splitlines() for text in (ended.stdout, ended.stderr))
        self.status = ended.returncode
        return self
