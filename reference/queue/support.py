"""What the twins of the queues share: the twin of conformance/queue/support.hpp."""

import gc
import threading
import time
import weakref

from case import log, now, raised, times, wait_until_blocked


class Threads:
    """Threads that are joined at the end of the block."""

    def __init__(self):
        self.threads = []

    def start(self, body):
        self.threads.append(threading.Thread(target=body))
        self.threads[-1].start()

    def join(self):
        for thread in self.threads:
            thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.join()


def outcome(act):
    """What a call returned, or the name of what it raised."""
    result = []
    error = raised(lambda: result.append(act()))
    return str(result[0]) if result else error


class Blocked:
    """Calls that block, each in a thread of its own; what each came to is there after join()."""

    def __init__(self, *acts):
        self.threads, self.said = Threads(), [None] * len(acts)
        for index, act in enumerate(acts):
            self.threads.start(lambda index=index, act=act: self.keep(index, act))
        wait_until_blocked(len(acts))

    def keep(self, index, act):
        self.said[index] = outcome(act)

    def join(self):
        self.threads.join()


def drain(q):
    """Takes all that is held."""
    taken = []
    while not q.empty():
        taken.append(q.get())
    return taken


# Items whose life is watched


class Item:
    def __init__(self, number):
        self.number = number


def put_items(q, count):
    watchers = []
    for number in range(count):
        item = Item(number)
        watchers.append(weakref.ref(item))
        q.put(item)
    del item
    return watchers


def alive(watchers):
    gc.collect()
    return sum(1 for watcher in watchers if watcher() is not None)


# Items that make trouble


class Refused(Exception):
    pass


class Failing:
    """Before a kind of queue: its storage fails once in a thread that has asked for it."""

    next_put = threading.local()
    next_get = threading.local()

    def _put(self, item):
        self._trip(self.next_put)
        super()._put(item)

    def _get(self):
        self._trip(self.next_get)
        return super()._get()

    def _trip(self, flag):
        if getattr(flag, "fails", False):
            flag.fails = False
            raise Refused("no")


def failing(flag, act):
    """What is raised by a call whose first use of the storage fails in this thread."""
    flag.fails = True
    said = raised(act)
    flag.fails = False
    return said


# Many threads


def produce(q, producer, count):
    for number in range(count):
        q.put(producer * count + number)


def pass_through(q, pairs, count, get):
    """What each of `pairs` consumers saw of `count` items from each of as many producers."""
    seen = [[] for _ in range(pairs)]

    def consume(own):
        for _ in range(count):
            own.append(get(q))

    with Threads() as threads:
        for producer, own in enumerate(seen):
            threads.start(lambda producer=producer: produce(q, producer, count))
            threads.start(lambda own=own: consume(own))
    return seen


def together(seen):
    return sorted(sum(seen, []))


def in_order(seen, count):
    """Whether each consumer saw the items of each producer in the order in which it put them."""

    def of_one(own, producer):
        items = [item for item in own if item // count == producer]
        return items == sorted(items)

    return all(of_one(own, producer) for own in seen for producer in range(len(seen)))


def wait_in_two(q, other):
    """One thread waits in q.get() while this one waits in the other's: neither uses the processor."""
    with Threads() as threads:
        threads.start(q.get)
        wait_until_blocked(1)
        clock = time.pthread_getcpuclockid(threads.threads[0].ident)
        start, cpu = now(), time.clock_gettime(clock)
        log(raised(lambda: other.get(timeout=times.must_expire * 10)))
        spent, passed = time.clock_gettime(clock) - cpu, now() - start
        log("idle", spent <= passed * 0.05)
        q.put(1)
