"""Twins of conformance/queue/lifo_queue_test.cpp. What it shares with Queue is asked in queue.py."""

import queue
import threading

from case import case, log, raised, wait_until_blocked
from support import Failing, drain, failing


@case("queue.lifo.order", "the last in is the first out")
def _():
    q = queue.LifoQueue()
    for item in (111, 333, 222):
        q.put(item)
    log([q.get() for _ in range(3)])


@case("queue.lifo.interleaved", "each get takes the newest of what is held")
def _():
    q, seen = queue.LifoQueue(), []
    for first in (0, 10, 20):
        q.put(first)
        q.put(first + 1)
        seen.append(q.get())
    log(seen + drain(q))


@case("queue.lifo.through-reuse", "the order holds through growth and reuse")
def _():
    q, model, same = queue.LifoQueue(), [], True
    for step in range(1000):
        if step % 5 < 3:
            q.put(step)
            model.append(step)
        else:
            same = same and q.get() == model.pop()
    while model:
        same = same and q.get() == model.pop()
    log(same, q.empty())


@case("queue.lifo.is-a-queue", "serves wherever a Queue is asked for")
def _():
    def use(q):
        q.put(1)
        q.put(2)
        return [q.get(), q.get()]

    log(issubclass(queue.LifoQueue, queue.Queue), use(queue.LifoQueue()), use(queue.Queue()))


@case("queue.lifo.blocked-putter-comes-last", "what a blocked put stores is the newest")
def _():
    q = queue.LifoQueue(2)
    q.put(1)
    q.put(2)
    putter = threading.Thread(target=lambda: q.put(3))
    putter.start()
    wait_until_blocked(1)
    log(q.get())
    putter.join()
    log(q.get(), q.get(), raised(q.get_nowait))


class FailingLifoQueue(Failing, queue.LifoQueue):
    pass


@case("queue.lifo.failing-get", "a get that fails loses nothing and keeps the order")
def _():
    q = FailingLifoQueue()
    for item in (1, 2, 3):
        q.put(item)
    log(failing(q.next_get, q.get), q.qsize())
    log([q.get() for _ in range(3)])
