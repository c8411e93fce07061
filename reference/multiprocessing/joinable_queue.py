"""Twins of conformance/multiprocessing/joinable_queue_test.cpp."""

import multiprocessing

from case import case, log, raised, times
from support import Blocked, each_method, started

JoinableQueue = multiprocessing.JoinableQueue


@case("multiprocessing.joinable-queue.join.waits", "until all is done")
def _():
    q, joined = JoinableQueue(), multiprocessing.Semaphore(0)
    for number in range(3):
        q.put(number)
    blocked = Blocked(lambda: (q.join(), joined.release())[0])
    for _ in range(3):
        q.get()
        log(joined.acquire(timeout=times.brief))
        q.task_done()
    log(joined.acquire(timeout=times.must_not_expire))
    blocked.join()


@case("multiprocessing.joinable-queue.join.nothing", "at once where nothing is to do")
def _():
    q = JoinableQueue()
    q.join()
    q.put(1)
    log(q.get())
    q.task_done()
    q.join()
    q.join()


@case("multiprocessing.joinable-queue.task-done.too-many", "not oftener than items were put")
def _():
    q = JoinableQueue()
    log(raised(q.task_done))
    q.put(1)
    q.get()
    log(raised(q.task_done), raised(q.task_done))


@case("multiprocessing.joinable-queue.is-a-queue", "bounds, order, sizes")
def _():
    q = JoinableQueue(2)
    log(q.full(), q.empty(), q.qsize(), isinstance(q, type(multiprocessing.Queue())))
    q.put("first")
    q.put("second")
    log(q.full(), q.qsize(), raised(lambda: q.put("third", timeout=times.brief)), raised(lambda: q.put_nowait("third")))
    log(q.get(), q.get(), raised(q.get_nowait), raised(lambda: q.get(timeout=times.brief)))


def work(q, results):
    for number in iter(q.get, None):
        results.put(number * number)
        q.task_done()
    q.task_done()


@case("multiprocessing.joinable-queue.processes.crosses", "put here, done there")
def _():
    def share(context):
        q, results = context.JoinableQueue(), context.Queue()
        workers = [started(context, work, q, results) for _ in range(3)]
        for number in range(20):
            q.put(number)
        q.join()
        log(sorted(results.get() for _ in range(20)) == [number * number for number in range(20)])
        for _ in workers:
            q.put(None)
        q.join()
        for worker in workers:
            worker.join()
        log([worker.exitcode for worker in workers])

    each_method(share)


def join_and_tell(q, ready, joined):
    ready.release()
    q.join()
    joined.release()


@case("multiprocessing.joinable-queue.join.woken", "all that wait, everywhere")
def _():
    context = multiprocessing.get_context("fork")
    q, ready, joined = context.JoinableQueue(), context.Semaphore(0), context.Semaphore(0)
    q.put(1)
    children = [started(context, join_and_tell, q, ready, joined) for _ in range(2)]
    for _ in children:
        ready.acquire()
    blocked = Blocked(lambda: (q.join(), joined.release())[0])
    log(joined.acquire(timeout=times.brief))
    q.get()
    q.task_done()
    for child in children:
        child.join()
    blocked.join()
    log(joined.get_value())


@case("multiprocessing.joinable-queue.refused-item", "what was refused is not waited for")
def _():
    q = JoinableQueue(1)
    q.put(1)
    log(raised(lambda: q.put_nowait(2)), raised(lambda: q.put(3, timeout=times.brief)), q.get())
    q.task_done()
    q.join()
    log(raised(q.task_done))
