"""CPython's multiprocessing.Pipe in the rows of connection.cpp."""
import os
import struct
import sys
import time
from multiprocessing import get_context

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))

from scenario import Broken, check, latency_row, main, row  # noqa: E402

MESSAGES, BYTES, DEPTH = 20_000, 64 << 20, 16
NUMBER = struct.Struct("=Q")
context = get_context("fork")


def message(number, size):
    packed = NUMBER.pack(number)
    return packed + b"m" * (size - 16) + packed if size > 8 else packed


def number_of(got, size):
    check(len(got), size)
    first, last = NUMBER.unpack_from(got), NUMBER.unpack_from(got, size - 8)
    check(first, last)
    return first[0]


class Partner:
    """The other process, which runs body(connection)."""

    def __init__(self, body, *args):
        self.connection, other = context.Pipe()
        self.process = context.Process(target=self._run, args=(self.connection, other, body, args))
        self.process.start()
        other.close()
        check(self.connection.recv(), "ready")

    @staticmethod
    def _run(mine, other, body, args):
        mine.close()
        other.send("ready")
        body(other, *args)

    def join(self):
        self.process.join()
        check(self.process.exitcode, 0)


def receive_bytes(connection, size, count, depth):
    total = 0
    for n in range(count):
        number = number_of(connection.recv_bytes(), size)
        check(number, n)
        total += number
        if depth and n % depth == depth - 1:
            connection.send_bytes(NUMBER.pack(n))
    connection.send_bytes(NUMBER.pack(total))


def stream(size, count, depth=0):
    partner = Partner(receive_bytes, size, count, depth)
    connection = partner.connection
    start = time.perf_counter()
    for n in range(count):
        connection.send_bytes(message(n, size))
        if depth and n % depth == depth - 1:
            check(number_of(connection.recv_bytes(), 8), n)
    total = number_of(connection.recv_bytes(), 8)
    seconds = time.perf_counter() - start
    check(total, count * (count - 1) // 2)
    partner.join()
    return seconds


def receive_values(connection, count):
    connection.send(sum(connection.recv() for _ in range(count)))


def values(count):
    partner = Partner(receive_values, count)
    start = time.perf_counter()
    for n in range(count):
        partner.connection.send(n)
    total = partner.connection.recv()
    seconds = time.perf_counter() - start
    check(total, count * (count - 1) // 2)
    partner.join()
    return seconds


def echo(connection, count):
    for _ in range(count):
        connection.send_bytes(NUMBER.pack(number_of(connection.recv_bytes(), 8) + 1))


def round_trips(count, pause=0.0):
    partner, times = Partner(echo, count), []
    for n in range(count):
        if pause:
            time.sleep(pause)
        start = time.perf_counter_ns()
        partner.connection.send_bytes(NUMBER.pack(n))
        if number_of(partner.connection.recv_bytes(), 8) != n + 1:
            raise Broken("a ball was lost")
        times.append(time.perf_counter_ns() - start)
    partner.join()
    return times


row("connection.8b", MESSAGES)(lambda count: stream(8, count))
row("connection.1kib", MESSAGES)(lambda count: stream(1024, count))
row("connection.1kib.depth16", MESSAGES)(lambda count: stream(1024, count, DEPTH))
row("connection.value", MESSAGES)(values)
for name, size in (("64kib", 64 << 10), ("1mib", 1 << 20), ("4mib", 4 << 20)):
    row("connection." + name, BYTES, size)(lambda count, size=size: stream(size, count // size))
latency_row("connection.roundtrip.hot", 5000)(round_trips)
latency_row("connection.roundtrip.polled", 5000)(round_trips)
latency_row("connection.roundtrip.parked", 300)(lambda count: round_trips(count, 0.001))

if __name__ == "__main__":
    sys.exit(main())
