import asyncio
import os
import threading

from case import case, log, raised
from network import named, running, said, shown, turns

DATA = b"line1\nline2\nline3\n"


def fed(*chunks, **options):
    """A reader that has been given these."""
    reader = asyncio.StreamReader(**options)
    for chunk in chunks:
        reader.feed_data(chunk)
    return reader


async def rest(reader):
    """What is left in it."""
    if not reader.at_eof():
        reader.feed_eof()
    return shown(await reader.read())


def later(reader, *chunks, end=False):
    """In the next turn it is given these."""

    def feed():
        for chunk in chunks:
            reader.feed_data(chunk)
        if end:
            reader.feed_eof()

    asyncio.get_running_loop().call_soon(feed)


# ---- read


@case("asyncio.stream-reader.read.some", "what is there, up to so many; waits for the first")
@running
async def _():
    reader = fed(b"line1", b"line2")
    log(await said(reader.read(5)), await said(reader.read(100)))
    later(reader, DATA)
    log(await said(reader.read(30)))
    later(reader, b"ab", b"cd")
    log(await said(reader.read(3)), await rest(reader))


@case("asyncio.stream-reader.read.zero", "nothing, at once")
@running
async def _():
    reader = fed()
    log(await said(reader.read(0)))
    reader.feed_data(DATA)
    log(await said(reader.read(0)), await rest(reader))


@case("asyncio.stream-reader.read.end", "empty at the end, again and again")
@running
async def _():
    reader = fed()
    later(reader, end=True)
    log(await said(reader.read(1024)), await said(reader.read(1)), await said(reader.read()))


@case("asyncio.stream-reader.read.all", "read() and read(-1) are all until the end, past the limit")
@running
async def _():
    for size in ((), (-1,), (-7,)):
        reader = fed(limit=3)
        later(reader, b"chunk1\n", b"chunk2", end=True)
        log(await said(reader.read(*size)), reader.at_eof())


@case("asyncio.stream-reader.read.limit", "the limit is none of read() and readexactly()")
@running
async def _():
    reader = fed(b"chunkchunk", limit=3)
    log(await said(reader.read(5)), await said(reader.readexactly(5)), await rest(reader))


# ---- readline


@case("asyncio.stream-reader.readline.line", "up to the newline, and no byte more")
@running
async def _():
    reader = fed(b"chunk1 ")
    later(reader, b"chunk2 ", b"chunk3 ", b"\n chunk4")
    log(await said(reader.readline()), await rest(reader))
    reader = fed(DATA[:6], DATA[6:])
    log(await said(reader.readline()), await said(reader.read(7)), await said(reader.readline()), await rest(reader))


@case("asyncio.stream-reader.readline.end", "what is left without a newline, then empty")
@running
async def _():
    reader = fed(b"some data")
    reader.feed_eof()
    log(await said(reader.readline()), await said(reader.readline()))


@case("asyncio.stream-reader.readline.limit", "ValueError; what belongs to the line is gone")
@running
async def _():
    for chunks in ((b"li", b"ne1\nline2\n"), (b"li", b"ne1", b"li")):
        reader = fed(*chunks, limit=3)
        log(await said(reader.readline()), await rest(reader))
    for chunks in ((b"chunk1", b"chunk2", b"chunk3\n"), (b"chunk1", b"chunk2\n", b"chunk3\n")):
        reader = fed(limit=7)
        later(reader, *chunks, end=True)
        log(await said(reader.readline()), await rest(reader))
    reader = fed(b"1234567\n", b"12345678\n", limit=7)
    log(await said(reader.readline()), await said(reader.readline()), await rest(reader))


@case("asyncio.stream-reader.lines", "async for: line by line until the end")
@running
async def _():
    reader = fed(b"one\ntwo\n\nthree")
    reader.feed_eof()
    async for line in reader:
        log(shown(line))
    log("end", reader.at_eof())


# ---- readuntil


@case("asyncio.stream-reader.readuntil.separator", "up to the separator, however it comes in")
@running
async def _():
    for chunks in ((b"lineAAA",), (b"lineAAAxxx",), (b"QWEaa", b"XYaa", b"a"), (b"QWEaa", b"XYa", b"aa"),
                   (b"aaa",), (b"Xaaa",), (b"XXX", b"a", b"a", b"a"), (b"aaaaa",)):
        reader = fed()
        task = asyncio.ensure_future(reader.readuntil(b"AAA" if b"AAA" in b"".join(chunks) else b"aaa"))
        for chunk in chunks:
            await turns()
            reader.feed_data(chunk)
        log(await said(task), await rest(reader))


@case("asyncio.stream-reader.readuntil.empty-separator", "ValueError")
@running
async def _():
    log(await said(fed(DATA).readuntil(b"")))


@case("asyncio.stream-reader.readuntil.several", "of several separators the one that ends first", since="3.13")
@running
async def _():
    reader = fed(b"line 1\nline 2\r")
    log(await said(reader.readuntil((b"\r", b"\n"))), await said(reader.readuntil((b"\r", b"\n"))))
    reader = fed(b"ABCDEFG")
    log(await said(reader.readuntil((b"DEF", b"BCDE"))), await rest(reader))
    reader = fed(b"some dataA", limit=3)
    log(await said(reader.readuntil((b"A", b"ome dataA"))), await rest(reader))
    reader = fed(b"data")
    later(reader, b"Z")
    later(reader, b"Aaaa")
    log(await said(reader.readuntil((b"A", b"long sep"))), await rest(reader))
    log(await said(fed().readuntil(())), await said(fed().readuntil((b"",))))


@case("asyncio.stream-reader.readuntil.end", "IncompleteReadError with what there was")
@running
async def _():
    reader = fed(b"some dataAA")
    reader.feed_eof()
    try:
        await reader.readuntil(b"AAA")
    except asyncio.IncompleteReadError as error:
        log(named(error), shown(error.partial), error.expected, isinstance(error, EOFError))
    log(await rest(reader))


@case("asyncio.stream-reader.readuntil.limit", "LimitOverrunError; nothing is taken")
@running
async def _():
    reader = fed(b"some dataAA", limit=3)
    for chunk in (b"", b"A"):
        reader.feed_data(chunk)
        try:
            await reader.readuntil(b"AAA")
        except asyncio.LimitOverrunError as error:
            log(named(error), error.consumed)
    log(await rest(reader))


# ---- readexactly


@case("asyncio.stream-reader.readexactly.exact", "so many, the others stay")
@running
async def _():
    reader = fed()
    later(reader, DATA, DATA, DATA)
    log(await said(reader.readexactly(2 * len(DATA))), await said(reader.readexactly(0)), await rest(reader))


@case("asyncio.stream-reader.readexactly.negative", "ValueError, whatever is there")
@running
async def _():
    reader = fed(DATA)
    log(await said(reader.readexactly(-1)), await rest(reader))


@case("asyncio.stream-reader.readexactly.end", "IncompleteReadError with what there was and what was asked for")
@running
async def _():
    reader = fed()
    later(reader, DATA, end=True)
    try:
        await reader.readexactly(2 * len(DATA))
    except asyncio.IncompleteReadError as error:
        log(named(error), shown(error.partial), error.expected)
    log(await rest(reader))


# ---- errors


@case("asyncio.stream-reader.exception.raised", "what set_exception() was given, by every method")
@running
async def _():
    reader = fed(b"line\n", b"line\n")
    log(reader.exception(), await said(reader.read(2)))
    error = ValueError("broken")
    reader.set_exception(error)
    log(reader.exception() is error)
    for read in (reader.read(2), reader.read(), reader.read(0), reader.readline(), reader.readuntil(b"x"),
                 reader.readexactly(2)):
        log(await said(read))


@case("asyncio.stream-reader.exception.waiting", "a read that waits raises it, a cancelled one is left alone")
@running
async def _():
    reader = fed()
    task = asyncio.ensure_future(reader.readline())
    await turns()
    reader.set_exception(ValueError("broken"))
    log(await said(task))
    reader = fed()
    task = asyncio.ensure_future(reader.readline())
    await turns()
    task.cancel()
    reader.set_exception(RuntimeError("message"))
    log(await said(task), reader)


@case("asyncio.stream-reader.second", "RuntimeError: only one may wait")
@running
async def _():
    reader = fed()
    first = asyncio.ensure_future(reader.read(1))
    await turns()
    for read in (reader.read(1), reader.readline(), reader.readuntil(b"x"), reader.readexactly(1)):
        log(await said(read))
    reader.feed_data(b"x")
    log(await said(first))


@case("asyncio.stream-reader.cancel", "a cancelled read has taken nothing")
@running
async def _():
    for read in (lambda: reader.readline(), lambda: reader.readexactly(20), lambda: reader.readuntil(b"x")):
        reader = fed(b"abc")
        task = asyncio.ensure_future(read())
        await turns(2)
        reader.feed_data(b"def")
        task.cancel()
        log(await said(task), await rest(reader))


@case("asyncio.stream-reader.limit.positive", "ValueError for a limit of zero or less")
@running
async def _():
    for limit in (0, -1):
        log(raised(lambda: asyncio.StreamReader(limit=limit)))


# ---- the feeding end


@case("asyncio.stream-reader.at-eof", "the end was said, and nothing is left")
@running
async def _():
    reader = fed()
    log(reader.at_eof())
    reader.feed_data(b"some data\n")
    log(reader.at_eof(), await said(reader.readline()), reader.at_eof())
    reader.feed_data(b"some data\n")
    reader.feed_eof()
    log(reader.at_eof(), await said(reader.readline()), reader.at_eof())


@case("asyncio.stream-reader.feed.empty", "no data wakes nobody")
@running
async def _():
    reader = fed(b"")
    log(reader)
    task = asyncio.ensure_future(reader.read(1))
    await turns()
    reader.feed_data(b"")
    await turns(3)
    log(task.done())
    reader.feed_data(b"x")
    log(await said(task))


@case("asyncio.stream-reader.order", "who reads goes on in the turn after the data")
@running
async def _():
    reader = fed()

    async def read():
        log("read", await said(reader.readexactly(4)))

    task = asyncio.ensure_future(read())
    await turns()
    reader.feed_data(b"ab")
    log("fed")
    await turns()
    log("one turn")
    reader.feed_data(b"cd")
    await turns()
    log("two turns")
    await task
    task = asyncio.ensure_future(read())
    await turns()
    reader.feed_data(b"efgh")
    log("all fed")
    await turns()
    log("next turn", task.done())
    await task


@case("asyncio.stream-reader.loop", "the running loop; without one there has to be a current one")
def _():
    async def running_one():
        reader = asyncio.StreamReader()
        asyncio.StreamReaderProtocol(reader)
        asyncio.get_running_loop().call_soon(reader.feed_data, b"x")
        return await said(reader.read(1))

    log(asyncio.run(running_one()))

    def in_thread():
        for make in (asyncio.StreamReader, lambda: asyncio.StreamReaderProtocol(None)):
            log(raised(make).partition(":")[0])
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        reader = asyncio.StreamReader()
        asyncio.StreamReaderProtocol(reader)
        loop.call_soon(reader.feed_data, b"x")
        log(loop.run_until_complete(said(reader.read(1))))
        asyncio.set_event_loop(None)
        loop.close()

    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()


@case("asyncio.stream-reader.repr", "what it holds and waits for")
@running
async def _():
    log(asyncio.StreamReader())
    log(asyncio.StreamReader(limit=123))
    reader = fed(b"data")
    log(reader)
    reader.feed_eof()
    log(reader)
    reader = fed()
    reader.set_exception(RuntimeError("broken"))
    log(reader)
    reader = fed()
    task = asyncio.ensure_future(reader.read(1))
    await turns()
    log(str(reader).partition(" pending")[0])
    reader.feed_data(b"xy")
    log(reader, await said(task))


# ---- flow control


async def piped(limit):
    """A reader of a pipe, its transport, and the pipe's other end."""
    ends = os.pipe()
    reader = asyncio.StreamReader(limit=limit)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ends[0], "rb", 0))
    return reader, transport, ends[1]


@case("asyncio.stream-reader.flow.pauses", "above twice the limit it is not read from; from the limit on again")
@running
async def _():
    reader, transport, writer = await piped(10)
    os.write(writer, b"x" * 20)
    await turns(5)
    log(transport.is_reading())
    os.write(writer, b"x")
    await turns(5)
    log(transport.is_reading())
    os.write(writer, b"more")
    await turns(5)
    log(len(await reader.read(10)), transport.is_reading(), len(await reader.read(1)), transport.is_reading())
    os.close(writer)
    log(await said(reader.read()))


@case("asyncio.stream-reader.flow.waiting-resumes", "who waits for more than it may hold gets it")
@running
async def _():
    reader, transport, writer = await piped(10)
    os.write(writer, b"x" * 25)
    await turns(5)
    log(transport.is_reading())
    task = asyncio.ensure_future(reader.readexactly(60))
    await turns(3)
    log(transport.is_reading())
    os.write(writer, b"x" * 35)
    log(len(await task))
    os.close(writer)
    log(await said(reader.read()))


@case("asyncio.stream-reader.pipe", "all that a pipe's other end has written, and its end")
@running
async def _():
    reader, _, writer = await piped(1)
    os.write(writer, b"data")
    os.close(writer)
    log(await said(reader.read(-1)))
