"""Twins: concurrent.futures.ProcessPoolExecutor.

What workers call stands at the top level: a spawned worker finds it there (twins.py loads the file in it). Whoever passes a
gate with enter() waits there until open_gate().
"""

import errno
import inspect
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent import futures
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

from case import case, log, now, raised, times
from support import mul
from workers import count_in_order, give, take

METHODS = ("fork", "spawn", "forkserver")


class Gates:
    """A directory of FIFOs, gone at the end."""

    def __enter__(self):
        self.top = tempfile.mkdtemp()
        return self

    def __exit__(self, *error):
        shutil.rmtree(self.top)

    def __call__(self, names):
        paths = [os.path.join(self.top, name) for name in names]
        for path in paths:
            os.mkfifo(path)
        return paths


def enter(gate):
    os.close(os.open(gate, os.O_RDONLY))


def open_gate(gate):
    os.close(os.open(gate, os.O_WRONLY))


def fork():
    return multiprocessing.get_context("fork")


# What workers call


def pid(_=None):
    return os.getpid()


def square(x):
    return x * x


def pass_gate(gate):
    enter(gate)
    return os.path.basename(gate)


def say(path, number):
    with open(path, "a") as file:
        file.write("%d\n" % number)


def pid_at(gate):
    enter(gate)
    return os.getpid()


def fail(text):
    raise ValueError(text)


def missing(path):
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


def fail_at(x):
    if x == 3:
        raise ValueError("at 3")
    return x * x


def leave(status):
    sys.exit(status)


def leave_at_once(status):
    os._exit(status)


def die(_=None):
    os.kill(os.getpid(), signal.SIGKILL)


def length(text):
    return len(text)


class Unwilling:
    def __reduce__(self):
        raise RuntimeError("not me")


def make_unwilling():
    return Unwilling()


def ignore(_):
    return "came"


class Deadly:
    """Whoever unpickles it dies."""

    def __reduce__(self):
        return die, ()


class DeadlyToPickle:
    """Whoever pickles it dies."""

    def __reduce__(self):
        die()


def make_deadly():
    return DeadlyToPickle()


state = []


def set_state(first, second):
    state.append(first + second)


def get_state():
    return state[0] if len(state) == 1 else -len(state)


# Making one


@case("futures.process.max-workers-invalid", "at least one worker")
def _():
    for number in (0, -1):
        log(raised(lambda: ProcessPoolExecutor(max_workers=number)))


@case("futures.process.default-workers", "as many as processors")
def _():
    with ProcessPoolExecutor(mp_context=fork()) as pool:
        pool.submit(pid).result()
        log(len(multiprocessing.active_children()) == len(os.sched_getaffinity(0)))


@case("futures.process.workers-are-processes", "so many processes of their own")
def _():
    for count in (1, 3):
        with ProcessPoolExecutor(count, mp_context=fork()) as pool, Gates() as gates:
            paths = gates("abc"[:count])
            fs = [pool.submit(pid_at, path) for path in paths]
            for path in reversed(paths):
                open_gate(path)
            pids = {f.result() for f in fs}
            log(len(pids), os.getpid() in pids)
            log({f.result() for f in [pool.submit(pid) for _ in range(20)]} <= pids)


@case("futures.process.started-by-fork", "all by the first submit()")
def _():
    with ProcessPoolExecutor(3, mp_context=fork()) as pool:
        log(len(multiprocessing.active_children()))
        pool.submit(pid).result()
        log(len(multiprocessing.active_children()))


@case("futures.process.started-on-demand", "when none is idle")
def _():
    for method in ("spawn", "forkserver"):
        context = multiprocessing.get_context(method)
        with ProcessPoolExecutor(4, mp_context=context) as pool:
            pids = set()
            for _ in range(3):
                pids.add(pool.submit(pid).result())
                time.sleep(times.brief)  # a worker counts as idle a little later than its result is there
            log(method, len(pids), len(multiprocessing.active_children()))
        with ProcessPoolExecutor(3, mp_context=context) as pool, Gates() as gates:
            paths = gates("abcde")
            fs = [pool.submit(pid_at, path) for path in paths]
            log(len(multiprocessing.active_children()))
            for path in paths:
                open_gate(path)
            log(len({f.result() for f in fs}) <= 3)


@case("futures.process.methods", "with each start method")
def _():
    for method in METHODS:
        context = multiprocessing.get_context(method)
        with ProcessPoolExecutor(2, mp_context=context, initializer=set_state, initargs=(20, 22)) as pool:
            log(method, pool.submit(get_state).result(), list(pool.map(square, range(5))))
            log(raised(pool.submit(fail, "no").result), list(pool.map(mul, [1, 2, 3], [4, 5, 6], chunksize=2)))


@case("futures.process.initializer", "in each, first")
def _():
    with ProcessPoolExecutor(2, mp_context=fork(), initializer=set_state, initargs=(1, 2)) as pool:
        log([f.result() for f in [pool.submit(get_state) for _ in range(10)]])


def fail_slowly(gate):
    enter(gate)
    raise ValueError("error in initializer")


@case("futures.process.initializer-fails", "breaks the executor")
def _():
    with Gates() as gates:
        gate, = gates("a")
        # Only one worker: all that pass a gate pass it at once.
        pool = ProcessPoolExecutor(1, mp_context=fork(), initializer=fail_slowly, initargs=(gate,))
        fs = [pool.submit(square, number) for number in range(3)]
        open_gate(gate)
        for f in fs:
            log(raised(f.result).partition(":")[0])
        log(raised(lambda: pool.submit(square, 1)).partition(":")[0])
        pool.shutdown()


@case("futures.process.max-tasks-per-child", "another process after so many calls")
def _():
    for method in METHODS[1:]:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method), max_tasks_per_child=2) as pool:
            pids = [pool.submit(pid).result() for _ in range(5)]
            log(pids[0] == pids[1], pids[1] != pids[2], pids[2] == pids[3], len(set(pids)))


@case("futures.process.max-tasks-per-child-invalid", "at least one, and no fork")
def _():
    for number in (0, -1):
        log(raised(lambda: ProcessPoolExecutor(1, max_tasks_per_child=number)))
    log(raised(lambda: ProcessPoolExecutor(1, mp_context=fork(), max_tasks_per_child=1)))


def start_method():
    return type(multiprocessing.current_process()).__name__


@case("futures.process.max-tasks-per-child-spawns", "workers are spawned")
def _():
    with ProcessPoolExecutor(1, max_tasks_per_child=3) as pool:
        log(pool.submit(start_method).result())


@case("futures.process.max-tasks-per-child-shutdown", "all are run")
def _():
    pool = ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("forkserver"), max_tasks_per_child=1)
    fs = [pool.submit(square, number) for number in range(6)]
    pool.shutdown()
    log([f.result() for f in fs])


# Calls


@case("futures.process.submit", "the future of a call")
def _():
    with ProcessPoolExecutor(2, mp_context=fork()) as pool:
        log(pool.submit(square, 5).result(), pool.submit(mul, 6, 7).result(), pool.submit(length, "text").result())
        f = pool.submit(fail, "some text")
        log(raised(f.result), f.done(), f.cancelled(), type(f.exception()).__name__)
        log(raised(pool.submit(missing, "/no/such").result))


@case("futures.process.concurrency", "as many as workers, and no more")
def _():
    with ProcessPoolExecutor(2, mp_context=fork()) as pool, Gates() as gates:
        paths = gates("abc")
        fs = [pool.submit(pass_gate, path) for path in paths]
        third = threading.Thread(target=open_gate, args=(paths[2],))
        third.start()
        third.join(times.must_expire)
        log(third.is_alive())
        open_gate(paths[1])
        log(fs[1].result(), fs[0].done())
        third.join()
        log(fs[2].result(), fs[0].done())
        open_gate(paths[0])
        log(fs[0].result())


def until(condition):
    while not condition():
        pass


@case("futures.process.running-ahead", "one more than workers")
def _():
    with ProcessPoolExecutor(2, mp_context=fork()) as pool, Gates() as gates:
        paths = gates("ab")
        fs = [pool.submit(pass_gate, path) for path in paths]
        for f in fs:
            until(f.running)
        more = [pool.submit(square, number) for number in range(10)]
        until(more[0].running)
        log(more[0].cancel(), more[9].running(), more[9].cancel(), more[9].cancelled())
        for path in paths:
            open_gate(path)
        log([f.result() for f in fs + more[:9]])


@case("futures.process.in-order", "the oldest first")
def _():
    with ProcessPoolExecutor(2, mp_context=fork()) as pool, Gates() as gates:
        for f in [pool.submit(square, number) for number in range(2000)]:
            f.result()
        gate, tokens = gates(["a", "tokens"])
        keeps = os.open(tokens, os.O_RDWR)
        held = pool.submit(pass_gate, gate)
        notes = gate + ".notes"
        for f in [pool.submit(say, notes, number) for number in range(200)]:
            f.result()
        log(count_in_order(notes))
        takers = []
        for _ in range(20):
            pool.submit(square, 2)
            pool.submit(give, tokens)
            takers.append(pool.submit(take, tokens))
        for taker in takers:
            taker.result()
        log(held.done())
        open_gate(gate)
        log(held.result())
        os.close(keeps)


@case("futures.process.cancel", "what was not handed over")
def _():
    with ProcessPoolExecutor(1, mp_context=fork()) as pool, Gates() as gates:
        gate, = gates("a")
        first = pool.submit(pass_gate, gate)
        more = [pool.submit(square, number) for number in range(20)]
        log(more[19].cancel(), more[18].cancel(), more[19].cancelled(), more[19].done())
        open_gate(gate)
        log(first.result(), [f.result() for f in more[:18]], raised(more[19].result))
        done, not_done = futures.wait(more)
        log(len(done), len(not_done))


@case("futures.process.callbacks", "in this process")
def _():
    with ProcessPoolExecutor(1, mp_context=fork()) as pool:
        seen, done = [], threading.Event()
        f = pool.submit(square, 6)
        f.add_done_callback(lambda f: (seen.append((f.result(), os.getpid())), done.set()))
        done.wait()
        log(seen == [(36, os.getpid())])


@case("futures.process.wait", "as on any futures")
def _():
    with ProcessPoolExecutor(2, mp_context=fork()) as pool, Gates() as gates:
        paths = gates("ab")
        fs = [pool.submit(pass_gate, path) for path in paths]
        log(len(futures.wait(fs, times.brief).not_done))
        open_gate(paths[1])
        done, not_done = futures.wait(fs, return_when=futures.FIRST_COMPLETED)
        log([f.result() for f in done], len(not_done))
        open_gate(paths[0])
        log(len(futures.wait(fs).done), sorted(f.result() for f in futures.as_completed(fs)))
        bad = [pool.submit(fail, "text"), pool.submit(square, 2)]
        log(len(futures.wait(bad).done), bad[1].result())


def squares(executor):
    f = executor.submit(fail, "no")
    return list(executor.map(square, [1, 2, 3])), executor.submit(mul, 2, 3).result(), raised(f.result)


@case("futures.process.generic", "threads or processes")
def _():
    with ThreadPoolExecutor(2) as threads, ProcessPoolExecutor(2, mp_context=fork()) as processes:
        log(squares(threads) == squares(processes), squares(processes))


@case("futures.process.task-raises", "the worker goes on")
def _():
    with ProcessPoolExecutor(1, mp_context=fork()) as pool:
        before = pool.submit(pid).result()
        log(raised(pool.submit(fail, "text").result), pool.submit(pid).result() == before)


@case("futures.process.task-exits", "SystemExit is the call's exception")
def _():
    with ProcessPoolExecutor(1, mp_context=fork()) as pool:
        before = pool.submit(pid).result()
        log(raised(pool.submit(leave, 3).result), pool.submit(pid).result() == before)


@case("futures.process.argument-not-picklable", "fails alone")
def _():
    with ProcessPoolExecutor(1, mp_context=fork()) as pool:
        log(raised(pool.submit(ignore, Unwilling()).result), pool.submit(square, 4).result())


@case("futures.process.result-not-picklable", "fails alone")
def _():
    with ProcessPoolExecutor(1, mp_context=fork()) as pool:
        before = pool.submit(pid).result()
        log(raised(pool.submit(make_unwilling).result), pool.submit(pid).result() == before)


# map


@case("futures.process.map", "in the order of the input")
def _():
    with ProcessPoolExecutor(2, mp_context=fork()) as pool, Gates() as gates:
        log(list(pool.map(square, range(10))), list(pool.map(mul, [1, 2, 3], [4, 5, 6])), list(pool.map(square, [])))
        log(list(pool.map(mul, range(2, 5), range(100))))
        paths = gates("ab")
        results = pool.map(pass_gate, paths)
        for path in reversed(paths):
            open_gate(path)
        log(list(results))


@case("futures.process.map-chunksize", "so many calls to a task")
def _():
    with ProcessPoolExecutor(2, mp_context=fork()) as pool:
        for chunksize in (1, 3, 6, 100):
            log(list(pool.map(square, range(10), chunksize=chunksize)))
        pids = list(pool.map(pid, range(40), chunksize=10))
        log([len(set(pids[first:first + 10])) for first in range(0, 40, 10)])
        log(list(pool.map(mul, range(4), range(4), chunksize=3)))


@case("futures.process.map-chunksize-invalid", "at least one")
def _():
    with ProcessPoolExecutor(1, mp_context=fork()) as pool:
        log(raised(lambda: pool.map(square, [1], chunksize=0)))


@case("futures.process.map-exception", "in the place of a result")
def _():
    with ProcessPoolExecutor(2, mp_context=fork()) as pool:
        for chunksize in (1, 2, 10):
            results, seen = pool.map(fail_at, range(6), chunksize=chunksize), []

            def drain():
                for result in results:
                    seen.append(result)

            log(raised(drain), seen, list(results))


@case("futures.process.map-timeout", "TimeoutError, never before the timeout")
def _():
    with ProcessPoolExecutor(2, mp_context=fork()) as pool, Gates() as gates:
        pool.submit(pid).result()
        gate, = gates("a")
        start = now()
        results = pool.map(square_or_wait, [3, gate], timeout=times.must_expire * 4)
        log(next(results))
        log(raised(lambda: next(results)).partition(":")[0], now() - start >= times.must_expire * 4)
        open_gate(gate)


def square_or_wait(what):
    return pass_gate(what) if isinstance(what, str) else what * what


@case("futures.process.map-discarded-shutdown", "nobody reads the results")
def _():
    pool = ProcessPoolExecutor(2, mp_context=fork())
    pool.map(square, range(20))
    pool.shutdown()
    log(len(multiprocessing.active_children()))


# shutdown


@case("futures.process.shutdown-waits", "until all is done")
def _():
    pool = ProcessPoolExecutor(2, mp_context=fork())
    fs = [pool.submit(square, number) for number in range(50)]
    pool.shutdown()
    log([f.done() for f in fs].count(True), sum(f.result() for f in fs), len(multiprocessing.active_children()))


@case("futures.process.shutdown-no-wait", "at once, and all is done")
def _():
    with Gates() as gates:
        gate, = gates("a")
        pool = ProcessPoolExecutor(1, mp_context=fork())
        fs = [pool.submit(pass_gate, gate)] + [pool.submit(square, number) for number in range(5)]
        pool.shutdown(wait=False)
        log(fs[0].done(), raised(lambda: pool.submit(square, 1)))
        open_gate(gate)
        log([f.result() for f in fs])


@case("futures.process.shutdown-cancels", "what was not handed over")
def _():
    with Gates() as gates:
        gate, = gates("a")
        pool = ProcessPoolExecutor(1, mp_context=fork())
        fs = [pool.submit(pass_gate, gate)] + [pool.submit(square, number) for number in range(20)]
        until(fs[0].running)
        stopping = threading.Thread(target=pool.shutdown, kwargs={"cancel_futures": True})
        stopping.start()
        until(fs[20].cancelled)
        open_gate(gate)
        stopping.join()
        log(fs[0].result(), all(f.done() for f in fs), fs[20].cancelled(), sum(f.cancelled() for f in fs) >= 15)


@case("futures.process.shutdown-after-cancel", "it is not waited for")
def _():
    with Gates() as gates:
        gate, = gates("a")
        pool = ProcessPoolExecutor(1, mp_context=fork())
        first = pool.submit(pass_gate, gate)
        more = [pool.submit(square, number) for number in range(20)]
        log(more[19].cancel())
        open_gate(gate)
        pool.shutdown()
        log(first.done(), all(f.done() for f in more))


@case("futures.process.submit-after-shutdown", "refused")
def _():
    pool = ProcessPoolExecutor(1, mp_context=fork())
    pool.submit(square, 1).result()
    pool.shutdown()
    pool.shutdown()
    log(raised(lambda: pool.submit(square, 1)), raised(lambda: pool.map(square, [1])), raised(lambda: pool.shutdown(False)))


@case("futures.process.with-waits", "the end of the block waits")
def _():
    with ProcessPoolExecutor(2, mp_context=fork()) as pool:
        results = pool.map(square, range(10))
        f = pool.submit(square, 11)
    log(f.done(), list(results), len(multiprocessing.active_children()))


@case("futures.process.dropped", "its calls are run")
def _():
    pool = ProcessPoolExecutor(1, mp_context=fork())
    fs = [pool.submit(square, number) for number in range(5)]
    del pool
    log([f.result() for f in fs])


EXIT = """
import multiprocessing, os
from concurrent.futures import ProcessPoolExecutor
def work(number):
    os.write(1, b"worked %d\\n" % number)
    return number
pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork"))
fs = [pool.submit(work, number) for number in range(4)]
"""
NO_WAIT = EXIT + """
for f in fs:
    f.add_done_callback(lambda f: os.write(1, b"called back\\n"))
pool.shutdown(wait=False)
"""
AT_EXIT = """
import atexit, multiprocessing
def late():
    try:
        pool.submit(work, 7)
    except RuntimeError:
        os.write(1, b"RuntimeError\\n")
atexit.register(late)
""" + EXIT


def run_program(text):
    ended = subprocess.run([sys.executable, "-c", text], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    log(sorted(ended.stdout.decode().splitlines()), ended.returncode)


@case("futures.process.exit-finishes-work", "all is run before the program ends")
def _():
    run_program(EXIT)


@case("futures.process.exit-after-shutdown-no-wait", "calls and callbacks")
def _():
    run_program(NO_WAIT)


@case("futures.process.submit-at-exit", "refused")
def _():
    run_program(AT_EXIT)


# Workers that die


UNGUARDED = """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor

def square(x):
    return x * x

multiprocessing.set_start_method(sys.argv[1], force=True)
with ProcessPoolExecutor(2) as pool:
    first, second = pool.submit(square, 3), pool.submit(square, 4)
    print("sum", first.result() + second.result())
"""


@case("futures.process.unguarded", "broken, and whoever has forgotten the guard is told")
def _():
    for method in METHODS:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "program.py")
            with open(path, "w") as file:
                file.write(UNGUARDED)
            ended = subprocess.run([sys.executable, path, method], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        log(method, ended.stdout.decode().splitlines(), ended.returncode)
        log(*(word in ended.stderr for word in (b"RuntimeError:", b"bootstrapping", b"freeze_support(")))


@case("futures.process.worker-killed", "all that is not done is broken")
def _():
    with Gates() as gates:
        paths = gates("ab")
        pool = ProcessPoolExecutor(2, mp_context=fork())
        done = pool.submit(square, 3)
        log(done.result())
        fs = [pool.submit(pass_gate, path) for path in paths]
        fs += [pool.submit(square, number) for number in range(10)]
        for f in fs[:2]:
            until(f.running)
        multiprocessing.active_children()[0].kill()
        for f in fs:
            log(raised(f.result))
        log(done.result())
        pool.shutdown()
        log(len(multiprocessing.active_children()))


@case("futures.process.broken-refuses", "nothing more")
def _():
    pool = ProcessPoolExecutor(1, mp_context=fork())
    f = pool.submit(die)
    log(raised(f.result))
    log(raised(lambda: pool.submit(square, 1)), raised(lambda: pool.map(square, [1])))
    pool.shutdown()
    log(raised(lambda: pool.submit(square, 1)))


@case("futures.process.worker-exits", "os._exit() breaks it, too")
def _():
    for status in (0, 1):
        with ProcessPoolExecutor(1, mp_context=fork()) as pool:
            log(raised(pool.submit(leave_at_once, status).result))


@case("futures.process.worker-killed-unpickling", "in the middle of a message")
def _():
    with ProcessPoolExecutor(1, mp_context=fork()) as pool:
        log(raised(pool.submit(ignore, Deadly()).result))
    with ProcessPoolExecutor(1, mp_context=fork()) as pool:
        log(raised(pool.submit(make_deadly).result))


@case("futures.process.worker-killed-idle", "nobody comes to its work")
def _():
    pool = ProcessPoolExecutor(2, mp_context=fork())
    pool.submit(square, 1).result()
    child = multiprocessing.active_children()[0]
    child.kill()
    child.join()

    def submit():
        pool.submit(square, 1).result(times.must_not_expire)

    error = raised(submit)
    while error == "nothing":
        error = raised(submit)
    log(error.partition(":")[0])
    pool.shutdown()


@case("futures.process.broken-is-broken-executor", "what it is")
def _():
    log(issubclass(futures.process.BrokenProcessPool, futures.BrokenExecutor), issubclass(futures.BrokenExecutor, RuntimeError))


@case("futures.process.worker-killed-large", "with large arguments")
def _():
    text = "x" * (4 * 1024 * 1024)
    with ProcessPoolExecutor(1, mp_context=fork()) as pool, Gates() as gates:
        gate, = gates("a")
        pool.submit(pass_gate, gate)  # the first that dies does it when all are submitted
        fs = [pool.submit(die_of, text) for _ in range(3)]
        open_gate(gate)
        for f in fs:
            log(raised(f.result))
    log(len(multiprocessing.active_children()))


def die_of(text):
    die()


@case("futures.process.shutdown-broken", "the scope ends")
def _():
    with ProcessPoolExecutor(2, mp_context=fork()) as pool:
        f = pool.submit(die)
        pool.shutdown(wait=False)
        log(raised(f.result))


@case("futures.process.options-order", "their names and order are those of the signature", since="3.11")
def _():
    log(*[name for name in inspect.signature(ProcessPoolExecutor).parameters if name != "initargs"])
