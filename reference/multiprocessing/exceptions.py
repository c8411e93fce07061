import multiprocessing
import pickle
from multiprocessing import AuthenticationError, BufferTooShort, ProcessError, TimeoutError

from case import case, log
from support import each_method

ALL = (ProcessError, BufferTooShort, TimeoutError, AuthenticationError)


@case("multiprocessing.exceptions.hierarchy", "all are ProcessErrors, and nothing else is")
def _():
    import builtins

    for kind in ALL:
        error = kind("text")
        log([isinstance(error, other) for other in ALL])
        others = (OSError, ValueError, builtins.TimeoutError, EOFError)
        log([isinstance(error, other) for other in others])


@case("multiprocessing.exceptions.text", "their text is what they were made with")
def _():
    for kind in (ProcessError, TimeoutError, AuthenticationError):
        log(repr(str(kind("it's so"))), repr(str(kind())))


@case("multiprocessing.exceptions.buffer-too-short", "BufferTooShort has the whole message")
def _():
    error = BufferTooShort(b"whole \x00 message")
    log(error)
    log(error.args[0] == b"whole \x00 message")


def send_error(connection, number):
    connection.send(ALL[number]("from the child"))
    connection.close()


@case("multiprocessing.exceptions.cross", "they go to another process as they are")
def _():
    def act(context):
        for number in (0, 2, 3):
            here, there = context.Pipe()
            process = context.Process(target=send_error, args=(there, number))
            process.start()
            error = here.recv()
            process.join()
            log(type(error).__name__, error)

    each_method(act)


@case("multiprocessing.exceptions.cross.buffer-too-short", "its message too")
def _():
    error = pickle.loads(pickle.dumps(BufferTooShort(b"\x00\xff")))
    log(type(error).__name__, error, error.args[0] == b"\x00\xff")
