import asyncio
import gc
import os
import resource
import socket
import stat
import warnings

from case import case, log
from network import Folder, heard, named, reset, running, said, shown, turns, until


async def echo_line(reader, writer):
    """Answers one line with itself."""
    writer.write(await reader.readline())
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def until_end(reader, writer):
    """Stays until the other side ends."""
    try:
        await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


async def ask(connection, line=b"hello world!\n"):
    """Sends a line, and returns what comes back."""
    reader, writer = await connection
    writer.write(line)
    answer = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return answer


def place(server):
    return server.sockets[0].getsockname()


async def refused():
    """A port at which nobody listens."""
    server = await asyncio.start_server(until_end, "127.0.0.1", 0)
    port = place(server)[1]
    server.close()
    await server.wait_closed()
    return port


# ---- connections


@case("asyncio.streams.tcp", "a server and a client by host and port")
@running
async def _():
    server = await asyncio.start_server(echo_line, "127.0.0.1", 0)
    log(await said(ask(asyncio.open_connection("127.0.0.1", place(server)[1]))))
    log(await said(ask(asyncio.open_connection("localhost", place(server)[1]))))
    server.close()
    await server.wait_closed()


@case("asyncio.streams.unix", "a server and a client by path")
@running
async def _():
    with Folder() as folder:
        server = await asyncio.start_unix_server(echo_line, folder.path("socket"))
        log(stat.S_ISSOCK(os.stat(folder.path("socket")).st_mode), folder.hide(place(server)))
        log(await said(ask(asyncio.open_unix_connection(folder.path("socket")))))
        reader, writer = await asyncio.open_unix_connection(folder.path("socket"))
        log(folder.hide(writer.get_extra_info("peername")), shown(writer.get_extra_info("sockname").encode()))
        writer.close()
        await writer.wait_closed()
        server.close()
        await server.wait_closed()


@case("asyncio.streams.abstract", "a path that begins with a zero byte is no file")
@running
async def _():
    name = "\0tandem-case-%d" % os.getpid()
    server = await asyncio.start_unix_server(echo_line, name)
    log(await said(ask(asyncio.open_unix_connection(name))), place(server) == name.encode())
    server.close()
    await server.wait_closed()
    log((await said(ask(asyncio.open_unix_connection(name)))).partition("]")[0])


@case("asyncio.streams.sock", "sockets of one's own, bound or connected already")
@running
async def _():
    listening = socket.create_server(("127.0.0.1", 0))
    server = await asyncio.start_server(echo_line, sock=listening)
    connected = socket.create_connection(place(server))
    log(await said(ask(asyncio.open_connection(sock=connected))))
    server.close()
    await server.wait_closed()
    with Folder() as folder:
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(folder.path("socket"))
        server = await asyncio.start_unix_server(echo_line, sock=listening)
        connected = socket.socket(socket.AF_UNIX)
        connected.connect(folder.path("socket"))
        log(await said(ask(asyncio.open_unix_connection(sock=connected))))
        server.close()
        await server.wait_closed()


@case("asyncio.streams.ipv6", "also by version 6 of the internet's protocol")
@running
async def _():
    server = await asyncio.start_server(echo_line, "::1", 0)
    log(place(server)[0], await said(ask(asyncio.open_connection("::1", place(server)[1]))))
    server.close()
    await server.wait_closed()


@case("asyncio.streams.limit", "of the readers on both sides")
@running
async def _():
    seen = []

    async def serve(reader, writer):
        seen.append(str(reader).partition(" transport")[0])
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=123)
    reader, writer = await asyncio.open_connection(*place(server), limit=45)
    log(str(reader).partition(" transport")[0], await said(reader.read()), seen)
    log(await said(asyncio.open_connection(*place(server), limit=0)))
    writer.close()
    await writer.wait_closed()
    server.close()
    await server.wait_closed()


@case("asyncio.streams.open-connection.refused", "the system's error, and where to")
@running
async def _():
    port = await refused()
    log((await said(asyncio.open_connection("127.0.0.1", port))).replace(str(port), "PORT"))
    with Folder() as folder:
        log(await said(asyncio.open_unix_connection(folder.path("nothing"))))
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(folder.path("socket"))
        log(await said(asyncio.open_unix_connection(folder.path("socket"))))
        listening.close()


@case("asyncio.streams.open-connection.several", "of several addresses each is tried; what all have failed with is told")
@running
async def _():
    port = await refused()
    text = (await said(asyncio.open_connection("localhost", port))).replace(str(port), "PORT")
    log(text.partition(":")[0] in ("OSError", "ConnectionRefusedError"), "('127.0.0.1', PORT)" in text)


@case("asyncio.streams.open-connection.unknown-host", "gaierror, an OSError")
@running
async def _():
    try:
        await asyncio.open_connection("no-such-host.invalid", 1)
    except OSError as error:
        log(str(error).startswith("[Errno -"))


@case("asyncio.streams.arguments", "an address or a socket: ValueError for neither and for both")
@running
async def _():
    ours, theirs = socket.socketpair()
    log(await said(asyncio.open_connection()))
    log(await said(asyncio.open_connection("127.0.0.1", 1, sock=ours)))
    log(await said(asyncio.open_unix_connection()))
    log(await said(asyncio.open_unix_connection("x", sock=ours)))
    log(await said(asyncio.start_server(echo_line)))
    log(await said(asyncio.start_server(echo_line, "127.0.0.1", 1, sock=ours)))
    log(await said(asyncio.start_unix_server(echo_line)))
    log(await said(asyncio.start_unix_server(echo_line, "x", sock=ours)))
    ours.close()
    theirs.close()


@case("asyncio.streams.open-connection.cancel", "a cancelled one leaves no connection")
@running
async def _():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        for number in range(5):
            task = asyncio.ensure_future(asyncio.open_connection(*listening.getsockname()))
            await turns(number)
            task.cancel()
            error = await said(task)
            await turns(3)
            if number == 0:  # not even begun
                log(error)
                continue
            peer, _ = listening.accept()
            peer.setblocking(False)
            log(error, shown(peer.recv(1)))
            peer.close()


@case("asyncio.streams.reset", "a reset in the middle of a read is raised by it")
@running
async def _():
    messages = heard()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        peer, _ = listening.accept()
        peer.send(b"half")
        task = asyncio.ensure_future(reader.readexactly(10))
        await turns(5)
        reset(peer)
        log(await said(task), await said(reader.read()), messages)
        writer.close()


@case("asyncio.streams.connect", "the order of turns: connected, made, returned")
@running
async def _():
    with Folder() as folder:
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(folder.path("socket"))
        listening.listen()
        task = asyncio.ensure_future(asyncio.open_unix_connection(folder.path("socket")))
        task.add_done_callback(lambda _: log("done"))
        for turn in range(6):
            log("turn", turn)
            await turns()
        _, writer = await task
        writer.close()
        await writer.wait_closed()
        listening.close()


# ---- handlers


@case("asyncio.streams.handler.function", "the handler may be a plain function")
@running
async def _():
    tasks = []

    def connected(reader, writer):
        tasks.append(asyncio.ensure_future(echo_line(reader, writer)))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    log(await said(ask(asyncio.open_connection(*place(server)))), len(tasks))
    server.close()
    await server.wait_closed()


async def ending(reader, writer):
    pass


async def raising(reader, writer):
    raise Exception("test")


async def cancelling(reader, writer):
    asyncio.current_task().cancel()
    await asyncio.sleep(0)


async def read_from(handler):
    """What a client reads from the server of that handler."""
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*place(server))
    answer = await said(reader.read())
    writer.close()
    await writer.wait_closed()
    server.close()
    await server.wait_closed()
    return answer


@case("asyncio.streams.handler.raises", "what it raises is reported, and the connection is closed", since="3.12")
@running
async def _():
    messages = heard()
    log(await read_from(raising), messages)


@case("asyncio.streams.handler.cancelled", "a cancelled one is not reported; the connection is closed", since="3.13")
@running
async def _():
    messages = heard()
    log(await read_from(cancelling), messages)


@case("asyncio.streams.handler.unclosed", "of a writer that is still open is warned, but not where the handler failed", since="3.13")
def _():
    async def unclosed(handler):
        heard()
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            answer = await read_from(handler)
            gc.collect()
        log(answer, ["%s: %s" % (one.category.__name__, str(one.message).split(" transport=")[0]) for one in seen])

    for handler in (ending, raising, cancelling):
        asyncio.run(unclosed(handler))


@case("asyncio.streams.handler.many", "as many connections at once as come")
@running
async def _():
    server = await asyncio.start_server(echo_line, "127.0.0.1", 0)
    answers = await asyncio.gather(*[ask(asyncio.open_connection(*place(server)), b"%d\n" % number)
                                     for number in range(200)])
    log(answers == [b"%d\n" % number for number in range(200)])
    server.close()
    await server.wait_closed()


# ---- the server


@case("asyncio.streams.server.serving", "from the start, or when it is told so")
@running
async def _():
    server = await asyncio.start_server(echo_line, "127.0.0.1", 0)
    log(server.is_serving(), len(server.sockets), server.get_loop() is asyncio.get_running_loop())
    server.close()
    log(server.is_serving(), len(server.sockets))
    server = await asyncio.start_server(echo_line, "127.0.0.1", 0, start_serving=False)
    log(server.is_serving(), (await said(ask(asyncio.open_connection(*place(server))))).partition(":")[0])
    await server.start_serving()
    await server.start_serving()
    log(server.is_serving(), await said(ask(asyncio.open_connection(*place(server)))))
    server.close()
    server.close()
    await server.wait_closed()


@case("asyncio.streams.server.forever", "serves until it is cancelled, which closes it; once at a time")
@running
async def _():
    server = await asyncio.start_server(echo_line, "127.0.0.1", 0, start_serving=False)
    task = asyncio.ensure_future(server.serve_forever())
    await turns()
    log(server.is_serving(), (await said(server.serve_forever())).partition("<")[0],
        await said(ask(asyncio.open_connection(*place(server)))))
    task.cancel()
    log(await said(task), server.is_serving(), len(server.sockets))
    log((await said(server.serve_forever())).partition("<")[0])


@case("asyncio.streams.server.forever-closed", "close() ends serve_forever() with CancelledError")
@running
async def _():
    server = await asyncio.start_server(echo_line, "127.0.0.1", 0)
    task = asyncio.ensure_future(server.serve_forever())
    await turns()
    server.close()
    log(await said(task), server.is_serving())


@case("asyncio.streams.server.with", "async with closes it and waits for its connections")
@running
async def _():
    async with await asyncio.start_server(echo_line, "127.0.0.1", 0) as server:
        log(server.is_serving(), await said(ask(asyncio.open_connection(*place(server)))))
    log(server.is_serving(), len(server.sockets))


@case("asyncio.streams.server.wait-closed", "until it is closed and no connection is left, in whatever order", since="3.12.1")
@running
async def _():
    server = await asyncio.start_server(until_end, "127.0.0.1", 0)
    first = asyncio.ensure_future(server.wait_closed())
    await turns(2)
    reader, writer = await asyncio.open_connection(*place(server))
    second = asyncio.ensure_future(server.wait_closed())
    await turns(5)
    log(first.done(), second.done())
    server.close()
    third = asyncio.ensure_future(server.wait_closed())
    await turns(2)
    log(first.done(), second.done(), third.done())
    writer.close()
    await writer.wait_closed()
    for task in (first, second, third):
        await task
    log(await said(server.wait_closed()))


@case("asyncio.streams.server.close-keeps", "close() takes no more connections, and leaves those that are there", since="3.12.1")
@running
async def _():
    server = await asyncio.start_server(echo_line, "127.0.0.1", 0)
    address = place(server)
    reader, writer = await asyncio.open_connection(*address)
    await turns(5)
    server.close()
    log((await said(asyncio.open_connection(*address))).partition(":")[0])
    writer.write(b"still there\n")
    log(await said(reader.readline()))
    writer.close()
    await writer.wait_closed()
    await server.wait_closed()


@case("asyncio.streams.server.close-clients", "closes what is connected; abort_clients() at once, whatever is left to be sent", since="3.13")
@running
async def _():
    async def flood(reader, writer):
        writer.write(b"x" * (1 << 22))
        await writer.wait_closed()

    for end, handler in (("close_clients", until_end), ("abort_clients", flood)):
        server = await asyncio.start_server(handler, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*place(server), limit=4096)
        await turns(10)
        task = asyncio.ensure_future(server.wait_closed())
        await turns()
        log(task.done())
        server.close()
        getattr(server, end)()
        await turns(2)
        log(end, task.done())
        writer.close()


@case("asyncio.streams.server.no-descriptor", "a server that has none left for a connection says so, and tries again")
@running
async def _():
    messages = heard()
    server = await asyncio.start_server(echo_line, "127.0.0.1", 0)
    client = socket.create_connection(place(server))
    reader, writer = await asyncio.open_connection(sock=client)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    await turns(5)
    blocked = socket.socket()
    blocked.setblocking(False)
    resource.setrlimit(resource.RLIMIT_NOFILE, (blocked.fileno() + 1, hard[1]))
    blocked.connect_ex(place(server))
    await until(lambda: messages)
    resource.setrlimit(resource.RLIMIT_NOFILE, hard)
    log(messages[0])
    answers, other = await asyncio.open_connection(sock=blocked)
    other.write(b"after all\n")
    log(await said(answers.readline()))
    for each in (writer, other):
        each.close()
        await each.wait_closed()
    server.close()


@case("asyncio.streams.server.address-in-use", "OSError, and which")
@running
async def _():
    server = await asyncio.start_server(echo_line, "127.0.0.1", 0)
    port = place(server)[1]
    log((await said(asyncio.start_server(echo_line, "127.0.0.1", port))).replace(str(port), "PORT"))
    server.close()
    with Folder() as folder:
        os.mkdir(folder.path("folder"))
        log(folder.hide(await said(asyncio.start_unix_server(echo_line, folder.path("folder")))))
        log(folder.hide(await said(asyncio.start_unix_server(echo_line, folder.path("no/such")))))


@case("asyncio.streams.server.hosts", "one socket for each host")
@running
async def _():
    server = await asyncio.start_server(echo_line, ["127.0.0.1", "127.0.0.2", "127.0.0.1"], 0)
    log(sorted(each.getsockname()[0] for each in server.sockets))
    server.close()


# ---- the files of unix servers


@case("asyncio.streams.unix-file.stale", "a socket that is there already is replaced")
@running
async def _():
    with Folder() as folder:
        stale = socket.socket(socket.AF_UNIX)
        stale.bind(folder.path("socket"))
        stale.close()
        server = await asyncio.start_unix_server(echo_line, folder.path("socket"))
        log(await said(ask(asyncio.open_unix_connection(folder.path("socket")))))
        server.close()
        await server.wait_closed()


@case("asyncio.streams.unix-file.removed", "close() removes it, unless it is another's by now or nobody wants that", since="3.13")
@running
async def _():
    with Folder() as folder:
        path = folder.path("socket")
        server = await asyncio.start_unix_server(echo_line, path)
        log(os.path.exists(path))
        server.close()
        log(os.path.exists(path))

        sock = socket.socket(socket.AF_UNIX)
        sock.bind(path)
        server = await asyncio.start_unix_server(echo_line, sock=sock)
        server.close()
        log(os.path.exists(path))

        server = await asyncio.start_unix_server(echo_line, path)
        os.unlink(path)
        server.close()
        log(os.path.exists(path))

        server = await asyncio.start_unix_server(echo_line, path)
        os.rename(path, folder.path("other"))
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(path)
            server.close()
            log(os.path.exists(path))
        os.unlink(path)

        server = await asyncio.start_unix_server(echo_line, path, cleanup_socket=False)
        server.close()
        log(os.path.exists(path))
