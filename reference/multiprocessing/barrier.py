"""Twins of conformance/multiprocessing/barrier_test.cpp."""

import functools
import multiprocessing
import threading
import time

from case import case, log, now, raised, times
from support import Blocked, each_method, started

Barrier = multiprocessing.Barrier


def joined(children):
    for child in children:
        child.join()
    return [child.exitcode for child in children]


def in_lockstep(barrier, rounds, came, went, wrong):
    for number in range(rounds):
        with came.get_lock():
            came.value += 1
        if went.value != number * barrier.parties:
            wrong.value = 1
        barrier.wait()
        with went.get_lock():
            went.value += 1
        if came.value != (number + 1) * barrier.parties:
            wrong.value = 1
        barrier.wait()


@case("multiprocessing.barrier.wait.lockstep", "all pass together, round after round")
def _():
    context = multiprocessing.get_context("fork")
    barrier, counts = context.Barrier(5), [context.Value("i", 0) for _ in range(3)]
    children = [started(context, in_lockstep, barrier, 20, *counts) for _ in range(4)]
    in_lockstep(barrier, 20, *counts)
    log(joined(children), [count.value for count in counts], barrier.n_waiting, barrier.broken)


@case("multiprocessing.barrier.wait.index", "each gets another number, in the order of their coming")
def _():
    barrier = Barrier(3)
    first = Blocked(barrier.wait)
    log(barrier.n_waiting, barrier.parties)
    second = threading.Thread(target=lambda: first.said.append(barrier.wait()))
    second.start()
    while barrier.n_waiting < 2:
        pass
    log(barrier.wait())
    first.join()
    second.join()
    log(first.said, barrier.n_waiting)


@case("multiprocessing.barrier.wait.single", "one party never waits")
def _():
    barrier = Barrier(1)
    log(barrier.wait(), barrier.wait(0), barrier.wait(-1), barrier.broken)


@case("multiprocessing.barrier.wait.timeout", "one that is out of time breaks the barrier for all")
def _():
    barrier = Barrier(4)
    blocked = Blocked(barrier.wait, lambda: barrier.wait(times.must_not_expire))
    start = now()
    log(raised(lambda: barrier.wait(times.must_expire)), now() - start >= times.must_expire)
    blocked.join()
    log(blocked.said, barrier.broken, barrier.n_waiting, raised(barrier.wait))


@case("multiprocessing.barrier.wait.default-timeout", "the barrier's own, unless one is given")
def _():
    barrier, start = Barrier(2, timeout=times.must_expire), now()
    log(raised(barrier.wait), now() - start >= times.must_expire, barrier.broken)
    patient = Barrier(2, timeout=0)
    blocked = Blocked(lambda: patient.wait(times.must_not_expire))
    log(patient.wait())
    blocked.join()
    log(blocked.said)


@case("multiprocessing.barrier.action.once", "called once in a round, before all go on")
def _():
    context = multiprocessing.get_context("fork")
    calls, right = context.Value("i", 0), context.Value("i", 0)

    def act():
        calls.value += 1

    def wait(barrier, rounds):
        for number in range(1, rounds + 1):
            barrier.wait()
            with right.get_lock():
                right.value += calls.value == 2 * number - 1
            barrier.wait()

    barrier = context.Barrier(4, act)
    children = [started(context, wait, barrier, 5) for _ in range(3)]
    wait(barrier, 5)
    log(joined(children), calls.value, right.value)


@case("multiprocessing.barrier.action.fails", "what the action raises breaks the barrier")
def _():
    def fail():
        raise ValueError("the action")

    barrier = Barrier(3, action=fail)
    blocked = Blocked(barrier.wait, barrier.wait)
    log(raised(barrier.wait))
    blocked.join()
    log(blocked.said, barrier.broken)


def increase(count):
    with count.get_lock():
        count.value += 1


def complete(barrier):
    while barrier.n_waiting == 0:
        time.sleep(0)
    barrier.wait()


@case("multiprocessing.barrier.action.crosses", "whichever process comes last calls it")
def _():
    def complete_there(context):
        calls = context.Value("i", 0)
        barrier = context.Barrier(2, functools.partial(increase, calls))
        child = started(context, complete, barrier)
        barrier.wait()
        child.join()
        log(child.exitcode, calls.value)

    each_method(complete_there)


@case("multiprocessing.barrier.abort.waiters", "all that wait and all that come")
def _():
    barrier = Barrier(3)
    blocked = Blocked(barrier.wait, barrier.wait)
    log(barrier.n_waiting, barrier.broken)
    barrier.abort()
    blocked.join()
    log(blocked.said, barrier.broken, barrier.n_waiting, raised(barrier.wait))


@case("multiprocessing.barrier.reset.waiters", "those that wait, and a new start")
def _():
    barrier = Barrier(3)
    blocked = Blocked(barrier.wait, barrier.wait)
    barrier.reset()
    blocked.join()
    log(blocked.said, barrier.broken, barrier.n_waiting)
    again = Blocked(barrier.wait, barrier.wait)
    log(barrier.wait())
    again.join()
    log(sorted(again.said))


@case("multiprocessing.barrier.reset.broken", "a broken one is mended")
def _():
    barrier = Barrier(2)
    barrier.abort()
    log(barrier.broken, raised(barrier.wait))
    barrier.reset()
    blocked = Blocked(barrier.wait)
    log(barrier.broken, barrier.wait())
    blocked.join()
    log(blocked.said)


def pass_twice(barrier, indices, seen):
    first = barrier.wait()
    with indices.get_lock():
        indices[first] += 1
    seen.value = barrier.parties * 10 + barrier.broken
    barrier.wait()


@case("multiprocessing.barrier.processes.crosses", "the same in all processes")
def _():
    def meet(context):
        barrier, indices, seen = context.Barrier(3), context.Array("i", 3), context.Value("i", 7)
        children = [started(context, pass_twice, barrier, indices, seen) for _ in range(2)]
        pass_twice(barrier, indices, seen)
        log(joined(children), indices[:], seen.value, barrier.n_waiting, barrier.broken)

    each_method(meet)


def wait_for_the_break(barrier, broken):
    try:
        barrier.wait(times.must_not_expire)
    except threading.BrokenBarrierError:
        with broken.get_lock():
            broken.value += 1


@case("multiprocessing.barrier.processes.broken", "broken in one, broken in all")
def _():
    def break_it(context):
        barrier, broken = context.Barrier(3), context.Value("i", 0)
        children = [started(context, wait_for_the_break, barrier, broken) for _ in range(2)]
        while barrier.n_waiting < 2:
            pass
        barrier.abort()
        log(joined(children), broken.value, barrier.broken, barrier.n_waiting)

    each_method(break_it)


@case("multiprocessing.barrier.sharing.inheritance", "no barrier goes over a connection")
def _():
    reader, writer = multiprocessing.Pipe(False)
    log(raised(lambda: writer.send(Barrier(2))).partition(":")[0], reader.poll())


@case("multiprocessing.barrier.repr.state", "its repr says how many wait, or that it is broken", since="3.11")
def _():
    barrier = Barrier(2)
    log(barrier)
    blocked = Blocked(lambda: barrier.wait(times.must_not_expire))
    log(barrier)
    barrier.wait()
    blocked.join()
    barrier.abort()
    log(barrier)
