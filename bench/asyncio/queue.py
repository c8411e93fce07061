"""CPython's asyncio.Queue in the row of queue.cpp."""
import os
import sys

sys.path[0] = os.path.join(sys.path[0], "..", "harness")  # not where queue.py is ours
import asyncio  # noqa: E402
import time  # noqa: E402

from scenario import check, cost_row, main  # noqa: E402


async def answer(balls, answers, count):
    for _ in range(count):
        await answers.put(1 + await balls.get())


async def play(count):
    balls, answers = asyncio.Queue(), asyncio.Queue()
    other = asyncio.create_task(answer(balls, answers, count))
    start = time.perf_counter()
    for n in range(count):
        await balls.put(n)
        check(await answers.get(), n + 1)
    seconds = time.perf_counter() - start
    await other
    return seconds


@cost_row("asyncio.queue.roundtrip", 30_000)
def round_trips(count):
    return asyncio.run(play(count))


if __name__ == "__main__":
    sys.exit(main())
