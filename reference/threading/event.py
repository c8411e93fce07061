import threading

from case import case, log, now, raised, times, wait_until_blocked
from support import Bunch


def let_five_through(event):
    first, second = [], []

    def wait_twice():
        first.append(event.wait())
        second.append(event.wait())

    bunch = Bunch(5, wait_twice)
    wait_until_blocked(5)
    log(sum(first), sum(second))
    event.set()
    bunch.join()
    log(sum(first), sum(second))


@case("threading.event.flag.set-and-clear", "the flag is down at first; set and clear may be repeated")
def _():
    event = threading.Event()
    log(event.is_set())
    event.set()
    log(event.is_set())
    event.set()
    log(event.is_set())
    event.clear()
    log(event.is_set())
    event.clear()
    log(event.is_set())


@case("threading.event.wait.all", "set lets all through that wait, and all that come later")
def _():
    let_five_through(threading.Event())


@case("threading.event.wait.again", "after clear the event is as new")
def _():
    event = threading.Event()
    event.set()
    event.clear()
    let_five_through(event)
    event.clear()
    let_five_through(event)


@case("threading.event.wait.set-then-clear", "who waits at set() gets True though clear() follows")
def _():
    event, through = threading.Event(), []
    bunch = Bunch(5, lambda: through.append(event.wait(times.must_not_expire)))
    wait_until_blocked(5)
    event.set()
    event.clear()
    bunch.join()
    log(sum(through), event.is_set())


@case("threading.event.wait.timeout", "False after the timeout, not before; True when set")
def _():
    event = threading.Event()
    log(event.wait(0))
    start = now()
    log(event.wait(times.must_expire))
    log(now() - start >= times.must_expire)
    event.set()
    log(event.wait(0), event.wait(times.must_expire), event.wait())


@case("threading.event.wait.negative", "a negative timeout polls")
def _():
    event = threading.Event()
    log(event.wait(-1))
    event.set()
    log(event.wait(-1))


@case("threading.event.wait.too-large", "a timeout beyond TIMEOUT_MAX is an error where it would count")
def _():
    event = threading.Event()
    log(raised(lambda: event.wait(1e100)))
    event.set()
    log(event.wait(1e100))


@case("threading.event.repr.state", "its repr says whether it is set")
def _():
    event = threading.Event()
    log(event)
    event.set()
    log(event)
