"""Twins: asyncio.to_thread."""

import asyncio
import contextvars
import threading

from case import case, log
from support import turns


def add(a, b):
    return a + b


def fails():
    raise RuntimeError("test")


@case("asyncio.to-thread.result", "calls it in a thread, and has its result")
def _():
    async def main():
        log(await asyncio.to_thread(add, 40, 2))
        own = threading.get_ident()
        log(await asyncio.to_thread(threading.get_ident) == own)

    asyncio.run(main())


@case("asyncio.to-thread.exception", "has its exception")
def _():
    asyncio.run(noted_without_time())


async def noted_without_time():
    try:
        await asyncio.to_thread(fails)
    except RuntimeError as error:
        log("RuntimeError:", error)


@case("asyncio.to-thread.once", "each call once, and only when it is awaited")
def _():
    async def main():
        calls = []
        call = asyncio.to_thread(calls.append, 1)
        await turns(3)
        log(calls)
        await call
        log(calls)
        await asyncio.gather(*(asyncio.to_thread(calls.append, 2) for _ in range(10)))
        log(calls)

    asyncio.run(main())


@case("asyncio.to-thread.loop-goes-on", "the loop goes on meanwhile")
def _():
    async def main():
        go = threading.Event()
        waiting = asyncio.ensure_future(asyncio.to_thread(go.wait))
        await turns(3)
        log(waiting.done())
        go.set()
        log(await waiting)

    asyncio.run(main())


@case("asyncio.to-thread.concurrent", "several at the same time")
def _():
    async def main():
        barrier = threading.Barrier(2)
        log(sorted(await asyncio.gather(asyncio.to_thread(barrier.wait), asyncio.to_thread(barrier.wait))))

    asyncio.run(main())


@case("asyncio.to-thread.context", "the context's variables are there; what the call sets stays there")
def _():
    async def main():
        variable = contextvars.ContextVar("variable")

        def sets(text):
            before = variable.get()
            variable.set(text)
            return before

        variable.set("parrot")
        log(await asyncio.to_thread(sets, "cheese"))
        log(variable.get())

    asyncio.run(main())


@case("asyncio.to-thread.cancelled", "cancelled it comes back at once; the call goes on")
def _():
    async def main():
        go, entered, left = threading.Event(), threading.Event(), threading.Event()

        def call():
            entered.set()
            go.wait()
            left.set()

        waiting = asyncio.ensure_future(asyncio.to_thread(call))
        await turns()
        entered.wait()
        waiting.cancel()
        try:
            await waiting
        except asyncio.CancelledError:
            log("CancelledError", left.is_set())
        go.set()
        left.wait()
        log("left")

    asyncio.run(main())
