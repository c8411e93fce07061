import asyncio

from case import case, log, raised
from support import awaited, raised_by, run_virtual, soon, start, turns


async def wait(condition, name):
    """Waits with the condition held, and says what came of it."""
    async with condition:
        log(name, await awaited(condition.wait()), condition.locked())


async def waiting(names, lock=None):
    """A condition, and tasks of these names that wait for it; they give it back when they have waited."""
    condition = asyncio.Condition(lock)
    tasks = [asyncio.create_task(wait(condition, name)) for name in names]
    await turns()
    return (condition, *tasks)


async def notify(condition, count=1):
    async with condition:
        condition.notify(count)


# The lock


@case("asyncio.condition.lock.own", "it has a lock of its own")
def _():
    async def main():
        condition = asyncio.Condition()
        log(condition.locked())
        soon("a turn")
        log(await condition.acquire(), condition.locked())
        task = start(condition.acquire(), "A")
        await turns()
        condition.release()
        log(condition.locked())
        await task
        log(condition.locked())

    run_virtual(main())


@case("asyncio.condition.lock.given", "over a given lock, taking either takes both", since="3.10")
def _():
    async def main():
        lock = asyncio.Lock()
        condition = asyncio.Condition(lock)
        async with condition:
            log(lock.locked(), condition.locked())
        log(lock.locked(), condition.locked())
        async with lock:
            log(lock.locked(), condition.locked())
            condition.notify()
        log(lock.locked(), condition.locked())

    run_virtual(main())


@case("asyncio.condition.lock.shared", "two conditions over one lock wait apart", since="3.10")
def _():
    async def main():
        lock = asyncio.Lock()
        first, one = await waiting("A", lock)
        second, other = await waiting("B", lock)
        await notify(second)
        await turns(2)
        log(first, second)
        await notify(first)
        await one

    run_virtual(main())


@case("asyncio.condition.lock.not-held", "who has not taken it can neither wait nor notify")
def _():
    async def main():
        condition = asyncio.Condition()
        log(await awaited(condition.wait()))
        log(raised(condition.notify))
        log(raised(condition.notify_all))
        log(condition)

    run_virtual(main())


# wait, notify


@case("asyncio.condition.wait.frees-the-lock", "it is free while somebody waits, and taken again when wait() returns")
def _():
    async def main():
        condition, task = await waiting("A")
        log(condition.locked())
        await condition.acquire()
        condition.notify()
        await turns(2)
        log(condition, task.done())
        condition.release()
        await turns()
        log(condition, task.done())

    run_virtual(main())


@case("asyncio.condition.wait.gives-way", "wait() lets those that wait for the lock have it")
def _():
    async def main():
        condition = asyncio.Condition()
        await condition.acquire()
        other = asyncio.create_task(notify(condition))
        await turns()
        log(await condition.wait(), condition.locked(), other.done())

    run_virtual(main())


@case("asyncio.condition.notify.oldest-first", "notify() wakes the task that has waited longest")
def _():
    async def main():
        condition, *_ = await waiting("ABC")
        for _ in range(3):
            await notify(condition)
            await turns()
            log("then")

    run_virtual(main())


@case("asyncio.condition.notify.count", "notify(n) wakes n, or all that there are")
def _():
    async def main():
        condition, *_ = await waiting("ABC")
        await notify(condition, 2)
        await turns(3)
        log("then")
        await notify(condition, 2048)
        await turns(3)
        log(condition)

    run_virtual(main())


@case("asyncio.condition.notify.none", "notify(n) with n of zero or less wakes nobody")
def _():
    async def main():
        condition, task = await waiting("A")
        await notify(condition, 0)
        await notify(condition, -1)
        await turns(2)
        log(condition)
        await notify(condition)
        await task

    run_virtual(main())


@case("asyncio.condition.notify.all", "notify_all() wakes all that wait")
def _():
    async def main():
        condition, *tasks = await waiting("ABC")
        async with condition:
            condition.notify_all()
        await turns(4)
        log(*(task.done() for task in tasks), condition)

    run_virtual(main())


@case("asyncio.condition.notify.not-remembered", "a notify() that finds nobody is forgotten")
def _():
    async def main():
        condition = asyncio.Condition()
        await notify(condition)
        async with condition:
            condition.notify_all()
        task = asyncio.create_task(wait(condition, "A"))
        await turns(3)
        log(task.done(), condition)
        await notify(condition)
        await task

    run_virtual(main())


@case("asyncio.condition.notify.twice", "two in one turn wake two tasks")
def _():
    async def main():
        condition, *tasks = await waiting("ABC")
        async with condition:
            condition.notify()
            condition.notify()
        await turns(4)
        log(*(task.done() for task in tasks))
        await notify(condition)
        await tasks[2]

    run_virtual(main())


@case("asyncio.condition.notify.keeps-the-lock", "those that were notified go on when the lock is released")
def _():
    async def main():
        condition, first, second = await waiting("AB")
        async with condition:
            condition.notify_all()
            await turns(3)
            log(condition, first.done(), second.done())
        log("released")
        await second
        log(condition)

    run_virtual(main())


# cancel


@case("asyncio.condition.cancel.waiting", "a cancelled wait() takes the lock again first, and no longer waits")
def _():
    async def main():
        condition, task = await waiting("A")
        await condition.acquire()
        task.cancel()
        await turns(2)
        log(condition, task.done())
        condition.release()
        await turns()
        log(condition, task.done())

    run_virtual(main())


@case("asyncio.condition.cancel.message", "what cancel() was told arrives", since="3.13")
def _():
    async def main():
        condition, task = await waiting("A")
        task.cancel("foo")
        await task
        condition, task = await waiting("B")
        await condition.acquire()
        condition.notify()
        await turns()
        task.cancel("bar")
        condition.release()
        await task

    run_virtual(main())


async def caught(condition, kept):
    """Waits, and keeps what left wait_for() on its way out."""
    async with condition:
        try:
            await condition.wait_for(lambda: False)
        except asyncio.CancelledError as error:
            kept.append(error)
            raise


@case("asyncio.condition.cancel.same-exception", "the exception that cancelled is the one that leaves", since="3.11.2")
def _():
    async def main():
        condition, kept = asyncio.Condition(), []
        task = asyncio.create_task(caught(condition, kept))
        await turns()
        task.cancel("foo")
        try:
            await task
        except asyncio.CancelledError as error:
            log(raised_by(error), error is kept[0])

    run_virtual(main())


@case("asyncio.condition.cancel.last-exception", "cancelled again while it takes the lock, it is the newest that leaves", since="3.13")
def _():
    async def main():
        condition, task = await waiting("A")
        await condition.acquire()
        task.cancel("first")
        await turns()
        task.cancel("second")
        await turns(2)
        log(condition, task.done())
        condition.release()
        await task
        log(condition)

    run_virtual(main())


@case("asyncio.condition.cancel.taking-the-lock", "one that was notified and is cancelled while it takes the lock takes it, and raises")
def _():
    async def main():
        condition, task = await waiting("A")
        await condition.acquire()
        condition.notify()
        await turns()
        log(condition)
        task.cancel()
        await turns(2)
        log(condition, task.done())
        condition.release()
        await turns()
        log(condition, task.done())

    run_virtual(main())


@case("asyncio.condition.cancel.contested", "cancelled and the lock released in one turn: it has the lock when it ends")
def _():
    async def main():
        condition = asyncio.Condition()
        await condition.acquire()
        task = start(condition.wait(), "A")
        await turns()
        await condition.acquire()
        condition.notify()
        loop = asyncio.get_running_loop()
        loop.call_soon(task.cancel)
        loop.call_soon(condition.release)
        await task
        log(condition)

    run_virtual(main())


class Stock:
    """Things that consumers wait for until there are fewer than none."""

    def __init__(self):
        self.condition, self.items = asyncio.Condition(), 0

    async def consume(self, name):
        async with self.condition:
            while True:
                await self.condition.wait_for(lambda: self.items != 0)
                if self.items < 0:
                    return
                self.items -= 1
                log(name, "took one")


async def lose_a_consumer(turns_first):
    """One of two is notified and then cancelled: the other has to take what there is."""
    stock = Stock()
    consumers = [asyncio.create_task(stock.consume(name)) for name in "AB"]
    await turns()
    async with stock.condition:
        stock.items += 1
        stock.condition.notify()
        await turns(turns_first)
        consumers[0].cancel()
        await turns(2)
    await turns(3)
    log(stock.items, consumers[0].cancelled(), stock.condition)
    async with stock.condition:
        stock.items = -1
        stock.condition.notify_all()
    await consumers[1]


@case("asyncio.condition.cancel.hands-on", "one that is cancelled as it is notified leaves that to the next", since="3.13")
def _():
    run_virtual(lose_a_consumer(0))


@case("asyncio.condition.cancel.hands-on-late", "the same while it takes the lock again", since="3.13")
def _():
    run_virtual(lose_a_consumer(1))


@case("asyncio.condition.cancel.timeout", "a wait() that is given a time ends with the lock held")
def _():
    async def main():
        condition = asyncio.Condition()
        async with condition:
            said = await awaited(asyncio.wait_for(condition.wait(), 0.5))
            log(said, condition, asyncio.get_running_loop().time())

    run_virtual(main())


# wait_for


@case("asyncio.condition.wait-for.holds", "it waits until the predicate holds, asking with the lock held")
def _():
    async def main():
        condition, state = asyncio.Condition(), {"ready": False, "asked": 0}

        def ready():
            state["asked"] += 1
            log("asked", condition.locked())
            return state["ready"]

        async def wait():
            async with condition:
                log(await condition.wait_for(ready), condition.locked())

        task = asyncio.create_task(wait())
        await turns()
        await notify(condition)
        await turns(2)
        log(task.done())
        state["ready"] = True
        await notify(condition)
        await task
        log(state["asked"])

    run_virtual(main())


@case("asyncio.condition.wait-for.at-once", "a predicate that holds is asked once, whoever has the lock")
def _():
    async def main():
        condition, asked = asyncio.Condition(), []
        soon("a turn")

        def ready():
            asked.append(1)
            return True

        log(await condition.wait_for(ready), len(asked))
        await turns()

    run_virtual(main())


@case("asyncio.condition.wait-for.not-held", "one that does not hold asks for the lock")
def _():
    async def main():
        condition = asyncio.Condition()
        log(await awaited(condition.wait_for(lambda: False)))

    run_virtual(main())


@case("asyncio.condition.wait-for.fails", "what the predicate raises leaves, with the lock held")
def _():
    async def main():
        condition, ready = asyncio.Condition(), []

        def fail():
            if ready:
                raise ValueError("no")
            return False

        async def wait():
            async with condition:
                log(await awaited(condition.wait_for(fail)), condition)

        task = asyncio.create_task(wait())
        await turns()
        ready.append(1)
        await notify(condition)
        await task
        log(condition)

    run_virtual(main())


# The rest


@case("asyncio.condition.with.releases", "with holds it, and releases it whatever leaves the block")
def _():
    async def fail(condition):
        async with condition:
            log(condition.locked())
            raise ValueError("no")

    async def main():
        condition = asyncio.Condition()
        async with condition:
            log(condition.locked())
        log(condition.locked())
        log(await awaited(fail(condition)), condition.locked())

    run_virtual(main())


@case("asyncio.condition.loop.another", "who has to wait in another loop than the first to wait gets RuntimeError", since="3.10")
def _():
    condition = asyncio.Condition()

    async def main():
        task = asyncio.create_task(wait(condition, "A"))
        await turns()
        await notify(condition)
        await task

    async def again():
        async with condition:
            log(await awaited(condition.wait()))
            log(condition)

    run_virtual(main())
    run_virtual(again())


@case("asyncio.condition.repr.state", "its repr says whether it is held, and how many wait")
def _():
    async def main():
        condition, *tasks = await waiting("AB")
        log(condition)
        async with condition:
            log(condition)
            condition.notify_all()
            log(condition)
        await turns(3)
        log(condition)

    run_virtual(main())
