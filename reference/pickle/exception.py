import multiprocessing.pool
import pickle

from case import case, log
from support import there_and_back


def described(error):
    return type(error).__name__, str(error)


@case("pickle.exception.types", "an exception comes back as what it was")
def _():
    for error in (ValueError("text"), ValueError(), TypeError("a"), RuntimeError("it's"), KeyError("key"),
                  IndexError("index"), LookupError("x"), OverflowError("x"), EOFError(), KeyboardInterrupt()):
        log(*map(repr, described(there_and_back(error))))


@case("pickle.exception.system-exit", "SystemExit with its code")
def _():
    log(there_and_back(SystemExit(3)).code)


@case("pickle.exception.os-error", "an OSError with its number, its names and its class")
def _():
    for error in (OSError(2, "No such file or directory", "x"), OSError(13, "Permission denied"),
                  OSError(32, "Broken pipe"), OSError("only a text"), OSError(18, "Invalid cross-device link", "a", None, "b")):
        back = there_and_back(error)
        log(type(back).__name__, str(back), back.errno, back.filename, back.filename2)


class Custom(Exception):
    def __init__(self, number, text):
        super().__init__(number, text)
        self.number, self.text = number, text

    def __str__(self):
        return "%s (%d)" % (self.text, self.number)


@case("pickle.exception.custom", "so does one of one's own, with what it holds")
def _():
    back = there_and_back(Custom(3, "boom"))
    log(type(back).__name__, back, back.number, back.text)


@case("pickle.exception.is-a", "it can be caught as its bases")
def _():
    for error in (KeyError("x"), FileNotFoundError(2, "No such file or directory"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x")):
        back = there_and_back(error)
        log(*(isinstance(back, kind) for kind in (LookupError, OSError, ValueError, Exception)))


def fail():
    raise ValueError("as it should")


@case("pickle.exception.traceback", "one that was thrown has the remote traceback as its cause")
def _():
    try:
        fail()
    except ValueError as error:
        sent = multiprocessing.pool.ExceptionWithTraceback(error, error.__traceback__)
    back = there_and_back(sent)
    log(*described(back))
    cause = back.__cause__
    lines = str(cause).splitlines()
    log(type(cause).__name__, repr(lines[0]), lines[1], lines[2], lines[-2], lines[-1])


@case("pickle.exception.traceback.nested", "which tells of the exceptions before it")
def _():
    try:
        try:
            fail()
        except ValueError as error:
            raise RuntimeError("second") from error
    except RuntimeError as error:
        sent = multiprocessing.pool.ExceptionWithTraceback(error, error.__traceback__)
    back = there_and_back(sent)
    lines = [line for line in str(back.__cause__).splitlines() if line and not line.startswith(" ")]
    log(type(back).__name__, back)
    for line in lines:
        log(line)
