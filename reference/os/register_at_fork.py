import subprocess
import sys

from case import case, log

PRELUDE = """
import os, sys, threading
os.set_blocking(2, True)
def say(line):
    os.write(1, (str(line) + "\\n").encode())
def saying(line):
    return lambda: say(line)
def fail():
    raise ValueError("as it should")
def fork(in_child=lambda: None):
    "The parent's functions are called when the child has ended: what both say has an order."
    child = os.fork()
    if child == 0:
        in_child()
        os._exit(0)
    os.waitpid(child, 0)
ended, writer = os.pipe()
def when_child_has_ended(line):
    def wait_and_say():
        os.close(writer) if line.endswith("1") else None
        os.read(ended, 1)
        say(line)
    return wait_and_say
"""


def program(text):
    """What a program says; of what it complains, no more than the first words and the error."""
    ended = subprocess.run([sys.executable, "-c", PRELUDE + text], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for line in ended.stdout.decode().splitlines():
        log(line)
    for line in ended.stderr.decode().splitlines():
        if line.startswith("Exception ignored in:"):
            log("Exception ignored in:")
        elif not line.startswith(("Traceback", " ")) and "DeprecationWarning" not in line:
            log(line)


@case("os.register-at-fork.order", "before: backwards; after: in their order")
def _():
    program(
        """
for n in "12":
    os.register_at_fork(before=saying("before " + n), after_in_child=saying("child " + n),
                        after_in_parent=when_child_has_ended("parent " + n))
os.register_at_fork(before=saying("before 3"))
fork()
"""
    )


@case("os.register-at-fork.forking-thread", "they run in the thread that forks")
def _():
    program(
        """
def who():
    say(threading.current_thread().name + " " + str(threading.current_thread() is threading.main_thread()))
os.register_at_fork(before=who, after_in_child=who)
thread = threading.Thread(target=fork, name="forking")
thread.start()
thread.join()
"""
    )


@case("os.register-at-fork.nothing-given", "at least one function is asked for")
def _():
    program(
        """
try:
    os.register_at_fork()
except TypeError as error:
    say("TypeError: " + str(error))
"""
    )


@case("os.register-at-fork.errors", "what they raise is printed and ignored")
def _():
    program(
        """
os.register_at_fork(before=saying("before 1"), after_in_child=saying("child 1"))
os.register_at_fork(before=fail)
os.register_at_fork(before=saying("before 3"), after_in_child=saying("child 3"))
fork()
"""
    )


@case("os.register-at-fork.meanwhile", "a function may register others")
def _():
    program(
        """
def register():
    say("registers")
    os.register_at_fork(before=saying("too late"), after_in_child=saying("in time"))
os.register_at_fork(before=register)
fork()
"""
    )


@case("os.register-at-fork.own-lock", "a lock of one's own survives")
def _():
    program(
        """
lock, stop = threading.Lock(), threading.Event()
os.register_at_fork(before=lock.acquire, after_in_child=lock.release, after_in_parent=lock.release)
def use():
    while not stop.is_set():
        with lock:
            pass
user = threading.Thread(target=use)
user.start()
for _ in range(20):
    fork(lambda: say(lock.acquire(False)))
stop.set()
user.join()
"""
    )
