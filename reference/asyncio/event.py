import asyncio

from case import case, log
from support import awaited, run_virtual, soon, start, state, turns


async def waiting(names):
    """An event, and tasks of these names that wait for it."""
    event = asyncio.Event()
    tasks = [start(event.wait(), name) for name in names]
    await turns()
    return (event, *tasks)


@case("asyncio.event.wait.set-already", "wait() returns at once while it is set")
def _():
    async def main():
        event = asyncio.Event()
        soon("a turn")
        event.set()
        log(await event.wait(), event.is_set())
        log(await event.wait())
        await turns()

    run_virtual(main())


@case("asyncio.event.wait.until-set", "wait() waits while it is not set")
def _():
    async def main():
        event, task = await waiting("A")
        await turns(3)
        log(state(task), event.is_set())
        event.set()
        log(state(task), event.is_set())
        await turns()
        log(state(task))

    run_virtual(main())


@case("asyncio.event.set.wakes-all", "set() wakes all that wait, in the order of their coming")
def _():
    async def main():
        event, *tasks = await waiting("ABC")
        event.set()
        await turns()
        log(*(state(task) for task in tasks))

    run_virtual(main())


@case("asyncio.event.set.newcomer-first", "one that comes to a set event does not wait for those that were woken later")
def _():
    async def main():
        event, first, second = await waiting("AB")
        third = start(event.wait(), "C")
        event.set()
        await turns()
        log(state(first), state(second), state(third))

    run_virtual(main())


@case("asyncio.event.set.again", "set() of a set event changes nothing")
def _():
    async def main():
        event, task = await waiting("A")
        event.set()
        event.set()
        log(event)
        await turns(2)
        log(event)

    run_virtual(main())


@case("asyncio.event.clear.waits-again", "after clear() wait() waits again")
def _():
    async def main():
        event = asyncio.Event()
        event.clear()
        log(event.is_set())
        event.set()
        event.clear()
        log(event.is_set())
        task = start(event.wait(), "A")
        await turns(2)
        log(state(task))
        event.set()
        await task

    run_virtual(main())


@case("asyncio.event.clear.at-once", "those that set() has woken return True though it was cleared at once")
def _():
    async def main():
        event, first, second = await waiting("AB")
        event.set()
        event.clear()
        late = start(event.wait(), "late")
        await turns(2)
        log(state(first), state(second), state(late), event)
        event.set()
        await late

    run_virtual(main())


@case("asyncio.event.clear.set-again", "set, cleared and set in one turn: each is woken once")
def _():
    async def main():
        event, task = await waiting("A")
        event.set()
        event.clear()
        event.set()
        event.set()
        log(event)
        await turns()
        log(event, state(task))
        event.clear()
        await turns(2)
        log(event)

    run_virtual(main())


@case("asyncio.event.cancel.waiting", "a cancelled task no longer waits, the others do")
def _():
    async def main():
        event, first, second = await waiting("AB")
        first.cancel()
        await turns()
        log(event)
        event.set()
        await second
        log(event)

    run_virtual(main())


@case("asyncio.event.cancel.woken", "one that is cancelled when it was woken is cancelled")
def _():
    async def main():
        event, first, second, third = await waiting("ABC")
        first.cancel()
        event.set()
        second.cancel()
        await turns()
        log(event)

    run_virtual(main())


@case("asyncio.event.loop.made-without", "it is made, set and waited for without a loop of its own", since="3.10")
def _():
    event = asyncio.Event()
    event.set()
    log(event)

    async def wait():
        log(await event.wait())

    run_virtual(wait())
    run_virtual(wait())


@case("asyncio.event.loop.another", "who has to wait in another loop than the first to wait gets RuntimeError", since="3.10")
def _():
    event = asyncio.Event()

    async def main():
        task = start(event.wait(), "A")
        await turns()
        event.set()
        await task
        event.clear()

    async def again():
        log(await awaited(event.wait()))
        event.set()
        log(await awaited(event.wait()))

    run_virtual(main())
    run_virtual(again())


@case("asyncio.event.repr.state", "its repr says whether it is set, and how many wait")
def _():
    async def main():
        event, *_ = await waiting("AB")
        log(event)
        event.set()
        log(event)
        await turns()
        log(event)

    run_virtual(main())
