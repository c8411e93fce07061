"""Twins: concurrent.futures.Future."""

import re
import threading
from concurrent import futures
from concurrent.futures import Future, InvalidStateError
from concurrent.futures.thread import BrokenThreadPool

from case import case, log, now, raised, times, wait_until_blocked
from support import Logged, every_state, future, in_thread, raised_by


@case("futures.future.new-pending", "a new future is pending")
def _():
    f = Future()
    log(f.done(), f.running(), f.cancelled(), repr(f))


@case("futures.future.cancel-by-state", "cancel() takes back what has not started, and only that")
def _():
    for name, f in every_state():
        log(name, f.cancel(), repr(f))


@case("futures.future.cancelled-by-state", "cancelled() after cancel(), notified or not")
def _():
    for name, f in every_state():
        log(name, f.cancelled())


@case("futures.future.done-by-state", "done() when cancelled, failed or finished")
def _():
    for name, f in every_state():
        log(name, f.done())


@case("futures.future.running-by-state", "running() in that state only")
def _():
    for name, f in every_state():
        log(name, f.running())


@case("futures.future.result-by-state", "result(0) by state")
def _():
    for name, f in every_state():
        log(name, raised(lambda: log(name, "returned", f.result(timeout=0))))


@case("futures.future.exception-by-state", "exception(0) by state")
def _():
    for name, f in every_state():
        log(name, raised(lambda: log(name, "returned", raised_by(f.exception(timeout=0)))))


@case("futures.future.result-wakes-on-result", "a blocked result() returns what is set")
def _():
    f, got = Future(), []
    thread = in_thread(lambda: got.append(f.result(timeout=times.must_not_expire)))
    wait_until_blocked(1)
    f.set_result(42)
    thread.join()
    log(got)


@case("futures.future.result-wakes-on-cancel", "a blocked result() raises CancelledError when cancelled")
def _():
    f, got = Future(), []
    thread = in_thread(lambda: got.append(raised(lambda: f.result(timeout=times.must_not_expire))))
    wait_until_blocked(1)
    log(f.cancel())
    thread.join()
    log(got)


@case("futures.future.exception-wakes-on-exception", "a blocked exception() returns what is set")
def _():
    f, got = Future(), []
    thread = in_thread(lambda: got.append(raised_by(f.exception(timeout=times.must_not_expire))))
    wait_until_blocked(1)
    f.set_exception(ValueError("late"))
    thread.join()
    log(got)


@case("futures.future.exception-wakes-on-cancel", "a blocked exception() raises CancelledError when cancelled")
def _():
    f, got = Future(), []
    thread = in_thread(lambda: got.append(raised(lambda: f.exception(timeout=times.must_not_expire))))
    wait_until_blocked(1)
    log(f.cancel())
    thread.join()
    log(got)


@case("futures.future.wakes-everybody", "all who wait for one future are woken")
def _():
    f, got = Future(), []
    threads = [in_thread(lambda: got.append(f.result())) for _ in range(3)]
    wait_until_blocked(3)
    f.set_result(7)
    for thread in threads:
        thread.join()
    log(got)


@case("futures.future.result-timeout", "result(timeout) raises TimeoutError after the timeout, never before")
def _():
    f, start = Future(), now()
    log(raised(lambda: f.result(timeout=times.must_expire)))
    log(now() - start >= times.must_expire, repr(f))
    f.set_result(1)
    log(f.result())


@case("futures.future.exception-timeout", "exception(timeout) raises TimeoutError after the timeout, never before")
def _():
    f, start = Future(), now()
    log(raised(lambda: f.exception(timeout=times.must_expire)))
    log(now() - start >= times.must_expire, repr(f))
    f.set_result(1)
    log(f.exception())


@case("futures.future.negative-timeout", "a negative timeout polls")
def _():
    log(raised(lambda: Future().result(timeout=-1)), raised(lambda: Future().exception(timeout=-1)))
    log(future(lambda f: f.set_result(3)).result(timeout=-1))


@case("futures.future.timeout-too-large", "a wait beyond TIMEOUT_MAX is an OverflowError, unless nothing is to wait for")
def _():
    log(raised(lambda: Future().result(timeout=1e10)))
    log(raised(lambda: Future().exception(timeout=1e10)))
    log(future(lambda f: f.set_result(3)).result(timeout=1e10))


@case("futures.future.set-result-twice", "the first result stays")
def _():
    f = future(lambda f: f.set_result(1))
    log(raised(lambda: f.set_result(2)))
    log(f.done(), f.result())


@case("futures.future.set-exception-twice", "the first exception stays")
def _():
    f = future(lambda f: f.set_exception(ValueError("first")))
    log(raised(lambda: f.set_exception(RuntimeError("second"))))
    log(raised(f.result))


@case("futures.future.set-after-cancel", "nothing can be set on a cancelled future")
def _():
    f = future(Future.cancel)
    log(raised(lambda: f.set_result(1)))
    log(raised(lambda: f.set_exception(ValueError("late"))))
    f.set_running_or_notify_cancel()
    log(raised(lambda: f.set_result(1)))
    log(raised(f.result))


@case("futures.future.set-while-pending", "a future need not run to be finished")
def _():
    f = future(lambda f: f.set_result(1))
    log(f.result(), repr(f))
    f = future(Future.set_running_or_notify_cancel, lambda f: f.set_result(2))
    log(f.result(), repr(f))


@case("futures.future.set-running-by-state", "set_running_or_notify_cancel() by state, and what it logs")
def _():
    with Logged() as logged:
        for name, f in every_state():
            log(name, raised(lambda: log(name, f.set_running_or_notify_cancel())), repr(f))
    for message in logged.messages:
        log(re.sub(r"\d+", "N", message))


@case("futures.future.callback-with-result", "a callback sees the result")
def _():
    f = Future()
    f.add_done_callback(lambda f: log("callback", f.result()))
    f.set_result(5)


@case("futures.future.callback-with-exception", "a callback sees the exception")
def _():
    f = Future()
    f.add_done_callback(lambda f: log("callback", raised_by(f.exception())))
    f.set_exception(ValueError("test"))


@case("futures.future.callback-with-cancel", "cancel() calls the callbacks before it returns")
def _():
    f = Future()
    f.add_done_callback(lambda f: log("callback", f.cancelled()))
    log("cancel", f.cancel())


@case("futures.future.callback-raises", "what a callback raises is logged, the next ones are called")
def _():
    def raising(f):
        log("raising")
        raise ValueError("doh!")

    f = Future()
    f.add_done_callback(raising)
    f.add_done_callback(lambda f: log("next"))
    with Logged() as logged:
        log(raised(lambda: f.set_result(5)))
    for message in logged.messages:
        log(message)


@case("futures.future.callback-already-successful", "added late, a callback is called at once")
def _():
    f = future(lambda f: f.set_result(5))
    f.add_done_callback(lambda f: log("callback", f.result()))
    log("added")


@case("futures.future.callback-already-failed", "added after a failure, a callback is called at once")
def _():
    f = future(lambda f: f.set_exception(ValueError("test")))
    f.add_done_callback(lambda f: log("callback", raised_by(f.exception())))
    log("added")


@case("futures.future.callback-already-cancelled", "added after cancel(), a callback is called at once")
def _():
    f = future(Future.cancel)
    f.add_done_callback(lambda f: log("callback", f.cancelled()))
    log("added")


@case("futures.future.callback-raises-already-succeeded", "add_done_callback() never raises what the callback raises")
def _():
    def raising(f):
        raise ValueError("doh!")

    f = future(lambda f: f.set_result(5))
    with Logged() as logged:
        log(raised(lambda: f.add_done_callback(raising)))
    for message in logged.messages:
        log(message)


@case("futures.future.callback-order", "callbacks are called in the order of their adding")
def _():
    f = Future()
    for n in range(5):
        f.add_done_callback(lambda f, n=n: log("callback", n))
    f.set_result(None)
    f.add_done_callback(lambda f: log("late"))


@case("futures.future.callback-once", "each adding is one call")
def _():
    f, calls = Future(), []
    f.add_done_callback(calls.append)
    f.add_done_callback(calls.append)
    f.cancel()
    f.cancel()
    f.set_running_or_notify_cancel()
    f.cancel()
    log(len(calls))


@case("futures.future.callback-thread", "callbacks run in the thread that finishes, cancels or adds late")
def _():
    def act_in_thread(act):
        f, seen = Future(), []
        f.add_done_callback(lambda f: seen.append(threading.current_thread()))
        thread = in_thread(lambda: act(f))
        thread.join()
        f.add_done_callback(lambda f: seen.append(threading.current_thread()))
        log(seen[0] is thread, seen[1] is threading.current_thread())

    act_in_thread(lambda f: f.set_result(1))
    act_in_thread(lambda f: f.set_exception(ValueError()))
    act_in_thread(Future.cancel)


@case("futures.future.callback-adds-callback", "a callback may add another, which is called at once")
def _():
    def outer(f):
        log("outer begins")
        f.add_done_callback(lambda f: log("inner"))
        log("outer ends")

    f = Future()
    f.add_done_callback(outer)
    f.add_done_callback(lambda f: log("second"))
    f.set_result(1)


@case("futures.future.callback-after-waiters", "who waits for the result does not wait for the callbacks")
def _():
    f, got_it = Future(), threading.Event()
    f.add_done_callback(lambda f: log("callback", got_it.wait(times.must_not_expire)))

    def get():
        f.result()
        got_it.set()

    thread = in_thread(get)
    f.set_result(1)
    thread.join()


@case("futures.future.repr", "repr() by state")
def _():
    for name, f in every_state():
        log(name, repr(f))


@case("futures.future.repr-of-types", "repr() names the type of the result or of the exception")
def _():
    for result in (True, 1.5, "text", None):
        log(repr(future(lambda f: f.set_result(result))))
    for error in (RuntimeError("x"), TimeoutError(), futures.CancelledError()):
        log(repr(future(lambda f: f.set_exception(error))))


@case("futures.future.result-none", "the future of a call without a result")
def _():
    f = Future()
    f.set_result(None)
    log(raised(f.result), f.exception(), repr(f))


@case("futures.future.result-same-object", "result() gives the same object every time")
def _():
    f = future(lambda f: f.set_result([1, 2]))
    log(f.result() is f.result(), f.result())


@case("futures.future.exception-same-object", "result() raises the stored exception, every time")
def _():
    f = future(lambda f: f.set_exception(ValueError("bad")))
    log(raised(f.result), raised(f.result), f.exception() is f.exception())


@case("futures.future.identity", "futures are compared and hashed by identity")
def _():
    f, g = future(lambda f: f.set_result(1)), future(lambda f: f.set_result(1))
    alias = f
    log(f == alias, f == g, f != g)
    names = {f: "f", g: "g"}
    log(len(names), names[alias], names[g])


@case("futures.future.exception-classes", "the family of exceptions")
def _():
    log(issubclass(futures.CancelledError, Exception), issubclass(InvalidStateError, Exception))
    log(issubclass(futures.BrokenExecutor, RuntimeError))
    log(issubclass(BrokenThreadPool, futures.BrokenExecutor))
    log(issubclass(futures.CancelledError, RuntimeError), issubclass(InvalidStateError, RuntimeError))


@case("futures.future.timeout-error-is-builtin", "futures.TimeoutError is the builtin one, an OSError")
def _():
    log(futures.TimeoutError is TimeoutError, issubclass(futures.TimeoutError, OSError))
