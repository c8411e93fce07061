"""CPython's streams in the rows of streams.cpp."""
import os
import sys

sys.path[0] = os.path.join(sys.path[0], "..", "harness")  # not where queue.py is ours
import asyncio  # noqa: E402
import resource  # noqa: E402
import time  # noqa: E402

from scenario import Broken, bytes_row, check, latency_row, main, resident_bytes  # noqa: E402

ECHOED = 64
PATH = "/tmp/bench-echo-%d.socket" % os.getpid()


async def echo_back(reader, writer):
    while True:
        message = await reader.read(1 << 16)
        if not message:
            break
        writer.write(message)
        await writer.drain()
    writer.close()


async def round_trips(count):
    server = await asyncio.start_unix_server(echo_back, PATH)
    reader, writer = await asyncio.open_unix_connection(PATH)
    times = []
    for n in range(count):
        message = bytes([ord("a") + n % 26]) * ECHOED
        start = time.perf_counter_ns()
        writer.write(message)
        back = await reader.readexactly(ECHOED)
        times.append(time.perf_counter_ns() - start)
        check(back, message)
    writer.close()
    server.close()
    await server.wait_closed()
    return times


@latency_row("asyncio.echo.unix", 5_000)
def echo(count):
    return asyncio.run(round_trips(count))


async def connect_all(count):
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if most < 2 * count + 100:
        raise Broken("not enough descriptors for this row: %d needed" % (2 * count + 100))
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    server = await asyncio.start_unix_server(echo_back, PATH)
    before = resident_bytes()
    ends = [await asyncio.open_unix_connection(PATH) for _ in range(count)]
    await asyncio.sleep(0.1)
    used = resident_bytes() - before
    for _, writer in ends:
        writer.close()
    server.close()
    await server.wait_closed()
    return used / count


@bytes_row("asyncio.memory.connection", 9_000)
def bytes_of_connection(count):
    return asyncio.run(connect_all(count))


if __name__ == "__main__":
    try:
        code = main()
    finally:
        if os.path.exists(PATH):
            os.unlink(PATH)
    sys.exit(code)
