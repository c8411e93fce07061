"""Twins: asyncio.timeout, asyncio.timeout_at, asyncio.Timeout."""

import asyncio

from case import case, log, raised
from support import log_at, loop_time, noted, raised_by, run_virtual, turns


def task(coroutine):
    return asyncio.ensure_future(coroutine)


async def within(scope, body):
    """Enters the scope, runs the body in it."""
    async with scope:
        return await body()


async def sleeps(seconds=100):
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        log_at("cancelled")
        raise
    log_at("slept")


def tell(scope):
    log(scope.expired(), scope.when(), repr(scope))


@case("asyncio.timeout.expires", "after its time the body is cancelled, and TimeoutError leaves the scope")
def _():
    async def main():
        scope = asyncio.timeout(2)
        await noted(within(scope, sleeps), "scope")
        tell(scope)

    run_virtual(main())


@case("asyncio.timeout.in-time", "a body that ends in time: nothing happens, and the timer is gone")
def _():
    async def main():
        scope = asyncio.timeout(10)
        await noted(within(scope, lambda: sleeps(1)), "scope")
        tell(scope)
        await asyncio.sleep(20)
        log_at("end")

    run_virtual(main())


@case("asyncio.timeout.at", "timeout_at: at a time of the loop's clock")
def _():
    async def main():
        await asyncio.sleep(1)
        scope = asyncio.timeout_at(3.0)
        await noted(within(scope, sleeps), "scope")
        tell(scope)

    run_virtual(main())


@case("asyncio.timeout.disabled", "without a time it never expires")
def _():
    async def main():
        for scope in (asyncio.timeout(None), asyncio.timeout_at(None)):
            async def body():
                log(repr(scope))
                await sleeps(1000)

            await noted(within(scope, body), "scope")
            tell(scope)

    run_virtual(main())


@case("asyncio.timeout.zero", "no time, or less: the first await that waits is cancelled, be it sleep(0)")
def _():
    async def main():
        for delay in (0, -11):
            scope = asyncio.timeout(delay)
            await noted(within(scope, sleeps), "scope")
            tell(scope)
            scope = asyncio.timeout(delay)
            await noted(within(scope, lambda: sleeps(0)), "scope")
            tell(scope)
        scope = asyncio.timeout_at(loop_time())
        await noted(within(scope, sleeps), "scope")

    run_virtual(main())


@case("asyncio.timeout.does-not-wait", "a body that does not wait is not cancelled, however late it is")
def _():
    async def main():
        async def body():
            return 5

        scope = asyncio.timeout(0)
        await noted(within(scope, body), "scope")
        tell(scope)
        await turns(2)
        log(asyncio.current_task().cancelling())

    run_virtual(main())


@case("asyncio.timeout.nested", "of two that expire in one turn only the outermost raises TimeoutError")
def _():
    async def main():
        inner, outer = asyncio.timeout_at(2.0), asyncio.timeout_at(2.0)
        await noted(within(outer, lambda: noted_raising(within(inner, sleeps), "inner")), "outer")
        tell(inner)
        tell(outer)

    async def noted_raising(awaitable, name):
        try:
            return await awaitable
        except BaseException as error:
            log_at(name, type(error).__name__)
            raise

    run_virtual(main())


@case("asyncio.timeout.nested-inner", "the inner one expires first: the outer one goes on")
def _():
    async def main():
        async def body():
            await noted(within(asyncio.timeout(1), sleeps), "inner")
            await sleeps()

        await noted(within(asyncio.timeout(3), body), "outer")

    run_virtual(main())


@case("asyncio.timeout.nested-outer", "the outer one expires first: the inner one lets the cancellation pass")
def _():
    async def main():
        inner = asyncio.timeout(3)

        async def body():
            try:
                await within(inner, sleeps)
            except asyncio.CancelledError:
                log_at("passes")
                raise

        await noted(within(asyncio.timeout(1), body), "outer")
        tell(inner)

    run_virtual(main())


@case("asyncio.timeout.foreign-exception", "another exception passes")
def _():
    async def main():
        async def body():
            raise ValueError("mine")

        scope = asyncio.timeout(1)
        await noted(within(scope, body), "scope")
        tell(scope)

    run_virtual(main())


@case("asyncio.timeout.foreign-exception-on-timeout", "an exception thrown instead of the cancellation passes")
def _():
    async def main():
        async def body():
            try:
                await asyncio.sleep(10)
            finally:
                raise ValueError("on the way out")

        scope = asyncio.timeout(1)
        await noted(within(scope, body), "scope")
        tell(scope)
        log(asyncio.current_task().cancelling())

    run_virtual(main())


@case("asyncio.timeout.suppressed", "a body that returns in spite of it has returned; expired() says what was")
def _():
    async def main():
        async def body():
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                return 42

        scope = asyncio.timeout(1)
        await noted(within(scope, body), "scope")
        tell(scope)
        log(asyncio.current_task().cancelling())

    run_virtual(main())


@case("asyncio.timeout.foreign-cancel", "a cancellation that is not its own passes")
def _():
    async def main():
        scope = asyncio.timeout(10)

        async def body():
            asyncio.current_task().cancel()
            await asyncio.sleep(1)

        await noted(task(within(scope, body)), "task")
        tell(scope)

    run_virtual(main())


@case("asyncio.timeout.foreign-cancel-too", "its own and another's in the same turn: the other's counts")
def _():
    async def main():
        scope = asyncio.timeout_at(1.0)
        waiting = task(within(scope, sleeps))
        await turns()
        asyncio.get_running_loop().call_at(1.0, waiting.cancel)
        await noted(waiting, "task")
        tell(scope)
        log(waiting.cancelling(), waiting.cancelled())

    run_virtual(main())


@case("asyncio.timeout.task-not-cancelled", "the task around it is not cancelled, and no count is left")
def _():
    async def main():
        async def outer():
            await noted(within(asyncio.timeout(1), sleeps), "scope")
            return asyncio.current_task().cancelling()

        waiting = task(outer())
        log(await waiting, waiting.cancelled())

    run_virtual(main())


@case("asyncio.timeout.after-cancellation", "in a task that was cancelled before it works all the same")
def _():
    async def main():
        async def outer(cancel):
            asyncio.current_task().cancel()
            await noted(asyncio.sleep(1), "sleep")

            async def body():
                if cancel:
                    asyncio.current_task().cancel()
                await asyncio.sleep(1)

            await noted(within(asyncio.timeout(0 if not cancel else 10), body), "scope")
            log(asyncio.current_task().cancelling())

        await task(outer(False))
        await task(outer(True))

    run_virtual(main())


@case("asyncio.timeout.nested-in-cleanup", "a scope in the cleanup of another one's body")
def _():
    async def main():
        async def body():
            try:
                await asyncio.sleep(10)
            finally:
                await noted(within(asyncio.timeout(1), sleeps), "cleanup")

        await noted(within(asyncio.timeout(1), body), "scope")

    run_virtual(main())


@case("asyncio.timeout.reschedule", "another deadline: later, earlier, none")
def _():
    async def main():
        scope = asyncio.timeout_at(2.0)
        waiting = task(within(scope, sleeps))
        await turns()
        scope.reschedule(6.0)
        tell(scope)
        await asyncio.sleep(3)
        scope.reschedule(None)
        tell(scope)
        await asyncio.sleep(10)
        scope.reschedule(20.0)
        scope.reschedule(15.0)
        await noted(waiting, "waiting")
        tell(scope)

    run_virtual(main())


@case("asyncio.timeout.reschedule-past", "a deadline that is over: at once, which is the next turn")
def _():
    async def main():
        scope = asyncio.timeout(100)
        waiting = task(noted(within(scope, sleeps), "scope"))
        await asyncio.sleep(5)
        scope.reschedule(4.0)
        for _ in range(4):
            await turns()
            log("turn", scope.expired(), waiting.done())

    run_virtual(main())


@case("asyncio.timeout.reschedule-refused", "no deadline before it was entered, after it was left, or while it expires")
def _():
    async def main():
        scope = asyncio.timeout(1)
        log(raised(lambda: scope.reschedule(2.0)))

        async def body():
            await noted(asyncio.sleep(10), "sleep")
            tell(scope)
            log(raised(lambda: scope.reschedule(2.0)))

        await within(scope, body)
        log(raised(lambda: scope.reschedule(2.0)))
        other = asyncio.timeout(1)
        await within(other, turns)
        log(raised(lambda: other.reschedule(2.0)))

    run_virtual(main())


@case("asyncio.timeout.entered-once", "it is entered once")
def _():
    async def main():
        scope = asyncio.timeout(1)
        log(repr(scope))

        async def body():
            await noted(within(scope, turns), "again")

        await within(scope, body)
        await noted(within(scope, turns), "after")

    run_virtual(main())


@case("asyncio.timeout.cause", "the cancellation is the cause of the TimeoutError")
def _():
    async def main():
        try:
            await within(asyncio.timeout(1), sleeps)
        except TimeoutError as error:
            log(raised_by(error), "of", raised_by(error.__cause__))

    run_virtual(main())


@case("asyncio.timeout.event-order", "when the cancellation comes, and when the awaiter")
def _():
    async def main():
        future = asyncio.get_running_loop().create_future()

        async def body():
            await future

        waiting = task(noted(within(asyncio.timeout_at(1.0), body), "scope"))
        await turns()
        asyncio.get_running_loop().call_at(1.0, lambda: log("timer"))
        await asyncio.sleep(1)
        log("woken", future.cancelled(), waiting.done())
        await turns()
        log("turn", future.cancelled(), waiting.done())

    run_virtual(main())


@case("asyncio.timeout.task-group", "around a task group: its errors pass, the task's own cancellation is the timeout")
def _():
    async def main():
        async def fails_late():
            try:
                await asyncio.sleep(10)
            finally:
                raise ValueError("cleanup")

        async def group(*coroutines):
            async with asyncio.TaskGroup() as tg:
                for coroutine in coroutines:
                    tg.create_task(coroutine)

        await noted(within(asyncio.timeout(1), lambda: group(asyncio.sleep(10))), "cancelled")
        await noted(within(asyncio.timeout(1), lambda: group(fails_late())), "failed")
        log(asyncio.current_task().cancelling())

    run_virtual(main())


@case("asyncio.timeout.without-loop", "timeout() asks the running loop; timeout_at() does not")
def _():
    log(raised(lambda: asyncio.timeout(1)))
    log(repr(asyncio.timeout_at(1.0)))
