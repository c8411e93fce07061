"""What the tests of streams with a real peer share: the program, and its addresses.

An address is a path, or a host and a port with a colon between them; the program understands both.
"""
import os
import resource
import signal
import socket
import subprocess
import tempfile

MARK = 64 * 1024  # the high water mark
FLOOD = 50000000  # bytes, which nobody has room for
PIECE = 10000  # the program writes so many at once
LITTLE = 4 << 20  # what a process may grow by


def place(address):
    """What a socket takes for it."""
    host, colon, port = address.rpartition(":")
    return (host, int(port)) if colon else address


def socket_for(address):
    return socket.socket(socket.AF_INET if ":" in address else socket.AF_UNIX)


def connected(address):
    sock = socket_for(address)
    sock.connect(place(address))
    return sock


def listening(address):
    sock = socket_for(address)
    sock.bind(place(address))
    sock.listen(1000)
    return sock


def address_of(sock):
    name = sock.getsockname()
    return name if isinstance(name, str) else "%s:%d" % name


def memory_of(process):
    with open("/proc/%d/statm" % process.pid) as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def read_flood(read, sender):
    """What nobody reads is not made: returns how much was read, and how much its sender had grown half-way."""
    total, before = len(read(1000)), memory_of(sender)
    grown = 0
    while data := read(20000):
        total += len(data)
        if total < FLOOD // 2:
            grown = memory_of(sender) - before
    return total, grown


class OverUnix:
    """Of a test: its connections have paths."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.address = os.path.join(folder.name, "socket")


class OverTcp:
    """By loopback; the port is chosen by the system."""

    address = "127.0.0.1:0"


class Serving:
    """The program, while it serves."""

    def __init__(self, program, verb, address, *words):
        self.process = subprocess.Popen([program, verb, address, *map(str, words)], stdout=subprocess.PIPE, text=True)
        ready, self.address = self.process.stdout.readline().split()
        assert ready == "ready"

    def stop(self):
        """The most bytes that it kept for a connection, how many it has served, and how many it lost while it read."""
        self.process.send_signal(signal.SIGTERM)
        said, _ = self.process.communicate()
        assert self.process.returncode == 0, self.process.returncode
        return tuple(map(int, said.split()))
