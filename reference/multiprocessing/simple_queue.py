"""Twins of conformance/multiprocessing/simple_queue_test.cpp."""

import multiprocessing
import os
import signal

from case import case, log, raised
from support import METHODS, Blocked, Folder, each_method, enter, hold, killed, note, open_gate, started, until_dropped

SimpleQueue = multiprocessing.SimpleQueue


@case("multiprocessing.simple-queue.order", "the first in is the first out")
def _():
    q = SimpleQueue()
    log(q.empty())
    for number in range(5):
        q.put(number)
    log(q.empty(), [q.get() for _ in range(5)], q.empty())


@case("multiprocessing.simple-queue.get.waits", "waits for an item")
def _():
    q = SimpleQueue()
    blocked = Blocked(q.get)
    log(q.empty(), blocked.said)
    q.put(5)
    blocked.join()
    log(blocked.said, q.empty())


@case("multiprocessing.simple-queue.values", "what was put")
def _():
    q = SimpleQueue()
    for item in ([11, None, "lily"], None, "", (1.5, True)):
        q.put(item)
        log(q.empty(), repr(q.get()))


@case("multiprocessing.simple-queue.large", "larger than any buffer")
def _():
    q = SimpleQueue()
    blocked = Blocked(lambda: len(q.get()))
    q.put("x" * (8 * 1024 * 1024))
    blocked.join()
    log(blocked.said)


def double(source, target):
    for number in iter(source.get, None):
        target.put(number * 2)


@case("multiprocessing.simple-queue.processes.crosses", "the same queue there")
def _():
    def both_ways(context):
        source, target = context.SimpleQueue(), context.SimpleQueue()
        child = started(context, double, source, target)
        for number in (1, 2, 3):
            source.put(number)
        log([target.get() for _ in range(3)], target.empty())
        source.put(None)
        child.join()
        log(child.exitcode)

    each_method(both_ways)


def put_numbers(q, first, count):
    for number in range(first, first + count):
        q.put(number)


@case("multiprocessing.simple-queue.processes.once", "none lost, none twice")
def _():
    context = multiprocessing.get_context("fork")
    source, target = context.SimpleQueue(), context.SimpleQueue()
    consumers = [started(context, double, source, target) for _ in range(2)]
    producers = [started(context, put_numbers, source, first * 200, 200) for first in range(3)]
    log(sorted(target.get() for _ in range(600)) == list(range(0, 1200, 2)))
    for _ in consumers:
        source.put(None)
    for child in consumers + producers:
        child.join()
    log(source.empty(), target.empty())


@case("multiprocessing.simple-queue.close", "nothing more")
def _():
    q = SimpleQueue()
    q.close()
    q.close()
    log(raised(lambda: q.put(1)), raised(q.get), raised(q.empty))


class Unwilling:
    def __reduce__(self):
        raise ValueError("not me")


@case("multiprocessing.simple-queue.not-picklable", "what cannot be pickled is not put")
def _():
    q = SimpleQueue()
    log(raised(lambda: q.put(Unwilling())), q.empty())
    q.put(1)
    log(q.get())


def pass_on(source, target, count):
    for _ in range(count):
        target.put(source.get())


def take_before_and_after(q, count, top):
    hold(os.path.join(top, "held"))
    taken = [q.get()]
    open_gate(os.path.join(top, "hello"))
    enter(os.path.join(top, "gate"))
    while len(taken) < count:
        taken.append(q.get())
    note(os.path.join(top, "notes"), taken[0], taken[-1], taken == sorted(taken))


def have_queues(method, top):
    context, count = multiprocessing.get_context(method), 100
    first, second = context.SimpleQueue(), context.SimpleQueue()
    for number in range(count):
        first.put(number)
    started(context, pass_on, first, second, count)
    started(context, take_before_and_after, second, count, top)
    signal.pause()


@case("multiprocessing.simple-queue.killed.maker", "the others go on with what was put")
def _():
    seen = []
    for method in METHODS:
        with Folder() as folder:
            folder.gate("hello")
            folder.gate("gate")
            ended = until_dropped(folder.gate("held"))
            maker = started(multiprocessing.get_context("fork"), have_queues, method, folder.top)
            enter(folder.path("hello"))
            killed(maker)
            open_gate(folder.path("gate"))
            ended()
            with open(folder.path("notes")) as notes:
                seen.append(notes.read().strip())
    log(seen)
