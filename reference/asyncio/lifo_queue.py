import asyncio

from case import case, log
from support import run_virtual, start, turns


@case("asyncio.lifo-queue.order.lifo", "the last in is the first out")
def _():
    async def main():
        q = asyncio.LifoQueue()
        for item in (1, 3, 2):
            await q.put(item)
        for _ in range(3):
            log(await q.get())

    run_virtual(main())


@case("asyncio.lifo-queue.order.interleaved", "each get takes the newest")
def _():
    async def main():
        q = asyncio.LifoQueue()
        for item in (1, 2):
            await q.put(item)
        log(await q.get())
        for item in (3, 4):
            await q.put(item)
        log(q)
        for _ in range(3):
            log(await q.get())

    run_virtual(main())


@case("asyncio.lifo-queue.order.waiting-put", "what a put() stores that had to wait is the newest")
def _():
    async def main():
        q = asyncio.LifoQueue(2)
        q.put_nowait(1)
        q.put_nowait(2)
        task = start(q.put(3), "put")
        await turns()
        log(q.get_nowait())
        await task
        log(q.get_nowait(), q.get_nowait())

    run_virtual(main())


@case("asyncio.lifo-queue.order.woken-together", "of several items put in one turn the first to be woken gets the newest")
def _():
    async def main():
        q = asyncio.LifoQueue()
        tasks = [start(q.get(), name) for name in "ABC"]
        await turns()
        for item in (1, 2, 3):
            q.put_nowait(item)
        for task in tasks:
            await task

    run_virtual(main())


@case("asyncio.lifo-queue.kind.is-a-queue", "it is a Queue")
def _():
    log(isinstance(asyncio.LifoQueue(), asyncio.Queue))
