"""What CPython observes when it runs a program: see PROTOCOL.md."""

import asyncio_program
import concurrent.futures as futures
import logging
import multiprocessing
import os
import queue
import re
import shlex
import subprocess
import sys
import threading

WOULD_BLOCK = 0.0001


class BadProgram(Exception):
    pass


class Unsupported(Exception):
    pass


class NoFuture(Exception):
    pass


def text_of(error):
    return re.sub(r"0x[0-9a-fA-F]+", "0x", str(error))


def described(error):
    return [type(error).__name__, text_of(error)]


def features():
    found = []
    if hasattr(queue, "ShutDown"):
        found.append("queue.shutdown")
    if "cancel_futures" in futures.Executor.shutdown.__code__.co_varnames:
        found.append("executor.cancel_futures")
    return found + asyncio_program.features()


def split(operation):
    """[name, argument..., {options}] -> name, arguments, options"""
    name, *arguments = operation
    options = arguments.pop() if arguments and isinstance(arguments[-1], dict) else {}
    return name, arguments, options


class Log(logging.Handler):
    """Counts what concurrent.futures logs, and keeps it off standard error."""

    def __init__(self):
        super().__init__()
        self.count = 0
        logger = logging.getLogger("concurrent.futures")
        logger.addHandler(self)
        logger.propagate = False

    def emit(self, record):
        self.count += 1


LOG = Log()


class Program:
    """Runs its operations, each a method `do_<name>` of the subclass."""

    def __init__(self, program):
        self.operations = program["operations"]
        self.called = []

    def run(self):
        observations = [self.observe(*split(operation)) for operation in self.operations]
        return observations + self.finish()

    def finish(self):
        return []

    def observe(self, name, arguments, options):
        try:
            method = getattr(self, "do_" + name)
        except AttributeError:
            raise BadProgram(f"unknown operation {name!r}") from None
        self.called, logged = [], LOG.count
        try:
            value = method(*arguments, **options)
        except NoFuture:
            value = None
        except (BadProgram, Unsupported):
            raise
        except BaseException as error:
            if error.__traceback__.tb_next is None:  # not even called: wrong arguments
                raise BadProgram(str(error)) from None
            value = {"raised": described(error)}
        logged = LOG.count - logged
        if not self.called and not logged:
            return value
        more = {"called": self.called, "logged": logged}
        return {"value": value, **{key: what for key, what in more.items() if what}}


class Item:
    """An item of a priority queue, compared whole or by its priority only."""

    __slots__ = "value", "key"

    def __init__(self, value, whole):
        self.value, self.key = value, tuple(value) if whole else value[0]

    def __lt__(self, other):
        return self.key < other.key


class QueueProgram(Program):
    CLASSES = {
        "queue": queue.Queue,
        "lifo": queue.LifoQueue,
        "priority": queue.PriorityQueue,
        "simple": queue.SimpleQueue,
    }
    SIMPLE = {"put", "get", "put_nowait", "get_nowait", "qsize", "empty"}

    def __init__(self, program):
        super().__init__(program)
        kind = program["class"]
        if kind not in self.CLASSES:
            raise BadProgram(f"unknown class {kind!r}")
        self.simple, self.priority = kind == "simple", kind == "priority"
        self.whole = program.get("order", "whole") == "whole"
        self.queue = self.CLASSES[kind](*(() if self.simple else (program.get("maxsize", 0),)))

    def observe(self, name, arguments, options):
        if self.simple and name not in self.SIMPLE:
            raise BadProgram(f"no operation {name!r} of a simple queue")
        return super().observe(name, arguments, options)

    def wrapped(self, item):
        return Item(item, self.whole) if self.priority else item

    def unwrapped(self, item):
        return item.value if self.priority else item

    def full(self):
        return not self.simple and 0 < self.queue.maxsize <= self.queue.qsize()

    def do_put(self, item, **options):
        if not options and self.full():
            options = {"timeout": WOULD_BLOCK}
        self.queue.put(self.wrapped(item), **options)

    def do_get(self, **options):
        if not options and self.queue.qsize() == 0:
            options = {"timeout": WOULD_BLOCK}
        if self.may_hang(**options):
            options = {"block": False}
        return self.unwrapped(self.queue.get(**options))

    def may_hang(self, block=True, timeout=None):
        """An empty SimpleQueue before 3.13 subtracts from the timeout what has passed, and takes less than nothing for no timeout."""
        waits = block and timeout is not None and timeout >= 0
        return waits and self.simple and sys.version_info < (3, 13) and self.queue.empty()

    def do_put_nowait(self, item):
        self.queue.put_nowait(self.wrapped(item))

    def do_get_nowait(self):
        return self.unwrapped(self.queue.get_nowait())

    def do_task_done(self):
        self.queue.task_done()

    def do_qsize(self):
        return self.queue.qsize()

    def do_empty(self):
        return self.queue.empty()

    def do_full(self):
        return self.queue.full()

    def do_join(self):
        if self.queue.unfinished_tasks:
            return {"blocked": True}
        return self.queue.join()

    def do_maxsize(self, maxsize):
        self.queue.maxsize = maxsize

    def do_shutdown(self, immediate=False):
        if not hasattr(self.queue, "shutdown"):
            raise Unsupported("queue.shutdown")
        self.queue.shutdown(immediate)


class FutureOperations(Program):
    """What programs on futures have in common: self.futures, addressed by index."""

    def future(self, index):
        if not self.futures:
            raise NoFuture
        return self.futures[index % len(self.futures)]

    def indices(self, some):
        return sorted(self.futures.index(future) for future in some)

    def do_cancel(self, index):
        return self.future(index).cancel()

    def do_cancelled(self, index):
        return self.future(index).cancelled()

    def do_running(self, index):
        return self.future(index).running()

    def do_done(self, index):
        return self.future(index).done()

    def do_result(self, index):
        return self.future(index).result(timeout=0)

    def do_exception(self, index):
        error = self.future(index).exception(timeout=0)
        return error and {"exception": described(error)}

    def some(self, indices):
        return [self.future(index) for index in indices]

    def do_wait(self, indices, return_when=futures.ALL_COMPLETED):
        some = self.some(indices)
        done, not_done = futures.wait(some, timeout=0, return_when=return_when)
        return [self.indices(done), self.indices(not_done)]

    def do_as_completed(self, indices):
        some, seen = self.some(indices), []
        try:
            for future in futures.as_completed(some, timeout=0):
                seen.append(future)
        except futures.TimeoutError as error:
            return [self.indices(seen), described(error)]
        return [self.indices(seen), None]


class FutureProgram(FutureOperations):
    EXCEPTIONS = {
        "ValueError": ValueError,
        "RuntimeError": RuntimeError,
        "KeyboardInterrupt": KeyboardInterrupt,
    }

    def __init__(self, program):
        super().__init__(program)
        self.futures = [futures.Future() for _ in range(program.get("futures", 1))]

    def do_set_running_or_notify_cancel(self, index):
        return self.future(index).set_running_or_notify_cancel()

    def do_set_result(self, index, value):
        self.future(index).set_result(value)

    def do_set_exception(self, index, name, text):
        if name not in self.EXCEPTIONS:
            raise BadProgram(f"unknown exception {name!r}")
        self.future(index).set_exception(self.EXCEPTIONS[name](text))

    def do_add_done_callback(self, index, name, how="return"):
        def callback(future):
            self.called.append([name, future is self.future(index)])
            if how == "raise":
                raise ValueError(name)

        self.future(index).add_done_callback(callback)

    def do_repr(self, index):
        return text_of(repr(self.future(index)))


def fail(text):
    raise ValueError(text)


def double(number):
    return 2 * number


def add(a, b):
    return a + b


def fail_odd(number):
    return fail(f"odd {number}") if number % 2 else number


class ExecutorProgram(FutureOperations):
    FUNCTIONS = {"value": lambda value: value, "raise": fail, "add": add}
    MAPPED = {"double": double, "fail-odd": fail_odd, "add": add}
    SETTLED = "cancel cancelled running done result exception wait as_completed shutdown".split()

    def __init__(self, program):
        super().__init__(program)
        self.workers = program.get("workers", 1)
        self.fails = program.get("initializer", "none") == "raise"
        self.futures, self.hidden, self.gate = [], [], None
        self.dropped = set()  # cancelled by shutdown: no worker will ever notify who waits for them

    def run(self):
        try:
            self.executor = futures.ThreadPoolExecutor(
                self.workers, initializer=fail if self.fails else None, initargs=("initializer",) * self.fails
            )
        except ValueError as error:
            return [{"raised": described(error)}]
        try:
            return super().run()
        finally:
            self.close()

    def close(self):
        if self.gate:
            self.gate.set()
        self.executor.shutdown(wait=True)

    def settle(self):
        if not self.gate:
            futures.wait(set(self.futures + self.hidden) - self.dropped)

    def some(self, indices):
        return [future for future in super().some(indices) if future not in self.dropped]

    def observe(self, name, arguments, options):
        if name in self.SETTLED:
            self.settle()
        observation = super().observe(name, arguments, options)
        if self.fails and isinstance(observation, dict) and "logged" in observation:
            return observation["value"]  # how many workers fail, and log it, is not determined
        return observation

    def do_submit(self, name, *arguments):
        if name not in self.FUNCTIONS:
            raise BadProgram(f"unknown function {name!r}")
        future = self.executor.submit(self.FUNCTIONS[name], *arguments)
        if self.fails:  # perhaps it is broken already: whether submit or the future says so is not determined
            return future.result()
        self.futures.append(future)
        return len(self.futures) - 1

    def do_close_gate(self):
        if self.gate or self.fails:
            return False
        self.settle()
        gate, running = threading.Event(), threading.Barrier(self.workers + 1)

        def wait_at_gate():
            running.wait()
            gate.wait()

        try:
            self.hidden = [self.executor.submit(wait_at_gate) for _ in range(self.workers)]
        except RuntimeError:
            return False
        self.gate = gate
        running.wait()
        return True

    def do_open_gate(self):
        if self.gate:
            self.gate.set()
            self.gate = None
        self.settle()

    def do_map(self, name, *iterables, chunksize=1):
        if name not in self.MAPPED:
            raise BadProgram(f"unknown function {name!r}")
        if self.fails:  # how far it comes is not determined
            return False
        timeout, seen = 0 if self.gate else None, []
        results = self.executor.map(self.MAPPED[name], *iterables, timeout=timeout, chunksize=chunksize)
        try:
            for value in results:
                seen.append(value)
        except Exception as error:
            return [seen, described(error)]
        return [seen, None]

    def do_shutdown(self, wait=True, **options):
        if options and "executor.cancel_futures" not in features():
            raise Unsupported("executor.cancel_futures")
        self.executor.shutdown(wait=wait and not self.gate, **options)
        if options.get("cancel_futures"):
            self.dropped = {future for future in self.futures if future.cancelled()}

    def finish(self):
        self.close()
        return [[self.ending(future) for future in self.futures]]

    def ending(self, future):
        if future.cancelled():
            return "cancelled"
        error = future.exception()
        return {"exception": described(error)} if error else future.result()


def bytes_of(text):
    """A text of bytes (a character each), as Python has what came from the system."""
    return text.encode("latin-1").decode("utf-8", "surrogateescape")


def text_of_bytes(word):
    return word.encode("utf-8", "surrogateescape").decode("latin-1")


class ShlexProgram(Program):
    def do_quote(self, text):
        return text_of_bytes(shlex.quote(bytes_of(text)))

    def do_join(self, words):
        return text_of_bytes(shlex.join(map(bytes_of, words)))

    def do_split(self, text, **options):
        return list(map(text_of_bytes, shlex.split(bytes_of(text), **options)))

    def do_split_joined(self, words):
        return list(map(text_of_bytes, shlex.split(shlex.join(map(bytes_of, words)))))


class TextProgram(Program):
    def __init__(self, program):
        super().__init__(program)
        self.format = {name: program[name] for name in ("encoding", "errors")}

    def child(self):
        return subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, **self.format)

    def do_read(self, text, steps):
        with self.child() as child:
            os.write(child.stdin.fileno(), text.encode("latin-1"))
            child.stdin.close()
            seen = []
            try:
                for step in steps:
                    seen.append(self.step(child.stdout, step))
            except UnicodeError as error:
                seen.append({"raised": described(error)})
            return seen

    def step(self, file, step):
        if step == "lines":
            return [text_of_bytes(line) for line in file]
        return text_of_bytes(file.readline() if step == "line" else file.read(step))

    def do_write(self, text):
        with self.child() as child:
            count = child.stdin.write(bytes_of(text))
            child.stdin.close()
            return [count, os.read(child.stdout.fileno(), 1 << 16).decode("latin-1")]


class ChildProgram(Program):
    def do_words(self, texts, times):
        words = [text.encode("latin-1") for text in texts] * times
        return subprocess.check_output(["printf", "[%s]"] + words).decode("latin-1")

    def do_environment(self, pairs):
        variables = {name.encode("latin-1"): value.encode("latin-1") for name, value in pairs}
        return subprocess.check_output(["/usr/bin/env", "-0"], env=variables).decode("latin-1")

    def do_directory(self, place):
        return subprocess.check_output(["/bin/pwd", "-P"], cwd=place).decode("latin-1")

    def do_input(self, text, times):
        data = text.encode("latin-1") * times
        back = subprocess.run(["cat"], input=data, stdout=subprocess.PIPE).stdout
        return [len(back), back == data]

    def do_captured(self, out, err):
        command = "head -c %d /dev/zero; head -c %d /dev/zero >&2" % (out, err)
        done = subprocess.run(command, shell=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return [len(done.stdout), len(done.stderr)]

    def do_exit(self, code):
        return self.ended("exit %d" % code)

    def do_signal(self, number):
        return self.ended("kill -%d $$" % number)

    def ended(self, command):
        """The code, and what check would say of it."""
        done = subprocess.run(["sh", "-c", command])
        try:
            return [done.returncode, done.check_returncode()]
        except subprocess.CalledProcessError as error:
            return [done.returncode, {"raised": described(error)}]


class PoolProgram(Program):
    """Which of several calls raises first is not told: an error of many is its type."""

    FUNCTIONS = {"double": double, "fail-odd": fail_odd}

    def __init__(self, program):
        super().__init__(program)
        self.options = {name: program[name] for name in ("processes", "maxtasksperchild")}
        # Python divides by the number of workers, which is zero for a moment when a worker is replaced.
        self.chunksize = 1 if program["maxtasksperchild"] else None

    def run(self):
        with multiprocessing.get_context("fork").Pool(**self.options) as self.pool:
            observations = super().run()
        self.pool.join()
        return observations

    def settled(self, get):
        try:
            return get()
        except ValueError as error:
            if not str(error).startswith("odd"):
                raise
            return "ValueError"

    def each(self, results):
        """What next() gives until it stops; a generator stops after an error."""
        seen = []
        while True:
            try:
                seen.append(next(results))
            except ValueError:
                seen.append("ValueError")
            except StopIteration:
                return seen

    def do_apply(self, name, number):
        return self.pool.apply(self.FUNCTIONS[name], (number,))

    def do_apply_async(self, name, numbers):
        results = [self.pool.apply_async(self.FUNCTIONS[name], (number,)) for number in numbers]
        return [self.settled(result.get) for result in results]

    def do_map(self, name, numbers, chunksize=None):
        return self.settled(lambda: self.pool.map(self.FUNCTIONS[name], numbers, chunksize or self.chunksize))

    def do_map_async(self, name, numbers, chunksize=None):
        result = self.pool.map_async(self.FUNCTIONS[name], numbers, chunksize or self.chunksize)
        return [self.settled(result.get), result.ready(), result.successful()]

    def do_starmap(self, pairs, chunksize=None):
        return self.pool.starmap(add, pairs, chunksize or self.chunksize)

    def do_imap(self, name, numbers, chunksize=1):
        return self.each(self.pool.imap(self.FUNCTIONS[name], numbers, chunksize))

    def do_imap_unordered(self, numbers, chunksize=1):
        return sorted(self.each(self.pool.imap_unordered(double, numbers, chunksize)))

    def do_close(self):
        self.pool.close()

    def do_terminate(self):
        self.pool.terminate()


class AsyncioProgram:
    def __init__(self, program):
        self.program = program

    def run(self):
        try:
            return asyncio_program.run(self.program)
        except NotImplementedError as error:
            raise Unsupported(str(error)) from None


KINDS = {
    "asyncio": AsyncioProgram,
    "pool": PoolProgram,
    "queue": QueueProgram,
    "future": FutureProgram,
    "executor": ExecutorProgram,
    "shlex": ShlexProgram,
    "text": TextProgram,
    "child": ChildProgram,
}


def run(kind, program):
    try:
        return KINDS[kind](program).run()
    except (BadProgram, Unsupported):
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadProgram(f"{type(error).__name__}: {error}") from error
