"""Twins: concurrent.futures.as_completed."""

import itertools
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor

from case import case, log, now, raised, times, wait_until_blocked
from support import cancelled, failed, finished, future, in_thread, notified, running


def yielded(fs, timeout=None, **named):
    """The names of what is yielded, in no order, and what ends it."""
    seen = []

    def iterate():
        for f in futures.as_completed(fs, timeout=timeout):
            seen.extend(name for name, known in named.items() if known is f)

    end = raised(iterate)
    log(sorted(seen), end)


@case("futures.as-completed.all", "yields every future once it is done, failed and cancelled ones too")
def _():
    with ThreadPoolExecutor(2) as pool:
        a, b, c = notified(), failed(), finished()
        d, e = pool.submit(pow, 2, 3), pool.submit(pow, 7, 2)
        yielded([a, b, c, d, e], a=a, b=b, c=c, d=d, e=e)


@case("futures.as-completed.timeout-zero", "with no time left it yields what is done, then raises")
def _():
    a, b, c, d = notified(), failed(), finished(), Future()
    yielded([a, b, c, d], timeout=0, a=a, b=b, c=c, d=d)
    log(d.cancelled(), d.done())


@case("futures.as-completed.timeout", "raises TimeoutError after the timeout, never before")
def _():
    a, b, start = finished(), Future(), now()
    yielded([a, b], timeout=times.must_expire, a=a, b=b)
    log(now() - start >= times.must_expire, b.cancelled(), b.done())


@case("futures.as-completed.timeout-negative", "a negative timeout is as zero")
def _():
    a, b = finished(), Future()
    yielded([a, b], timeout=-1, a=a, b=b)


@case("futures.as-completed.timeout-not-needed", "no TimeoutError when all are done")
def _():
    a, b = finished(), failed()
    yielded([a, b], timeout=0, a=a, b=b)
    yielded([a, b], timeout=-1, a=a, b=b)


@case("futures.as-completed.timeout-too-large", "a wait beyond TIMEOUT_MAX is an OverflowError, unless all are done")
def _():
    log(raised(lambda: list(futures.as_completed([Future()], timeout=1e10))))
    a = finished()
    yielded([a], timeout=1e10, a=a)


@case("futures.as-completed.timeout-text", "the text says how many of how many")
def _():
    log(raised(lambda: list(futures.as_completed([notified(), Future(), running(), finished()], timeout=0))))
    log(raised(lambda: list(futures.as_completed([Future()], timeout=0))))
    f = Future()
    log(raised(lambda: list(futures.as_completed([f, f, f, finished()], timeout=0))))


@case("futures.as-completed.duplicates", "a future given several times is yielded once")
def _():
    with ThreadPoolExecutor(1) as pool:
        f = pool.submit(pow, 2, 3)
        log(len(list(futures.as_completed(itertools.repeat(f, 3)))))
    log(len(list(futures.as_completed([f, f]))))


@case("futures.as-completed.order", "yields in the order of completion, not of the input")
def _():
    fs = [Future() for _ in range(4)]
    order = [2, 0, 3, 1]
    completed = futures.as_completed(fs, timeout=times.must_not_expire)
    fs[order[0]].set_result(order[0])
    for position, f in enumerate(completed, start=1):
        log(f.result())
        if position < len(fs):
            fs[order[position]].set_result(order[position])


@case("futures.as-completed.finishing-order", "several that ended meanwhile come in the order in which they ended")
def _():
    first, fs = finished(), [Future() for _ in range(3)]
    completed = iter(futures.as_completed([first] + fs))
    log(next(completed) is first)
    for n in (1, 2, 0):
        fs[n].set_result(n)
    log([f.result() for f in completed])


@case("futures.as-completed.blocks", "blocks until the next one is done")
def _():
    f, got = Future(), []
    thread = in_thread(lambda: got.extend(f.result() for f in futures.as_completed([f])))
    wait_until_blocked(1)
    log(got)
    f.set_result(5)
    thread.join()
    log(got)


@case("futures.as-completed.finished-first", "what is done is yielded before anything is waited for")
def _():
    f, g = finished(), Future()
    completed = iter(futures.as_completed([g, f]))
    log(next(completed) is f)
    g.set_result(1)
    log(next(completed) is g)


@case("futures.as-completed.cancelled-until-notified", "a cancelled future is yielded once the executor has noticed")
def _():
    f = cancelled()
    yielded([f], timeout=0, f=f)
    got = []
    thread = in_thread(lambda: got.extend(f.cancelled() for f in futures.as_completed([f])))
    wait_until_blocked(1)
    f.set_running_or_notify_cancel()
    thread.join()
    log(got)


@case("futures.as-completed.empty", "nothing to yield")
def _():
    yielded([])
    yielded([], timeout=0)


@case("futures.as-completed.abandoned", "an iteration that is left early does not touch the others")
def _():
    f, g = finished(), Future()
    for completed in futures.as_completed([f, g]):
        log(completed is f)
        break
    log(g.done(), g.cancelled())
    g.set_result(1)
    yielded([f, g], f=f, g=g)


@case("futures.as-completed.dict", "of a dict the keys")
def _():
    f, g = finished(), failed()
    names = {f: "f", g: "g"}
    log(sorted(names[completed] for completed in futures.as_completed(names)))


@case("futures.as-completed.mixed-types", "futures of different results together")
def _():
    a, b = future(lambda f: f.set_result(1)), future(lambda f: f.set_result("text"))
    yielded([a, b], a=a, b=b)


@case("futures.as-completed.several-executors", "futures of several executors together")
def _():
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as two:
        f, g = one.submit(pow, 2, 3), two.submit(pow, 4, 2)
        yielded([f, g], f=f, g=g)
