"""Twins of conformance/queue/queue_test.cpp. What Queue, LifoQueue and PriorityQueue share is asked of all three."""

import inspect
import queue
import threading

from case import case, log, now, raised, times, wait_until_blocked
from support import (
    Blocked,
    Failing,
    Item,
    Threads,
    alive,
    failing,
    in_order,
    outcome,
    pass_through,
    produce,
    put_items,
    together,
    wait_in_two,
)

KINDS = (queue.Queue, queue.LifoQueue, queue.PriorityQueue)


def each_kind(maxsize, body):
    for kind in KINDS:
        log(kind.__name__)
        body(kind(maxsize))


# Bounds


@case("queue.maxsize.default-unbounded", "a queue has no bound unless one is given")
def _():
    q = queue.Queue()
    for item in range(1000):
        q.put_nowait(item)
    log(q.maxsize, q.qsize(), q.full())


@case("queue.maxsize.not-positive-unbounded", "a maxsize of zero or less is no bound")
def _():
    for maxsize in (0, -1, -7):
        q = queue.Queue(maxsize)
        for item in range(100):
            q.put_nowait(item)
        log(q.maxsize, q.qsize(), q.full())


@case("queue.maxsize.bounds-the-items", "maxsize items fit and no more")
def _():
    def body(q):
        for _ in range(5):
            q.put_nowait(1)
        log(raised(lambda: q.put_nowait(1)), q.qsize())
        for _ in range(5):
            q.get_nowait()
        log(raised(lambda: q.get_nowait()), q.qsize())

    each_kind(5, body)


@case("queue.maxsize.shrink-keeps-full", "a queue that holds more than a lowered maxsize is full")
def _():
    def body(q):
        for item in (1, 2, 3):
            q.put(item)
        log(raised(lambda: q.put_nowait(4)), q.qsize())
        q.maxsize = 2
        log(raised(lambda: q.put_nowait(4)), q.qsize(), q.full(), q.maxsize)
        q.get()
        log(raised(lambda: q.put_nowait(4)), q.full())
        q.get()
        log(raised(lambda: q.put_nowait(4)), q.full())

    each_kind(3, body)


@case("queue.maxsize.grow", "a raised maxsize makes room at once")
def _():
    q = queue.Queue(1)
    q.put(1)
    log(raised(lambda: q.put_nowait(2)))
    q.maxsize = 2
    log(raised(lambda: q.put_nowait(2)), raised(lambda: q.put_nowait(3)))
    q.maxsize = 0
    log(raised(lambda: q.put_nowait(3)), q.full(), q.qsize())


@case("queue.maxsize.grow-under-a-putter", "a blocked put goes on after a raise and a get")
def _():
    q = queue.Queue(1)
    q.put(1)
    with Threads() as threads:
        threads.start(lambda: q.put(2))
        wait_until_blocked(1)
        q.maxsize = 2
        log(q.get())
    log(q.qsize(), q.get())


# Sizes


@case("queue.qsize.counts", "the number of items held")
def _():
    def body(q):
        sizes = [q.qsize()]
        for item in (3, 1, 2):
            q.put(item)
            sizes.append(q.qsize())
        for _ in range(3):
            q.get()
            sizes.append(q.qsize())
        log(sizes)

    each_kind(0, body)


@case("queue.empty.nothing-held", "true when nothing is held")
def _():
    def body(q):
        before = q.empty()
        q.put(1)
        held = q.empty()
        q.get()
        log(before, held, q.empty())

    each_kind(0, body)


@case("queue.full.at-maxsize", "true from maxsize items on")
def _():
    def body(q):
        states = [q.full()]
        for item in (1, 2):
            q.put(item)
            states.append(q.full())
        q.get()
        log(states, q.full())

    each_kind(2, body)


# Order


@case("queue.order.fifo", "the first in is the first out")
def _():
    q = queue.Queue(5)
    for item in (111, 333, 222):
        q.put(item)
    log([q.get() for _ in range(3)])


@case("queue.order.through-reuse", "the order holds through growth and reuse")
def _():
    q, seen, put = queue.Queue(), [], 0
    for _ in range(300):
        for _ in range(3):
            q.put(put)
            put += 1
        seen += [q.get(), q.get()]
    log(q.qsize())
    while not q.empty():
        seen.append(q.get())
    log(len(seen), seen == list(range(put)))


# put


@case("queue.put.blocks-while-full", "waits for a free slot")
def _():
    def body(q):
        q.put(1)
        blocked = Blocked(lambda: q.put(2))
        log(blocked.said, q.qsize())
        q.get()
        blocked.join()
        log(blocked.said, q.qsize())

    each_kind(1, body)


@case("queue.put.timeout-full", "raises Full after the timeout, never before")
def _():
    def body(q):
        q.put(1)
        start = now()
        log(raised(lambda: q.put(2, timeout=times.must_expire)))
        log("waited", now() - start >= times.must_expire, q.qsize())

    each_kind(1, body)


@case("queue.put.timeout-slot-freed", "goes on when a slot is freed in time")
def _():
    def body(q):
        q.put(1)
        blocked = Blocked(lambda: q.put(2, timeout=times.must_not_expire))
        q.get()
        blocked.join()
        log(blocked.said, q.qsize())

    each_kind(1, body)


@case("queue.put.timeout-zero", "a timeout of zero polls")
def _():
    q = queue.Queue(1)
    log(raised(lambda: q.put(1, timeout=0)), q.qsize())
    log(raised(lambda: q.put(2, timeout=0)), q.qsize())


@case("queue.put.block-false", "does not wait, whatever the timeout")
def _():
    q = queue.Queue(1)
    log(raised(lambda: q.put(1, block=False, timeout=-1)), q.qsize())
    log(raised(lambda: q.put(2, block=False)))
    log(raised(lambda: q.put(2, block=False, timeout=times.must_not_expire)))
    log(raised(lambda: q.put(2, block=False, timeout=-1)), q.qsize())


@case("queue.put.nowait", "put_nowait is put without waiting")
def _():
    q = queue.Queue(1)
    log(raised(lambda: q.put_nowait(1)), raised(lambda: q.put_nowait(2)), q.qsize())


@case("queue.put.negative-timeout", "a bounded queue refuses a negative timeout, room or not")
def _():
    def body(q):
        log(raised(lambda: q.put(1, timeout=-1)), q.qsize(), q.unfinished_tasks)
        q.put(1)
        log(raised(lambda: q.put(2, timeout=-1)), q.qsize(), q.unfinished_tasks)

    each_kind(1, body)


@case("queue.put.negative-timeout-unbounded", "an unbounded queue does not look at the timeout")
def _():
    def body(q):
        log(raised(lambda: q.put(1, timeout=-1)), q.qsize())

    each_kind(0, body)


@case("queue.put.serves-one-getter", "one put lets one waiting get return")
def _():
    q, taken = queue.Queue(), queue.Queue()
    with Threads() as threads:
        for _ in range(3):
            threads.start(lambda: taken.put(q.get()))
        wait_until_blocked(3)
        for item in (1, 2, 3):
            q.put(item)
            log(taken.get(), q.qsize(), taken.qsize())
            wait_until_blocked(3 - item)
    log(q.qsize(), taken.qsize())


# get


@case("queue.get.blocks-until-put", "waits for an item")
def _():
    def body(q):
        blocked = Blocked(q.get)
        log(blocked.said)
        q.put(7)
        blocked.join()
        log(blocked.said, q.qsize())

    each_kind(0, body)


@case("queue.get.timeout-empty", "raises Empty after the timeout, never before")
def _():
    def body(q):
        start = now()
        log(raised(lambda: q.get(timeout=times.must_expire)))
        log("waited", now() - start >= times.must_expire)

    each_kind(0, body)


@case("queue.get.timeout-item-put", "returns an item that comes in time")
def _():
    def body(q):
        blocked = Blocked(lambda: q.get(timeout=times.must_not_expire))
        q.put(7)
        blocked.join()
        log(blocked.said, q.qsize())

    each_kind(0, body)


@case("queue.get.timeout-zero", "a timeout of zero polls")
def _():
    q = queue.Queue()
    log(raised(lambda: q.get(timeout=0)))
    q.put(1)
    log(q.get(timeout=0))


@case("queue.get.timeout-of-decades", "a timeout of decades does not overflow")
def _():
    q = queue.Queue()
    blocked = Blocked(lambda: q.get(timeout=1e9))
    q.put(7)
    blocked.join()
    log(blocked.said)


@case("queue.get.timeout-too-large", "a timeout that the clock cannot hold is an OverflowError, once there is need to wait")
def _():
    def body(q):
        q.put(1)
        log(raised(lambda: q.put(2, timeout=1e10)), q.qsize())
        log(q.get(timeout=1e10))
        log(raised(lambda: q.get(timeout=1e10)))

    each_kind(1, body)


@case("queue.get.block-false", "does not wait, whatever the timeout")
def _():
    q = queue.Queue()
    log(raised(lambda: q.get(block=False)))
    log(raised(lambda: q.get(block=False, timeout=times.must_not_expire)))
    log(raised(lambda: q.get(block=False, timeout=-1)))
    q.put(1)
    log(q.get(block=False, timeout=-1))


@case("queue.get.nowait", "get_nowait is get without waiting")
def _():
    q = queue.Queue()
    log(raised(lambda: q.get_nowait()))
    q.put(1)
    log(q.get_nowait(), q.qsize())


@case("queue.get.negative-timeout", "a negative timeout is refused, item or not")
def _():
    def body(q):
        log(raised(lambda: q.get(timeout=-1)))
        q.put(1)
        log(raised(lambda: q.get(timeout=-1)), q.qsize())

    each_kind(5, body)


@case("queue.get.takes-one-item", "each get takes exactly one item")
def _():
    def body(q):
        for item in (1, 2, 3):
            q.put(item)
        items, sizes = [], []
        while not q.empty():
            items.append(q.get())
            sizes.append(q.qsize())
        log(sizes, sorted(items))

    each_kind(0, body)


@case("queue.get.frees-one-putter", "one get lets one waiting put return")
def _():
    q, done = queue.Queue(1), queue.Queue()
    q.put(0)
    with Threads() as threads:
        for _ in range(3):
            threads.start(lambda: done.put(q.put(1) is None))
        wait_until_blocked(3)
        for left in (2, 1, 0):
            q.get()
            log(done.get(), q.qsize(), done.qsize())
            wait_until_blocked(left)
    log(q.qsize(), done.qsize())


# task_done and join


@case("queue.task-done.too-many", "more task_done than items put is refused and changes nothing")
def _():
    def body(q):
        log(raised(q.task_done), q.unfinished_tasks)
        q.put(1)
        q.get()
        log(raised(q.task_done), raised(q.task_done), q.unfinished_tasks)
        q.put(2)
        log(q.unfinished_tasks, q.qsize())

    each_kind(0, body)


@case("queue.task-done.counts-puts", "what counts is what was put, not what was taken")
def _():
    q = queue.Queue()
    q.put(1)
    log(raised(q.task_done), raised(q.task_done), q.qsize())
    q.join()
    log(q.get())


@case("queue.unfinished-tasks.counts", "up with a put, down with task_done, unmoved by a get")
def _():
    def body(q):
        counts = [q.unfinished_tasks]
        for act in (lambda: q.put(1), lambda: q.put(2), q.get, q.task_done, q.get, q.task_done):
            act()
            counts.append(q.unfinished_tasks)
        log(counts)

    each_kind(0, body)


@case("queue.join.nothing-unfinished", "returns at once when nothing is unfinished")
def _():
    def body(q):
        log(raised(q.join))
        q.put(1)
        q.get()
        q.task_done()
        log(raised(q.join))

    each_kind(0, body)


@case("queue.join.waits-for-task-done", "an item taken is not an item done")
def _():
    def body(q):
        q.put(1)
        q.put(2)
        blocked = Blocked(q.join)
        for act in (q.get, q.get, q.task_done):
            act()
            wait_until_blocked(1)
            log(blocked.said, q.qsize(), q.unfinished_tasks)
        q.task_done()
        blocked.join()
        log(blocked.said)

    each_kind(0, body)


@case("queue.join.all-joiners", "every joiner is released")
def _():
    q = queue.Queue()
    q.put(1)
    blocked = Blocked(q.join, q.join, q.join)
    q.get()
    q.task_done()
    blocked.join()
    log(blocked.said)


@case("queue.join.put-meanwhile", "an item put during a join is waited for too")
def _():
    q = queue.Queue()
    q.put(1)
    blocked = Blocked(q.join)
    q.put(2)
    q.task_done()
    wait_until_blocked(1)
    log(blocked.said, q.unfinished_tasks)
    q.task_done()
    blocked.join()
    log(blocked.said)


@case("queue.join.again", "join works again and again, with workers that stop on a sign")
def _():
    def work(q, total, lock):
        while True:
            item = q.get()
            if item < 0:
                q.task_done()
                return
            with lock:
                total[0] += item
            q.task_done()

    def round_of(q):
        total, lock = [0], threading.Lock()
        with Threads() as threads:
            for _ in range(2):
                threads.start(lambda: work(q, total, lock))
            for item in range(100):
                q.put(item)
            q.join()
            log(total[0])
            q.put(-1)
            q.put(-1)
            q.join()
        log(q.unfinished_tasks)

    def body(q):
        round_of(q)
        round_of(q)
        log(raised(q.task_done))

    each_kind(0, body)


# Items


@case("queue.items.same-object", "what is shared when it is put is shared when it is taken")
def _():
    q, item = queue.Queue(), Item(1)
    q.put(item)
    item.number = 2
    taken = q.get()
    log(taken is item, taken.number)


@case("queue.items.alive-while-held", "an item lives in the queue until it is taken, and dies with the queue")
def _():
    q = queue.Queue()
    watchers = put_items(q, 3)
    log(alive(watchers))
    q.get()
    log(alive(watchers), watchers[0]() is None)
    del q
    log(alive(watchers))


@case("queue.items.let-go-when-taken", "the queue keeps nothing of an item that was taken")
def _():
    q = queue.Queue()
    watchers = put_items(q, 20)
    gone = []
    for watcher in watchers:
        q.get()
        gone.append(watcher() is None)
    log(all(gone), len(gone))


# Trouble while an item is stored or handed out


class FailingQueue(Failing, queue.Queue):
    pass


@case("queue.failing.put", "a put that fails changes nothing")
def _():
    q = FailingQueue(5)
    for item in range(4):
        q.put(item)
    log(failing(q.next_put, lambda: q.put(9)), q.qsize(), q.unfinished_tasks)
    log(failing(q.next_put, lambda: q.put(9, block=False)), q.qsize())
    log(failing(q.next_put, lambda: q.put(9, timeout=times.must_not_expire)), q.qsize())
    q.put(4)
    log(q.full(), [q.get() for _ in range(5)])


@case("queue.failing.blocked-put", "a put that waited and fails changes nothing")
def _():
    q = FailingQueue(1)
    for options in ({}, {"timeout": times.must_not_expire}):
        q.put(1)
        with Threads() as threads:
            threads.start(lambda: log(failing(q.next_put, lambda: q.put(9, **options))))
            q.get()
        log(q.qsize(), q.unfinished_tasks)
        q.put(2)
        log(q.full(), q.get(), q.empty())


@case("queue.failing.get", "a get that fails loses nothing")
def _():
    q = FailingQueue(5)
    for item in range(3):
        q.put(item)
    log(failing(q.next_get, lambda: q.get()), q.qsize())
    log(failing(q.next_get, lambda: q.get(block=False)), q.qsize())
    log(failing(q.next_get, lambda: q.get(timeout=times.must_not_expire)), q.qsize())
    log([q.get() for _ in range(3)], q.unfinished_tasks)


@case("queue.failing.blocked-get", "a get that waited and fails loses nothing")
def _():
    q = FailingQueue(5)
    blocked = Blocked(lambda: failing(q.next_get, lambda: q.get()))
    q.put(1)
    blocked.join()
    log(blocked.said, q.qsize())
    log(q.get(), q.empty())


# Exceptions and parameters


@case("queue.exceptions.kinds", "three exceptions, each an Exception and none another, all without a text")
def _():
    for kind in (queue.Empty, queue.Full):
        log(kind.__name__, issubclass(kind, Exception), repr(str(kind())))
    log(issubclass(queue.Empty, queue.Full), issubclass(queue.Full, queue.Empty))


@case("queue.exceptions.shutdown-kind", "ShutDown is neither Empty nor Full", since="3.13")
def _():
    kind = queue.ShutDown
    log(kind.__name__, issubclass(kind, Exception), repr(str(kind())))
    log(issubclass(kind, queue.Empty), issubclass(kind, queue.Full))


@case("queue.options.order", "block, then timeout; waiting for ever is the default")
def _():
    for method in (queue.Queue.put, queue.Queue.get):
        parameters = [p for name, p in inspect.signature(method).parameters.items() if name in ("block", "timeout")]
        log(*[p.name for p in parameters])
        log(*[p.default for p in parameters])


# Many threads


@case("queue.concurrent.exactly-once", "every item is taken exactly once")
def _():
    def body(q):
        seen = pass_through(q, 4, 250, queue.Queue.get)
        log(q.qsize(), together(seen) == list(range(1000)))

    each_kind(0, body)
    each_kind(3, body)


@case("queue.concurrent.producer-order", "each consumer sees the items of a producer in their order")
def _():
    for maxsize in (0, 3):
        log(in_order(pass_through(queue.Queue(maxsize), 4, 250, queue.Queue.get), 250))


@case("queue.concurrent.never-over-maxsize", "a bounded queue never holds more than maxsize")
def _():
    def body(q):
        sizes = []
        with Threads() as threads:
            for number in range(3):
                threads.start(lambda number=number: produce(q, number, 200))
            for _ in range(600):
                sizes.append(q.qsize())
                q.get()
        log(max(sizes) <= 2, min(sizes) <= 2, q.qsize())

    each_kind(2, body)


@case("queue.blocked.uses-no-cpu", "a blocked thread uses no processor time")
def _():
    wait_in_two(queue.Queue(), queue.Queue())


# shutdown


@case("queue.shutdown.is-shutdown", "a queue can be shut down again, and immediately after not so", since="3.13")
def _():
    def body(q):
        q.put(1)
        log(q.is_shutdown)
        q.shutdown()
        log(q.is_shutdown, q.qsize())
        q.shutdown(immediate=True)
        log(q.is_shutdown, q.qsize())
        q.shutdown(immediate=False)
        q.shutdown()
        log(q.is_shutdown)

    each_kind(0, body)


@case("queue.shutdown.put-raises", "put raises ShutDown", since="3.13")
def _():
    def body(q):
        q.shutdown()
        log(raised(lambda: q.put(1)), raised(lambda: q.put_nowait(1)), q.qsize(), q.unfinished_tasks)

    each_kind(0, body)


@case("queue.shutdown.put-raises-when-full", "put raises ShutDown and not Full", since="3.13")
def _():
    def body(q):
        q.put(1)
        q.put_nowait(2)
        q.shutdown()
        log(raised(lambda: q.put(3)), raised(lambda: q.put_nowait(3)))
        log(raised(lambda: q.put(3, timeout=times.must_not_expire)), raised(lambda: q.put(3, block=False)), q.qsize())

    each_kind(2, body)


@case("queue.shutdown.get-raises-when-empty", "get raises ShutDown and not Empty", since="3.13")
def _():
    def body(q):
        q.shutdown()
        log(raised(lambda: q.get()), raised(lambda: q.get_nowait()))
        log(raised(lambda: q.get(timeout=times.must_not_expire)), raised(lambda: q.get(block=False)))

    each_kind(0, body)


@case("queue.shutdown.get-drains", "what is held can still be taken, then get raises ShutDown", since="3.13")
def _():
    def body(q):
        q.put(1)
        q.put(2)
        q.shutdown()
        taken = [q.get()]
        q.task_done()
        taken.append(q.get(timeout=times.must_not_expire))
        q.task_done()
        q.join()
        log(sorted(taken), raised(lambda: q.get()), raised(lambda: q.get_nowait()))

    each_kind(2, body)


@case("queue.shutdown.before-the-timeout", "the state is looked at before the timeout", since="3.13")
def _():
    q = queue.Queue(5)
    q.put(1)
    q.shutdown()
    log(raised(lambda: q.put(2, timeout=-1)), raised(lambda: q.get(timeout=-1)))
    q.get()
    log(raised(lambda: q.get(timeout=-1)))


@case("queue.shutdown.immediate-drops-items", "an immediate shutdown drops what is held and counts it as done", since="3.13")
def _():
    def body(q):
        q.put(1)
        q.put_nowait(2)
        q.shutdown(immediate=True)
        log(q.qsize(), q.empty(), q.unfinished_tasks)
        log(raised(lambda: q.put(3)), raised(lambda: q.put_nowait(3)))
        log(raised(lambda: q.get()), raised(lambda: q.get_nowait()))
        log(raised(q.task_done), raised(q.join))

    each_kind(2, body)


@case("queue.shutdown.immediate-destroys-items", "an immediate shutdown destroys what is held", since="3.13")
def _():
    q = queue.Queue()
    watchers = put_items(q, 3)
    q.shutdown()
    log(alive(watchers))
    q.shutdown(immediate=True)
    log(alive(watchers))


@case("queue.shutdown.wakes-getters", "blocked gets raise ShutDown", since="3.13")
def _():
    def body(q, immediate):
        blocked = Blocked(q.get, q.get, lambda: q.get(timeout=times.must_not_expire))
        q.shutdown(immediate)
        blocked.join()
        log(blocked.said)

    each_kind(0, lambda q: body(q, False))
    each_kind(0, lambda q: body(q, True))


@case("queue.shutdown.wakes-putters", "blocked puts raise ShutDown and put nothing", since="3.13")
def _():
    def body(q, immediate):
        q.put(0)
        blocked = Blocked(lambda: q.put(1), lambda: q.put(2), lambda: q.put(3, timeout=times.must_not_expire))
        q.shutdown(immediate)
        blocked.join()
        log(blocked.said, q.qsize(), q.unfinished_tasks)

    each_kind(1, lambda q: body(q, False))
    each_kind(1, lambda q: body(q, True))


@case("queue.shutdown.getters-share-the-rest", "threads that drain get each item once, the others ShutDown", since="3.13")
def _():
    def body(q):
        q.put(1)
        q.put(2)
        q.shutdown()
        said = [None] * 3

        def take(index):
            said[index] = outcome(q.get)

        with Threads() as threads:
            for index in range(3):
                threads.start(lambda index=index: take(index))
        log(sorted(said))

    each_kind(2, body)


@case("queue.shutdown.join-still-waits", "after a shutdown that is not immediate join waits for what is held", since="3.13")
def _():
    def body(q):
        q.put(1)
        q.put(2)
        blocked = Blocked(q.join, q.join)
        q.shutdown()
        wait_until_blocked(2)
        log(blocked.said, q.unfinished_tasks)
        for _ in range(2):
            q.get()
            q.task_done()
        blocked.join()
        log(blocked.said)

    each_kind(2, body)


@case("queue.shutdown.immediate-releases-join", "an immediate shutdown releases blocked joins, which do not raise", since="3.13")
def _():
    def body(q):
        q.put(1)
        q.put(2)
        blocked = Blocked(q.join, q.join)
        q.shutdown(immediate=True)
        blocked.join()
        log(blocked.said, q.unfinished_tasks, raised(q.join))

    each_kind(2, body)


@case("queue.shutdown.immediate-join-waits-for-taken", "what was taken before still has to be done", since="3.13")
def _():
    def body(q):
        q.put(1)
        q.put(2)
        q.get()
        blocked = Blocked(q.join)
        q.shutdown(immediate=True)
        wait_until_blocked(1)
        log(blocked.said, q.unfinished_tasks)
        log(raised(q.task_done), raised(q.task_done))
        blocked.join()
        log(blocked.said)

    each_kind(2, body)


@case("queue.shutdown.put-and-join", "a put that comes late raises, a join that waits is served", since="3.13")
def _():
    def body(q, immediate):
        q.put(1)
        blocked = Blocked(q.join)
        q.shutdown(immediate)
        log(raised(lambda: q.put(2)))
        if immediate:
            log(raised(q.get_nowait))
        else:
            log(q.get())
            q.task_done()
        blocked.join()
        log(blocked.said)

    each_kind(2, lambda q: body(q, False))
    each_kind(2, lambda q: body(q, True))


@case("queue.shutdown.many-threads", "producers, consumers and joiners all end", since="3.13")
def _():
    def write(q):
        while True:
            q.put(1)

    def read(q):
        while True:
            q.get()
            q.task_done()

    def body(q, immediate):
        ended = [None] * 5

        def run(index, act):
            ended[index] = raised(act)

        q.put(1)
        with Threads() as threads:
            for index, act in enumerate((lambda: write(q), lambda: write(q), q.join, q.join)):
                threads.start(lambda index=index, act=act: run(index, act))
            for _ in range(20):
                q.get()
            threads.start(lambda: run(4, lambda: read(q)))
            q.shutdown(immediate)
            for _ in range(20):
                q.task_done()
        log(ended, q.qsize(), q.unfinished_tasks)

    each_kind(50, lambda q: body(q, False))
    each_kind(50, lambda q: body(q, True))
