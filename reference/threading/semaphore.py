import sys
import threading

from case import case, log, now, raised, times, wait_until_blocked
from support import Bunch


def each_kind(value):
    yield threading.Semaphore(value)
    yield threading.BoundedSemaphore(value)


@case("threading.semaphore.value.negative", "the first value may not be negative")
def _():
    for value in (-1, -sys.maxsize):
        log(raised(lambda: threading.Semaphore(value)))
        log(raised(lambda: threading.BoundedSemaphore(value)))


@case("threading.semaphore.value.default", "it is one; a second acquire waits for a release")
def _():
    for semaphore in (threading.Semaphore(), threading.BoundedSemaphore()):
        finished = []

        def take():
            semaphore.acquire()
            semaphore.release()
            finished.append(None)

        log(semaphore.acquire())
        bunch = Bunch(1, take)
        wait_until_blocked(1)
        log(len(finished))
        semaphore.release()
        bunch.join()
        log(len(finished))


@case("threading.semaphore.acquire.counts", "as many as the value are let in at once")
def _():
    for semaphore in each_kind(2):
        log(semaphore.acquire(), semaphore.acquire(False), semaphore.acquire(False))
        semaphore.release()
        log(semaphore.acquire(False), semaphore.acquire(False))


@case("threading.semaphore.acquire.try-contended", "tries of several threads take no more than there is")
def _():
    for semaphore in each_kind(4):
        taken = []
        semaphore.acquire()
        Bunch(5, lambda: taken.extend((semaphore.acquire(False), semaphore.acquire(False)))).join()
        log(sum(taken))


@case("threading.semaphore.acquire.contended", "each release lets one of those that wait through")
def _():
    for semaphore in each_kind(7):
        passed, arrived = [], threading.Semaphore(0)

        def pass_twice():
            for _ in range(2):
                semaphore.acquire()
                passed.append(None)
                arrived.release()

        def let_pass(n):
            for _ in range(n):
                arrived.acquire()
            log(len(passed), arrived.acquire(False))

        bunch = Bunch(10, pass_twice)
        let_pass(7)
        for _ in range(7):
            semaphore.release()
        let_pass(7)
        for _ in range(6):
            semaphore.release()
        let_pass(6)
        bunch.join()
        log(semaphore.acquire(False))


@case("threading.semaphore.acquire.timeout", "False after the timeout, not before")
def _():
    for semaphore in each_kind(2):
        for _ in range(3):
            log(semaphore.acquire(timeout=times.brief))
        semaphore.release()
        log(semaphore.acquire(timeout=times.brief))
        start = now()
        log(semaphore.acquire(timeout=times.must_expire))
        log(now() - start >= times.must_expire)
        log(semaphore.acquire(timeout=0))


@case("threading.semaphore.acquire.negative", "a negative timeout polls")
def _():
    semaphore = threading.Semaphore(1)
    log(semaphore.acquire(timeout=-5), semaphore.acquire(timeout=-5))


@case("threading.semaphore.acquire.without-blocking", "no timeout goes with blocking=False")
def _():
    semaphore = threading.Semaphore(1)
    for timeout in (1, 0, -1):
        log(raised(lambda: semaphore.acquire(False, timeout)))
    log(semaphore.acquire(False))


@case("threading.semaphore.acquire.too-large", "a timeout beyond TIMEOUT_MAX is an error where it would count")
def _():
    semaphore = threading.Semaphore(1)
    log(semaphore.acquire(timeout=1e100))
    log(raised(lambda: semaphore.acquire(timeout=1e100)))


@case("threading.semaphore.release.several", "release(n) lets n through at once")
def _():
    for semaphore in each_kind(7):
        arrived = threading.Semaphore(0)

        def arrive():
            semaphore.acquire()
            arrived.release()

        for _ in range(7):
            semaphore.acquire()
        bunch = Bunch(5, arrive)
        wait_until_blocked(5)
        semaphore.release(3)
        for _ in range(3):
            arrived.acquire()
        wait_until_blocked(2)
        log(arrived.acquire(False), semaphore.acquire(False))
        semaphore.release(3)
        bunch.join()
        log(semaphore.acquire(False), semaphore.acquire(False))


@case("threading.semaphore.release.less-than-one", "n must be one or more")
def _():
    for semaphore in each_kind(1):
        semaphore.acquire()
        log(raised(lambda: semaphore.release(0)))
        log(raised(lambda: semaphore.release(-1)))
        log(semaphore.acquire(False))


@case("threading.semaphore.release.unacquired", "a plain one counts on above its first value")
def _():
    semaphore = threading.Semaphore(1)
    semaphore.release()
    log(semaphore.acquire(False), semaphore.acquire(False), semaphore.acquire(False))


@case("threading.semaphore.bounded.over-release", "a bounded one refuses, and nothing is changed")
def _():
    semaphore = threading.BoundedSemaphore(2)
    log(raised(semaphore.release))
    semaphore.acquire()
    log(raised(lambda: semaphore.release(2)))
    log(semaphore.acquire(False), semaphore.acquire(False))
    semaphore.release()
    semaphore.release()
    log(raised(semaphore.release))


@case("threading.semaphore.with.releases", "leaving a with block releases, by an exception too")
def _():
    for semaphore in each_kind(2):

        def inside(fail):
            with semaphore:
                log(semaphore.acquire(False))
                semaphore.release()
                with semaphore:
                    log(semaphore.acquire(False))
                    if fail:
                        raise TypeError

        inside(False)
        log(raised(lambda: inside(True)))
        log(semaphore.acquire(False), semaphore.acquire(False), semaphore.acquire(False))


@case("threading.semaphore.repr.value", "its repr has the value")
def _():
    for semaphore in each_kind(3):
        log(semaphore)
        semaphore.acquire()
        log(semaphore)
        semaphore.release()
        log(semaphore)
