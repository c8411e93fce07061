import asyncio
import gc
import logging
import os
import socket
import warnings
import weakref

from case import case, log, raised
from network import heard, named, reset, running, shown, turns, until, without_numbers

LARGE = 1 << 22  # more than the system buffers


class Recorder(asyncio.Protocol):
    """Remembers what it is told."""

    def __init__(self, keep_open=None, says=""):
        self.keep_open, self.says = keep_open, says
        self.told, self.data, self.transport = [], b"", None
        self.lost = asyncio.get_running_loop().create_future()

    def tell(self, *what):
        self.told.append(" ".join(map(str, what)))
        if self.says:
            log(self.says, *what)

    def connection_made(self, transport):
        self.transport = transport
        self.tell("made")

    def data_received(self, data):
        self.data += data
        self.tell("data")

    def eof_received(self):
        self.tell("eof")
        return self.keep_open

    def pause_writing(self):
        self.tell("pause")

    def resume_writing(self):
        self.tell("resume")

    def connection_lost(self, error):
        self.tell("lost", named(error) if error else None)
        self.lost.set_result(None)


async def connected(factory=Recorder):
    """A transport and a protocol on one end of a socket pair; the other end, which does not block."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    transport, protocol = await asyncio.get_running_loop().create_connection(factory, sock=ours)
    return transport, protocol, theirs


# ---- protocols


@case("asyncio.transports.protocol.order", "made, data, eof, lost: in this order, each when it happens")
@running
async def _():
    loop = asyncio.get_running_loop()
    served = []

    def factory():
        served.append(Recorder(says="server"))
        return served[-1]

    server = await loop.create_server(factory, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    transport, client = await loop.create_connection(Recorder, *address)
    log(client.told, client.transport is transport, transport.get_protocol() is client)
    transport.write(b"hello")
    await until(lambda: served and served[0].data)
    served[0].transport.write(b"answer")
    await until(lambda: client.data)
    log(shown(served[0].data), shown(client.data))
    transport.write_eof()
    await client.lost
    await served[0].lost
    log(client.told, transport.is_closing(), served[0].transport.is_closing())
    server.close()
    await server.wait_closed()


@case("asyncio.transports.protocol.made-first", "the connection is made before create_connection() returns, in a turn of its own")
@running
async def _():
    ours, theirs = socket.socketpair()
    theirs.send(b"there already")
    loop = asyncio.get_running_loop()
    made = asyncio.ensure_future(loop.create_connection(lambda: Recorder(says="protocol"), sock=ours))
    made.add_done_callback(lambda _: log("done"))
    for turn in range(5):
        log("turn", turn)
        await turns()
    transport, protocol = await made
    transport.close()
    theirs.close()
    await protocol.lost


@case("asyncio.transports.protocol.eof", "a true answer keeps the sending half open, any other closes")
@running
async def _():
    for keep_open in (True, False, None):
        transport, protocol, peer = await connected(lambda: Recorder(keep_open))
        peer.shutdown(socket.SHUT_WR)
        await until(lambda: "eof" in protocol.told)
        await turns(3)
        log(transport.is_closing(), protocol.told)
        if keep_open:
            transport.write(b"answer")
            log(shown(peer.recv(100)))
            transport.close()
        await protocol.lost
        peer.close()


@case("asyncio.transports.protocol.raises", "what data_received() raises ends the connection, and is reported")
@running
async def _():
    class Failing(Recorder):
        def data_received(self, data):
            raise ValueError("bad data")

    class FailingAtEnd(Recorder):
        def eof_received(self):
            raise ValueError("bad end")

    for kind in (Failing, FailingAtEnd):
        messages = heard()
        transport, protocol, peer = await connected(kind)
        peer.send(b"data")
        peer.shutdown(socket.SHUT_WR)
        await protocol.lost
        log(messages, protocol.told, transport.is_closing())
        peer.close()


@case("asyncio.transports.protocol.reset", "a reset is no matter for the exception handler: connection_lost() is told")
@running
async def _():
    messages = heard()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        transport, protocol = await asyncio.get_running_loop().create_connection(Recorder, *listening.getsockname())
        peer, _ = listening.accept()
        reset(peer)
        await protocol.lost
        log(protocol.told, messages)


@case("asyncio.transports.buffered", "a BufferedProtocol gives the buffer that is read into")
@running
async def _():
    class Buffered(asyncio.BufferedProtocol):
        def __init__(self):
            self.told, self.data, self.buffer = [], b"", bytearray(100)
            self.lost = asyncio.get_running_loop().create_future()

        def connection_made(self, transport):
            self.told.append("made")

        def get_buffer(self, sizehint):
            self.hint = sizehint
            return self.buffer

        def buffer_updated(self, nbytes):
            self.data += self.buffer[:nbytes]
            self.told.append(nbytes)

        def eof_received(self):
            self.told.append("eof")

        def connection_lost(self, error):
            self.told.append(named(error) if error else None)
            self.lost.set_result(None)

    transport, protocol, peer = await connected(Buffered)
    noise = b"12345678+" * 25
    peer.send(noise)
    await until(lambda: len(protocol.data) == len(noise))
    peer.close()
    await protocol.lost
    log(protocol.told, protocol.data == noise, protocol.hint)
    messages = heard()
    transport, protocol, peer = await connected(Buffered)
    protocol.buffer = bytearray()
    peer.send(b"x")
    await protocol.lost
    log(protocol.told, messages)
    peer.close()


@case("asyncio.transports.set-protocol", "the next data goes to the new one, whatever kind it is")
@running
async def _():
    transport, first, peer = await connected()
    second = Recorder()
    peer.send(b"one")
    await until(lambda: first.data)
    transport.set_protocol(second)
    log(transport.get_protocol() is second)
    peer.send(b"two")
    await until(lambda: second.data)
    transport.close()
    await second.lost
    log(first.told, second.told)
    peer.close()


# ---- reading


@case("asyncio.transports.pause-reading", "nothing is received while it is paused; pausing twice is as once")
@running
async def _():
    transport, protocol, peer = await connected()
    log(transport.is_reading())
    transport.pause_reading()
    transport.pause_reading()
    peer.send(b"data")
    await turns(5)
    log(transport.is_reading(), protocol.told)
    transport.resume_reading()
    transport.resume_reading()
    log(transport.is_reading())
    await until(lambda: protocol.data)
    transport.close()
    transport.pause_reading()
    transport.resume_reading()
    log(transport.is_reading())
    await protocol.lost
    log(protocol.told)
    peer.close()


@case("asyncio.transports.pause-reading.at-once", "also of one that has not begun: connection_made() may pause")
@running
async def _():
    class Paused(Recorder):
        def connection_made(self, transport):
            super().connection_made(transport)
            transport.pause_reading()

    transport, protocol, peer = await connected(Paused)
    peer.send(b"data")
    await turns(5)
    log(protocol.told)
    transport.resume_reading()
    await until(lambda: protocol.data)
    transport.close()
    await protocol.lost
    log(protocol.told)
    peer.close()


# ---- writing


@case("asyncio.transports.write-buffer.limits", "64 KiB and a quarter; one follows from the other")
@running
async def _():
    transport, protocol, peer = await connected()
    log(transport.get_write_buffer_limits())
    for limits in ({}, {"high": 1000}, {"low": 1000}, {"high": 5, "low": 5}, {"high": 0}, {"low": 0}):
        transport.set_write_buffer_limits(**limits)
        log(transport.get_write_buffer_limits())
    log(raised(lambda: transport.set_write_buffer_limits(high=1, low=2)))
    log(raised(lambda: transport.set_write_buffer_limits(high=-1)))
    transport.close()
    await protocol.lost
    peer.close()


@case("asyncio.transports.write-buffer.pauses", "pause_writing() once above the high mark, resume_writing() once at the low one")
@running
async def _():
    transport, protocol, peer = await connected()
    while transport.get_write_buffer_size() == 0:
        transport.write(b"x" * 1000)
    before = transport.get_write_buffer_size()
    transport.set_write_buffer_limits(high=before + 100, low=before)
    log(protocol.told)
    transport.write(b"x" * 100)
    log(protocol.told, transport.get_write_buffer_size() - before)
    transport.write(b"x")
    transport.write(b"x" * 1000)
    log(protocol.told)
    while transport.get_write_buffer_size():
        try:
            peer.recv(1 << 16)
        except BlockingIOError:
            pass
        await turns()
    log(protocol.told)
    transport.set_write_buffer_limits(high=0)
    while transport.get_write_buffer_size() == 0:
        transport.write(b"x" * 1000)
    log(protocol.told)
    transport.abort()
    await protocol.lost
    log(protocol.told)
    peer.close()


@case("asyncio.transports.write.after-lost", "is dropped; from the sixth on it is complained of")
@running
async def _():
    complaints = []

    class Handler(logging.Handler):
        def emit(self, record):
            complaints.append(record.getMessage())

    handler = Handler()
    logging.getLogger("asyncio").addHandler(handler)
    messages = heard()
    transport, protocol, peer = await connected()
    peer.close()
    for _ in range(8):
        transport.write(b"x")
    log(complaints, transport.is_closing())
    await protocol.lost
    log(protocol.told, messages)
    logging.getLogger("asyncio").removeHandler(handler)


@case("asyncio.transports.close", "reads no more, sends what is left, then is lost without an error; once")
@running
async def _():
    transport, protocol, peer = await connected()
    transport.write(b"x" * LARGE)
    transport.close()
    transport.close()
    log(transport.is_closing())
    taken = 0
    while not protocol.lost.done():
        try:
            taken += len(peer.recv(1 << 16))
        except BlockingIOError:
            pass
        await turns()
    while True:
        data = peer.recv(1 << 16)
        if not data:
            break
        taken += len(data)
    transport.close()
    await turns(3)
    log(taken, [what for what in protocol.told if what not in ("pause", "resume")])
    peer.close()


@case("asyncio.transports.abort", "drops what is left")
@running
async def _():
    transport, protocol, peer = await connected()
    transport.write(b"x" * LARGE)
    transport.abort()
    log(transport.is_closing(), transport.get_write_buffer_size())
    await protocol.lost
    log(protocol.told)
    peer.close()


@case("asyncio.transports.cancel", "a cancelled create_connection() closes its transport")
@running
async def _():
    ours, theirs = socket.socketpair()
    task = asyncio.ensure_future(asyncio.get_running_loop().create_connection(lambda: Recorder(says="protocol"), sock=ours))
    await turns()
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        log("cancelled")
    await turns(3)
    log(shown(theirs.recv(10)))
    theirs.close()


@case("asyncio.transports.unclosed", "what is open when its loop is closed goes with it")
def _():
    seen = []

    async def leave_open():
        loop, served = asyncio.get_running_loop(), []

        def serve():
            served.append(Recorder())
            return served[-1]

        server = await loop.create_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        transport, client = await loop.create_connection(Recorder, "127.0.0.1", port)
        transport.pause_reading()  # nor does the loop watch it
        reader, writer = os.pipe()
        _, reading = await loop.connect_read_pipe(Recorder, os.fdopen(reader, "rb", 0))
        _, writing = await loop.connect_write_pipe(Recorder, os.fdopen(writer, "wb", 0))
        await until(lambda: served and served[0].told)
        seen.extend(weakref.ref(each) for each in (client, reading, writing, served[0]))

    descriptors = len(os.listdir("/proc/self/fd"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(leave_open())
        gc.collect()
    log(sum("unclosed transport" in str(each.message) for each in caught),
        len(os.listdir("/proc/self/fd")) - descriptors, len(seen), sum(each() is None for each in seen))


@case("asyncio.transports.repr", "what it is doing")
@running
async def _():
    transport, protocol, peer = await connected()
    await turns(2)
    log(without_numbers(transport))
    transport.pause_reading()
    transport.write(b"x" * LARGE)
    log(without_numbers(transport).partition("bufsize=")[0])
    transport.abort()
    log(without_numbers(transport))
    await protocol.lost
    log(without_numbers(transport))
    peer.close()


# ---- pipes


@case("asyncio.transports.read-pipe", "data, then eof, then lost")
@running
async def _():
    reader, writer = os.pipe()
    pipe = os.fdopen(reader, "rb", 0)
    transport, protocol = await asyncio.get_running_loop().connect_read_pipe(Recorder, pipe)
    log(protocol.told, protocol.transport is transport, transport.get_extra_info("pipe").fileno() == reader)
    log(without_numbers(transport).partition(" polling")[0].partition(" idle")[0])
    os.write(writer, b"1")
    await until(lambda: len(protocol.data) == 1)
    os.write(writer, b"2345")
    await until(lambda: len(protocol.data) == 5)
    os.close(writer)
    await protocol.lost
    log(protocol.told, shown(protocol.data))
    log(without_numbers(transport))


@case("asyncio.transports.read-pipe.close", "reads no more, and is lost without an eof")
@running
async def _():
    reader, writer = os.pipe()
    transport, protocol = await asyncio.get_running_loop().connect_read_pipe(Recorder, os.fdopen(reader, "rb", 0))
    os.write(writer, b"unheard")
    transport.close()
    log(transport.is_closing(), transport.is_reading())
    await protocol.lost
    log(protocol.told, raised(lambda: os.write(writer, b"x")))
    os.close(writer)


@case("asyncio.transports.write-pipe", "writes, and closes when it is told so")
@running
async def _():
    reader, writer = os.pipe()
    transport, protocol = await asyncio.get_running_loop().connect_write_pipe(Recorder, os.fdopen(writer, "wb", 0))
    log(protocol.told, protocol.transport is transport, transport.can_write_eof())
    transport.write(b"1")
    log(shown(os.read(reader, 100)))
    transport.writelines([b"23", b"45"])
    log(shown(os.read(reader, 100)), without_numbers(transport))
    transport.write_eof()
    log(transport.is_closing())
    transport.write(b"unheard")
    await protocol.lost
    log(protocol.told, shown(os.read(reader, 100)), without_numbers(transport))
    os.close(reader)


@case("asyncio.transports.write-pipe.large", "what does not fit follows; the end comes after it")
@running
async def _():
    reader, writer = os.pipe()
    transport, protocol = await asyncio.get_running_loop().connect_write_pipe(Recorder, os.fdopen(writer, "wb", 0))
    transport.write(b"x" * 500000)
    transport.write(b"y" * 500000)
    transport.close()
    os.set_blocking(reader, False)
    taken = b""
    while True:
        try:
            data = os.read(reader, 1 << 16)
        except BlockingIOError:
            await turns()
            continue
        if not data:
            break
        taken += data
    await protocol.lost
    log(len(taken), taken.count(b"x"), taken.endswith(b"y"), protocol.told)
    os.close(reader)


@case("asyncio.transports.write-pipe.reader-gone", "it is lost when nobody can read any more")
@running
async def _():
    messages = heard()
    for buffered in (False, True):
        reader, writer = os.pipe()
        transport, protocol = await asyncio.get_running_loop().connect_write_pipe(Recorder, os.fdopen(writer, "wb", 0))
        await turns()
        if buffered:
            transport.write(b"x" * 1000000)
        os.close(reader)
        await protocol.lost
        log(protocol.told, messages)
    ours, theirs = socket.socketpair()
    transport, protocol = await asyncio.get_running_loop().connect_write_pipe(
        Recorder, os.fdopen(ours.detach(), "wb", 0))
    transport.write(b"1")
    log(shown(theirs.recv(10)))
    theirs.close()
    await protocol.lost
    log(protocol.told)


@case("asyncio.transports.pty", "terminals are read and written as pipes are")
@running
async def _():
    loop = asyncio.get_running_loop()
    master, slave = os.openpty()
    second = os.dup(slave)
    reading, read = await loop.connect_read_pipe(Recorder, os.fdopen(master, "rb", 0))
    writing, written = await loop.connect_write_pipe(Recorder, os.fdopen(slave, "wb", 0))
    writing.write(b"1")
    await until(lambda: len(read.data) == 1)
    writing.write(b"2345")
    await until(lambda: len(read.data) == 5)
    log(shown(read.data), written.told)
    writing.close()
    await written.lost
    os.close(second)
    await read.lost
    log(shown(read.data), [what.partition(":")[0] for what in read.told if what != "data"], written.told)


@case("asyncio.transports.pipe.file", "ValueError for what is no pipe, socket or terminal")
@running
async def _():
    loop = asyncio.get_running_loop()
    for connect in (loop.connect_read_pipe, loop.connect_write_pipe):
        with open("/proc/self/exe", "rb") as file:
            try:
                await connect(Recorder, file)
            except ValueError as error:
                log(named(error))
