import subprocess
import sys

from case import case, log

PRELUDE = """
import os, sys, threading
from concurrent.futures import ThreadPoolExecutor
def say(line):
    os.write(1, (line + "\\n").encode())
def live():
    threading.main_thread().join()
    say("end of thread")
"""
ENDS = PRELUDE + "threading.Thread(target=live).start()\nsay('end of main')\n"


def program(text):
    """Runs a program of its own; what it said, without the traces of exceptions, and its status."""
    ended = subprocess.run([sys.executable, "-c", text], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for line in ended.stdout.decode().splitlines():
        if not line.startswith(("Traceback", " ")):
            log(line)
    log("status", ended.returncode)


@case("threading.main-scope.return", "the program waits for its threads")
def _():
    program(ENDS)


@case("threading.main-scope.exit", "so it does after sys.exit()")
def _():
    program(ENDS + "sys.exit(3)")


@case("threading.main-scope.exception", "an exception is printed, then the threads are waited for")
def _():
    program(ENDS + "raise ValueError('boom')")


@case("threading.main-scope.system-exit", "SystemExit is not printed")
def _():
    program(ENDS + "raise SystemExit(3)")


@case("threading.main-scope.executors-first", "executors finish their work before the main thread has ended")
def _():
    program(
        PRELUDE
        + """
def live():
    threading.main_thread().join()
    say("thread")
pool = ThreadPoolExecutor(1)
threading.Thread(target=live).start()
pool.submit(threading.Event().wait, 0.05)
pool.submit(say, "pool")
say("end of main")
"""
    )
