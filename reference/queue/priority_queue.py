"""Twins of conformance/queue/priority_queue_test.cpp. What it shares with Queue is asked in queue.py."""

import queue
import threading

from case import case, log, raised, wait_until_blocked
from support import drain


@case("queue.priority.lowest-first", "the lowest comes first")
def _():
    q = queue.PriorityQueue()
    for item in (111, 333, 222):
        q.put(item)
    log(drain(q))


@case("queue.priority.pairs", "pairs by their number, then by their data")
def _():
    q = queue.PriorityQueue()
    for item in ((2, "code"), (1, "eat"), (3, "sleep"), (1, "drink")):
        q.put(item)
    log(drain(q))


def numbers(count):
    """The same numbers in both languages."""
    state = 12345
    for _ in range(count):
        state = (state * 1103515245 + 12345) % 2147483648
        yield state // 65536 % 1000


@case("queue.priority.many", "any order in, ascending order out")
def _():
    q, items = queue.PriorityQueue(), list(numbers(2000))
    for item in items:
        q.put(item)
    taken = drain(q)
    log(taken == sorted(items), taken[:5], taken[-5:])


@case("queue.priority.interleaved", "each get takes the lowest of what is held")
def _():
    q, held, right = queue.PriorityQueue(), [], True
    for step, item in enumerate(numbers(1500)):
        q.put(item)
        held.append(item)
        if step % 3 == 2:
            taken = q.get()
            right = right and taken == min(held)
            held.remove(taken)
    log(right, drain(q) == sorted(held))


class Longest:
    """Compares the other way round: the longest text is the lowest."""

    def __init__(self, text):
        self.text = text

    def __lt__(self, other):
        return len(self.text) > len(other.text)


@case("queue.priority.custom-order", "the items' own comparison decides")
def _():
    q = queue.PriorityQueue()
    for text in ("bb", "a", "dddd", "ccc"):
        q.put(Longest(text))
    log([item.text for item in drain(q)])


class Task:
    """Only <, and only on the number; the name does not count."""

    def __init__(self, number, name):
        self.number, self.name = number, name

    def __lt__(self, other):
        return self.number < other.number


@case("queue.priority.only-less", "nothing but < is asked of the items")
def _():
    q = queue.PriorityQueue()
    for number in (2, 1, 3):
        q.put(Task(number, ""))
    log([task.number for task in drain(q)])


@case("queue.priority.equal-priorities", "equal priorities come in the order of CPython's heap")
def _():
    q = queue.PriorityQueue()
    for name in "abcdefgh":
        q.put(Task(1, name))
    log([task.name for task in drain(q)])
    for index, name in enumerate("abcdefghijkl"):
        q.put(Task(index % 3, name))
    log([task.name for task in drain(q)])


@case("queue.priority.equal-priorities-all-come", "of equal priorities each comes once, lower ones before")
def _():
    q = queue.PriorityQueue()
    for index, name in enumerate("abcdefghijkl"):
        q.put(Task(index % 3, name))
    taken = drain(q)
    log([task.number for task in taken], sorted(task.name for task in taken))


@case("queue.priority.is-a-queue", "serves wherever a Queue is asked for")
def _():
    def use(q):
        q.put(2)
        q.put(1)
        return [q.get(), q.get()]

    log(issubclass(queue.PriorityQueue, queue.Queue), use(queue.PriorityQueue()), use(queue.Queue()))


@case("queue.priority.blocked-putter", "what a blocked put stores finds its place")
def _():
    q = queue.PriorityQueue(2)
    q.put(5)
    q.put(7)
    putter = threading.Thread(target=lambda: q.put(1))
    putter.start()
    wait_until_blocked(1)
    log(q.get())
    putter.join()
    log(drain(q), raised(q.get_nowait))


@case("queue.priority.blocked-getter", "a blocked get takes what comes, however low")
def _():
    q, taken = queue.PriorityQueue(), []
    getter = threading.Thread(target=lambda: taken.append(q.get()))
    getter.start()
    wait_until_blocked(1)
    q.put(9)
    getter.join()
    q.put(1)
    log(taken, drain(q))
