import multiprocessing
import os
import signal
import socket
import threading
from multiprocessing import BufferTooShort, Pipe
from multiprocessing.connection import Connection, wait

from case import case, log, now, raised, times, wait_until_blocked
from support import METHODS, Folder, each_method, enter, hold, killed, log_notes, note, open_gate, started, until_dropped

LARGE = 16 << 20


def closed(*connections):
    for connection in connections:
        connection.close()


# ---- Pipe()


@case("multiprocessing.connection.pipe.duplex", "two ends, and both do both")
def _():
    for ends in (Pipe(), Pipe(True), Pipe(duplex=True), multiprocessing.get_context("spawn").Pipe()):
        for one, other in (ends, ends[::-1]):
            log(one.readable, one.writable, one.closed)
            one.send("hello")
            log(other.recv())
        closed(*ends)


@case("multiprocessing.connection.pipe.one-way", "the first receives, the second sends")
def _():
    reader, writer = Pipe(False)
    log(reader.readable, reader.writable, writer.readable, writer.writable)
    writer.send(1)
    log(reader.recv())
    writer.send_bytes(b"bytes")
    log(reader.poll(), reader.recv_bytes().decode())
    closed(reader, writer)


@case("multiprocessing.connection.pipe.wrong-way", "and nothing else")
def _():
    reader, writer = Pipe(duplex=False)
    for act in (lambda: reader.send(2), lambda: reader.send_bytes(b"x"), writer.recv, writer.recv_bytes, writer.poll,
                lambda: writer.recv_bytes_into(bytearray(1))):
        log(raised(act))
    closed(reader, writer)


@case("multiprocessing.connection.fileno", "a descriptor of its own")
def _():
    one, other = Pipe()
    log(isinstance(one.fileno(), int), one.fileno() >= 0, one.fileno() != other.fileno(), one.fileno() == one.fileno())
    os.fstat(one.fileno())
    closed(one, other)


# ---- Connection() over a descriptor


@case("multiprocessing.connection.handle.stream", "of any stream: it is the connection's then")
def _():
    one, other = (Connection(end.detach()) for end in socket.socketpair())
    one.send([1, "a"])
    log(other.recv(), one.readable, one.writable)
    other.send_bytes(b"x" * 100000)
    log(one.recv_bytes() == b"x" * 100000)
    one.close()
    log(raised(other.recv))
    other.close()
    reader, writer = os.pipe()
    reader, writer = Connection(reader, writable=False), Connection(writer, readable=False)
    writer.send("through a pipe")
    log(reader.recv(), raised(lambda: reader.send(1)), raised(writer.recv))
    closed(reader, writer)


@case("multiprocessing.connection.handle.wire", "a message is its length and its bytes")
def _():
    one, other = socket.socketpair()
    connection = Connection(one.detach())
    connection.send_bytes(b"hello")
    connection.send_bytes(b"")
    log(repr(other.recv(13, socket.MSG_WAITALL))[1:])
    other.sendall(b"\0\0\0\3abc\0\0\0\0")
    other.sendall(b"\xff\xff\xff\xff\0\0\0\0\0\0\0\2de")
    log(*(repr(connection.recv_bytes().decode()) for _ in range(3)))
    other.close()
    log(raised(connection.recv_bytes))
    connection.close()


@case("multiprocessing.connection.handle.cut-short", "one that ends in the middle of a message")
def _():
    for part in (b"\0\0", b"\0\0\0\5hel"):
        one, other = socket.socketpair()
        connection = Connection(one.detach())
        other.sendall(part)
        other.close()
        log(raised(connection.recv_bytes))
        connection.close()


@case("multiprocessing.connection.handle.invalid", "but not of what is none, or of no use")
def _():
    log(raised(lambda: Connection(-1)))
    reader, writer = os.pipe()
    log(raised(lambda: Connection(reader, readable=False, writable=False)))
    os.close(reader)
    os.close(writer)


# ---- send() and recv()


@case("multiprocessing.connection.send.values", "what is sent is received, in its order")
def _():
    one, other = Pipe()
    values = [1, 2.25, None, True, "text", "", [1, 2], (1, "a"), {1: "a"}, {"a": [1.5]}, -(2**63), "\0"]
    for value in values:
        one.send(value)
    for _ in values:
        log(repr(other.recv()))
    closed(one, other)


@case("multiprocessing.connection.send.copies", "it is a copy")
def _():
    one, other = Pipe()
    value = [1, 2]
    one.send(value)
    value.append(3)
    received = other.recv()
    received.append(4)
    log(value, received)
    closed(one, other)


def echo(connection):
    while True:
        message = connection.recv_bytes()
        if not message:
            break
        connection.send_bytes(message)
    connection.close()


@case("multiprocessing.connection.process.echo", "an end goes to a child as an argument")
def _():
    def act(context):
        here, there = context.Pipe()
        process = started(context, echo, there)
        there.close()
        for message in (b"hello world", b"\0\xff\n", b"x" * 100000):
            here.send_bytes(message)
            log(here.recv_bytes() == message)
        here.send_bytes(b"")
        log(raised(here.recv_bytes), raised(here.recv))
        process.join()
        log(process.exitcode)
        here.close()

    each_method(act)


def answer(connection):
    for value in iter(connection.recv, None):
        connection.send([value, value])


@case("multiprocessing.connection.process.values", "and values go through it")
def _():
    def act(context):
        here, there = context.Pipe()
        process = started(context, answer, there)
        for value in (([1], ""), ([], "text"), ([1, 2], "x")):
            here.send(value)
            log(repr(here.recv()))
        here.send(None)
        process.join()
        closed(here, there)

    each_method(act)


@case("multiprocessing.connection.send.large", "16 MiB are a message too")
def _():
    here, there = Pipe()
    process = started(multiprocessing, echo, there)
    message = bytes(range(256)) * (LARGE // 256)
    here.send_bytes(message)
    log(here.recv_bytes() == message)
    here.send_bytes(b"")
    process.join()
    closed(here, there)


@case("multiprocessing.connection.send.blocks", "who sends more than the other side takes, waits")
def _():
    one, other = Pipe()
    sent = threading.Event()

    def send():
        one.send_bytes(b"x" * LARGE)
        one.send_bytes(b"y" * LARGE)
        sent.set()

    thread = threading.Thread(target=send)
    thread.start()
    wait_until_blocked(1)
    log(sent.is_set())
    log(other.recv_bytes() == b"x" * LARGE, other.recv_bytes() == b"y" * LARGE)
    thread.join()
    log(sent.is_set())
    closed(one, other)


@case("multiprocessing.connection.recv.blocks", "who receives waits for a message")
def _():
    one, other = Pipe()
    received = []
    thread = threading.Thread(target=lambda: received.append(other.recv()))
    thread.start()
    wait_until_blocked(1)
    log(received)
    one.send("now")
    thread.join()
    log(received)
    closed(one, other)


@case("multiprocessing.connection.send.unpicklable", "what cannot be pickled is not sent, and nothing of it")
def _():
    one, other = Pipe()
    log(raised(lambda: one.send(lambda: None)) == "nothing", other.poll())
    one.send("next")
    log(other.recv())
    closed(one, other)


@case("multiprocessing.connection.recv.not-a-pickle", "bytes are no value")
def _():
    one, other = Pipe()
    one.send_bytes(b"no pickle")
    log(raised(other.recv) == "nothing")
    one.send("next")
    log(other.recv())
    closed(one, other)


# ---- bytes


@case("multiprocessing.connection.bytes.part", "part of a buffer")
def _():
    one, other = Pipe()
    text = b"abcdefghijklmnopqrstuvwxyz"
    for part in ((), (5,), (7, 8), (26,), (26, 0), (0, 26)):
        one.send_bytes(text, *part)
        log(repr(other.recv_bytes().decode()))
    closed(one, other)


@case("multiprocessing.connection.bytes.no-part", "and none that it has not")
def _():
    one, other = Pipe()
    text = b"abcdefghijklmnopqrstuvwxyz"
    for part in ((27,), (22, 5), (26, 1)):
        log(raised(lambda: one.send_bytes(text, *part)))
    log(other.poll())
    closed(one, other)


@case("multiprocessing.connection.bytes.negative", "nor a negative one")
def _():
    one, other = Pipe()
    for part in ((-1,), (4, -1)):
        log(raised(lambda: one.send_bytes(b"abcdefg", *part)))
    closed(one, other)


@case("multiprocessing.connection.bytes.borders", "messages keep their borders, the empty ones too")
def _():
    one, other = Pipe()
    messages = (b"hello", b"", b"a", b"b", b"", b"bye", b"", b"lop")
    for message in messages:
        one.send_bytes(message)
    for _ in messages:
        log(other.poll(), repr(other.recv_bytes().decode()))
    log(other.poll())
    closed(one, other)


@case("multiprocessing.connection.bytes.sizes", "of any size")
def _():
    one, other = Pipe()
    sizes = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 63, 64, 65, 255, 256, 4095, 4096, 4097, 16384, 16385, 65535, 65536, 65537]
    for size in sizes:
        one.send_bytes(bytes(number % 251 for number in range(size)))
        log(size, other.recv_bytes() == bytes(number % 251 for number in range(size)))
    closed(one, other)


@case("multiprocessing.connection.bytes.maxlength", "a message that is too long ends the receiving")
def _():
    one, other = Pipe()
    for size in (5, 6):
        one.send_bytes(b"hello")
        log(other.recv_bytes(size).decode())
    one.send_bytes(b"hello")
    log(raised(lambda: other.recv_bytes(-1)))
    log(raised(lambda: other.recv_bytes(4)))
    log(other.closed, other.readable, other.writable, raised(other.recv_bytes))
    other.send("still")
    log(one.recv())
    closed(one, other)


@case("multiprocessing.connection.bytes.maxlength-one-way", "or closes an end that can nothing else")
def _():
    reader, writer = Pipe(False)
    writer.send_bytes(b"hello")
    log(raised(lambda: reader.recv_bytes(4)))
    log(reader.closed, raised(reader.recv_bytes))
    closed(reader, writer)


@case("multiprocessing.connection.bytes.into", "into a buffer, from an offset on")
def _():
    one, other = Pipe()
    for offset in (0, 3, 5, 8):
        buffer = bytearray(b".........." )
        one.send_bytes(b"hello" if offset < 8 else b"")
        log(other.recv_bytes_into(buffer, offset), buffer.decode())
    buffer = bytearray(5)
    one.send_bytes(b"hello")
    log(other.recv_bytes_into(buffer), buffer.decode())
    closed(one, other)


@case("multiprocessing.connection.bytes.into-no-buffer", "which has that offset")
def _():
    one, other = Pipe()
    buffer = bytearray(5)
    one.send_bytes(b"hello")
    log(raised(lambda: other.recv_bytes_into(buffer, 6)))
    log(other.recv_bytes().decode())
    closed(one, other)


@case("multiprocessing.connection.bytes.into-negative", "and no negative one")
def _():
    one, other = Pipe()
    one.send_bytes(b"hello")
    log(raised(lambda: other.recv_bytes_into(bytearray(5), -1)))
    log(other.recv_bytes().decode())
    closed(one, other)


@case("multiprocessing.connection.bytes.into-too-short", "BufferTooShort has the message that did not fit")
def _():
    one, other = Pipe()
    buffer = bytearray(b"....")
    for offset, text in ((0, b"hello"), (2, b"abc")):
        one.send_bytes(text)
        try:
            other.recv_bytes_into(buffer, offset)
        except BufferTooShort as error:
            log(error, error.args[0].decode(), buffer.decode())
    one.send_bytes(b"next")
    log(other.recv_bytes_into(buffer), buffer.decode())
    closed(one, other)


@case("multiprocessing.connection.bytes.of-a-value", "a value is bytes to whoever asks for bytes")
def _():
    one, other = Pipe()
    one.send([1, 2])
    message = other.recv_bytes()
    log(len(message) > 0)
    one.send_bytes(message)
    log(other.recv())
    closed(one, other)


# ---- poll()


@case("multiprocessing.connection.poll.now", "whether there is a message")
def _():
    one, other = Pipe()
    log(other.poll(), other.poll(0))
    one.send_bytes(b"")
    log(other.poll(), other.poll(), one.poll())
    other.recv_bytes()
    log(other.poll())
    closed(one, other)


@case("multiprocessing.connection.poll.timeout", "or comes in time")
def _():
    one, other = Pipe()
    start = now()
    log(other.poll(times.must_expire), now() - start >= times.must_expire)
    log(other.poll(-1), other.poll(-0.001))
    one.send(1)
    log(other.poll(times.must_not_expire), other.poll(-1), other.poll(None))
    closed(one, other)


@case("multiprocessing.connection.poll.woken", "the message ends the waiting, with a timeout or without")
def _():
    for timeout in (times.must_not_expire, None):
        one, other = Pipe()
        seen = []
        thread = threading.Thread(target=lambda: seen.append(other.poll(timeout)))
        thread.start()
        wait_until_blocked(1)
        one.send_bytes(b"x")
        thread.join()
        log(seen, other.recv_bytes().decode())
        closed(one, other)


@case("multiprocessing.connection.poll.hang-up", "as does the end of the other end")
def _():
    one, other = Pipe()
    one.send("last")
    one.close()
    log(other.poll(), other.recv(), other.poll(), other.poll(times.must_not_expire), raised(other.recv), other.poll())
    other.close()


def poll(connection, gate):
    connection.poll(60)
    open_gate(gate)


@case("multiprocessing.connection.poll.takes-nothing", "it takes nothing from those who receive in other processes")
def _():
    def act(context):
        with Folder() as folder:
            reader, writer = context.Pipe(False)
            process = started(context, poll, reader, folder.gate("gate"))
            writer.send_bytes(b"first")
            enter(folder.path("gate"))
            process.join()
            writer.send_bytes(b"second")
            log(reader.recv_bytes().decode(), reader.recv_bytes().decode())
            closed(reader, writer)

    each_method(act)


# ---- the end


@case("multiprocessing.connection.close.closed", "a closed end can nothing")
def _():
    one, other = Pipe()
    log(one.close(), one.close(), one.closed, other.closed, one.readable, one.writable)
    for act in (lambda: one.send(1), lambda: one.send_bytes(b""), one.recv, one.recv_bytes, one.poll, one.fileno,
                lambda: one.recv_bytes_into(bytearray(1))):
        log(raised(act))
    other.close()


@case("multiprocessing.connection.close.scope", "the end of its scope closes it")
def _():
    one, other = Pipe()
    with one, other:
        one.send(1729)
        log(other.recv(), one.closed, other.closed)
    log(one.closed, other.closed, raised(one.recv), raised(other.recv))


@case("multiprocessing.connection.close.eof", "what was sent before is received, then EOFError")
def _():
    for duplex in (True, False):
        one, other = Pipe(duplex)
        other.send("first")
        other.send_bytes(b"second")
        other.close()
        log(one.recv(), one.recv_bytes().decode())
        for act in (one.recv, one.recv_bytes, lambda: one.recv_bytes_into(bytearray(1)), one.recv):
            log(raised(act))
        one.close()


@case("multiprocessing.connection.close.broken-pipe", "and nobody receives what is sent: BrokenPipeError")
def _():
    for duplex in (True, False):
        one, other = Pipe(duplex)
        one.close()
        log(raised(lambda: other.send(1)))
        log(raised(lambda: other.send_bytes(b"")))
        other.close()


@case("multiprocessing.connection.close.wakes-reader", "who waits for a message is woken")
def _():
    for duplex in (True, False):
        one, other = Pipe(duplex)
        said = []
        thread = threading.Thread(target=lambda: said.append(raised(one.recv)))
        thread.start()
        wait_until_blocked(1)
        other.close()
        thread.join()
        log(said)
        one.close()


@case("multiprocessing.connection.close.wakes-writer", "so is who waits for room")
def _():
    one, other = Pipe(False)
    said = []
    thread = threading.Thread(target=lambda: said.append(raised(lambda: other.send_bytes(b"x" * LARGE))))
    thread.start()
    wait_until_blocked(1)
    one.close()
    thread.join()
    log(said)
    other.close()


def keep(connection, hello, gate):
    open_gate(hello)
    enter(gate)


@case("multiprocessing.connection.close.all-copies", "the end is closed when every copy of it is")
def _():
    def act(context):
        with Folder() as folder:
            reader, writer = context.Pipe(False)
            process = started(context, keep, writer, folder.gate("hello"), folder.gate("gate"))
            enter(folder.path("hello"))
            writer.close()
            log(reader.poll(times.must_expire))
            open_gate(folder.path("gate"))
            log(raised(reader.recv))
            process.join()
            reader.close()

    each_method(act)


@case("multiprocessing.connection.close.killed", "also when who had it was killed")
def _():
    def act(context):
        with Folder() as folder:
            here, there = context.Pipe()
            process = started(context, keep, there, folder.gate("hello"), folder.gate("gate"))
            enter(folder.path("hello"))
            there.close()
            process.kill()
            log(raised(here.recv), raised(lambda: here.send_bytes(b"x")))
            process.join()
            here.close()

    each_method(act)


def send_and_close(connection, count):
    for number in range(count):
        connection.send(number)
    connection.close()


@case("multiprocessing.connection.close.by-parent", "the parent may close the child's end as soon as it has started it")
def _():
    def act(context):
        reader, writer = context.Pipe(False)
        process = started(context, send_and_close, writer, 3)
        writer.close()
        log(reader.recv(), reader.recv(), reader.recv(), raised(reader.recv))
        process.join()
        reader.close()

    each_method(act)


def receive_until_end(connection, parents, top):
    hold(os.path.join(top, "held"))
    parents.close()
    numbers = [connection.recv() for _ in range(3)]
    open_gate(os.path.join(top, "hello"))
    note(os.path.join(top, "notes"), numbers, raised(connection.recv))


def have_connection(method, top):
    context = multiprocessing.get_context(method)
    here, there = context.Pipe()
    started(context, receive_until_end, there, here, top)
    there.close()
    for number in (1, 2, 3):
        here.send(number)
    signal.pause()


@case("multiprocessing.connection.killed.parent", "the child has what it sent, and then the end")
def _():
    for method in METHODS:
        log(method)
        with Folder() as folder:
            folder.gate("hello")
            ended = until_dropped(folder.gate("held"))
            parent = started(multiprocessing.get_context("fork"), have_connection, method, folder.top)
            enter(folder.path("hello"))
            killed(parent)
            ended()
            log_notes(folder.path("notes"))


# ---- connections through connections


def give_back(connection):
    writer = connection.recv()
    writer.send("all is well")
    writer.close()
    reader = connection.recv()
    connection.send(reader.recv() * 2)
    log_of_ends = (reader.readable, reader.writable)
    connection.send(log_of_ends)
    connection.close()


@case("multiprocessing.connection.send.connection", "an end can be sent through another")
def _():
    def act(context):
        here, there = context.Pipe()
        process = started(context, give_back, there)
        there.close()
        reader, writer = context.Pipe(False)
        here.send(writer)
        writer.close()
        log(reader.recv())
        log(raised(reader.recv))
        reader.close()
        reader, writer = context.Pipe(False)
        here.send(reader)
        reader.close()
        writer.send("foobar")
        log(here.recv(), here.recv())
        writer.close()
        process.join()
        here.close()

    each_method(act)


def send_back(connection):
    end = connection.recv()
    end.send("bar")
    connection.close()


@case("multiprocessing.connection.send.connection-high", "whatever the number of its descriptor")
def _():
    def act(context):
        here, there = context.Pipe()
        process = started(context, send_back, there)
        low = [os.dup(0) for _ in range(300)]
        one, other = context.Pipe()
        log(one.fileno() > 256)
        here.send(one)
        one.close()
        log(other.recv())
        process.join()
        closed(here, there, other)
        for fd in low:
            os.close(fd)

    each_method(act)


# ---- wait()


@case("multiprocessing.connection.wait.ready", "those that can be read, in the order in which they are given")
def _():
    ends = [Pipe() for _ in range(3)]
    readers = [one for one, _ in ends]
    log(wait(readers, 0), wait(readers, -1), wait([], 0))
    for number in (2, 0):
        ends[number][1].send(number)
    log([readers.index(one) for one in wait(readers)])
    log([readers.index(one) for one in wait(readers[::-1], times.must_not_expire)])
    log(readers[0].recv(), [readers.index(one) for one in wait(readers, 0)])
    for end in ends:
        closed(*end)


@case("multiprocessing.connection.wait.timeout", "none when none comes in time")
def _():
    one, other = Pipe()
    start = now()
    log(wait([one, other], times.must_expire), now() - start >= times.must_expire)
    other.send(None)
    log(wait([one, other], times.must_not_expire) == [one])
    closed(one, other)


@case("multiprocessing.connection.wait.woken", "it waits for the first")
def _():
    for timeout in (times.must_not_expire, None):
        one, other = Pipe()
        third, fourth = Pipe()
        seen = []
        thread = threading.Thread(target=lambda: seen.append(wait([one, third], timeout) == [third]))
        thread.start()
        wait_until_blocked(1)
        fourth.send_bytes(b"")
        thread.join()
        log(seen)
        closed(one, other, third, fourth)


@case("multiprocessing.connection.wait.hang-up", "an end whose other end is closed can be read")
def _():
    one, other = Pipe()
    other.close()
    log(wait([one]) == [one], raised(one.recv), wait([one]) == [one])
    one.close()


def send_numbers(connection, count):
    for number in range(count):
        connection.send((number, os.getpid()))
    connection.close()


@case("multiprocessing.connection.wait.processes", "all messages of all children arrive")
def _():
    def act(context):
        readers, processes, messages = [], [], []
        for _ in range(4):
            reader, writer = context.Pipe(False)
            processes.append(started(context, send_numbers, writer, 10))
            writer.close()
            readers.append(reader)
        while readers:
            for reader in wait(readers):
                try:
                    messages.append(reader.recv())
                except EOFError:
                    readers.remove(reader)
                    reader.close()
        for process in processes:
            process.join()
        log(sorted(messages) == sorted((number, process.pid) for number in range(10) for process in processes))

    each_method(act)


def wait_at(gate):
    enter(gate)


@case("multiprocessing.connection.wait.mixed", "connections and sentinels together")
def _():
    def act(context):
        with Folder() as folder:
            one, other = context.Pipe()
            process = started(context, wait_at, folder.gate("gate"))
            objects = [one, process.sentinel, other]
            log(wait(objects, 0))
            open_gate(folder.path("gate"))
            log([objects.index(ready) for ready in wait(objects)])
            one.send(None)
            log([objects.index(ready) for ready in wait(objects)])
            other.send(None)
            log([objects.index(ready) for ready in wait(objects)])
            process.join()
            closed(one, other)

    each_method(act)


@case("multiprocessing.connection.wait.descriptor", "any descriptor will do")
def _():
    one, other = socket.socketpair()
    for reader, writer in (os.pipe(), (one.detach(), other.detach())):
        log(wait([reader], 0))
        os.write(writer, b"x")
        log(wait([reader]) == [reader])
        os.read(reader, 1)
        os.close(writer)
        log(wait([reader]) == [reader])
        os.close(reader)


@case("multiprocessing.connection.wait.closed", "a closed one cannot be waited for")
def _():
    one, other = Pipe()
    one.close()
    log(raised(lambda: wait([one], 0)) == "nothing")
    log(raised(lambda: wait([other, one], 0)) == "nothing")
    other.close()


# ---- poll() by others


@case("multiprocessing.connection.fileno.poll", "its descriptor can be polled: it is readable when there is a message")
def _():
    import select

    one, other = Pipe()
    poller = select.poll()
    poller.register(other.fileno(), select.POLLIN)
    log(len(poller.poll(0)))
    one.send("a")
    one.send("b")
    log(len(poller.poll()), other.recv(), len(poller.poll()), other.recv(), len(poller.poll(0)))
    one.send_bytes(b"")
    log(len(poller.poll()), len(other.recv_bytes()), len(poller.poll(0)))
    one.close()
    log(len(poller.poll()), raised(other.recv))
    other.close()


# ---- several at one end


@case("multiprocessing.connection.threads", "each end may be used by one thread that sends and one that receives")
def _():
    one, other = Pipe()
    sums = {}

    def send(end, count):
        for number in range(count):
            end.send(number)

    def receive(end, name, count):
        sums[name] = [end.recv() for _ in range(count)] == list(range(count))

    threads = [threading.Thread(target=send, args=(end, 1000)) for end in (one, other)]
    threads += [threading.Thread(target=receive, args=(end, name, 1000)) for end, name in ((one, "one"), (other, "other"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log(sorted(sums.items()))
    closed(one, other)


def handle(*_):
    pass


def be_interrupted(connection):
    signal.signal(signal.SIGUSR1, handle)
    connection.send("ready")
    connection.send(connection.recv())
    connection.send_bytes(b"x" * LARGE)


@case("multiprocessing.connection.signal", "a signal that is handled meanwhile ends neither recv() nor send()")
def _():
    def act(context):
        here, there = context.Pipe()
        process = started(context, be_interrupted, there)
        there.close()
        log(here.recv())
        for _ in range(3):
            os.kill(process.pid, signal.SIGUSR1)
            here.poll(times.brief)
        here.send(1234)
        log(here.recv())
        here.poll(None)
        for _ in range(3):
            os.kill(process.pid, signal.SIGUSR1)
        log(here.recv_bytes() == b"x" * LARGE)
        process.join()
        log(process.exitcode)
        here.close()

    each_method(act)


@case("multiprocessing.connection.fork.copies", "after a fork both processes have the end")
def _():
    with Folder() as folder:
        one, other = Pipe()

        def child():
            other.send("from the child")
            note(folder.path("notes"), other.recv())

        process = started(multiprocessing, child)
        log(one.recv())
        one.send("to one of them")
        process.join()
        log_notes(folder.path("notes"))
        other.send("from the parent")
        log(one.recv())
        closed(one, other)
