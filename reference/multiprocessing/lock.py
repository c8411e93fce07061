"""Twins of conformance/multiprocessing/lock_test.cpp."""

import multiprocessing
import os
import threading

from case import case, log, now, raised, times
from support import Blocked, each_method, killed, outcome, run, started, wait_until_asleep

Lock, RLock = multiprocessing.Lock, multiprocessing.RLock


def in_thread(act, name=None):
    """Calls it in another thread, and returns what it returned or raised."""
    said = []
    thread = threading.Thread(target=lambda: said.append(outcome(act)), name=name)
    thread.start()
    thread.join()
    return said[0]


# Lock


@case("multiprocessing.lock.acquire.free", "a free lock is taken, a held one is not")
def _():
    lock = Lock()
    log(lock.acquire(), lock.acquire(False), in_thread(lambda: lock.acquire(False)))
    lock.release()
    log(lock.acquire(False))
    lock.release()
    log(lock.acquire(timeout=times.must_not_expire))
    lock.release()


@case("multiprocessing.lock.acquire.timeout", "False after the timeout, never before")
def _():
    for lock in (Lock(), RLock()):
        lock.acquire()
        start = now()
        log(in_thread(lambda: lock.acquire(timeout=times.must_expire)), now() - start >= times.must_expire)
        log(in_thread(lambda: lock.acquire(timeout=0)), in_thread(lambda: lock.acquire(timeout=-1)))
        lock.release()
        log(lock.acquire(timeout=0))
        lock.release()
        log(lock.acquire(timeout=-1))
        lock.release()


@case("multiprocessing.lock.acquire.timeout-ignored", "without waiting no timeout counts")
def _():
    lock = Lock()
    log(lock.acquire(False, -1), lock.acquire(False, times.must_not_expire))
    lock.release()


@case("multiprocessing.lock.acquire.waits", "one of those that wait has it")
def _():
    lock = Lock()
    lock.acquire()
    first = Blocked(lock.acquire, lock.acquire)
    lock.release()
    while first.said.count("True") < 1:
        pass
    log(lock.acquire(False), sorted(map(str, first.said)))
    lock.release()
    first.join()
    log(first.said, lock.acquire(False))


@case("multiprocessing.lock.release.free", "what is free cannot be released")
def _():
    lock = Lock()
    log(raised(lock.release))
    lock.acquire()
    lock.release()
    log(raised(lock.release), lock.acquire(False))


def release(lock):
    lock.release()


@case("multiprocessing.lock.release.anyone", "another thread or process may release it")
def _():
    lock = Lock()
    lock.acquire()
    in_thread(lock.release)
    log(lock.acquire(False))

    def by_child(context):
        own = context.Lock()
        own.acquire()
        log(run(context, release, own), own.acquire(False))

    each_method(by_child)


@case("multiprocessing.lock.scope", "taken for a block")
def _():
    lock = Lock()
    with lock:
        log(lock.acquire(False))

    def fail():
        with lock:
            raise ValueError("inside")

    log(raised(fail), lock.acquire(False))


# They begin together, and let the others run meanwhile: whoever a lock lets in beside counts from the same number, on one
# processor, too.
def count(lock, together, counter, times_):
    together.wait()
    for _ in range(times_):
        with lock:
            seen = counter.value
            os.sched_yield()
            counter.value = seen + 1


@case("multiprocessing.lock.processes.excludes", "one process at a time")
def _():
    def in_turns(context):
        lock, counter = context.Lock(), context.Value("i", 0, lock=False)
        together = context.Barrier(3)
        children = [started(context, count, lock, together, counter, 500) for _ in range(3)]
        for child in children:
            child.join()
        log([child.exitcode for child in children], counter.value)

    each_method(in_turns)


def acquire_and_tell(lock, taken):
    lock.acquire()
    taken.release()


@case("multiprocessing.lock.processes.waits", "a process waits until it is released elsewhere")
def _():
    def wait(context):
        lock, taken = context.Lock(), context.Semaphore(0)
        lock.acquire()
        child = started(context, acquire_and_tell, lock, taken)
        log(taken.acquire(timeout=times.must_expire))
        lock.release()
        log(taken.acquire(timeout=times.must_not_expire))
        child.join()
        log(child.exitcode, lock.acquire(False))

    each_method(wait)


def hold(lock, taken):
    lock.acquire()
    taken.release()
    multiprocessing.Event().wait()


@case("multiprocessing.lock.dead-owner.held", "the lock of a killed process stays held")
def _():
    context = multiprocessing.get_context("fork")
    lock, taken = context.Lock(), context.Semaphore(0)
    child = started(context, hold, lock, taken)
    taken.acquire()
    killed(child)
    log(lock.acquire(timeout=times.must_expire), raised(lock.release), lock.acquire(False))


@case("multiprocessing.lock.sharing.inheritance", "no lock goes over a connection")
def _():
    reader, writer = multiprocessing.Pipe(False)
    for make in (Lock, RLock):
        log(raised(lambda: writer.send(make())), reader.poll())


@case("multiprocessing.lock.sharing.fork-context", "what fork has made does not go to a spawned process")
def _():
    fork = multiprocessing.get_context("fork")
    for method in ("spawn", "forkserver"):
        other = multiprocessing.get_context(method)
        log(method, raised(other.Process(target=release, args=(fork.Lock(),)).start))
        lock = other.Lock()
        lock.acquire()
        log(run(fork, release, lock), lock.acquire(False))


@case("multiprocessing.lock.repr.owner", "who has it")
def _():
    context = multiprocessing.get_context("fork")
    lock = context.Lock()
    log(repr(lock), in_thread(lambda: repr(lock)))
    lock.acquire()
    log(repr(lock), in_thread(lambda: repr(lock)))
    lock.release()
    in_thread(lock.acquire, "T")
    log(repr(lock))
    lock.release()
    log(in_thread(lambda: lock.acquire() and repr(lock), "T"))
    lock.release()
    taken = context.Semaphore(0)
    child = started(context, hold, lock, taken)
    taken.acquire()
    log(repr(lock))
    killed(child)


# RLock


@case("multiprocessing.rlock.recursive", "taken again, released as often")
def _():
    lock = RLock()
    log([lock.acquire() for _ in range(3)], in_thread(lambda: lock.acquire(False)))
    for _ in range(3):
        log(in_thread(lambda: lock.acquire(False)))
        lock.release()
    log(in_thread(lambda: lock.acquire(False)))


@case("multiprocessing.rlock.release.not-owned", "only the owner may release it")
def _():
    lock = RLock()
    log(raised(lock.release))
    lock.acquire()
    log(in_thread(lock.release), in_thread(lambda: lock.acquire(False)))
    lock.release()
    log(raised(lock.release), in_thread(lambda: lock.acquire(False)))


def try_acquire(lock, answer):
    answer.value = lock.acquire(False)


@case("multiprocessing.rlock.excludes", "nobody else before the last release")
def _():
    context = multiprocessing.get_context("fork")
    lock, answer = context.RLock(), context.Value("i", 7)
    lock.acquire()
    lock.acquire()
    lock.release()
    blocked = Blocked(lambda: lock.acquire())
    run(context, try_acquire, lock, answer)
    log(answer.value, blocked.said)
    lock.release()
    blocked.join()
    log(blocked.said)


def count_twice(lock, together, counter, times_):
    together.wait()
    for _ in range(times_):
        with lock:
            seen = counter.value
            os.sched_yield()
            with lock:
                counter.value = seen + 1


@case("multiprocessing.rlock.processes.crosses", "recursive in each process, excluding the others")
def _():
    def in_turns(context):
        lock, counter = context.RLock(), context.Value("i", 0, lock=False)
        together = context.Barrier(3)
        children = [started(context, count_twice, lock, together, counter, 500) for _ in range(3)]
        for child in children:
            child.join()
        log([child.exitcode for child in children], counter.value)

    each_method(in_turns)


def release_inherited(lock, answer):
    said = raised(lock.release)
    answer.value = (said.startswith("AssertionError"), lock.acquire(False)) == (True, False)


@case("multiprocessing.rlock.forked", "a child does not hold what its parent holds")
def _():
    context = multiprocessing.get_context("fork")
    lock, answer = context.RLock(), context.Value("i", 7)
    lock.acquire()
    log(run(context, release_inherited, lock, answer), answer.value)
    lock.release()


@case("multiprocessing.rlock.scope", "taken for a block")
def _():
    lock = RLock()
    with lock:
        with lock:
            log(in_thread(lambda: lock.acquire(False)))
    log(in_thread(lambda: lock.acquire(False)))


@case("multiprocessing.rlock.repr.owner", "who has it, how often")
def _():
    context = multiprocessing.get_context("fork")
    lock = context.RLock()
    log(repr(lock))
    lock.acquire()
    lock.acquire()
    log(repr(lock), in_thread(lambda: repr(lock)))
    lock.release()
    lock.release()
    log(in_thread(lambda: lock.acquire() and repr(lock), "T"))
    lock = context.RLock()
    taken = context.Semaphore(0)
    child = started(context, hold, lock, taken)
    taken.acquire()
    log(repr(lock))
    killed(child)
