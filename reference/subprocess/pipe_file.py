import os
import subprocess
import threading
import warnings
from subprocess import PIPE

from case import case, log, raised
from support import bytes_in, sh, shown, sleeper


def printing(octal, **options):
    """A child whose output is what printf makes of it."""
    return subprocess.Popen(["printf", octal], stdout=PIPE, **options)


class InParts:
    """A child whose output comes in parts: the next one only when it is asked for."""

    def __init__(self, *parts, **options):
        command = "".join("printf '%s'; read go; " % part for part in parts)
        self.child = sh(command, stdin=PIPE, stdout=PIPE, **options)
        self.stdout = self.child.stdout

    def next(self):
        os.write(self.child.stdin.fileno(), b"\n")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.child.__exit__(*error)


def said(act):
    """What it raised; the byte that it names is no address."""
    return raised(act).replace("0x", "")


def lines_of(file):
    log([shown(line) for line in file])


@case("subprocess.pipe-file.read.all", "everything up to the end; nothing afterwards")
def _():
    with printing(r"one\ntwo\0three") as child:
        log(shown(child.stdout.read()), shown(child.stdout.read()))
    with printing("") as child:
        log(shown(child.stdout.read()))


@case("subprocess.pipe-file.read.size", "as many bytes as asked for, fewer only at the end")
def _():
    with printing("abcdefgh") as child:
        log(shown(child.stdout.read(0)), shown(child.stdout.read(3)), shown(child.stdout.read(1)))
        log(shown(child.stdout.read(100)), shown(child.stdout.read(100)))


@case("subprocess.pipe-file.read.waits-for-size", "a short part is not enough: the rest is waited for")
def _():
    with InParts("abc", "def") as child:
        child.next()
        log(shown(child.stdout.read(5)))
        child.next()
        log(shown(child.stdout.read()))


@case("subprocess.pipe-file.readline.lines", "a line with its newline; the last may have none; nothing at the end")
def _():
    with printing(r"one\n\ntwo\r\nthree") as child:
        for _ in range(6):
            log(shown(child.stdout.readline() or None))


@case("subprocess.pipe-file.readline.as-they-come", "a line is there when it was written, not when the child ends")
def _():
    with InParts(r"one\nrest of ", r"two\n") as child:
        log(shown(child.stdout.readline()), child.child.poll())
        child.next()
        log(shown(child.stdout.readline()), child.child.poll())
        child.next()
        log(shown(child.stdout.readline() or None))


@case("subprocess.pipe-file.readlines.rest", "a list of all lines that are left")
def _():
    with printing(r"one\ntwo\nthree") as child:
        child.stdout.readline()
        log([shown(line) for line in child.stdout.readlines()])
        log(child.stdout.readlines())


@case("subprocess.pipe-file.iteration.lines", "for line in file; what was read before does not come again")
def _():
    with printing(r"one\ntwo\n\nthree") as child:
        log(shown(child.stdout.read(1)))
        lines_of(child.stdout)
        lines_of(child.stdout)


@case("subprocess.pipe-file.iteration.then-read", "iterating and reading may alternate")
def _():
    with printing(r"one\ntwo\nthree\nfour") as child:
        for line in child.stdout:
            log(shown(line))
            break
        log(shown(child.stdout.readline()), shown(child.stdout.read()))


@case("subprocess.pipe-file.write.reaches-child", "what is written arrives as it is, and says how much it was")
def _():
    with subprocess.Popen(["cat"], stdin=PIPE, stdout=PIPE) as child:
        log(child.stdin.write(b"one\r\n\0"), child.stdin.write(b""), child.stdin.write(b"\xff two"))
        child.stdin.close()
        log(shown(child.stdout.read()))


@case("subprocess.pipe-file.write.buffered", "by default what is written stays here until flush()")
def _():
    with sleeper(stdin=PIPE) as child:
        child.stdin.write(b"one\n")
        log(bytes_in(child.stdin))
        child.stdin.flush()
        log(bytes_in(child.stdin))
        child.stdin.flush()
        log(bytes_in(child.stdin))


@case("subprocess.pipe-file.write.large", "more than the buffer and the pipe hold arrives whole")
def _():
    data = bytes(range(256)) * 1200
    with subprocess.Popen(["cat"], stdin=PIPE, stdout=PIPE) as child:
        got = []
        reader = threading.Thread(target=lambda: got.append(child.stdout.read()))
        reader.start()
        log(child.stdin.write(data[:100]), child.stdin.write(data[100:]))
        child.stdin.close()
        reader.join()
        log(got[0] == data)


@case("subprocess.pipe-file.write.broken-pipe", "when the child reads no more: BrokenPipeError, and no signal kills us")
def _():
    with sh("exec true", stdin=PIPE) as child:
        child.wait()
        child.stdin.write(b"unread")
        log(raised(child.stdin.flush))
        log(raised(child.stdin.close), child.stdin.closed)
    log(child.returncode)


@case("subprocess.pipe-file.write.broken-pipe-unbuffered", "unbuffered, write() says so itself")
def _():
    with sh("exec true", stdin=PIPE, bufsize=0) as child:
        child.wait()
        log(raised(lambda: child.stdin.write(b"unread")))
        log(raised(child.stdin.close), child.stdin.closed)


@case("subprocess.pipe-file.bufsize.zero", "unbuffered: written at once, and a read takes what is there")
def _():
    with sleeper(stdin=PIPE, bufsize=0) as child:
        log(child.stdin.write(b"one"), bytes_in(child.stdin))
    with sh("printf abcdef; read go; printf ghi", stdin=PIPE, stdout=PIPE, bufsize=0) as child:
        log(shown(child.stdout.read(2)))
        log(bytes_in(child.stdout))
        log(shown(child.stdout.read(100)))
        child.stdin.write(b"\n")
        log(shown(child.stdout.read()), shown(child.stdout.read(100)))


@case("subprocess.pipe-file.bufsize.one-in-text", "1 in text mode: a line is sent when it is complete")
def _():
    with sleeper(stdin=PIPE, bufsize=1, text=True) as child:
        child.stdin.write("one")
        log(bytes_in(child.stdin))
        child.stdin.write("\ntwo")
        log(bytes_in(child.stdin))
        child.stdin.write("\n")
        log(bytes_in(child.stdin))


@case("subprocess.pipe-file.bufsize.one-in-binary", "1 without text mode is the default, with a warning")
def _():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with sleeper(stdin=PIPE, bufsize=1) as child:
            child.stdin.write(b"one\n")
            log(bytes_in(child.stdin))
    for warning in caught:
        log(warning.category.__name__, warning.message)


@case("subprocess.pipe-file.bufsize.size", "more than 1: the buffer's size in bytes")
def _():
    with sleeper(stdin=PIPE, bufsize=16) as child:
        child.stdin.write(b"0123456789")
        log(bytes_in(child.stdin))
        child.stdin.write(b"0123456789")
        log(bytes_in(child.stdin) >= 10)
        child.stdin.flush()
        log(bytes_in(child.stdin))


@case("subprocess.pipe-file.bufsize.negative", "any negative number is the default")
def _():
    with sleeper(stdin=PIPE, bufsize=-7) as child:
        child.stdin.write(b"0123456789")
        log(bytes_in(child.stdin))
        child.stdin.flush()
        log(bytes_in(child.stdin))


@case("subprocess.pipe-file.close.sends-and-ends", "close() sends what is left, and the child sees the end")
def _():
    with subprocess.Popen(["cat"], stdin=PIPE, stdout=PIPE) as child:
        child.stdin.write(b"all of it")
        log(child.stdin.closed)
        child.stdin.close()
        log(child.stdin.closed, shown(child.stdout.read()), child.wait())
        child.stdin.close()
        log(child.stdin.closed)


@case("subprocess.pipe-file.close.reader-gone", "a child that writes to what was closed is ended by SIGPIPE")
def _():
    with sh("read go; exec echo lost", stdin=PIPE, stdout=PIPE) as child:
        child.stdout.close()
        child.stdin.write(b"\n")
        child.stdin.close()
        log(child.wait(), child.stdout.closed)


@case("subprocess.pipe-file.close.then-used", "what is closed can do nothing more: ValueError")
def _():
    for options in ({}, {"bufsize": 0}, {"text": True}):
        with subprocess.Popen(["cat"], stdin=PIPE, stdout=PIPE, **options) as child:
            child.stdin.close()
            child.stdout.close()
            log(raised(lambda: child.stdin.write("" if "text" in options else b"")))
            log(raised(child.stdin.flush))
            log(raised(child.stdout.read))
            log(raised(lambda: child.stdout.read(1)))
            log(raised(child.stdout.readline))
            log(raised(child.stdout.readlines))
            log(raised(lambda: [line for line in child.stdout]))
            log(raised(child.stdin.fileno))
            log(raised(child.stdout.fileno))


@case("subprocess.pipe-file.direction", "the child's input cannot be read, its output not written: UnsupportedOperation")
def _():
    for options in ({}, {"bufsize": 0}, {"text": True}):
        with subprocess.Popen(["cat"], stdin=PIPE, stdout=PIPE, **options) as child:
            log(raised(child.stdin.read))
            log(raised(lambda: child.stdin.read(1)))
            log(raised(child.stdin.readline))
            log(raised(child.stdin.readlines))
            log(raised(lambda: child.stdout.write("x" if "text" in options else b"x")))


@case("subprocess.pipe-file.fileno", "the pipe's descriptor, not for other children")
def _():
    with subprocess.Popen(["cat"], stdin=PIPE, stdout=PIPE) as child:
        for file in (child.stdin, child.stdout):
            log(file.fileno() > 2, os.get_inheritable(file.fileno()))
        os.write(child.stdin.fileno(), b"beside the file")
        child.stdin.close()
        log(shown(os.read(child.stdout.fileno(), 100)))


@case("subprocess.pipe-file.text.newlines", r"every \r\n and \r is read as \n")
def _():
    output = r"one\ntwo\r\nthree\rfour\n\r\r\n\rend\r"
    for read in (lambda file: log(shown(file.read())), lines_of, lambda file: log(shown("|".join(file.readlines())))):
        with printing(output, text=True) as child:
            read(child.stdout)
    with printing(output) as child:
        log(shown(child.stdout.read()))


@case("subprocess.pipe-file.text.split-newline", r"a \r\n that comes in two parts is one newline")
def _():
    with InParts(r"one\r", r"\ntwo\r", "three", text=True) as child:
        log(shown(child.stdout.read(1)))
        child.next()
        log(shown(child.stdout.readline()), shown(child.stdout.read(1)))
        child.next()
        child.next()
        log(shown(child.stdout.read()))


@case("subprocess.pipe-file.text.split-character", "a character that comes in parts is decoded whole")
def _():
    with InParts(r"a\342", r"\202\254b\303", r"\244", text=True) as child:
        log(shown(child.stdout.read(1)))
        child.next()
        log(shown(child.stdout.read(2)))
        child.next()
        child.next()
        log(shown(child.stdout.read()))


@case("subprocess.pipe-file.text.size-is-characters", "read(n) counts characters, of which \\r\\n is one")
def _():
    with printing(r"\303\244\303\266\r\n\342\202\254x", text=True) as child:
        log(shown(child.stdout.read(2)), shown(child.stdout.read(2)), shown(child.stdout.read(100)))


@case("subprocess.pipe-file.text.invalid", "what is no UTF-8 is a UnicodeDecodeError that says what and where")
def _():
    for output in (r"ab\200", r"\303(", r"\342\202(", r"\377", r"\300\200", r"\355\240\200", r"\364\220\200\200",
                   r"good\nbad\370"):
        with printing(output, text=True) as child:
            log(said(child.stdout.read))


@case("subprocess.pipe-file.text.invalid-end", "so is what ends in the middle of a character")
def _():
    for output in (r"ab\303", r"\342\202", r"\360\237\230"):
        with printing(output, text=True) as child:
            log(said(child.stdout.read))


@case("subprocess.pipe-file.text.errors", "errors= says what becomes of invalid bytes")
def _():
    for errors in ("ignore", "replace", "backslashreplace", "surrogateescape"):
        for output in (r"[\200\201]", r"[\342\202]", r"[\342\202", r"\355\240\200", r"\303\244\r\n\377"):
            with printing(output, errors=errors) as child:
                log(errors, shown(child.stdout.read()))


@case("subprocess.pipe-file.text.errors-split", "also where they come in parts")
def _():
    for errors in ("replace", "surrogateescape"):
        with InParts(r"a\342", r"\202b", errors=errors) as child:
            log(errors, shown(child.stdout.read(1)))
            child.next()
            child.next()
            log(shown(child.stdout.read(1)), shown(child.stdout.read()))


@case("subprocess.pipe-file.text.surrogateescape-back", "what surrogateescape let in goes out as it came")
def _():
    options = {"encoding": "utf-8", "errors": "surrogateescape"}
    with subprocess.Popen(["cat"], stdin=PIPE, stdout=PIPE, **options) as child:
        child.stdin.write(b"a\xff\xc3b".decode("utf-8", "surrogateescape"))
        child.stdin.close()
        log(shown(child.stdout.read()))


@case("subprocess.pipe-file.text.write", r"text is written as UTF-8, with \n as it is; write() counts characters")
def _():
    with subprocess.Popen(["cat"], stdin=PIPE, stdout=PIPE, universal_newlines=True) as child:
        log(child.stdin.write("\u20ac\n\r\n"))
        child.stdin.close()
        log(shown(os.read(child.stdout.fileno(), 100)))


@case("subprocess.pipe-file.text.dialogue", "a line there, a line back")
def _():
    for options in ({"text": True}, {"universal_newlines": True}):
        with sh(r"read line; echo $line; printf 'line2\n'; cat; printf 'line4\nline5\r\nline6\r\nline7'",
                stdin=PIPE, stdout=PIPE, **options) as child:
            child.stdin.write("line1\n")
            child.stdin.flush()
            log(shown(child.stdout.readline()))
            child.stdin.write("line3\n")
            child.stdin.close()
            log(shown(child.stdout.readline()), shown(child.stdout.read(6)))
            log(shown(child.stdout.read()))


@case("subprocess.pipe-file.text.asked-for", "by text, universal_newlines, encoding or errors")
def _():
    asked = ({}, {"text": True}, {"universal_newlines": True}, {"encoding": "utf-8"}, {"errors": "strict"},
             {"text": False}, {"text": False, "encoding": "utf-8"}, {"text": False, "universal_newlines": False})
    for options in asked:
        with printing(r"a\r\n", **options) as child:
            log(shown(child.stdout.read()))


@case("subprocess.pipe-file.text.encodings", "UTF-8, ASCII and Latin-1 by all their names")
def _():
    for encoding in ("utf-8", "UTF-8", "utf8", "U8", "utf_8"):
        with printing(r"\342\202\254\r", encoding=encoding) as child:
            log(encoding, shown(child.stdout.read()))
    for encoding in ("latin-1", "latin1", "iso-8859-1", "ISO8859-1", "L1"):
        with printing(r"\344\r", encoding=encoding) as child:
            log(encoding, shown(child.stdout.read()))
    for encoding in ("ascii", "US-ASCII"):
        with printing(r"plain\r", encoding=encoding) as child:
            log(encoding, shown(child.stdout.read()))
        with printing(r"ab\344", encoding=encoding) as child:
            log(said(child.stdout.read))


@case("subprocess.pipe-file.text.encodings-write", "what a character set does not have cannot be written")
def _():
    for encoding, text in (("latin-1", "\xe4"), ("latin-1", "a\u20ac\u20acb"), ("ascii", "plain"), ("ascii", "a\xe4")):
        with subprocess.Popen(["cat"], stdin=PIPE, stdout=PIPE, encoding=encoding) as child:
            log(encoding, raised(lambda: child.stdin.write(text)))
            child.stdin.close()
            log(shown(os.read(child.stdout.fileno(), 100)))


@case("subprocess.pipe-file.text.unknown-encoding", "LookupError, and no child is left")
def _():
    log(raised(lambda: subprocess.Popen(["true"], stdout=PIPE, encoding="no-such-encoding")))
