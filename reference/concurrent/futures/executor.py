"""Twins: concurrent.futures.Executor, what every executor promises; on a thread pool and on executors made here."""

import contextlib
import inspect
import itertools
import threading
from concurrent import futures
from concurrent.futures import Executor, Future, ThreadPoolExecutor

from case import case, log, now, raised, times
from support import mul, raised_by


class Inline(Executor):
    """Runs everything at once, in the caller."""

    def submit(self, fn, *args):
        f = Future()
        run((f, fn, args))
        return f


class Deferred(Executor):
    """Keeps everything until it is told to run it."""

    def __init__(self):
        self.items = []

    def submit(self, fn, *args):
        f = Future()
        self.items.append((f, fn, args))
        return f

    def run(self, count=1):
        for _ in range(count):
            run(self.items.pop(0))


def run(item):
    f, fn, args = item
    if not f.set_running_or_notify_cancel():
        return
    try:
        f.set_result(fn(*args))
    except BaseException as error:
        f.set_exception(error)


def divide(x, y):
    if y == 0:
        raise ValueError("division by zero")
    return x // y


def recorded(fn, calls):
    """fn, which writes down what it is called with first."""

    def call(*args):
        calls.append(args[0])
        return fn(*args)

    return call


def next_of(results):
    """What the next step of an iteration gives: "5", "ValueError: text" or "end"."""
    try:
        return str(next(results))
    except StopIteration:
        return "end"
    except Exception as error:
        return raised_by(error)


@case("futures.executor.submit", "submit() gives the future of the call")
def _():
    with ThreadPoolExecutor(2) as pool:
        f = pool.submit(pow, 2, 8)
        log(f.result(), f.done(), f.running(), f.cancelled(), f.exception())


@case("futures.executor.submit-arguments", "the arguments are those given to submit()")
def _():
    with ThreadPoolExecutor(2) as pool:
        log(pool.submit(lambda: "none").result())
        log(pool.submit(lambda a, b, c: a + str(b) + str(c), "text", 1, True).result())
        seen = []
        pool.submit(seen.append, 5).result()
        log(seen)


@case("futures.executor.submit-exception", "what the call raises, result() raises and exception() gives")
def _():
    with ThreadPoolExecutor(2) as pool:
        f = pool.submit(divide, 1, 0)
        log(raised(f.result), raised_by(f.exception()), f.done(), f.cancelled(), repr(f))


@case("futures.executor.submit-none", "the call of something without a result")
def _():
    with ThreadPoolExecutor(2) as pool:
        f = pool.submit(lambda: None)
        log(raised(f.result), f.exception(), repr(f))


@case("futures.executor.submit-after-shutdown", "no work is taken after shutdown()")
def _():
    pool = ThreadPoolExecutor(2)
    pool.shutdown()
    log(raised(lambda: pool.submit(mul, 2, 5)))


@case("futures.executor.map-after-shutdown", "map() after shutdown() raises at once, not when it is iterated")
def _():
    pool = ThreadPoolExecutor(2)
    pool.shutdown()
    log(raised(lambda: pool.map(abs, [1, 2])))
    log(raised(lambda: pool.map(abs, [])))


@case("futures.executor.shutdown-twice", "shutdown() may be called again, with other options too")
def _():
    pool = ThreadPoolExecutor(2)
    f = pool.submit(mul, 2, 5)
    pool.shutdown(wait=False)
    log(raised(pool.shutdown), raised(pool.shutdown), raised(lambda: pool.shutdown(cancel_futures=True)))
    log(f.result(), raised(lambda: pool.submit(mul, 2, 5)))


@case("futures.executor.map", "map() over two iterables, with and without a chunk size")
def _():
    with ThreadPoolExecutor(5) as pool:
        log(list(pool.map(pow, range(5), range(5))))
        log(list(pool.map(pow, range(5), range(5), chunksize=3)))


@case("futures.executor.map-several", "map() over one, two, three and four iterables")
def _():
    with ThreadPoolExecutor(2) as pool:
        log(list(pool.map(abs, [-1, 2])))
        log(list(pool.map(mul, [1, 2], [3, 4])))
        log(list(pool.map(lambda a, b, c: a + b + c, [1, 2], [3, 4], [5, 6])))
        log(list(pool.map(lambda a, b, c, d: a + b + c + d, [1, 2], [3, 4], [5, 6], [7, 8])))


@case("futures.executor.map-types", "the iterables may differ in type, and the results")
def _():
    with ThreadPoolExecutor(2) as pool:
        log(list(pool.map(lambda text, n: text * n, ["a", "b"], (2, 3))))
        log(list(pool.map(len, ["", "abc"])))


@case("futures.executor.map-shortest", "map() ends with the shortest iterable")
def _():
    with ThreadPoolExecutor(2) as pool:
        log(list(pool.map(mul, [1, 2, 3], [4, 5])))
        log(list(pool.map(mul, [], [4, 5])))
        endless = itertools.count(7)
        for shorter in ([1], [], [1, 2]):
            log(list(pool.map(mul, shorter, endless)), "next", next(endless))


@case("futures.executor.map-empty", "map() over nothing")
def _():
    with ThreadPoolExecutor(2) as pool:
        log(list(pool.map(abs, [])), list(pool.map(abs, [], timeout=0)))


@case("futures.executor.map-one-pass", "an iterable that can be read only once")
def _():
    with ThreadPoolExecutor(2) as pool:
        log(list(pool.map(abs, (n for n in (-1, -2)))))


@case("futures.executor.map-order", "results come in the order of the input, whichever ends first")
def _():
    executor, results = Deferred(), []
    iterator = executor.map(abs, [1, 2, 3])
    executor.items.reverse()
    executor.run(3)
    for result in iterator:
        results.append(result)
    log(results)


@case("futures.executor.map-eager", "map() submits everything before the first result is asked for")
def _():
    done = []
    pool = ThreadPoolExecutor(1)
    pool.map(done.append, range(10))
    pool.shutdown(wait=True)
    log(done)


@case("futures.executor.map-submits-at-once", "all items are with the executor when map() returns")
def _():
    executor = Deferred()
    results = executor.map(abs, range(5))
    log(len(executor.items))
    executor.run(5)
    log(list(results))


@case("futures.executor.map-blocks-per-result", "a result is given as soon as it and those before it are there")
def _():
    executor = Deferred()
    results = executor.map(abs, range(3))
    executor.run()
    log(next_of(results))
    executor.run()
    log(next_of(results))
    executor.run()
    log(next_of(results), next_of(results))


@case("futures.executor.map-exception", "the exception comes in its place and ends the iteration")
def _():
    with ThreadPoolExecutor(5) as pool:
        results = pool.map(divide, [1, 1, 1, 1], [2, 3, 0, 5])
        log(next_of(results), next_of(results), next_of(results), next_of(results))


@case("futures.executor.map-exception-cancels", "after an exception what has not started is cancelled")
def _():
    executor, calls = Deferred(), []
    results = executor.map(recorded(divide, calls), [4, 3, 2, 1], [1, 0, 1, 1])
    executor.run(2)
    log(next_of(results), next_of(results))
    executor.run(2)
    log(calls)


@case("futures.executor.map-timeout", "TimeoutError where a result is not there in time, never before")
def _():
    executor, start = Deferred(), now()
    results = executor.map(abs, [1, 2, 3], timeout=times.must_expire)
    executor.run(2)
    log(next_of(results), next_of(results), next_of(results), next_of(results))
    log(now() - start >= times.must_expire)


@case("futures.executor.map-timeout-cancels", "after TimeoutError that future and those behind it are cancelled")
def _():
    executor, calls = Deferred(), []
    results = executor.map(recorded(abs, calls), [1, 2, 3, 4], timeout=0)
    executor.run(2)
    log(next_of(results), next_of(results), next_of(results))
    executor.run(2)
    log(calls)


@case("futures.executor.map-timeout-zero", "what is done is given although no time is left")
def _():
    log(list(Inline().map(abs, [1, 2], timeout=0)), list(Inline().map(abs, [1, 2], timeout=-1)))


@case("futures.executor.map-current-future-cancel", "a pool never runs what map() gave up waiting for")
def _():
    stop, ran = threading.Event(), []

    def log_and_wait(name):
        ran.append(name + " started")
        stop.wait()
        ran.append(name + " stopped")

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(log_and_wait, "first")
        with contextlib.closing(pool.map(log_and_wait, ["second", "third"], timeout=0)) as results:
            log(next_of(results))
        stop.set()
        first.result()
    log(ran)


@case("futures.executor.map-abandoned", "an iteration that is left early cancels the rest")
def _():
    executor, calls = Deferred(), []
    results = executor.map(recorded(abs, calls), range(4))
    executor.run(2)
    for result in results:
        log(result)
        break
    results.close()
    executor.run(2)
    log(calls)


@case("futures.executor.map-never-iterated", "an iteration that never began cancels nothing")
def _():
    executor, calls = Deferred(), []
    results = executor.map(recorded(abs, calls), range(3))
    del results
    executor.run(3)
    log(calls)


@case("futures.executor.map-chunksize", "outside process pools the chunk size does not change the results")
def _():
    with ThreadPoolExecutor(2) as pool:
        for chunksize in (1, 2, 50):
            log(list(pool.map(abs, range(5), chunksize=chunksize)))
            results = pool.map(divide, [4, 3, 2, 1], [1, 1, 0, 1], chunksize=chunksize)
            log(next_of(results), next_of(results), next_of(results), next_of(results))


@case("futures.executor.map-input-raises", "what the iterable raises, map() raises; what was submitted stays")
def _():
    def inputs():
        yield 1
        yield 2
        raise ValueError("no more")

    executor, calls = Deferred(), []
    log(raised(lambda: executor.map(recorded(abs, calls), inputs())), len(executor.items))
    executor.run(2)
    log(calls)


@case("futures.executor.map-discarded-shutdown", "results nobody reads do not hinder shutdown()")
def _():
    pool = ThreadPoolExecutor(5)
    pool.map(str, [2] * 6)
    log(raised(pool.shutdown))


@case("futures.executor.user-made-submit", "an executor made by the user: the same futures")
def _():
    f = Inline().submit(mul, 6, 7)
    log(f.done(), f.result(), repr(f))
    f = Inline().submit(divide, 1, 0)
    log(f.done(), raised(f.result))


@case("futures.executor.user-made-deferred", "a work item runs when its executor wants it to")
def _():
    executor = Deferred()
    f = executor.submit(mul, 6, 7)
    log(f.done(), f.running(), repr(f))
    executor.run()
    log(f.done(), f.result())


@case("futures.executor.user-made-cancelled", "running a cancelled work item only tells those who wait")
def _():
    executor, calls = Deferred(), []
    f = executor.submit(calls.append, 1)
    log(f.cancel(), len(futures.wait([f], timeout=0).done))
    executor.run()
    log(calls, len(futures.wait([f], timeout=0).done))


@case("futures.executor.user-made-running", "while its work item runs a future is running")
def _():
    executor, seen = Deferred(), []

    def look():
        seen.append((seen_future[0].running(), seen_future[0].cancel(), seen_future[0].done()))

    seen_future = [executor.submit(look)]
    executor.run()
    log(seen)


@case("futures.executor.user-made-map", "an executor made by the user has map()")
def _():
    log(list(Inline().map(mul, [1, 2, 3], [4, 5, 6])))
    results = Inline().map(divide, [4, 1, 2], [2, 0, 1])
    log(next_of(results), next_of(results), next_of(results))


@case("futures.executor.options-order", "those of map(), and of shutdown()", since="3.9")
def _():
    for function in (Executor.map, Executor.shutdown):
        for option in inspect.signature(function).parameters.values():
            if option.default is not option.empty and option.name != "buffersize":  # 3.14's
                log(option.name, option.default)
