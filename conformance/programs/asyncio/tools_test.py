"""Streams against a real peer: socat or nc, as client and as server. tools_test.py PEER socat|nc"""
import random
import shutil
import subprocess
import sys
import unittest
from subprocess import DEVNULL, PIPE, STDOUT

from peers import FLOOD, LITTLE, MARK, PIECE, OverTcp, OverUnix, Serving, read_flood

PEER, TOOL = sys.argv[1:3]
SIZE = 1000003


class Socat:
    """-t: how long it waits, when one half is closed, for the other one."""

    START = ["socat", "-t", "60", "-d", "-d"]

    def client(address):
        return [*Socat.START, "-", ("TCP:" if ":" in address else "UNIX-CONNECT:") + address]

    def server(address, behind="-"):
        host, colon, port = address.rpartition(":")
        return [*Socat.START, "TCP-LISTEN:%s,bind=%s" % (port, host) if colon else "UNIX-LISTEN:" + address, behind]


class Netcat:
    """OpenBSD's. -N: closes its half when its input ends."""

    START = ["nc", "-n", "-N", "-v"]

    def client(address):
        return Netcat.START + Netcat.place(address)

    def server(address):
        return [*Netcat.START, "-l", *Netcat.place(address)]

    def place(address):
        host, colon, port = address.rpartition(":")
        return [host, port] if colon else ["-U", address]


def listening(command, address, **streams):
    """The tool as a server, and its address, of which it tells when it listens."""
    process = subprocess.Popen(command, stderr=PIPE, **streams)
    for line in process.stderr:
        if b"istening on" in line:
            port = line.decode().replace(":", " ").split()[-1]
            return process, "127.0.0.1:" + port if ":" in address else address
    raise AssertionError("%s does not listen" % command)


class Tools:
    tool = {"socat": Socat, "nc": Netcat}[TOOL]

    def test_it_asks(self):
        """It ends its half first: only then the program ends the other one."""
        server = Serving(PEER, "serve", self.address)
        for number in range(5):
            data = random.Random(number).randbytes(number * SIZE)
            asked = subprocess.run(self.tool.client(server.address), input=data, stdout=PIPE, stderr=DEVNULL, check=True)
            self.assertEqual(asked.stdout, data)
        most, served, _ = server.stop()
        self.assertEqual(served, 5)
        self.assertLessEqual(most, 2 * MARK)

    def test_it_serves(self):
        """It ends its half first, here too: nc would end with the other one."""
        process, address = listening(self.tool.server(self.address), self.address, stdin=PIPE, stdout=PIPE)
        with process, subprocess.Popen([PEER, "answer", address], stdout=PIPE) as answering:
            data = random.Random(1).randbytes(SIZE)
            answer, _ = process.communicate(data)
            most, served, _ = map(int, answering.stdout.read().split())
        self.assertEqual(answer, data)
        self.assertEqual((answering.returncode, process.returncode, served), (0, 0, 1))
        self.assertLessEqual(most, 2 * MARK)

    @unittest.skipUnless(TOOL == "socat", "only socat echoes by itself")
    def test_it_echoes(self):
        process, address = listening(self.tool.server(self.address, "EXEC:cat"), self.address)
        with process:
            self.assertEqual(subprocess.run([PEER, "ask", address, "1", str(SIZE)]).returncode, 0)
        self.assertEqual(process.returncode, 0)

    def check_flood(self, process, sender):
        total, grown = read_flood(process.stdout.read1, sender)
        self.assertEqual(total, FLOOD)
        self.assertLess(grown, LITTLE)

    def test_slow_client(self):
        server = Serving(PEER, "flood", self.address, FLOOD)
        with subprocess.Popen(self.tool.client(server.address), stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL) as process:
            self.check_flood(process, server.process)
        self.assertEqual(process.returncode, 0)
        most, served, _ = server.stop()
        self.assertEqual(served, 1)
        self.assertLessEqual(most, MARK + PIECE)

    def test_slow_server(self):
        process, address = listening(self.tool.server(self.address), self.address, stdin=DEVNULL, stdout=PIPE)
        with process, subprocess.Popen([PEER, "pour", address, str(FLOOD)], stdout=PIPE) as pouring:
            self.check_flood(process, pouring)
            most, served, _ = map(int, pouring.stdout.read().split())
        self.assertEqual((pouring.returncode, process.returncode, served), (0, 0, 1))
        self.assertLessEqual(most, MARK + PIECE)


class ToolsOverUnix(OverUnix, Tools, unittest.TestCase):
    pass


class ToolsOverTcp(OverTcp, Tools, unittest.TestCase):
    pass


def is_here():
    """Others than OpenBSD's are called nc, too, and have other options."""
    if not shutil.which(TOOL):
        return False
    return TOOL == "socat" or b"OpenBSD" in subprocess.run([TOOL, "-h"], stdout=PIPE, stderr=STDOUT).stdout


if __name__ == "__main__":
    if not is_here():
        print("SKIP(no %s): streams with it on the other side" % TOOL)
        sys.exit()
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
