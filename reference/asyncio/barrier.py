import asyncio

from case import case, log, raised
from support import awaited, noted, run_virtual, soon, start, state, turns


async def come(barrier, names):
    """Tasks of these names that wait there."""
    tasks = [start(barrier.wait(), name) for name in names]
    await turns()
    return tasks


async def all_of(tasks):
    for task in tasks:
        await task


# wait


@case("asyncio.barrier.parties.positive", "there is at least one party", since="3.11")
def _():
    log(raised(lambda: asyncio.Barrier(0)))
    log(raised(lambda: asyncio.Barrier(-4)))
    barrier = asyncio.Barrier(5)
    log(barrier.parties, barrier.n_waiting, barrier.broken)


@case("asyncio.barrier.wait.all-together", "nobody passes before all have come", since="3.11")
def _():
    async def main():
        barrier = asyncio.Barrier(3)
        tasks = await come(barrier, "AB")
        await turns(3)
        log(*(state(task) for task in tasks), barrier.n_waiting)
        log("main", await barrier.wait())
        await all_of(tasks)
        log(barrier.n_waiting, barrier.broken, barrier)

    run_virtual(main())


@case("asyncio.barrier.wait.index", "each gets another number, in the order of their coming", since="3.11")
def _():
    async def main():
        barrier, tasks = asyncio.Barrier(4), []
        for name in "ABCD":
            tasks += await come(barrier, name)
            log(barrier.n_waiting, barrier)
        await all_of(tasks)

    run_virtual(main())


@case("asyncio.barrier.wait.single", "one party never waits", since="3.11")
def _():
    async def main():
        barrier = asyncio.Barrier(1)
        soon("a turn")
        log(await barrier.wait(), barrier.n_waiting)
        log(await barrier.wait(), barrier.broken)
        await turns()

    run_virtual(main())


@case("asyncio.barrier.wait.single-tasks", "nor do two tasks that come to it one after the other", since="3.11")
def _():
    async def main():
        barrier = asyncio.Barrier(1)
        (first,) = await come(barrier, "A")
        (second,) = await come(barrier, "B")
        log(state(first), state(second), barrier.n_waiting, barrier.broken)

    run_virtual(main())


async def pass_twice(barrier, name):
    await noted(barrier.wait(), name)
    return await noted(barrier.wait(), name)


@case("asyncio.barrier.wait.again", "it can be used again at once", since="3.11")
def _():
    async def main():
        barrier = asyncio.Barrier(3)
        await all_of([asyncio.create_task(pass_twice(barrier, name)) for name in "ABC"])
        log(barrier)

    run_virtual(main())


@case("asyncio.barrier.wait.late-comer", "one that comes while the others leave belongs to the next round", since="3.11")
def _():
    async def main():
        barrier = asyncio.Barrier(3)
        tasks = await come(barrier, "AB")
        tasks.append(start(barrier.wait(), "C"))
        tasks.append(start(barrier.wait(), "D"))
        await turns()
        log(barrier.n_waiting, barrier)
        await turns(4)
        log(barrier.n_waiting, barrier, *(state(task) for task in tasks))
        tasks += await come(barrier, "EF")
        await all_of(tasks)

    run_virtual(main())


async def leave(barrier):
    await barrier.wait()
    log("draining" in repr(barrier), barrier.n_waiting)


@case("asyncio.barrier.wait.draining", "until the last has left it is draining, and nobody counts as waiting", since="3.11")
def _():
    async def main():
        barrier = asyncio.Barrier(4)
        await all_of([asyncio.create_task(leave(barrier)) for _ in range(4)])
        log(barrier)

    run_virtual(main())


@case("asyncio.barrier.wait.held-back", "those that come again while others leave wait for the others to come again", since="3.11")
def _():
    async def pass_again(barrier, rest, back, name):
        await barrier.wait()
        if back:
            back.pop()
            await noted(barrier.wait(), name + " again")
        else:
            await noted(rest.wait(), name + " rests")
            await noted(barrier.wait(), name + " again")

    async def main():
        barrier, rest, back = asyncio.Barrier(5), asyncio.Barrier(3), [1, 2]
        await all_of([asyncio.create_task(pass_again(barrier, rest, back, name)) for name in "ABCDE"])
        log(barrier, rest)

    run_virtual(main())


# cancel


@case("asyncio.barrier.cancel.waiting", "a cancelled task no longer counts, and breaks nothing", since="3.11")
def _():
    async def main():
        barrier = asyncio.Barrier(3)
        tasks = await come(barrier, "AB")
        tasks[0].cancel()
        await turns()
        log(barrier.n_waiting, barrier)
        tasks += await come(barrier, "C")
        log(barrier.n_waiting)
        tasks += await come(barrier, "D")
        await all_of(tasks)
        log(barrier)

    run_virtual(main())


@case("asyncio.barrier.cancel.leaving", "one that is cancelled when all have come is cancelled, the others pass", since="3.11")
def _():
    async def main():
        barrier = asyncio.Barrier(3)
        tasks = await come(barrier, "AB")
        third = start(barrier.wait(), "C")
        await turns()
        tasks[0].cancel()
        await all_of(tasks + [third])
        log(barrier)
        again = await come(barrier, "DEF")
        await all_of(again)

    run_virtual(main())


@case("asyncio.barrier.cancel.late-comer", "so is one that waits for the others to leave", since="3.11")
def _():
    async def main():
        barrier = asyncio.Barrier(2)
        tasks = await come(barrier, "A")
        tasks += [start(barrier.wait(), name) for name in "BCD"]
        await turns()
        log(barrier)
        tasks[2].cancel()
        await turns(4)
        log(barrier, *(state(task) for task in tasks))
        tasks += await come(barrier, "E")
        await all_of(tasks)

    run_virtual(main())


# reset


@case("asyncio.barrier.reset.unused", "reset() where nobody waits changes nothing", since="3.11")
def _():
    async def main():
        barrier = asyncio.Barrier(2)
        soon("a turn")
        await barrier.reset()
        log(barrier)
        await turns()
        tasks = await come(barrier, "AB")
        await all_of(tasks)

    run_virtual(main())


@case("asyncio.barrier.reset.waiting", "reset() breaks it for those that wait, and for nobody else", since="3.11")
def _():
    async def main():
        barrier = asyncio.Barrier(4)
        tasks = await come(barrier, "ABC")
        await barrier.reset()
        log(barrier, barrier.n_waiting, barrier.broken)
        await all_of(tasks)
        log(barrier, barrier.n_waiting, barrier.broken)
        tasks = await come(barrier, "DEFG")
        await all_of(tasks)

    run_virtual(main())


@case("asyncio.barrier.reset.late-comer", "one that comes while those are leaving comes to a new round", since="3.11")
def _():
    async def main():
        barrier = asyncio.Barrier(3)
        tasks = await come(barrier, "AB")
        await barrier.reset()
        tasks += await come(barrier, "C")
        log(barrier)
        await turns(2)
        log(barrier, *(state(task) for task in tasks))
        tasks += await come(barrier, "DE")
        await all_of(tasks)

    run_virtual(main())


@case("asyncio.barrier.reset.half-gone", "those that have not left yet are broken by it", since="3.11")
def _():
    async def pass_or_break(barrier, passed, name):
        said = await noted(barrier.wait(), name)
        if not said.startswith("Broken"):
            passed.append(name)
            if len(passed) == 3:
                await barrier.reset()

    async def main():
        barrier, passed = asyncio.Barrier(5), []
        await all_of([asyncio.create_task(pass_or_break(barrier, passed, name)) for name in "ABCDE"])
        log(barrier, *passed)

    run_virtual(main())


@case("asyncio.barrier.reset.half-gone-half-back", "those that have come again meanwhile stay", since="3.11")
def _():
    async def go(barrier, passed, name):
        said = await noted(barrier.wait(), name)
        if said.startswith("Broken"):
            await noted(barrier.wait(), name + " again")
            return
        passed.append(name)
        if len(passed) > 2:
            await barrier.reset()
        await noted(barrier.wait(), name + " again")

    async def main():
        barrier, passed = asyncio.Barrier(5), []
        await all_of([asyncio.create_task(go(barrier, passed, name)) for name in "ABCDE"])
        log(barrier, *passed)

    run_virtual(main())


@case("asyncio.barrier.reset.back-at-once", "those that it has broken may wait again at once", since="3.11")
def _():
    async def main():
        barrier = asyncio.Barrier(4)
        tasks = [asyncio.create_task(pass_twice(barrier, name)) for name in "ABC"]
        await turns()
        resetting = asyncio.create_task(barrier.reset())
        await turns()
        last = start(barrier.wait(), "D")
        await all_of(tasks + [resetting, last])
        log(barrier)

    run_virtual(main())


@case("asyncio.barrier.reset.all-gone", "after the last has left it does not harm those that have come again", since="3.11")
def _():
    async def go(barrier, passed, name):
        await barrier.wait()
        passed.append(name)
        if len(passed) == 4:
            log(name, "resets")
            await barrier.reset()
        await noted(barrier.wait(), name)
        await noted(barrier.wait(), name)

    async def main():
        barrier, passed = asyncio.Barrier(4), []
        await all_of([asyncio.create_task(go(barrier, passed, name)) for name in "ABCD"])
        log(barrier, *passed)

    run_virtual(main())


# abort


@case("asyncio.barrier.abort.unused", "abort() breaks it for all that come", since="3.11")
def _():
    async def main():
        barrier = asyncio.Barrier(1)
        soon("a turn")
        await barrier.abort()
        log(barrier, barrier.n_waiting, barrier.broken)
        await turns()
        log(await awaited(barrier.wait()))
        log(await awaited(barrier.wait()), barrier.n_waiting)

    run_virtual(main())


@case("asyncio.barrier.abort.waiting", "abort() breaks it for those that wait, too", since="3.11")
def _():
    async def main():
        barrier = asyncio.Barrier(4)
        tasks = await come(barrier, "ABC")
        await barrier.abort()
        log(barrier, barrier.n_waiting, barrier.broken)
        tasks += await come(barrier, "D")
        await all_of(tasks)
        log(barrier, barrier.n_waiting, barrier.broken)

    run_virtual(main())


@case("asyncio.barrier.abort.half-gone-half-back", "it breaks it for those that leave and those that have come again", since="3.11")
def _():
    async def go(barrier, passed, name):
        said = await noted(barrier.wait(), name)
        if said.startswith("Broken"):
            return
        passed.append(name)
        if len(passed) > 2:
            await barrier.abort()
        else:
            await noted(barrier.wait(), name + " again")

    async def main():
        barrier, passed = asyncio.Barrier(5), []
        await all_of([asyncio.create_task(go(barrier, passed, name)) for name in "ABCDE"])
        log(barrier, *passed)

    run_virtual(main())


async def pass_or_abort(barrier, name):
    """Comes twice; the third of the first round aborts it instead."""
    said = await noted(barrier.wait(), name)
    if said == "2":
        await barrier.abort()
    elif not said.startswith("Broken"):
        await noted(barrier.wait(), name + " again")


@case("asyncio.barrier.abort.by-a-party", "one that fails may abort what the others come to next", since="3.11")
def _():
    async def main():
        barrier = asyncio.Barrier(5)
        await all_of([asyncio.create_task(pass_or_abort(barrier, name)) for name in "ABCDE"])
        log(barrier)

    run_virtual(main())


@case("asyncio.barrier.abort.then-reset", "reset() mends it", since="3.11")
def _():
    async def go(barrier, other, name):
        await pass_or_abort(barrier, name)
        if await other.wait() == 2:
            await barrier.reset()
            log(barrier)
        await other.wait()
        await noted(barrier.wait(), name)

    async def main():
        barrier, other = asyncio.Barrier(5), asyncio.Barrier(5)
        await all_of([asyncio.create_task(go(barrier, other, name)) for name in "ABCDE"])
        log(barrier)

    run_virtual(main())


# The rest


@case("asyncio.barrier.abort.error", "BrokenBarrierError is a RuntimeError, and no threading.BrokenBarrierError", since="3.11")
def _():
    import threading

    log(issubclass(asyncio.BrokenBarrierError, RuntimeError))
    log(issubclass(asyncio.BrokenBarrierError, threading.BrokenBarrierError))


@case("asyncio.barrier.with.index", "with waits, and gives the block the number", since="3.11")
def _():
    async def go(barrier, name):
        async with barrier as index:
            log(name, index)

    async def main():
        barrier = asyncio.Barrier(3)
        await all_of([asyncio.create_task(go(barrier, name)) for name in "ABC"])
        log(barrier.n_waiting, barrier.broken)

    run_virtual(main())


@case("asyncio.barrier.loop.another", "who has to wait in another loop than the first to wait gets RuntimeError", since="3.11")
def _():
    barrier = asyncio.Barrier(2)

    async def main():
        tasks = await come(barrier, "AB")
        await all_of(tasks)

    async def again():
        log(await awaited(barrier.wait()))
        log(barrier.n_waiting)

    run_virtual(main())
    run_virtual(again())


@case("asyncio.barrier.repr.state", "its repr says what it is at, and how many wait of how many", since="3.11")
def _():
    async def main():
        barrier, tasks = asyncio.Barrier(5), []
        log(barrier)
        for names in ("AB", "CDE", "FG"):
            tasks += await come(barrier, names)
            log(barrier)
        await barrier.reset()
        log(barrier)
        tasks += await come(barrier, "HI")
        await barrier.abort()
        log(barrier)
        await all_of(tasks)

    run_virtual(main())
