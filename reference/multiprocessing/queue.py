"""Twins of conformance/multiprocessing/queue_test.cpp."""

import multiprocessing
import os

from case import case, log, now, raised, times
from support import Blocked, each_method, run, started

Queue = multiprocessing.Queue


def taken(q, count):
    return [q.get(timeout=times.must_not_expire) for _ in range(count)]


# Bounds and sizes


@case("multiprocessing.queue.maxsize.bounds", "so many items and no more")
def _():
    q = Queue(3)
    log(q.full())
    for number in range(3):
        q.put_nowait(number)
    log(q.full(), raised(lambda: q.put_nowait(7)), raised(lambda: q.put(7, False)), raised(lambda: q.put(7, True, 0)))
    log(q.get(), q.full(), raised(lambda: q.put_nowait(3)), q.full())
    log(taken(q, 3), q.full())


@case("multiprocessing.queue.maxsize.none", "no bound unless one is given")
def _():
    for q in (Queue(), Queue(0), Queue(-1)):
        for number in range(300):
            q.put_nowait(number)
        log(q.full(), q.qsize(), taken(q, 300) == list(range(300)))


@case("multiprocessing.queue.qsize.counts", "the number of items inside")
def _():
    q = Queue()
    sizes = [q.qsize()]
    for number in range(3):
        q.put(number)
        sizes.append(q.qsize())
    for _ in range(3):
        q.get()
        sizes.append(q.qsize())
    log(sizes)


@case("multiprocessing.queue.empty.items", "whether there is an item")
def _():
    q = Queue()
    log(q.empty())
    q.put(1)
    while q.empty():
        pass
    log(q.empty(), q.get(), q.empty())


# Items


def put_numbers(q, first, count):
    for number in range(first, first + count):
        q.put(number)


@case("multiprocessing.queue.order.producer", "in the order of one process")
def _():
    def produce(context):
        q = context.Queue()
        child = started(context, put_numbers, q, 0, 500)
        log(taken(q, 500) == list(range(500)))
        child.join()

    each_method(produce)


def pass_on(source, target):
    for number in iter(source.get, -1):
        target.put((os.getpid(), number))


@case("multiprocessing.queue.items.once", "none lost, none twice")
def _():
    def all_through(context):
        source, target, count = context.Queue(), context.Queue(), 200
        consumers = [started(context, pass_on, source, target) for _ in range(2)]
        producers = [started(context, put_numbers, source, first * count, count) for first in range(3)]
        got = taken(target, 3 * count)
        for _ in consumers:
            source.put(-1)
        for child in consumers + producers:
            child.join()
        log(sorted(number for _, number in got) == list(range(3 * count)))
        log(all(in_order(got, consumer.pid, count) for consumer in consumers))

    def in_order(got, consumer, count):
        numbers = [number for who, number in got if who == consumer]
        parts = [[number for number in numbers if number // count == first] for first in range(3)]
        return all(part == sorted(part) for part in parts)

    each_method(all_through)


@case("multiprocessing.queue.items.values", "what was put")
def _():
    q = Queue()
    q.put([11, None, "lily"])
    q.put({"one": [1.5, True], "two": []})
    q.put("")
    q.put(None)
    q.put((-7, "text"))
    log(q.get())
    log(q.get())
    log(q.get() == "", q.get(), q.get())


@case("multiprocessing.queue.items.large", "larger than any buffer")
def _():
    q = Queue()
    for size in (8 * 1024 * 1024, 1, 8 * 1024 * 1024):
        q.put(b"x" * size)
    log([len(q.get()) for _ in range(3)])
    # Two that come after one that is gone, the second of them larger than all before.
    first, second, third = b"a" * 10_000_000, b"b" * 10_000_000, b"c" * 20_000_000
    q.put(first)
    log(q.get() == first)
    q.put(second)
    q.put(third)
    log(q.get() == second, q.get() == third)


# put and get


@case("multiprocessing.queue.put.waits", "waits for room")
def _():
    q = Queue(1)
    q.put(1)
    blocked = Blocked(lambda: q.put(2), lambda: q.put(2, timeout=times.must_not_expire))
    log(blocked.said.count(None), q.get())
    while blocked.said.count("None") < 1:
        pass
    log(blocked.said.count("None"), q.get())
    blocked.join()
    log(blocked.said, q.get())


@case("multiprocessing.queue.put.timeout", "Full after the timeout, never before")
def _():
    q = Queue(1)
    q.put(1)
    start = now()
    log(raised(lambda: q.put(2, timeout=times.must_expire)), now() - start >= times.must_expire)
    log(raised(lambda: q.put(2, timeout=0)), raised(lambda: q.put(2, timeout=-1)), q.qsize(), q.get())
    log(raised(lambda: q.put(3, timeout=0)), q.get(), raised(lambda: q.put(4, timeout=-1)), q.get())


@case("multiprocessing.queue.put.nowait", "where there is room")
def _():
    q = Queue(2)
    log(raised(lambda: q.put_nowait(1)), raised(lambda: q.put(2, False, -1)))
    log(raised(lambda: q.put_nowait(3)), raised(lambda: q.put(3, False, times.must_not_expire)), taken(q, 2))


@case("multiprocessing.queue.get.waits", "waits for an item")
def _():
    q = Queue()
    blocked = Blocked(q.get)
    q.put(5)
    blocked.join()
    patient = Blocked(lambda: q.get(timeout=times.must_not_expire))
    q.put(6)
    patient.join()
    log(blocked.said, patient.said)


@case("multiprocessing.queue.get.timeout", "Empty after the timeout, never before")
def _():
    q, start = Queue(), now()
    log(raised(lambda: q.get(timeout=times.must_expire)), now() - start >= times.must_expire)
    log(raised(lambda: q.get(timeout=0)), raised(lambda: q.get(timeout=-1)))
    q.put(1)
    while q.empty():
        pass
    log(q.get(timeout=0))


@case("multiprocessing.queue.get.nowait", "where there is an item")
def _():
    q = Queue()
    log(raised(q.get_nowait), raised(lambda: q.get(False)), raised(lambda: q.get(False, times.must_not_expire)))
    q.put(1)
    q.put(2)
    first = q.get()
    while q.empty():
        pass
    log(first, q.get_nowait(), raised(q.get_nowait))


@case("multiprocessing.queue.get.one", "one put, one get")
def _():
    q, back = Queue(), multiprocessing.Semaphore(0)
    blocked = Blocked(*[lambda: (q.get(), back.release())[0]] * 3)
    for number in range(3):
        q.put(number)
        log(back.acquire(timeout=times.must_not_expire), back.acquire(timeout=times.brief))
    blocked.join()
    log(sorted(blocked.said))


# Processes


def double(source, target):
    for number in iter(source.get, None):
        target.put(number * 2)


@case("multiprocessing.queue.processes.crosses", "the same queue there")
def _():
    def both_ways(context):
        source, target = context.Queue(), context.Queue()
        child = started(context, double, source, target)
        for number in (1, 2, 3):
            source.put(number)
        log(taken(target, 3))
        source.put(None)
        child.join()
        log(child.exitcode, source.qsize(), target.qsize())

    each_method(both_ways)


@case("multiprocessing.queue.processes.forked-with-items", "what was put before is there once")
def _():
    context = multiprocessing.get_context("fork")
    q = context.Queue()
    put_numbers(q, 0, 10)
    child = started(context, put_numbers, q, 10, 10)
    child.join()
    put_numbers(q, 20, 10)
    log(sorted(taken(q, 30)) == list(range(30)), q.qsize())


def put_three(q, put):
    for number in range(3):
        q.put(number)
        put.release()


@case("multiprocessing.queue.processes.waits", "room that another process makes")
def _():
    def wait(context):
        q, put = context.Queue(2), context.Semaphore(0)
        child = started(context, put_three, q, put)
        put.acquire()
        put.acquire()
        log(put.acquire(timeout=times.brief), q.full(), q.get())
        log(put.acquire(timeout=times.must_not_expire), taken(q, 2))
        child.join()

    each_method(wait)


def close_stdin_and_put(q):
    os.close(0)
    own = multiprocessing.Queue()
    own.put("put")
    q.put(own.get())


@case("multiprocessing.queue.processes.no-stdin", "without descriptor 0")
def _():
    context = multiprocessing.get_context("fork")
    q = context.Queue()
    child = started(context, close_stdin_and_put, q)
    log(q.get())
    child.join()
    log(child.exitcode)


@case("multiprocessing.queue.sharing.inheritance", "no queue goes over a connection")
def _():
    reader, writer = multiprocessing.Pipe(False)
    for make in (Queue, multiprocessing.JoinableQueue, multiprocessing.SimpleQueue):
        log(raised(lambda: writer.send(make())), reader.poll())


# The end of a queue and of its users


@case("multiprocessing.queue.close.refuses", "no put, no get")
def _():
    for make in (Queue, multiprocessing.JoinableQueue):
        q = make(1)
        q.put(1)
        q.close()
        log(raised(lambda: q.put(2)), raised(lambda: q.put_nowait(2)))
        log(raised(q.get), raised(q.get_nowait), raised(q.close))
        q.join_thread()


@case("multiprocessing.queue.close.empty", "empty() raises where something was put")
def _():
    for make in (Queue, multiprocessing.JoinableQueue):
        unused, used = make(), make()
        unused.close()
        unused.join_thread()
        log(unused.empty())
        used.put(1)
        used.close()
        used.join_thread()
        log(raised(used.empty))


def put_and_close(q):
    q.put("before")
    q.close()


@case("multiprocessing.queue.close.others", "only for one process")
def _():
    context = multiprocessing.get_context("fork")
    q = context.Queue()
    log(run(context, put_and_close, q), q.get(), raised(lambda: q.put("after")), q.get())


@case("multiprocessing.queue.join-thread.closed-only", "after close()")
def _():
    q = Queue()
    log(raised(q.join_thread))
    q.put("x" * 1000)
    q.close()
    log(raised(q.join_thread), raised(q.join_thread))


def put_much_and_cancel(q):
    q.put("x" * (4 * 1024 * 1024))
    q.cancel_join_thread()


@case("multiprocessing.queue.cancel-join-thread.ends", "does not wait for who takes it")
def _():
    context = multiprocessing.get_context("fork")
    log(run(context, put_much_and_cancel, context.Queue()))


@case("multiprocessing.queue.producer-ended.items", "taken after its end")
def _():
    def take_late(context):
        q = context.Queue()
        log(run(context, put_numbers, q, 0, 5), taken(q, 5))

    each_method(take_late)
