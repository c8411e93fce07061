"""Twins: the exceptions of asyncio."""

import asyncio
import concurrent.futures

from case import case, log, raised
from support import awaited, run_virtual, turns


@case("asyncio.exceptions.cancelled-error", "CancelledError is a BaseException: who catches every Exception does not catch it")
def _():
    async def tries(f):
        try:
            await f
        except Exception:
            log("caught")
        except BaseException as error:
            log("passed by", type(error).__name__)
            raise

    async def main():
        f = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(tries(f))
        await turns()
        task.cancel()
        log(await awaited(task))

    run_virtual(main())
    log(issubclass(asyncio.CancelledError, Exception), issubclass(asyncio.CancelledError, BaseException))


@case("asyncio.exceptions.cancelled-error-of-threads", "it is not the one of concurrent.futures, which is an Exception")
def _():
    log(issubclass(asyncio.CancelledError, concurrent.futures.CancelledError))
    log(issubclass(concurrent.futures.CancelledError, Exception))


@case("asyncio.exceptions.timeout-error", "TimeoutError is the one that everybody raises")
def _():
    log(asyncio.TimeoutError is TimeoutError)


@case("asyncio.exceptions.invalid-state-error", "InvalidStateError is an Exception, with a text")
def _():
    def throw():
        raise asyncio.InvalidStateError("not yet")

    log(raised(throw), issubclass(asyncio.InvalidStateError, Exception))


@case("asyncio.exceptions.message", "the errors print what they were given")
def _():
    def throw(error):
        raise error

    for kind in (asyncio.CancelledError, asyncio.InvalidStateError, asyncio.TimeoutError):
        log(raised(lambda: throw(kind())), raised(lambda: throw(kind("text"))))
