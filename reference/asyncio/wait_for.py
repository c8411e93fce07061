"""Twins: asyncio.wait_for."""

import asyncio

from case import case, log
from support import log_at, noted, run_virtual, state, turns


async def value(number, delay=0):
    log_at("begin", number)
    try:
        await asyncio.sleep(delay)
    finally:
        log_at("end", number)
    return number


def task(coroutine):
    return asyncio.ensure_future(coroutine)


def new_future():
    return asyncio.get_running_loop().create_future()


@case("asyncio.wait-for.result", "the result, when it is in time")
def _():
    async def main():
        log_at(await asyncio.wait_for(value(1, 2), 3))
        log_at(await asyncio.wait_for(task(value(2, 2)), 3))

    run_virtual(main())


@case("asyncio.wait-for.exception", "what it raises")
def _():
    async def main():
        async def failure():
            raise ValueError("bad")

        await noted(asyncio.wait_for(failure(), 3), "failed")
        await noted(asyncio.wait_for(task(failure()), 3), "failed")

    run_virtual(main())


@case("asyncio.wait-for.forever", "without a limit")
def _():
    async def main():
        log_at(await asyncio.wait_for(value(1, 1000), None))

    run_virtual(main())


@case("asyncio.wait-for.timeout", "too late: it is cancelled, and TimeoutError")
def _():
    async def main():
        late = task(value(1, 10))
        await noted(asyncio.wait_for(late, 2), "late")
        log(state(late))
        await noted(asyncio.wait_for(value(2, 10), 2), "late")

    run_virtual(main())


@case("asyncio.wait-for.zero-not-started", "no time: a coroutine is never started")
def _():
    async def main():
        await noted(asyncio.wait_for(value(1), 0), "zero")
        await noted(asyncio.wait_for(value(2), -1), "less")

    run_virtual(main())


@case("asyncio.wait-for.zero-done", "no time: what is done has its result or its exception")
def _():
    async def main():
        good, bad = new_future(), new_future()
        good.set_result("done")
        bad.set_exception(ValueError("bad"))
        for limit in (0, -1):
            await noted(asyncio.wait_for(good, limit), "good")
            await noted(asyncio.wait_for(bad, limit), "bad")

    run_virtual(main())


@case("asyncio.wait-for.zero-running", "no time: what runs is cancelled, and TimeoutError")
def _():
    async def main():
        for limit in (0, -1):
            running = task(value(1, 10))
            await turns()
            await noted(asyncio.wait_for(running, limit), "late")
            log(state(running))

    run_virtual(main())


@case("asyncio.wait-for.waits-for-cancellation", "too late: it waits until the cancellation has been dealt with")
def _():
    async def main():
        async def slow_to_leave():
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                await asyncio.sleep(3)
                raise
            finally:
                log_at("left")

        await noted(asyncio.wait_for(task(slow_to_leave()), 2), "late")
        other = task(slow_to_leave())
        await asyncio.sleep(1)
        await noted(asyncio.wait_for(other, 0), "zero")

    run_virtual(main())


@case("asyncio.wait-for.exception-while-cancelled", "what it raises instead of the cancellation wins")
def _():
    async def main():
        async def fails():
            try:
                await asyncio.sleep(10)
            finally:
                raise ValueError("on the way out")

        await noted(asyncio.wait_for(fails(), 1), "coroutine")
        await noted(asyncio.wait_for(task(fails()), 1), "task")
        other = task(fails())
        await turns()
        await noted(asyncio.wait_for(other, 0), "zero")

    run_virtual(main())


@case("asyncio.wait-for.suppressed", "what it returns in spite of the cancellation is the result")
def _():
    async def main():
        async def stubborn():
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                return 42

        await noted(asyncio.wait_for(stubborn(), 1), "coroutine")
        await noted(asyncio.wait_for(task(stubborn()), 1), "task")
        other = task(stubborn())
        await turns()
        await noted(asyncio.wait_for(other, 0), "zero")

    run_virtual(main())


@case("asyncio.wait-for.in-time-in-turn", "a result that is set in the next turn is in time")
def _():
    async def main():
        future = new_future()
        asyncio.get_running_loop().call_soon(future.set_result, "ok")
        await noted(asyncio.wait_for(future, 1), "future")

    run_virtual(main())


@case("asyncio.wait-for.tie", "the limit and the end in the same turn")
def _():
    async def main():
        await noted(asyncio.wait_for(asyncio.sleep(1, "ok"), 1), "coroutine")
        first = task(asyncio.sleep(1, "ok"))
        await turns()
        await noted(asyncio.wait_for(first, 1), "task")

    run_virtual(main())


@case("asyncio.wait-for.cancelled", "cancelled itself it cancels what it waits for")
def _():
    async def main():
        for limit in (None, 60):
            blocked = task(value(1, 100))
            waiting = task(asyncio.wait_for(blocked, limit))
            await turns(2)
            log(waiting.cancel())
            await noted(waiting, "waiting")
            log(state(waiting), state(blocked))

    run_virtual(main())


@case("asyncio.wait-for.cancelled-in-turn", "cancelled in the turn in which it ends, it is cancelled")
def _():
    async def main():
        async def inner():
            return "done"

        inner_task = task(inner())

        async def waits():
            await asyncio.wait_for(inner_task, 100)
            log("waited for")
            await asyncio.sleep(1)
            log("never")

        waiting = task(waits())
        await turns()
        log(inner_task.done(), waiting.cancel())
        await noted(waiting, "waiting")
        log(state(inner_task))

    run_virtual(main())


@case("asyncio.wait-for.stubborn-cancelled", "cancelled itself it waits for what ignores the cancellation")
def _():
    async def main():
        async def slow():
            until = asyncio.get_running_loop().time() + 4
            while asyncio.get_running_loop().time() < until:
                try:
                    await asyncio.sleep(until - asyncio.get_running_loop().time())
                except asyncio.CancelledError:
                    log_at("ignored")
            log_at("left")

        waiting = task(asyncio.wait_for(slow(), 8))
        await asyncio.sleep(1)
        waiting.cancel()
        await asyncio.wait([waiting])
        log_at(state(waiting))
        await noted(asyncio.wait_for(slow(), 2), "late")

    run_virtual(main())


@case("asyncio.wait-for.in-callers-task", "a coroutine runs in the task of the caller")
def _():
    async def main():
        async def who():
            return asyncio.current_task()

        log(await asyncio.wait_for(who(), 1) is asyncio.current_task())
        log(await asyncio.wait_for(who(), None) is asyncio.current_task())

    run_virtual(main())


@case("asyncio.wait-for.shield", "what is shielded goes on")
def _():
    async def main():
        inner = task(value(1, 10))
        for limit in (0, 2):
            shielded = asyncio.shield(inner)
            await noted(asyncio.wait_for(shielded, limit), "shielded")
            log(state(shielded), state(inner))
        await noted(asyncio.wait_for(asyncio.shield(inner), None), "shielded")

    run_virtual(main())


@case("asyncio.wait-for.nested", "the innermost limit that is over counts")
def _():
    async def main():
        await noted(asyncio.wait_for(noted(asyncio.wait_for(value(1, 10), 1), "inner"), 5), "outer")
        await noted(asyncio.wait_for(noted(asyncio.wait_for(value(2, 10), 5), "inner"), 1), "outer")

    run_virtual(main())


@case("asyncio.wait-for.no-count-left", "the task's count of cancellations is as before")
def _():
    async def main():
        await noted(asyncio.wait_for(value(1, 10), 1), "late")
        log(asyncio.current_task().cancelling())
        await noted(asyncio.wait_for(value(2), 1), "in time")
        log(asyncio.current_task().cancelling())

    run_virtual(main())


@case("asyncio.wait-for.cause", "the cancellation is the cause of the TimeoutError")
def _():
    async def main():
        for limit in (1, 0):
            late = task(value(1, 10))
            await turns()
            try:
                await asyncio.wait_for(late, limit)
            except asyncio.TimeoutError as error:
                log(type(error.__cause__).__name__)

    run_virtual(main())


@case("asyncio.wait-for.event-order", "it comes back in the turn in which the awaited does")
def _():
    async def main():
        future = new_future()
        waiting = task(noted(asyncio.wait_for(future, 5), "waited"))
        other = task(noted(future, "awaited"))
        await turns()
        future.set_result(1)
        for _ in range(3):
            await turns()
            log("turn", waiting.done(), other.done())

    run_virtual(main())


@case("asyncio.wait-for.self-cancelled", "a cancellation from within is no timeout")
def _():
    async def main():
        async def cancels_itself():
            asyncio.current_task().cancel()
            await asyncio.sleep(1)

        async def outer():
            await noted(asyncio.wait_for(cancels_itself(), 5), "within")

        await noted(task(outer()), "outer")

    run_virtual(main())


@case("asyncio.wait-for.untyped", "of a task that is only known as one of all_tasks()")
def _():
    async def ends(limit):
        (only,) = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.wait_for(only, limit)
        return "ends"

    async def main():
        for limit in (3, 1, 0):
            awaited = task(value(limit, 2))
            await turns()
            await noted(ends(limit), "waited")
            log(state(awaited))
        done = task(value(9))
        await turns(2)
        await asyncio.wait_for(done, 0)
        log_at(9)

    run_virtual(main())
