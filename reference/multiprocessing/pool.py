"""Twins of conformance/multiprocessing/pool_test.cpp."""

import errno
import itertools
import multiprocessing
import os
import subprocess
import sys
import threading

from case import case, log, now, raised, times
from support import Folder, each_method, enter, log_notes, note, open_gate, outcome, run
from workers import count_in_order, give, take

Pool = multiprocessing.Pool


# What workers call


def square(x):
    return x * x


def multiply(x, y):
    return x * y


def pid(_=None):
    return os.getpid()


def both_at(gate, value):
    enter(gate)
    return value


def pass_gate(gate):
    enter(gate)
    return os.path.basename(gate)


def fail(text):
    raise ValueError(text)


def missing(path):
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


def fail_at(x):
    if x in (3, 6):
        raise ValueError("at %d" % x)
    return x * x


def note_and_fail_at(path, x):
    note(path, x)
    return fail_at(x)


def length(text):
    return len(text)


def twice(text):
    return text + text


class Unwilling:
    def __reduce__(self):
        raise RuntimeError("not me")


def make_unwilling():
    return Unwilling()


def identity(x):
    return x


def text_of(error):
    return "%s: %s" % (type(error).__name__, error)


# Making one


@case("multiprocessing.pool.processes.number", "so many processes of their own")
def _():
    for count in (1, 3):
        with Pool(count) as pool, Folder() as folder:
            gates = [folder.gate(str(number)) for number in range(count)]
            results = [pool.apply_async(pid_at, (gate,)) for gate in gates]
            for gate in reversed(gates):
                open_gate(gate)
            pids = {result.get() for result in results}
            log(len(pids), os.getpid() in pids, len(multiprocessing.active_children()))
            log({pool.apply(pid) for _ in range(10)} <= pids)


def pid_at(gate):
    enter(gate)
    return os.getpid()


@case("multiprocessing.pool.processes.many", "a hundred of them")
def _():
    with Pool(100) as pool:
        squares = pool.map(square, range(1000))
        log(sum(squares), len(multiprocessing.active_children()))


@case("multiprocessing.pool.processes.default", "as many as processors")
def _():
    with Pool() as pool:
        pool.apply(pid)
        log(len(multiprocessing.active_children()) == len(os.sched_getaffinity(0)))


@case("multiprocessing.pool.processes.invalid", "at least one")
def _():
    log(raised(lambda: Pool(0)), raised(lambda: Pool(-1)))


def describe():
    process = multiprocessing.current_process()
    return [process.daemon, os.getppid(), os.getpid() == process.pid]


@case("multiprocessing.pool.processes.daemons", "daemons of this process")
def _():
    with Pool(1) as pool:
        daemon, parent, own = pool.apply(describe)
        log(daemon, parent == os.getpid(), own)


state = []


def set_state(first, second):
    state.append(first + second)


def get_state(_=None):
    return state[0] if len(state) == 1 else -len(state)


@case("multiprocessing.pool.methods", "with each start method")
def _():
    def use(context):
        with context.Pool(2, set_state, (20, 22)) as pool:
            log(pool.apply(get_state), pool.map(square, range(6)), list(pool.imap(square, [7, 8])))
            log(raised(lambda: pool.apply(fail, ("no",))), raised(lambda: pool.map(fail_at, range(5))))
            log(pool.starmap(multiply, [(2, 3), (4, 5)]), sorted(pool.imap_unordered(square, range(3))))
            pool.close()
            pool.join()

    each_method(use)


@case("multiprocessing.pool.initializer.each-worker", "once in each, first")
def _():
    with Pool(3, set_state, (1, 2)) as pool:
        log(sorted(set(pool.map(get_state, range(30), 1))))
    with Folder() as folder:
        path = folder.path("notes")
        with Pool(2, note, (path, "begun")) as pool:
            gates = [folder.gate("a"), folder.gate("b")]
            results = pool.map_async(pass_gate, gates, 1)
            for gate in reversed(gates):
                open_gate(gate)
            log(results.get())
        log_notes(path)


shared = []


def keep(*things):
    shared.extend(things)


def count_in(times_):
    lock, value, q = shared
    for _ in range(times_):
        with lock:
            value.value += 1
    q.put(times_)


@case("multiprocessing.pool.initializer.inherits", "what goes by inheritance")
def _():
    def use(context):
        lock, value, q = context.Lock(), context.Value("i", 0, lock=False), context.SimpleQueue()
        with context.Pool(2, keep, (lock, value, q)) as pool:
            pool.map(count_in, [500, 500, 500], 1)
            log(value.value, sum(q.get() for _ in range(3)))

    each_method(use)


@case("multiprocessing.pool.maxtasksperchild.replaced", "another process after so many tasks")
def _():
    with Pool(1, maxtasksperchild=2) as pool:
        pids = [pool.apply(pid) for _ in range(6)]
        log(pids[0] == pids[1], pids[2] == pids[3], pids[4] == pids[5], len(set(pids)))
    with Pool(3, maxtasksperchild=10) as pool:
        log([pool.apply_async(square, (number,)).get() for number in range(20)])
        results = [pool.apply_async(square, (number,)) for number in range(100)]
        log([result.get() for result in results] == [number * number for number in range(100)])


@case("multiprocessing.pool.maxtasksperchild.early-close", "after close() too")
def _():
    pool = Pool(3, maxtasksperchild=1)
    results = [pool.apply_async(square, (number,)) for number in range(8)]
    pool.close()
    pool.join()
    log([result.get() for result in results])


@case("multiprocessing.pool.maxtasksperchild.invalid", "at least one")
def _():
    log(raised(lambda: Pool(1, maxtasksperchild=0)), raised(lambda: Pool(1, maxtasksperchild=-1)))


def use_a_pool_without_stdin(q):
    os.close(0)
    with Pool(2) as pool:
        q.put(pool.map(square, range(4)))


@case("multiprocessing.pool.no-stdin", "without descriptor 0")
def _():
    context = multiprocessing.get_context("fork")
    q = context.SimpleQueue()
    log(run(context, use_a_pool_without_stdin, q), q.get())


@case("multiprocessing.pool.repr", "its state and its size")
def _():
    with Pool(2) as pool:
        log(repr(pool))
        pool.close()
        log(repr(pool))
        pool.terminate()
        log(repr(pool))


# One call


@case("multiprocessing.pool.apply.result", "waits for the result")
def _():
    with Pool(2) as pool:
        log(pool.apply(square, (5,)), pool.apply(multiply, (6, 7)), pool.apply(twice, ("ab",)))
        log(pool.apply(pid) != os.getpid(), pool.apply_async(multiply, (6, 7)).get())


@case("multiprocessing.pool.apply.raises", "what the call raised")
def _():
    with Pool(1) as pool:
        log(raised(lambda: pool.apply(fail, ("some text",))), raised(lambda: pool.apply(missing, ("/no/such",))))
        log(pool.apply(square, (3,)))


@case("multiprocessing.pool.apply-async.returns", "at once")
def _():
    with Pool(1) as pool, Folder() as folder:
        gate = folder.gate("gate")
        result = pool.apply_async(both_at, (gate, 7))
        log(result.ready())
        open_gate(gate)
        log(result.get(), result.get(times.must_not_expire))


@case("multiprocessing.pool.apply-async.at-the-same-time", "as many as workers, and no more")
def _():
    with Pool(2) as pool, Folder() as folder:
        gates = [folder.gate(name) for name in "abc"]
        results = [pool.apply_async(pass_gate, (gate,)) for gate in gates]
        third = threading.Thread(target=open_gate, args=(gates[2],))
        third.start()
        third.join(times.must_expire)
        log(third.is_alive())
        open_gate(gates[1])
        log(results[1].get(), results[0].ready())
        third.join()
        log(results[2].get(), results[0].ready())
        open_gate(gates[0])
        log(results[0].get())


@case("multiprocessing.pool.apply-async.in-order", "the oldest first")
def _():
    with Pool(2) as pool, Folder() as folder:
        pool.map(square, range(2000), 1)
        gate, tokens = folder.gate("gate"), folder.gate("tokens")
        keeps = os.open(tokens, os.O_RDWR)
        held = pool.apply_async(pass_gate, (gate,))
        for result in [pool.apply_async(note, (folder.path("notes"), number)) for number in range(200)]:
            result.get()
        log(count_in_order(folder.path("notes")))
        results = []
        for _ in range(20):
            pool.apply_async(square, (2,))
            pool.apply_async(give, (tokens,))
            results.append(pool.apply_async(take, (tokens,)))
        for result in results:
            result.get()
        log(held.ready())
        open_gate(gate)
        log(held.get())
        os.close(keeps)


@case("multiprocessing.pool.apply-async.arguments-not-picklable", "fails alone")
def _():
    with Pool(1) as pool:
        log(outcome(lambda: pool.apply_async(identity, (Unwilling(),)).get()), pool.apply(square, (3,)))


@case("multiprocessing.pool.apply-async.result-not-picklable", "fails alone")
def _():
    with Pool(1) as pool:
        before = pool.apply(pid)
        caught = []
        for _ in range(3):
            result = pool.apply_async(make_unwilling, error_callback=caught.append)
            log(raised(result.get).partition(":")[0], type(caught[-1]).__name__, result.successful())
        log("not me" in str(caught[0]), str(caught[0]).startswith("Error sending result: '"))
        log(pool.apply(pid) == before)


@case("multiprocessing.pool.apply-async.callback", "called with the result")
def _():
    with Pool(1) as pool:
        seen, ready = [], []

        def callback(value):
            seen.append((value, os.getpid() == own))
            ready.append(result_of[0].ready() if result_of else None)

        own, result_of, go = os.getpid(), [], threading.Event()
        result = pool.apply_async(square, (5,), callback=lambda value: (go.wait(), callback(value)),
                                  error_callback=seen.append)
        result_of.append(result)
        go.set()
        log(result.get(), seen, ready)


@case("multiprocessing.pool.apply-async.error-callback", "called with what was raised")
def _():
    with Pool(1) as pool:
        seen = []
        result = pool.apply_async(fail, ("text",), callback=seen.append,
                                  error_callback=lambda error: seen.append(text_of(error)))
        log(raised(result.get), seen)


@case("multiprocessing.pool.apply-async.callback-hands-over", "a callback hands over more")
def _():
    with Pool(1) as pool:
        later, done = [], threading.Event()

        def callback(value):
            later.append(pool.apply_async(square, (value,)))
            done.set()

        pool.apply_async(square, (2,), callback=callback)
        done.wait()
        log(later[0].get())


# AsyncResult


@case("multiprocessing.pool.async-result.get-timeout", "TimeoutError after the timeout, never before")
def _():
    with Pool(1) as pool, Folder() as folder:
        gate = folder.gate("gate")
        result, start = pool.apply_async(both_at, (gate, 7)), now()
        log(raised(lambda: result.get(times.must_expire)), now() - start >= times.must_expire)
        log(raised(lambda: result.get(0)), raised(lambda: result.get(-1)))
        log(issubclass(multiprocessing.TimeoutError, multiprocessing.ProcessError),
            issubclass(multiprocessing.TimeoutError, TimeoutError))
        open_gate(gate)
        log(result.get(), result.get(0))


@case("multiprocessing.pool.async-result.get-again", "the same again")
def _():
    with Pool(1) as pool:
        good, bad = pool.apply_async(twice, ("ab",)), pool.apply_async(fail, ("text",))
        log([good.get() for _ in range(3)], [raised(bad.get) for _ in range(3)])


@case("multiprocessing.pool.async-result.wait", "until it is ready, or for so long")
def _():
    with Pool(1) as pool, Folder() as folder:
        gate = folder.gate("gate")
        result, start = pool.apply_async(both_at, (gate, 7)), now()
        log(raised(lambda: result.wait(times.must_expire)), now() - start >= times.must_expire, result.ready())
        open_gate(gate)
        result.wait()
        log(result.ready())
        bad = pool.apply_async(fail, ("text",))
        log(raised(bad.wait), bad.ready(), raised(lambda: bad.wait(0)))


@case("multiprocessing.pool.async-result.ready", "once the call has ended")
def _():
    with Pool(1) as pool, Folder() as folder:
        gate = folder.gate("gate")
        results = [pool.apply_async(both_at, (gate, 7)), pool.apply_async(fail, ("text",))]
        log([result.ready() for result in results])
        open_gate(gate)
        for result in results:
            result.wait()
        log([result.ready() for result in results])


@case("multiprocessing.pool.async-result.successful", "whether nothing was raised")
def _():
    with Pool(1) as pool, Folder() as folder:
        gate = folder.gate("gate")
        good, bad = pool.apply_async(both_at, (gate, 7)), pool.apply_async(fail, ("text",))
        log(raised(good.successful))
        open_gate(gate)
        good.wait()
        bad.wait()
        log(good.successful(), bad.successful())


@case("multiprocessing.pool.async-result.outlives", "read after the pool is gone")
def _():
    pool = Pool(1)
    good, bad = pool.apply_async(twice, ("ab",)), pool.apply_async(fail, ("text",))
    pool.close()
    pool.join()
    del pool
    log(good.get(), raised(bad.get))


# Many calls


@case("multiprocessing.pool.map.order", "in the order of the input")
def _():
    with Pool(3) as pool, Folder() as folder:
        numbers = list(range(50))
        for chunksize in (None, 1, 7, 50, 1000):
            log(pool.map(square, numbers, chunksize) == [number * number for number in numbers])
        log(pool.map(twice, ["a", "b", "c"]), pool.map(square, range(4)), pool.map(square, [3]))
        gates = [folder.gate(name) for name in "abc"]
        results = pool.map_async(pass_gate, gates, 1)
        for gate in reversed(gates):
            open_gate(gate)
        log(results.get())


@case("multiprocessing.pool.map.empty", "nothing of nothing")
def _():
    with Pool(1) as pool:
        log(pool.map(square, []), pool.map(square, [], 1), pool.map_async(square, []).get(), pool.starmap(multiply, []))
        log(list(pool.imap(square, [])), list(pool.imap_unordered(square, [])))
        log(pool.map_async(square, [], 1).get(times.must_not_expire), pool.map_async(square, []).successful())


def runs(values):
    """How often each value comes, one after another."""
    counts, last = [], object()
    for value in values:
        if value == last:
            counts[-1] += 1
        else:
            counts.append(1)
        last = value
    return counts


@case("multiprocessing.pool.map.chunks", "four tasks to a worker")
def _():
    for count in (3, 8, 9, 10, 25):
        with Pool(1, maxtasksperchild=1) as pool:
            log(count, runs(pool.map(pid, range(count))))
    with Pool(2, maxtasksperchild=1) as pool:
        log(sorted(runs(pool.map(pid, range(20)))))


@case("multiprocessing.pool.map.chunksize", "so many calls to a task")
def _():
    with Pool(1, maxtasksperchild=1) as pool:
        for chunksize in (1, 3, 10, 100):
            log(chunksize, runs(pool.map(pid, range(10), chunksize)))
        log(runs(pool.starmap(pid, [(number,) for number in range(7)], 3)), runs(pool.imap(pid, range(7), 3)))


@case("multiprocessing.pool.map.raises", "what one of them raised")
def _():
    with Pool(1) as pool:
        log(raised(lambda: pool.map(fail_at, range(10), 1)), raised(lambda: pool.map(fail_at, range(10), 5)))
        log(raised(lambda: pool.map(fail_at, range(10))), raised(lambda: pool.starmap(fail, [("first",), ("next",)], 1)))
        log(pool.map(fail_at, range(3)))


@case("multiprocessing.pool.map.no-fail-fast", "all are run, although one raised")
def _():
    with Pool(2) as pool, Folder() as folder:
        path = folder.path("notes")
        gate = folder.gate("gate")
        result = pool.starmap_async(fail_or_wait, [(gate, 0), (gate, 1)], 1)
        log(raised(lambda: result.get(times.must_expire)), result.ready())
        open_gate(gate)
        log(raised(result.get))
        log(raised(lambda: pool.starmap(note_and_fail_at, [(path, number) for number in range(8)], 1)).partition(":")[0])
        with open(path) as file:
            log(sorted(map(int, file.read().split())))


def fail_or_wait(gate, which):
    if which == 0:
        raise ValueError("at once")
    enter(gate)


def saying_when(count, when):
    for number in range(count):
        if number == when:
            raise RuntimeError("when")
        yield number


@case("multiprocessing.pool.map.input-raises", "what the input raises")
def _():
    with Pool(1) as pool:
        for count, when in ((1, 0), (10, 3)):
            log(raised(lambda: pool.map(square, saying_when(count, when), 1)))
        log(pool.map(square, saying_when(4, 7)))


@case("multiprocessing.pool.map.not-picklable", "what pickling raised")
def _():
    with Pool(2) as pool:
        log(raised(lambda: pool.map(identity, [Unwilling()] * 10)), pool.map(square, [2, 3]))


@case("multiprocessing.pool.map.large", "many calls, large values")
def _():
    with Pool(2) as pool:
        log(sum(pool.map(square, range(20000))), sum(pool.map(square, range(2000), 1)))
        texts = pool.map(twice, [letter * (1024 * 1024) for letter in "abcd"], 1)
        log([(text[0], text[-1], len(text)) for text in texts])


@case("multiprocessing.pool.map.threads", "used by several threads")
def _():
    with Pool(2) as pool, Folder() as folder:
        right, gates = [], [folder.gate("a"), folder.gate("b")]

        def use(first):
            for _ in range(10):
                if pool.map(square, range(first, first + 20)) == [x * x for x in range(first, first + 20)]:
                    right.append(pool.apply(square, (first,)) == first * first)

        threads = [threading.Thread(target=use, args=(first,)) for first in (0, 100, 200)]
        threads += [threading.Thread(target=pool.apply, args=(pass_gate, (gate,))) for gate in gates]
        for thread in threads[3:]:
            thread.start()
        for gate in reversed(gates):
            open_gate(gate)
        for thread in threads[:3]:
            thread.start()
        for thread in threads:
            thread.join()
        log(len(right), all(right))


@case("multiprocessing.pool.map-async.order", "in the order of the input")
def _():
    with Pool(2) as pool, Folder() as folder:
        log(pool.map_async(square, range(10)).get())
        gates = [folder.gate("a"), folder.gate("b")]
        result = pool.map_async(pass_gate, gates, 1)
        open_gate(gates[1])
        log(result.ready())
        open_gate(gates[0])
        log(result.get(), result.successful())


@case("multiprocessing.pool.map-async.callbacks", "called once, with all")
def _():
    with Pool(2) as pool:
        results, errors = [], []
        options = {"callback": results.append, "error_callback": lambda error: errors.append(str(error))}
        pool.map_async(square, range(5), **options).wait()
        log(results, errors)
        pool.map_async(fail_at, range(5), 1, **options).wait()
        log(results, errors)
        pool.starmap_async(multiply, [(2, 3)], **options).wait()
        log(results, errors)


@case("multiprocessing.pool.starmap.arguments", "each element is the arguments")
def _():
    with Pool(2) as pool:
        pairs = [(number, 9 - number) for number in range(10)]
        log(pool.starmap(multiply, pairs), pool.starmap(multiply, pairs, 3), pool.starmap_async(multiply, pairs).get())
        log(pool.starmap(twice, [("ab",), ("c",)]))


@case("multiprocessing.pool.imap.order", "one by one, in the order of the input")
def _():
    with Pool(2) as pool, Folder() as folder:
        for chunksize in (1, 3, 100):
            log(list(pool.imap(square, range(10), chunksize)))
        log(sum(pool.imap(square, range(1000), 100)))
        gates = [folder.gate(name) for name in "abc"]
        results = pool.imap(pass_gate, gates)
        open_gate(gates[1])
        log(raised(lambda: results.next(times.brief)))
        open_gate(gates[0])
        log(results.next(), results.next())
        open_gate(gates[2])
        log(results.next(), raised(results.next))


@case("multiprocessing.pool.imap.raises", "raised in its place")
def _():
    with Pool(1) as pool:
        results = pool.imap(fail_at, range(8))
        log([outcome(results.next) for _ in range(9)])
        results = pool.imap_unordered(fail_at, range(4))
        log([outcome(results.next) for _ in range(5)])


@case("multiprocessing.pool.imap.timeout", "TimeoutError, and again")
def _():
    with Pool(1) as pool, Folder() as folder:
        gate, start = folder.gate("gate"), now()
        for make in (pool.imap, pool.imap_unordered):
            results = make(pass_gate, [gate])
            log(raised(lambda: results.next(times.must_expire)), now() - start >= times.must_expire)
            log(raised(lambda: results.next(0)))
            open_gate(gate)
            log(results.next(times.must_not_expire), raised(lambda: results.next(times.brief)))


@case("multiprocessing.pool.imap.chunksize-invalid", "at least one")
def _():
    with Pool(1) as pool:
        log(raised(lambda: pool.imap(square, [1], 0)), raised(lambda: pool.imap_unordered(square, [1], 0)))


@case("multiprocessing.pool.imap.input-raises", "in the place of what was not read")
def _():
    with Pool(1) as pool:
        for _ in ("an input without a size", "one that has a size"):
            for count, when, chunksize in ((1, 0, 1), (10, 3, 1), (20, 7, 2), (20, 7, 4)):
                results, seen = pool.imap(square, saying_when(count, when), chunksize), []
                while not seen or seen[-1].isdigit():
                    seen.append(outcome(lambda: next(results)))
                seen.append(outcome(lambda: next(results)))
                log(seen)
            for count, when in ((1, 0), (10, 3)):
                results, seen = pool.imap_unordered(square, saying_when(count, when)), []
                while "StopIteration" not in seen:
                    seen.append(outcome(lambda: next(results)))
                log(sorted(seen))


def numbers(end, awaited, event):
    """0, 1, 2, … of which one has to be waited for."""
    for number in range(end):
        if number == awaited:
            event.wait()
        yield number


@case("multiprocessing.pool.imap.lazy", "results of what was read, before there is more")
def _():
    with Pool(2) as pool:
        for make in (pool.imap, pool.imap_unordered):
            for chunksize in (1, 2):
                event = threading.Event()
                results = make(square, numbers(6, 4, event), chunksize)
                log(sorted(outcome(lambda: next(results)) for _ in range(4)))
                if chunksize == 1:
                    log(raised(lambda: results.next(times.brief)))
                event.set()
                log(sorted(results))


@case("multiprocessing.pool.imap.endless", "an input that has no end")
def _():
    for chunksize in (1, 3):
        with Pool(2) as pool:
            results = pool.imap(square, itertools.count(), chunksize)
            log(sum(next(results) for _ in range(1000)))


@case("multiprocessing.pool.imap.closed", "what is read later is run, too")
def _():
    with Pool(2) as pool:
        event = threading.Event()
        results = pool.imap(square, numbers(5, 2, event))
        log(outcome(results.next))
        pool.close()
        event.set()
        log(list(results))
        pool.join()
    with Pool(2) as pool:
        results = pool.imap(square, iter(range(1000)))
        pool.close()
        pool.join()
        results = list(results)
        log(len(results), sum(results))


@case("multiprocessing.pool.imap-unordered.all", "as soon as a call has ended")
def _():
    with Pool(2) as pool, Folder() as folder:
        for chunksize in (1, 3, 100):
            log(sorted(pool.imap_unordered(square, range(10), chunksize)))
        gates = [folder.gate(name) for name in "abc"]
        results = pool.imap_unordered(pass_gate, gates)
        for which in (1, 0, 2):
            open_gate(gates[which])
            log(results.next())
        log(raised(results.next))


# The end


@case("multiprocessing.pool.close.refuses", "no further call")
def _():
    for stop in ("close", "terminate"):
        with Pool(1) as pool:
            getattr(pool, stop)()
            log(raised(lambda: pool.apply(square, (1,))), raised(lambda: pool.apply_async(square, (1,))))
            log(raised(lambda: pool.map(square, [1])), raised(lambda: pool.map_async(square, [])))
            log(raised(lambda: pool.imap(square, [1])), raised(lambda: pool.imap_unordered(square, [1])))
            log(raised(lambda: pool.starmap(multiply, [(1, 2)])))
            pool.join()


@case("multiprocessing.pool.close.finishes", "what was handed over is run")
def _():
    with Pool(2) as pool:
        results = [pool.apply_async(square, (number,)) for number in range(50)]
        mapped = pool.map_async(square, range(100), 1)
        pool.close()
        pool.join()
        log([result.ready() for result in results].count(True), sum(result.get() for result in results))
        log(mapped.ready(), sum(mapped.get()), len(multiprocessing.active_children()))


@case("multiprocessing.pool.join.running", "not while it runs")
def _():
    with Pool(1) as pool:
        log(raised(pool.join))
        log(pool.apply(square, (2,)))


@case("multiprocessing.pool.terminate.at-once", "whatever waits")
def _():
    with Folder() as folder:
        gate = folder.gate("gate")
        pool = Pool(3)
        pool.map_async(enter, [gate] * 10000, 1)
        pool.terminate()
        pool.join()
        log(len(multiprocessing.active_children()))


@case("multiprocessing.pool.terminate.again", "as often as one likes")
def _():
    pool = Pool(1)
    for act in (pool.close, pool.close, pool.terminate, pool.terminate, pool.join, pool.join, pool.close, pool.terminate):
        log(raised(act))


@case("multiprocessing.pool.scope.terminates", "the end of the block ends the workers")
def _():
    with Folder() as folder:
        path, gate = folder.path("notes"), folder.gate("gate")
        with Pool(1) as pool:
            log(pool.map_async(square, range(4)).get())
            pool.apply_async(enter, (gate,))
            pool.apply_async(note, (path, "never"))
        pool.join()
        log(os.path.exists(path), len(multiprocessing.active_children()))


PROGRAM = """
from multiprocessing import Pool
pool = None
def make():
    global pool
    pool = Pool(2)
    print(pool.map(float, range(3)), flush=True)
if __name__ == "__main__":
    make()
"""


@case("multiprocessing.pool.program-ends", "although nobody has closed it")
def _():
    ended = subprocess.run([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    log(ended.stdout.decode().strip(), ended.returncode)
