import asyncio

from case import case, log, raised
from support import awaited, run_virtual, soon, start, state, turns


async def empty(names, kind=asyncio.Semaphore):
    """A semaphore of which one was taken and none is left, and tasks of these names that wait for it."""
    semaphore = kind(1)
    await semaphore.acquire()
    tasks = [start(semaphore.acquire(), name) for name in names]
    await turns()
    return (semaphore, *tasks)


# The count


@case("asyncio.semaphore.value.default", "it is one unless another is given")
def _():
    for semaphore in (asyncio.Semaphore(), asyncio.BoundedSemaphore(), asyncio.Semaphore(3)):
        log(semaphore.locked(), semaphore)


@case("asyncio.semaphore.value.zero", "one of zero has to be released first")
def _():
    async def main():
        semaphore = asyncio.Semaphore(0)
        log(semaphore.locked())
        task = start(semaphore.acquire(), "A")
        await turns()
        log(state(task))
        semaphore.release()
        await task

    run_virtual(main())


@case("asyncio.semaphore.value.negative", "it cannot be negative")
def _():
    log(raised(lambda: asyncio.Semaphore(-1)))
    log(raised(lambda: asyncio.BoundedSemaphore(-1)))


# acquire


@case("asyncio.semaphore.acquire.takes-one", "acquire() takes one at once, as long as there are any")
def _():
    async def main():
        semaphore = asyncio.Semaphore(2)
        soon("a turn")
        log(await semaphore.acquire(), semaphore.locked(), semaphore)
        log(await semaphore.acquire(), semaphore.locked(), semaphore)
        await turns()

    run_virtual(main())


@case("asyncio.semaphore.acquire.waits", "acquire() waits while there is none")
def _():
    async def main():
        semaphore, task = await empty("A")
        await turns(3)
        log(state(task), semaphore.locked())
        semaphore.release()
        log(state(task), semaphore.locked())
        await turns()
        log(state(task), semaphore.locked())

    run_virtual(main())


@case("asyncio.semaphore.acquire.oldest-first", "the tasks get it in the order of their coming")
def _():
    async def main():
        semaphore, *tasks = await empty("ABC")
        later = start(semaphore.acquire(), "D")
        semaphore.release()
        semaphore.release()
        await turns()
        log(semaphore)
        for _ in range(2):
            semaphore.release()
            await turns()
        await later

    run_virtual(main())


async def twice(semaphore, name):
    for round in (1, 2):
        await semaphore.acquire()
        log(name, round)
        await asyncio.sleep(0.01)
        semaphore.release()


@case("asyncio.semaphore.acquire.in-turn", "one that releases and comes again goes behind those that wait", since="3.10.8")
def _():
    async def main():
        semaphore = asyncio.Semaphore(1)
        tasks = [asyncio.create_task(twice(semaphore, name)) for name in "ABC"]
        for task in tasks:
            await task

    run_virtual(main())


@case("asyncio.semaphore.acquire.no-overtaking", "who comes after a release goes behind the one that was woken", since="3.10.8")
def _():
    async def again(semaphore):
        await semaphore.acquire()
        log("B")
        semaphore.release()
        await semaphore.acquire()
        log("D")

    async def main():
        semaphore = asyncio.Semaphore(1)
        first = start(semaphore.acquire(), "A")
        second = asyncio.create_task(again(semaphore))
        third = start(semaphore.acquire(), "C")
        await turns()
        semaphore.release()
        semaphore.release()
        await second
        log(semaphore, state(third))

    run_virtual(main())


@case("asyncio.semaphore.acquire.lets-others-in", "those that had to wait behind one that was woken are woken by it", since="3.13")
def _():
    async def release_three(semaphore):
        for _ in range(3):
            semaphore.release()
        log(semaphore, semaphore.locked())
        await semaphore.acquire()
        log("B")

    async def acquire_and_start(semaphore, tasks):
        await semaphore.acquire()
        log("A", semaphore)
        tasks.append(start(turns(0), "D"))

    async def main():
        semaphore, tasks = asyncio.Semaphore(0), []
        tasks.append(asyncio.create_task(acquire_and_start(semaphore, tasks)))
        tasks.append(asyncio.create_task(release_three(semaphore)))
        tasks.append(start(semaphore.acquire(), "C"))
        await turns()
        log(semaphore)
        await turns(2)
        log(semaphore, *(task.done() for task in tasks))

    run_virtual(main())


# release, locked


@case("asyncio.semaphore.release.adds-one", "release() adds one, also beyond the first value")
def _():
    async def main():
        semaphore = asyncio.Semaphore()
        await semaphore.acquire()
        log(semaphore.locked())
        semaphore.release()
        log(semaphore.locked(), semaphore)
        semaphore.release()
        log(semaphore)

    run_virtual(main())


@case("asyncio.semaphore.release.one-each", "each release() lets one task in")
def _():
    async def main():
        semaphore, *tasks = await empty("ABC")
        for _ in range(3):
            semaphore.release()
            await turns(2)
            log(*(task.done() for task in tasks))

    run_virtual(main())


@case("asyncio.semaphore.release.count-is-taken", "what it adds belongs to the one that it wakes at once", since="3.10.8")
def _():
    async def main():
        semaphore, task = await empty("A")
        semaphore.release()
        log(semaphore, semaphore.locked())
        semaphore.release()
        log(semaphore, semaphore.locked())
        await turns()
        log(semaphore, semaphore.locked())

    run_virtual(main())


@case("asyncio.semaphore.locked.while-others-wait", "it is locked while one that was woken has not run, whatever the count", since="3.10.8")
def _():
    async def main():
        semaphore, task = await empty("A")
        for _ in range(3):
            semaphore.release()
        log(semaphore.locked())
        await turns()
        log(semaphore.locked(), semaphore)

    run_virtual(main())


@case("asyncio.semaphore.locked.only-cancelled-wait", "cancelled tasks that have not run yet do not count", since="3.10.8")
def _():
    async def main():
        semaphore, first, second = await empty("AB")
        first.cancel()
        second.cancel()
        semaphore.release()
        log(semaphore.locked(), semaphore)
        log(await semaphore.acquire(), state(first), state(second))
        await turns()
        log(semaphore)

    run_virtual(main())


# cancel


@case("asyncio.semaphore.cancel.waiting", "a cancelled task no longer waits")
def _():
    async def main():
        semaphore, task = await empty("A")
        task.cancel()
        await turns()
        log(semaphore)
        semaphore.release()
        log(semaphore)

    run_virtual(main())


@case("asyncio.semaphore.cancel.then-release", "those that were cancelled and are not yet gone do not keep it from the next")
def _():
    async def main():
        semaphore, first, second, third, fourth = await empty("ABCD")
        first.cancel()
        second.cancel()
        semaphore.release()
        await turns(3)
        log(state(third), state(fourth), semaphore)
        fourth.cancel()
        await turns()

    run_virtual(main())


@case("asyncio.semaphore.cancel.woken", "one that is woken and cancelled hands it on", since="3.10.8")
def _():
    async def main():
        semaphore, first, second = await empty("AB")
        semaphore.release()
        first.cancel()
        await turns()
        log(semaphore)
        await turns()
        log(semaphore, state(second))

    run_virtual(main())


@case("asyncio.semaphore.cancel.woken-last", "with nobody to hand it on to, the count has it again", since="3.10.8")
def _():
    async def main():
        semaphore, task = await empty("A")
        semaphore.release()
        task.cancel()
        await turns(2)
        log(semaphore, await semaphore.acquire())

    run_virtual(main())


@case("asyncio.semaphore.cancel.by-the-holder", "one that is cancelled by the task that has just released leaves it free", since="3.10.8")
def _():
    async def hold_and_cancel(semaphore, tasks):
        async with semaphore:
            await turns()
        tasks[1].cancel()

    async def hold(semaphore):
        async with semaphore:
            log("never")

    async def main():
        semaphore, tasks = asyncio.Semaphore(1), []
        tasks.append(start(hold_and_cancel(semaphore, tasks), "A"))
        tasks.append(start(hold(semaphore), "B"))
        for task in tasks:
            await task
        log(semaphore, await semaphore.acquire())

    run_virtual(main())


@case("asyncio.semaphore.cancel.in-order", "after a cancelled one the others come in their order")
def _():
    async def main():
        semaphore = asyncio.Semaphore(0)
        tasks = [start(semaphore.acquire(), name) for name in "ABC"]
        await turns()
        tasks[0].cancel()
        await turns()
        semaphore.release()
        semaphore.release()
        for task in tasks:
            await task
        log(semaphore)

    run_virtual(main())


# BoundedSemaphore


@case("asyncio.semaphore.bounded.too-many", "it cannot be released above its first value")
def _():
    async def main():
        semaphore = asyncio.BoundedSemaphore(2)
        log(raised(semaphore.release), semaphore)
        await semaphore.acquire()
        await semaphore.acquire()
        log(semaphore.locked(), raised(semaphore.release), raised(semaphore.release), raised(semaphore.release))
        log(semaphore)

    run_virtual(main())


@case("asyncio.semaphore.bounded.as-semaphore", "in all else it is a Semaphore", since="3.10.8")
def _():
    async def main():
        semaphore, first, second = await empty("AB", asyncio.BoundedSemaphore)
        log(semaphore, isinstance(semaphore, asyncio.Semaphore))
        semaphore.release()
        first.cancel()
        await second
        log(semaphore)

    run_virtual(main())


# The rest


@case("asyncio.semaphore.with.releases", "with takes one, and gives it back whatever leaves the block")
def _():
    async def fail(semaphore):
        async with semaphore:
            log(semaphore.locked())
            raise ValueError("no")

    async def main():
        semaphore = asyncio.Semaphore()
        async with semaphore:
            log(semaphore.locked())
        log(semaphore)
        log(await awaited(fail(semaphore)), semaphore)

    run_virtual(main())


@case("asyncio.semaphore.loop.made-without", "it is made, taken and released without a loop of its own", since="3.10")
def _():
    semaphore = asyncio.Semaphore(2)

    async def take():
        log(await semaphore.acquire(), semaphore)

    run_virtual(take())
    run_virtual(take())
    semaphore.release()
    log(semaphore)


@case("asyncio.semaphore.loop.another", "who has to wait in another loop than the first to wait gets RuntimeError", since="3.10")
def _():
    semaphore = asyncio.Semaphore(0)

    async def main():
        task = start(semaphore.acquire(), "A")
        await turns()
        semaphore.release()
        await task

    async def again():
        log(await awaited(semaphore.acquire()))

    run_virtual(main())
    run_virtual(again())


@case("asyncio.semaphore.repr.state", "its repr says how many there are, and how many wait")
def _():
    async def main():
        semaphore = asyncio.Semaphore(2)
        log(semaphore, asyncio.BoundedSemaphore(7))
        await semaphore.acquire()
        await semaphore.acquire()
        log(semaphore)
        tasks = [start(semaphore.acquire(), name) for name in "AB"]
        await turns()
        log(semaphore)
        for task in tasks:
            task.cancel()
            await task

    run_virtual(main())
