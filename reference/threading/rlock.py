import threading

from case import case, log, now, raised, times, wait_until_blocked
from support import Bunch


def free_for_others(lock):
    free = []

    def ask():
        free.append(lock.acquire(blocking=False))
        if free[0]:
            lock.release()

    Bunch(1, ask).join()
    return free[0]


@case("threading.rlock.acquire.again", "its owner takes it again, and must release as often")
def _():
    lock = threading.RLock()
    log(bool(lock.acquire()), bool(lock.acquire()), bool(lock.acquire(False)))
    for _ in range(3):
        log(free_for_others(lock))
        lock.release()
    log(free_for_others(lock))


@case("threading.rlock.acquire.contended", "others wait until the owner has released it wholly")
def _():
    lock, finished = threading.RLock(), []

    def take():
        lock.acquire()
        finished.append(None)
        lock.release()

    lock.acquire()
    lock.acquire()
    bunch = Bunch(5, take)
    wait_until_blocked(5)
    lock.release()
    log(len(finished))
    lock.release()
    bunch.join()
    log(len(finished))


@case("threading.rlock.release.unacquired", "releasing what one does not own is an error")
def _():
    lock = threading.RLock()
    log(raised(lock.release))
    lock.acquire()
    lock.acquire()
    lock.release()
    lock.acquire()
    lock.release()
    lock.release()
    log(raised(lock.release))


@case("threading.rlock.release.other-thread", "only the owner may release it")
def _():
    lock, other = threading.RLock(), []
    lock.acquire()
    Bunch(1, lambda: other.append(raised(lock.release))).join()
    log(other[0])
    log(free_for_others(lock))
    lock.release()


@case("threading.rlock.timeout.expires", "False when another owns it, not before the timeout")
def _():
    lock, result = threading.RLock(), []
    lock.acquire()

    def wait():
        start = now()
        result.append(lock.acquire(timeout=times.must_expire))
        result.append(now() - start < times.must_expire)

    Bunch(1, wait).join()
    log(*result)
    lock.release()


@case("threading.rlock.timeout.checked", "the arguments are checked as a Lock checks them")
def _():
    lock = threading.RLock()
    for _ in range(2):  # free, and owned already
        log(raised(lambda: lock.acquire(False, 1)))
        log(raised(lambda: lock.acquire(timeout=-100)))
        log(raised(lambda: lock.acquire(timeout=1e100)))
        log(lock.acquire(timeout=-1))


@case("threading.rlock.with.nested", "with blocks nest, and release by an exception too")
def _():
    lock = threading.RLock()

    def fail():
        with lock:
            raise TypeError

    with lock:
        with lock:
            log(free_for_others(lock))
    log(free_for_others(lock))
    log(raised(fail))
    log(free_for_others(lock))


@case("threading.rlock.repr.state", "its repr says whether it is locked, and how often")
def _():
    lock = threading.RLock()
    log(lock)
    lock.acquire()
    lock.acquire()
    log(str(lock).startswith("<locked _thread.RLock object owner="))
    log(" count=2 at " in str(lock))
