"""Twins: asyncio.sleep."""

import asyncio
import gc
import math
import warnings

from case import case, log, raised
from support import awaited, log_at, loop_time, noted, run_virtual, turns


async def sleeper(name, delay):
    await asyncio.sleep(delay)
    log_at(name)


@case("asyncio.sleep.passes", "sleep(d) returns when d has passed, and not before")
def _():
    async def main():
        await asyncio.sleep(0.5)
        log_at()
        await asyncio.sleep(2)
        log_at()

    run_virtual(main())


@case("asyncio.sleep.real", "also on the real clock")
def _():
    async def main():
        start = loop_time()
        await asyncio.sleep(0.05)
        log(loop_time() - start >= 0.05)

    asyncio.run(main())


@case("asyncio.sleep.result", "sleep(d, result) returns the result")
def _():
    async def main():
        log(await asyncio.sleep(1, "result"), await asyncio.sleep(0, 7), await asyncio.sleep(1))

    run_virtual(main())


@case("asyncio.sleep.zero", "sleep(0) takes exactly one turn of the loop, and so does a negative delay")
def _():
    async def main():
        loop = asyncio.get_running_loop()
        for delay in (0, -1):
            loop.call_soon(log, "this turn")
            loop.call_soon(lambda: loop.call_soon(log, "the turn after"))
            await asyncio.sleep(delay)
            log_at("back")
            await asyncio.sleep(delay)
            log_at("back again")

    run_virtual(main())


@case("asyncio.sleep.order", "sleepers wake in the order of their deadlines")
def _():
    async def main():
        tasks = [asyncio.create_task(sleeper(name, delay)) for name, delay in (("c", 3), ("a", 1), ("b", 2))]
        for task in tasks:
            await task

    run_virtual(main())


@case("asyncio.sleep.ties", "those with the same deadline wake in the order of CPython's heap")
def _():
    async def main():
        delays = [2, 1, 2, 1, 3, 1, 2, 3, 1, 2, 1, 1, 3, 2, 1, 2]
        tasks = [asyncio.create_task(sleeper("s%d" % n, delay)) for n, delay in enumerate(delays)]
        for task in tasks:
            await task

    run_virtual(main())


@case("asyncio.sleep.wakes-a-turn-later", "when its time has come a sleeper runs one turn after a callback of the same time")
def _():
    async def main():
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(sleeper("sleeper", 1))
        await turns()
        loop.call_later(1, lambda: (log_at("timer"), loop.call_soon(log, "callback of the timer")))
        await task

    run_virtual(main())


@case("asyncio.sleep.cancel", "a cancelled sleep ends at once, and leaves no timer behind")
def _():
    async def main():
        task = asyncio.create_task(asyncio.sleep(3600, "never"))
        await asyncio.sleep(1)
        task.cancel()
        await noted(task, "task")
        await asyncio.sleep(1)
        log_at("the loop goes on")

    run_virtual(main())


@case("asyncio.sleep.nan", "a delay that is no number is an error")
def _():
    async def main():
        log(await awaited(asyncio.sleep(math.nan)))

    run_virtual(main())


@case("asyncio.sleep.nan-was-awaited", "one whose delay is no number was awaited all the same")
def _():
    async def main():
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            log(await awaited(asyncio.sleep(math.nan)))
            gc.collect()
        log([str(warning.message) for warning in seen])

    run_virtual(main())
