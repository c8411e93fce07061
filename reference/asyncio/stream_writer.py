import asyncio
import gc
import re
import socket
import warnings

from case import case, log
from network import heard, named, reset, running, said, shown, turns, without_numbers

LARGE = 1 << 22  # more than the system buffers


async def pair(limit=1 << 16):
    """A reader and a writer on one end of a socket pair; the other end, which does not block."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    reader, writer = await asyncio.open_connection(sock=ours, limit=limit)
    return reader, writer, theirs


async def ends(limit=1 << 16):
    """A reader and a writer on both ends."""
    ours, theirs = socket.socketpair()
    return (*await asyncio.open_connection(sock=ours, limit=limit), *await asyncio.open_connection(sock=theirs))


def received(sock):
    try:
        return sock.recv(1 << 16)
    except BlockingIOError:
        return None


@case("asyncio.stream-writer.write.order", "what is written arrives in order, at once where there is room")
@running
async def _():
    reader, writer, peer = await pair()
    writer.write(b"one ")
    log(shown(received(peer)))
    writer.writelines([b"two ", b"", b"three "])
    writer.writelines([])
    writer.write(b"")
    writer.write(b"four")
    log(shown(received(peer)), shown(received(peer)))
    writer.close()
    await writer.wait_closed()
    log(shown(received(peer)))
    peer.close()


@case("asyncio.stream-writer.write.large", "more than the system takes goes as there is room")
@running
async def _():
    _, writer, reader, other = await ends()
    data = bytes(range(256)) * (LARGE // 256)
    writer.write(data[:-100])
    writer.writelines([data[-100:-10], data[-10:]])
    log(writer.transport.get_write_buffer_size() > 0)
    got = await reader.readexactly(LARGE)
    log(len(got), got == data, writer.transport.get_write_buffer_size())
    for each in (writer, other):
        each.close()
        await each.wait_closed()


@case("asyncio.stream-writer.write-eof.half-close", "the peer reads the end, and can still answer")
@running
async def _():
    reader, writer, other_reader, other = await ends()
    log(writer.can_write_eof())
    writer.write(b"question")
    writer.write_eof()
    writer.write_eof()
    log(await said(other_reader.read()), other_reader.at_eof(), other.is_closing())
    other.write(b"answer")
    other.close()
    log(await said(reader.read()), writer.is_closing())
    for each in (other, writer):
        each.close()
        await each.wait_closed()


@case("asyncio.stream-writer.write-eof.buffered", "comes after all that was written")
@running
async def _():
    _, writer, reader, other = await ends()
    writer.write(b"x" * LARGE)
    writer.write_eof()
    log(writer.transport.get_write_buffer_size() > 0, len(await reader.read()))
    for each in (other, writer):
        each.close()
        await each.wait_closed()


@case("asyncio.stream-writer.write-eof.no-more", "RuntimeError for what is written afterwards", since="3.12")
@running
async def _():
    _, writer, peer = await pair()
    writer.write_eof()
    for write in (lambda: writer.write(b"x"), lambda: writer.writelines([b"x"])):
        try:
            write()
        except RuntimeError as error:
            log(named(error))
    writer.close()
    await writer.wait_closed()
    peer.close()


@case("asyncio.stream-writer.drain.at-once", "below the high water mark it does not wait")
@running
async def _():
    _, writer, peer = await pair()
    asyncio.get_running_loop().call_soon(log, "next turn")
    writer.write(b"x" * 1000)
    await writer.drain()
    log("drained")
    await turns()
    writer.close()
    await writer.wait_closed()
    peer.close()


@case("asyncio.stream-writer.drain.waits", "above the high water mark it waits for the low one; all who wait go on", since="3.10.8")
@running
async def _():
    _, writer, reader, other = await ends()
    writer.write(b"x" * LARGE)
    log(writer.transport.get_write_buffer_size() > 1 << 16)
    drained = [asyncio.ensure_future(writer.drain()) for _ in range(10)]
    await turns(5)
    log([task.done() for task in drained].count(True))
    taken = 0
    while not drained[0].done():
        taken += len(await reader.read(1 << 16))
    log(writer.transport.get_write_buffer_size() <= 1 << 14, taken > LARGE // 2)
    await asyncio.gather(*drained)
    for each in (writer, other):
        each.transport.abort()


@case("asyncio.stream-writer.drain.bounded", "who drains holds no more than the mark and a chunk, however slow the peer")
@running
async def _():
    _, writer, reader, other = await ends(limit=1000)
    most, chunk = 0, 10000

    async def write():
        nonlocal most
        for _ in range(1000):
            writer.write(b"x" * chunk)
            most = max(most, writer.transport.get_write_buffer_size())
            await writer.drain()
        writer.close()

    task = asyncio.ensure_future(write())
    await turns(10)
    log(task.done())
    taken = 0
    while True:
        data = await reader.read(30000)
        if not data:
            break
        taken += len(data)
    await task
    log(taken, most <= (1 << 16) + chunk)
    other.close()


@case("asyncio.stream-writer.drain.cancel", "a cancelled drain leaves the others waiting, and loses nothing", since="3.10.8")
@running
async def _():
    _, writer, reader, other = await ends()
    writer.write(b"x" * LARGE)
    first, second = (asyncio.ensure_future(writer.drain()) for _ in range(2))
    await turns()
    first.cancel()
    log(await said(first), second.done())
    writer.write_eof()
    log(len(await reader.read()), await said(second))
    for each in (writer, other):
        each.close()
        await each.wait_closed()


@case("asyncio.stream-writer.drain.lost", "ConnectionResetError where the connection is gone")
@running
async def _():
    messages = heard()
    _, writer, peer = await pair()
    peer.close()
    error = None
    while error is None:
        writer.write(b"foo\n")
        try:
            await writer.drain()
        except (ConnectionResetError, BrokenPipeError) as caught:
            error = caught
    log(isinstance(error, ConnectionError), await said(writer.drain()), messages)
    _, writer, peer = await pair()
    writer.close()
    writer.write(b"data")
    log(await said(writer.drain()), messages)
    peer.close()


@case("asyncio.stream-writer.drain.exception", "what the reader was told")
@running
async def _():
    reader, writer, peer = await pair()
    reader.set_exception(ValueError("broken"))
    log(await said(writer.drain()))
    writer.close()
    peer.close()
    await writer.wait_closed()


@case("asyncio.stream-writer.close.flushes", "what was written is sent; then the connection ends")
@running
async def _():
    _, writer, reader, other = await ends()
    writer.write(b"x" * LARGE)
    log(writer.is_closing())
    writer.close()
    writer.close()
    closed = asyncio.ensure_future(writer.wait_closed())
    await turns(5)
    log(writer.is_closing(), closed.done())
    log(len(await reader.read()), await said(closed))
    other.close()
    await other.wait_closed()


@case("asyncio.stream-writer.close.ends-the-reader", "who closes reads the end")
@running
async def _():
    messages = heard()
    reader, writer, peer = await pair()
    peer.send(b"unread")
    await turns(3)
    waiting = asyncio.ensure_future(reader.readexactly(100))
    await turns(2)
    writer.close()
    log(await said(writer.wait_closed()), await said(waiting), reader.at_eof(), await said(reader.read()))
    log(await said(writer.wait_closed()), messages)
    peer.close()


@case("asyncio.stream-writer.close.order", "the end is told one turn after close(), who waits for it goes on in the next")
@running
async def _():
    reader, writer, peer = await pair()
    task = asyncio.ensure_future(writer.wait_closed())
    await turns(2)
    writer.close()
    log(reader.at_eof(), task.done())
    await turns()
    log(reader.at_eof(), task.done())
    await turns()
    log(reader.at_eof(), task.done())
    peer.close()


@case("asyncio.stream-writer.wait-closed.error", "what has broken the connection")
@running
async def _():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        peer, _ = listening.accept()
        writer.write(b"hello")
        reset(peer)
        log(await said(reader.read()))
        log(await said(writer.wait_closed()), writer.is_closing(), await said(reader.readline()))


@case("asyncio.stream-writer.extra-info", "names of both ends, the socket, a default")
@running
async def _():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        _, writer = await asyncio.open_connection(*listening.getsockname())
        peer, address = listening.accept()
        log(writer.get_extra_info("peername") == listening.getsockname(), writer.get_extra_info("peername")[0])
        log(writer.get_extra_info("sockname") == address, writer.get_extra_info("sockname")[1] == address[1])
        log(writer.get_extra_info("socket").getsockname() == address, writer.get_extra_info("socket").fileno() > 2)
        log(writer.get_extra_info("sslcontext"), writer.get_extra_info("pipe"), writer.get_extra_info("x", "default"))
        log(writer.transport.get_extra_info("peername") == writer.get_extra_info("peername"))
        writer.close()
        await writer.wait_closed()
        log(writer.get_extra_info("peername") == listening.getsockname())
        peer.close()


@case("asyncio.stream-writer.extra-info.printed", "addresses as Python prints them, and the socket with both")
@running
async def _():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        _, writer = await asyncio.open_connection(*listening.getsockname())
        peer, _ = listening.accept()
        own = writer.get_extra_info("socket")
        fd, ports = own.fileno(), {own.getsockname()[1]: "HERE", listening.getsockname()[1]: "THERE"}

        def shown(what):
            text = re.sub(r", family=[^,]*, type=[^,]*, proto=\d+", "", str(what)).replace(" fd=%d" % fd, " fd=N")
            for port, name in ports.items():
                text = text.replace("%d)" % port, name + ")")
            return text

        log(shown(writer.get_extra_info("peername")), shown(writer.get_extra_info("sockname")), shown(writer.get_extra_info("x")))
        log(shown(own))
        writer.close()
        await writer.wait_closed()
        log(shown(own))
        peer.close()


@case("asyncio.stream-writer.extra-info.unnamed", "the empty name of a Unix socket")
@running
async def _():
    _, writer, peer = await pair()
    own = writer.get_extra_info("socket")
    shown = re.sub(r", family=[^,]*, type=[^,]*, proto=\d+", "", str(own)).replace(" fd=%d" % own.fileno(), " fd=N")
    log("[%s]" % writer.get_extra_info("peername"), "[%s]" % writer.get_extra_info("sockname"), shown)
    writer.close()
    await writer.wait_closed()
    peer.close()


@case("asyncio.stream-writer.nodelay", "small writes to a network are sent at once")
@running
async def _():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        _, writer = await asyncio.open_connection(*listening.getsockname())
        log(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0)
        writer.close()
        await writer.wait_closed()


@case("asyncio.stream-writer.dropped", "one that nobody has is closed, and reported", since="3.11.5")
@running
async def _():
    reader, writer, peer = await pair()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del writer
        gc.collect()
    for warning in caught:
        log(warning.category.__name__, str(warning.message).partition(" transport=")[0])
    log(await said(reader.read()))
    peer.close()


@case("asyncio.stream-writer.repr", "its transport and its reader")
@running
async def _():
    reader, writer, peer = await pair()
    log(without_numbers(writer))
    writer.close()
    await writer.wait_closed()
    log(without_numbers(writer))
    peer.close()
