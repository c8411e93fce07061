"""Twins: asyncio.as_completed."""

import asyncio

from case import case, log, raised
from support import log_at, log_reports, noted, run_virtual, state, turns


def task(coroutine):
    return asyncio.ensure_future(coroutine)


async def value(number, delay=0):
    await asyncio.sleep(delay)
    return number


async def failure(text, delay=0):
    await asyncio.sleep(delay)
    raise ValueError(text)


@case("asyncio.as-completed.order", "results in the order in which they come")
def _():
    async def main():
        for completed in asyncio.as_completed([value("b", 2), value("c", 3), value("a", 1)]):
            log_at(await completed)

    run_virtual(main())


@case("asyncio.as-completed.futures", "iterated asynchronously: the futures themselves, done")
def _():
    async def main():
        tasks = [task(value("b", 2)), task(value("a", 1))]
        async for completed in asyncio.as_completed(tasks):
            log_at(tasks.index(completed), completed.done(), await completed)

    run_virtual(main())


@case("asyncio.as-completed.futures-of-coroutines", "of coroutines: the tasks that they became")
def _():
    async def main():
        async for completed in asyncio.as_completed([value("b", 2), value("a", 1)]):
            log_at(asyncio.isfuture(completed), completed.result())

    run_virtual(main())


@case("asyncio.as-completed.exception", "an exception comes where its result would have")
def _():
    async def main():
        for completed in asyncio.as_completed([value(1, 1), failure("bad", 2), value(3, 3)]):
            await noted(completed, "completed")
        cancelled = asyncio.get_running_loop().create_future()
        cancelled.cancel()
        for completed in asyncio.as_completed([cancelled]):
            await noted(completed, "cancelled")

    run_virtual(main())


@case("asyncio.as-completed.timeout", "after the timeout each that is left raises TimeoutError; the tasks go on")
def _():
    async def main():
        a, b, c = task(value("a", 1)), task(value("b", 3)), task(value("c", 4))
        for completed in asyncio.as_completed([a, b, c], timeout=2):
            await noted(completed, "completed")
        log(state(b))
        log_at(await b)

    run_virtual(main())


@case("asyncio.as-completed.futures-timeout", "iterated asynchronously the step raises TimeoutError")
def _():
    async def main():
        async def iterate(tasks):
            async for completed in asyncio.as_completed(tasks, timeout=2):
                log_at(await completed)

        a, b = task(value("a", 1)), task(value("b", 3))
        await noted(iterate([a, b]), "iteration")
        log(state(b))

    run_virtual(main())


@case("asyncio.as-completed.timeout-not-needed", "no TimeoutError when all are in time")
def _():
    async def main():
        for completed in asyncio.as_completed([value("a", 1)], timeout=5):
            log_at(await completed)
        await asyncio.sleep(10)
        log_at("end")

    run_virtual(main())


@case("asyncio.as-completed.timeout-zero", "no time: what is done in the next turn is too late")
def _():
    async def main():
        for limit in (0, -1):
            done = asyncio.get_running_loop().create_future()
            done.set_result("done")
            for completed in asyncio.as_completed([done], timeout=limit):
                await noted(completed, "done")
            for completed in asyncio.as_completed([value("a", 1)], timeout=limit):
                await noted(completed, "not done")

    run_virtual(main())


@case("asyncio.as-completed.resumed", "an iteration that was left goes on with the rest")
def _():
    async def main():
        completed = asyncio.as_completed([value(n, n) for n in (1, 2, 3, 4)])
        for step, one in enumerate(completed, 1):
            log_at(await one)
            if step == 2:
                break
        for one in completed:
            log_at(await one)
        log(len(list(completed)))

    run_virtual(main())


@case("asyncio.as-completed.resumed-futures", "the same, asynchronously")
def _():
    async def main():
        completed = asyncio.as_completed([value(n, n) for n in (1, 2, 3, 4)])
        async for one in completed:
            log_at(one.result())
            if one.result() == 2:
                break
        async for one in completed:
            log_at(one.result())

    run_virtual(main())


@case("asyncio.as-completed.first-awaited-first", "the first one awaited is the first result, whichever it is")
def _():
    async def main():
        first, second = asyncio.as_completed([value("a", 1), value("b", 2)])
        log_at(await second)
        log_at(await first)

    run_virtual(main())


@case("asyncio.as-completed.concurrent", "several may be awaited at once")
def _():
    async def main():
        waiting = [task(noted(completed, n))
                   for n, completed in enumerate(asyncio.as_completed([value("a", 2), value("b", 1)]))]
        await asyncio.wait(waiting)

    run_virtual(main())


@case("asyncio.as-completed.duplicates", "a future given several times comes once")
def _():
    async def main():
        ham = task(value("ham", 1))
        for completed in asyncio.as_completed([ham, ham, value("spam", 2)]):
            log_at(await completed)

    run_virtual(main())


@case("asyncio.as-completed.empty", "of nothing nothing")
def _():
    async def main():
        log(len(list(asyncio.as_completed([]))), len(list(asyncio.as_completed([], timeout=1))))

    run_virtual(main())


@case("asyncio.as-completed.runs-at-once", "what it is given runs from the call on, awaited or not")
def _():
    async def main():
        async def says():
            log_at("runs")

        completed = asyncio.as_completed([says()])
        log("not yet")
        await turns(2)
        log("awaited")
        for one in completed:
            await one

    run_virtual(main())


@case("asyncio.as-completed.cancelled", "a task cancelled in it leaves the others alone")
def _():
    async def main():
        child = task(value("child", 5))

        async def waits():
            for completed in asyncio.as_completed([child]):
                await completed

        waiting = task(waits())
        await asyncio.sleep(1)
        waiting.cancel()
        await noted(waiting, "waiting")
        log(state(child))
        log_at(await child)

    run_virtual(main())


@case("asyncio.as-completed.marks-nothing", "an exception that nobody asks for is still reported")
def _():
    async def main():
        log_reports()
        async for completed in asyncio.as_completed([failure("lost")]):
            log(completed.done())
        del completed
        await turns(2)
        log("end")

    run_virtual(main())


@case("asyncio.as-completed.event-order", "it comes in the turn after the callback")
def _():
    async def main():
        a, b = (asyncio.get_running_loop().create_future() for _ in range(2))

        async def iterate():
            for completed in asyncio.as_completed([a, b]):
                log("result", await completed)

        waiting = task(iterate())
        await turns()
        b.add_done_callback(lambda _: log("callback"))
        b.set_result("b")
        for _ in range(3):
            await turns()
            log("turn", waiting.done())
        a.set_result("a")
        for _ in range(3):
            await turns()
            log("turn", waiting.done())

    run_virtual(main())


@case("asyncio.as-completed.without-loop", "coroutines need a loop")
def _():
    asyncio.set_event_loop(None)
    coroutine = value(1)
    log(raised(lambda: list(asyncio.as_completed([coroutine]))).partition(" in thread")[0])
    coroutine.close()


@case("asyncio.as-completed.untyped", "of the tasks that there are, whatever their results")
def _():
    async def ends(future):
        await future
        return "ends"

    async def main():
        tasks = [task(value("b", 2)), task(value("a", 1)), task(failure("bad", 3))]
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for completed in asyncio.as_completed(others):
            await noted(ends(completed), "completed")
        log([state(each) for each in tasks])

    run_virtual(main())
