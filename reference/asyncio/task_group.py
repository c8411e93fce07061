"""Twins: asyncio.TaskGroup, ExceptionGroup."""

import asyncio
import contextvars

from case import case, log
from support import log_at, noted, raised_by, run_virtual, state, turns


class MyBaseError(BaseException):
    pass


def task(coroutine):
    return asyncio.ensure_future(coroutine)


async def value(number, delay=0):
    try:
        await asyncio.sleep(delay)
    except asyncio.CancelledError:
        log_at("cancelled")
        raise
    return number


async def failure(text, delay=0):
    await asyncio.sleep(delay)
    raise ValueError(text)


async def crash(error, delay=0):
    await asyncio.sleep(delay)
    raise error


async def fails_when_cancelled(text):
    try:
        await asyncio.sleep(100)
    finally:
        raise ValueError(text)


def tree(error):
    """The class, and for a group its text and its members."""
    if isinstance(error, BaseExceptionGroup):
        return "%s(%s)[%s]" % (type(error).__name__, error.message, ", ".join(tree(e) for e in error.exceptions))
    return raised_by(error)


async def told(awaitable, name="group"):
    """What it returned or threw, as a tree."""
    try:
        log_at(name, await awaitable)
    except BaseException as error:
        log_at(name, tree(error))


async def group_of(*coroutines, body=None):
    async with asyncio.TaskGroup() as group:
        for coroutine in coroutines:
            group.create_task(coroutine)
        if body is not None:
            await body


@case("asyncio.task-group.waits", "leaving it waits for all its tasks, whose results are there then")
def _():
    async def main():
        async with asyncio.TaskGroup() as group:
            a, b = group.create_task(value(42, 1)), group.create_task(value(11, 2))
            log_at("body ends")
        log_at(a.result(), b.result())

    run_virtual(main())


@case("asyncio.task-group.body-waits", "the body may wait, and make more tasks")
def _():
    async def main():
        async with asyncio.TaskGroup() as group:
            a = group.create_task(value(42, 1))
            await asyncio.sleep(2)
            log(a.done())
            b = group.create_task(value(11, 2))
        log_at(a.result(), b.result())

    run_virtual(main())


@case("asyncio.task-group.empty", "without tasks it ends at once")
def _():
    async def main():
        async def leaves():
            async with asyncio.TaskGroup():
                pass
            return 1

        waiting = task(leaves())
        await turns()
        log(state(waiting))

    run_virtual(main())


@case("asyncio.task-group.child-cancelled", "a task that is cancelled by itself is no error")
def _():
    async def main():
        async with asyncio.TaskGroup() as group:
            a = group.create_task(value(1, 10))
            await asyncio.sleep(1)
            a.cancel()
            b = group.create_task(value(2, 1))
        log_at(state(a), state(b))

    run_virtual(main())


@case("asyncio.task-group.child-error", "the first error cancels the others; it comes in an ExceptionGroup")
def _():
    async def main():
        await told(group_of(failure("bad", 1), value(2, 10), value(3, 10)))
        log(asyncio.current_task().cancelling())

    run_virtual(main())


@case("asyncio.task-group.child-error-cancels-body", "the first error cancels the body too")
def _():
    async def main():
        async def body():
            try:
                await asyncio.sleep(100)
            finally:
                log_at("body leaves")

        await told(group_of(failure("a", 1), failure("b", 1), failure("c", 1), value(4, 5), body=body()))
        log(asyncio.current_task().cancelling())

    run_virtual(main())


@case("asyncio.task-group.errors-in-order", "all errors are in the group, in the order in which they came")
def _():
    async def main():
        await told(group_of(fails_when_cancelled("third"), failure("first", 1), failure("second", 1)))

    run_virtual(main())


@case("asyncio.task-group.cancelled", "the task around it cancelled: the tasks are cancelled, CancelledError comes")
def _():
    async def main():
        outer = task(group_of(value(1, 10), value(2, 10)))
        await asyncio.sleep(1)
        log(outer.done(), outer.cancel("why"))
        await told(outer, "outer")
        log(outer.cancelled())

    run_virtual(main())


@case("asyncio.task-group.cancelled-in-body", "the same while the body runs")
def _():
    async def main():
        outer = task(group_of(value(1, 10), value(2, 10), body=value("body", 10)))
        await asyncio.sleep(1)
        outer.cancel()
        await told(outer, "outer")
        log(outer.cancelled())

    run_virtual(main())


@case("asyncio.task-group.cancelled-errors-win", "errors of the cancelled tasks have priority over the cancellation")
def _():
    async def main():
        outer = task(group_of(fails_when_cancelled("late"), fails_when_cancelled("late"), body=asyncio.sleep(10)))
        await asyncio.sleep(1)
        outer.cancel()
        await told(outer, "outer")
        log(outer.cancelled())

    run_virtual(main())


@case("asyncio.task-group.cancelled-without-tasks", "a cancelled body without tasks")
def _():
    async def main():
        outer = task(group_of(body=value("body", 10)))
        await asyncio.sleep(1)
        outer.cancel()
        await told(outer, "outer")

    run_virtual(main())


@case("asyncio.task-group.body-error", "an error of the body cancels the tasks and comes in the group")
def _():
    async def main():
        await told(group_of(value(1, 10), value(2, 10), body=failure("at once")))
        await told(group_of(value(1, 10), value(2, 10), body=failure("later", 1)))
        await told(group_of(body=failure("alone")))
        log(asyncio.current_task().cancelling())

    run_virtual(main())


@case("asyncio.task-group.body-error-when-cancelled", "an error that the body throws instead of a cancellation")
def _():
    async def main():
        outer = task(group_of(body=fails_when_cancelled("instead")))
        await asyncio.sleep(1)
        outer.cancel()
        await told(outer, "outer")
        await told(group_of(failure("child", 1), body=fails_when_cancelled("body")), "both")

    run_virtual(main())


@case("asyncio.task-group.nested", "a group in a group: errors of the inner one in a group within the group")
def _():
    async def main():
        async def runner(outer_delay, inner_delay):
            async with asyncio.TaskGroup() as outer:
                outer.create_task(failure("outer", outer_delay))
                async with asyncio.TaskGroup() as inner:
                    inner.create_task(failure("inner", inner_delay))

        await told(runner(1, 10), "outer first")
        await told(runner(10, 1), "inner first")

    run_virtual(main())


@case("asyncio.task-group.nested-cancelled", "cancelled from outside, with errors on the way out")
def _():
    async def main():
        async def runner():
            async with asyncio.TaskGroup() as outer:
                outer.create_task(value("outer", 10))
                async with asyncio.TaskGroup() as inner:
                    inner.create_task(fails_when_cancelled("late"))
                    inner.create_task(fails_when_cancelled("late"))
                    await asyncio.sleep(10)

        waiting = task(runner())
        await asyncio.sleep(1)
        waiting.cancel()
        await told(waiting)

    run_virtual(main())


@case("asyncio.task-group.cancelled-while-aborting", "a cancellation while it is being cancelled; errors win")
def _():
    async def main():
        async def body():
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                await asyncio.sleep(5)
                log_at("body leaves")
                raise

        async def through():
            await task(group_of(failure("soon", 3), body=body()))

        outer = task(group_of(failure("soon", 3), body=body()))
        await asyncio.sleep(1)
        outer.cancel()
        await told(outer, "outer")
        outer = task(through())
        await asyncio.sleep(1)
        outer.cancel()
        await told(outer, "through another task")

    run_virtual(main())


@case("asyncio.task-group.keyboard-interrupt", "KeyboardInterrupt and SystemExit of the body come bare")
def _():
    async def main():
        async def interrupted(error):
            try:
                await asyncio.sleep(10)
            finally:
                raise error

        await told(group_of(failure("bad", 1), body=interrupted(KeyboardInterrupt())))
        await told(group_of(failure("bad", 1), body=interrupted(SystemExit(3))))
        await told(group_of(value(1, 10), body=crash(KeyboardInterrupt(), 1)))

    run_virtual(main())


@case("asyncio.task-group.base-exception", "other exceptions that are no Exception: a BaseExceptionGroup")
def _():
    async def main():
        async def leaves(error):
            try:
                await asyncio.sleep(10)
            finally:
                raise error

        await told(group_of(failure("bad", 1), body=leaves(MyBaseError("body"))))
        await told(group_of(crash(MyBaseError("task"), 1), body=leaves(TypeError("body"))))

    run_virtual(main())


@case("asyncio.task-group.tasks-of-tasks", "its tasks may make tasks in it, while it waits for them too")
def _():
    async def main():
        async def root(group):
            await asyncio.sleep(1)
            group.create_task(value(1, 1))
            group.create_task(value(2, 2))

        async with asyncio.TaskGroup() as group:
            group.create_task(root(group))
        log_at("end")

    run_virtual(main())


@case("asyncio.task-group.hydra", "tasks that make tasks are ended by an error")
def _():
    async def main():
        heads = 0

        async def hydra(group):
            nonlocal heads
            heads += 1
            await asyncio.sleep(2)
            group.create_task(hydra(group))
            group.create_task(hydra(group))

        async def hercules():
            while heads < 10:
                await asyncio.sleep(3)
            raise ValueError("cut off")

        async def runner():
            async with asyncio.TaskGroup() as group:
                group.create_task(hydra(group))
                group.create_task(hercules())

        await told(runner())
        log(heads)

    run_virtual(main())


@case("asyncio.task-group.name", "create_task(name)")
def _():
    async def main():
        async with asyncio.TaskGroup() as group:
            log(group.create_task(value(1), name="yolo").get_name())

    run_virtual(main())


@case("asyncio.task-group.context", "create_task(context): the task runs in it")
def _():
    async def main():
        variable = contextvars.ContextVar("variable")

        async def sets(number):
            await turns()
            variable.set(number)

        async with asyncio.TaskGroup() as group:
            context = contextvars.copy_context()
            await group.create_task(sets(1), context=context)
            log(context.get(variable))
            await group.create_task(sets(2), context=context)
            log(context.get(variable))
        log(variable.get(None))

    run_virtual(main())


@case("asyncio.task-group.not-while-aborting", "no new task once it is being cancelled")
def _():
    async def main():
        async def refused(group):
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                coroutine = value(1)
                try:
                    group.create_task(coroutine)
                except RuntimeError as error:
                    log(error)
                coroutine.close()
                raise

        async def runner():
            async with asyncio.TaskGroup() as group:
                group.create_task(failure("bad", 1))
                group.create_task(refused(group))

        await told(runner())

    run_virtual(main())


@case("asyncio.task-group.not-outside", "no task before it was entered or after it was left")
def _():
    async def main():
        group = asyncio.TaskGroup()
        log(repr(group))
        for _ in range(2):
            coroutine = value(1)
            try:
                group.create_task(coroutine)
            except RuntimeError as error:
                log(error)
            coroutine.close()
            if _ == 0:
                async with group:
                    log(repr(group))
                    group.create_task(value(2))
                    log(repr(group))

    run_virtual(main())


@case("asyncio.task-group.refused-not-reported", "a coroutine that it refuses is not said to be never awaited")
def _():
    async def main():
        group = asyncio.TaskGroup()
        async with group:
            pass
        try:
            group.create_task(value(1))
        except RuntimeError as error:
            log(error)

    run_virtual(main())


@case("asyncio.task-group.entered-once", "it is entered once")
def _():
    async def enters(group):
        async with group:
            pass

    async def main():
        group = asyncio.TaskGroup()
        async with group:
            await noted(enters(group), "again")
        await noted(enters(group), "after")

    run_virtual(main())


@case("asyncio.task-group.cancelling-preserved", "the count of cancellations is as before")
def _():
    async def main():
        await told(group_of(failure("bad")))
        log(asyncio.current_task().cancelling())

        async def runner():
            async with asyncio.TaskGroup() as outer:
                try:
                    async with asyncio.TaskGroup() as inner:
                        inner.create_task(failure("inner"))
                        outer.create_task(failure("outer"))
                except ExceptionGroup as error:
                    log(tree(error))
                log(asyncio.current_task().cancelling())

        await told(runner())
        log(asyncio.current_task().cancelling())

    run_virtual(main())


@case("asyncio.task-group.error-and-cancel", "an error and a cancellation from outside: the latter is not lost")
def _():
    async def main():
        async def inner():
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(failure("bad", 0))
                    await asyncio.sleep(10)
            except ExceptionGroup as error:
                log(tree(error), asyncio.current_task().cancelling())
            await asyncio.sleep(1)
            log("never")

        inside = task(inner())
        await turns(2)
        log(inside.cancelling(), inside.cancel(), inside.cancelling())
        await noted(inside, "inside")
        log(inside.cancelled())

    run_virtual(main())


@case("asyncio.task-group.event-order", "when it begins, when it cancels, when it comes back")
def _():
    async def main():
        async def child(name, count):
            for n in range(count):
                log(name, n)
                await turns()
            log(name, "ends")

        async def runner():
            async with asyncio.TaskGroup() as group:
                group.create_task(child("a", 1))
                group.create_task(child("b", 3))
                log("body")
                await turns()
                log("body ends")
            log("left")

        waiting = task(runner())
        for _ in range(7):
            await turns()
            log("turn", waiting.done())

    run_virtual(main())


@case("asyncio.task-group.event-order-error", "the same with an error")
def _():
    async def main():
        async def child(name, count):
            try:
                await turns(count)
                raise ValueError(name)
            except asyncio.CancelledError:
                log("child cancelled")
                raise

        async def body():
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                log("body cancelled")
                raise

        waiting = task(told(group_of(child("a", 1), child("b", 9), child("c", 9), body=body())))
        for _ in range(7):
            await turns()
            log("turn", waiting.done())

    run_virtual(main())


@case("asyncio.task-group.orphan", "a task that fails when its group's task is done already is reported")
def _():
    async def main():
        def handler(loop, context):
            log(context["message"].split(" <")[0], raised_by(context["exception"]))

        async def owner():
            group = asyncio.TaskGroup()
            await group.__aenter__()
            return group.create_task(failure("late", 1))

        asyncio.get_running_loop().set_exception_handler(handler)
        orphan = await task(owner())
        await asyncio.sleep(2)
        log(state(orphan))

    run_virtual(main())


@case("asyncio.task-group.exception-group", "message, members, str(), nesting; only Exceptions in an ExceptionGroup")
def _():
    inner = ExceptionGroup("inner", [ValueError("a")])
    group = ExceptionGroup("outer", [TypeError("b"), inner])
    log(str(group), group.message, len(group.exceptions), tree(group))
    log(str(inner))
    log(isinstance(group, Exception))
    base = BaseExceptionGroup("base", [ValueError("a"), MyBaseError("b")])
    log(type(base).__name__, isinstance(base, Exception))
    for members in ([], [MyBaseError("b")]):
        try:
            ExceptionGroup("text", members)
        except (ValueError, TypeError) as error:
            log(raised_by(error))


@case("asyncio.task-group.exception-group-split", "subgroup() and split() by a class, the shape kept")
def _():
    group = ExceptionGroup("outer", [ValueError("a"), ExceptionGroup("inner", [TypeError("b"), ValueError("c")])])

    def said(group):
        return "None" if group is None else tree(group)

    log(said(group.subgroup(ValueError)))
    log(said(group.subgroup(KeyError)))
    log(said(group.subgroup(ExceptionGroup)))
    for kind in (ValueError, TypeError, KeyError, Exception):
        match, rest = group.split(kind)
        log(kind.__name__, said(match), said(rest))
    base = BaseExceptionGroup("base", [ValueError("a"), MyBaseError("b")])
    match, rest = base.split(MyBaseError)
    log(said(match), len(rest.exceptions))
