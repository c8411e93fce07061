"""Twins: the event loop: callbacks, timers, run and stop, threads, descriptors, signals, errors."""

import asyncio
import concurrent.futures
import contextvars
import gc
import math
import multiprocessing
import os
import signal
import threading
import warnings

import virtual_time
from case import case, log, now, raised, times
from support import Logged, awaited, log_at, raised_by, run_virtual, turns


async def answer():
    return 42


def virtual_loop():
    return virtual_time.VirtualTimeLoop()


def run_ready(loop):
    """Runs what is ready now, and nothing else."""
    loop.call_soon(loop.stop)
    loop.run_forever()


def leave(error):
    raise error


# Callbacks


@case("asyncio.event-loop.call-soon", "callbacks are called in their order; those added meanwhile in the next turn")
def _():
    loop = virtual_loop()

    def adds():
        log("adds")
        loop.call_soon(lambda: (log("added"), loop.stop()))

    loop.call_soon(adds)
    loop.call_soon(log, "second")
    loop.call_soon(log, "third")
    log("nothing yet")
    loop.run_forever()
    loop.close()


@case("asyncio.event-loop.call-soon-context", "a callback runs in a copy of the context in which it was handed over, or in the one given")
def _():
    var = contextvars.ContextVar("var", default="nothing")
    loop = virtual_loop()
    var.set("here")
    loop.call_soon(lambda: log(var.get()))
    loop.call_later(1, lambda: log(var.get()))
    given = contextvars.Context()
    loop.call_soon(lambda: (log(var.get()), var.set("in it")), context=given)
    loop.call_soon(lambda: log(var.get()), context=given)
    var.set("later")
    loop.call_later(2, loop.stop)
    loop.run_forever()
    log(var.get())
    loop.close()


@case("asyncio.event-loop.handle-cancel", "a handle that is cancelled in time is not called")
def _():
    loop = virtual_loop()
    first, second, third = (loop.call_soon(log, name) for name in ("first", "second", "third"))
    second.cancel()
    second.cancel()
    loop.call_soon(lambda: later.cancel())
    later = loop.call_soon(log, "later")
    log([handle.cancelled() for handle in (first, second, third)])
    run_ready(loop)
    log([handle.cancelled() for handle in (first, second, third, later)])
    first.cancel()
    log(first.cancelled())
    loop.close()


@case("asyncio.event-loop.call-later", "timers are called in the order of their time, however they were made")
def _():
    loop = virtual_loop()
    for name, delay in (("c", 3), ("a", 1), ("d", 4), ("b", 2)):
        loop.call_later(delay, lambda name=name: log(loop.time(), name))
    loop.call_later(5, loop.stop)
    loop.run_forever()
    log(loop.time())
    loop.close()


@case("asyncio.event-loop.negative-delays", "a delay may be negative: the earlier the sooner, before all that is to come")
def _():
    loop = virtual_loop()
    loop.call_later(-1, log, "-1")
    loop.call_later(-2, log, "-2")
    loop.call_later(0, lambda: (log(0), loop.stop()))
    loop.call_soon(log, "soon")
    loop.run_forever()
    log(loop.time())
    loop.close()


@case("asyncio.event-loop.call-at", "call_at() takes a time of the loop's own clock, and the handle tells it")
def _():
    loop = virtual_loop()
    log(loop.time())
    at = loop.call_at(1.5, lambda: log(loop.time(), "at"))
    later = loop.call_later(1, lambda: log(loop.time(), "later"))
    log(at.when(), later.when())
    loop.call_at(2, loop.stop)
    loop.run_forever()
    log(loop.time())
    loop.close()


@case("asyncio.event-loop.real-clock", "timers are not early on the real clock, and stop() ends the waiting")
def _():
    loop = asyncio.new_event_loop()
    start = loop.time()
    loop.call_later(0.05, loop.stop)
    loop.run_forever()
    log(loop.time() - start >= 0.05)
    loop.close()


@case("asyncio.event-loop.no-time", "a timer whose time is no number is due")
def _():
    loop = virtual_loop()
    loop.call_at(math.nan, log, "at no time")
    loop.call_later(math.nan, log, "no time later")
    loop.call_soon(log, "soon")
    run_ready(loop)
    run_ready(loop)
    loop.close()


@case("asyncio.event-loop.timers-behind", "a timer that is due is called after what was ready already")
def _():
    loop = virtual_loop()
    loop.call_later(1, lambda: (log("timer"), loop.call_soon(log, "soon"), loop.call_later(0, lambda: (log("at once"), loop.stop()))))
    loop.call_later(1, log, "same time")
    loop.run_forever()
    loop.close()


@case("asyncio.event-loop.timer-cancel", "a timer that is cancelled is not called, and nobody waits for it")
def _():
    loop = virtual_loop()
    first = loop.call_later(1, log, "first")
    loop.call_later(2, lambda: (log(loop.time()), second.cancel()))
    second = loop.call_later(3, log, "second")
    loop.call_later(4, lambda: (log(loop.time()), loop.stop()))
    first.cancel()
    first.cancel()
    log(first.cancelled(), first.when())
    loop.run_forever()
    log(second.cancelled())
    loop.close()


@case("asyncio.event-loop.many-timers-cancelled", "a heap in which most are cancelled is made anew, and the order stays that of CPython")
def _():
    loop = virtual_loop()
    handles = [loop.call_later(1 + n % 7, lambda n=n: said.append(n)) for n in range(300)]
    said = []
    for n, handle in enumerate(handles):
        if n % 5:
            handle.cancel()
    loop.call_later(10, loop.stop)
    loop.run_forever()
    log(said)
    loop.close()


@case("asyncio.event-loop.timer-ties", "timers of the same time are called in the order of CPython's heap")
def _():
    loop = virtual_loop()
    said = []
    for n, when in enumerate([3, 1, 2, 1, 1, 3, 2, 2, 1, 3, 1, 2, 1, 1, 2, 3, 1]):
        loop.call_at(when, lambda n=n: said.append(n))
    loop.call_at(4, loop.stop)
    loop.run_forever()
    log(said)
    loop.close()


@case("asyncio.event-loop.handle-compare", "timer handles are ordered by their time")
def _():
    loop = virtual_loop()
    early, late = loop.call_at(1, log), loop.call_at(2, log)
    log(early < late, late < early, late > early, early > late, early <= late, early >= late)
    log(early == early, early == late)
    loop.close()


@case("asyncio.event-loop.handle-repr", "handles print what they are")
def _():
    loop = virtual_loop()
    handle, timer = loop.call_soon(log), loop.call_at(1.5, log)
    log(repr(handle).split(" log")[0].rstrip(">"), repr(timer).split(" log")[0].rstrip(">"))
    handle.cancel()
    timer.cancel()
    log(repr(handle), repr(timer))
    loop.close()


@case("asyncio.event-loop.callback-raises", "what a callback raises is reported, and the next one is called")
def _():
    loop = virtual_loop()
    loop.set_exception_handler(
        lambda loop, context: log(context["message"][:21], raised_by(context["exception"]), context["handle"] is handle)
    )
    handle = loop.call_soon(leave, ValueError("bad"))
    loop.call_soon(log, "next")
    run_ready(loop)
    handle = loop.call_later(1, leave, ValueError("bad timer"))
    loop.call_later(2, loop.stop)
    loop.run_forever()
    loop.close()


# Run and stop


@case("asyncio.event-loop.stop", "stop() lets the turn end; what comes after that waits for the next run")
def _():
    loop = virtual_loop()
    loop.call_soon(lambda: (log("stops", loop.is_running()), loop.stop(), loop.call_soon(log, "next run")))
    loop.call_soon(log, "same turn")
    loop.run_forever()
    log("stopped", loop.is_running())
    run_ready(loop)
    loop.close()


@case("asyncio.event-loop.stop-before", "stopped before it runs, it makes one turn")
def _():
    loop = virtual_loop()
    loop.call_soon(lambda: (log("first"), loop.call_soon(log, "second")))
    loop.stop()
    loop.run_forever()
    log("stopped")
    run_ready(loop)
    loop.close()


@case("asyncio.event-loop.run-until-complete", "run_until_complete() gives what a coroutine, task or future comes to")
def _():
    loop = virtual_loop()
    log(loop.run_until_complete(answer()), loop.run_until_complete(loop.create_task(answer())))
    f = loop.create_future()
    loop.call_later(1, f.set_exception, ValueError("bad"))
    log(raised(lambda: loop.run_until_complete(f)), loop.time())
    done = loop.create_future()
    done.set_result("done")
    loop.call_soon(log, "meanwhile")
    log(loop.run_until_complete(done))
    cancelled = loop.create_future()
    cancelled.cancel()
    log(raised(lambda: loop.run_until_complete(cancelled)))
    loop.close()


@case("asyncio.event-loop.stopped-early", "stopped before the future is done, run_until_complete() raises; the task can go on later")
def _():
    loop = virtual_loop()

    async def counts():
        for number in range(4):
            await asyncio.sleep(1)
            if number == 1:
                loop.stop()
        return number

    task = loop.create_task(counts())
    log(raised(lambda: loop.run_until_complete(task)), task.done(), loop.time())
    log(loop.run_until_complete(task), loop.time())
    loop.close()


@case("asyncio.event-loop.future-of-another", "a future of another loop is refused")
def _():
    loop, other = virtual_loop(), virtual_loop()
    f = other.create_future()
    log(raised(lambda: loop.run_until_complete(f)))
    loop.close()
    other.close()


@case("asyncio.event-loop.nested", "a loop cannot be run while it runs, nor another in the same thread")
def _():
    loop, other = virtual_loop(), virtual_loop()

    async def nests():
        log(loop.is_running(), other.is_running())
        for one in (loop, other):
            f = one.create_future()
            log(raised(lambda: one.run_until_complete(f)))

    loop.run_until_complete(nests())
    loop.close()
    other.close()


@case("asyncio.event-loop.in-another-thread", "another thread may run another loop meanwhile")
def _():
    async def main():
        return await asyncio.get_running_loop().run_in_executor(None, lambda: run_virtual(answer()))

    log(run_virtual(main()))


@case("asyncio.event-loop.leaves", "KeyboardInterrupt and SystemExit of a callback leave the loop, which can be run again")
def _():
    loop = virtual_loop()
    for error in (KeyboardInterrupt("pressed"), SystemExit(3)):
        loop.call_soon(leave, error)
        loop.call_soon(log, "next run")
        log(raised(lambda: loop.run_until_complete(asyncio.sleep(1))), loop.is_running())
    loop.run_until_complete(asyncio.sleep(2))
    log(loop.time())
    loop.close()


@case("asyncio.event-loop.close", "close() may be called twice, but not while the loop runs")
def _():
    loop = virtual_loop()
    loop.call_soon(lambda: log(raised(loop.close)))
    run_ready(loop)
    log(loop.is_closed())
    loop.call_soon(log, "never")
    loop.call_later(1, log, "never")
    loop.close()
    log(loop.is_closed(), loop.is_running())
    loop.close()


@case("asyncio.event-loop.closed", "a loop that is closed takes nothing more")
def _():
    loop = virtual_loop()
    f = loop.create_future()
    loop.close()
    log(raised(lambda: loop.call_soon(log)))
    log(raised(lambda: loop.call_soon_threadsafe(log)))
    log(raised(lambda: loop.call_later(1, log)))
    log(raised(lambda: loop.call_at(1, log)))
    log(raised(lambda: loop.run_in_executor(None, log)))
    log(raised(loop.run_forever))
    log(raised(lambda: loop.run_until_complete(f)))
    coroutine = answer()
    log(raised(lambda: loop.create_task(coroutine)))
    coroutine.close()


@case("asyncio.event-loop.repr", "a loop prints its state")
def _():
    loop = virtual_loop()
    log(repr(loop).split(" ", 1)[1])
    loop.set_debug(True)
    loop.call_soon(lambda: log(repr(loop).split(" ", 1)[1]))
    run_ready(loop)
    loop.set_debug(False)
    loop.close()
    log(repr(loop).split(" ", 1)[1])


# Which loop


@case("asyncio.event-loop.running-loop", "get_running_loop() is the one that runs in this thread; else an error")
def _():
    loop = virtual_loop()

    async def main():
        log(asyncio.get_running_loop() is loop, asyncio.get_event_loop() is loop)
        thread = threading.Thread(target=lambda: log(raised(asyncio.get_running_loop)))
        thread.start()
        thread.join()

    log(raised(asyncio.get_running_loop))
    loop.run_until_complete(main())
    loop.call_soon(lambda: log(asyncio.get_running_loop() is loop))
    run_ready(loop)
    log(raised(asyncio.get_running_loop))
    loop.close()


@case("asyncio.event-loop.current-loop", "set_event_loop() names the loop of a thread; the one that runs is before it")
def _():
    set_before, running = virtual_loop(), virtual_loop()

    async def main():
        log(asyncio.get_event_loop() is running)

    def elsewhere():
        log(raised(asyncio.get_event_loop).split(" in ")[0])

    asyncio.set_event_loop(set_before)
    log(asyncio.get_event_loop() is set_before)
    running.run_until_complete(main())
    log(asyncio.get_event_loop() is set_before)
    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    asyncio.set_event_loop(None)
    elsewhere()
    set_before.close()
    running.close()


@case("asyncio.event-loop.new-event-loop", "new_event_loop() makes one that is nobody's yet")
def _():
    asyncio.set_event_loop(None)
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
    log(first is second, first.is_running(), first.is_closed())
    log(raised(asyncio.get_event_loop).split(" in ")[0])
    first.close()
    log(first.is_closed(), second.is_closed())
    second.close()


# Threads


@case("asyncio.event-loop.threadsafe", "call_soon_threadsafe() wakes a loop that waits, and keeps the order")
def _():
    loop = asyncio.new_event_loop()

    def elsewhere():
        for number in range(3):
            loop.call_soon_threadsafe(log, number)
        loop.call_soon_threadsafe(loop.stop)

    thread = threading.Thread(target=elsewhere)
    loop.call_soon(thread.start)
    loop.run_forever()
    thread.join()
    loop.close()


@case("asyncio.event-loop.threadsafe-here", "in the loop's own thread it is as call_soon()")
def _():
    loop = virtual_loop()
    loop.call_soon_threadsafe(log, "first")
    loop.call_soon(log, "second")
    handle = loop.call_soon_threadsafe(log, "third")
    handle.cancel()
    loop.call_soon_threadsafe(log, "fourth")
    run_ready(loop)
    loop.close()


@case("asyncio.event-loop.run-in-executor", "run_in_executor() calls in another thread; the future has the result or the exception")
def _():
    def times(left, right):
        return left * right, threading.current_thread() is main_thread

    main_thread = threading.current_thread()

    async def main():
        loop = asyncio.get_running_loop()
        log(await loop.run_in_executor(None, times, 6, 7))
        log(await awaited(loop.run_in_executor(None, leave, ValueError("bad"))))
        with concurrent.futures.ThreadPoolExecutor(1, "own") as executor:
            log(await loop.run_in_executor(executor, lambda: threading.current_thread().name))

    run_virtual(main())


@case("asyncio.event-loop.run-in-executor-cancel", "cancelling the future does not disturb the call, nor its end a loop that is closed")
def _():
    started, go_on = threading.Event(), threading.Event()

    def call():
        started.set()
        go_on.wait()
        log("call ends")

    executor = concurrent.futures.ThreadPoolExecutor(1)
    loop = virtual_loop()
    f = loop.run_in_executor(executor, call)
    started.wait()
    f.cancel()
    run_ready(loop)
    log(f.cancelled())
    loop.close()
    with Logged() as logged:
        go_on.set()
        executor.shutdown()
    log(logged.messages)


# What workers call, which find it by its name


def times_six(number):
    return 6 * number


def die(gate):
    os.read(gate, 1)
    os.kill(os.getpid(), signal.SIGKILL)


def tell(gate, diary, name):
    os.write(diary, name.encode())
    os.read(gate, 1)
    os.write(diary, name.upper().encode())


def one_worker():
    return concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("fork"))


@case("asyncio.event-loop.process-pool", "run_in_executor() calls in a worker of a ProcessPoolExecutor")
def _():
    async def main():
        loop = asyncio.get_running_loop()
        with one_worker() as pool:
            log(await loop.run_in_executor(pool, os.getpid) == os.getpid())
            log(await loop.run_in_executor(pool, times_six, 7))
            log(await awaited(loop.run_in_executor(pool, leave, ValueError("bad"))))

    run_virtual(main())


@case("asyncio.event-loop.process-pool-broken", "when a worker dies the futures raise BrokenProcessPool")
def _():
    async def main():
        loop, (gate, opener) = asyncio.get_running_loop(), os.pipe()
        with one_worker() as pool:
            dies = loop.run_in_executor(pool, die, gate)
            waits = loop.run_in_executor(pool, times_six, 7)
            os.write(opener, b".")
            log(await awaited(dies), await awaited(waits))
            log(raised(lambda: loop.run_in_executor(pool, times_six, 7)))

    run_virtual(main())


@case("asyncio.event-loop.process-pool-cancel", "cancelling a task that awaits a call ends the task, not the call")
def _():
    async def main(pool, names, gate, diary):
        loop = asyncio.get_running_loop()

        async def call(name):
            await loop.run_in_executor(pool, tell, gate[0], diary[1], name)

        tasks = [asyncio.create_task(call(name)) for name in names]
        await turns()
        log(os.read(diary[0], 1).decode())
        for task in (tasks[0], tasks[-1]):
            task.cancel()
        for task in (tasks[0], tasks[-1]):
            log(await awaited(task))
        os.write(gate[1], names.encode())
        for task in tasks[1:-1]:
            log(await awaited(task))

    gate, diary = os.pipe(), os.pipe()
    with one_worker() as pool:
        run_virtual(main(pool, "abcdef", gate, diary))
    log(os.read(diary[0], 100).decode())


@case("asyncio.event-loop.default-executor", "set_default_executor() takes a pool of threads, which run_in_executor(None, …) uses")
def _():
    async def main():
        loop = asyncio.get_running_loop()
        loop.set_default_executor(concurrent.futures.ThreadPoolExecutor(1, "mine"))
        log(await loop.run_in_executor(None, lambda: threading.current_thread().name))

    run_virtual(main())


@case("asyncio.event-loop.shutdown-executor", "after shutdown_default_executor(), which waits for the calls, there is none any more")
def _():
    async def main():
        loop = asyncio.get_running_loop()
        f = loop.run_in_executor(None, lambda: log("call"))
        await loop.shutdown_default_executor()
        log("shut down")
        log(raised(lambda: loop.run_in_executor(None, log)))
        await f

    run_virtual(main())


@case("asyncio.event-loop.shutdown-executor-timeout", "after the timeout it goes on without the calls, and warns")
def _():
    async def main():
        loop, gate, start = asyncio.get_running_loop(), threading.Event(), now()
        f = loop.run_in_executor(None, gate.wait)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            await loop.shutdown_default_executor(timeout=times.must_expire)
        for one in caught:
            log("%s: %s" % (one.category.__name__, str(one.message).partition(" within")[0]))
        log("waited", now() - start >= times.must_expire, f.done())
        gate.set()
        log(await f)

    asyncio.run(main())


@case("asyncio.event-loop.close-leaves-executor", "close() does not wait for what the default executor runs")
def _():
    loop, gate, ended = virtual_loop(), threading.Event(), threading.Event()
    loop.run_in_executor(None, lambda: (gate.wait(), ended.set()))
    loop.close()
    log(ended.is_set())
    gate.set()
    ended.wait()
    log(ended.is_set())


# Descriptors


class Pipe:
    def __init__(self):
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)
        os.set_blocking(self.writer, False)

    def close(self):
        os.close(self.reader)
        os.close(self.writer)


@case("asyncio.event-loop.add-reader", "a reader is called in each turn in which there is something to read")
def _():
    loop, pipe = virtual_loop(), Pipe()

    def read():
        log(os.read(pipe.reader, 2).decode())
        if len(said) == 3:
            loop.stop()
        said.append(0)

    said = [0]
    loop.add_reader(pipe.reader, read)
    loop.call_soon(os.write, pipe.writer, b"abcdef")
    loop.run_forever()
    log(loop.remove_reader(pipe.reader), loop.remove_reader(pipe.reader))
    os.write(pipe.writer, b"unread")
    run_ready(loop)
    loop.close()
    pipe.close()


@case("asyncio.event-loop.add-writer", "a writer is called in each turn in which there is room, and beside a reader of the same descriptor")
def _():
    loop, pipe = virtual_loop(), Pipe()

    def write():
        log("room")
        said.append(0)
        if len(said) == 2:
            loop.stop()

    said = []
    loop.add_writer(pipe.writer, write)
    loop.run_forever()
    log(loop.remove_writer(pipe.writer), loop.remove_writer(pipe.writer), loop.remove_reader(pipe.writer))
    run_ready(loop)
    loop.close()
    pipe.close()


@case("asyncio.event-loop.replaced-reader", "a second reader of a descriptor takes the place of the first")
def _():
    loop, pipe = virtual_loop(), Pipe()
    loop.add_reader(pipe.reader, log, "first")
    loop.add_reader(pipe.reader, lambda: (log("second"), loop.stop()))
    os.write(pipe.writer, b"x")
    loop.run_forever()
    log(loop.remove_reader(pipe.reader))
    loop.close()
    pipe.close()


@case("asyncio.event-loop.descriptors-before-timers", "in one turn: what was ready, descriptors, timers that are due")
def _():
    loop, pipe = virtual_loop(), Pipe()
    os.write(pipe.writer, b"x")
    loop.add_reader(pipe.reader, lambda: (log("reader"), loop.remove_reader(pipe.reader), loop.call_soon(log, "of the reader")))
    loop.call_later(-1, log, "timer")
    loop.call_soon(log, "soon")
    loop.call_later(1, loop.stop)
    loop.run_forever()
    loop.close()
    pipe.close()


@case("asyncio.event-loop.calls-before-descriptors", "a call of another thread comes before what became readable after it")
def _():
    loop, pipe = virtual_loop(), Pipe()

    def elsewhere():
        loop.call_soon_threadsafe(log, "called")
        os.write(pipe.writer, b"x")

    def busy():
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()

    loop.add_reader(pipe.reader, lambda: (log("reader"), loop.remove_reader(pipe.reader)))
    loop.call_soon(busy)
    loop.call_later(1, loop.stop)
    loop.run_forever()
    loop.close()
    pipe.close()


@case("asyncio.event-loop.descriptors-when-closed", "when the loop is closed there are no readers and writers, and none can be added")
def _():
    loop, pipe = virtual_loop(), Pipe()
    loop.add_reader(pipe.reader, log)
    loop.add_writer(pipe.writer, log)
    loop.close()
    log(loop.remove_reader(pipe.reader), loop.remove_writer(pipe.writer))
    log(raised(lambda: loop.add_reader(pipe.reader, log)))
    log(raised(lambda: loop.add_writer(pipe.writer, log)))
    pipe.close()


# Signals


@case("asyncio.event-loop.signal-handler", "a signal handler is called by the loop; removed, the signal is as before")
def _():
    loop = virtual_loop()
    loop.add_signal_handler(signal.SIGUSR1, lambda: (log("signal"), loop.stop()))
    loop.call_soon(lambda: (os.kill(os.getpid(), signal.SIGUSR1), log("sent")))
    loop.run_forever()
    log(loop.remove_signal_handler(signal.SIGUSR1), loop.remove_signal_handler(signal.SIGUSR1))
    log(signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL)
    loop.close()


@case("asyncio.event-loop.signal-while-waiting", "a signal wakes a loop that waits")
def _():
    loop = asyncio.new_event_loop()
    loop.add_signal_handler(signal.SIGUSR1, lambda: (log("signal"), loop.stop()))
    thread = threading.Thread(target=lambda: os.kill(os.getpid(), signal.SIGUSR1))
    loop.call_soon(thread.start)
    loop.call_later(60, log, "too late")
    loop.run_forever()
    thread.join()
    loop.close()
    log(signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL)


@case("asyncio.event-loop.signal-replaced", "a second handler of a signal takes the place of the first")
def _():
    loop = virtual_loop()
    loop.add_signal_handler(signal.SIGUSR1, log, "first")
    loop.add_signal_handler(signal.SIGUSR1, lambda: (log("second"), loop.stop()))
    loop.call_soon(os.kill, os.getpid(), signal.SIGUSR1)
    loop.run_forever()
    loop.close()


@case("asyncio.event-loop.signal-errors", "what is no signal, or cannot be caught, is refused")
def _():
    loop = virtual_loop()
    for number in (0, -1, signal.NSIG + 1):
        log(raised(lambda: loop.add_signal_handler(number, log)).split(":")[0])
        log(raised(lambda: loop.remove_signal_handler(number)).split(":")[0])
    log(raised(lambda: loop.add_signal_handler(signal.SIGKILL, log)))
    log(loop.remove_signal_handler(signal.SIGKILL))
    loop.close()


# Errors and debugging


@case("asyncio.event-loop.exception-handler", "a handler of one's own gets what is reported; without one it is logged")
def _():
    loop = virtual_loop()
    log(loop.get_exception_handler() is None)
    loop.set_exception_handler(lambda loop, context: log("handler", context["message"], raised_by(context.get("exception"))))
    log(loop.get_exception_handler() is None)
    loop.call_exception_handler({"message": "text", "exception": ValueError("bad")})
    loop.call_exception_handler({"message": "only text"})
    loop.set_exception_handler(None)
    with Logged() as logged:
        loop.call_exception_handler({"message": "logged", "exception": ValueError("bad")})
    log(logged.messages)
    loop.close()


@case("asyncio.event-loop.exception-handler-context", "it is called in the context of what has raised")
def _():
    var = contextvars.ContextVar("var", default="nothing")

    def fails(who):
        var.set(who)
        raise ValueError(who)

    async def fails_too():
        fails("task")

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: log(context["message"][:21], var.get()))
        loop.call_soon(fails, "callback")
        asyncio.create_task(fails_too())
        await turns(2)
        gc.collect()
        log(var.get())

    run_virtual(main())


@case("asyncio.event-loop.default-handler", "without a handler, what a callback or a task raised is logged")
def _():
    async def fails():
        raise ValueError("bad task")

    loop = virtual_loop()
    with Logged() as logged:
        loop.call_soon(leave, ValueError("bad callback"))
        loop.call_later(1, leave, ValueError("bad timer"))
        loop.create_task(fails())
        loop.call_later(2, loop.stop)
        loop.run_forever()
    log(sorted(message[:21] for message in logged.messages))
    loop.close()


@case("asyncio.event-loop.broken-handler", "a handler that raises is reported in its turn, by the log")
def _():
    loop = virtual_loop()
    loop.set_exception_handler(lambda loop, context: leave(KeyError("broken")))
    with Logged() as logged:
        loop.call_soon(leave, ValueError("bad"))
        loop.call_soon(log, "next")
        run_ready(loop)
    log(logged.messages)
    loop.close()


@case("asyncio.event-loop.handler-leaves", "KeyboardInterrupt of a handler leaves the loop")
def _():
    loop = virtual_loop()
    loop.set_exception_handler(lambda loop, context: leave(KeyboardInterrupt("pressed")))
    loop.call_soon(leave, ValueError("bad"))
    log(raised(loop.run_forever))
    loop.close()


@case("asyncio.event-loop.debug", "debugging can be switched on and off")
def _():
    loop = virtual_loop()
    log(loop.get_debug())
    loop.set_debug(True)
    log(loop.get_debug())
    loop.set_debug(False)
    log(loop.get_debug(), loop.slow_callback_duration)
    loop.close()


@case("asyncio.event-loop.slow-callback", "debugging, the loop reports a callback or a step of a task that took too long")
def _():
    async def slow():
        pass

    loop = asyncio.new_event_loop()
    loop.set_debug(True)
    with Logged() as logged:
        loop.slow_callback_duration = 0
        loop.call_soon(lambda: None)
        run_ready(loop)
        loop.create_task(slow())
        run_ready(loop)
        loop.slow_callback_duration = 60
        loop.call_soon(lambda: None)
        run_ready(loop)
    took = [message for message in logged.messages if " took " in message]
    log(took[0][:17], took[0][-7:], any("<Task" in message for message in took), len(took) >= 2)
    loop.close()


@case("asyncio.event-loop.wrong-thread", "debugging, calls from a thread that does not run the loop are refused")
def _():
    async def main(debug):
        loop = asyncio.get_running_loop()

        def elsewhere():
            log(raised(lambda: loop.call_soon(log, "called soon")))
            log(raised(lambda: loop.call_later(1, log, "called later")))
            log(raised(lambda: loop.call_at(1, log, "called at")))
            log(raised(lambda: loop.call_soon_threadsafe(log, "called safely")))
            log(raised(lambda: waited_for.set_result(1)))
            log(raised(lambda: done.add_done_callback(log)))

        waited_for, done = loop.create_future(), loop.create_future()
        waited_for.add_done_callback(lambda f: None)
        done.set_result(1)
        loop.set_debug(debug)
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        await turns(2)

    run_virtual(main(True))


@case("asyncio.event-loop.task-factory", "a factory makes the tasks of the loop; they are named all the same")
def _():
    def factory(loop, coroutine, **options):
        log("factory")
        return asyncio.Task(coroutine, loop=loop, **options)

    async def main():
        loop = asyncio.get_running_loop()
        log(loop.get_task_factory() is None)
        loop.set_task_factory(factory)
        log(loop.get_task_factory() is None)
        task = asyncio.create_task(answer(), name="named")
        log(task.get_name(), await task)
        log(await loop.create_task(answer()), await asyncio.ensure_future(answer()))
        loop.set_task_factory(None)
        log(await asyncio.create_task(answer()))

    run_virtual(main())


@case("asyncio.event-loop.virtual-time", "on virtual time nothing sleeps, and a loop without a deadline waits for threads")
def _():
    async def main():
        await asyncio.sleep(86400 * 30)
        log_at(await asyncio.get_running_loop().run_in_executor(None, lambda: "from a thread"))

    run_virtual(main())


@case("asyncio.event-loop.run-until-complete-untyped", "until all tasks are done, whatever their results")
def _():
    loop = virtual_loop()
    tasks = [loop.create_task(answer()), loop.create_future()]
    loop.call_later(1, tasks[1].set_exception, ValueError("bad"))

    def run(future):
        loop.run_until_complete(future)
        log(loop.time(), "done")

    for each in tasks:
        log(raised(lambda: run(each)))
    loop.close()
