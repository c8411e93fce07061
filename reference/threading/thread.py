import _thread
import contextlib
import io
import os
import subprocess
import sys
import threading

from case import case, log, now, raised, times, wait_until_blocked

Thread = threading.Thread


def func(*arguments):
    pass


def is_listed(thread):
    return thread in threading.enumerate()


def run_to_end(thread):
    thread.start()
    thread.join()


def fail():
    raise ValueError("run failed")


@contextlib.contextmanager
def captured():
    """Logs the first and the last line of each text on stderr: what is between is a traceback."""
    before, sys.stderr = sys.stderr, io.StringIO()
    try:
        yield
        text = sys.stderr.getvalue().replace(str(threading.get_ident()), "<ident>")
    finally:
        sys.stderr = before
    lines = text.splitlines()
    for index, line in enumerate(lines):
        starts = line.startswith("Exception in thread")
        if starts:
            log(line)
        if index + 1 == len(lines) or lines[index + 1].startswith("Exception in thread"):
            if not starts:
                log(line)
    if not lines:
        log("silence")


def said_until_exit(script):
    """What a program says until its very end, and "status N" if it does not end well."""
    code = "import os, sys, threading\ndef say(line):\n    os.write(1, (str(line) + '\\n').encode())\n" + script
    program = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    lines = program.stdout.decode().splitlines()
    return lines + (["status %d" % program.returncode] if program.returncode else [])


@case("threading.thread.name.default", "Thread-N, with the target's name where it has one")
def _():
    log(Thread().name)
    log(Thread(target=func).name)
    log(Thread(target=func, name="given").name)
    log(Thread(name="").name)
    log(Thread(target=func, args=(1,)).name)


@case("threading.thread.name.set", "a name is given, kept, and may be changed at any time")
def _():
    thread = Thread(name="first")
    log(thread.name)
    thread.name = "second"
    log(thread.name)
    run_to_end(thread)
    log(thread.name)
    thread.name = ""
    log(thread.name)


@case("threading.thread.daemon.option", "no daemon unless asked for; it may be changed before the start")
def _():
    log(Thread().daemon)
    log(Thread(daemon=False).daemon)
    thread = Thread(daemon=True)
    log(thread.daemon)
    thread.daemon = False
    log(thread.daemon)


@case("threading.thread.daemon.inherited", "a thread made by a daemon is one, unless told otherwise")
def _():
    seen = []

    def make():
        seen.append(Thread().daemon)
        seen.append(Thread(daemon=False).daemon)

    run_to_end(Thread(target=make, daemon=True))
    log(seen[0], seen[1], threading.main_thread().daemon)


@case("threading.thread.daemon.after-start", "it is fixed by the start")
def _():
    def become(daemon, thread):
        thread.daemon = daemon

    thread = Thread()
    thread.start()
    log(raised(lambda: become(True, thread)))
    thread.join()
    log(raised(lambda: become(False, thread)))
    log(raised(lambda: become(True, threading.current_thread())))


@case("threading.thread.daemon.output", "what a daemon prints is shown")
def _():
    log(
        said_until_exit(
            """
thread = threading.Thread(target=say, args=("daemon",), daemon=True)
thread.start()
thread.join()
say("end of main")
"""
        )
    )


@case("threading.thread.start.calls", "run calls the target with its arguments; none is nothing")
def _():
    seen = []
    run_to_end(Thread(target=lambda number, text: seen.append(str(number) + text), args=(1, "str")))
    run_to_end(Thread(target=lambda items: seen.append(str(len(items))), args=[[1, 2]]))
    run_to_end(Thread())
    log(seen)


@case("threading.thread.start.once", "a thread is started once, also after its end")
def _():
    thread = Thread()
    thread.start()
    log(raised(thread.start))
    thread.join()
    log(raised(thread.start))
    log(raised(threading.current_thread().start))


@case("threading.thread.life.states", "initial, alive from start() to the end of run()")
def _():
    go, inside = threading.Event(), []

    def live():
        inside.append(threading.get_ident())
        go.wait()

    thread = Thread(target=live)
    log(thread.is_alive(), thread.ident, thread.native_id, is_listed(thread))
    thread.start()
    log(thread.is_alive(), thread.ident is not None, thread.native_id is not None, is_listed(thread))
    go.set()
    thread.join()
    log(thread.is_alive(), thread.ident == inside[0], is_listed(thread))


@case("threading.thread.life.many", "ten tasks, three at a time")
def _():
    three, mutex, running, most = threading.BoundedSemaphore(3), threading.RLock(), [0], [0]

    def task():
        with three:
            with mutex:
                running[0] += 1
                most[0] = max(most[0], running[0])
            with mutex:
                running[0] -= 1

    threads = [Thread(target=task) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log(running[0], 1 <= most[0] <= 3)


@case("threading.thread.life.native-ids", "threads that live at once have different numbers")
def _():
    go = threading.Event()
    threads = [Thread(target=go.wait) for _ in range(5)]
    for thread in threads:
        thread.start()
    idents = {thread.ident for thread in threads} | {threading.get_ident()}
    natives = {thread.native_id for thread in threads} | {threading.get_native_id()}
    go.set()
    for thread in threads:
        thread.join()
    log(len(idents), len(natives))


@case("threading.thread.life.dropped", "a thread runs to its end though nobody has a handle on it")
def _():
    go, ended = threading.Event(), threading.Event()

    def live():
        go.wait()
        ended.set()

    Thread(target=live).start()
    go.set()
    log(ended.wait())


@case("threading.thread.life.fair", "a thread that never waits does not keep others from running")
def _():
    turn = [0]

    def answer():
        for n in range(1, 20, 2):
            while turn[0] != n:
                pass
            turn[0] += 1

    thread = Thread(target=answer)
    thread.start()
    for n in range(0, 20, 2):
        while turn[0] != n:
            pass
        turn[0] += 1
    thread.join()
    log(turn[0])


@case("threading.thread.join.before-start", "there is nothing to wait for")
def _():
    log(raised(Thread().join))
    log(raised(lambda: Thread().join(0)))


@case("threading.thread.join.current", "a thread cannot wait for itself")
def _():
    log(raised(threading.current_thread().join))
    run_to_end(Thread(target=lambda: log(raised(threading.current_thread().join))))


@case("threading.thread.join.timeout", "it returns after the timeout, and the thread lives on")
def _():
    go = threading.Event()
    thread = Thread(target=go.wait)
    thread.start()
    start = now()
    thread.join(times.must_expire)
    log(now() - start >= times.must_expire, thread.is_alive())
    thread.join(0)
    thread.join(-1)
    log(thread.is_alive())
    go.set()
    thread.join(times.must_not_expire)
    log(thread.is_alive())
    thread.join()


@case("threading.thread.join.too-large", "a timeout beyond TIMEOUT_MAX is an error")
def _():
    thread = Thread()
    run_to_end(thread)
    log(raised(lambda: thread.join(1e100)))


@case("threading.thread.join.by-many", "several threads may wait for one")
def _():
    go, joined = threading.Event(), []
    thread = Thread(target=go.wait)
    thread.start()

    def wait():
        thread.join()
        joined.append(None)

    bunch = [Thread(target=wait) for _ in range(5)]
    for joiner in bunch:
        joiner.start()
    wait_until_blocked(6)
    log(len(joined))
    go.set()
    for joiner in bunch:
        joiner.join()
    log(len(joined))


@case("threading.thread.list.alive-only", "enumerate() has those that are alive, and never a joined one")
def _():
    before = threading.active_count()
    log(is_listed(threading.main_thread()))
    listed = False
    for _ in range(100):
        thread = Thread()
        run_to_end(thread)
        listed = listed or is_listed(thread)
    log(listed, threading.active_count() == before, len(threading.enumerate()) == threading.active_count())


@case("threading.thread.list.current", "current_thread() is the thread that asks")
def _():
    main = threading.main_thread()
    log(main.name, main is threading.current_thread(), main.ident == threading.get_ident())
    log(main.is_alive())

    def ask():
        current = threading.current_thread()
        log(current is thread, threading.main_thread() is main, current is main, thread.ident == threading.get_ident())

    thread = Thread(target=ask)
    run_to_end(thread)


@case("threading.thread.foreign.dummy", "a thread that threading did not start gets a dummy")
def _():
    seen, said = [], threading.Event()

    def ask():
        dummy = threading.current_thread()
        seen.append(dummy)
        log(dummy.name, dummy.daemon, dummy.is_alive(), is_listed(dummy))
        log(dummy.ident == threading.get_ident(), dummy is threading.current_thread())
        log(raised(dummy.start))
        log(str(dummy)[:32])
        said.set()

    _thread.start_new_thread(ask, ())
    said.wait()
    log(raised(seen[0].join))
    deadline = now() + times.must_not_expire
    while is_listed(seen[0]) and now() < deadline:
        pass
    log(is_listed(seen[0]))


@case("threading.thread.stack-size.default", "zero at first; setting returns what it was")
def _():
    log(threading.stack_size())
    log(threading.stack_size(262144), threading.stack_size(300001), threading.stack_size(), threading.stack_size())
    log(threading.stack_size(32768), threading.stack_size(0), threading.stack_size())


@case("threading.thread.stack-size.refused", "negative and tiny ones are refused")
def _():
    threading.stack_size(262144)
    for size in (-1, -4096, 1, 4096, 32767):
        log(raised(lambda: threading.stack_size(size)))
    log(threading.stack_size())


@case("threading.thread.stack-size.threads", "small and large stacks do")
def _():
    for size in (262144, 0x1000000):
        threading.stack_size(size)
        ran = []
        threads = [Thread(target=ran.append, args=(None,)) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        log(threading.stack_size(), len(ran))


@case("threading.thread.constant.timeout-max", "a second more is too much")
def _():
    log(threading.TIMEOUT_MAX)
    thread = Thread()
    run_to_end(thread)
    log(raised(lambda: thread.join(threading.TIMEOUT_MAX)))
    log(raised(lambda: thread.join(threading.TIMEOUT_MAX + 1)))


@case("threading.thread.constant.thread-error", "ThreadError is RuntimeError")
def _():
    log(threading.ThreadError is RuntimeError)


@case("threading.thread.repr.states", "its repr has its name, its state and that it is a daemon")
def _():
    thread = Thread(name="x")
    log(thread)
    thread.daemon = True
    log(thread)
    run_to_end(thread)
    log(str(thread).startswith("<Thread(x, stopped daemon "))
    log(str(threading.main_thread()).startswith("<_MainThread(MainThread, started "))


@case("threading.thread.hook.default", "an exception out of run() is printed, and ends the thread alone")
def _():
    with captured():
        run_to_end(Thread(target=fail, name="hooked"))


@case("threading.thread.hook.no-thread", "without a thread it prints the ident")
def _():
    with captured():
        try:
            fail()
        except ValueError:
            threading.excepthook(threading.ExceptHookArgs([*sys.exc_info(), None]))


@case("threading.thread.hook.system-exit", "SystemExit ends the thread in silence")
def _():
    with captured():
        run_to_end(Thread(target=sys.exit, args=(1,)))


@case("threading.thread.hook.custom", "a hook gets the exception and the thread")
def _():
    thread = Thread(target=fail)

    def hook(args):
        log(args.exc_type.__name__ + ": " + str(args.exc_value))
        log(args.thread is thread)

    with captured():
        threading.excepthook = hook
        run_to_end(thread)


@case("threading.thread.hook.restored", "the default can be put back")
def _():
    before = threading.excepthook
    with captured():
        threading.excepthook = lambda args: log("custom")
        run_to_end(Thread(target=fail, name="hooked"))
        threading.excepthook = before
        run_to_end(Thread(target=fail, name="hooked"))


@case("threading.thread.hook.fails", "a hook that raises is reported in its turn")
def _():
    def hook(args):
        raise ValueError("threading_hook failed")

    with captured():
        threading.excepthook = hook
        run_to_end(Thread(target=fail))


@case("threading.thread.subclass.run", "a subclass says in run() what the thread does")
def _():
    ran = []

    class Counting(Thread):
        def __init__(self):
            super().__init__(name="counting")

        def run(self):
            ran.append(None)

    thread = Counting()
    log(thread.name, thread.is_alive())
    run_to_end(thread)
    log(len(ran), thread.is_alive(), str(thread)[:28])


@case("threading.thread.exit.joined", "the program ends when its threads have")
def _():
    log(
        said_until_exit(
            """
def work():
    threading.main_thread().join()
    say("end of thread")
threading.Thread(target=work).start()
say("end of main")
"""
        )
    )


@case("threading.thread.exit.started-late", "a thread started by a thread is waited for too")
def _():
    lines = said_until_exit(
        """
def work():
    threading.main_thread().join()
    threading.Thread(target=say, args=("second",)).start()
    say("first")
threading.Thread(target=work).start()
say("end of main")
"""
    )
    log(len(lines))


@case("threading.thread.exit.daemon", "a daemon is not waited for")
def _():
    log(
        said_until_exit(
            """
threading.Thread(target=threading.Event().wait, daemon=True).start()
say("end of main")
"""
        )
    )


@case("threading.thread.exit.no-more-threads", "after that no thread can be started")
def _():
    log(
        said_until_exit(
            """
import atexit
def start():
    try:
        threading.Thread().start()
        say("nothing")
    except RuntimeError as error:
        say("RuntimeError: " + str(error))
atexit.register(start)
thread = threading.Thread()
thread.start()
thread.join()
say("end of main")
"""
        )
    )


@case("threading.thread.fork.main", "in a child the thread that forked is the main one, and alone")
def _():
    go = threading.Event()
    other = Thread(target=go.wait, name="other")
    other.start()

    def ask(pipe):
        main = threading.main_thread()
        for answer in (
            main.name,
            main is threading.current_thread(),
            main.ident == threading.get_ident(),
            other.is_alive(),
            threading.active_count(),
        ):
            os.write(pipe, (str(answer) + "\n").encode())

    def fork():
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            ask(writer)
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            log(pipe.read().splitlines())
        os.waitpid(child, 0)

    run_to_end(Thread(target=fork, name="forking"))
    log(other.is_alive())
    go.set()
    other.join()


@case("threading.thread.fork.joined-in-child", "a child waits for its threads")
def _():
    log(
        said_until_exit(
            """
if os.fork():
    os.wait()
    sys.exit(0)
def work():
    threading.main_thread().join()
    say("end of thread")
threading.Thread(target=work).start()
say("end of main")
"""
        )
    )


@case("threading.thread.fork.former-main", "in the child of another thread the main one has ended")
def _():
    log(
        said_until_exit(
            """
former = threading.main_thread()
def fork():
    if os.fork():
        os.wait()
        return
    thread = threading.Thread(target=lambda: (former.join(), say("end of thread")))
    say(former.is_alive())
    thread.start()
    thread.join()
threading.Thread(target=fork).start()
"""
        )
    )


@case("threading.thread.fork.dummy", "a foreign thread is not alive in the child")
def _():
    log(
        said_until_exit(
            """
import _thread
known, go = threading.Event(), threading.Event()
_thread.start_new_thread(lambda: (threading.current_thread(), known.set(), go.wait()), ())
known.wait()
say(threading.active_count())
if os.fork() == 0:
    say(threading.active_count())
    os._exit(0)
os.wait()
"""
        )
    )


@case("threading.thread.fork.by-many", "many threads fork at once")
def _():
    log(
        said_until_exit(
            """
def fork():
    child = os.fork()
    if child == 0:
        os._exit(50)
    if os.waitpid(child, 0)[1] != 50 << 8:
        say("wrong")
threads = [threading.Thread(target=fork) for _ in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
say("all of them")
"""
        )
    )


@case("threading.thread.fork.in-exit-handler", "so may an exit handler")
def _():
    log(
        said_until_exit(
            """
import atexit
def handler():
    if os.fork():
        os.wait()
    else:
        say("child")
atexit.register(handler)
thread = threading.Thread()
thread.start()
thread.join()
"""
        )
    )


@case("threading.thread.fork.locks", "what another thread held stays held")
def _():
    log(
        said_until_exit(
            """
lock, rlock, condition, semaphore = threading.Lock(), threading.RLock(), threading.Condition(), threading.Semaphore()
free = threading.Lock(), threading.RLock(), threading.Condition(), threading.Semaphore()
held, go = threading.Event(), threading.Event()
def hold():
    with lock, rlock, condition, semaphore:
        held.set()
        go.wait()
threading.Thread(target=hold).start()
held.wait()
if os.fork() == 0:
    for one in (lock, rlock, condition, semaphore, *free):
        say(one.acquire(timeout=0.01))
    lock.release()
    say(lock.acquire(timeout=0.01))
    os._exit(0)
os.wait()
go.set()
"""
        )
    )
