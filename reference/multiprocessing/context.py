import multiprocessing
import os
import signal
import sys

from case import case, log, raised
from support import METHODS, Folder, Program, each_method, enter, log_notes, note, open_gate, stop_forkserver

# ---- which there are


@case("multiprocessing.context.all", "fork, spawn, forkserver")
def _():
    log(multiprocessing.get_all_start_methods())


@case("multiprocessing.context.default", "fork, once somebody has asked")
def _():
    log(multiprocessing.get_start_method(allow_none=True))
    log(multiprocessing.get_start_method(), multiprocessing.get_start_method(allow_none=True))
    log(raised(lambda: multiprocessing.set_start_method("spawn")))
    log(multiprocessing.get_start_method())


@case("multiprocessing.context.default.get-context", "get_context() asks too")
def _():
    log(multiprocessing.get_context("spawn").get_start_method(), multiprocessing.get_start_method(allow_none=True))
    log(multiprocessing.get_context().get_start_method(), multiprocessing.get_start_method(allow_none=True))


@case("multiprocessing.context.set", "it is set once, or by force")
def _():
    multiprocessing.set_start_method("spawn")
    log(multiprocessing.get_start_method(), multiprocessing.get_context().get_start_method())
    for method in ("spawn", "fork"):
        log(raised(lambda: multiprocessing.set_start_method(method)))
    for method in METHODS:
        multiprocessing.set_start_method(method, force=True)
        log(multiprocessing.get_start_method(), multiprocessing.get_context().get_start_method())
    multiprocessing.set_start_method(None, force=True)
    log(multiprocessing.get_start_method(allow_none=True))
    multiprocessing.set_start_method("forkserver")
    log(multiprocessing.get_start_method())


@case("multiprocessing.context.unknown", "a method that there is not")
def _():
    for method in ("xyz", "", "Fork"):
        log(raised(lambda: multiprocessing.get_context(method)))
        log(raised(lambda: multiprocessing.set_start_method(method)))
    log(multiprocessing.get_start_method(allow_none=True))


@case("multiprocessing.context.fixed", "a context keeps its method")
def _():
    for method in METHODS:
        context = multiprocessing.get_context(method)
        log(context.get_start_method(), context.get_context() == context, context.get_context("spawn").get_start_method())
        log(raised(lambda: context.set_start_method("spawn")))
        log(raised(lambda: context.set_start_method("spawn", force=True)))
        log(raised(lambda: context.get_context("xyz")))
    log(multiprocessing.get_context("fork") == multiprocessing.get_context("fork"))
    log(multiprocessing.get_context("fork") == multiprocessing.get_context("spawn"))


@case("multiprocessing.context.functions", "a context has the functions of the module")
def _():
    context = multiprocessing.get_context("spawn")
    log(context.cpu_count() == multiprocessing.cpu_count(), context.current_process().name)
    log(context.parent_process(), context.active_children())


# ---- what a child sees


def note_method(path):
    note(path, multiprocessing.get_start_method(), multiprocessing.get_start_method(allow_none=True))
    note(path, raised(lambda: multiprocessing.set_start_method("fork")))
    note(path, multiprocessing.get_context("spawn").get_start_method())


@case("multiprocessing.context.child", "a child's method is that which it was started by")
def _():
    def act(context):
        with Folder() as folder:
            process = context.Process(target=note_method, args=(folder.path("notes"),))
            process.start()
            process.join()
            log_notes(folder.path("notes"))

    each_method(act)


@case("multiprocessing.context.late", "a process is started as is set by then, not as when it was made")
def _():
    with Folder() as folder:
        process = multiprocessing.Process(target=note_method, args=(folder.path("notes"),))
        multiprocessing.set_start_method("spawn")
        process.start()
        process.join()
        log_notes(folder.path("notes"))


# ---- set_executable()


def do_nothing():
    pass


@case("multiprocessing.context.executable", "the program that is executed")
def _():
    with Folder() as folder:
        script = folder.path("script")
        with open(script, "w") as file:
            file.write("#!/bin/sh\necho executed >>%s\nexec %s \"$@\"\n" % (folder.path("notes"), sys.executable))
        os.chmod(script, 0o755)
        multiprocessing.set_executable(script)

        def act(context):
            process = context.Process(target=do_nothing)
            process.start()
            process.join()
            log(process.exitcode, os.path.exists(folder.path("notes")))
            if os.path.exists(folder.path("notes")):
                os.remove(folder.path("notes"))

        each_method(act)
        multiprocessing.get_context("spawn").set_executable(sys.executable)
        act(multiprocessing.get_context("spawn"))


# ---- the fork server


def note_parent(path, gate):
    note(path, os.getppid())
    enter(gate)


def parents(context, folder, number):
    """The system's parents of so many children that live at the same time."""
    children = []
    for count in range(number):
        children.append(
            context.Process(target=note_parent, args=(folder.path("notes"), folder.gate("gate%d" % count)))
        )
        children[-1].start()
    for count in range(number):
        open_gate(folder.path("gate%d" % count))
        os.remove(folder.path("gate%d" % count))
    for child in children:
        child.join()
    with open(folder.path("notes")) as notes:
        found = {int(line) for line in notes}
    os.remove(folder.path("notes"))
    log([child.exitcode for child in children])
    return found


@case("multiprocessing.context.forkserver.one", "one server forks all children")
def _():
    with Folder() as folder:
        context = multiprocessing.get_context("forkserver")
        first = parents(context, folder, 3)
        log(len(first), os.getpid() in first)
        log(parents(context, folder, 2) == first)


@case("multiprocessing.context.forkserver.sigint", "an interrupt does not end it")
def _():
    with Folder() as folder:
        context = multiprocessing.get_context("forkserver")
        first = parents(context, folder, 1)
        os.kill(first.copy().pop(), signal.SIGINT)
        log(parents(context, folder, 1) == first)


@case("multiprocessing.context.forkserver.killed", "one that was killed has a successor")
def _():
    with Folder() as folder:
        context = multiprocessing.get_context("forkserver")
        first = parents(context, folder, 1)
        server = first.copy().pop()
        os.kill(server, signal.SIGKILL)
        # It stays to be waited for: CPython asks for its end when the next child is wanted.
        os.waitid(os.P_PID, server, os.WEXITED | os.WNOWAIT)
        second = parents(context, folder, 1)
        log(second == first, len(second))


# ---- the beginning of the program

GUARDED = """
note(sys.argv[2], "begins")

def child(path):
    note(path, "child", __name__ != "__main__")

if __name__ == "__main__":
    note(sys.argv[2], "main")
    multiprocessing.freeze_support()
    multiprocessing.set_start_method(sys.argv[1])
    process = multiprocessing.Process(target=child, args=(sys.argv[2],))
    process.start()
    process.join()
    note(sys.argv[2], "status", process.exitcode)
"""


@case("multiprocessing.context.begins-anew", "spawn begins the program again, but not its main part")
def _():
    for method in METHODS:
        log(method)
        with Folder() as folder:
            Program(folder, GUARDED).run(method, folder.path("notes"))
            log_notes(folder.path("notes"))


UNGUARDED = """
def child():
    print("child")

multiprocessing.set_start_method(sys.argv[1], force=True)
process = multiprocessing.Process(target=child)
process.start()
process.join()
print("status", process.exitcode)
sys.exit(process.exitcode)
"""


@case("multiprocessing.context.unguarded", "who starts a process where the program begins is told, and does not go on for ever")
def _():
    for method in METHODS:
        with Folder() as folder:
            program = Program(folder, UNGUARDED).run(method)
        log(method, sorted(program.out), program.status)
        words = " ".join(program.err).split()
        told = [word for word in words if word in ("bootstrapping", "freeze_support()")]
        log("RuntimeError:" in words, "bootstrapping" in told, "freeze_support()" in told)


@case("multiprocessing.context.freeze-support.nothing", "in a process that nobody spawned it does nothing")
def _():
    log(multiprocessing.freeze_support(), multiprocessing.freeze_support())
    log(multiprocessing.get_context("spawn").freeze_support())
