"""What the twins of asyncio share: the twin of conformance/asyncio/support.hpp."""

import asyncio
import logging

import virtual_time
from case import log, raised


def run_virtual(main, debug=None):
    """As asyncio.run(), on a loop whose clock starts at 0 and jumps to the next deadline: nothing sleeps."""
    return virtual_time.run(main, debug)


def loop_time():
    return asyncio.get_running_loop().time()


def log_at(*values):
    """log() with the loop's time before it."""
    log(loop_time(), *values)


async def turns(count=1):
    """Comes back in the count-th turn of the loop after this one."""
    for _ in range(count):
        await asyncio.sleep(0)


def raised_by(error):
    """As raised(), of an exception that somebody else has caught."""

    def throw():
        if error is not None:
            raise error

    return raised(throw)


async def awaited(awaitable):
    """What it returned, or the name of what it raised: in the same task, without a turn of the loop."""
    try:
        return str(await awaitable)
    except BaseException as error:
        return raised_by(error)


async def noted(awaitable, name):
    """awaited(), logged with the name and the time at which it came."""
    said = await awaited(awaitable)
    log_at(name, said)
    return said


def start(awaitable, name):
    """noted(), in a task of its own."""
    return asyncio.create_task(noted(awaitable, name))


def soon(text):
    """Has the loop log the text in its next turn: what comes before that did not give way."""
    asyncio.get_running_loop().call_soon(log, text)


def state(future):
    """ "pending", "cancelled", the name of the exception, or the result."""
    if not future.done():
        return "pending"
    if future.cancelled():
        return "cancelled"
    return str(future.result()) if future.exception() is None else raised_by(future.exception())


def log_reports():
    """Has what comes to the running loop's exception handler from now on logged: the message and the exception."""

    def handler(loop, context):
        log("report:", context["message"], raised_by(context.get("exception")))

    asyncio.get_running_loop().set_exception_handler(handler)


class Logged(logging.Handler):
    """What asyncio and concurrent.futures log meanwhile: the first line of each message."""

    LOGGERS = [logging.getLogger(name) for name in ("asyncio", "concurrent.futures")]

    def __enter__(self):
        self.messages = []
        for logger in self.LOGGERS:
            logger.addHandler(self)
        return self

    def __exit__(self, *_):
        for logger in self.LOGGERS:
            logger.removeHandler(self)

    def emit(self, record):
        self.messages.append(record.getMessage().splitlines()[0])
