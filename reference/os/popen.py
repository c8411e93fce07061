import fcntl
import os
import struct
import termios

from case import case, log, raised


def bytes_in(pipe):
    """How many bytes the pipe holds that nobody has read yet."""
    return struct.unpack("i", fcntl.ioctl(pipe.fileno(), termios.FIONREAD, b"\0" * 4))[0]


def heard(command, *options):
    """os.popen() for writing, and the end of a pipe that says what the command writes to stdout."""
    reader, writer = os.pipe()
    before = os.dup(1)
    os.dup2(writer, 1)
    pipe = os.popen(command, "w", *options)
    os.dup2(before, 1)
    os.close(before)
    os.close(writer)
    return pipe, open(reader, "rb")


class Asleep:
    """A command that reads nothing until it is killed."""

    def __init__(self, *buffering):
        self.pipe, said = heard("echo $$; exec sleep 1000", *buffering)
        with said:
            self.pid = int(said.readline())

    def end(self):
        os.kill(self.pid, 9)
        try:
            self.pipe.close()
        except BrokenPipeError:
            pass


@case("os.popen.read.output", "what the command writes to stdout, as text; its stderr is not in it")
def _():
    before, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    pipe = os.popen(r"printf 'one\ntwo'; printf err >&2")
    log(repr(pipe.read()), repr(pipe.read()))
    pipe.close()
    os.dup2(before, 2)
    os.close(before)
    os.close(nowhere)


@case("os.popen.read.shell", "the command is a shell's: quotes, pipes, variables")
def _():
    for words in ("foo bar", 'foo "spam and eggs" "silly walk"', 'foo "a \\"quoted\\" arg" bar'):
        pipe = os.popen("printf '[%%s]' %s | cat" % words)
        log(pipe.read())
        log(pipe.close())


@case("os.popen.read.parts", "read(n) counts characters, readline() and readlines() lines")
def _():
    pipe = os.popen(r"printf '\303\244bc\ndef\n\nghi'")
    log(pipe.read(2), repr(pipe.read(0)), repr(pipe.readline()), repr(pipe.readline()))
    log(pipe.readlines(), pipe.readlines(), pipe.readline() or None)
    pipe.close()


@case("os.popen.read.iteration", "for line in pipe")
def _():
    pipe = os.popen(r"printf 'hello\nworld'")
    log([line for line in pipe])
    log(pipe.close())


@case("os.popen.read.newlines", r"\r\n and \r are read as \n")
def _():
    pipe = os.popen(r"printf 'a\r\nb\rc\n'")
    log(repr(pipe.read()))
    pipe.close()


@case("os.popen.read.invalid", "what is no UTF-8 is a UnicodeDecodeError")
def _():
    pipe = os.popen(r"printf 'ab\200'")
    log(raised(pipe.read).replace("0x", ""))
    log(pipe.close())


@case("os.popen.read.environment", "the command sees our variables as they are now")
def _():
    os.environ["TANDEM_HELLO"] = "World"
    pipe = os.popen("echo $TANDEM_HELLO")
    log(repr(pipe.read()))
    pipe.close()


@case("os.popen.write.input", "mode w: what is written is what the command reads; its output goes where ours goes")
def _():
    pipe, said = heard("cat")
    log(pipe.write("hello\n"), pipe.write("\u20ac\r\n"))
    with said:
        log(pipe.close(), repr(said.read().decode()))



@case("os.popen.write.broken-pipe", "when the command reads no more: BrokenPipeError from close(), no signal")
def _():
    pipe, said = heard("exec <&-; echo closed; exit 3")
    with said:
        log(said.readline().decode().strip())
    pipe.write("unread")
    log(raised(pipe.close))
    log(pipe.close())



@case("os.popen.mode.invalid", "only r and w; anything else is a ValueError, and nothing is run")
def _():
    for mode in ("rw", "", "a", "rb", "r+", "R"):
        log(raised(lambda: os.popen("echo run >&2", mode)))


@case("os.popen.mode.one-way", "what is open for reading cannot be written, and the other way round")
def _():
    pipe = os.popen("true")
    log(raised(lambda: pipe.write("x")))
    log(pipe.close())
    pipe = os.popen("cat", "w")
    log(raised(pipe.read), raised(lambda: pipe.read(1)), raised(pipe.readline), raised(pipe.readlines))
    log(pipe.close())


@case("os.popen.buffering.zero", "0 is refused: text needs a buffer")
def _():
    log(raised(lambda: os.popen("echo run >&2", "r", 0)))
    log(raised(lambda: os.popen("echo run >&2", "w", 0)))


@case("os.popen.buffering.line", "1: a line is sent when it is complete", since="3.10")
def _():
    command = Asleep(1)
    command.pipe.write("one")
    log(bytes_in(command.pipe))
    command.pipe.write("\ntwo")
    log(bytes_in(command.pipe))
    command.end()


@case("os.popen.buffering.size", "more than 1 is the size of the buffer in bytes", since="3.10")
def _():
    command = Asleep(16)
    command.pipe.write("0123456789")
    log(bytes_in(command.pipe))
    command.pipe.write("0123456789")
    log(bytes_in(command.pipe) >= 10)
    command.end()


@case("os.popen.buffering.default", "-1, and any negative number, is the default: a buffer of some kilobytes")
def _():
    for buffering in ((), (-1,), (-7,)):
        command = Asleep(*buffering)
        command.pipe.write("one\ntwo\n")
        log(bytes_in(command.pipe))
        command.pipe.flush()
        log(bytes_in(command.pipe))
        command.end()


@case("os.popen.buffering.read", "none of it changes what is read")
def _():
    for buffering in (-7, -1, 1, 2, 16, 100000):
        pipe = os.popen(r"printf 'one\r\ntwo\303\244\n\nend'", "r", buffering)
        log(repr(pipe.readline()), repr(pipe.read(3)), pipe.readlines(), pipe.close())


@case("os.popen.close.status", "None when the command succeeded; else its wait status, or the signal's number times -256")
def _():
    for command in ("exit 0", "exit 42", "exit 255", "kill -9 $$", "kill -15 $$"):
        log(command, os.popen(command).close())
    log(os.popen("cat; exit 3", "w").close())


@case("os.popen.close.waits", "close() waits for the command, and says the same again")
def _():
    pipe, said = heard("cat; echo done; exit 3")
    pipe.write("x")
    with said:
        log(pipe.close(), repr(said.read().decode()), pipe.close())



@case("os.popen.close.unread", "a command whose output nobody takes any more is ended by SIGPIPE")
def _():
    pipe = os.popen("exec yes")
    log(repr(pipe.readline()), pipe.close())


@case("os.popen.close.then-used", "what is closed can do nothing more: ValueError")
def _():
    pipe = os.popen("echo x")
    pipe.close()
    log(raised(pipe.read))
    log(raised(lambda: pipe.read(1)))
    log(raised(pipe.readline))
    log(raised(pipe.readlines))
    log(raised(lambda: [line for line in pipe]))
    pipe = os.popen("cat", "w")
    pipe.close()
    log(raised(lambda: pipe.write("x")))


@case("os.popen.close.scope", "the end of a `with` closes and waits")
def _():
    pipe, said = heard("cat; echo done")
    with pipe:
        pipe.write("x")
    try:
        log(os.waitpid(-1, os.WNOHANG))
    except ChildProcessError as error:
        log(error)
    with said:
        log(repr(said.read().decode()))
