"""Twins: asyncio.run_coroutine_threadsafe."""

import asyncio

from case import case, log, raised
from support import turns


async def add(a, b):
    await turns()
    return a + b


async def fails():
    await turns()
    raise RuntimeError("Fail!")


async def cancels_itself():
    asyncio.current_task().cancel()
    await turns()


def in_thread(function, *args):
    """Awaitable: what the function returns in another thread."""
    return asyncio.get_running_loop().run_in_executor(None, function, *args)


async def submitted(coroutine):
    """What another thread gets of a coroutine that it gives to this loop."""
    loop = asyncio.get_running_loop()

    def submit():
        return raised_or_result(lambda: asyncio.run_coroutine_threadsafe(coroutine, loop).result())

    return await in_thread(submit)


def raised_or_result(act):
    results = []
    error = raised(lambda: results.append(act()))
    return results[0] if results else error


@case("asyncio.run-coroutine-threadsafe.result", "runs it as a task of that loop; the future has its result")
def _():
    async def main():
        log(await submitted(add(1, 2)))

    asyncio.run(main())


@case("asyncio.run-coroutine-threadsafe.exception", "the future has its exception")
def _():
    async def main():
        log(await submitted(fails()))

    asyncio.run(main())


@case("asyncio.run-coroutine-threadsafe.task-cancelled", "a task that was cancelled: CancelledError")
def _():
    async def main():
        future = asyncio.run_coroutine_threadsafe(cancels_itself(), asyncio.get_running_loop())
        await turns(5)
        log(future.cancelled(), raised(future.result))

    asyncio.run(main())


@case("asyncio.run-coroutine-threadsafe.in-that-loop", "it runs in that loop's thread, as a task")
def _():
    async def main():
        async def where():
            return asyncio.current_task() is not None and asyncio.get_running_loop() is loop

        loop = asyncio.get_running_loop()
        log(await submitted(where()))

    asyncio.run(main())


@case("asyncio.run-coroutine-threadsafe.future", "it is a future of concurrent.futures: pending at first")
def _():
    async def main():
        future = asyncio.run_coroutine_threadsafe(add(1, 2), asyncio.get_running_loop())
        log(future.done(), future.running())
        await turns(4)
        log(future.done(), future.result())

    asyncio.run(main())


@case("asyncio.run-coroutine-threadsafe.cancel", "cancelling the future cancels the task")
def _():
    async def main():
        async def waits():
            try:
                await asyncio.sleep(1000)
            finally:
                log("leaves")

        future = asyncio.run_coroutine_threadsafe(waits(), asyncio.get_running_loop())
        await turns(3)
        log(len(asyncio.all_tasks()), future.cancel())
        await turns(4)
        log(len(asyncio.all_tasks()), future.cancelled())

    asyncio.run(main())


@case("asyncio.run-coroutine-threadsafe.timeout", "a result() that is given up leaves the task alone")
def _():
    async def main():
        loop, released = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()

        async def waits():
            return await released

        def submit():
            future = asyncio.run_coroutine_threadsafe(waits(), loop)
            error = raised(lambda: future.result(timeout=0))
            loop.call_soon_threadsafe(released.set_result, 5)
            return error, future.result()

        log(*await in_thread(submit))

    asyncio.run(main())


@case("asyncio.run-coroutine-threadsafe.factory-fails", "a task factory that raises: the future has it, and it is reported")
def _():
    async def main():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: log("report:", type(context["exception"]).__name__))

        def factory(loop, coro, **_):
            coro.close()
            raise ValueError("no tasks today")

        loop.set_task_factory(factory)
        future = asyncio.run_coroutine_threadsafe(add(1, 2), loop)
        await turns(2)
        loop.set_task_factory(None)
        log(raised(future.result))

    asyncio.run(main())


@case("asyncio.run-coroutine-threadsafe.closed-loop", "a loop that is closed is refused")
def _():
    loop = asyncio.new_event_loop()
    loop.close()
    coroutine = add(1, 2)
    log(raised(lambda: asyncio.run_coroutine_threadsafe(coroutine, loop)))
    coroutine.close()
