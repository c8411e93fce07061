"""Twins of conformance/queue/simple_queue_test.cpp."""

import queue
import time

from case import case, log, now, raised, times, wait_until_blocked
from support import Blocked, Threads, alive, drain, in_order, pass_through, put_items, together, wait_in_two


@case("queue.simple.basic", "put and get in all their forms")
def _():
    q = queue.SimpleQueue()
    log(q.empty(), q.qsize())
    q.put(1)
    log(q.empty(), q.qsize())
    q.put(2)
    q.put_nowait(3)
    q.put(4)
    log(q.empty(), q.qsize())
    log(q.get(), q.qsize())
    log(q.get_nowait(), q.qsize())
    log(q.get(block=False), q.empty(), q.qsize())
    log(q.get(timeout=times.must_not_expire), q.empty(), q.qsize())


@case("queue.simple.order", "the first in is the first out")
def _():
    q = queue.SimpleQueue()
    for item in (111, 333, 222):
        q.put(item)
    log(drain(q))


@case("queue.simple.unbounded", "takes any number of items")
def _():
    q = queue.SimpleQueue()
    for item in range(3000):
        q.put(item)
    log(q.qsize())
    log(drain(q) == list(range(3000)))


@case("queue.simple.put-ignores-options", "put never waits: block and timeout are there for Queue's sake")
def _():
    q = queue.SimpleQueue()
    log(raised(lambda: q.put(1, block=True, timeout=-1)))
    log(raised(lambda: q.put(2, block=False)))
    log(raised(lambda: q.put(3, timeout=0)), q.qsize())


@case("queue.simple.get-blocks", "waits for an item")
def _():
    q = queue.SimpleQueue()
    blocked = Blocked(q.get)
    log(blocked.said)
    q.put(7)
    blocked.join()
    log(blocked.said)


@case("queue.simple.timeout-empty", "raises Empty after the timeout, never before")
def _():
    q, start = queue.SimpleQueue(), now()
    log(raised(lambda: q.get(timeout=times.must_expire)))
    log("waited", now() - start >= times.must_expire, q.qsize())


@case("queue.simple.timeout-item-put", "returns an item that comes in time")
def _():
    q = queue.SimpleQueue()
    blocked = Blocked(lambda: q.get(timeout=times.must_not_expire))
    q.put(7)
    blocked.join()
    log(blocked.said)


@case("queue.simple.timeout-zero", "a timeout of zero polls")
def _():
    q = queue.SimpleQueue()
    log(raised(lambda: q.get(timeout=0)))
    q.put(1)
    log(q.get(timeout=0))


@case("queue.simple.get-without-waiting", "raises Empty at once, whatever the timeout")
def _():
    q = queue.SimpleQueue()
    log(raised(lambda: q.get_nowait()), raised(lambda: q.get(block=False)))
    log(raised(lambda: q.get(block=False, timeout=times.must_not_expire)))
    log(raised(lambda: q.get(block=False, timeout=-1)))
    q.put(1)
    log(q.get(block=False, timeout=-1), q.empty(), q.qsize())


@case("queue.simple.negative-timeout", "a negative timeout is refused, item or not")
def _():
    q = queue.SimpleQueue()
    log(raised(lambda: q.get(timeout=-1)))
    q.put(1)
    log(raised(lambda: q.get(timeout=-1)), q.qsize())


@case("queue.simple.nan-timeout", "a timeout that is no number is refused")
def _():
    log(raised(lambda: queue.SimpleQueue().get(timeout=float("nan"))))


@case("queue.simple.timeout-too-large", "a timeout that the clock cannot hold is an OverflowError")
def _():
    log(raised(lambda: queue.SimpleQueue().get(timeout=1e10)))


@case("queue.simple.what-it-lacks", "no bound, no tasks, no shutdown; not a Queue")
def _():
    for name in ("maxsize", "full", "task_done", "join", "shutdown"):
        log(name, hasattr(queue.SimpleQueue, name))
    log(issubclass(queue.SimpleQueue, queue.Queue))


@case("queue.simple.serves-one-getter", "one put lets one waiting get return")
def _():
    q, taken = queue.SimpleQueue(), queue.SimpleQueue()
    with Threads() as threads:
        for _ in range(3):
            threads.start(lambda: taken.put(q.get()))
        wait_until_blocked(3)
        for item in (1, 2, 3):
            q.put(item)
            log(taken.get(), q.qsize(), taken.qsize())
            wait_until_blocked(3 - item)


@case("queue.simple.let-go-when-taken", "the queue keeps nothing of an item that was taken")
def _():
    q, gone = queue.SimpleQueue(), []
    for watcher in put_items(q, 20):
        q.get()
        gone.append(watcher() is None)
    log(all(gone), len(gone))


@case("queue.simple.alive-while-held", "an item lives in the queue until it is taken, and dies with the queue")
def _():
    q = queue.SimpleQueue()
    watchers = put_items(q, 3)
    log(alive(watchers))
    q.get()
    log(alive(watchers), watchers[0]() is None)
    del q
    log(alive(watchers))


class Echo:
    """Puts a number of its own into the queue when it dies, as an item may."""

    def __init__(self, q, number):
        self.q, self.number = q, number

    def __del__(self):
        self.q.put(self.number)


@case("queue.simple.reentrant", "what dies while the queue works may put into it")
def _():
    q, seen = queue.SimpleQueue(), []
    for number in range(0, 200, 2):
        q.put(Echo(q, number + 1))
        q.put(number)
        q.get()
        seen.append(q.get())
        seen.append(q.get())
    log(seen == list(range(200)), q.qsize())


# Many threads


def get_polling(q):
    while True:
        try:
            return q.get(block=False)
        except queue.Empty:
            time.sleep(0)


def get_with_timeout(q):
    while True:
        try:
            return q.get(timeout=0.00001)
        except queue.Empty:
            pass


def pass_by(get, pairs, count):
    """What each consumer saw, and that nothing is left."""
    q = queue.SimpleQueue()
    seen = pass_through(q, pairs, count, get)
    log(q.empty(), q.qsize())
    return seen


@case("queue.simple.one-to-one", "one producer, one consumer: the order of the puts")
def _():
    log(pass_by(queue.SimpleQueue.get, 1, 1000)[0] == list(range(1000)))


@case("queue.simple.many-threads", "every item is taken exactly once")
def _():
    log(together(pass_by(queue.SimpleQueue.get, 8, 250)) == list(range(2000)))


@case("queue.simple.many-threads-polling", "every item is taken exactly once, by gets that do not wait")
def _():
    log(together(pass_by(get_polling, 8, 100)) == list(range(800)))


@case("queue.simple.many-threads-timeout", "every item is taken exactly once, by gets that time out and try again")
def _():
    log(together(pass_by(get_with_timeout, 8, 100)) == list(range(800)))


@case("queue.simple.producer-order", "each consumer sees the items of a producer in their order")
def _():
    log(in_order(pass_by(queue.SimpleQueue.get, 4, 250), 250))


@case("queue.simple.uses-no-cpu", "a blocked thread uses no processor time")
def _():
    wait_in_two(queue.SimpleQueue(), queue.SimpleQueue())
