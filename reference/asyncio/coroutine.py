"""Twins: coroutines as such: what awaiting one does, and what happens without."""

import asyncio
import gc
import warnings

from case import case, log, raised
from support import awaited, run_virtual, turns


async def answer():
    log("runs")
    return 42


async def fail(text):
    raise ValueError(text)


@case("asyncio.coroutine.lazy", "calling a coroutine function runs nothing; awaiting does")
def _():
    async def main():
        coroutine = answer()
        log("called")
        await turns()
        log("still nothing")
        log(await coroutine)

    run_virtual(main())


@case("asyncio.coroutine.awaited-at-once", "awaited, a coroutine runs at once in the same task; no turn of the loop passes")
def _():
    async def inner():
        log(asyncio.current_task().get_name())
        return "inner"

    async def main():
        asyncio.get_running_loop().call_soon(log, "next turn")
        log(asyncio.current_task().get_name())
        log(await inner(), await inner())
        await turns()
        log("main ends")

    run_virtual(main())


@case("asyncio.coroutine.three-ways", "a coroutine is run by await, by run(), by create_task()")
def _():
    async def main():
        log(await answer())
        log(await asyncio.create_task(answer()))

    run_virtual(main())
    log(run_virtual(answer()))


@case("asyncio.coroutine.raises", "what a coroutine raises arrives at the await, as it was raised")
def _():
    async def passes_on(text):
        await fail(text)
        log("never")

    async def main():
        try:
            await passes_on("bad")
        except ValueError as error:
            log("caught", error)
        log(await awaited(passes_on("worse")))

    run_virtual(main())
    log(raised(lambda: run_virtual(passes_on("worst"))))


@case("asyncio.coroutine.once", "a coroutine can be awaited once only")
def _():
    async def main():
        coroutine = answer()
        log(await coroutine)
        log(await awaited(coroutine))

    run_virtual(main())


@case("asyncio.coroutine.cleans-up", "what is left by an exception is cleaned up from the inside to the outside, before the next line runs")
def _():
    async def scope(name, inner):
        try:
            await inner
        finally:
            log(name, "left")

    async def main():
        log(await awaited(scope("outer", scope("middle", fail("bad")))))
        task = asyncio.create_task(scope("outer", scope("middle", asyncio.sleep(10))))
        await turns()
        task.cancel()
        log(await awaited(task))

    run_virtual(main())


@case("asyncio.coroutine.never-awaited", "a coroutine that is dropped without having been awaited is warned of")
def _():
    async def main():
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            answer()
            gc.collect()
            coroutine = answer()
            log(await coroutine)
            del coroutine
            gc.collect()
        log([str(warning.message).replace(" 'answer'", "") for warning in seen])

    run_virtual(main())


@case("asyncio.coroutine.deep", "a coroutine may await another that awaits another, a hundred deep, and each gets its result")
def _():
    async def sum_to(number):
        if number % 10 == 0:
            await asyncio.sleep(0)
        return number + await sum_to(number - 1) if number else 0

    log(run_virtual(sum_to(100)))


@case("asyncio.coroutine.own-awaitable", "what a type of one's own hands on to is awaited, in the same task")
def _():
    async def fetch(page):
        await asyncio.sleep(1)
        log("fetched", page)
        return page

    class Page:
        def __init__(self, name):
            self.name = name

        def __await__(self):
            return fetch(self.name).__await__()

    class AtOnce:
        def __await__(self):
            return 42
            yield

    async def main():
        asyncio.get_running_loop().call_soon(log, "next turn")
        log(await AtOnce())
        log(await Page("a"))
        log(*await asyncio.gather(Page("b"), fetch("c"), Page("d")), len(asyncio.all_tasks()))
        log(await asyncio.shield(Page("e")))
        log(await asyncio.wait_for(Page("f"), 2), await awaited(asyncio.wait_for(Page("g"), 0.5)))
        log(await awaited(asyncio.wait_for(Page("h"), 0)))
        for completed in asyncio.as_completed([Page("i")]):
            log(await completed)

    run_virtual(main())
