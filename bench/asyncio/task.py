"""CPython's tasks in the rows of task.cpp."""
import os
import sys

sys.path[0] = os.path.join(sys.path[0], "..", "harness")  # not where queue.py is ours
import asyncio  # noqa: E402
import time  # noqa: E402

from scenario import bytes_row, check, latency_row, main, resident_bytes, row  # noqa: E402

AT_ONCE = 10_000


async def numbered(n):
    return n


async def create_and_run(count):
    total, start = 0, time.perf_counter()
    for first in range(0, count, AT_ONCE):
        tasks = [asyncio.create_task(numbered(n)) for n in range(first, min(count, first + AT_ONCE))]
        for task in tasks:
            total += await task
    seconds = time.perf_counter() - start
    check(total, count * (count - 1) // 2)
    return seconds


@row("asyncio.tasks", 50_000)
def tasks(count):
    return asyncio.run(create_and_run(count))


async def started(n):
    return n


@latency_row("asyncio.run", 500)
def starts(count):
    times = []
    for n in range(count):
        start = time.perf_counter_ns()
        result = asyncio.run(started(n))
        times.append(time.perf_counter_ns() - start)
        check(result, n)
    return times


async def asleep():
    await asyncio.sleep(3600)


async def fall_asleep(count):
    before = resident_bytes()
    tasks = [asyncio.create_task(asleep()) for _ in range(count)]
    await asyncio.sleep(0)
    used = resident_bytes() - before
    for task in tasks:
        task.cancel()
    return used / count


@bytes_row("asyncio.memory.task", 100_000)
def bytes_of_task(count):
    return asyncio.run(fall_asleep(count))


if __name__ == "__main__":
    sys.exit(main())
