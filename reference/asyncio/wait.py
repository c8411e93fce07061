"""Twins: asyncio.wait."""

import asyncio

from case import case, log
from support import log_at, log_reports, noted, raised_by, run_virtual, state, turns


async def failure(text, delay=0):
    await asyncio.sleep(delay)
    raise ValueError(text)


def task(coroutine):
    return asyncio.ensure_future(coroutine)


def new_future():
    return asyncio.get_running_loop().create_future()


async def waited(fs, names, **options):
    """Which of the named are in which set, and when."""
    done, pending = await asyncio.wait(fs, **options)
    log_at("done", [name for name, f in names.items() if f in done],
           "pending", [name for name, f in names.items() if f in pending], len(done) + len(pending))


@case("asyncio.wait.all", "waits for all of them, and says nothing of their exceptions")
def _():
    async def main():
        a, b, c = task(asyncio.sleep(1, "a")), task(failure("b", 3)), task(asyncio.sleep(2, "c"))
        await waited([a, b, c], dict(a=a, b=b, c=c))
        log(a.result(), raised_by(b.exception()), c.result())

    run_virtual(main())


@case("asyncio.wait.done-already", "of what is done it takes a turn all the same, and no time")
def _():
    async def main():
        a = new_future()
        a.set_result(1)
        waiting = task(waited([a], dict(a=a)))
        for _ in range(4):
            await turns()
            log("turn", waiting.done())

    run_virtual(main())


@case("asyncio.wait.first-completed", "FIRST_COMPLETED: the first one of them, the others pending")
def _():
    async def main():
        a, b = task(asyncio.sleep(10)), task(asyncio.sleep(1))
        await waited([a, b], dict(a=a, b=b), return_when=asyncio.FIRST_COMPLETED)
        log(state(a), state(b))

    run_virtual(main())


@case("asyncio.wait.first-completed-cancelled", "FIRST_COMPLETED: a cancelled one is done")
def _():
    async def main():
        a, b = new_future(), new_future()
        waiting = task(waited([a, b], dict(a=a, b=b), return_when=asyncio.FIRST_COMPLETED))
        await turns()
        b.cancel()
        await waiting

    run_virtual(main())


@case("asyncio.wait.really-done", "what is done when it returns is in done, called back or not")
def _():
    async def main():
        async def leaps(count):
            await turns(count)

        a, b = task(leaps(1)), task(leaps(2))
        waiting = task(waited([b, a], dict(a=a, b=b), return_when=asyncio.FIRST_COMPLETED))
        await waiting

    run_virtual(main())


@case("asyncio.wait.first-exception", "FIRST_EXCEPTION: the first that fails ends it")
def _():
    async def main():
        a, b, c = task(asyncio.sleep(10)), task(failure("b", 2)), task(asyncio.sleep(1))
        await waited([a, b, c], dict(a=a, b=b, c=c), return_when=asyncio.FIRST_EXCEPTION)
        log(raised_by(b.exception()))

    run_virtual(main())


@case("asyncio.wait.first-exception-already", "FIRST_EXCEPTION: one that has failed before")
def _():
    async def main():
        a, b = task(asyncio.sleep(10)), task(failure("b"))
        await turns(2)
        log(b.done())
        await waited([b, a], dict(a=a, b=b), return_when=asyncio.FIRST_EXCEPTION)

    run_virtual(main())


@case("asyncio.wait.first-exception-not-cancelled", "FIRST_EXCEPTION: a cancelled one is no failure")
def _():
    async def main():
        a, b = task(asyncio.sleep(5)), task(asyncio.sleep(10))
        await turns()
        b.cancel()
        await waited([a, b], dict(a=a, b=b), return_when=asyncio.FIRST_EXCEPTION)

    run_virtual(main())


@case("asyncio.wait.timeout", "after the timeout it returns what is done; no error, and nothing is cancelled")
def _():
    async def main():
        a, b = task(asyncio.sleep(1)), task(asyncio.sleep(3))
        await waited([a, b], dict(a=a, b=b), timeout=2)
        log(state(b))
        await b
        log_at(state(b))

    run_virtual(main())


@case("asyncio.wait.timeout-tie", "the timeout and an end in the same turn")
def _():
    async def main():
        a, b = task(asyncio.sleep(1)), task(asyncio.sleep(2))
        await waited([b, a], dict(a=a, b=b), timeout=1)
        await waited([b, a], dict(a=a, b=b), timeout=1)

    run_virtual(main())


@case("asyncio.wait.timeout-zero", "zero and less: what is done after a turn")
def _():
    async def main():
        a, b = new_future(), new_future()
        a.set_result(1)
        await waited([a, b], dict(a=a, b=b), timeout=0)
        await waited([a, b], dict(a=a, b=b), timeout=-1)
        c = task(asyncio.sleep(0))
        await waited([b, c], dict(b=b, c=c), timeout=0)

    run_virtual(main())


@case("asyncio.wait.empty", "of nothing: ValueError")
def _():
    async def main():
        await noted(asyncio.wait(set()), "none")
        await noted(asyncio.wait([]), "none")

    run_virtual(main())


@case("asyncio.wait.duplicates", "a future given several times is waited for once")
def _():
    async def main():
        a, b = task(asyncio.sleep(1)), task(asyncio.sleep(2))
        await waited([a, a, b], dict(a=a, b=b))

    run_virtual(main())


@case("asyncio.wait.any-range", "any iterable will do: read once, lazily made")
def _():
    async def main():
        tasks = []

        def made():
            for delay in (2, 1):
                tasks.append(task(asyncio.sleep(delay)))
                yield tasks[-1]

        done, pending = await asyncio.wait(made())
        log_at(len(done), len(pending), len(tasks))

    run_virtual(main())


@case("asyncio.wait.cancelled", "cancelled itself it leaves them alone")
def _():
    async def main():
        waiter = new_future()

        async def inner():
            await waiter
            log("inner")

        child = task(inner())
        outer = task(asyncio.wait([child], timeout=5))
        await turns(2)
        outer.cancel()
        await noted(outer, "outer")
        log(state(child))
        waiter.set_result(None)
        await turns(2)
        log(state(child))

    run_virtual(main())


@case("asyncio.wait.marks-nothing", "an exception that nobody asks for is still reported")
def _():
    async def main():
        log_reports()
        a = task(failure("lost"))
        await asyncio.wait([a])
        del a
        await turns(2)
        log("end")

    run_virtual(main())


@case("asyncio.wait.event-order", "it comes back in the turn after the last callback")
def _():
    async def main():
        a, b = new_future(), new_future()
        waiting = task(noted(waited([a, b], dict(a=a, b=b)), "waited"))
        await turns()
        a.add_done_callback(lambda _: log("callback a"))
        b.add_done_callback(lambda _: log("callback b"))
        b.set_result(1)
        a.set_result(1)
        for _ in range(3):
            await turns()
            log("turn", waiting.done())

    run_virtual(main())
