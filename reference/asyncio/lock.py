import asyncio

from case import case, log, raised
from support import awaited, run_virtual, soon, start, state, turns


async def hold(lock, name):
    """Takes the lock and gives it back at once."""
    await lock.acquire()
    log(name)
    lock.release()


async def taken(waiting):
    """A lock that is held, and tasks of these names that wait for it."""
    lock = asyncio.Lock()
    await lock.acquire()
    tasks = [start(lock.acquire(), name) for name in waiting]
    await turns()
    return (lock, *tasks)


@case("asyncio.lock.acquire.free", "a free lock is taken at once")
def _():
    async def main():
        lock = asyncio.Lock()
        soon("a turn")
        log(lock.locked())
        log(await lock.acquire(), lock.locked())
        await turns()

    run_virtual(main())


@case("asyncio.lock.acquire.waits", "a held lock is waited for")
def _():
    async def main():
        lock, task = await taken("A")
        await turns(3)
        log(state(task), lock.locked())
        lock.release()
        log(state(task), lock.locked())
        await turns()
        log(state(task), lock.locked())

    run_virtual(main())


@case("asyncio.lock.acquire.oldest-first", "the tasks get it in the order of their coming, one by each release")
def _():
    async def main():
        lock, *_ = await taken("ABC")
        for _ in range(2):
            log("release")
            lock.release()
            await turns(2)
        later = start(lock.acquire(), "D")
        for _ in range(2):
            log("release")
            lock.release()
            await turns()
        await later

    run_virtual(main())


@case("asyncio.lock.acquire.no-overtaking", "who comes after a release goes behind the one that was woken")
def _():
    async def main():
        lock = asyncio.Lock()
        await lock.acquire()
        waiting = asyncio.create_task(hold(lock, "A"))
        await turns()
        lock.release()
        log(lock.locked())
        await hold(lock, "main")
        await waiting

    run_virtual(main())


@case("asyncio.lock.acquire.only-cancelled-before", "cancelled tasks that have not run yet are in nobody's way")
def _():
    async def main():
        lock, first, second = await taken("AB")
        first.cancel()
        second.cancel()
        lock.release()
        log(await lock.acquire(), state(first), state(second))
        await turns()
        log(lock)

    run_virtual(main())


@case("asyncio.lock.cancel.waiting", "a cancelled task no longer waits")
def _():
    async def main():
        lock, task = await taken("A")
        task.cancel()
        await turns()
        log(lock)
        lock.release()
        log(lock)

    run_virtual(main())


@case("asyncio.lock.cancel.woken", "one that is woken and cancelled hands the lock on")
def _():
    async def main():
        lock, first, second = await taken("AB")
        lock.release()
        first.cancel()
        await turns()
        log(lock, state(second))
        await turns()
        log(lock, state(second))

    run_virtual(main())


@case("asyncio.lock.cancel.then-release", "one that was cancelled and is not yet gone does not keep the lock from the next")
def _():
    async def main():
        lock, first, second, third = await taken("ABC")
        first.cancel()
        lock.release()
        await turns(3)
        log(lock, state(second), state(third))
        lock.release()
        await third

    run_virtual(main())


@case("asyncio.lock.cancel.second", "the cancelling of one that is not first wakes nobody")
def _():
    async def main():
        lock, first, second, third = await taken("ABC")
        second.cancel()
        await turns(2)
        log(lock, state(first), state(third))
        for _ in range(2):
            lock.release()
            await turns()

    run_virtual(main())


@case("asyncio.lock.release.not-acquired", "a free lock cannot be released")
def _():
    async def main():
        lock = asyncio.Lock()
        log(raised(lock.release), lock.locked())
        await lock.acquire()
        lock.release()
        log(raised(lock.release), lock.locked())

    run_virtual(main())


@case("asyncio.lock.release.no-waiters", "it is free then")
def _():
    async def main():
        lock = asyncio.Lock()
        await lock.acquire()
        log(lock.locked())
        lock.release()
        log(lock.locked(), await lock.acquire())

    run_virtual(main())


@case("asyncio.lock.release.free-until-taken", "it is free until the one that was woken runs")
def _():
    async def main():
        lock, task = await taken("A")
        lock.release()
        log(lock, raised(lock.release))
        await turns()
        log(lock)

    run_virtual(main())


@case("asyncio.lock.release.any-task", "any task may release it, and what is no task")
def _():
    async def release(lock):
        lock.release()

    async def main():
        lock, task = await taken("A")
        await asyncio.create_task(release(lock))
        await turns()
        asyncio.get_running_loop().call_soon(lock.release)
        await turns()
        log(lock)

    run_virtual(main())


@case("asyncio.lock.with.releases", "with holds it, and releases it whatever leaves the block")
def _():
    async def fail(lock):
        async with lock:
            log(lock.locked())
            raise ValueError("no")

    async def main():
        lock = asyncio.Lock()
        async with lock:
            log(lock.locked())
        log(lock.locked())
        log(await awaited(fail(lock)), lock.locked())

    run_virtual(main())


@case("asyncio.lock.with.cancelled", "one that is cancelled while it waits does not enter the block")
def _():
    async def enter(lock):
        async with lock:
            log("entered")

    async def main():
        lock = asyncio.Lock()
        await lock.acquire()
        task = start(enter(lock), "A")
        await turns()
        task.cancel()
        await turns()
        log(lock, state(task))
        lock.release()
        log(await awaited(enter(lock)), lock)

    run_virtual(main())


@case("asyncio.lock.loop.made-without", "it is made, taken and released without a loop of its own", since="3.10")
def _():
    lock = asyncio.Lock()

    async def take():
        log(await lock.acquire())

    run_virtual(take())
    log(lock)
    lock.release()
    run_virtual(take())


@case("asyncio.lock.loop.another", "who has to wait in another loop than the first to wait gets RuntimeError", since="3.10")
def _():
    lock = asyncio.Lock()

    async def main():
        await lock.acquire()
        waiting = start(lock.acquire(), "A")
        await turns()
        lock.release()
        await waiting

    async def again():
        log(await awaited(lock.acquire()))
        lock.release()
        log(await awaited(lock.acquire()), lock)

    run_virtual(main())
    run_virtual(again())


@case("asyncio.lock.repr.state", "its repr says whether it is held, and how many wait")
def _():
    async def main():
        lock = asyncio.Lock()
        log(lock)
        await lock.acquire()
        log(lock)
        tasks = [start(lock.acquire(), name) for name in "AB"]
        await turns()
        log(lock)
        for task in tasks:
            task.cancel()
        log(lock)
        await turns()
        log(lock)

    run_virtual(main())
