"""Twins: concurrent.futures.wait."""

import inspect
import threading
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor

from case import case, log, now, raised, times, wait_until_blocked
from support import cancelled, failed, finished, future, in_thread, mul, notified


def fail():
    raise ValueError("this is an exception")


class Held:
    """A pool whose task `hold` does not end before the case does."""

    def __enter__(self):
        self.gate, self.pool = threading.Event(), ThreadPoolExecutor(3)
        return self

    def __exit__(self, *_):
        self.gate.set()
        self.pool.shutdown()

    def submit(self, *call):
        return self.pool.submit(*call)

    def hold(self):
        return self.pool.submit(self.gate.wait)


def tell(result, **named):
    """Which of the named futures are in which set."""
    done, not_done = result
    log("done", sorted(name for name, f in named.items() if f in done))
    log("not_done", sorted(name for name, f in named.items() if f in not_done))
    log(len(done), len(not_done))


@case("futures.wait.all-completed", "returns when all are done")
def _():
    with Held() as held:
        a, b, c = finished(), notified(), failed()
        d, e = held.submit(fail), held.submit(mul, 2, 21)
        tell(futures.wait([a, b, c, d, e], return_when=futures.ALL_COMPLETED), a=a, b=b, c=c, d=d, e=e)


@case("futures.wait.default", "without options: all, for ever")
def _():
    f, got = Future(), []
    thread = in_thread(lambda: got.append(futures.wait([f, finished()])))
    wait_until_blocked(1)
    f.set_result(1)
    thread.join()
    tell(got[0], f=f)


@case("futures.wait.first-completed", "returns when one has ended; a cancelled one counts once the executor has seen it")
def _():
    with Held() as held:
        a, b, c = cancelled(), held.submit(mul, 21, 2), held.hold()
        tell(futures.wait([a, b, c], return_when=futures.FIRST_COMPLETED), a=a, b=b, c=c)


@case("futures.wait.first-completed-already", "returns at once when one has ended before")
def _():
    with Held() as held:
        a, b, c = notified(), finished(), held.hold()
        tell(futures.wait([a, b, c], return_when=futures.FIRST_COMPLETED), a=a, b=b, c=c)


@case("futures.wait.first-completed-wakes", "a blocked wait ends with the first future that ends")
def _():
    def ended_by(act):
        f, g, got = Future(), Future(), []
        thread = in_thread(lambda: got.append(futures.wait([f, g], return_when=futures.FIRST_COMPLETED)))
        wait_until_blocked(1)
        act(f)
        thread.join()
        tell(got[0], f=f, g=g)

    ended_by(lambda f: f.set_result(1))
    ended_by(lambda f: f.set_exception(ValueError()))
    ended_by(lambda f: (f.cancel(), f.set_running_or_notify_cancel()))


@case("futures.wait.first-exception", "returns when one has raised")
def _():
    with Held() as held:
        a = held.submit(mul, 2, 21)
        a.result()
        b, c = held.submit(fail), held.hold()
        tell(futures.wait([a, b, c], return_when=futures.FIRST_EXCEPTION), a=a, b=b, c=c)


@case("futures.wait.first-exception-some-already", "done ones that did not raise do not end it")
def _():
    with Held() as held:
        a, b, c = finished(), cancelled(), notified()
        d, e = held.submit(fail), held.hold()
        tell(futures.wait([a, b, c, d, e], return_when=futures.FIRST_EXCEPTION), a=a, b=b, c=c, d=d, e=e)


@case("futures.wait.first-exception-already-failed", "returns at once when one has raised before")
def _():
    with Held() as held:
        a, b = failed(), held.hold()
        tell(futures.wait([a, b], return_when=futures.FIRST_EXCEPTION), a=a, b=b)


@case("futures.wait.first-exception-cancelled", "a cancelled future is no exception")
def _():
    f, g, got = Future(), Future(), []
    thread = in_thread(lambda: got.append(futures.wait([f, g], return_when=futures.FIRST_EXCEPTION)))
    wait_until_blocked(1)
    f.cancel()
    f.set_running_or_notify_cancel()
    wait_until_blocked(1)
    log("waits on", not got)
    g.set_exception(ValueError())
    thread.join()
    tell(got[0], f=f, g=g)


@case("futures.wait.first-exception-none-raised", "when none raises it is as ALL_COMPLETED")
def _():
    f, g, got = Future(), Future(), []
    thread = in_thread(lambda: got.append(futures.wait([f, g], return_when=futures.FIRST_EXCEPTION)))
    wait_until_blocked(1)
    f.set_result(1)
    wait_until_blocked(1)
    log("waits on", not got)
    g.set_result(2)
    thread.join()
    tell(got[0], f=f, g=g)


@case("futures.wait.timeout", "at the timeout it returns what is done, raises nothing, cancels nothing")
def _():
    with Held() as held:
        a, b, c, d, e = notified(), failed(), finished(), held.submit(mul, 6, 7), held.hold()
        d.result()
        start = now()
        tell(futures.wait([a, b, c, d, e], timeout=times.must_expire), a=a, b=b, c=c, d=d, e=e)
        log(now() - start >= times.must_expire, e.cancelled(), e.done())


@case("futures.wait.timeout-zero", "a timeout of zero or less looks once")
def _():
    f, g = Future(), finished()
    for timeout in (0, -1):
        for return_when in (futures.ALL_COMPLETED, futures.FIRST_EXCEPTION):
            tell(futures.wait([f, g], timeout=timeout, return_when=return_when), f=f, g=g)
    tell(futures.wait([f], timeout=0, return_when=futures.FIRST_COMPLETED), f=f)


@case("futures.wait.timeout-too-large", "a wait beyond TIMEOUT_MAX is an OverflowError, unless all are done")
def _():
    log(raised(lambda: futures.wait([Future()], timeout=1e10)))
    f = finished()
    tell(futures.wait([f], timeout=1e10), f=f)


@case("futures.wait.duplicates", "a future given twice counts once")
def _():
    with Held() as held:
        f = held.submit(mul, 2, 3)
        tell(futures.wait([f, f], return_when=futures.ALL_COMPLETED), f=f)
        g = Future()
        tell(futures.wait([f, g, f, g], timeout=0), f=f, g=g)


@case("futures.wait.cancelled-until-notified", "a cancelled future is waited for until the executor has noticed")
def _():
    f, got = cancelled(), []
    tell(futures.wait([f], timeout=0), f=f)
    thread = in_thread(lambda: got.append(futures.wait([f])))
    wait_until_blocked(1)
    f.set_running_or_notify_cancel()
    thread.join()
    tell(got[0], f=f)


@case("futures.wait.empty", "nothing to wait for")
def _():
    for return_when in (futures.ALL_COMPLETED, futures.FIRST_COMPLETED, futures.FIRST_EXCEPTION):
        tell(futures.wait([], return_when=return_when))


@case("futures.wait.pending-calls-race", "a hundred futures that end together")
def _():
    event = threading.Event()
    with ThreadPoolExecutor(5) as pool:
        fs = {pool.submit(event.wait) for _ in range(100)}
        event.set()
        done, not_done = futures.wait(fs, return_when=futures.ALL_COMPLETED)
        log(len(done), len(not_done))


@case("futures.wait.mixed-types", "futures of different results together")
def _():
    a, b, c = future(lambda f: f.set_result(1)), future(lambda f: f.set_result("text")), Future()
    done, not_done = futures.wait([a, b, c], timeout=0)
    log(a in done, b in done, c in done, c in not_done, len(done), len(not_done))


@case("futures.wait.any-iterable", "a list, a set, the keys of a map, a one-pass range")
def _():
    f, g = finished(), Future()
    tell(futures.wait([f, g], timeout=0), f=f, g=g)
    tell(futures.wait({f, g}, timeout=0), f=f, g=g)
    tell(futures.wait({f: "f", g: "g"}, timeout=0), f=f, g=g)
    tell(futures.wait((future for future in (f, g)), timeout=0), f=f, g=g)


@case("futures.wait.named-result", "the result is a pair with names")
def _():
    f = finished()
    result = futures.wait([f])
    done, not_done = result
    log(f in result.done, len(result.not_done), len(done), len(not_done))


@case("futures.wait.several-executors", "futures of several executors together")
def _():
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as two:
        f, g = one.submit(mul, 2, 3), two.submit(mul, 4, 5)
        tell(futures.wait([f, g]), f=f, g=g)
        log(f.result(), g.result())


@case("futures.wait.several-waiters", "several threads may wait for the same future")
def _():
    f, g, got = Future(), Future(), []
    threads = [
        in_thread(lambda: got.append(len(futures.wait([f, g]).done))),
        in_thread(lambda: got.append(len(futures.wait([f, g], return_when=futures.FIRST_EXCEPTION).done))),
        in_thread(lambda: got.append(len(futures.wait([g]).done))),
    ]
    wait_until_blocked(3)
    f.set_result(1)
    g.set_result(2)
    for thread in threads:
        thread.join()
    log(sorted(got))


@case("futures.wait.leaves-no-trace", "waits that timed out do not disturb the future or later waits")
def _():
    f = Future()
    for _ in range(1000):
        futures.wait([f], timeout=0)
    f.set_result(1)
    tell(futures.wait([f]), f=f)


@case("futures.wait.before-callbacks", "who waits does not wait for the callbacks")
def _():
    f, woken = Future(), threading.Event()
    f.add_done_callback(lambda f: log("callback", woken.wait(times.must_not_expire)))

    def wait():
        futures.wait([f])
        woken.set()

    thread = in_thread(wait)
    wait_until_blocked(1)
    f.set_result(1)
    thread.join()


@case("futures.wait.options-order", "timeout, then return_when; all, for ever, is the default")
def _():
    for option in list(inspect.signature(futures.wait).parameters.values())[1:]:
        log(option.name, option.default)
