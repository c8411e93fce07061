"""Twins: async with."""

import asyncio

from case import case, log
from support import noted, run_virtual, state, turns


class Scope:
    """Says what happens to it. `swallows`: its exit returns true; `throws`: it raises that."""

    def __init__(self, swallows=False, throws=None, enter_throws=None):
        self.swallows, self.throws, self.enter_throws = swallows, throws, enter_throws

    async def __aenter__(self):
        log("enter")
        await turns()
        if self.enter_throws:
            raise self.enter_throws

    async def __aexit__(self, kind, error, traceback):
        log("exit", "None" if error is None else str(error))
        await turns()
        if self.throws:
            raise self.throws
        return self.swallows


async def within(scope, body):
    async with scope:
        return await body()


async def five():
    log("body")
    await turns()
    return 5


async def fails():
    raise ValueError("bad")


@case("asyncio.with.order", "enter, body, exit; the result is the body's")
def _():
    run_virtual(noted(within(Scope(), five), "with"))


@case("asyncio.with.exception", "the exit has the body's exception, which then goes on")
def _():
    run_virtual(noted(within(Scope(), fails), "with"))


@case("asyncio.with.swallows", "an exit that returns true swallows it")
def _():
    async def main():
        async with Scope(swallows=True):
            await fails()
        log("after")
        async with Scope(swallows=True):
            await turns()
        log("after")

    run_virtual(main())


@case("asyncio.with.exit-throws", "an exit that throws replaces it")
def _():
    async def main():
        await noted(within(Scope(throws=TypeError("exit")), fails), "failed")
        await noted(within(Scope(throws=TypeError("exit")), five), "ended")

    run_virtual(main())


@case("asyncio.with.enter-throws", "what could not be entered is not left")
def _():
    run_virtual(noted(within(Scope(enter_throws=TypeError("enter")), five), "with"))


@case("asyncio.with.cancelled", "a cancellation in the body comes to the exit, which may wait")
def _():
    async def main():
        async def sleeps():
            await asyncio.sleep(10)

        waiting = asyncio.ensure_future(within(Scope(), sleeps))
        await turns(3)
        waiting.cancel("why")
        await noted(waiting, "with")
        log(state(waiting))

    run_virtual(main())


@case("asyncio.with.lock", "a lock is held in the scope")
def _():
    async def main():
        lock = asyncio.Lock()

        async def holds(name):
            async with lock:
                log(name, lock.locked())
                await turns(2)
                log(name, "leaves")

        await asyncio.gather(holds("a"), holds("b"))
        log(lock.locked())

        async def throws():
            async with lock:
                raise ValueError("bad")

        await noted(throws(), "throws")
        log(lock.locked())

    run_virtual(main())
