"""Twins of conformance/multiprocessing/event_test.cpp."""

import multiprocessing

from case import case, log, now, raised, times
from support import Blocked, each_method, started

Event = multiprocessing.Event


@case("multiprocessing.event.state.set-and-clear", "set, unset")
def _():
    event = Event()
    seen = [event.is_set()]
    for act in (event.set, event.set, event.clear, event.clear, event.set):
        act()
        seen.append(event.is_set())
    log(seen)


@case("multiprocessing.event.wait.set", "at once when it is set")
def _():
    event = Event()
    event.set()
    log(event.wait(), event.wait(0), event.wait(-1), event.wait(times.must_not_expire), event.is_set())


@case("multiprocessing.event.wait.timeout", "False after the timeout, never before")
def _():
    event, start = Event(), now()
    log(event.wait(times.must_expire), now() - start >= times.must_expire, event.wait(0), event.wait(-1))


@case("multiprocessing.event.wait.woken", "all go on")
def _():
    event = Event()
    blocked = Blocked(event.wait, event.wait, lambda: event.wait(times.must_not_expire))
    log(event.is_set(), blocked.said)
    event.set()
    blocked.join()
    log(blocked.said, event.is_set())


def wait_there(event, asked, answered):
    asked.release()
    if event.wait(times.must_not_expire) and event.is_set():
        answered.release()


@case("multiprocessing.event.processes.crosses", "set here, seen there")
def _():
    def wake(context):
        event, asked, answered = context.Event(), context.Semaphore(0), context.Semaphore(0)
        children = [started(context, wait_there, event, asked, answered) for _ in range(3)]
        for _ in children:
            asked.acquire()
        log(answered.acquire(timeout=times.brief))
        event.set()
        for child in children:
            child.join()
        log(answered.get_value(), [child.exitcode for child in children])

    each_method(wake)


def set_there(event):
    event.set()


@case("multiprocessing.event.processes.parent-waits", "set there, seen here")
def _():
    def wait(context):
        event = context.Event()
        child = started(context, set_there, event)
        log(event.wait(times.must_not_expire), event.is_set())
        child.join()

    each_method(wait)


@case("multiprocessing.event.sharing.inheritance", "no event goes over a connection")
def _():
    reader, writer = multiprocessing.Pipe(False)
    log(raised(lambda: writer.send(Event())).partition(":")[0], reader.poll())


@case("multiprocessing.event.repr.state", "its state")
def _():
    event = Event()
    log(repr(event))
    event.set()
    log(repr(event))
