import os
import signal
import sys
import tempfile

from case import case, log, raised


class Redirected:
    """What is written to a descriptor of this process meanwhile goes to a file; read() says what."""

    def __init__(self, fd):
        self.fd, self.file = fd, tempfile.TemporaryFile()

    def __enter__(self):
        self.before = os.dup(self.fd)
        os.dup2(self.file.fileno(), self.fd)
        return self

    def __exit__(self, *error):
        os.dup2(self.before, self.fd)
        os.close(self.before)

    def read(self):
        with self.file:
            self.file.seek(0)
            return self.file.read().decode()


@case("os.system.status", "the wait status: the exit code times 256, or the number of the signal")
def _():
    for command in ("true", "exit 0", "exit 3", "exit 42", "exit 255", "exit 256", "kill -9 $$", "kill -15 $$"):
        log(command, os.system(command))
    log(os.system("/no/such/command 2>/dev/null"))


@case("os.system.shell", "the command is a shell's")
def _():
    with Redirected(1) as out:
        log(os.system("x=3; echo $((x + 4)) | tr 7 y; pwd -P >/dev/null && printf '[%s]' 'a  b' \"$0\""))
    log(out.read())


@case("os.system.streams", "what it writes goes where ours goes: each stream to its own")
def _():
    with Redirected(1) as out, Redirected(2) as err:
        os.system("echo out; echo err >&2")
    log(repr(out.read()), repr(err.read()))
    with Redirected(1) as out:
        with tempfile.TemporaryFile("w") as elsewhere:
            replaced, sys.stdout = sys.stdout, elsewhere
            os.system("echo out")
            sys.stdout = replaced
    log(repr(out.read()))


@case("os.system.blocks", "it returns when the command has ended")
def _():
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    log(os.system("printf done >&%d; exit 3" % writer))
    os.close(writer)
    log(os.read(reader, 100).decode())
    os.close(reader)


@case("os.system.environment", "it sees our variables and our directory, and changes neither")
def _():
    os.environ["TANDEM_HELLO"] = "World"
    before = os.getcwd()
    os.chdir("/")
    with Redirected(1) as out:
        os.system("echo $TANDEM_HELLO; pwd -P; cd /etc; TANDEM_HELLO=changed")
    log(repr(out.read()), os.environ["TANDEM_HELLO"], os.getcwd())
    os.chdir(before)


@case("os.system.null-byte", "a null byte is a ValueError, and nothing is run")
def _():
    log(raised(lambda: os.system("echo run >&2\0")))


@case("os.system.interrupt", "meanwhile SIGINT and SIGQUIT are the command's alone; afterwards they are as before")
def _():
    came = []
    before = {number: signal.signal(number, lambda number, frame: came.append(number))
              for number in (signal.SIGINT, signal.SIGQUIT)}
    log(os.system("kill -INT $PPID; kill -QUIT $PPID; exit 3"), came)
    log(os.system("kill -INT $$"))
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGQUIT)
    log([int(number) for number in came])
    for number, handler in before.items():
        signal.signal(number, handler)


@case("os.system.exitcode", "waitstatus_to_exitcode: the exit code, or minus the signal", since="3.9")
def _():
    for status in (0, 3 << 8, 255 << 8, 9, 15, 6 | 0x80):
        log(status, os.waitstatus_to_exitcode(status))
    log(os.waitstatus_to_exitcode(os.system("exit 23")), os.waitstatus_to_exitcode(os.system("kill -9 $$")))


@case("os.system.exitcode-invalid", "what is neither ended nor killed is a ValueError", since="3.9")
def _():
    for status in (0x7F | 19 << 8, 0x7F | 5 << 8, 0xFFFF):
        log(raised(lambda: os.waitstatus_to_exitcode(status)))
