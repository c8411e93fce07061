"""What the twins of futures share: the twin of conformance/concurrent/futures/support.hpp."""

import logging
import threading
from concurrent.futures import Future

from case import raised


def future(*steps):
    """A future after some steps: future(Future.cancel)."""
    made = Future()
    for step in steps:
        step(made)
    return made


def finished():
    return future(lambda f: f.set_result(42))


def failed():
    return future(lambda f: f.set_exception(ValueError("bad")))


def running():
    return future(Future.set_running_or_notify_cancel)


def cancelled():
    return future(Future.cancel)


def notified():
    return future(Future.cancel, Future.set_running_or_notify_cancel)


def every_state():
    return [
        ("pending", Future()),
        ("running", running()),
        ("cancelled", cancelled()),
        ("notified", notified()),
        ("failed", failed()),
        ("finished", finished()),
    ]


def raised_by(error):
    """As raised(), of an exception that somebody else has caught."""

    def throw():
        if error is not None:
            raise error

    return raised(throw)


def in_thread(act):
    thread = threading.Thread(target=act)
    thread.start()
    return thread


def mul(x, y):
    return x * y


class Logged(logging.Handler):
    """What concurrent.futures logs meanwhile: the first and the last line of each message."""

    def __enter__(self):
        self.messages = []
        logging.getLogger("concurrent.futures").addHandler(self)
        return self

    def __exit__(self, *_):
        logging.getLogger("concurrent.futures").removeHandler(self)

    def emit(self, record):
        lines = self.format(record).splitlines()
        self.messages.append(lines[0] if len(lines) == 1 else lines[0] + " ... " + lines[-1])
