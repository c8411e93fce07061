"""Twins: concurrent.futures.ThreadPoolExecutor."""

import inspect
import os
import re
import subprocess
import sys
import threading
from concurrent import futures
from concurrent.futures import ThreadPoolExecutor

from case import case, log, raised, wait_until_blocked
from support import Logged, in_thread, mul


def workers(prefix):
    """The names of the living threads of a pool."""
    return sorted(thread.name for thread in threading.enumerate() if thread.name.startswith(prefix))


@case("futures.thread.max-workers-invalid", "max_workers must be positive")
def _():
    for number in (0, -1):
        log(raised(lambda: ThreadPoolExecutor(max_workers=number)))


@case("futures.thread.default-workers", "by default min(32, processors + 4) threads at most", since="3.13")
def _():
    count = os.process_cpu_count() or 1
    gate = threading.Event()
    with ThreadPoolExecutor(thread_name_prefix="default") as pool:
        for _ in range(40):
            pool.submit(gate.wait)
        log(len(workers("default")) == min(32, count + 4))
        gate.set()


@case("futures.thread.started-lazily", "no thread without work")
def _():
    with ThreadPoolExecutor(4, thread_name_prefix="lazy") as pool:
        log(workers("lazy"))
        pool.submit(mul, 2, 3).result()
        log(workers("lazy"))


@case("futures.thread.one-thread-per-busy-task", "three tasks that run together have three threads, which end at shutdown")
def _():
    gate = threading.Semaphore(0)
    pool = ThreadPoolExecutor(5, thread_name_prefix="busy")
    for _ in range(3):
        pool.submit(gate.acquire)
    log(workers("busy"))
    for _ in range(3):
        gate.release()
    pool.shutdown()
    log(workers("busy"))


@case("futures.thread.idle-reuse", "an idle thread gets the next task before another thread is started")
def _():
    with ThreadPoolExecutor(5, thread_name_prefix="reuse") as pool:
        for x, y in ((21, 2), (6, 7), (3, 14)):
            log(pool.submit(mul, x, y).result())
            wait_until_blocked(1)
        log(workers("reuse"))


@case("futures.thread.saturation", "never more than max_workers threads")
def _():
    gate = threading.Semaphore(0)
    pool = ThreadPoolExecutor(4, thread_name_prefix="full")
    fs = [pool.submit(gate.acquire) for _ in range(15 * 4)]
    log(workers("full"))
    for _ in range(15 * 4):
        gate.release()
    pool.shutdown(wait=True)
    log(sum(f.done() for f in fs))


@case("futures.thread.concurrency", "max_workers tasks run at the same time")
def _():
    arrived, gate = threading.Semaphore(0), threading.Event()

    def task(n):
        arrived.release()
        gate.wait()
        return n

    with ThreadPoolExecutor(3) as pool:
        fs = [pool.submit(task, n) for n in range(4)]
        for _ in range(3):
            arrived.acquire()
        log([f.running() for f in fs])
        gate.set()
        log([f.result() for f in fs])


@case("futures.thread.first-in-first-out", "tasks begin in the order of their submission")
def _():
    order = []
    with ThreadPoolExecutor(1) as pool:
        for n in range(6):
            pool.submit(order.append, n)
    log(order)


@case("futures.thread.submit-never-blocks", "submit() does not wait for a thread")
def _():
    gate = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        fs = [pool.submit(gate.wait) for _ in range(1000)]
        log(sum(f.done() for f in fs))
        gate.set()
    log(sum(f.done() for f in fs))


@case("futures.thread.names-assigned", "threads are named after the prefix")
def _():
    gate = threading.Event()
    with ThreadPoolExecutor(max_workers=5, thread_name_prefix="SpecialPool") as pool:
        for _ in range(5):
            pool.submit(gate.wait)
        log(workers("SpecialPool"))
        gate.set()


@case("futures.thread.names-default", "without a prefix threads are named ThreadPoolExecutor-N_M")
def _():
    gate = threading.Event()
    with ThreadPoolExecutor(max_workers=3) as pool:
        for _ in range(3):
            pool.submit(gate.wait)
        log([re.sub(r"\d+_", "N_", name) for name in workers("ThreadPoolExecutor-")])
        gate.set()


def pool_number(**options):
    with ThreadPoolExecutor(1, **options) as pool:
        return int(re.sub(r"\D*(\d+)_0", r"\1", pool.submit(lambda: threading.current_thread().name).result()))


@case("futures.thread.names-count", "pools without a prefix are counted, the others are not")
def _():
    first = pool_number()
    ThreadPoolExecutor(1, thread_name_prefix="named").shutdown()
    second = pool_number()
    ThreadPoolExecutor(1).shutdown()
    log(second - first, pool_number(thread_name_prefix="") - first)


@case("futures.thread.workers-are-threads", "the workers are threads like others, no daemons")
def _():
    with ThreadPoolExecutor(1, thread_name_prefix="plain") as pool:
        thread = pool.submit(threading.current_thread).result()
        log(thread.name, thread.daemon, thread.is_alive(), thread in threading.enumerate())
        log(thread is threading.current_thread())
    log(thread.is_alive())


@case("futures.thread.initializer", "every worker calls the initializer before its first task")
def _():
    status = threading.local()

    def init(value):
        status.value = value

    with ThreadPoolExecutor(2, initializer=init, initargs=("initialized",)) as pool:
        fs = [pool.submit(lambda: getattr(status, "value", "uninitialized")) for _ in range(4)]
        log([f.result() for f in fs])


@case("futures.thread.initializer-once", "one call for each worker that is started, none before")
def _():
    calls, gate = [], threading.Event()
    with ThreadPoolExecutor(3, initializer=calls.append, initargs=(7,)) as pool:
        log(calls)
        for _ in range(5):
            pool.submit(gate.wait)
        gate.set()
    log(calls)


def failing_pool(go):
    def init():
        go.wait()
        raise ValueError("error in initializer")

    return ThreadPoolExecutor(1, initializer=init, thread_name_prefix="failing")


@case("futures.thread.initializer-fails", "a failing initializer breaks the pool: what waits and what comes")
def _():
    go = threading.Event()
    with Logged() as logged, failing_pool(go) as pool:
        fs = [pool.submit(mul, 2, n) for n in range(3)]
        go.set()
        for f in fs:
            log(raised(f.result))
        log(repr(fs[0]))
        log(raised(lambda: pool.submit(mul, 2, 5)))
        log(raised(lambda: pool.map(abs, [1])))
    for message in logged.messages:
        log(message)


@case("futures.thread.initializer-fails-shutdown", "a broken pool can be shut down, and stays broken")
def _():
    go = threading.Event()
    with Logged():
        pool = failing_pool(go)
        f = pool.submit(mul, 2, 3)
        go.set()
        log(raised(f.result))
        pool.shutdown()
        log(workers("failing"))
        log(raised(lambda: pool.submit(mul, 2, 5)))


@case("futures.thread.shutdown-waits", "shutdown() returns when all work is done")
def _():
    done = []
    pool = ThreadPoolExecutor(5)
    fs = [pool.submit(done.append, n) for n in range(50)]
    pool.shutdown()
    log(len(done), sum(f.done() for f in fs), sum(f.cancelled() for f in fs))


@case("futures.thread.shutdown-no-wait", "shutdown(wait=False) returns at once, what was submitted is still done")
def _():
    gate = threading.Event()
    pool = ThreadPoolExecutor(1, thread_name_prefix="nowait")
    fs = [pool.submit(gate.wait), pool.submit(mul, 2, 3)]
    results = pool.map(abs, range(-3, 3))
    pool.shutdown(wait=False)
    log([f.done() for f in fs], raised(lambda: pool.submit(mul, 1, 1)))
    gate.set()
    log([f.result() for f in fs], list(results))
    pool.shutdown(wait=True)
    log(workers("nowait"))


@case("futures.thread.shutdown-idle", "shutdown() ends threads that wait for work")
def _():
    pool = ThreadPoolExecutor(2, thread_name_prefix="idle")
    pool.submit(mul, 2, 3).result()
    wait_until_blocked(1)
    pool.shutdown()
    log(workers("idle"))


@case("futures.thread.shutdown-options", "shutdown(wait, cancel_futures), all four")
def _():
    def states_after(wait, cancel_futures):
        started, gate = threading.Event(), threading.Event()

        def hold():
            started.set()
            return gate.wait()

        pool = ThreadPoolExecutor(1)
        fs = [pool.submit(hold)] + [pool.submit(mul, 2, n) for n in range(3)]
        started.wait()
        if cancel_futures:
            fs[-1].add_done_callback(lambda f: gate.set())
        thread = in_thread(lambda: pool.shutdown(wait=wait, cancel_futures=cancel_futures))
        if not cancel_futures:
            gate.set()
        thread.join()
        pool.shutdown()
        log([f.cancelled() for f in fs], [f.done() for f in fs])

    for wait in (True, False):
        for cancel_futures in (True, False):
            states_after(wait, cancel_futures)


@case("futures.thread.shutdown-cancels-later", "a second shutdown(cancel_futures=True) still cancels")
def _():
    started, gate = threading.Event(), threading.Event()

    def hold():
        started.set()
        return gate.wait()

    pool = ThreadPoolExecutor(1)
    fs = [pool.submit(hold), pool.submit(mul, 2, 3)]
    started.wait()
    pool.shutdown(wait=False)
    log(fs[1].cancelled())
    pool.shutdown(wait=False, cancel_futures=True)
    log(fs[1].cancelled(), fs[0].done())
    gate.set()
    pool.shutdown()
    log([f.done() for f in fs])


@case("futures.thread.with-waits", "leaving `with` waits for all work and ends the threads")
def _():
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="scope") as pool:
        log(list(pool.map(abs, range(-5, 5))))
        futures = [pool.submit(mul, n, 1) for n in range(6)]
    log(all(f.done() for f in futures), workers("scope"))
    for f in futures:
        log(f.result())


@case("futures.thread.dropped", "the results of a pool that is gone can still be read")
def _():
    pool = ThreadPoolExecutor(max_workers=5)
    results = pool.map(abs, range(-5, 5))
    f = pool.submit(mul, 2, 3)
    del pool
    log(list(results), f.result())


@case("futures.thread.submit-from-worker", "a task may submit to its own pool")
def _():
    with ThreadPoolExecutor(1) as pool:
        inner = pool.submit(lambda: pool.submit(mul, 6, 7)).result()
        log(inner.result())


@case("futures.thread.submit-from-worker-after-shutdown", "nor may a task submit after shutdown()")
def _():
    closed = threading.Event()

    def task():
        closed.wait()
        return pool.submit(mul, 6, 7).result()

    pool = ThreadPoolExecutor(2)
    f = pool.submit(task)
    pool.shutdown(wait=False)
    closed.set()
    log(raised(f.result))
    pool.shutdown()


@case("futures.thread.nested-pools", "a task may have a pool of its own")
def _():
    def task(n):
        with ThreadPoolExecutor(2) as inner:
            return sum(inner.map(mul, range(n), range(n)))

    with ThreadPoolExecutor(2) as outer:
        log(list(outer.map(task, range(5))))


@case("futures.thread.task-raises", "a task that raises does not cost its thread")
def _():
    def fail():
        idents.append(threading.get_ident())
        raise ValueError("bad")

    idents = []
    with ThreadPoolExecutor(1) as pool:
        log(raised(pool.submit(fail).result))
        log(pool.submit(threading.get_ident).result() == idents[0])


@case("futures.thread.task-raises-base-exception", "SystemExit ends the task, not the thread or the program")
def _():
    def leave():
        raise SystemExit(3)

    with ThreadPoolExecutor(1) as pool:
        f = pool.submit(leave)
        log(raised(f.result).split(":")[0], repr(f))
        log(pool.submit(mul, 2, 3).result())


@case("futures.thread.cancel-queued", "a queued task can be cancelled and never runs")
def _():
    started, gate, ran = threading.Event(), threading.Event(), []

    def hold():
        started.set()
        return gate.wait()

    with ThreadPoolExecutor(1) as pool:
        running, queued = pool.submit(hold), pool.submit(ran.append, 1)
        started.wait()
        log(running.cancel(), queued.cancel())
        log(running.running(), queued.cancelled(), len(futures.wait([queued], timeout=0).done))
        gate.set()
        log(len(futures.wait([running, queued]).done), raised(queued.result))
    log(ran)


@case("futures.thread.callback-in-worker", "callbacks run in the worker that finished the task")
def _():
    gate, name = threading.Event(), []
    with ThreadPoolExecutor(1, thread_name_prefix="caller") as pool:
        f = pool.submit(gate.wait)
        f.add_done_callback(lambda f: name.append(threading.current_thread().name))
        gate.set()
    log(name)


@case("futures.thread.callback-raises", "a callback that raises does not cost the thread")
def _():
    def raising(f):
        raise ValueError("doh!")

    gate = threading.Event()
    with Logged() as logged, ThreadPoolExecutor(1) as pool:
        f = pool.submit(gate.wait)
        f.add_done_callback(raising)
        gate.set()
        log(pool.submit(mul, 2, 3).result(), f.result())
    for message in logged.messages:
        log(message)


@case("futures.thread.work-shared-with-others", "pools are independent of each other")
def _():
    gate = threading.Event()
    with ThreadPoolExecutor(1) as busy, ThreadPoolExecutor(1) as free:
        blocked = busy.submit(gate.wait)
        log(free.submit(mul, 2, 3).result(), blocked.done())
        gate.set()


def program(text):
    """Runs a program of its own; what it printed, and whether it complained."""
    ended = subprocess.run([sys.executable, "-c", text], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for line in ended.stdout.decode().splitlines():
        log(line)
    log(ended.returncode)


PRELUDE = """
import threading
from concurrent.futures import ThreadPoolExecutor
def late(text):
    threading.Event().wait(0.05)
    print(text, flush=True)
"""


@case("futures.thread.exit-finishes-work", "at the end of the program a pool's work is finished")
def _():
    program(PRELUDE + "pool = ThreadPoolExecutor(1)\npool.submit(late, 'apple')\npool.submit(late, 'pear')\n")


@case("futures.thread.exit-after-shutdown-no-wait", "so is it after shutdown(wait=False)")
def _():
    program(
        PRELUDE
        + "pool = ThreadPoolExecutor(3)\npool.submit(late, 'apple').add_done_callback(lambda f: print('done'))\n"
        + "pool.shutdown(wait=False)\n"
    )


@case("futures.thread.exit-after-cancel-futures", "after shutdown(wait=False, cancel_futures=True) what runs is finished")
def _():
    program(
        PRELUDE
        + "pool = ThreadPoolExecutor(1)\nstarted = threading.Event()\n"
        + "pool.submit(lambda: (started.set(), late('apple')))\npool.submit(late, 'pear')\nstarted.wait()\n"
        + "pool.shutdown(wait=False, cancel_futures=True)\n"
    )


@case("futures.thread.submit-at-exit", "no work is taken once the program ends")
def _():
    program(
        """
import atexit
@atexit.register
def run_last():
    for pool in (fresh, used):
        try:
            pool.submit(id, None)
        except RuntimeError as error:
            print(error if pool is fresh else type(error).__name__)
"""
        + PRELUDE
        + "fresh, used = ThreadPoolExecutor(5), ThreadPoolExecutor(5)\nused.submit(id, 42).result()\n"
    )


@case("futures.thread.fork-while-submitting", "a child process forked while a pool is busy can have a pool")
def _():
    def child():
        with ThreadPoolExecutor(1) as pool:
            os._exit(pool.submit(mul, 6, 7).result())

    def submit():
        if not stop.is_set():
            busy.submit(submit)

    stop = threading.Event()
    with ThreadPoolExecutor(1) as busy:
        busy.submit(submit)
        exits = []
        for _ in range(20):
            pid = os.fork()
            if pid == 0:
                child()
            exits.append(os.waitpid(pid, 0)[1] >> 8)
        stop.set()
    log(exits)


@case("futures.thread.options-order", "their names and order are those of the signature")
def _():
    log(*[name for name in inspect.signature(ThreadPoolExecutor).parameters if name != "initargs"])
