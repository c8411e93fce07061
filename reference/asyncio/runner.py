"""Twins: asyncio.run and Runner."""

import asyncio
import contextvars
import gc
import os
import signal
import threading

import virtual_time
from case import case, log, raised, times
from support import Logged, awaited, log_at, raised_by, run_virtual, turns


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def interruptible():
    """Whoever started us may have us ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


async def answer():
    await asyncio.sleep(0)
    return 42


@case("asyncio.runner.run", "run() gives what the coroutine returns, on a loop of its own, which is closed then")
def _():
    loops = []

    async def main():
        loops.append(asyncio.get_running_loop())
        log(loops[-1].is_running())
        return await answer()

    log(asyncio.run(main()), asyncio.run(main()))
    log(loops[0] is loops[1], [loop.is_closed() for loop in loops])


@case("asyncio.runner.raises", "run() raises what the coroutine raises, CancelledError too")
def _():
    async def fails():
        await asyncio.sleep(0)
        raise ValueError("spam")

    async def cancels_itself():
        asyncio.current_task().cancel()
        await asyncio.sleep(1)

    log(raised(lambda: asyncio.run(fails())))
    log(raised(lambda: asyncio.run(cancels_itself())))


@case("asyncio.runner.debug", "run(debug=…) switches debugging")
def _():
    async def main():
        return asyncio.get_running_loop().get_debug()

    log(asyncio.run(main()), asyncio.run(main(), debug=True), asyncio.run(main(), debug=False))


@case("asyncio.runner.from-running-loop", "run() inside a running loop is an error")
def _():
    async def main():
        coroutine = answer()
        log(raised(lambda: asyncio.run(coroutine)))
        coroutine.close()

    asyncio.run(main())


@case("asyncio.runner.cancels-leftovers", "tasks that are left are cancelled, and waited for, before run() returns")
def _():
    async def leftover(name, delay):
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            log(name, "cancelled")
            await asyncio.sleep(delay)
            log_at(name, "ends")
            raise

    tasks = []

    async def main():
        tasks.append(asyncio.create_task(leftover("first", 0)))
        await turns()
        log("main ends")
        return 123

    log(run_virtual(main()))
    log(tasks[0].cancelled())


@case("asyncio.runner.cancels-all", "all of them at once, whatever order they end in")
def _():
    async def leftover(delay):
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(delay)
            ended.append(delay)

    ended = []

    async def main():
        for delay in (3, 1, 2):
            asyncio.create_task(leftover(delay))
        await turns()

    run_virtual(main())
    log(ended)


@case("asyncio.runner.leftovers-when-raising", "also when the coroutine raises")
def _():
    async def leftover():
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            log("cancelled")
            raise

    async def main():
        asyncio.create_task(leftover())
        await turns()
        raise ValueError("spam")

    log(raised(lambda: run_virtual(main())))


@case("asyncio.runner.reports-leftovers", "what they raise instead of ending cancelled is reported")
def _():
    async def leftover():
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            raise ValueError("bad")

    async def main():
        asyncio.get_running_loop().set_exception_handler(
            lambda loop, context: log(context["message"], raised_by(context["exception"]), context["task"] is tasks[0])
        )
        tasks.append(asyncio.create_task(leftover()))
        await turns()
        return 123

    tasks = []
    log(run_virtual(main()))


@case("asyncio.runner.joins-executor", "run() waits for the calls in the default executor")
def _():
    go_on, returned, ended = threading.Event(), threading.Event(), threading.Event()

    def call():
        go_on.wait()
        log("call ends", returned.wait(times.must_expire))
        ended.set()

    async def main():
        asyncio.get_running_loop().run_in_executor(None, call)
        log("main ends")
        go_on.set()

    asyncio.run(main())
    log("run() returns")
    returned.set()
    ended.wait()


@case("asyncio.runner.loop-factory", "run(loop_factory=…) takes its loop from there")
def _():
    made = []

    def factory():
        made.append(virtual_time.VirtualTimeLoop())
        return made[-1]

    async def main():
        log(asyncio.get_running_loop() is made[0])
        await asyncio.sleep(5)
        log_at()

    asyncio.run(main(), loop_factory=factory)
    log(len(made), made[0].is_closed())


@case("asyncio.runner.current-loop", "afterwards the thread has no current loop")
def _():
    asyncio.run(answer())
    log(raised(asyncio.get_event_loop).split(" in ")[0])


@case("asyncio.runner.several-runs", "a Runner runs several coroutines on one loop, until it is closed")
def _():
    async def main():
        loops.append(asyncio.get_running_loop())
        return await answer()

    loops = []
    with asyncio.Runner() as runner:
        log(runner.run(main()), runner.run(main()))
        loop = runner.get_loop()
        log(loops[0] is loops[1], loop is loops[0], loop.is_closed())
    log(loop.is_closed())


@case("asyncio.runner.closed", "closed, a Runner gives no loop and runs nothing; close() may be called twice")
def _():
    runner = asyncio.Runner()
    loop = runner.get_loop()
    runner.close()
    runner.close()
    log(loop.is_closed())
    coroutine = answer()
    log(raised(runner.get_loop), raised(lambda: runner.run(coroutine)))
    coroutine.close()


@case("asyncio.runner.never-used", "a Runner that was never used needs no closing, and can still be used then")
def _():
    runner = asyncio.Runner()
    runner.close()
    log(runner.run(answer()))
    runner.close()
    log(raised(runner.get_loop))


@case("asyncio.runner.runner-debug", "Runner(debug=…) switches debugging")
def _():
    for debug in (False, True):
        with asyncio.Runner(debug=debug) as runner:
            log(runner.get_loop().get_debug())


@case("asyncio.runner.tasks-between-runs", "a task goes on in the next run(), and is cancelled by close()")
def _():
    async def counts():
        try:
            for number in range(100):
                log("count", number)
                await asyncio.sleep(0)
        finally:
            log("counter left")

    async def start():
        asyncio.create_task(counts())
        await turns()

    with asyncio.Runner() as runner:
        runner.run(start())
        log("between")
        runner.run(turns(2))
        log("closing")


@case("asyncio.runner.keeps-context", "the coroutines of a Runner run in one context, which is not the caller's")
def _():
    var = contextvars.ContextVar("var", default=-1)

    async def sets(value):
        old = var.get()
        await asyncio.sleep(0)
        var.set(value)
        return old

    async def look():
        return contextvars.copy_context()

    with asyncio.Runner() as runner:
        log(runner.run(sets(1)), runner.run(sets(2)), runner.run(look())[var], var.get())


@case("asyncio.runner.context-given", "run(context=…) takes another")
def _():
    var = contextvars.ContextVar("var", default=-1)

    async def sets(value):
        old = var.get()
        var.set(value)
        return old

    other = contextvars.copy_context()
    with asyncio.Runner() as runner:
        log(runner.run(sets(1)), runner.run(sets(2), context=other), runner.run(sets(3)), other[var])


@case("asyncio.runner.recursive", "Runner.run() inside a running loop is an error")
def _():
    async def main():
        coroutine = answer()
        log(raised(lambda: runner.run(coroutine)))
        coroutine.close()

    with asyncio.Runner() as runner:
        runner.run(main())


# Ctrl-C


@case("asyncio.runner.interrupt-waiting", "SIGINT cancels what runs; when that ends cancelled, KeyboardInterrupt is raised")
def _():
    interruptible()

    async def waits(f):
        asyncio.get_running_loop().call_soon(interrupt)
        try:
            await f
        finally:
            log("cleaned up")

    with asyncio.Runner() as runner:
        f = runner.get_loop().create_future()
        log(raised(lambda: runner.run(waits(f))))
        log(f.cancelled())
        log(runner.run(answer()))
    log(signal.getsignal(signal.SIGINT) is signal.default_int_handler)


@case("asyncio.runner.interrupt-busy", "also when it never waits for anything but its turn")
def _():
    interruptible()

    async def busy():
        asyncio.get_running_loop().call_soon(interrupt)
        while True:
            await asyncio.sleep(0)

    log(raised(lambda: asyncio.run(busy())))


@case("asyncio.runner.interrupt-caught", "who catches the cancellation and returns has a result")
def _():
    interruptible()

    async def catches():
        asyncio.get_running_loop().call_soon(interrupt)
        log(await awaited(asyncio.sleep(60)))
        return "went on"

    log(asyncio.run(catches()))


@case("asyncio.runner.interrupt-cancelled-task", "a task that somebody else has cancelled as well ends with CancelledError")
def _():
    interruptible()

    async def cancels(task):
        await asyncio.sleep(0)
        task.cancel()
        interrupt()

    async def main():
        asyncio.create_task(cancels(asyncio.current_task()))
        await asyncio.sleep(60)

    log(raised(lambda: asyncio.run(main())))


@case("asyncio.runner.interrupt-elsewhere", "a loop that another thread runs does not take the signal")
def _():
    async def main():
        return signal.getsignal(signal.SIGINT) is before

    interruptible()
    before = signal.getsignal(signal.SIGINT)
    said = []
    thread = threading.Thread(target=lambda: said.append(asyncio.run(main())))
    thread.start()
    thread.join()
    log(said, asyncio.run(main()))


@case("asyncio.runner.interrupt-own-handler", "a handler of the program's own is left alone")
def _():
    signal.signal(signal.SIGINT, lambda *_: log("own handler"))

    async def main():
        interrupt()
        await asyncio.sleep(0)
        return "went on"

    log(asyncio.run(main()))


@case("asyncio.runner.interrupt-replaced", "a handler added meanwhile is called, and nothing is cancelled")
def _():
    interruptible()

    async def main():
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, log, "own handler")
        interrupt()
        await turns(3)
        interrupt()
        await turns(3)
        return "went on"

    log(raised(lambda: log(asyncio.run(main()))))


@case("asyncio.runner.interrupt-late", "after the coroutine has returned, before run() has: KeyboardInterrupt")
def _():
    interruptible()

    async def main():
        asyncio.get_running_loop().call_soon(interrupt)
        return "returned"

    log(raised(lambda: log(asyncio.run(main()))))
    log(signal.getsignal(signal.SIGINT) is signal.default_int_handler)


@case("asyncio.runner.close-within", "close() within refuses, and has cancelled its tasks")
def _():
    async def closes(runner):
        log(raised(runner.close))
        log(await awaited(asyncio.sleep(0)))
        return "went on"

    with asyncio.Runner() as runner:
        log(runner.run(closes(runner)))
        log(runner.run(answer()))


@case("asyncio.runner.later-exception", "what comes when the tasks that are left are cancelled wins")
def _():
    async def leaves():
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            raise SystemExit(3)

    async def main(error):
        asyncio.create_task(leaves())
        await turns()
        if error:
            raise error
        return "returned"

    with Logged():  # nobody asks the task for its exception
        log(raised(lambda: log(asyncio.run(main(ValueError("bad"))))))
        log(raised(lambda: log(asyncio.run(main(None)))))
        gc.collect()
