import multiprocessing
import os
import re
import socket
import stat
import threading
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Listener, wait

from case import case, log, now, raised, times, wait_until_blocked
from support import Folder, each_method, started

FAMILIES = ("AF_INET", "AF_UNIX")


def in_thread(act, *args):
    """The call in a thread of its own; then there is said: what it returned or raised."""

    class Call(threading.Thread):
        def run(self):
            self.said = raised(lambda: setattr(self, "result", act(*args)))

    call = Call()
    call.start()
    return call


def pair(listener, **options):
    """Both ends of a connection through the listener."""
    call = in_thread(lambda: Client(listener.address, **options))
    accepted = listener.accept()
    call.join()
    return accepted, call.result


# ---- addresses


@case("multiprocessing.listener.address.family", "an address that nobody has, of the family")
def _():
    with Listener() as listener:
        log(type(listener.address).__name__, os.path.basename(listener.address)[:9])
    for family in FAMILIES:
        with Listener(family=family) as listener:
            if family == "AF_INET":
                log(listener.address[0], listener.address[1] > 0)
            else:
                log(stat.S_ISSOCK(os.stat(listener.address).st_mode))


@case("multiprocessing.listener.address.given", "or that which is given")
def _():
    with Folder() as folder:
        with Listener(folder.path("socket")) as listener:
            folder.log(listener.address, sorted(os.listdir(folder.top)))
        log(os.listdir(folder.top))
    with Listener(("localhost", 0)) as listener:
        port = listener.address[1]
        log(listener.address[0], port > 0)
    with Listener(("127.0.0.1", port)) as listener:
        log(listener.address == ("127.0.0.1", port))


@case("multiprocessing.listener.address.abstract", "which may be a name that is no file")
def _():
    name = "\0tandem-%d" % os.getpid()
    with Listener(name) as listener:
        with Client(listener.address) as client, listener.accept() as accepted:
            client.send(1729)
            log(accepted.recv())
        log(os.path.exists(name[1:]))
    with Listener(name) as listener:
        log("again")


@case("multiprocessing.listener.address.in-use", "nobody else can have it meanwhile")
def _():
    with Folder() as folder:
        with Listener(folder.path("socket")) as listener:
            folder.log(raised(lambda: Listener(listener.address)))
    with Listener(("localhost", 0)) as listener:
        log(raised(lambda: Listener(listener.address)))


@case("multiprocessing.listener.address.unknown-family", "a family that there is not")
def _():
    log(raised(lambda: Listener(family="AF_PIPE")))
    log(raised(lambda: Listener("\\\\.\\pipe\\x")))
    log(raised(lambda: Client("\\\\.\\pipe\\x")))


@case("multiprocessing.listener.address.nobody", "an address at which nobody listens")
def _():
    with Folder() as folder:
        folder.log(raised(lambda: Client(folder.path("socket"))))
        with Listener(folder.path("socket")):
            pass
        folder.log(raised(lambda: Client(folder.path("socket"))))
    with Listener(("localhost", 0)) as listener:
        address = listener.address
    log(raised(lambda: Client(address)))


# ---- accept() and Client()


def client_of(address):
    connection = Client(address)
    connection.send("hello")
    connection.send_bytes(b"bytes")
    connection.recv()
    connection.close()


@case("multiprocessing.listener.accept.process", "a connection for each client")
def _():
    def act(context):
        for family in FAMILIES:
            listener = Listener(family=family)
            process = started(context, client_of, listener.address)
            connection = listener.accept()
            log(connection.recv(), connection.recv_bytes().decode(), connection.readable, connection.writable)
            connection.send("bye")
            process.join()
            log(process.exitcode, raised(connection.recv))
            connection.close()
            listener.close()

    each_method(act)


def client_in_haste(address):
    connection = Client(address)
    connection.send("hello")
    connection.close()


@case("multiprocessing.listener.accept.late", "also when the client has gone by then")
def _():
    def act(context):
        for family in FAMILIES:
            with Listener(family=family) as listener:
                process = started(context, client_in_haste, listener.address)
                process.join()
                with listener.accept() as connection:
                    log(connection.recv(), raised(connection.recv))

    each_method(act)


@case("multiprocessing.listener.accept.waits", "accept() waits for one")
def _():
    with Listener() as listener:
        call = in_thread(listener.accept)
        wait_until_blocked(1)
        log(call.is_alive())
        with Client(listener.address) as client:
            call.join()
            client.send("now")
            log(call.result.recv())
            call.result.close()


@case("multiprocessing.listener.accept.order", "several clients, in their order")
def _():
    for family in FAMILIES:
        with Listener(family=family, backlog=5) as listener:
            clients = [Client(listener.address) for _ in range(3)]
            for number, client in enumerate(clients):
                client.send(number)
            accepted = [listener.accept() for _ in range(3)]
            log([connection.recv() for connection in accepted])
            for connection in clients + accepted:
                connection.close()


@case("multiprocessing.listener.last-accepted", "the address of the last client")
def _():
    with Listener(family="AF_INET") as listener:
        log(listener.last_accepted)
        accepted, client = pair(listener)
        log(listener.last_accepted[0], listener.last_accepted[1] > 0)
        accepted.close()
        client.close()
    with Listener(family="AF_UNIX") as listener:
        log(listener.last_accepted)
        accepted, client = pair(listener)
        log(repr(listener.last_accepted))
        accepted.close()
        client.close()


@case("multiprocessing.listener.connection", "a connection as those of Pipe()")
def _():
    for family in FAMILIES:
        with Listener(family=family) as listener:
            one, other = pair(listener)
            log(one.poll(), one.poll(times.must_expire))
            for message in (b"hello", b"", b"x" * 100000):
                other.send_bytes(message)
                log(one.poll(times.must_not_expire), one.recv_bytes() == message)
            one.send([1, "a", None])
            log(other.recv(), isinstance(one.fileno(), int))
            one.send_bytes(b"too long")
            log(raised(lambda: other.recv_bytes_into(bytearray(3))))
            one.close()
            log(other.poll(times.must_not_expire), raised(other.recv))
            other.close()


@case("multiprocessing.listener.connection.large", "16 MiB too")
def _():
    for family in FAMILIES:
        with Listener(family=family) as listener:
            one, other = pair(listener)
            message = bytes(range(256)) * (1 << 16)
            call = in_thread(one.send_bytes, message)
            log(other.recv_bytes() == message)
            call.join()
            log(call.said)
            one.close()
            other.close()


@case("multiprocessing.listener.wait", "wait() tells who has something to say")
def _():
    with Listener() as listener:
        one, other = pair(listener)
        third, fourth = pair(listener)
        log(wait([one, third], 0))
        fourth.send(1)
        log(wait([one, third]) == [third])
        other.close()
        log(wait([one, third]) == [one, third])
        for connection in (one, third, fourth):
            connection.close()


def listen(connection, families):
    for family in families:
        with Listener(family=family) as listener:
            connection.send(listener.address)
            with listener.accept() as accepted:
                connection.send(accepted)
    connection.recv()


@case("multiprocessing.listener.connection.sent", "it can be sent through another")
def _():
    def act(context):
        here, there = context.Pipe()
        process = started(context, listen, there, FAMILIES)
        there.close()
        for family in FAMILIES:
            with Client(here.recv()) as client:
                with here.recv() as accepted:
                    client.send(family)
                    log(accepted.recv())
                    accepted.send(family.lower())
                    log(client.recv())
        here.send(None)
        process.join()
        here.close()

    each_method(act)


# ---- the end


@case("multiprocessing.listener.close.closed", "a closed listener accepts nobody")
def _():
    listener = Listener()
    log(listener.close(), listener.close(), raised(listener.accept))


@case("multiprocessing.listener.close.file", "its file is gone")
def _():
    with Folder() as folder:
        listener = Listener(folder.path("socket"))
        log(os.listdir(folder.top))
        listener.close()
        log(os.listdir(folder.top))
        Listener(folder.path("socket")).close()
        log(os.listdir(folder.top))


@case("multiprocessing.listener.close.scope", "the end of its scope closes it")
def _():
    with Listener() as listener:
        with Client(listener.address) as client, listener.accept() as accepted:
            client.send(1729)
            log(accepted.recv())
    log(raised(listener.accept), client.closed, accepted.closed)


@case("multiprocessing.listener.close.connections", "what it has accepted stays open")
def _():
    for family in FAMILIES:
        listener = Listener(family=family)
        one, other = pair(listener)
        listener.close()
        one.send(1)
        log(other.recv())
        one.close()
        other.close()


# ---- the key


@case("multiprocessing.listener.authkey.same", "both sides have the key")
def _():
    for family in FAMILIES:
        for key in (b"secret", b"\x00\xff" * 100):
            with Listener(family=family, authkey=key) as listener:
                one, other = pair(listener, authkey=key)
                other.send(1729)
                log(one.recv())
                one.close()
                other.close()


@case("multiprocessing.listener.authkey.empty", "which may be empty")
def _():
    with Listener(authkey=b"") as listener:
        one, other = pair(listener, authkey=b"")
        other.send(1729)
        log(one.recv())
        one.close()
        other.close()


@case("multiprocessing.listener.authkey.different", "or neither is let in")
def _():
    with Listener(authkey=b"secret") as listener:
        call = in_thread(lambda: Client(listener.address, authkey=b"another"))
        log(raised(listener.accept))
        call.join()
        log(call.said)
        one, other = pair(listener, authkey=b"secret")
        log("the next one is")
        one.close()
        other.close()


@case("multiprocessing.listener.authkey.missing", "who has none sends no answer, or gets a challenge that is no value")
def _():
    with Listener(authkey=b"secret") as listener:
        client = in_thread(lambda: Client(listener.address))
        accept = in_thread(listener.accept)
        client.join()
        log(client.said, client.result.recv_bytes()[:11].decode())
        client.result.close()
        accept.join()
        log(accept.said.partition(":")[0] in ("EOFError", "ConnectionResetError", "BrokenPipeError"))


@case("multiprocessing.listener.authkey.bogus-answer", "an answer of another kind is refused")
def _():
    with Listener(authkey=b"secret") as listener:
        accept = in_thread(listener.accept)
        with Client(listener.address) as client:
            log(client.recv_bytes()[:11].decode())
            client.send_bytes(b"something bogus")
            log(client.recv_bytes().decode())
        accept.join()
        log(accept.said.partition(":")[0])


@case("multiprocessing.listener.authkey.bogus-challenge", "and so is a challenge of another kind")
def _():
    with Listener() as listener:
        client = in_thread(lambda: Client(listener.address, authkey=b"secret"))
        with listener.accept() as connection:
            connection.send_bytes(b"something bogus")
            client.join()
            log(client.said.partition(":")[0])


@case("multiprocessing.listener.authkey.rejected", "or a welcome")
def _():
    with Listener() as listener:
        client = in_thread(lambda: Client(listener.address, authkey=b"secret"))
        with listener.accept() as connection:
            connection.send_bytes(b"#CHALLENGE#{sha256}" + b"x" * 40)
            connection.recv_bytes()
            connection.send_bytes(b"something bogus")
            client.join()
            log(client.said.partition(":")[0])


@case("multiprocessing.listener.authkey.too-long", "nobody makes us read more than 256 bytes before that")
def _():
    with Listener(authkey=b"secret") as listener:
        accept = in_thread(listener.accept)
        with Client(listener.address) as client:
            client.recv_bytes()
            client.send_bytes(b"x" * 257)
            accept.join()
            log(accept.said)


def client_with_key(address, key):
    with Client(address, authkey=key or multiprocessing.current_process().authkey) as client:
        client.send("hello")


@case("multiprocessing.listener.authkey.process", "the key of the process is known to its children")
def _():
    def act(context):
        with Listener(authkey=multiprocessing.current_process().authkey) as listener:
            process = started(context, client_with_key, listener.address, None)
            with listener.accept() as connection:
                log(connection.recv())
            process.join()
            log(process.exitcode)

    each_method(act)


# ---- socket timeouts, signals


@case("multiprocessing.listener.accept.signal", "a signal that is handled meanwhile does not end accept()")
def _():
    import signal

    signal.signal(signal.SIGUSR1, lambda *_: None)

    def act(context):
        with Listener() as listener:
            process = started(context, signal_and_connect, os.getpid(), listener.address)
            with listener.accept() as connection:
                connection.send("welcome")
                process.join()
                log(process.exitcode)

    each_method(act)


def signal_and_connect(pid, address):
    import signal

    for _ in range(3):
        os.kill(pid, signal.SIGUSR1)
    with Client(address) as client:
        if client.recv() != "welcome":
            os._exit(2)
