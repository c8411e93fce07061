import atexit
import multiprocessing
import os
import resource
import signal
import sys
import threading
import warnings
from multiprocessing import Process
from multiprocessing.connection import wait

from case import case, log, now, raised, times
from support import (
    METHODS,
    Folder,
    Program,
    Redirected,
    each_method,
    ended,
    enter,
    hold,
    log_notes,
    note,
    open_gate,
    started,
    stop_forkserver,
    until_dropped,
)

# ---- what a child runs


def note_arguments(path, *args):
    note(path, *map(repr, args))


def note_pids(path, gate):
    note(path, os.getpid(), os.getppid())
    enter(gate)


def leave(code):
    os._exit(code)


def fail(text):
    raise ValueError(text)


def finish(code):
    sys.exit(code)


def do_nothing():
    pass


def wait_at(gate):
    enter(gate)


# ---- what is run


@case("multiprocessing.process.target.arguments", "the target gets its arguments, in another process")
def _():
    def act(context):
        with Folder() as folder:
            process = ended(context, note_arguments, folder.path("notes"), 1, "text", [1], (2.5, True), {1: "a"})
            log_notes(folder.path("notes"))
            log(process.exitcode)

    each_method(act)


@case("multiprocessing.process.target.none", "no target is nothing to do")
def _():
    def act(context):
        process = context.Process()
        process.start()
        process.join()
        log(process.exitcode)

    each_method(act)


@case("multiprocessing.process.run.called-here", "run() is a call like any other")
def _():
    seen = []
    process = Process(target=seen.append, args=(1,))
    process.run()
    process.run()
    Process().run()
    log(seen, process.pid, process.is_alive())


@case("multiprocessing.process.fork.closure", "under fork a target may be anything that can be called")
def _():
    with Folder() as folder:
        seen = [1, 2, 3]

        def closure():
            seen.append(4)
            note(folder.path("notes"), seen)

        ended(multiprocessing.get_context("fork"), closure)
        log_notes(folder.path("notes"))
        log(seen)


@case("multiprocessing.process.spawn.closure", "which the others cannot send")
def _():
    def act(context):
        with Folder() as folder:
            process = context.Process(target=lambda: note(folder.path("notes"), "never"))
            log(raised(process.start) == "nothing")
            log(process.pid, process.exitcode, process.is_alive(), process in multiprocessing.active_children())
            log(os.path.exists(folder.path("notes")))

    each_method(act, METHODS[1:])


class Upper(Process):
    """What run() does in the child; the object's members come along."""

    def __init__(self, path, text):
        super().__init__()
        self.path, self.text = path, text

    def run(self):
        note(self.path, self.text.upper(), self.name)


@case("multiprocessing.process.subclass.run", "a subclass has a run() of its own")
def _():
    for method in METHODS:
        log(method)
        multiprocessing.set_start_method(method, force=True)
        with Folder() as folder:
            process = Upper(folder.path("notes"), "hello")
            process.name = "upper"
            process.start()
            process.join()
            log_notes(folder.path("notes"))
            log(process.exitcode)


# ---- name, daemon, authkey


def note_names(path, depth):
    note(path, multiprocessing.current_process().name)
    if depth:
        for _ in range(2):
            ended(multiprocessing, note_names, path, depth - 1)


@case("multiprocessing.process.name.default", "Process-N, and below it Process-N:M")
def _():
    log(Process().name, Process().name, Process(name="given").name, Process().name)
    with Folder() as folder:
        ended(multiprocessing, note_names, folder.path("notes"), 2)
        log_notes(folder.path("notes"))


@case("multiprocessing.process.name.context", "a context's processes are called after it")
def _():
    each_method(lambda context: log(context.Process().name, context.Process().name))


def note_name(path):
    note(path, multiprocessing.current_process().name)


@case("multiprocessing.process.name.given", "a name that is given, or assigned, is the child's too")
def _():
    def act(context):
        with Folder() as folder:
            ended(context, note_name, folder.path("notes"), name="given")
            process = context.Process(target=note_name, args=(folder.path("notes"),), name="given")
            process.name = "assigned"
            process.start()
            process.name = "too late"
            process.join()
            log_notes(folder.path("notes"))
            log(process.name)

    each_method(act)
    log(Process(name="").name)


def note_daemon(path, depth):
    note(path, multiprocessing.current_process().daemon, Process().daemon)


@case("multiprocessing.process.daemon.default", "as the process that makes it, else as is given")
def _():
    log(Process().daemon, Process(daemon=True).daemon, Process(daemon=False).daemon)
    process = Process()
    process.daemon = True
    log(process.daemon)

    def act(context):
        with Folder() as folder:
            ended(context, note_daemon, folder.path("notes"), 1)
            ended(context, note_daemon, folder.path("notes"), 1, daemon=True)
            log_notes(folder.path("notes"))

    each_method(act)


@case("multiprocessing.process.daemon.late", "which is settled when it starts")
def _():
    process = ended(multiprocessing, do_nothing)

    def assign():
        process.daemon = True

    log(raised(assign), process.daemon)


def note_child_of_daemon(path):
    process = Process(target=do_nothing)
    note(path, raised(process.start), process.pid)
    process = Process(target=do_nothing, daemon=False)
    note(path, raised(process.start), process.pid)


@case("multiprocessing.process.daemon.childless", "a daemon has no children")
def _():
    def act(context):
        with Folder() as folder:
            log(ended(context, note_child_of_daemon, folder.path("notes"), daemon=True).exitcode)
            log_notes(folder.path("notes"))

    each_method(act)


def note_authkey(path):
    note(path, multiprocessing.current_process().authkey.hex())
    note(path, Process().authkey == multiprocessing.current_process().authkey)


@case("multiprocessing.process.authkey.inherited", "32 random bytes, the same in all descendants")
def _():
    own = multiprocessing.current_process().authkey
    log(len(own), own != bytes(32), Process().authkey == own)

    def act(context):
        with Folder() as folder:
            ended(context, note_authkey, folder.path("notes"))
            with open(folder.path("notes")) as notes:
                log(notes.readline().strip() == own.hex(), notes.readline().strip())

    each_method(act)


@case("multiprocessing.process.authkey.assigned", "what is assigned is the child's")
def _():
    def act(context):
        with Folder() as folder:
            process = context.Process(target=note_authkey, args=(folder.path("notes"),))
            process.authkey = b"\x01secret"
            log(process.authkey == multiprocessing.current_process().authkey)
            process.start()
            process.join()
            log_notes(folder.path("notes"))

    each_method(act)
    multiprocessing.current_process().authkey = b"another"
    log(Process().authkey == b"another")


# ---- before, while, after


@case("multiprocessing.process.state.initial", "nothing is known of what has not been started")
def _():
    process = Process(target=do_nothing)
    log(process.pid, process.ident, process.exitcode, process.is_alive())
    log(process in multiprocessing.active_children())
    log(raised(lambda: process.sentinel))
    log(raised(process.join))
    log(raised(lambda: process.join(0)))


@case("multiprocessing.process.state.signal-initial", "nor is there anything to end")
def _():
    process = Process(target=do_nothing)
    log(raised(process.terminate) == "nothing", raised(process.kill) == "nothing")
    log(process.pid, process.exitcode)


@case("multiprocessing.process.state.running", "it lives, and has no exit code")
def _():
    def act(context):
        with Folder() as folder:
            process = started(context, wait_at, folder.gate("gate"))
            log(process.is_alive(), process.exitcode, process.pid == process.ident, process.pid > 1)
            log(process in multiprocessing.active_children(), len(multiprocessing.active_children()))
            open_gate(folder.path("gate"))
            process.join()

    each_method(act)


@case("multiprocessing.process.state.ended", "it is dead, and has one")
def _():
    def act(context):
        process = started(context, do_nothing)
        pid = process.pid
        log(process.join())
        log(process.is_alive(), process.exitcode, process.pid == pid)
        log(process in multiprocessing.active_children())
        log(process.join(), process.join(0), process.join(-1))

    each_method(act)


@case("multiprocessing.process.state.twice", "a process is started once")
def _():
    def act(context):
        with Folder() as folder:
            process = started(context, wait_at, folder.gate("gate"))
            log(raised(process.start))
            open_gate(folder.path("gate"))
            process.join()
            log(raised(process.start), process.exitcode)

    each_method(act)


@case("multiprocessing.process.pid.child", "pid is the child's number")
def _():
    def act(context):
        with Folder() as folder:
            process = started(context, note_pids, folder.path("notes"), folder.gate("gate"))
            open_gate(folder.path("gate"))
            process.join()
            with open(folder.path("notes")) as notes:
                pid, parent = notes.read().split()
            # Under forkserver the system's parent is the server.
            log(int(pid) == process.pid, int(parent) == os.getpid())

    each_method(act)


@case("multiprocessing.process.join.timeout", "join() with a timeout returns while the child lives")
def _():
    def act(context):
        with Folder() as folder:
            process = started(context, wait_at, folder.gate("gate"))
            start = now()
            log(process.join(0), process.join(-1), process.is_alive())
            log(process.join(times.must_expire), process.is_alive(), now() - start >= times.must_expire)
            open_gate(folder.path("gate"))
            log(process.join(times.must_not_expire), process.is_alive(), process.exitcode)

    each_method(act)


@case("multiprocessing.process.join.signal", "a signal that is handled meanwhile does not end join()")
def _():
    handled = []
    signal.signal(signal.SIGUSR1, lambda *_: handled.append(1))

    def act(context):
        with Folder() as folder:
            process = started(context, signal_and_wait, os.getpid(), folder.gate("gate"))
            opener = threading.Thread(target=open_gate, args=(folder.path("gate"),))
            opener.start()
            process.join()
            opener.join()
            log(process.exitcode, len(handled))
            handled.clear()

    each_method(act)


def signal_and_wait(pid, gate):
    os.kill(pid, signal.SIGUSR1)
    enter(gate)


def note_of_foreign(process, path):
    note(path, raised(process.join))
    note(path, raised(process.is_alive))
    note(path, raised(Process(target=do_nothing).join))


@case("multiprocessing.process.foreign", "only the process that made it can ask for it")
def _():
    with Folder() as folder:
        sibling = started(multiprocessing, wait_at, folder.gate("gate"))
        fresh = Process(target=do_nothing)
        path = folder.path("notes")

        def child():
            note_of_foreign(sibling, path)
            note(path, raised(fresh.start))
            note(path, multiprocessing.active_children())

        ended(multiprocessing, child)
        log_notes(path)
        open_gate(folder.path("gate"))
        sibling.join()


# ---- exit codes


@case("multiprocessing.process.exitcode.system-exit", "SystemExit says the code")
def _():
    def act(context):
        for code in (0, 1, 8, 255, 256, -1):
            log(code, ended(context, finish, code).exitcode)

    each_method(act)


@case("multiprocessing.process.exitcode.system-exit-text", "what is no number is printed, and the code is 1")
def _():
    for method in METHODS:
        with Redirected(2) as err:
            process = ended(multiprocessing.get_context(method), finish, "ignore this")
            stop_forkserver()
        log(method, process.exitcode, repr(err.read()))


@case("multiprocessing.process.exitcode.exception", "an exception that leaves it is printed, and the code is 1")
def _():
    for method in METHODS:
        log(method)
        with Redirected(2) as err:
            process = ended(multiprocessing.get_context(method), fail, "as it should", name="failing")
            stop_forkserver()
        lines = err.read().splitlines()
        log(process.exitcode, lines[0], lines[-1])


@case("multiprocessing.process.exitcode.os-exit", "or what _exit() is told")
def _():
    each_method(lambda context: log([ended(context, leave, code).exitcode for code in (0, 1, 7, 255)]))


def kill_self(number):
    signal.signal(number, signal.SIG_DFL) if number != signal.SIGKILL else None
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.kill(os.getpid(), number)


@case("multiprocessing.process.exitcode.signal", "or -N where signal N ended it")
def _():
    each_method(lambda context: log([ended(context, kill_self, number).exitcode for number in (6, 9, 11, 15)]))


@case("multiprocessing.process.exitcode.polled", "exitcode and is_alive() look without waiting")
def _():
    def act(context):
        process = started(context, finish, 3)
        while process.exitcode is None:
            pass
        log(process.exitcode, process.is_alive())
        process = started(context, finish, 4)
        while process.is_alive():
            pass
        log(process.exitcode)

    each_method(act)


# ---- terminate(), kill()


def wait_for_ever(gate, hello):
    open_gate(hello)
    enter(gate)


@case("multiprocessing.process.terminate", "SIGTERM")
def _():
    each_method(lambda context: end(context, lambda process: process.terminate()))


@case("multiprocessing.process.kill", "SIGKILL")
def _():
    each_method(lambda context: end(context, lambda process: process.kill()))


def end(context, how):
    with Folder() as folder:
        process = started(context, wait_for_ever, folder.gate("gate"), folder.gate("hello"))
        enter(folder.path("hello"))
        log(process.is_alive(), how(process), process.join(), process.exitcode, process.is_alive())
        log(process in multiprocessing.active_children())
        log(how(process), process.exitcode)


def ignore_terminate(gate, hello):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    open_gate(hello)
    enter(gate)


@case("multiprocessing.process.terminate.ignored", "which can be ignored; SIGKILL cannot")
def _():
    def act(context):
        with Folder() as folder:
            process = started(context, ignore_terminate, folder.gate("gate"), folder.gate("hello"))
            enter(folder.path("hello"))
            process.terminate()
            process.join(times.must_expire)
            log(process.is_alive())
            process.kill()
            process.join()
            log(process.exitcode)

    each_method(act)


def note_at_end(path, gate, hello):
    try:
        threading.Thread(target=enter, args=(gate,)).start()
        wait_for_ever(gate, hello)
    finally:
        note(path, "finally")


@case("multiprocessing.process.terminate.no-finally", "no finally, no exit handler, no thread is waited for")
def _():
    def act(context):
        for how in (Process.terminate, Process.kill):
            with Folder() as folder:
                path = folder.path("notes")
                process = started(context, note_at_end, path, folder.gate("gate"), folder.gate("hello"))
                enter(folder.path("hello"))
                how(process)
                process.join()
                log(process.exitcode < 0, os.path.exists(path))

    each_method(act)


def have_child(gate, hello, path, held):
    process = Process(target=note_orphaned, args=(gate, hello, path, held))
    process.start()
    enter(gate + "-never")


def note_orphaned(gate, hello, path, held):
    parent = multiprocessing.parent_process()
    note(path, parent.is_alive())
    held = hold(held)
    open_gate(hello)
    parent.join()
    note(path, parent.is_alive())
    enter(gate)
    note(path, "goes on")
    os.close(held)


@case("multiprocessing.process.terminate.orphans", "its children go on, and see that it is gone")
def _():
    def act(context):
        with Folder() as folder:
            folder.gate("gate-never")
            path, dropped = folder.path("notes"), until_dropped(folder.gate("held"))
            process = started(context, have_child, folder.gate("gate"), folder.gate("hello"), path, folder.path("held"))
            enter(folder.path("hello"))
            process.terminate()
            process.join()
            log(process.exitcode)
            open_gate(folder.path("gate"))
            dropped()
            log_notes(path)

    each_method(act)


# ---- close()


@case("multiprocessing.process.close.running", "a process that runs cannot be closed")
def _():
    def act(context):
        with Folder() as folder:
            process = started(context, wait_at, folder.gate("gate"))
            log(raised(process.close))
            log(process.is_alive())
            open_gate(folder.path("gate"))
            process.join()
            log(raised(process.close))

    each_method(act)


@case("multiprocessing.process.close.closed", "a closed one only has its name")
def _():
    process = ended(multiprocessing, do_nothing, name="closed", daemon=True)
    process.close()
    for ask in (
        process.is_alive,
        process.join,
        process.terminate,
        process.kill,
        process.start,
        lambda: process.exitcode,
        lambda: process.pid,
        lambda: process.ident,
        lambda: process.sentinel,
    ):
        log(raised(ask))
    log(process.name, process.daemon, raised(process.close))
    fresh = Process(target=do_nothing)
    fresh.close()
    log(raised(fresh.start))


@case("multiprocessing.process.close.unjoined", "a child that has ended needs no join() before")
def _():
    def act(context):
        process = started(context, finish, 3)
        wait([process.sentinel])
        while raised(process.close) != "nothing":
            pass
        log(raised(process.join), process in multiprocessing.active_children())

    each_method(act)


# ---- repr()


def parts_of(process):
    return str(process).replace(str(os.getpid()), "PARENT")


@case("multiprocessing.process.repr", "name, number, parent, state, exit code, daemon")
def _():
    with Folder() as folder:
        process = Process(target=wait_at, args=(folder.gate("gate"),), name="it's", daemon=True)
        log(parts_of(process))
        process.start()
        log(parts_of(process).replace("pid=%d" % process.pid, "pid=CHILD"))
        open_gate(folder.path("gate"))
        process.join()
        log(parts_of(process).replace("pid=%d" % process.pid, "pid=CHILD"))
        process.close()
        log(parts_of(process))
    process = ended(multiprocessing, kill_self, signal.SIGKILL)
    log(parts_of(process).replace("pid=%d" % process.pid, "pid=CHILD"))
    process = ended(multiprocessing, leave, 3)
    log(parts_of(process).replace("pid=%d" % process.pid, "pid=CHILD"))
    each_method(lambda context: log(parts_of(context.Process(name="x"))))


# ---- sentinel


@case("multiprocessing.process.sentinel", "a descriptor that is ready when the process has ended")
def _():
    def act(context):
        with Folder() as folder:
            process = started(context, wait_at, folder.gate("gate"))
            sentinel = process.sentinel
            log(isinstance(sentinel, int), wait([sentinel], 0))
            open_gate(folder.path("gate"))
            log(wait([sentinel], times.must_not_expire) == [sentinel])
            process.join()
            log(wait([sentinel], times.must_not_expire) == [sentinel], process.sentinel == sentinel)

    each_method(act)


@case("multiprocessing.process.sentinel.killed", "however it ended")
def _():
    def act(context):
        with Folder() as folder:
            process = started(context, wait_at, folder.gate("gate"))
            process.kill()
            log(wait([process.sentinel]) == [process.sentinel])
            process.join()

    each_method(act)


# ---- current_process(), parent_process(), active_children(), cpu_count()


@case("multiprocessing.process.current.main", "the main process is one too")
def _():
    main = multiprocessing.current_process()
    log(main.name, main.daemon, main.is_alive(), main.exitcode, main.pid == os.getpid(), main.ident == os.getpid())
    log(multiprocessing.parent_process(), multiprocessing.active_children(), main is multiprocessing.current_process())
    log(raised(main.close), main.is_alive())
    log(main)


def note_current(path):
    current = multiprocessing.current_process()
    note(path, current.name, current.is_alive(), current.daemon, current.pid == os.getpid())
    note(path, multiprocessing.active_children())
    note(path, threading.current_thread() is threading.main_thread())
    note(path, threading.current_thread().name, threading.main_thread().native_id == os.getpid())


@case("multiprocessing.process.current.child", "in a child it is the child")
def _():
    def act(context):
        with Folder() as folder:
            ended(context, note_current, folder.path("notes"), name="child")
            log_notes(folder.path("notes"))

    each_method(act)


def note_parent(path, pid):
    parent = multiprocessing.parent_process()
    note(path, parent.name, parent.pid == pid, parent.ident == pid, parent.is_alive())
    parent.join(0)
    note(path, parent.is_alive(), wait([parent.sentinel], 0))
    note(path, parent.exitcode, parent.daemon)


@case("multiprocessing.process.parent", "a child knows its parent")
def _():
    def act(context):
        with Folder() as folder:
            ended(context, note_parent, folder.path("notes"), os.getpid())
            log_notes(folder.path("notes"))

    each_method(act)


@case("multiprocessing.process.active-children", "those that live; asking for them reaps the others")
def _():
    def act(context):
        with Folder() as folder:
            first = started(context, wait_at, folder.gate("first"))
            second = started(context, wait_at, folder.gate("second"))
            log(sorted(child is second for child in multiprocessing.active_children()))
            open_gate(folder.path("first"))
            wait([first.sentinel])
            while len(multiprocessing.active_children()) > 1:
                pass
            log(multiprocessing.active_children()[0] is second, first.exitcode)
            open_gate(folder.path("second"))
            second.join()
            log(multiprocessing.active_children())

    each_method(act)


@case("multiprocessing.process.active-children.dropped", "a child that nobody names any more is still one")
def _():
    with Folder() as folder:
        started(multiprocessing, wait_at, folder.gate("gate"), name="dropped")
        children = multiprocessing.active_children()
        log([child.name for child in children])
        open_gate(folder.path("gate"))
        children[0].join()
        log(multiprocessing.active_children())


@case("multiprocessing.process.cpu-count", "the number of the machine's processors")
def _():
    log(multiprocessing.cpu_count() == os.cpu_count(), multiprocessing.cpu_count() >= 1)


# ---- the end of a child


def have_children(path, folder, daemon):
    for name in "ab":
        process = Process(target=note_end, args=(path, folder, name), daemon=daemon)
        process.start()
        enter(folder + "/hello-" + name)
    note(path, "end of parent")
    if not daemon:
        threading.Thread(target=open_both, args=(folder,), daemon=True).start()


def open_both(folder):
    for name in "ab":
        open_gate(folder + "/gate-" + name)


def note_end(path, folder, name):
    held = hold(folder + "/held-" + name)
    open_gate(folder + "/hello-" + name)
    enter(folder + "/gate-" + name)
    note(path, "end of child")
    os.close(held)


def end_of_children(context, daemon):
    with Folder() as folder:
        for name in "ab":
            folder.gate("hello-" + name), folder.gate("gate-" + name)
        dropped = [until_dropped(folder.gate("held-" + name)) for name in "ab"]
        process = started(context, have_children, folder.path("notes"), folder.top, daemon)
        process.join()
        for wait in dropped:
            wait()
        log(process.exitcode)
        log_notes(folder.path("notes"))


@case("multiprocessing.process.exit.joins-children", "a process waits for its children before it ends")
def _():
    each_method(lambda context: end_of_children(context, False))


@case("multiprocessing.process.exit.ends-daemons", "and ends those that are daemons")
def _():
    each_method(lambda context: end_of_children(context, True))


def start_threads(path, gate):
    def work():
        threading.main_thread().join()
        note(path, "end of thread")

    threading.Thread(target=work).start()
    threading.Thread(target=enter, args=(gate,), daemon=True).start()
    note(path, "end of target")


@case("multiprocessing.process.exit.joins-threads", "it waits for its threads, but for no daemon")
def _():
    def act(context):
        with Folder() as folder:
            log(ended(context, start_threads, folder.path("notes"), folder.gate("never")).exitcode)
            log_notes(folder.path("notes"))

    each_method(act)


def print_unfinished(text):
    print(text, end="")


@case("multiprocessing.process.exit.flushes", "what the child has printed is not lost")
def _():
    for method in METHODS:
        log(method)
        with Redirected(1) as out:
            ended(multiprocessing.get_context(method), print_unfinished, "no end of line")
            stop_forkserver()
        log(repr(out.read()))


@case("multiprocessing.process.start.flushes", "nor printed twice what the parent had printed before")
def _():
    with Redirected(1) as out:
        sys.stdout.write("once;")
        ended(multiprocessing.get_context("fork"), print_unfinished, "child")
        sys.stdout.flush()
    log(repr(out.read()))


def note_standard_input(path):
    note(path, repr(sys.stdin.read()))


@case("multiprocessing.process.start.standard-input", "the standard input of a child is empty")
def _():
    reader, writer = os.pipe()
    os.write(writer, b"the parent's\n")
    os.dup2(reader, 0)

    def act(context):
        with Folder() as folder:
            ended(context, note_standard_input, folder.path("notes"))
            log_notes(folder.path("notes"))

    each_method(act)
    log(os.read(0, 100) == b"the parent's\n")


# ---- what a child has of its parent

counter = 1


def note_counter(path):
    note(path, counter)


@case("multiprocessing.process.start.globals", "under fork the globals as they are; else as the program begins")
def _():
    global counter
    counter = 2

    def act(context):
        with Folder() as folder:
            ended(context, note_counter, folder.path("notes"))
            log_notes(folder.path("notes"))

    each_method(act)


def change_counter():
    global counter
    counter = 100


@case("multiprocessing.process.start.copies", "what the child changes is not changed here")
def _():
    each_method(lambda context: log(ended(context, change_counter).exitcode, counter))


def note_directory(path, name):
    note(path, os.getcwd() == name)


@case("multiprocessing.process.start.directory", "the working directory and the environment are the parent's")
def _():
    def act(context):
        with Folder() as folder:
            os.chdir(folder.top)
            ended(context, note_directory, folder.path("notes"), folder.top)
            log_notes(folder.path("notes"))
            os.chdir("/")

    each_method(act)


def note_descriptor(path, fd):
    try:
        os.fstat(fd)
        note(path, "open")
    except OSError:
        note(path, "closed")


@case("multiprocessing.process.start.descriptors", "under fork the child has all descriptors; else none but its own")
def _():
    import fcntl

    fd = fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 150)

    def act(context):
        with Folder() as folder:
            ended(context, note_descriptor, folder.path("notes"), fd)
            log_notes(folder.path("notes"))

    each_method(act)
    os.close(fd)


def note_count(path, gate):
    note(path, len(os.listdir("/proc/self/fd")))
    enter(gate)


@case("multiprocessing.process.start.no-inflation", "the children do not get more and more of them")
def _():
    def act(context):
        with Folder() as folder:
            children = [
                started(context, note_count, folder.path("notes"), folder.gate("gate%d" % number))
                for number in range(5)
            ]
            for number in range(5):
                open_gate(folder.path("gate%d" % number))
            for child in children:
                child.join()
            with open(folder.path("notes")) as notes:
                log(len(set(notes)))

    each_method(act, METHODS[1:])


# ---- threads and fork


def note_thread(path):
    current = threading.current_thread()
    note(path, current is threading.main_thread(), current.is_alive(), threading.active_count())


@case("multiprocessing.process.fork.thread", "the thread that forked is the child's main thread, and its only one")
def _():
    with Folder() as folder:
        other = threading.Thread(target=enter, args=(folder.gate("gate"),))
        other.start()
        thread = threading.Thread(target=ended, args=(multiprocessing, note_thread, folder.path("notes")))
        thread.start()
        thread.join()
        open_gate(folder.path("gate"))
        other.join()
        log_notes(folder.path("notes"))


@case("multiprocessing.process.fork.warning", "a fork while there are other threads is warned of", since="3.12")
def _():
    with Folder() as folder:
        log(warned(lambda: ended(multiprocessing, do_nothing)))
        other = threading.Thread(target=enter, args=(folder.gate("gate"),))
        other.start()
        each_method(lambda context: log(warned(lambda: ended(context, do_nothing))))
        open_gate(folder.path("gate"))
        other.join()


def warned(act):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        act()
    return [str(warning.message).replace(str(os.getpid()), "PID") for warning in caught]


# ---- many


@case("multiprocessing.process.many", "many children at once, each of them with its own end")
def _():
    def act(context):
        number = 5 if context.get_start_method() == "spawn" else 50
        children = [started(context, finish, code) for code in range(number)]
        for child in children:
            child.join()
        log([child.exitcode for child in children] == list(range(number)))
        with Folder() as folder:
            children = [started(context, wait_at, folder.gate("gate%d" % code)) for code in range(number)]
            for child in children:
                child.terminate()
            for child in children:
                child.join()
        log({child.exitcode for child in children})

    each_method(act)


def note_recursion(path, id):
    note(path, id, multiprocessing.get_start_method())
    if len(id) < 2:
        for number in range(2):
            ended(multiprocessing, note_recursion, path, id + [number])


@case("multiprocessing.process.nested", "children have children, under the start method of their parent")
def _():
    def act(context):
        multiprocessing.set_start_method(context.get_start_method(), force=True)
        with Folder() as folder:
            note_recursion(folder.path("notes"), [])
            log_notes(folder.path("notes"))

    each_method(act)


def register_at_exit(path):
    atexit.register(note, path, "first")
    atexit.register(note, path, "second")
    note(path, "end of target")


@case("multiprocessing.process.exit.handlers", "what a child registers is called at its end", since="3.13")
def _():
    def act(context):
        with Folder() as folder:
            atexit.register(note, folder.path("notes"), "by the parent")
            log(ended(context, register_at_exit, folder.path("notes")).exitcode)
            log_notes(folder.path("notes"))

    each_method(act)


# ---- the end of the main program

ENDS = """
def child(folder, name):
    open_gate(folder + "/hello-" + name)
    enter(folder + "/gate-" + name)
    note(folder + "/notes", "end of " + name)

def open_late(folder):
    threading.Thread(target=open_gate, args=(folder + "/gate-child",), daemon=True).start()

if __name__ == "__main__":
    method, folder, way = sys.argv[1:]
    multiprocessing.set_start_method(method)
    for name, daemon in (("child", False), ("daemon", True)):
        multiprocessing.Process(target=child, args=(folder, name), daemon=daemon).start()
        enter(folder + "/hello-" + name)
    note(folder + "/notes", "end of main")
    open_late(folder)
    if way == "exception":
        raise ValueError("as it should")
    if way == "exit":
        sys.exit(3)
"""


@case("multiprocessing.process.exit.main", "the main program ends its daemons and waits for its other children")
def _():
    for method in METHODS:
        for way in ("return", "exit", "exception"):
            log(method, way)
            with Folder() as folder:
                for name in ("hello-child", "hello-daemon", "gate-child", "gate-daemon"):
                    folder.gate(name)
                log("status", Program(folder, ENDS).run(method, folder.top, way).status)
                log_notes(folder.path("notes"))
