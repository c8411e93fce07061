"""What the twins of subprocess share: the twin of conformance/subprocess/support.hpp."""

import fcntl
import os
import struct
import subprocess
import tempfile
import termios


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
