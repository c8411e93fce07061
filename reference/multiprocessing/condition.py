"""Twins of conformance/multiprocessing/condition_test.cpp."""

import multiprocessing
import threading

from case import case, log, now, raised, times
from support import Blocked, each_method, free_for_others, started

Condition, Semaphore = multiprocessing.Condition, multiprocessing.Semaphore


def waiting(cond, count, wait=lambda cond: cond.wait()):
    """So many threads that wait; with the semaphore that each releases when it goes on, the lock held."""
    woken = Semaphore(0)

    def act():
        with cond:
            result = wait(cond)
            woken.release()
        return result

    return Blocked(*[act] * count), woken


def notify(cond, *number):
    with cond:
        cond.notify(*number)


def notify_all(cond):
    with cond:
        cond.notify_all()


@case("multiprocessing.condition.wait.notified", "waits without the lock, and has it again")
def _():
    cond = Condition()
    for wait in (lambda cond: cond.wait(), lambda cond: cond.wait(times.must_not_expire)):
        blocked, woken = waiting(cond, 1, wait)
        log(cond.acquire(False), woken.acquire(False))
        cond.notify()
        log(woken.acquire(timeout=times.brief))
        cond.release()
        blocked.join()
        log(blocked.said, woken.get_value())


@case("multiprocessing.condition.wait.timeout", "False after the timeout, never before")
def _():
    cond, start = Condition(), now()
    with cond:
        log(cond.wait(times.must_expire), now() - start >= times.must_expire, cond.wait(0), cond.wait(-1))
        log(free_for_others(cond), raised(cond.notify))


@case("multiprocessing.condition.wait.not-held", "only who holds the lock may wait")
def _():
    cond = Condition()
    log(raised(cond.wait), raised(lambda: cond.wait(times.brief)))


@case("multiprocessing.condition.wait.recursive", "an RLock is given up altogether")
def _():
    cond = Condition()

    def wait(cond):
        with cond:
            cond.wait()
            twice = repr(cond)
        return (twice + " " + repr(cond)).replace(threading.current_thread().name, "T")

    blocked, _ = waiting(cond, 1, wait)
    log(cond.acquire(False))
    cond.notify()
    cond.release()
    blocked.join()
    log(blocked.said[0])


@case("multiprocessing.condition.notify.one", "one goes on")
def _():
    cond = Condition()
    blocked, woken = waiting(cond, 3)
    for _ in range(3):
        notify(cond)
        log(woken.acquire(timeout=times.must_not_expire), woken.acquire(timeout=times.brief))
    blocked.join()
    log(blocked.said)


@case("multiprocessing.condition.notify.several", "so many go on, or all")
def _():
    cond = Condition()
    blocked, woken = waiting(cond, 6)
    notify(cond, 3)
    log([woken.acquire(timeout=times.must_not_expire) for _ in range(3)], woken.acquire(timeout=times.brief))
    notify(cond, 1)
    log(woken.acquire(timeout=times.must_not_expire), woken.acquire(timeout=times.brief))
    notify(cond, 10)
    log([woken.acquire(timeout=times.must_not_expire) for _ in range(2)])
    notify(cond, 3)
    blocked.join()
    log(woken.get_value())


@case("multiprocessing.condition.notify.all", "all go on")
def _():
    cond = Condition()
    blocked, woken = waiting(cond, 5)
    notify_all(cond)
    blocked.join()
    log(blocked.said, woken.get_value())


@case("multiprocessing.condition.notify.nobody", "nothing is kept for later")
def _():
    cond = Condition()
    notify(cond)
    notify_all(cond)
    with cond:
        log(cond.wait(times.brief))
        cond.notify()
        log(cond.wait(times.brief))


@case("multiprocessing.condition.notify.not-held", "only who holds the lock may notify")
def _():
    cond = Condition()
    log(raised(cond.notify), raised(cond.notify_all))


@case("multiprocessing.condition.wait-for.predicate", "until it is true")
def _():
    cond, state, seen = Condition(), [0], []

    def predicate():
        seen.append(state[0])
        return state[0] >= 2

    blocked, woken = waiting(cond, 1, lambda cond: cond.wait_for(predicate))
    while state[0] < 2:
        with cond:
            state[0] += 1
            cond.notify()
        while len(seen) <= state[0]:
            pass
    blocked.join()
    log(blocked.said, seen, woken.get_value())
    with cond:
        log(cond.wait_for(lambda: True), cond.wait_for(lambda: True, 0))


@case("multiprocessing.condition.wait-for.timeout", "what it is when the time is over")
def _():
    cond, start, looked = Condition(), now(), []

    def predicate():
        looked.append(None)
        return False

    def wait(cond):
        return cond.wait_for(predicate, times.must_expire * 4)

    blocked, _ = waiting(cond, 1, wait)
    notify(cond)
    blocked.join()
    log(blocked.said, now() - start >= times.must_expire * 4, len(looked) >= 2)
    with cond:
        log(cond.wait_for(predicate, 0), cond.wait_for(predicate, -1))


@case("multiprocessing.condition.lock.given", "over a lock of one's own")
def _():
    for make in (multiprocessing.Lock, multiprocessing.RLock):
        lock = make()
        first, second = Condition(lock), Condition(lock)
        log(first.acquire(), free_for_others(lock), raised(second.notify))
        first.release()
        blocked, _ = waiting(first, 1)
        notify(first)
        blocked.join()
        log(blocked.said)
    cond = Condition()
    log(cond.acquire(), cond.acquire())
    cond.release()
    cond.release()
    log(raised(cond.release))


def wait_there(cond, sleeping, woken):
    with cond:
        sleeping.release()
        if cond.wait(times.must_not_expire):
            woken.release()


@case("multiprocessing.condition.processes.crosses", "from process to process")
def _():
    def wake(context):
        cond, sleeping, woken = context.Condition(), context.Semaphore(0), context.Semaphore(0)
        children = [started(context, wait_there, cond, sleeping, woken) for _ in range(2)]
        for _ in children:
            sleeping.acquire()
        for _ in children:
            notify(cond)
            log(woken.acquire(timeout=times.must_not_expire), woken.acquire(timeout=times.brief))
        for child in children:
            child.join()
            log(child.exitcode)

    each_method(wake)


@case("multiprocessing.condition.processes.all", "threads here and processes there")
def _():
    context = multiprocessing.get_context("fork")
    cond, sleeping, woken = context.Condition(), context.Semaphore(0), context.Semaphore(0)
    children = [started(context, wait_there, cond, sleeping, woken) for _ in range(3)]
    blocked, here = waiting(cond, 2)
    for _ in children:
        sleeping.acquire()
    notify_all(cond)
    blocked.join()
    for child in children:
        child.join()
    log(here.get_value(), woken.get_value())


@case("multiprocessing.condition.sharing.inheritance", "no condition goes over a connection")
def _():
    reader, writer = multiprocessing.Pipe(False)
    log(raised(lambda: writer.send(Condition())), reader.poll())


@case("multiprocessing.condition.repr.waiters", "the lock, and who waits")
def _():
    cond = Condition()
    log(repr(cond), repr(Condition(multiprocessing.Lock())))
    blocked, _ = waiting(cond, 2)
    log(repr(cond))
    notify_all(cond)
    blocked.join()
