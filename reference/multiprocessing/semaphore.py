"""Twins of conformance/multiprocessing/semaphore_test.cpp."""

import multiprocessing

from case import case, log, now, raised, times
from support import Blocked, each_method, killed, run, started

Semaphore, BoundedSemaphore = multiprocessing.Semaphore, multiprocessing.BoundedSemaphore


@case("multiprocessing.semaphore.value.counts", "acquire takes, release gives")
def _():
    sem = Semaphore(2)
    seen = [sem.get_value()]
    for act in (sem.acquire, sem.acquire, sem.release, sem.release, sem.release, sem.release):
        act()
        seen.append(sem.get_value())
    log(seen, Semaphore().get_value(), Semaphore(0).get_value())


@case("multiprocessing.semaphore.value.negative", "no value below zero")
def _():
    log(raised(lambda: Semaphore(-1)), raised(lambda: BoundedSemaphore(-1)))


@case("multiprocessing.semaphore.value.limit", "no more than an int holds")
def _():
    sem = Semaphore(2147483646)
    log(raised(sem.release), sem.get_value(), raised(sem.release), sem.get_value())


@case("multiprocessing.semaphore.acquire.none-left", "nothing to take")
def _():
    sem = Semaphore(1)
    log(sem.acquire(False), sem.acquire(False), sem.acquire(False, times.must_not_expire), sem.get_value())


@case("multiprocessing.semaphore.acquire.timeout", "False after the timeout, never before")
def _():
    sem, start = Semaphore(0), now()
    log(sem.acquire(True, times.must_expire), now() - start >= times.must_expire)
    log(sem.acquire(True, 0), sem.acquire(timeout=-1), sem.acquire(False), sem.get_value())
    sem.release()
    log(sem.acquire(timeout=-1), sem.get_value())


@case("multiprocessing.semaphore.acquire.timeout-released", "True when there is one in time")
def _():
    sem = Semaphore(0)
    blocked = Blocked(lambda: sem.acquire(timeout=times.must_not_expire))
    sem.release()
    blocked.join()
    log(blocked.said, sem.get_value())


@case("multiprocessing.semaphore.release.one", "one release, one that goes on")
def _():
    sem, through = Semaphore(0), Semaphore(0)
    blocked = Blocked(*[lambda: sem.acquire() and through.release()] * 3)
    for _ in range(3):
        sem.release()
        through.acquire()
        log(sem.get_value(), through.acquire(False))
    blocked.join()


@case("multiprocessing.semaphore.scope", "one for a block")
def _():
    sem = Semaphore(2)
    with sem:
        log(sem.get_value())
    log(sem.get_value())


def answer(asked, answered, count):
    for _ in range(count):
        asked.acquire()
        answered.release()


@case("multiprocessing.semaphore.processes.crosses", "released here, acquired there")
def _():
    def ping_pong(context):
        asked, answered = context.Semaphore(0), context.Semaphore(0)
        child = started(context, answer, asked, answered, 10)
        rounds = 0
        for _ in range(10):
            asked.release()
            rounds += answered.acquire(True, times.must_not_expire)
        child.join()
        log(rounds, child.exitcode, asked.get_value(), answered.get_value())

    each_method(ping_pong)


def be_inside(sem, inside, most, count):
    for _ in range(count):
        with sem:
            with inside.get_lock():
                inside.value += 1
                most.value = max(most.value, inside.value)
            with inside.get_lock():
                inside.value -= 1


@case("multiprocessing.semaphore.processes.limits", "never more than the value at a time")
def _():
    context = multiprocessing.get_context("fork")
    sem, inside, most = context.Semaphore(2), context.Value("i", 0), context.Value("i", 0)
    children = [started(context, be_inside, sem, inside, most, 500) for _ in range(4)]
    for child in children:
        child.join()
    log(most.value <= 2, inside.value, sem.get_value())


def take_and_stay(sem, taken):
    sem.acquire()
    taken.release()
    multiprocessing.Event().wait()


@case("multiprocessing.semaphore.dead-holder.lost", "what a killed process had is gone")
def _():
    context = multiprocessing.get_context("fork")
    sem, taken = context.Semaphore(2), context.Semaphore(0)
    child = started(context, take_and_stay, sem, taken)
    taken.acquire()
    killed(child)
    log(sem.get_value(), sem.acquire(False), sem.acquire(timeout=times.must_expire))


@case("multiprocessing.semaphore.sharing.inheritance", "no semaphore goes over a connection")
def _():
    reader, writer = multiprocessing.Pipe(False)
    for make in (Semaphore, BoundedSemaphore):
        log(raised(lambda: writer.send(make())), reader.poll())


@case("multiprocessing.semaphore.repr.value", "its value")
def _():
    sem = Semaphore(2)
    log(repr(sem))
    sem.acquire()
    sem.acquire()
    log(repr(sem))


@case("multiprocessing.bounded-semaphore.release.beyond", "no more than at first")
def _():
    sem = BoundedSemaphore(2)
    log(raised(sem.release), sem.get_value())
    sem.acquire()
    log(raised(sem.release), raised(sem.release), sem.get_value())


@case("multiprocessing.bounded-semaphore.counts", "a semaphore within its bound")
def _():
    sem = BoundedSemaphore(2)
    log(sem.acquire(), sem.get_value(), sem.acquire(), sem.acquire(False))
    sem.release()
    log(sem.get_value(), sem.acquire(timeout=0), sem.acquire(timeout=0), BoundedSemaphore().get_value())


def release_too_often(sem, refused):
    sem.release()
    refused.value = raised(sem.release).startswith("ValueError")


@case("multiprocessing.bounded-semaphore.processes.crosses", "the bound holds among processes")
def _():
    def release_there(context):
        sem, refused = context.BoundedSemaphore(2), context.Value("i", 7)
        sem.acquire()
        log(run(context, release_too_often, sem, refused), refused.value, sem.get_value(), raised(sem.release))

    each_method(release_there)


@case("multiprocessing.bounded-semaphore.repr.value", "its value and its bound")
def _():
    sem = BoundedSemaphore(2)
    sem.acquire()
    log(repr(sem))
