"""What the twins of asyncio's streams, transports and children share: the twin of conformance/asyncio/network.hpp."""

import asyncio
import functools
import os
import re
import shutil
import socket
import tempfile


def running(main):
    """A case that is a coroutine, run by asyncio.run()."""

    @functools.wraps(main)
    def body():
        asyncio.run(main())

    return body


def shown(value):
    """As repr() shows bytes, without the b; tuples and lists of them, too."""
    if isinstance(value, (bytes, bytearray)):
        return repr(bytes(value))[1:]
    if isinstance(value, tuple):
        return "(%s)" % ", ".join(map(shown, value))
    return str(value)


def named(error):
    """ "ValueError: text", or the name alone."""
    return type(error).__name__ + (": %s" % error if str(error) else "")


async def said(awaitable):
    """What it comes to: the result, or what it raises."""
    try:
        return shown(await awaitable)
    except BaseException as error:
        return named(error)


async def turns(number=1):
    """So many turns of the loop."""
    for _ in range(number):
        await asyncio.sleep(0)


async def until(condition):
    """As many turns as it takes."""
    while not condition():
        await asyncio.sleep(0)


def heard():
    """What the exception handler of the running loop is told from now on: a list of "message: exception"."""
    messages = []

    def handler(loop, context):
        error = context.get("exception")
        messages.append(context["message"] + (" | " + named(error) if error else ""))

    asyncio.get_running_loop().set_exception_handler(handler)
    return messages


class Folder:
    """A directory of the case's own, gone at its end. Transcripts call it DIR."""

    def __enter__(self):
        self.top = os.path.realpath(tempfile.mkdtemp())
        return self

    def __exit__(self, *error):
        shutil.rmtree(self.top)

    def path(self, name):
        return os.path.join(self.top, name)

    def hide(self, text):
        return str(text).replace(self.top, "DIR")


def reset(sock):
    """Closes it so that the other end sees a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()


def without_numbers(thing):
    """Its repr, in which every descriptor is N."""
    return re.sub(r"fd=\d+", "fd=N", str(thing))
