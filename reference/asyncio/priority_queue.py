import asyncio

from case import case, log
from support import run_virtual, start, turns


@case("asyncio.priority-queue.order.lowest-first", "the lowest is the first out")
def _():
    async def main():
        q = asyncio.PriorityQueue()
        for item in (1, 3, 2):
            await q.put(item)
        for _ in range(3):
            log(await q.get())

    run_virtual(main())


@case("asyncio.priority-queue.order.pairs", "pairs come by their number, and those with equal numbers by their data")
def _():
    async def main():
        q = asyncio.PriorityQueue()
        for item in ((2, "code"), (1, "eat"), (3, "sleep"), (1, "drink")):
            await q.put(item)
        for _ in range(4):
            number, name = await q.get()
            log(number, name)

    run_virtual(main())


@case("asyncio.priority-queue.order.interleaved", "each get takes the lowest of those that are held")
def _():
    async def main():
        q = asyncio.PriorityQueue()
        for item in (5, 2, 9, 4):
            await q.put(item)
        log(q)
        log(await q.get())
        for item in (1, 7, 3):
            await q.put(item)
        log(q)
        for _ in range(6):
            log(await q.get())

    run_virtual(main())


class Job:
    def __init__(self, priority, name):
        self.priority, self.name = priority, name

    def __lt__(self, other):
        return self.priority < other.priority


@case("asyncio.priority-queue.order.equal", "those none of which is lower come as heapq gives them")
def _():
    async def main():
        q = asyncio.PriorityQueue()
        for index, priority in enumerate((1, 0, 1, 1, 0, 2, 1, 0)):
            await q.put(Job(priority, "abcdefgh"[index]))
        for _ in range(8):
            log((await q.get()).name)

    run_virtual(main())


@case("asyncio.priority-queue.order.waiting-put", "the item of a put() that had to wait takes its place by its priority")
def _():
    async def main():
        q = asyncio.PriorityQueue(2)
        q.put_nowait(2)
        q.put_nowait(3)
        task = start(q.put(1), "put")
        await turns()
        log(q.get_nowait())
        await task
        log(q.get_nowait(), q.get_nowait())

    run_virtual(main())


@case("asyncio.priority-queue.order.waiting-get", "those that wait get the lowest of what is put in one turn first")
def _():
    async def main():
        q = asyncio.PriorityQueue()
        tasks = [start(q.get(), name) for name in "AB"]
        await turns()
        for item in (3, 1, 2):
            q.put_nowait(item)
        for task in tasks:
            await task
        log(q)

    run_virtual(main())


@case("asyncio.priority-queue.kind.is-a-queue", "it is a Queue")
def _():
    log(isinstance(asyncio.PriorityQueue(), asyncio.Queue))
