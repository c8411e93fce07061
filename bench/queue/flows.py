"""What the rows of all queues share: producers, consumers, round trips."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))

from scenario import Broken, arrive, check, cost_row, latency_row, open_loop_row, race, row, shares_row  # noqa: E402

ITEMS = 20_000  # CPython is that much slower than the 1e6 of the C++ rows


class Owner:
    """Stands for a unique_ptr: an object of its own on the heap."""

    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value


MAKE = {
    "int": lambda n: n,
    "str": lambda n: "%033d" % n,
    "ptr": Owner,
}
READ = {
    "int": lambda item: item,
    "str": int,
    "ptr": lambda item: item.value,
}


def flow(queue, kind, pairs, items):
    share = items // pairs
    make, read = MAKE[kind], READ[kind]
    sums = []

    def produce():
        put = queue.put
        for n in range(share):
            put(make(n))

    def consume():
        get, total = queue.get, 0
        for _ in range(share):
            total += read(get())
        sums.append(total)

    seconds = race([produce] * pairs + [consume] * pairs)
    check(sum(sums), pairs * share * (share - 1) // 2)
    return seconds


def enter_flows(family, make_queue, kinds, items=ITEMS):
    for kind, pair_counts in kinds.items():
        for pairs in pair_counts:
            name = "%s.%s.%dp%dc" % (family, kind, pairs, pairs)
            row(name, items, pairs)(
                lambda items, kind=kind, pairs=pairs: flow(make_queue(), kind, pairs, items))


def enter_quick(family, make_queue):
    @latency_row(family + ".pingpong", 4000)
    def ping_pong(items):
        there, back, times = make_queue(), make_queue(), []

        def serve():
            before = time.perf_counter_ns()
            for n in range(items):
                there.put(n)
                if back.get() != n:
                    raise Broken("a ball was lost")
                now = time.perf_counter_ns()
                times.append(now - before)
                before = now

        def answer():
            for _ in range(items):
                back.put(there.get())

        race([serve, answer])
        return times

    @cost_row(family + ".alone", ITEMS)
    def alone(items):
        queue, total = make_queue(), 0
        put, get = queue.put, queue.get
        start = time.perf_counter()
        for n in range(items):
            put(n)
            total += get()
        seconds = time.perf_counter() - start
        check(total, items * (items - 1) // 2)
        return seconds


def enter_open_loop(family, make_queue):
    @open_loop_row(family + ".open_loop", ITEMS)
    def open_flow(per_second, items):
        queue, times, sums = make_queue(), [], []
        starts = []  # the producer's; the first item brings it across

        def produce():
            starts.append(time.perf_counter_ns())
            sent = []

            def send(due):
                queue.put(due)
                sent.append(due)

            arrive(starts[0], per_second, items, send)
            sums.append(sum(sent))

        def consume():
            total = 0
            for _ in range(items):
                due = queue.get()
                times.append(max(0, time.perf_counter_ns() - starts[0] - due))
                total += due
            sums.append(total)

        race([produce, consume])
        check(sums[1], sums[0])
        return times


END = 1 << 62


def enter_shares(family, make_queue):
    for producers, consumers in ((1, 4), (4, 1)):
        shares_row("%s.shares.%dp%dc" % (family, producers, consumers))(
            lambda stop, ends=(producers, consumers): flow_shares(make_queue(), ends[0], ends[1], stop))


def flow_shares(queue, producers, consumers, stop):
    """What those got of whom there are several. Each producer's last items tell the consumers that it was all."""
    put, got = [], []

    def produce():
        count = 0
        while not stop():
            queue.put(count)
            count += 1
        for _ in range(consumers):
            queue.put(END)
        put.append(count)

    def consume():
        count, left = 0, producers
        while left:
            if queue.get() == END:
                left -= 1
            else:
                count += 1
        got.append(count)

    race([produce] * producers + [consume] * consumers)
    check(sum(got), sum(put))
    return got if producers == 1 else put
