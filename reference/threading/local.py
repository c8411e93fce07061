import os
import threading
import weakref

from case import case, log, raised, wait_until_blocked


def in_thread(f):
    thread = threading.Thread(target=f)
    thread.start()
    thread.join()


class Weak:
    """Something whose end can be seen."""


@case("threading.local.value.own", "what one thread sets no other sees")
def _():
    local, go = threading.local(), threading.Event()
    local.x = "main"

    def set_and_wait():
        log(getattr(local, "x", None))
        local.x = "other"
        go.wait()
        log(local.x)

    other = threading.Thread(target=set_and_wait)
    other.start()
    wait_until_blocked(1)
    in_thread(lambda: log(getattr(local, "x", None)))
    log(local.x)
    go.set()
    other.join()
    log(local.x)


@case("threading.local.value.several", "each local has its own, a new one nothing of an older")
def _():
    first, second = threading.local(), threading.local()
    first.x, second.x = 1, 2
    log(first.x, second.x)
    for _ in range(10):
        del first
        first = threading.local()
        log(getattr(first, "x", None), second.x)
        first.x = 3


@case("threading.local.init.in-each-thread", "the constructor runs in each thread, with the same arguments")
def _():
    inits = []

    class Local(threading.local):
        def __init__(self, number, text):
            inits.append(threading.get_ident())
            self.number, self.text = number, text

    local = Local(7, "seven")
    log(len(inits))
    local.number = 8

    def touch():
        log(local.number, local.text, local.number, len(inits), inits[-1] == threading.get_ident())

    in_thread(touch)
    in_thread(touch)
    log(local.number, len(inits))


@case("threading.local.init.untouched", "no touch, no value")
def _():
    inits = []

    class Local(threading.local):
        def __init__(self):
            inits.append(None)

    local = Local()
    in_thread(lambda: None)
    log(len(inits))
    del local


@case("threading.local.init.slow", "constructors that wait do not mix up the values")
def _():
    go, all_set, right = threading.Event(), threading.Barrier(10), []
    go.set()

    class Local(threading.local):
        def __init__(self):
            go.wait()
            self.x = None

    local = Local()
    go.clear()

    def use(i):
        local.x = i
        all_set.wait()
        right.append(local.x == i)

    threads = [threading.Thread(target=use, args=(i,)) for i in range(10)]
    for thread in threads:
        thread.start()
    wait_until_blocked(10)
    go.set()
    for thread in threads:
        thread.join()
    log(len(right), all(right))


@case("threading.local.init.fails", "what the constructor raises reaches who touches, and it is tried again")
def _():
    fail = [False]

    class Local(threading.local):
        def __init__(self):
            if fail[0]:
                raise ValueError("not yet")
            self.x = 1

    local = Local()

    def touch():
        fail[0] = True
        log(raised(lambda: local.x))
        log(raised(lambda: local.x))
        fail[0] = False
        log(local.x)

    in_thread(touch)
    fail[0] = True
    log(raised(Local))


@case("threading.local.end.thread", "a value ends with its thread")
def _():
    local, weak = threading.local(), []

    def touch():
        local.value = Weak()
        weak.append(weakref.ref(local.value))

    touch()
    for _ in range(20):
        in_thread(touch)
    log(len(weak), sum(1 for value in weak if value() is not None), weak[0]() is local.value)


@case("threading.local.end.local", "all values end with the local")
def _():
    local, weak, go = threading.local(), [], threading.Event()

    def touch():
        local.value = Weak()
        weak.append(weakref.ref(local.value))

    def touch_and_wait():
        touch()
        go.wait()

    touch()
    threads = [threading.Thread(target=touch_and_wait) for _ in range(3)]
    for thread in threads:
        thread.start()
    wait_until_blocked(3)
    log(sum(1 for value in weak if value() is not None))
    del local
    log(sum(1 for value in weak if value() is not None))
    go.set()
    for thread in threads:
        thread.join()


@case("threading.local.end.fork", "the thread that forked keeps its value")
def _():
    local, go = threading.local(), threading.Event()
    local.x = "main"

    def touch_and_wait():
        local.x = "other"
        go.wait()

    other = threading.Thread(target=touch_and_wait)
    other.start()
    wait_until_blocked(1)

    def fork():
        local.x = "forking"
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            says = [local.x]
            in_thread(lambda: says.append(str(getattr(local, "x", None))))
            os.write(writer, "\n".join(says).encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            log(pipe.read().splitlines())
        os.waitpid(child, 0)

    in_thread(fork)
    log(local.x)
    go.set()
    other.join()
