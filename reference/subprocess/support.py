"""What the twins of subprocess share: the twin of conformance/subprocess/support.hpp."""

import fcntl
import os
import re
import shutil
import struct
import subprocess
import tempfile
import termios
import warnings

from case import log


def shown(value):
    """As repr() shows bytes, without the b; text as its UTF-8, what surrogates stand for as it was; None as None."""
    if value is None:
        return "None"
    if isinstance(value, str):
        value = value.encode("utf-8", "surrogateescape")
    return repr(bytes(value))[1:]


def bytes_in(file):
    """How many bytes a pipe holds that nobody has read yet."""
    return struct.unpack("i", fcntl.ioctl(file.fileno(), termios.FIONREAD, b"\0" * 4))[0]


def no_child_left():
    """Has this process no child, not even one that has ended and was not waited for?"""
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return True
    return False


def sh(command, **options):
    """A shell that runs the command."""
    return subprocess.Popen(["sh", "-c", command], **options)


def sleeper(**options):
    """A child that reads nothing and writes nothing until the end of the `with` kills it."""
    return Killed(["sleep", "1000"], **options)


class Killed(subprocess.Popen):
    """A child that is killed at the end of the `with`, before it is waited for."""

    def __exit__(self, *error):
        self.kill()
        try:
            super().__exit__(*error)
        except BrokenPipeError:
            self.wait()


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
            return self.file.read()


def report(process, input=None, timeout=None):
    """Logs what communicate() returns, and the return code."""
    out, err = process.communicate(input, timeout)
    log(shown(out), shown(err), process.returncode)


def warned(act):
    """Calls `act` and logs what it warns of, each once. Process ids are called PID."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        act()
    lines = ("%s: %s" % (warning.category.__name__, warning.message) for warning in caught)
    for line in dict.fromkeys(re.sub(r"subprocess \d+", "subprocess PID", line) for line in lines):
        log(line)


class Folder:
    """A directory of the case's own, gone at its end. Transcripts call it DIR."""

    def __enter__(self):
        self.top = os.path.realpath(tempfile.mkdtemp())
        return self

    def __exit__(self, *error):
        shutil.rmtree(self.top)

    def path(self, name):
        return os.path.join(self.top, name)

    def file(self, name, content="", mode=0o644):
        with open(self.path(name), "w") as file:
            file.write(content)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def script(self, name, body):
        return self.file(name, "#!/bin/sh\n%s\n" % body, 0o755)

    def folder(self, name):
        os.mkdir(self.path(name))
        return self.path(name)

    def log(self, *values):
        log(*(str(value).replace(self.top, "DIR") for value in values))


class Channel:
    """A pipe between the case and a child: the child waits for open(), or the case for a word of the child."""

    def __enter__(self):
        self.reader, self.writer = os.pipe()
        return self

    def __exit__(self, *error):
        self.open()
        os.close(self.reader)

    def open(self):
        """From now on whoever reads is at the end."""
        if self.writer is not None:
            os.close(self.writer)
        self.writer = None

    def wait(self):
        """Until a byte has come."""
        os.read(self.reader, 1)


class OwnStreams:
    """Descriptors 0, 1 and 2 are the case's to change; at the end they are what they were."""

    def __enter__(self):
        self.saved = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 20) for fd in range(3)]
        return self

    def __exit__(self, *error):
        for fd, saved in enumerate(self.saved):
            os.dup2(saved, fd)
            os.close(saved)


def numbered(fd, at_least):
    """An inheritable copy with a high number, the same on both sides."""
    return fcntl.fcntl(fd, fcntl.F_DUPFD, at_least)


def content_of(fd):
    """All that is in the file."""
    os.lseek(fd, 0, os.SEEK_SET)
    return os.read(fd, 65536).decode()


def is_open(fd):
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def wait_until_ended(pid):
    """Until the child has ended; it is left for others to reap."""
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def is_child(pid):
    """Is it still ours to reap?"""
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


# A shell that prints which descriptors above 2 it has.
OPEN_DESCRIPTORS = "n=3; while [ $n -lt 260 ]; do [ -e /proc/self/fd/$n ] && echo $n; n=$((n+1)); done; true"
