import _thread
import threading

from case import case, log, now, raised, times, wait_until_blocked
from support import Bunch


@case("threading.lock.acquire.free", "a free lock is taken at once, and is free again when released")
def _():
    lock = threading.Lock()
    log(lock.locked(), lock.acquire(), lock.locked())
    lock.release()
    log(lock.locked())


@case("threading.lock.acquire.try", "without blocking, a held lock is refused at once")
def _():
    lock, other = threading.Lock(), []
    log(lock.acquire(False), lock.acquire(blocking=False))
    Bunch(1, lambda: other.append(lock.acquire(False))).join()
    log(other[0])
    lock.release()
    log(lock.acquire(False))


@case("threading.lock.acquire.contended", "all that wait for a held lock get it in the end")
def _():
    lock, finished = threading.Lock(), []

    def take():
        lock.acquire()
        lock.release()
        finished.append(None)

    lock.acquire()
    bunch = Bunch(5, take)
    wait_until_blocked(5)
    log(len(finished))
    lock.release()
    bunch.join()
    log(len(finished))


@case("threading.lock.acquire.excludes", "never two threads hold the lock")
def _():
    lock, counter = threading.Lock(), [0]

    def count():
        for _ in range(2500):
            lock.acquire()
            counter[0] += 1
            lock.release()

    Bunch(4, count).join()
    log(counter[0])


@case("threading.lock.acquire.not-recursive", "its holder waits like any other")
def _():
    lock, first, second = threading.Lock(), threading.Event(), []

    def twice():
        lock.acquire()
        first.set()
        second.append(lock.acquire())

    bunch = Bunch(1, twice)
    first.wait()
    wait_until_blocked(1)
    log(lock.locked())
    lock.release()
    bunch.join()
    log(second[0], lock.locked())


@case("threading.lock.release.wakes-one", "one release lets exactly one of those that wait through")
def _():
    lock, arrived = threading.Lock(), threading.Semaphore(0)

    def arrive():
        lock.acquire()
        arrived.release()

    lock.acquire()
    bunch = Bunch(3, arrive)
    wait_until_blocked(3)
    for left in (2, 1, 0):
        lock.release()
        arrived.acquire()
        wait_until_blocked(left)
        log(lock.locked(), arrived.acquire(blocking=False))
    bunch.join()


@case("threading.lock.release.any-thread", "a thread may release what another has taken")
def _():
    lock = threading.Lock()
    lock.acquire()
    Bunch(1, lock.release).join()
    log(lock.acquire(False))


@case("threading.lock.release.unlocked", "releasing a free lock is an error that changes nothing")
def _():
    lock = threading.Lock()
    log(raised(lock.release))
    log(lock.locked(), lock.acquire(False))
    lock.release()
    log(raised(lock.release))


@case("threading.lock.timeout.expires", "False when the lock stays held, not before the timeout")
def _():
    lock = threading.Lock()
    lock.acquire()
    start = now()
    log(lock.acquire(timeout=times.must_expire))
    log(now() - start >= times.must_expire)
    lock.release()
    log(lock.locked(), lock.acquire(False))


@case("threading.lock.timeout.in-time", "True when the lock is released in time")
def _():
    lock, taken = threading.Lock(), []
    lock.acquire()
    bunch = Bunch(1, lambda: taken.append(lock.acquire(timeout=times.must_not_expire)))
    wait_until_blocked(1)
    lock.release()
    bunch.join()
    log(taken[0], lock.locked())


@case("threading.lock.timeout.zero", "a timeout of zero is a try")
def _():
    lock = threading.Lock()
    log(lock.acquire(timeout=0), lock.acquire(timeout=0))


@case("threading.lock.timeout.without-blocking", "no timeout goes with blocking=False")
def _():
    lock = threading.Lock()
    for timeout in (1, 0, -2):
        log(raised(lambda: lock.acquire(False, timeout)))
    log(lock.locked())


@case("threading.lock.timeout.negative", "a negative timeout is an error, held or free")
def _():
    lock = threading.Lock()
    log(raised(lambda: lock.acquire(timeout=-100)))
    lock.acquire()
    log(raised(lambda: lock.acquire(timeout=-100)))


@case("threading.lock.timeout.minus-one", "-1 is for ever, as if there was no timeout")
def _():
    lock, taken = threading.Lock(), []
    log(lock.acquire(timeout=-1), lock.acquire(False, timeout=-1))
    bunch = Bunch(1, lambda: taken.append(lock.acquire(timeout=-1)))
    wait_until_blocked(1)
    lock.release()
    bunch.join()
    log(taken[0])


@case("threading.lock.timeout.too-large", "beyond TIMEOUT_MAX it is an error")
def _():
    lock = threading.Lock()
    log(raised(lambda: lock.acquire(timeout=1e100)))
    log(raised(lambda: lock.acquire(timeout=threading.TIMEOUT_MAX + 1)))
    log(lock.acquire(timeout=threading.TIMEOUT_MAX))
    log(threading.TIMEOUT_MAX)


@case("threading.lock.timeout.not-a-number", "NaN is an error")
def _():
    lock = threading.Lock()
    log(raised(lambda: lock.acquire(timeout=float("nan"))))
    log(lock.locked())


@case("threading.lock.with.releases", "leaving a with block releases, by an exception too")
def _():
    lock = threading.Lock()

    def fail():
        with lock:
            raise TypeError

    def take():
        with lock:
            pass

    with lock:
        log(lock.locked())
    log(lock.locked())
    log(raised(fail))
    log(lock.locked())
    Bunch(1, take).join()


@case("threading.lock.repr.state", "its repr says whether it is locked")
def _():
    lock = threading.Lock()
    log(lock)
    lock.acquire()
    log(lock)


@case("threading.lock.foreign.no-trace", "a foreign thread that uses a lock gets no Thread object")
def _():
    lock, before = threading.Lock(), threading.active_count()
    for _ in range(15):
        done = _thread.allocate_lock()
        done.acquire()

        def use():
            with lock:
                pass
            done.release()

        _thread.start_new_thread(use, ())
        done.acquire()
    log(threading.active_count() - before)
