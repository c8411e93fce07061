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
import threading
import time

from case import log, now, raised, times, wait_until_blocked

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
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.out, self.err = (text.decode().splitlines() for text in (done.stdout, done.stderr))
        self.status = done.returncode
        return self


# Calls that block, and processes that wait


def outcome(act):
    """What a call returned, or the name of what it raised."""
    result = []
    error = raised(lambda: result.append(act()))
    return str(result[0]) if result else error


class Blocked:
    """Calls that block, each in a thread of its own; what each came to is there after join()."""

    def __init__(self, *acts):
        self.said = [None] * len(acts)
        self.threads = [threading.Thread(target=self._keep, args=pair) for pair in enumerate(acts)]
        for thread in self.threads:
            thread.start()
        wait_until_blocked(len(acts))

    def _keep(self, index, act):
        self.said[index] = outcome(act)

    def join(self):
        for thread in self.threads:
            thread.join()


def free_for_others(lock):
    """Whether another thread can take it; it gives it back."""
    said = []

    def attempt():
        said.append(lock.acquire(False))
        if said[0]:
            lock.release()

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    return said[0]


def run(context, target, *args):
    """A child from its start to its end: what it exited with."""
    return ended(context, target, *args).exitcode


def started(context, target, *args, **options):
    """A child that has been started; the case joins it."""
    process = context.Process(target=target, args=args, **options)
    process.start()
    return process


def ended(context, target, *args, **options):
    """A child that has ended."""
    process = started(context, target, *args, **options)
    process.join()
    return process


def killed(process):
    """Kills the child, and returns when it is gone."""
    process.kill()
    process.join()


def wait_until_asleep(*processes):
    """Returns when each of the processes sleeps, and goes on sleeping: it waits for somebody."""
    deadline, seen, stable = now() + times.must_not_expire, {}, {process.pid: 0 for process in processes}
    while min(stable.values()) < 5:
        if now() > deadline:
            raise RuntimeError("a process never slept")
        time.sleep(0.002)
        for pid in stable:
            rest = _rest(pid)
            stable[pid] = stable[pid] + 1 if rest is not None and seen.get(pid) == rest else 0
            seen[pid] = rest


def _rest(pid):
    """The processor time that the first thread of a sleeping process has used, None for one that does not sleep."""
    try:
        with open("/proc/%d/stat" % pid) as stat, open("/proc/%d/schedstat" % pid) as used:
            return used.read().split()[0] if stat.read().rpartition(")")[2].split()[0] == "S" else None
    except OSError:
        return None
