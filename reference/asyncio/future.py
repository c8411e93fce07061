"""Twins: asyncio.Future, wrap_future, ensure_future."""

import asyncio
import concurrent.futures
import contextvars
import gc
import threading

from case import case, log, raised
from support import awaited, log_reports, raised_by, run_virtual, state, turns


def new_future():
    return asyncio.get_running_loop().create_future()


def finished():
    future = new_future()
    future.set_result(42)
    return future


def failed():
    future = new_future()
    future.set_exception(ValueError("bad"))
    return future


def cancelled():
    future = new_future()
    future.cancel()
    return future


def every_state():
    return [("pending", new_future()), ("cancelled", cancelled()), ("failed", failed()), ("finished", finished())]


def looked_at(states):
    """A failed one that nobody has asked is reported."""
    for _, future in states:
        if future.done() and not future.cancelled():
            future.exception()


@case("asyncio.future.initial-state", "pending: neither done nor cancelled")
def _():
    async def main():
        f = new_future()
        log(f.done(), f.cancelled(), repr(f))
        log(f.get_loop() is asyncio.get_running_loop())

    run_virtual(main())


@case("asyncio.future.without-loop", "a future needs a loop")
def _():
    asyncio.set_event_loop(None)
    log(raised(asyncio.Future).split(" in ")[0])

    async def main():
        log(asyncio.Future().get_loop() is asyncio.get_running_loop())

    run_virtual(main())


@case("asyncio.future.current-loop", "outside of a running loop the one that has been set is taken")
def _():
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    log(asyncio.Future().get_loop() is loop)
    asyncio.set_event_loop(None)
    loop.close()


@case("asyncio.future.cancel", "cancel() is True once, and False when done")
def _():
    async def main():
        states = every_state()
        for name, f in states:
            log(name, f.cancel(), f.cancelled(), f.done())
        looked_at(states)

    run_virtual(main())


@case("asyncio.future.result-by-state", "result() by state")
def _():
    async def main():
        for name, f in every_state():
            log(name, raised(lambda: log(name, "returned", f.result())))

    run_virtual(main())


@case("asyncio.future.exception-by-state", "exception() by state")
def _():
    async def main():
        for name, f in every_state():
            log(name, raised(lambda: log(name, "returned", raised_by(f.exception()))))

    run_virtual(main())


@case("asyncio.future.set-once", "what is done stays as it is")
def _():
    async def main():
        for name, f in every_state():
            if f.done():
                log(name, raised(lambda: f.set_result(7)), raised(lambda: f.set_exception(KeyError("late"))), state(f))

    run_virtual(main())


@case("asyncio.future.cancel-message", "the message reaches result(), exception() and who awaits")
def _():
    async def wait_for(f):
        log(await awaited(f))

    async def main():
        f = new_future()
        waiting = asyncio.ensure_future(wait_for(f))
        await turns()
        f.cancel("enough")
        log(raised(f.result))
        await waiting
        g = new_future()
        g.cancel("too much")
        log(raised(g.exception))

    run_virtual(main())


@case("asyncio.future.callbacks", "callbacks are called in their order, by the loop, with the future")
def _():
    async def main():
        for complete in (
            lambda f: f.set_result(1),
            lambda f: f.set_exception(ValueError("bad")),
            lambda f: f.cancel(),
        ):
            f = new_future()
            f.add_done_callback(lambda done: log("first", state(done), done is f))
            f.add_done_callback(lambda done: log("second"))
            complete(f)
            log("completed")
            await turns()
            log("a turn later")

    run_virtual(main())


@case("asyncio.future.callback-when-done", "added to a future that is done, a callback is called in the next turn")
def _():
    async def main():
        f = finished()
        f.add_done_callback(lambda done: log("called", done.result()))
        log("added")
        await turns()
        log("a turn later")

    run_virtual(main())


@case("asyncio.future.remove-done-callback", "remove_done_callback() removes what is not scheduled yet, and says how many")
def _():
    async def main():
        def callback(name):
            return lambda _: log(name)

        f = new_future()
        callbacks = [callback(name) for name in ("first", "second", "third", "fourth", "fifth")]
        for one in callbacks:
            f.add_done_callback(one)
        log(f.remove_done_callback(callbacks[0]), f.remove_done_callback(callbacks[0]))
        log(f.remove_done_callback(callbacks[2]), f.remove_done_callback(callbacks[4]))
        f.set_result(None)
        log(f.remove_done_callback(callbacks[1]))
        await turns()
        log("a turn later")

    run_virtual(main())


@case("asyncio.future.callback-raises", "what a callback raises is reported, and the next ones are called")
def _():
    async def main():
        def handler(loop, context):
            log("report:", context["message"][:21], raised_by(context["exception"]))

        asyncio.get_running_loop().set_exception_handler(handler)

        def fails(_):
            raise ValueError("bad callback")

        f = new_future()
        f.add_done_callback(fails)
        f.add_done_callback(lambda _: log("next"))
        f.set_result(None)
        await turns()

    run_virtual(main())


@case("asyncio.future.callback-context", "a callback runs in the context in which it was added, or in the one given")
def _():
    var = contextvars.ContextVar("var", default="nothing")

    async def main():
        var.set("when made")
        f = new_future()
        var.set("when added")
        other = contextvars.copy_context()
        other.run(var.set, "given")
        f.add_done_callback(lambda _: log(var.get()))
        f.add_done_callback(lambda _: log(var.get()), context=other)
        var.set("when completed")
        f.set_result(None)
        f.add_done_callback(lambda _: log(var.get()))
        f.add_done_callback(lambda _: log(var.get()), context=other)
        await turns()

    run_virtual(main())


@case("asyncio.future.repr", "a future prints its state")
def _():
    async def main():
        states = every_state()
        for name, f in states:
            log(name, repr(f).split(" exception=")[0].rstrip(">"))
        looked_at(states)

    run_virtual(main())


@case("asyncio.future.never-retrieved", "an exception that nobody has asked for is reported when the future dies")
def _():
    async def main():
        log_reports()
        f = failed()
        f.add_done_callback(lambda _: log("called"))
        await turns()
        log("still there")
        del f
        gc.collect()
        log("gone")

    run_virtual(main())


@case("asyncio.future.retrieved", "result(), exception(), awaiting and cancel() count as asking; without exception there is nothing to ask")
def _():
    async def main():
        log_reports()
        for ask in (
            lambda f: raised(f.result),
            lambda f: raised_by(f.exception()),
            lambda f: f.cancel(),
        ):
            log(ask(failed()))
            gc.collect()
        log(await awaited(failed()))
        for f in (new_future(), cancelled(), finished()):
            log(state(f))
            del f
            gc.collect()
        log("nothing reported")

    run_virtual(main())


@case("asyncio.future.await-done", "awaiting a future that is done takes no turn of the loop")
def _():
    async def main():
        asyncio.get_running_loop().call_soon(log, "next turn")
        log(await finished(), await awaited(failed()), await awaited(cancelled()))
        f = finished()
        log(await f, await f)

    run_virtual(main())


@case("asyncio.future.wake-order", "tasks that wait and callbacks are woken in the order in which they came, a turn later")
def _():
    async def wait_for(f, name):
        log(name, await f)

    async def main():
        f = new_future()
        first = asyncio.ensure_future(wait_for(f, "first"))
        await turns()
        f.add_done_callback(lambda _: log("callback"))
        second = asyncio.ensure_future(wait_for(f, "second"))
        await turns()
        asyncio.get_running_loop().call_soon(log, "before")
        f.set_result("woken")
        asyncio.get_running_loop().call_soon(log, "after")
        await first
        await second

    run_virtual(main())


@case("asyncio.future.other-loop", "awaiting a future of another loop is an error, raised in the task")
def _():
    other = asyncio.new_event_loop()

    async def main():
        f = other.create_future()
        said = await awaited(f)
        log(said.split(": ")[0], said.endswith("attached to a different loop"))

    run_virtual(main())
    other.close()


@case("asyncio.future.ensure-future", "a coroutine becomes a task, a future or task stays itself")
def _():
    async def answer():
        return 42

    async def main():
        task = asyncio.ensure_future(answer())
        log(isinstance(task, asyncio.Task), asyncio.ensure_future(task) is task, await task)
        f = new_future()
        log(asyncio.ensure_future(f) is f)

    run_virtual(main())


@case("asyncio.future.ensure-future-loop", "the task belongs to the loop that is given")
def _():
    async def answer():
        return 42

    loop = asyncio.new_event_loop()
    task = asyncio.ensure_future(answer(), loop=loop)
    log(task.get_loop() is loop, loop.run_until_complete(task))
    said = raised(lambda: asyncio.ensure_future(task, loop=asyncio.new_event_loop()))
    log(said)
    loop.close()


@case("asyncio.future.isfuture", "isfuture() of futures and tasks, not of coroutines")
def _():
    async def answer():
        return 42

    async def main():
        coroutine = answer()
        log(asyncio.isfuture(new_future()), asyncio.isfuture(coroutine), asyncio.isfuture(42))
        task = asyncio.ensure_future(coroutine)
        log(asyncio.isfuture(task))
        await task

    run_virtual(main())


@case("asyncio.future.wrap-future", "the result, exception or cancellation of a future of threads is taken over")
def _():
    async def main():
        for complete in (
            lambda f: f.set_result(7),
            lambda f: f.set_exception(ValueError("bad")),
            lambda f: f.cancel(),
        ):
            of_threads = concurrent.futures.Future()
            f = asyncio.wrap_future(of_threads)
            log(f.done(), f.get_loop() is asyncio.get_running_loop())
            thread = threading.Thread(target=complete, args=(of_threads,))
            thread.start()
            log(await awaited(f))
            thread.join()

    run_virtual(main())


@case("asyncio.future.wrap-future-done", "one that is done already is taken over in a later turn")
def _():
    async def main():
        of_threads = concurrent.futures.Future()
        of_threads.set_result(7)
        f = asyncio.wrap_future(of_threads)
        log(f.done())
        await turns()
        log(f.done(), f.result())

    run_virtual(main())


@case("asyncio.future.wrap-future-cancel", "cancelling the wrapper cancels what it wraps")
def _():
    async def main():
        of_threads = concurrent.futures.Future()
        f = asyncio.wrap_future(of_threads)
        f.cancel()
        log(of_threads.cancelled())
        await turns()
        log(of_threads.cancelled())

    run_virtual(main())


@case("asyncio.future.wrap-future-late", "what comes after the wrapper was cancelled is dropped")
def _():
    async def main():
        log_reports()
        of_threads = concurrent.futures.Future()
        f = asyncio.wrap_future(of_threads)
        of_threads.set_running_or_notify_cancel()
        f.cancel()
        of_threads.set_result(42)
        await turns(2)
        log(state(f), of_threads.result())

    run_virtual(main())


@case("asyncio.future.wrap-future-itself", "a future of asyncio stays itself")
def _():
    async def main():
        f = new_future()
        log(asyncio.wrap_future(f) is f)

    run_virtual(main())


@case("asyncio.future.wrap-future-loop", "without a running loop the one that is given, or that has been set, is taken")
def _():
    loop = asyncio.new_event_loop()
    of_threads = concurrent.futures.Future()
    asyncio.set_event_loop(None)
    log(raised(lambda: asyncio.wrap_future(of_threads)).split(" in ")[0])
    f = asyncio.wrap_future(of_threads, loop=loop)
    log(f.get_loop() is loop)
    asyncio.set_event_loop(loop)
    log(asyncio.wrap_future(of_threads).get_loop() is loop)
    asyncio.set_event_loop(None)
    loop.close()


@case("asyncio.future.await-untyped", "awaited by whoever does not know what it will give")
def _():
    async def ends(future):
        await future
        return "ends"

    async def main():
        f = new_future()
        waiting = asyncio.ensure_future(ends(f))
        await turns()
        log(waiting.done())
        f.set_result(42)
        log(await waiting, f.result())
        log(await awaited(ends(finished())), await awaited(ends(failed())), await awaited(ends(cancelled())))
        task = asyncio.ensure_future(ends(new_future()))
        waiting = asyncio.ensure_future(ends(task))
        await turns(2)
        log(waiting.cancel(), task.done())
        log(await awaited(waiting), state(task))

    run_virtual(main())


@case("asyncio.future.ensure-future-awaitable", "an object of one's own type that can be awaited becomes a task")
def _():
    class Page:
        def __await__(self):
            log("begins")
            yield from asyncio.sleep(0).__await__()
            return "page"

    async def main():
        task = asyncio.ensure_future(Page())
        log(isinstance(task, asyncio.Task), task.done())
        log(await task)

    run_virtual(main())
    loop = asyncio.new_event_loop()
    task = asyncio.ensure_future(Page(), loop=loop)
    log(task.get_loop() is loop, loop.run_until_complete(task), loop.run_until_complete(Page()))
    loop.close()
