"""Streams against a real peer: CPython, as client and as server. peers_test.py PEER"""
import asyncio
import random
import resource
import socket
import struct
import subprocess
import sys
import unittest

from peers import (FLOOD, LITTLE, MARK, PIECE, OverTcp, OverUnix, Serving, address_of, connected, listening, memory_of,
                   read_flood)

PEER = sys.argv.pop(1)
MANY = 5000
OTHERS = 100  # descriptors


async def send_in_pieces(writer, data, seed):
    source, at = random.Random(seed), 0
    while at < len(data):
        size = source.choice((1, 10, 1000, 70000, 300000))
        writer.write(data[at:at + size])
        at += size
        await writer.drain()
    writer.write_eof()


async def ask(address, number, size):
    """Sends, reads at the same time, ends its own half first; returns whether the answer is what was sent."""
    data = random.Random(number).randbytes(size)
    reader, writer = await asyncio.open_connection(sock=connected(address))
    sending = asyncio.ensure_future(send_in_pieces(writer, data, number))
    answer = await reader.read()
    await sending
    writer.close()
    await writer.wait_closed()
    return answer == data


def reset(sock):
    """Of a path: to be told of it, there must be something left that was not read."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class Peers:
    def serving(self, verb, *words):
        return Serving(PEER, verb, self.address, *words)

    def test_cpython_asks(self):
        server = self.serving("serve")

        async def main():
            return await asyncio.gather(*[ask(server.address, number, number * 20011) for number in range(50)])

        self.assertTrue(all(asyncio.run(main())))
        most, served, _ = server.stop()
        self.assertEqual(served, 50)
        self.assertLessEqual(most, 2 * MARK)

    def test_cpython_serves(self):
        async def echo(reader, writer):
            while data := await reader.read(50000):
                writer.write(data)
                await writer.drain()
            writer.close()

        async def main():
            listener = listening(self.address)
            server = await asyncio.start_server(echo, sock=listener, backlog=1000)
            process = await asyncio.create_subprocess_exec(PEER, "ask", address_of(listener), "50", "1000003")
            code = await process.wait()
            server.close()
            return code

        self.assertEqual(asyncio.run(main()), 0)

    def test_slow_client(self):
        server = self.serving("flood", FLOOD)
        with connected(server.address) as sock:
            total, grown = read_flood(sock.recv, server.process)
        self.assertEqual(total, FLOOD)
        self.assertLess(grown, LITTLE)
        most, served, _ = server.stop()
        self.assertEqual(served, 1)
        self.assertLessEqual(most, MARK + PIECE)

    def test_slow_server(self):
        with listening(self.address) as listener:
            process = subprocess.Popen([PEER, "pour", address_of(listener), str(FLOOD)], stdout=subprocess.PIPE)
            with listener.accept()[0] as sock:
                total, grown = read_flood(sock.recv, process)
        self.assertEqual(total, FLOOD)
        self.assertLess(grown, LITTLE)
        most, served, _ = map(int, process.communicate()[0].split())
        self.assertEqual((process.returncode, served), (0, 1))
        self.assertLessEqual(most, MARK + PIECE)

    def test_many_connections(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < MANY + OTHERS:
            self.skipTest("%d connections are not tried: no more than %d descriptors are allowed" % (MANY, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        server = self.serving("serve")
        before = memory_of(server.process)
        socks = []
        for number in range(MANY):
            socks.append(connected(server.address))
            socks[-1].send(b"%d" % number)
        answers = [sock.recv(100) for sock in socks]
        print("%d connections: %d bytes each" % (MANY, (memory_of(server.process) - before) // MANY))
        self.assertEqual(answers, [b"%d" % number for number in range(MANY)])
        for sock in socks:
            sock.shutdown(socket.SHUT_WR)
        for sock in socks:
            self.assertEqual(sock.recv(1), b"")
            sock.close()
        self.assertEqual(server.stop()[1], MANY)

    def test_gone_without_reading(self):
        """Whoever goes without reading costs nobody else anything."""
        server = self.serving("serve")
        for _ in range(20):
            with connected(server.address) as sock:
                sock.setblocking(False)
                try:
                    while True:
                        sock.send(b"x" * 100000)
                except BlockingIOError:
                    pass
        self.assertTrue(asyncio.run(ask(server.address, 1, 1000000)))
        server.stop()

    def test_client_resets(self):
        """Whoever reads is told."""
        server = self.serving("serve")
        for _ in range(20):
            sock = connected(server.address)
            sock.send(b"x")
            sock.recv(1, socket.MSG_PEEK)  # having answered, it reads
            reset(sock)
        self.assertTrue(asyncio.run(ask(server.address, 1, 1000000)))
        self.assertEqual(server.stop()[1:], (1, 20))

    def test_server_resets(self):
        with listening(self.address) as listener:
            for answer in (b"", b"a part"):
                process = subprocess.Popen([PEER, "lose", address_of(listener)])
                sock, _ = listener.accept()
                sock.recv(1, socket.MSG_PEEK)
                sock.send(answer)
                reset(sock)
                self.assertEqual(process.wait(), 0, answer)


class PeersOverUnix(OverUnix, Peers, unittest.TestCase):
    pass


class PeersOverTcp(OverTcp, Peers, unittest.TestCase):
    pass


if __name__ == "__main__":
    unittest.main(verbosity=2)  # with the reasons of what is skipped
