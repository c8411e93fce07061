"""Twins: asyncio.gather."""

import asyncio

from case import case, log, raised
from support import log_at, log_reports, noted, raised_by, run_virtual, state, turns


async def value(number, delay=0):
    """Says when it begins and when it ends."""
    log_at("begin", number)
    await asyncio.sleep(delay)
    log_at("end", number)
    return number


async def failure(text, delay=0):
    await asyncio.sleep(delay)
    raise ValueError(text)


def new_futures(count):
    return [asyncio.get_running_loop().create_future() for _ in range(count)]


def said(outcome):
    return raised_by(outcome) if isinstance(outcome, BaseException) else outcome


@case("asyncio.gather.results", "the results in the order of the arguments")
def _():
    async def main():
        log(tuple(await asyncio.gather(value(1, 3), value(2, 1), value(3, 2))))

    run_virtual(main())


@case("asyncio.gather.event-order", "done in the turn after its last child, whose awaiter comes first")
def _():
    async def watcher(future):
        await future
        log("watched")

    async def main():
        a, b = new_futures(2)
        watching = asyncio.ensure_future(watcher(b))
        await turns()
        gathered = asyncio.gather(a, b)
        gathered.add_done_callback(lambda _: log("callback"))
        waiting = asyncio.ensure_future(noted(gathered, "gathered"))
        await turns()
        b.set_result(2)
        log(state(gathered))
        await turns()
        log("turn", state(gathered))
        a.set_result(1)
        for _ in range(3):
            await turns()
            log("turn", gathered.done(), waiting.done())
        await watching

    run_virtual(main())


@case("asyncio.gather.is-future", "pending until the last child; each callback once")
def _():
    async def main():
        a, b, c = new_futures(3)
        gathered = asyncio.gather(a, b, c)
        gathered.add_done_callback(lambda _: log("called"))
        b.set_result(1)
        a.set_result(2)
        await turns(2)
        log(gathered.done())
        c.set_result(3)
        await turns(2)
        log(gathered.done(), tuple(gathered.result()))

    run_virtual(main())


@case("asyncio.gather.empty", "of nothing it is done at once")
def _():
    async def main():
        gathered = asyncio.gather()
        log(gathered.done(), tuple(gathered.result()))
        log(tuple(await gathered))

    run_virtual(main())


@case("asyncio.gather.duplicates", "the same future several times is waited for once, and has each of its places")
def _():
    async def main():
        a = asyncio.ensure_future(value(1))
        b = asyncio.ensure_future(value(2))
        log(tuple(await asyncio.gather(a, a, b, a)))

    run_virtual(main())


@case("asyncio.gather.first-exception", "fails with the first exception, and the others go on")
def _():
    async def main():
        other = asyncio.ensure_future(value(1, 5))
        await noted(asyncio.gather(other, failure("first", 2), failure("second", 3)), "gathered")
        log_at(state(other))
        log_at(await other)

    run_virtual(main())


@case("asyncio.gather.marks-retrieved", "the exceptions that come later are nobody's")
def _():
    async def main():
        log_reports()
        await noted(asyncio.gather(failure("first", 1), failure("second", 2)), "gathered")
        await asyncio.sleep(2)
        log_at("end")

    run_virtual(main())


@case("asyncio.gather.return-exceptions", "exceptions among the results, cancellations too")
def _():
    async def main():
        a, b, c, d, e, f = new_futures(6)
        gathered = asyncio.gather(a, b, c, d, e, f, return_exceptions=True)
        a.set_result(1)
        b.set_exception(ValueError("b"))
        c.cancel()
        await turns(2)
        log(gathered.done())
        d.set_result(3)
        e.cancel("e")
        f.set_exception(RuntimeError("f"))
        log([said(outcome) for outcome in await gathered])

    run_virtual(main())


@case("asyncio.gather.child-cancelled", "a cancelled child is a failure, not a cancellation")
def _():
    async def main():
        a, b, c = new_futures(3)
        gathered = asyncio.gather(a, b, c)
        gathered.add_done_callback(lambda _: log("called"))
        a.set_result(1)
        b.cancel("why")
        await turns(2)
        log(gathered.done(), gathered.cancelled(), raised_by(gathered.exception()))
        log(c.done(), c.cancelled())

    run_virtual(main())


@case("asyncio.gather.cancel", "cancel() cancels all children that are not done")
def _():
    async def main():
        async def inner(name):
            try:
                await asyncio.sleep(10)
            finally:
                log_at(name, "leaves")

        a, b = asyncio.ensure_future(inner("a")), asyncio.ensure_future(inner("b"))
        c = new_futures(1)[0]
        c.set_result(1)
        gathered = asyncio.gather(a, b, c)
        await turns()
        log(gathered.cancel("stop"), gathered.done())
        await noted(gathered, "gathered")
        log(gathered.cancelled(), state(a), state(b), state(c), gathered.cancel())

    run_virtual(main())


@case("asyncio.gather.cancel-awaiter", "a task cancelled in it cancels the children and is cancelled")
def _():
    async def main():
        a, b = new_futures(2)

        async def outer():
            await asyncio.gather(a, b)
            log("never")

        task = asyncio.ensure_future(outer())
        await turns()
        log(task.cancel())
        await noted(task, "outer")
        log(state(task), state(a), state(b))

    run_virtual(main())


@case("asyncio.gather.cancel-refused", "cancel() is refused once all children are done")
def _():
    async def main():
        fut = new_futures(1)[0]

        async def child():
            return await fut

        gathered = asyncio.gather(child())
        await turns()
        fut.add_done_callback(lambda _: log("cancel:", gathered.cancel()))
        fut.set_result(42)
        await turns(1)
        log(gathered.cancel())
        log(tuple(await gathered))
        log(gathered.cancel(), gathered.cancelled())

    run_virtual(main())


@case("asyncio.gather.cancel-with-return-exceptions", "a cancellation that was asked for is none of the results")
def _():
    async def main():
        gathered = asyncio.gather(failure("bad", 1), asyncio.sleep(5), return_exceptions=True)
        await asyncio.sleep(2)
        log(gathered.cancel("my message"))
        await noted(gathered, "gathered")
        log(gathered.cancelled())

    run_virtual(main())


@case("asyncio.gather.cancel-after-failure", "done is done: cancel() then touches no child")
def _():
    async def main():
        other = asyncio.ensure_future(value(1, 2))
        gathered = asyncio.gather(other, failure("bad", 1))
        await noted(gathered, "gathered")
        log(gathered.cancel())
        log(await other)

    run_virtual(main())


@case("asyncio.gather.eager", "what it gathers runs, awaited or not, in the order of the arguments")
def _():
    async def main():
        a = asyncio.gather(value(1), value(2))
        log("not yet")
        await turns(5)
        log(a.done())

    run_virtual(main())


@case("asyncio.gather.child-suppresses", "a child that ignores the cancellation is waited for; the gather is cancelled all the same")
def _():
    async def main():
        async def stubborn():
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                await asyncio.sleep(1)
            return 5

        child = asyncio.ensure_future(stubborn())
        gathered = asyncio.gather(child)
        await turns()
        log(gathered.cancel())
        await noted(gathered, "gathered")
        log(state(child))

    run_virtual(main())


@case("asyncio.gather.all-done", "of futures that are done it is done at once")
def _():
    async def main():
        a, b = new_futures(2)
        a.set_result(1)
        b.set_result(2)
        gathered = asyncio.gather(a, b)
        log(gathered.done(), tuple(gathered.result()))

    run_virtual(main())


@case("asyncio.gather.other-loop", "futures of two loops are refused; of one they need not be the running one's")
def _():
    one, other = asyncio.new_event_loop(), asyncio.new_event_loop()
    a, b, c = one.create_future(), other.create_future(), other.create_future()
    log(raised(lambda: asyncio.gather(a, b)))
    gathered = asyncio.gather(b, c)
    b.set_result(1)
    c.set_result(2)

    async def waits():
        return tuple(await gathered)

    log(other.run_until_complete(waits()))
    one.close()
    other.close()


@case("asyncio.gather.without-loop", "coroutines, or nothing, need a loop")
def _():
    asyncio.set_event_loop(None)
    log(raised(lambda: asyncio.gather()).partition(" in thread")[0])
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    gathered = asyncio.gather(asyncio.sleep(0, 1), asyncio.sleep(0, 2))
    log(tuple(loop.run_until_complete(gathered)))
    asyncio.set_event_loop(None)
    loop.close()


@case("asyncio.gather.nested", "gathers within a gather: cancelled with it")
def _():
    async def main():
        a, b, c = new_futures(3)
        outer = asyncio.gather(asyncio.gather(a, b), c)
        await turns()
        a.set_result(1)
        log(outer.cancel())
        await noted(outer, "outer")
        log(state(a), state(b), state(c))

    run_virtual(main())


@case("asyncio.gather.all-tasks", "the tasks that there are, whatever their results")
def _():
    def others():
        return sorted(asyncio.all_tasks() - {asyncio.current_task()}, key=lambda task: task.get_name())

    async def main():
        first = asyncio.create_task(value(1, 1), name="1")
        asyncio.create_task(failure("bad", 2), name="2")
        third = asyncio.create_task(value(3, 9), name="3")
        await turns()
        third.cancel()
        outcomes = await asyncio.gather(*others(), return_exceptions=True)
        log_at([raised_by(outcome) if isinstance(outcome, BaseException) else "ends" for outcome in outcomes])
        log(first.result())
        last = asyncio.create_task(value(4, 4), name="4")
        asyncio.create_task(failure("worse", 1), name="5")
        await noted(asyncio.gather(*others()), "gathered")
        waiting = asyncio.ensure_future(noted(asyncio.gather(*others()), "cancelled"))
        await turns()
        log(waiting.cancel())
        await waiting
        log(state(last))

    run_virtual(main())
