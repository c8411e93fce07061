"""Twins: asyncio.shield."""

import asyncio

from case import case, log, raised
from support import log_at, log_reports, noted, raised_by, run_virtual, state, turns


async def value(number, delay=0):
    log_at("begin", number)
    await asyncio.sleep(delay)
    log_at("end", number)
    return number


def new_future():
    return asyncio.get_running_loop().create_future()


@case("asyncio.shield.result", "the inner's result, a turn after it")
def _():
    async def main():
        inner = new_future()
        outer = asyncio.shield(inner)
        inner.set_result(42)
        log(outer.done())
        await turns()
        log(outer.done())
        log(await outer)

    run_virtual(main())


@case("asyncio.shield.exception", "the inner's exception, the same object")
def _():
    async def main():
        inner = new_future()
        outer = asyncio.shield(inner)
        await turns()
        inner.set_exception(RuntimeError("expected"))
        await turns()
        log(raised_by(outer.exception()), outer.exception() is inner.exception())

    run_virtual(main())


@case("asyncio.shield.cancel-inner", "the inner cancelled: the outer too")
def _():
    async def main():
        inner = new_future()
        outer = asyncio.shield(inner)
        await turns()
        log(inner.cancel())
        log(outer.cancelled())
        await turns()
        log(outer.cancelled())

    run_virtual(main())


@case("asyncio.shield.cancel-outer", "the outer cancelled: the inner goes on")
def _():
    async def main():
        inner = asyncio.ensure_future(value(1, 5))
        outer = asyncio.shield(inner)
        await turns()
        log(outer.cancel())
        await noted(outer, "outer")
        log(state(inner))
        log(await inner)

    run_virtual(main())


@case("asyncio.shield.cancel-awaiter", "a task cancelled in it is cancelled; what it shields goes on")
def _():
    async def main():
        waiter = new_future()

        async def inner():
            await waiter
            log("inner")

        async def outer():
            await asyncio.shield(inner())
            log("never")

        task = asyncio.ensure_future(outer())
        await turns(2)
        task.cancel()
        await noted(task, "task")
        waiter.set_result(None)
        await turns(2)

    run_virtual(main())


@case("asyncio.shield.detaches", "after it was cancelled an exception of the inner is nobody's: it is reported")
def _():
    async def main():
        log_reports()
        inner = new_future()
        outer = asyncio.shield(inner)
        outer.cancel()
        await turns(2)
        inner.set_exception(ValueError("lost"))
        await turns(2)
        del inner
        log("end")

    run_virtual(main())


@case("asyncio.shield.marks-retrieved", "an exception in the turn of the cancellation is not reported")
def _():
    async def main():
        log_reports()
        inner = new_future()
        outer = asyncio.shield(inner)
        inner.set_exception(ValueError("lost"))
        outer.cancel()
        await turns(2)
        del inner
        log("end", outer.cancelled())

    run_virtual(main())


@case("asyncio.shield.shortcut", "of what is done it is that itself")
def _():
    async def main():
        inner = new_future()
        inner.set_result(42)
        outer = asyncio.shield(inner)
        log(outer is inner, await outer)

    run_virtual(main())


@case("asyncio.shield.coroutine", "a coroutine becomes a task, which runs awaited or not")
def _():
    async def main():
        outer = asyncio.shield(value(1))
        log("not yet")
        await turns(3)
        log(state(outer))

    run_virtual(main())


@case("asyncio.shield.gather", "a gather that is shielded; a gather of what is shielded")
def _():
    async def main():
        a, b = new_future(), new_future()
        parent = asyncio.gather(a, b)
        outer = asyncio.shield(parent)
        await turns()
        outer.cancel()
        await turns()
        log(state(outer))
        a.set_result(1)
        b.set_result(2)
        await turns(2)
        log(tuple(parent.result()))

        c, d = new_future(), new_future()
        one, two = asyncio.shield(c), asyncio.shield(d)
        gathered = asyncio.gather(one, two)
        await turns()
        gathered.cancel()
        await turns(2)
        log(raised_by(gathered.exception()), state(one), state(two), state(c), state(d))

    run_virtual(main())


@case("asyncio.shield.event-order", "when the outer is done, when its awaiter comes")
def _():
    async def main():
        inner = new_future()
        outer = asyncio.shield(inner)
        inner.add_done_callback(lambda _: log("inner"))
        outer.add_done_callback(lambda _: log("outer"))
        task = asyncio.ensure_future(noted(outer, "awaiter"))
        await turns()
        inner.set_result(1)
        for _ in range(3):
            await turns()
            log("turn", outer.done(), task.done())

    run_virtual(main())


@case("asyncio.shield.without-loop", "a coroutine needs a loop")
def _():
    async def main():
        log(await asyncio.shield(value(3)))

    asyncio.set_event_loop(None)
    coroutine = value(1)
    log(raised(lambda: asyncio.shield(coroutine)).partition(" in thread")[0])
    coroutine.close()
    run_virtual(main())


@case("asyncio.shield.untyped", "of a task that is only known as one of all_tasks()")
def _():
    async def ends(future):
        await future
        return "ends"

    async def main():
        inner = asyncio.create_task(value(1, 5), name="inner")
        (task,) = asyncio.all_tasks() - {asyncio.current_task()}
        outer = asyncio.shield(task)
        await turns()
        log(outer.cancel())
        await noted(outer, "outer")
        await noted(ends(asyncio.shield(task)), "another")
        log(inner.result(), asyncio.shield(task) is task)
        second = asyncio.create_task(value(2, 5))
        await turns()
        (task,) = asyncio.all_tasks() - {asyncio.current_task()}
        outer = asyncio.shield(task)
        log(task.cancel())
        await noted(outer, "cancelled")
        log(second.cancelled())

    run_virtual(main())
