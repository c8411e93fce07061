"""Twins: asyncio.Task, create_task, current_task, all_tasks, eager_task_factory."""

import asyncio
import contextvars
import gc
import re

from case import case, log, raised
from support import awaited, log_at, log_reports, noted, raised_by, run_virtual, state, turns


def new_future():
    return asyncio.get_running_loop().create_future()


async def answer():
    return 42


async def fail():
    raise ValueError("bad")


async def wait_for(awaitable):
    return await awaitable


async def steps(name, count=2):
    for step in range(count):
        log(name, step)
        await asyncio.sleep(0)
    log(name, "ends")


@case("asyncio.task.result", "a task has what its coroutine returned or raised")
def _():
    async def main():
        good, bad = asyncio.create_task(answer()), asyncio.create_task(fail())
        log(good.done(), bad.done())
        log(await good, await awaited(bad))
        log(good.done(), good.result(), raised_by(bad.exception()), good.cancelled(), bad.cancelled())
        log(good.get_loop() is asyncio.get_running_loop())

    run_virtual(main())


@case("asyncio.task.starts-next-turn", "create_task() runs nothing; tasks start in their order, and take turns")
def _():
    async def main():
        first = asyncio.create_task(steps("first"))
        second = asyncio.create_task(steps("second"))
        log("created")
        await first
        await second

    run_virtual(main())


@case("asyncio.task.no-loop", "create_task() without a running loop is an error; the coroutine never runs")
def _():
    coroutine = steps("never")
    log(raised(lambda: asyncio.create_task(coroutine)))
    coroutine.close()


@case("asyncio.task.result-early", "asking too early is an error")
def _():
    async def main():
        task = asyncio.create_task(answer())
        log(raised(task.result), raised(task.exception))
        await task

    run_virtual(main())


@case("asyncio.task.default-names", "tasks are numbered")
def _():
    async def main():
        tasks = [asyncio.create_task(answer()) for _ in range(2)]
        for task in tasks:
            await task
        log(asyncio.current_task().get_name(), [task.get_name() for task in tasks])

    run_virtual(main())


@case("asyncio.task.names", "a name can be given, and changed")
def _():
    async def main():
        task = asyncio.create_task(answer(), name="given")
        log(task.get_name())
        task.set_name("changed")
        log(task.get_name())
        await task
        named = asyncio.get_running_loop().create_task(answer(), name="of the loop")
        log(named.get_name(), await named)

    run_virtual(main())


@case("asyncio.task.repr", "a task prints its state and name")
def _():
    async def main():
        f = new_future()
        task = asyncio.create_task(wait_for(f), name="one")
        log(repr(task).split(" coro=")[0])
        await turns()
        task.cancel()
        log(repr(task).split(" coro=")[0])
        await awaited(task)
        log(repr(task).split(" coro=")[0])
        done = asyncio.create_task(answer(), name="two")
        await done
        log(repr(done).split(" coro=")[0])

    run_virtual(main())


async def wait_for_next(tasks, number):
    await tasks[(number + 1) % len(tasks)]


@case("asyncio.task.repr-circle", "tasks that wait for each other")
def _():
    async def main():
        tasks = []
        for number, name in enumerate(("one", "two")):
            tasks.append(asyncio.create_task(wait_for_next(tasks, number), name=name))
        await turns()
        for task in tasks:
            task._log_destroy_pending = False
        log(re.sub(" coro=<[^>]*>", "", repr(tasks[0])))

    raised(lambda: run_virtual(main()))  # RecursionError: it cannot cancel them


@case("asyncio.task.no-set-methods", "only its coroutine completes a task")
def _():
    async def main():
        task = asyncio.create_task(answer())
        log(raised(lambda: task.set_result(1)))
        log(raised(lambda: task.set_exception(ValueError("bad"))))
        log(await task)

    run_virtual(main())


@case("asyncio.task.cancel-before-start", "cancelled before its first step, the coroutine never runs")
def _():
    async def main():
        task = asyncio.create_task(steps("never"))
        log(task.cancel(), task.cancelled(), task.done())
        log(await awaited(task), task.cancelled())

    run_virtual(main())


@case("asyncio.task.cancel-waiting", "CancelledError is raised at the await, a turn later, and what is awaited is cancelled at once")
def _():
    async def waits(f):
        try:
            await f
        except asyncio.CancelledError:
            log("cancelled at the await")
            raise
        finally:
            log("cleaned up")

    async def main():
        f = new_future()
        task = asyncio.create_task(waits(f))
        await turns()
        log(task.cancel(), f.cancelled(), task.cancelled())
        await turns()
        log(task.cancelled(), raised(task.result))

    run_virtual(main())


@case("asyncio.task.cancel-sleeping", "a task that sleeps is woken by cancel(), before its time")
def _():
    async def main():
        task = asyncio.create_task(asyncio.sleep(3600))
        await turns()
        task.cancel()
        await noted(task, "sleeper")

    run_virtual(main())


@case("asyncio.task.cancel-future", "a task whose future is cancelled ends cancelled")
def _():
    async def main():
        f = new_future()
        task = asyncio.create_task(wait_for(f))
        await turns()
        f.cancel()
        log(await awaited(task), task.cancelled(), task.cancelling())

    run_virtual(main())


@case("asyncio.task.cancel-both", "the future first, then the task: cancelled once")
def _():
    async def waits(f):
        log(await awaited(f))
        log(await awaited(asyncio.sleep(0)))
        return 12

    async def main():
        f = new_future()
        task = asyncio.create_task(waits(f))
        await turns()
        f.cancel()
        log(task.cancel())
        log(await awaited(task), task.cancelled())

    run_virtual(main())


@case("asyncio.task.cancel-yielding", "a task that only gives way is cancelled there")
def _():
    async def main():
        task = asyncio.create_task(steps("task"))
        await turns()
        task.cancel()
        log(await awaited(task))

    run_virtual(main())


@case("asyncio.task.cancel-nested", "cancel() goes through awaited coroutines to the innermost await, and out again")
def _():
    async def inner(f):
        try:
            await f
        except asyncio.CancelledError:
            log("inner")
            raise

    async def outer(f):
        try:
            await inner(f)
        except asyncio.CancelledError:
            log("outer")
        return "went on"

    async def main():
        f = new_future()
        task = asyncio.create_task(outer(f))
        await turns()
        task.cancel()
        log(await task, f.cancelled())

    run_virtual(main())


@case("asyncio.task.cancel-awaited-task", "cancelling a task that awaits another cancels that one, and it is told when that has ended")
def _():
    async def inner():
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            log("inner cancelled")
            await asyncio.sleep(1)
            log_at("inner ends")
            raise

    async def main():
        task = asyncio.create_task(inner())
        waiting = asyncio.create_task(wait_for(task))
        await turns(2)
        waiting.cancel()
        log(waiting.done(), task.done())
        await noted(waiting, "waiting")
        log(task.cancelled(), waiting.cancelled())

    run_virtual(main())


@case("asyncio.task.cancel-caught", "a task may catch it and return: then it is not cancelled")
def _():
    async def catches(f):
        try:
            await f
        except asyncio.CancelledError:
            return 42

    async def main():
        f = new_future()
        task = asyncio.create_task(catches(f))
        await turns()
        task.cancel()
        log(await task, task.cancelled(), task.cancelling())

    run_virtual(main())


@case("asyncio.task.cancel-ignored", "a task may catch it and wait for something else, which is not cancelled")
def _():
    async def ignores(first, second):
        try:
            await first
        except asyncio.CancelledError:
            log("ignored")
        return await second

    async def main():
        first, second = new_future(), new_future()
        task = asyncio.create_task(ignores(first, second))
        await turns()
        task.cancel()
        await turns(2)
        log(first.cancelled(), second.cancelled(), task.done())
        second.set_result("second")
        log(await task)

    run_virtual(main())


@case("asyncio.task.cancel-raises", "an exception instead of the CancelledError is what the task ends with")
def _():
    async def raises(f):
        try:
            await f
        finally:
            raise ValueError("cleaning up")

    async def main():
        task = asyncio.create_task(raises(new_future()))
        await turns()
        task.cancel()
        log(await awaited(task), task.cancelled())

    run_virtual(main())


@case("asyncio.task.cancel-self", "a task that cancels itself is told at its next await that waits")
def _():
    async def cancels_itself():
        log(asyncio.current_task().cancel())
        done = new_future()
        done.set_result("done")
        log(await done)
        await asyncio.sleep(3600)
        log("never")

    async def main():
        task = asyncio.create_task(cancels_itself())
        await noted(task, "task")

    run_virtual(main())


@case("asyncio.task.cancel-at-end", "a task that is cancelled and then returns is cancelled")
def _():
    async def returns():
        asyncio.current_task().cancel()
        return 12

    async def main():
        task = asyncio.create_task(returns())
        log(await awaited(task), task.cancelled(), task.cancel())

    run_virtual(main())


@case("asyncio.task.cancel-when-done", "cancel() of a task that is done is False, and changes nothing")
def _():
    async def main():
        task = asyncio.create_task(answer())
        await task
        log(task.cancel(), task.cancelling(), task.result())

    run_virtual(main())


@case("asyncio.task.cancel-woken", "cancelled after it was woken but before it runs, a task is told at once; the result is lost")
def _():
    async def main():
        f = new_future()
        task = asyncio.create_task(awaited(f))
        await turns()
        f.set_result("result")
        log(task.cancel(), f.cancelled())
        log(await awaited(task), f.result())

    run_virtual(main())


@case("asyncio.task.cancel-message", "the message arrives where the CancelledError is caught, and at who awaits the task")
def _():
    async def main():
        caught = asyncio.create_task(awaited(new_future()))
        passed = asyncio.create_task(wait_for(new_future()))
        unstarted = asyncio.create_task(answer())
        await turns()
        late = asyncio.create_task(answer())
        for task in (caught, passed, late):
            task.cancel("enough")
        for task in (caught, passed, unstarted, late):
            log(await awaited(task))

    run_virtual(main())


@case("asyncio.task.cancelling", "cancelling() counts the requests, uncancel() takes them back")
def _():
    async def main():
        f = new_future()
        task = asyncio.create_task(awaited(f))
        await turns()
        log(task.cancelling(), task.uncancel())
        task.cancel()
        log(task.cancelling(), task.cancel(), task.cancelling())
        log(task.uncancel(), task.uncancel(), task.uncancel())
        log(await task)

    run_virtual(main())


@case("asyncio.task.uncancel-structured", "who has asked for the cancellation may take it back: the task goes on")
def _():
    async def scope(name, canceller, again):
        asyncio.get_running_loop().call_later(canceller, asyncio.current_task().cancel)
        said = await awaited(asyncio.sleep(10))
        log(name, said, asyncio.current_task().uncancel())
        if again:
            log(name, await awaited(asyncio.sleep(1)))
        return name

    async def main():
        first = asyncio.create_task(scope("first", 1, True))
        second = asyncio.create_task(scope("second", 2, False))
        await noted(first, "first")
        await noted(second, "second")

    run_virtual(main())


@case("asyncio.task.uncancel-undelivered", "uncancel() down to none takes back what has not been delivered")
def _():
    async def main():
        asyncio.current_task().cancel()
        asyncio.current_task().uncancel()
        log(await awaited(asyncio.sleep(0)))

        task = asyncio.create_task(answer())
        task.cancel()
        task.cancel()
        task.uncancel()
        other = asyncio.create_task(answer())
        other.cancel()
        other.uncancel()
        log(await awaited(task), await awaited(other))

    run_virtual(main())


@case("asyncio.task.awaits-itself", "a task that awaits itself gets an error")
def _():
    async def main():
        said = await awaited(asyncio.current_task())
        log(said.split(": <")[0])

    run_virtual(main())


@case("asyncio.task.current-task", "current_task() is the one that runs; none in a callback or outside")
def _():
    async def look(name):
        log(name, asyncio.current_task().get_name())
        await asyncio.sleep(0)
        log(name, asyncio.current_task().get_name())

    async def main():
        first = asyncio.create_task(look("first"), name="one")
        second = asyncio.create_task(look("second"), name="two")
        asyncio.get_running_loop().call_soon(lambda: log("callback", asyncio.current_task()))
        await look("main")
        await first
        await second
        log(asyncio.current_task() is asyncio.current_task(asyncio.get_running_loop()))

    run_virtual(main())


@case("asyncio.task.current-task-no-loop", "without a running loop one has to be given")
def _():
    log(raised(asyncio.current_task), raised(asyncio.all_tasks))
    loop = asyncio.new_event_loop()
    log(asyncio.current_task(loop), len(asyncio.all_tasks(loop)))
    loop.close()


@case("asyncio.task.all-tasks", "all_tasks() are those of the loop that are not done")
def _():
    other = asyncio.new_event_loop()
    elsewhere = other.create_task(answer())

    async def main():
        tasks = [asyncio.create_task(steps("one", 1), name="one"), asyncio.create_task(steps("two", 3), name="two")]

        def names():
            return sorted(task.get_name().replace(asyncio.current_task().get_name(), "main") for task in asyncio.all_tasks())

        log(names())
        await turns(2)
        log(names())
        for task in tasks:
            await task
        log(names(), asyncio.all_tasks(other) == {elsewhere})

    run_virtual(main())
    log(other.run_until_complete(elsewhere))
    other.close()


@case("asyncio.task.never-retrieved", "the exception of a task that nobody has awaited is reported when the last handle is gone")
def _():
    async def main():
        log_reports()
        task = asyncio.create_task(fail())
        await turns(2)
        log("still there")
        del task
        gc.collect()
        asyncio.create_task(fail())
        await turns(2)
        gc.collect()
        task = asyncio.create_task(fail())
        await turns(2)
        raised_by(task.exception())
        del task
        gc.collect()
        log("the last has been asked")

    run_virtual(main())


@case("asyncio.task.kept", "a task that nobody has a handle of goes on to its end")
def _():
    async def sleeps():
        await asyncio.sleep(1)
        log_at("ends")

    async def main():
        keep = asyncio.create_task(sleeps())
        await asyncio.sleep(2)
        log(keep.done())

    run_virtual(main())


@case("asyncio.task.leaves-the-loop", "KeyboardInterrupt and SystemExit end the task and leave the loop, too")
def _():
    async def leave(error):
        raise error

    for error in (KeyboardInterrupt("pressed"), SystemExit(3)):
        loop = asyncio.new_event_loop()
        task = loop.create_task(leave(error))
        log(raised(loop.run_forever))
        log(task.done(), task.cancelled(), raised_by(task.exception()))
        loop.close()


@case("asyncio.task.base-exception-on-cancel", "so do they when they come in place of the CancelledError")
def _():
    async def leaves():
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            raise SystemExit(4)

    loop = asyncio.new_event_loop()
    task = loop.create_task(leaves())
    loop.call_soon(loop.stop)
    loop.run_forever()
    task.cancel()
    log(task.done())
    log(raised(loop.run_forever))
    log(task.done(), task.cancelled(), raised_by(task.exception()))
    loop.close()


var = contextvars.ContextVar("var", default="nothing")


@case("asyncio.task.context-copied", "a task runs in a copy of the context in which it was made")
def _():
    async def sets(value):
        log(var.get())
        await asyncio.sleep(0)
        var.set(value)
        log(var.get())

    async def main():
        var.set("main's")
        task = asyncio.create_task(sets("task's"))
        var.set("main's, later")
        await task
        log(var.get())
        await sets("by a coroutine")
        log(var.get())

    run_virtual(main())
    log(var.get())


@case("asyncio.task.context-given", "or in the one that is given, which is not copied")
def _():
    async def sets(value):
        await asyncio.sleep(0)
        var.set(value)

    async def main():
        context = contextvars.copy_context()
        for value in ("first", "second"):
            task = asyncio.create_task(sets(value), context=context)
            log(task.get_context() is context)
            await task
            log(context[var], var.get())
        await asyncio.get_running_loop().create_task(sets("third"), context=context)
        log(context[var], var.get())

    run_virtual(main())


@case("asyncio.task.context-kept", "each task has its own values, across awaits, and in what it hands to the loop")
def _():
    async def counts(name):
        for number in range(3):
            var.set((name, number))
            await asyncio.sleep(0)
            log(var.get())
        asyncio.get_running_loop().call_soon(lambda: log("callback of", var.get()))

    async def main():
        first, second = asyncio.create_task(counts("first")), asyncio.create_task(counts("second"))
        await first
        await second
        await turns()

    run_virtual(main())


@case("asyncio.task.eager-completes", "an eager task that need not wait is done when create_task() returns; the loop is not involved")
def _():
    async def main():
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        asyncio.get_running_loop().call_soon(log, "next turn")
        good, bad = asyncio.create_task(answer(), name="good"), asyncio.create_task(fail())
        log(good.done(), good.result(), good.get_name(), raised_by(bad.exception()))
        log(await good)
        await turns()

    run_virtual(main())


@case("asyncio.task.eager-waits", "an eager task runs to its first wait inside create_task()")
def _():
    async def main():
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        f = new_future()
        asyncio.get_running_loop().call_soon(log, "next turn")

        async def waits():
            log("begins")
            log(await f)
            await asyncio.sleep(0)
            log("ends")

        task = asyncio.create_task(waits(), name="eager")
        log("created", task.done())
        f.set_result("woken")
        await task

    run_virtual(main())


@case("asyncio.task.eager-current-task", "inside, current_task() is the eager task; afterwards the creator again")
def _():
    async def look(creator):
        log("inside", asyncio.current_task() is creator, len(asyncio.all_tasks()))
        await asyncio.sleep(0)
        log("later", asyncio.current_task().get_name(), len(asyncio.all_tasks()))

    async def main():
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        asyncio.current_task().set_name("main")
        task = asyncio.create_task(look(asyncio.current_task()), name="eager")
        log("creator", asyncio.current_task().get_name(), len(asyncio.all_tasks()))
        await task
        done = asyncio.create_task(answer())
        log("all", len(asyncio.all_tasks()), done.done())

    run_virtual(main())


@case("asyncio.task.eager-cancel", "an eager task that waits is cancelled as any other, one that is done is not")
def _():
    async def main():
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        f = new_future()
        waiting, done = asyncio.create_task(wait_for(f)), asyncio.create_task(answer())
        log(waiting.cancel(), done.cancel(), f.cancelled())
        log(await awaited(waiting), await done)

    run_virtual(main())


@case("asyncio.task.eager-context", "an eager task has its own copy of the context from its first step on")
def _():
    async def sets():
        log(var.get())
        var.set("task's")
        await asyncio.sleep(0)
        log(var.get())

    async def main():
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        var.set("main's")
        task = asyncio.create_task(sets())
        log(var.get())
        var.set("main's, later")
        await task
        log(var.get())

    run_virtual(main())


@case("asyncio.task.eager-context-entered", "in a context that is entered it is not created, and nothing is left of it")
def _():
    async def main():
        loop = asyncio.get_running_loop()
        # The task that is written in C stays the current one for ever.
        loop.set_task_factory(asyncio.create_eager_task_factory(asyncio.tasks._PyTask))
        loop.set_exception_handler(lambda loop, context: None)
        context = contextvars.copy_context()
        coroutine = answer()
        said = context.run(raised, lambda: asyncio.create_task(coroutine, context=context))
        coroutine.close()
        gc.collect()
        log(said.split(": <")[0], len(asyncio.all_tasks()))
        log(await asyncio.create_task(answer(), context=context))

    run_virtual(main())


@case("asyncio.task.eager-nested", "eager tasks inside eager tasks run one within the other")
def _():
    async def nest(depth):
        log("begins", depth)
        if depth:
            await asyncio.create_task(nest(depth - 1))
        else:
            await asyncio.sleep(0)
        log("ends", depth)

    async def main():
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        task = asyncio.create_task(nest(2))
        log("created")
        await task

    run_virtual(main())


@case("asyncio.task.callbacks", "callbacks of a task are called a turn after it has ended, in their order with who awaits")
def _():
    async def main():
        task = asyncio.create_task(answer())
        task.add_done_callback(lambda done: log("first", done.result(), done is task))
        task.add_done_callback(lambda done: log("then", done.result()))
        waiting = asyncio.create_task(wait_for(task))
        waiting.add_done_callback(lambda done: log("awaiting", done.result()))
        await turns()
        task.add_done_callback(lambda done: log("second", state(done)))
        log("added", task.done())
        await waiting
        await turns()

    run_virtual(main())
