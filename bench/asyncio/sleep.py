"""CPython's asyncio.sleep in the rows of sleep.cpp."""
import os
import sys

sys.path[0] = os.path.join(sys.path[0], "..", "harness")  # not where queue.py is ours
import asyncio  # noqa: E402
import time  # noqa: E402

from scenario import check, cost_row, main, row  # noqa: E402

SWITCHING = 10


async def by_turns(count):
    for _ in range(count):
        await asyncio.sleep(0)
    return count


async def take_turns(count):
    start = time.perf_counter()
    tasks = [asyncio.create_task(by_turns(count // SWITCHING)) for _ in range(SWITCHING)]
    total = 0
    for task in tasks:
        total += await task
    seconds = time.perf_counter() - start
    check(total, count)
    return seconds


@row("asyncio.switches", 200_000, SWITCHING)
def switches(count):
    return asyncio.run(take_turns(count))


async def sleep_all(count):
    woken = []

    async def once(n):
        await asyncio.sleep(n * 7919 % 500 / 1000)
        woken.append(n)

    start = time.process_time()
    for task in [asyncio.create_task(once(n)) for n in range(count)]:
        await task
    seconds = time.process_time() - start
    check(len(woken), count)
    return seconds


@cost_row("asyncio.timers", 100_000)
def timers(count):
    return asyncio.run(sleep_all(count))


if __name__ == "__main__":
    sys.exit(main())
