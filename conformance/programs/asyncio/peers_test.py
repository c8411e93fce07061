"""Streams against a real peer: CPython's asyncio as client and as server. peers_test.py PEER"""
import asyncio
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

PEER = sys.argv.pop(1)
MANY = 5000
MARK = 64 * 1024  # the high water mark


class Serving:
    """The program, while it serves at a path."""

    def __init__(self, verb, *words):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "socket")
        self.process = subprocess.Popen([PEER, verb, self.path, *words], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def memory(self):
        with open("/proc/%d/statm" % self.process.pid) as file:
            return int(file.read().split()[1]) * resource.getpagesize()

    def stop(self):
        """The most bytes that it kept for a connection, and how many it has served."""
        self.process.send_signal(signal.SIGTERM)
        said, _ = self.process.communicate()
        self.folder.cleanup()
        assert self.process.returncode == 0, self.process.returncode
        return tuple(map(int, said.split()))


async def send_in_pieces(writer, data, seed):
    source, at = random.Random(seed), 0
    while at < len(data):
        size = source.choice((1, 10, 1000, 70000, 300000))
        writer.write(data[at:at + size])
        at += size
        await writer.drain()
    writer.write_eof()


async def ask(path, number, size):
    """Sends, reads at the same time, ends its own half first; returns whether the answer is what was sent."""
    data = random.Random(number).randbytes(size)
    reader, writer = await asyncio.open_unix_connection(path)
    sending = asyncio.ensure_future(send_in_pieces(writer, data, number))
    answer = await reader.read()
    await sending
    writer.close()
    await writer.wait_closed()
    return answer == data


class Peers(unittest.TestCase):
    def test_cpython_asks(self):
        server = Serving("serve")

        async def main():
            return await asyncio.gather(*[ask(server.path, number, number * 20011) for number in range(50)])

        self.assertTrue(all(asyncio.run(main())))
        most, served = server.stop()
        self.assertEqual(served, 50)
        self.assertLessEqual(most, 2 * MARK)

    def test_cpython_serves(self):
        async def echo(reader, writer):
            while data := await reader.read(50000):
                writer.write(data)
                await writer.drain()
            writer.close()

        async def main(path):
            server = await asyncio.start_unix_server(echo, path, backlog=1000)
            process = await asyncio.create_subprocess_exec(PEER, "ask", path, "50", "1000003")
            code = await process.wait()
            server.close()
            return code

        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(asyncio.run(main(os.path.join(folder, "socket"))), 0)

    def test_slow_reader(self):
        """What nobody reads is not made: the sender waits."""
        size = 50000000
        server = Serving("flood", str(size))
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(server.path)
            total, before = len(sock.recv(1000)), server.memory()
            while data := sock.recv(20000):
                total += len(data)
            self.assertEqual(total, size)
            self.assertLess(server.memory() - before, 4 << 20)
        most, served = server.stop()
        self.assertEqual(served, 1)
        self.assertLessEqual(most, MARK + 10000)

    def test_many_connections(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        many = min(MANY, hard - 100)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        server = Serving("serve")
        before = server.memory()
        socks = []
        for number in range(many):
            socks.append(socket.socket(socket.AF_UNIX))
            socks[-1].connect(server.path)
            socks[-1].send(b"%d" % number)
        answers = [sock.recv(100) for sock in socks]
        print("\n%d connections: %d bytes each" % (many, (server.memory() - before) // many))
        self.assertEqual(answers, [b"%d" % number for number in range(many)])
        for sock in socks:
            sock.shutdown(socket.SHUT_WR)
        for sock in socks:
            self.assertEqual(sock.recv(1), b"")
            sock.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        self.assertEqual(server.stop()[1], many)

    def test_reset(self):
        """Whoever goes without reading costs nobody else anything."""
        server = Serving("serve")
        for _ in range(20):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(server.path)
                sock.setblocking(False)
                try:
                    while True:
                        sock.send(b"x" * 100000)
                except BlockingIOError:
                    pass
        self.assertTrue(asyncio.run(ask(server.path, 1, 1000000)))
        server.stop()


if __name__ == "__main__":
    unittest.main()
