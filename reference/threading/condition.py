import threading

from case import case, log, now, raised, times, wait_until_blocked
from support import Bunch


def over_each_lock():
    yield threading.Condition()
    yield threading.Condition(threading.Lock())


@case("threading.condition.lock.own", "a condition of its own is recursive")
def _():
    condition, other = threading.Condition(), []

    def ask():
        other.append(condition.acquire(False))
        if other[-1]:
            condition.release()

    log(condition.acquire(), condition.acquire())
    condition.release()
    Bunch(1, ask).join()
    log(other[-1])
    condition.release()
    Bunch(1, ask).join()
    log(other[-1])


@case("threading.condition.lock.given", "the condition is the lock that it was given")
def _():
    lock = threading.Lock()
    condition = threading.Condition(lock)
    condition.acquire()
    log(lock.acquire(False))
    condition.release()
    log(lock.acquire(False), condition.acquire(False))
    lock.release()
    with condition:
        log(lock.acquire(False))
    log(raised(condition.release))


@case("threading.condition.lock.not-held", "waiting and notifying need the lock")
def _():
    for condition in over_each_lock():
        log(raised(condition.wait))
        log(raised(lambda: condition.wait(0)))
        log(raised(condition.notify))
        log(raised(condition.notify_all))


class Plain:
    """A lock that can be taken and freed, and knows no timeout."""

    def __init__(self):
        self.inner = threading.Lock()

    def acquire(self, blocking=True):
        return self.inner.acquire(blocking)

    def release(self):
        self.inner.release()


@case("threading.condition.lock.any", "any lock will do")
def _():
    lock = Plain()
    condition, items = threading.Condition(lock), []

    def consume():
        condition.acquire()
        while not items:
            condition.wait()
        log(items, condition.wait(0))
        condition.release()

    bunch = Bunch(1, consume)
    wait_until_blocked(1)
    log(condition.acquire(), lock.acquire(False))
    items.append("item")
    condition.notify()
    condition.release()
    bunch.join()
    log(lock.acquire(False), condition.acquire(False))
    lock.release()
    log(raised(lambda: condition.acquire(timeout=1)).split(":")[0])


@case("threading.condition.wait.frees-the-lock", "all of a recursive lock is freed, and restored")
def _():
    lock = threading.RLock()
    condition, notified, releases = threading.Condition(lock), [], []

    def wait():
        lock.acquire()
        lock.acquire()
        lock.acquire()
        notified.append(condition.wait())
        while raised(lock.release) == "nothing":
            releases.append(None)

    bunch = Bunch(1, wait)
    wait_until_blocked(1)
    log(condition.acquire(False))
    condition.notify()
    condition.release()
    bunch.join()
    log(notified[0], len(releases))


@case("threading.condition.wait.timeout", "False after the timeout, not before, with the lock held")
def _():
    for condition in over_each_lock():
        condition.acquire()
        start = now()
        log(condition.wait(times.must_expire))
        log(now() - start >= times.must_expire)
        condition.notify()
        condition.release()
        log(raised(condition.notify))


@case("threading.condition.wait.timeout-checked", "zero or less polls; too much is an error")
def _():
    condition = threading.Condition()
    condition.acquire()
    log(condition.wait(0), condition.wait(-1))
    log(raised(lambda: condition.wait(1e100)))
    condition.notify()


@case("threading.condition.wait.no-spurious", "notify(n) lets exactly n through, round after round")
def _():
    for condition in over_each_lock():
        first, second, ready = [], [], []
        passed = threading.Semaphore(0)

        def wait_twice():
            for count in (first, second):
                with condition:
                    ready.append(None)
                    count.append(condition.wait())
                passed.release()

        def settle(n, blocked):
            for _ in range(n):
                passed.acquire()
            wait_until_blocked(blocked)
            with condition:
                log(sum(first), sum(second), len(first) + len(second), passed.acquire(False))

        bunch = Bunch(5, wait_twice)
        wait_until_blocked(5)
        with condition:
            condition.notify(3)
        settle(3, 5)
        with condition:
            condition.notify(5)
        settle(5, 2)
        with condition:
            condition.notify_all()
        bunch.join()
        log(sum(first), sum(second), len(ready))


@case("threading.condition.notify.oldest-first", "who has waited longest is woken first")
def _():
    condition, order, threads, passed = threading.Condition(), [], [], threading.Semaphore(0)

    def wait(i):
        with condition:
            condition.wait()
            order.append(i)
        passed.release()

    for i in range(4):
        threads.append(threading.Thread(target=wait, args=(i,)))
        threads[-1].start()
        wait_until_blocked(i + 1)
    for _ in range(4):
        with condition:
            condition.notify()
        passed.acquire()
    for thread in threads:
        thread.join()
    log(order)


@case("threading.condition.notify.all", "all that wait are woken; none is remembered for later")
def _():
    condition, notified = threading.Condition(), []

    def wait():
        with condition:
            notified.append(condition.wait())

    with condition:
        condition.notify()
        condition.notify_all()
        log(condition.wait(times.brief))
    for everyone in (True, False):
        bunch = Bunch(3, wait)
        wait_until_blocked(3)
        with condition:
            condition.notify_all() if everyone else condition.notify(100)
        bunch.join()
        log(sum(notified))


@case("threading.condition.notify.none", "notifying zero or fewer wakes nobody")
def _():
    condition, notified = threading.Condition(), []

    def wait():
        with condition:
            notified.append(condition.wait())

    bunch = Bunch(1, wait)
    wait_until_blocked(1)
    with condition:
        condition.notify(0)
        condition.notify(-1)
        log(len(notified), "waiting:", str(condition)[-3:-2])
        condition.notify()
    bunch.join()
    log(notified[0])


@case("threading.condition.wait-for.holds", "it waits until the predicate holds")
def _():
    condition, state = threading.Condition(), [0]

    def wait():
        with condition:
            held = condition.wait_for(lambda: state[0] == 4)
            log(held, state[0])

    bunch = Bunch(1, wait)
    for _ in range(4):
        wait_until_blocked(1)
        with condition:
            state[0] += 1
            condition.notify()
    bunch.join()


@case("threading.condition.wait-for.timeout", "False after the timeout, not before, though notified")
def _():
    condition, state = threading.Condition(), [0]

    def wait():
        with condition:
            start = now()
            log(condition.wait_for(lambda: state[0] == 4, times.must_expire))
            log(now() - start >= times.must_expire)

    bunch = Bunch(1, wait)
    for _ in range(3):
        with condition:
            state[0] += 1
            condition.notify()
    bunch.join()


@case("threading.condition.wait-for.asks", "the predicate is asked first, and after each wake-up")
def _():
    condition, asked = threading.Condition(), []
    condition.acquire()

    def says(value):
        asked.append(None)
        return value

    log(condition.wait_for(lambda: says(True)), len(asked))
    for timeout in (0, -3, times.brief):
        del asked[:]
        log(condition.wait_for(lambda: says(False), timeout))
        log(len(asked))


@case("threading.condition.wait-for.unlocked", "the lock is needed only to wait")
def _():
    condition = threading.Condition()
    log(condition.wait_for(lambda: True))
    log(raised(lambda: condition.wait_for(lambda: False)))


@case("threading.condition.with.releases", "leaving a with block releases, by an exception too")
def _():
    for condition in over_each_lock():

        def fail():
            with condition:
                raise TypeError

        with condition:
            condition.notify()
        log(raised(condition.notify))
        log(raised(fail))
        log(raised(condition.notify))


@case("threading.condition.repr.state", "its repr has the lock's, and how many wait")
def _():
    over_lock, own = threading.Condition(threading.Lock()), threading.Condition()

    def wait():
        with own:
            own.wait()

    log(over_lock)
    log(own)
    bunch = Bunch(2, wait)
    wait_until_blocked(2)
    log(own)
    with own:
        own.notify_all()
    bunch.join()
    log(own)
    with own:
        own.wait(0)
    log(own)
