"""Twins of conformance/multiprocessing/managers_test.cpp."""

import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.managers import BaseManager, BaseProxy, SharedMemoryManager, SyncManager
from multiprocessing.shared_memory import SharedMemory

from case import case, log, now, raised, times
from support import Blocked, Folder, each_method, enter, killed, log_notes, note, open_gate, run, started


class Calculator:
    """What the cases register."""

    def __init__(self, start=0):
        if start < 0:
            raise ValueError("negative start")
        self.sum = start

    def add(self, number):
        self.sum += number
        return self.sum

    def divide(self, number):
        if number == 0:
            raise ZeroDivision("division by zero")
        self.sum //= number
        return self.sum

    def pid(self):
        return os.getpid()

    def not_picklable(self):
        return lambda: None

    def copy(self):
        return Calculator(self.sum)

    def secret(self):
        return 42

    def __repr__(self):
        return "Calculator(%d)" % self.sum


class ZeroDivision(Exception):
    pass


class CalculatorProxy(BaseProxy):
    _exposed_ = ("add", "divide", "pid", "not_picklable", "copy")
    _method_to_typeid_ = {"copy": "Copy"}

    def add(self, number):
        return self._callmethod("add", (number,))

    def divide(self, number):
        return self._callmethod("divide", (number,))

    def pid(self):
        return self._callmethod("pid")

    def not_picklable(self):
        return self._callmethod("not_picklable")

    def copy(self):
        return self._callmethod("copy")


class AdderProxy(BaseProxy):
    _exposed_ = ("add",)

    def plus(self, number):
        return self._callmethod("add", (number,))


SHARED = Calculator(100)


def shared_calculator():
    return SHARED


def calculator_of(first, second):
    return Calculator(first * second)


class MyManager(BaseManager):
    pass


MyManager.register("Calculator", Calculator, CalculatorProxy)
MyManager.register("shared", shared_calculator, CalculatorProxy)
MyManager.register("product", calculator_of, CalculatorProxy)
MyManager.register("Copy", None, CalculatorProxy, create_method=False)
MyManager.register("Adder", Calculator, AdderProxy)
MyManager.register("Some", Calculator, exposed=("add",))


class Stranger(BaseManager):
    """Knows what the server does not."""


Stranger.register("Unheard", Calculator, CalculatorProxy)


def said_plainly(act):
    """What it raises; the key of a KeyError without quotes."""
    return raised(act).replace("'", "")


def children():
    return [child.name.split("-")[0] for child in multiprocessing.active_children()]


# ---- the manager


@case("multiprocessing.managers.start.process", "a child of this process serves, until shutdown()")
def _():
    def act(context):
        manager = context.Manager()
        log(type(manager).__name__, children(), os.path.exists(manager.address), manager.list([1, 2]))
        manager.shutdown()
        log(children(), os.path.exists(manager.address))

    each_method(act)


@case("multiprocessing.managers.start.once", "a manager is started once")
def _():
    manager = SyncManager()
    log(manager.address)
    manager.start()
    log(raised(manager.start), raised(manager.get_server))
    manager.shutdown()
    log(raised(manager.start), raised(manager.get_server))


@case("multiprocessing.managers.start.not-started", "before that it can do nothing")
def _():
    manager = SyncManager()
    log(raised(manager.list), raised(lambda: manager.shutdown()), raised(manager.join))


def write_note(path, text):
    note(path, text, os.getpid() != multiprocessing.parent_process().pid)


@case("multiprocessing.managers.start.initializer", "is called in the server's process first")
def _():
    def act(context):
        with Folder() as folder:
            manager = SyncManager(ctx=context)
            manager.start(write_note, (folder.path("notes"), "first"))
            log_notes(folder.path("notes"))
            manager.shutdown()

    each_method(act)


def fail_to_begin():
    os._exit(3)


@case("multiprocessing.managers.start.server-ends", "EOFError when the server ends before it serves")
def _():
    def act(context):
        log(raised(lambda: SyncManager(ctx=context).start(fail_to_begin)))

    each_method(act)


@case("multiprocessing.managers.shutdown.again", "may be called again, and nothing can be made after it")
def _():
    manager = multiprocessing.Manager()
    numbers = manager.list([1])
    manager.shutdown()
    manager.shutdown()
    log(raised(manager.list), str(numbers).endswith("; '__str__()' failed>"))
    manager.join()


@case("multiprocessing.managers.shutdown.scope", "the end of the scope is shutdown()")
def _():
    with SyncManager() as manager:
        log(children(), manager.list([1]))
    log(children())
    numbers = multiprocessing.Manager().list([2])  # which keeps its manager
    log(children(), numbers)
    del numbers
    log(children())


def block_for_ever():
    threading.Thread(target=threading.Event().wait).start()


@case("multiprocessing.managers.shutdown.timeout", "a server that does not end is terminated after the timeout", since="3.11")
def _():
    manager = SyncManager(shutdown_timeout=times.must_expire)
    manager.start(block_for_ever)
    start = now()
    manager.shutdown()
    log(now() - start >= times.must_expire, children())


@case("multiprocessing.managers.shutdown.address-again", "its address is free at once")
def _():
    with Folder() as folder:
        kept = []
        for number in range(3):
            manager = SyncManager(address=folder.path("socket"))
            manager.start()
            kept.append(manager.list([number]))
            folder.log(manager.address, kept[-1])
            manager.shutdown()


def add_remotely(address, key, path):
    manager = MyManager(address=address, authkey=key)
    manager.connect()
    note(path, manager.shared().add(11))


@case("multiprocessing.managers.connect.process", "another process uses the objects by address and key")
def _():
    def act(context):
        with Folder() as folder:
            for address in (None, ("localhost", 0)):
                manager = MyManager(address=address, authkey=b"the key", ctx=context)
                manager.start()
                shared = manager.shared()
                run(context, add_remotely, manager.address, b"the key", folder.path("notes"))
                log_notes(folder.path("notes"))
                log(shared.add(0))
                manager.shutdown()

    each_method(act)


@case("multiprocessing.managers.connect.authkey", "nobody without the key gets in")
def _():
    with multiprocessing.Manager() as manager:
        log(raised(SyncManager(address=manager.address, authkey=b"wrong").connect))
        log(raised(SyncManager(address=manager.address).connect), manager.list([1]))


@case("multiprocessing.managers.connect.nobody", "there has to be a server")
def _():
    with Folder() as folder:
        log(raised(SyncManager(address=folder.path("socket")).connect))


@case("multiprocessing.managers.connect.shutdown", "who has connected cannot shut it down")
def _():
    with multiprocessing.Manager() as manager:
        other = SyncManager(address=manager.address)
        other.connect()
        log(other.list([1]), raised(lambda: other.shutdown()))


def serve(connection):
    server = MyManager(authkey=b"key").get_server()
    connection.send(server.address)
    server.serve_forever()


@case("multiprocessing.managers.get-server.serves", "a server in this process")
def _():
    def act(context):
        here, there = multiprocessing.Pipe()
        server = started(context, serve, there)
        manager = MyManager(address=here.recv(), authkey=b"key")
        manager.connect()
        log(manager.Calculator(1).add(2), manager.shared().pid() == server.pid)
        server.terminate()
        server.join()

    each_method(act)


# ---- types


@case("multiprocessing.managers.register.methods", "are called in the server, with the object that was made")
def _():
    def act(context):
        manager = MyManager(ctx=context)
        manager.start()
        calculator = manager.Calculator(5)
        log(calculator.add(3), calculator.divide(2), calculator, manager.Calculator())
        log(calculator.pid() != os.getpid())
        manager.shutdown()

    each_method(act)


@case("multiprocessing.managers.register.callable", "makes the object, or says which one it is")
def _():
    def act(context):
        manager = MyManager(ctx=context)
        manager.start()
        one, other, product = manager.shared(), manager.shared(), manager.product(6, 7)
        log(one.add(1), other.add(1), product, product.add(0), manager._number_of_objects())
        manager.shutdown()

    each_method(act)


@case("multiprocessing.managers.register.proxytype", "a class of proxies of one's own")
def _():
    with MyManager() as manager:
        adder = manager.Adder(1)
        log(adder.plus(1), repr(adder))


@case("multiprocessing.managers.register.not-exposed", "other methods are none")
def _():
    with MyManager() as manager:
        some = manager.Some(1)
        log(some.add(1))
        error = raised(lambda: some._callmethod("secret"))
        log(error.split("\n")[0], "AttributeError: method 'secret' of <class '" in error, "object is not in exposed={" in error)


@case("multiprocessing.managers.register.kept", "a result that stays in the server has a proxy")
def _():
    with MyManager() as manager:
        calculator = manager.Calculator(5)
        copy = calculator.copy()
        log(copy.add(1), copy, calculator, manager._number_of_objects())


@case("multiprocessing.managers.register.unknown", "the server has to know the name")
def _():
    with MyManager() as manager:
        stranger = Stranger(address=manager.address)
        stranger.connect()
        log(said_plainly(stranger.Unheard).split("\n")[-2])


# ---- proxies


@case("multiprocessing.managers.proxy.exception", "what a method raises is raised here")
def _():
    def act(context):
        manager = context.Manager()
        log(raised(lambda: manager.list()[3]), raised(lambda: manager.list([1]).remove(3)))
        manager.shutdown()

    each_method(act)
    with MyManager() as manager:
        calculator = manager.Calculator()
        log(raised(lambda: calculator.divide(0)), calculator.add(1))


@case("multiprocessing.managers.proxy.repr", "of itself, and of the object")
def _():
    with multiprocessing.Manager() as manager:
        for proxy in (manager.list([1]), manager.dict({"a": 1}), manager.Value("i", 3), manager.Array("i", [1, 2])):
            log(repr(proxy), proxy)
        for proxy in (manager.Namespace(), manager.Queue(), manager.Lock(), manager.RLock(), manager.Semaphore()):
            log(repr(proxy))
        for proxy in (manager.BoundedSemaphore(), manager.Condition(), manager.Event(), manager.Barrier(2)):
            log(repr(proxy))


@case("multiprocessing.managers.proxy.token", "says which object it is")
def _():
    with multiprocessing.Manager() as manager:
        numbers = manager.list()
        token = numbers._token
        log(token.typeid, token.address == manager.address, token.id == manager.list()._token.id)
        log(repr(token).replace(manager.address, "ADDRESS").replace(token.id, "ID"))


@case("multiprocessing.managers.proxy.value", "a copy of the object")
def _():
    with MyManager() as manager, multiprocessing.Manager() as sync:
        calculator = manager.Calculator(3)
        copy = calculator._getvalue()
        calculator.add(1)
        log(copy, calculator, sync.list([1, 2])._getvalue())


@case("multiprocessing.managers.proxy.released", "an object lives as long as its proxies")
def _():
    with multiprocessing.Manager() as manager:
        first, second = manager.list(), manager.dict()
        log(manager._number_of_objects())
        third = first
        del first
        log(manager._number_of_objects())
        del third
        log(manager._number_of_objects(), second)


def change(numbers, words):
    numbers.append(4)
    words["four"] = 4
    words.update(five=5)


@case("multiprocessing.managers.proxy.process", "used by other processes")
def _():
    def act(context):
        with SyncManager(authkey=b"of its own", ctx=context) as manager:
            numbers, words = manager.list([1]), manager.dict(one=1)
            log(run(context, change, numbers, words), numbers, words)

    each_method(act)


def pass_on(source, target):
    numbers = source.get()
    numbers.append(2)
    target.send(numbers)


@case("multiprocessing.managers.proxy.sent", "through queues and connections")
def _():
    def act(context):
        with context.Manager() as manager:
            queue, (here, there) = context.Queue(), context.Pipe()
            child = started(context, pass_on, queue, there)
            numbers = manager.list([1])
            queue.put(numbers)
            back = here.recv()
            child.join()
            back.append(3)
            log(numbers, manager._number_of_objects())

    each_method(act)


@case("multiprocessing.managers.proxy.nested", "objects that hold proxies of others")
def _():
    with multiprocessing.Manager() as manager:
        inner = manager.list([1])
        outer = manager.list([inner])
        outer[0].append(2)
        log(inner, outer[0], outer[0][1], len(outer))
        table = manager.dict(first=inner)
        table["first"].append(3)
        log(inner, table["first"])
        namespace = manager.Namespace()
        namespace.numbers = inner
        namespace.numbers.append(4)
        log(inner)


@case("multiprocessing.managers.proxy.nested-queue", "queues as well", since="3.9")
def _():
    with multiprocessing.Manager() as manager:
        queues = manager.list([manager.Queue()])
        queues[0].put(7)
        log(queues[0].get())


@case("multiprocessing.managers.proxy.threads", "each thread has a thread of the server")
def _():
    with multiprocessing.Manager() as manager:
        lock = manager.RLock()
        log(lock.acquire(), lock.acquire())
        said = []
        for act in (lambda: lock.acquire(False), lambda: raised(lock.release)):
            thread = threading.Thread(target=lambda: said.append(act()))
            thread.start()
            thread.join()
        log(said)
        lock.release()
        lock.release()
        log(raised(lock.release))


def kill_server():
    for child in multiprocessing.active_children():
        killed(child)


def fails(act):
    try:
        act()
    except (OSError, EOFError):
        return True
    return False


@case("multiprocessing.managers.proxy.server-gone", "OSError or EOFError, at once")
def _():
    manager = multiprocessing.Manager()
    numbers, event = manager.list([1]), manager.Event()
    waiting = Blocked(lambda: fails(event.wait))
    kill_server()
    waiting.join()
    log(waiting.said, fails(lambda: numbers.append(2)), fails(lambda: numbers.append(2)), fails(manager.list))
    log(str(numbers).endswith("; '__str__()' failed>"))


@case("multiprocessing.managers.remote-error.creation", "what fails in no method, the server's traceback")
def _():
    with MyManager() as manager:
        text = raised(lambda: manager.Calculator(-1)).split("\n")
        log(text[0], text[1] == "-" * 75, text[2], text[-2], text[-1] == "-" * 75)


@case("multiprocessing.managers.remote-error.result", "a result that cannot be sent")
def _():
    with MyManager() as manager:
        calculator = manager.Calculator()
        text = raised(calculator.not_picklable).split("\n")
        log(text[0], text[2])
        log(calculator.add(1))


# ---- Python's own types


@case("multiprocessing.managers.list.methods", "as of list")
def _():
    def act(context):
        with context.Manager() as manager:
            a = manager.list(range(10))
            log(a, a[3], a[-1], a[2:5], a[-3:], len(a), 3 in a, 30 in a)
            b = manager.list()
            b.extend([1, 2])
            b += [3]
            b *= 2
            log(b, b + [9], b.count(2), b.index(3), list(b))
            b.insert(1, 5)
            b.append(0)
            log(b.pop(), b.pop(0), b)
            b.remove(5)
            del b[-1]
            b[0] = 8
            log(b)
            b.sort()
            log(b)
            b.reverse()
            log(b)
            b.sort(reverse=True)
            log(b, manager.list(["x", "it's"]))

    each_method(act)


@case("multiprocessing.managers.list.errors", "as of list")
def _():
    with multiprocessing.Manager() as manager:
        a = manager.list([1, 2])
        log(raised(lambda: a[2]), raised(lambda: a[-3]), raised(lambda: a.__setitem__(2, 1)))
        log(raised(lambda: a.__delitem__(5)), raised(lambda: a.pop(5)), raised(lambda: manager.list().pop()))
        log(raised(lambda: a.remove(7)), raised(lambda: a.index(7)), a)


@case("multiprocessing.managers.list.iteration", "one by one, those that have come meanwhile included")
def _():
    with multiprocessing.Manager() as manager:
        a = manager.list([1, 2, 3])
        seen = []
        for number in a:
            seen.append(number)
            if len(a) < 5:
                a.append(number * 10)
        log(seen)


@case("multiprocessing.managers.dict.methods", "as of dict, in the order in which the keys came")
def _():
    def act(context):
        with context.Manager() as manager:
            d = manager.dict()
            for key in (3, 1, 2):
                d[key] = chr(64 + key)
            log(d, d[1], len(d), 2 in d, 9 in d, list(d))
            log(d.keys(), d.values(), d.items(), d.copy())
            log(d.get(1), d.get(9), d.get(9, "?"), d.setdefault(9, "I"), d.setdefault(9, "J"))
            d.update({1: "Z", 5: "E"})
            log(d, d.pop(1), d.pop(1, "none"), d.popitem(), d)
            del d[3]
            log(d)
            d.clear()
            log(d, manager.dict({"a": 1.5}))

    each_method(act)


@case("multiprocessing.managers.dict.errors", "KeyError")
def _():
    with multiprocessing.Manager() as manager:
        d = manager.dict({"a": 1})
        for act in (lambda: d["x"], lambda: d.pop("x"), lambda: d.__delitem__("x"), manager.dict().popitem):
            log(said_plainly(act))


@case("multiprocessing.managers.item.augmented", "+= and its like read an item and write it")
def _():
    with multiprocessing.Manager() as manager:
        d, words, halves, counts = manager.dict(n=7), manager.dict(word="a"), manager.list([1.0, 2.0]), manager.Array("i", [1, 2])
        d["n"] += 3
        d["n"] *= 4
        d["n"] -= 1
        d["n"] %= 10
        d["bits"] = 12
        d["bits"] |= 3
        d["bits"] &= 10
        d["bits"] ^= 2
        d["bits"] <<= 3
        d["bits"] >>= 1
        words["word"] += "b"
        halves[-1] /= 4
        counts[0] += counts[1]
        log(d, words, halves, counts[0])

        def add(container, key):
            container[key] += 1

        log(said_plainly(lambda: add(d, "x")))
        log(said_plainly(lambda: add(halves, 2)))


@case("multiprocessing.managers.namespace.attributes", "of any type, set, read and deleted")
def _():
    def act(context):
        with context.Manager() as manager:
            n = manager.Namespace()
            n.name, n.job, n._hidden = "Bob", "Builder", "hidden"
            n.count = 3
            log(n.name, n.count, n)
            del n.job
            n.name = 1.5
            log(n.name, n)

    each_method(act)


@case("multiprocessing.managers.namespace.errors", "AttributeError", since="3.9")
def _():
    with multiprocessing.Manager() as manager:
        n = manager.Namespace()
        log(raised(lambda: n.x), raised(lambda: setattr(n, "y", 1)), raised(lambda: n.x))


@case("multiprocessing.managers.value.set", "a value for all")
def _():
    with multiprocessing.Manager() as manager:
        value = manager.Value("i", 3)
        log(value.value, value.get(), value)
        value.value = 4
        log(value.get())
        value.set(5)
        log(value.value, manager.Value("d", 0.5))


@case("multiprocessing.managers.array.items", "a row of values for all")
def _():
    with multiprocessing.Manager() as manager:
        array = manager.Array("i", [1, 2, 3])
        array[0] = 7
        log(array, array[0], array[-1], len(array), manager.Array("d", []))
        log(raised(lambda: array[3]), raised(lambda: array.__setitem__(3, 1)))


@case("multiprocessing.managers.lock.excludes", "one at a time")
def _():
    with multiprocessing.Manager() as manager:
        lock = manager.Lock()
        log(lock.acquire(), lock.acquire(False), lock.acquire(True, times.must_expire))
        lock.release()
        log(raised(lock.release))
        with lock:
            log(lock.acquire(False))
        log(lock.acquire(False))


def count_up(lock, counter, times_):
    for _ in range(times_):
        with lock:
            counter.value += 1


@case("multiprocessing.managers.lock.processes", "for all processes")
def _():
    def act(context):
        with context.Manager() as manager:
            lock, counter = manager.Lock(), manager.Value("i", 0)
            children = [started(context, count_up, lock, counter, 20) for _ in range(3)]
            for child in children:
                child.join()
            log(counter.value)

    each_method(act)


@case("multiprocessing.managers.lock.semaphores", "as of threading")
def _():
    with multiprocessing.Manager() as manager:
        semaphore, bounded = manager.Semaphore(2), manager.BoundedSemaphore(2)
        log(semaphore.acquire(), semaphore.acquire(), semaphore.acquire(False))
        semaphore.release()
        log(semaphore.acquire(False))
        log(bounded.acquire(), bounded.release(), raised(bounded.release))
        log(raised(lambda: manager.Semaphore(-1)).split("\n")[-2])


@case("multiprocessing.managers.condition.wait", "as of threading")
def _():
    with multiprocessing.Manager() as manager:
        for condition in (manager.Condition(), manager.Condition(manager.Lock())):
            ready = manager.Event()

            def wait():
                with condition:
                    ready.set()
                    return condition.wait(times.must_not_expire)

            waiting = Blocked(wait)
            ready.wait()
            with condition:
                condition.notify()
            waiting.join()
            with condition:
                log(waiting.said, condition.wait(times.must_expire))
                log(condition.wait_for(lambda: True), condition.wait_for(lambda: False, times.must_expire))
                condition.notify_all()
            log(raised(condition.wait), raised(condition.notify), raised(condition.notify_all))


@case("multiprocessing.managers.event.wait", "as of threading")
def _():
    with multiprocessing.Manager() as manager:
        event = manager.Event()
        log(event.is_set(), event.wait(times.must_expire))
        waiting = Blocked(event.wait)
        event.set()
        waiting.join()
        log(waiting.said, event.is_set(), event.wait(0))
        event.clear()
        log(event.is_set())


def refuse():
    raise ValueError("no")


@case("multiprocessing.managers.barrier.wait", "as of threading")
def _():
    with multiprocessing.Manager() as manager:
        barrier = manager.Barrier(2)
        log(barrier.parties, barrier.n_waiting, barrier.broken)
        waiting = Blocked(barrier.wait)
        index = barrier.wait()
        waiting.join()
        log(sorted([str(index)] + waiting.said))
        log(raised(lambda: barrier.wait(times.must_expire)), barrier.broken)
        barrier.reset()
        log(barrier.broken)
        barrier.abort()
        log(barrier.broken, raised(barrier.wait))
        acting = manager.Barrier(1, refuse)
        log(raised(acting.wait), acting.broken)


@case("multiprocessing.managers.queue.items", "as of queue.Queue")
def _():
    def act(context):
        with context.Manager() as manager:
            for make in (manager.Queue, manager.JoinableQueue):
                queue = make(2)
                log(queue.empty(), queue.full(), queue.qsize())
                queue.put(1)
                queue.put_nowait(2)
                log(queue.full(), raised(lambda: queue.put_nowait(3)), raised(lambda: queue.put(3, True, times.must_expire)))
                log(queue.get(), queue.get(True, times.brief), raised(queue.get_nowait))
                queue.task_done()
                queue.task_done()
                queue.join()
                log(raised(queue.task_done))

    each_method(act)


def square(number):
    return number * number


def fail_with(text):
    raise ValueError(text)


@case("multiprocessing.managers.pool.calls", "as of Pool")
def _():
    with multiprocessing.Manager() as manager:
        pool = manager.Pool(2)
        log(pool.apply(square, (7,)), pool.map(square, [0, 1, 2, 3]), pool.apply_async(square, (3,)).get())
        result = pool.map_async(square, [1, 2])
        result.wait()
        log(result.ready(), result.successful(), result.get(times.must_not_expire))
        log(raised(lambda: pool.apply(fail_with, ("no",))))
        log(raised(pool.join).startswith("ValueError"))
        pool.close()
        pool.join()
        log(raised(lambda: pool.apply(square, (1,))))


def product(a, b):
    return a * b


@case("multiprocessing.managers.pool.starmap", "with tuples of arguments")
def _():
    with multiprocessing.Manager() as manager:
        pool = manager.Pool(2)
        log(pool.starmap(product, [(2, 3), (4, 5)], 1), pool.starmap_async(product, [(6, 7)]).get())


def square_if_any(number):
    if number == 0:
        raise ValueError("nothing")
    return number * number


@case("multiprocessing.managers.pool.imap", "one by one")
def _():
    with multiprocessing.Manager() as manager, Folder() as folder:
        pool = manager.Pool(2)
        squares = pool.imap(square, [1, 2, 3, 4], 3)
        log(next(squares), list(squares))
        log(raised(lambda: next(squares)))
        some = pool.imap(square_if_any, [1, 0, 2])
        log(next(some), raised(lambda: next(some)), next(some))
        log(sorted(pool.imap_unordered(square, [4, 3, 2, 1])))
        log(list(pool.imap(square, [])), raised(lambda: pool.imap(square, [1], 0)))
        blocked = pool.imap(enter, [folder.gate("gate")])
        log(raised(lambda: blocked.__next__(times.must_expire)))
        open_gate(folder.path("gate"))
        log(blocked.__next__(times.must_not_expire))


def double_all(numbers):
    for place in range(len(numbers)):
        numbers[place] *= 2
    numbers.shm.close()


@case("multiprocessing.managers.shared-memory.unlinked", "goes with the server")
def _():
    def act(context):
        with SharedMemoryManager(ctx=context) as manager:
            numbers, memory = manager.ShareableList([1, 2, 3]), manager.SharedMemory(size=128)
            memory.buf[127] = 1
            log(run(context, double_all, numbers), list(numbers), memory.size >= 128)
            names = numbers.shm.name, memory.name
            numbers.shm.close()
            memory.close()
        for name in names:
            log(raised(lambda: SharedMemory(name=name)).split(":")[0])

    each_method(act)


@case("multiprocessing.managers.shared-memory.interrupted", "Ctrl-C is not for the server")
def _():
    def act(context):
        # A server whose end takes long is not to be terminated; what is before 3.11 waits a second.
        patience = {"shutdown_timeout": times.must_not_expire} if sys.version_info >= (3, 11) else {}
        with SharedMemoryManager(ctx=context, **patience) as manager:
            (server,) = multiprocessing.active_children()
            os.kill(server.pid, signal.SIGINT)
            numbers = manager.ShareableList([1, 2])
            log(list(numbers), server.is_alive())
            numbers.shm.close()
        log(server.exitcode)

    each_method(act)
