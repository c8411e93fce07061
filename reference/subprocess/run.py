import os
import shlex
import signal
import subprocess
import tempfile
from subprocess import DEVNULL, PIPE, STDOUT

from case import case, log, raised, times
from support import Redirected, no_child_left, shown


def sh(command, **options):
    return subprocess.run(["sh", "-c", command], **options)


def streams(process):
    log(process.returncode, shown(process.stdout), shown(process.stderr))


@case("subprocess.run.result.fields", "the command as given, the code; what was not captured is None")
def _():
    for args in (["true"], ["sh", "-c", "exit 47"]):
        process = subprocess.run(args)
        log(process.args, process.returncode, process.stdout, process.stderr)
    process = subprocess.run("exit 3", shell=True)
    log(process.args, process.returncode)


@case("subprocess.run.result.signal", "a child that a signal ended: minus its number")
def _():
    for number in (9, 15, 6):
        log(sh("kill -%d $$" % number).returncode)


@case("subprocess.run.result.check-returncode", "nothing for 0; else CalledProcessError with all that was captured")
def _():
    log(subprocess.run(["true"]).check_returncode())
    process = sh("printf out; printf err >&2; exit 47", capture_output=True)
    try:
        process.check_returncode()
    except subprocess.CalledProcessError as error:
        log(error.returncode, error.cmd, shown(error.output), shown(error.stdout), shown(error.stderr))
        log(error)


@case("subprocess.run.result.made-by-hand", "a CompletedProcess can be made of its parts")
def _():
    process = subprocess.CompletedProcess("anything", 2, "out", "err")
    log(process.args, process.returncode, process.stdout, process.stderr)
    log(raised(process.check_returncode))
    log(raised(subprocess.CompletedProcess(["anything"], 0).check_returncode))


@case("subprocess.run.result.repr", "printed with what was captured only")
def _():
    log(subprocess.run(["true"]))
    log(subprocess.run("exit 2", shell=True))
    log(subprocess.run(["printf", "it's\\n"], stdout=PIPE, text=True))
    log(subprocess.run("printf err >&2", shell=True, capture_output=True, text=True))
    log(subprocess.CompletedProcess(['a "b"', "", "\t"], -9, "", "x"))
    log(subprocess.run(["printf", r"it's\n\200"], stdout=PIPE))


@case("subprocess.run.capture.stdout", "PIPE captures one stream; the other is None")
def _():
    with Redirected(2) as elsewhere:
        streams(sh("printf out; printf err >&2", stdout=PIPE))
    log(shown(elsewhere.read()))
    streams(sh("true", stdout=PIPE))


@case("subprocess.run.capture.stderr", "PIPE captures one stream; the other is None")
def _():
    with Redirected(1) as elsewhere:
        streams(sh("printf out; printf err >&2", stderr=PIPE))
    log(shown(elsewhere.read()))


@case("subprocess.run.capture.output", "capture_output captures both, each by itself")
def _():
    streams(sh("printf out; printf err >&2", capture_output=True))
    streams(sh("true", capture_output=True))


@case("subprocess.run.capture.merged", "stderr=STDOUT: both in one, in the order of writing")
def _():
    streams(sh("printf 1; printf 2 >&2; printf 3", stdout=PIPE, stderr=STDOUT))


@case("subprocess.run.capture.inherited", "by default both go where ours go")
def _():
    with Redirected(1) as out, Redirected(2) as err:
        streams(sh("printf out; printf err >&2"))
    log(shown(out.read()), shown(err.read()))


@case("subprocess.run.capture.elsewhere", "to nowhere, to a descriptor, to a file; then nothing is captured")
def _():
    streams(sh("printf out; printf err >&2", stdout=DEVNULL, stderr=DEVNULL))
    with tempfile.TemporaryFile() as file:
        streams(sh("printf out; printf err >&2", stdout=file.fileno(), stderr=STDOUT))
        streams(sh("printf more", stdout=file))
        file.seek(0)
        log(shown(file.read()))


@case("subprocess.run.capture.large", "both streams, more than pipes hold, at the same time")
def _():
    process = sh("head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2",
                 capture_output=True)
    log(process.returncode, len(process.stdout), len(process.stderr))


@case("subprocess.run.capture.with-stdout", "capture_output beside stdout or stderr is a ValueError")
def _():
    log(raised(lambda: sh("echo run >&2", capture_output=True, stdout=DEVNULL)))
    log(raised(lambda: sh("echo run >&2", capture_output=True, stderr=STDOUT)))
    log(raised(lambda: sh("echo run >&2", capture_output=True, stdout=PIPE, stderr=PIPE)))


@case("subprocess.run.capture.stdout-is-stdout", "stdout=STDOUT is a ValueError", since="3.13")
def _():
    log(raised(lambda: sh("echo run >&2", stdout=STDOUT)))


@case("subprocess.run.input.given", "is what the child reads, and then the end")
def _():
    streams(subprocess.run(["cat"], input=b"pear\0\xff\r\n", stdout=PIPE))
    streams(subprocess.run(["cat"], input=b"", stdout=PIPE))
    streams(subprocess.run(["tr", "a-z", "A-Z"], input=b"pear", capture_output=True))


@case("subprocess.run.input.with-stdin", "beside stdin is a ValueError")
def _():
    log(raised(lambda: subprocess.run(["cat"], input=b"hare", stdin=DEVNULL)))
    log(raised(lambda: subprocess.run(["cat"], input=b"", stdin=PIPE)))


@case("subprocess.run.input.large", "more than pipes hold, there and back")
def _():
    data = bytes(range(256)) * 4000
    process = subprocess.run(["cat"], input=data, stdout=PIPE)
    log(process.returncode, process.stdout == data)


@case("subprocess.run.input.unread", "a child that does not read it is no error")
def _():
    streams(subprocess.run(["true"], input=b"x" * 1000000, stdout=PIPE))
    streams(sh("exit 5", input=b"x" * 1000000))


@case("subprocess.run.stdin.file", "the child reads from a descriptor or a file, from where it stands")
def _():
    with tempfile.TemporaryFile() as file:
        file.write(b"not this; pear")
        file.flush()
        os.lseek(file.fileno(), 10, os.SEEK_SET)
        streams(subprocess.run(["cat"], stdin=file.fileno(), stdout=PIPE))
        os.lseek(file.fileno(), 10, os.SEEK_SET)
        streams(subprocess.run(["cat"], stdin=file, stdout=PIPE))
    streams(subprocess.run(["cat"], stdin=DEVNULL, stdout=PIPE))


@case("subprocess.run.check.raises", "check: CalledProcessError unless the code is 0")
def _():
    log(subprocess.run(["true"], check=True).returncode)
    for command in ("exit 47", "kill -9 $$"):
        log(raised(lambda: sh(command, check=True)))


@case("subprocess.run.check.carries", "with the code, the command and what was captured")
def _():
    for options in ({}, {"stdout": PIPE}, {"capture_output": True}, {"stdout": PIPE, "stderr": STDOUT}):
        with Redirected(1), Redirected(2):
            try:
                sh("printf out; printf err >&2; exit 3", check=True, **options)
            except subprocess.CalledProcessError as caught:
                error = caught
        log(error.returncode, error.cmd)
        log(shown(error.output), shown(error.stdout), shown(error.stderr))


@case("subprocess.run.timeout.expires", "TimeoutExpired after the time; the child is killed and reaped")
def _():
    for args in (["sleep", "1000"], "exec sleep 1000"):
        log(raised(lambda: subprocess.run(args, timeout=0.05, shell=isinstance(args, str), capture_output=True)))
        log(no_child_left())
        for options in ({}, {"input": b"unread"}):
            log(raised(lambda: subprocess.run(args, timeout=0.05, shell=isinstance(args, str), **options))
                .partition(" after")[0])
            log(no_child_left())


@case("subprocess.run.timeout.long-enough", "a child that ends in time is as without one")
def _():
    streams(sh("printf out; exit 3", timeout=times.must_not_expire, stdout=PIPE))
    streams(sh("exit 3", timeout=times.must_not_expire))


@case("subprocess.run.timeout.zero", "no time, or less, is over at once")
def _():
    for timeout in (0.0, -1.0):
        for options in ({}, {"capture_output": True}):
            log(raised(lambda: subprocess.run(["sleep", "1000"], timeout=timeout, **options)).partition(":")[0])
    log(no_child_left())


@case("subprocess.run.timeout.fields", "it carries the command and the timeout; what was not captured is None")
def _():
    for options in ({"stdout": PIPE}, {"capture_output": True}):
        try:
            subprocess.run(["sleep", "1000"], timeout=0.05, **options)
        except subprocess.TimeoutExpired as error:
            log(error.cmd, error.timeout, error.output, error.stdout, error.stderr)
    try:
        subprocess.run(["sleep", "1000"], timeout=0.05)
    except subprocess.TimeoutExpired as error:
        log(error.output, error.stdout, error.stderr)


def at_start(out=b"", err=b""):
    """A function for preexec_fn: what it writes is there before run() looks at its clock."""

    def write():
        os.write(1, out)
        os.write(2, err)

    return write


@case("subprocess.run.timeout.partial-output", "and what had come by then")
def _():
    for options in ({"stdout": PIPE}, {"capture_output": True}, {"stdout": PIPE, "stderr": STDOUT}):
        try:
            with Redirected(2):
                subprocess.run(["sleep", "1000"], preexec_fn=at_start(b"out", b"err"), timeout=times.may_expire,
                               **options)
        except subprocess.TimeoutExpired as error:
            log(shown(error.output), shown(error.stdout), shown(error.stderr))


@case("subprocess.run.timeout.partial-text", "in text mode too: as it came, not decoded")
def _():
    try:
        subprocess.run(["sleep", "1000"], preexec_fn=at_start(b"one\r\n\xe2\x82"), timeout=times.may_expire,
                       text=True, stdout=PIPE)
    except subprocess.TimeoutExpired as error:
        log(shown(error.stdout))


@case("subprocess.run.timeout.grandchild", "the time is over even while a grandchild holds the pipes")
def _():
    reader, writer = os.pipe()
    log(raised(lambda: subprocess.run("cat; true", shell=True, stdin=reader, timeout=0.05, capture_output=True)))
    log(no_child_left())
    os.close(reader)
    os.close(writer)


@case("subprocess.run.args.words", "each word of a list arrives whole")
def _():
    words = ["a  b", "", "*", "$HOME", "it's", '"', "\\", "new\nline", "\xe4", ";"]
    streams(subprocess.run(["printf", "[%s]"] + words, stdout=PIPE))
    streams(subprocess.run([b"printf", b"[%s]", b"\xff\xfe"], stdout=PIPE))


@case("subprocess.run.args.string", "a string is the name of a program: nothing is split")
def _():
    log(subprocess.run("true").returncode)
    log(raised(lambda: subprocess.run("echo a b")))


@case("subprocess.run.args.path", "a path may be the command, or a word of it")
def _():
    import pathlib

    log(subprocess.run(pathlib.Path("/bin/true")).returncode)
    streams(subprocess.run([pathlib.Path("/bin/echo"), pathlib.Path("/etc")], stdout=PIPE))


@case("subprocess.run.args.options", "all that Popen takes is passed on")
def _():
    streams(sh('echo "$FRUIT"; pwd -P; umask', env={"FRUIT": "banana", "PATH": os.environ["PATH"]}, cwd="/",
               preexec_fn=lambda: os.umask(0o27), stdout=PIPE))
    streams(subprocess.run(["false"], executable="/bin/echo", stdout=PIPE))


@case("subprocess.run.start.fails", "what cannot be started raises as Popen does, and leaves nothing")
def _():
    log(raised(lambda: subprocess.run(["/no/such/command"], capture_output=True, input=b"x")))
    log(raised(lambda: subprocess.run(["true"], cwd="/no/such/directory", capture_output=True)))
    log(raised(lambda: subprocess.run(["/etc"], capture_output=True)))
    log(no_child_left())


@case("subprocess.run.error.kills", "whatever else goes wrong, the child is killed and reaped")
def _():
    log(raised(lambda: subprocess.run(["sleep", "1000"], input="\u20ac", encoding="ascii")))
    log(no_child_left())
    log(raised(lambda: sh(r"printf 'ab\200'; exec >&-; exec sleep 1000", stdout=PIPE, text=True)).partition(":")[0])
    log(no_child_left())


@case("subprocess.run.text.both-ways", r"text: the input is encoded, the output decoded, and \r\n is \n")
def _():
    streams(subprocess.run(["cat"], input="\u20ac\r\n\r", text=True, stdout=PIPE))
    streams(sh(r"printf 'a\r\nb\rc'; printf 'd\r\n' >&2", text=True, capture_output=True))
    streams(subprocess.run(["cat"], input="\xe4", encoding="latin-1", errors="strict", stdout=PIPE))
    streams(subprocess.run(["printf", r"\344\n"], encoding="latin-1", stdout=PIPE))
    streams(subprocess.run(["printf", r"[\200]"], errors="backslashreplace", capture_output=True))


@case("subprocess.run.text.invalid", "output that is no UTF-8: UnicodeDecodeError")
def _():
    for options in ({"stdout": PIPE}, {"capture_output": True}):
        log(raised(lambda: subprocess.run(["printf", r"ab\200"], text=True, **options)).replace("0x", ""))


@case("subprocess.run.shell.string", "shell=True: the shell takes the string apart")
def _():
    streams(subprocess.run("echo $((1 + 2)) | tr 3 x; exit 7", shell=True, stdout=PIPE))


@case("subprocess.run.shell.list", "shell=True with a list: its first word is the command, the others are $0, $1, ...")
def _():
    streams(subprocess.run(["echo", "a", "b"], shell=True, stdout=PIPE))
    streams(subprocess.run(['echo "$0-$1"', "a", "b c"], shell=True, stdout=PIPE))


@case("subprocess.run.shell.injection", "what comes from outside is obeyed by a shell, and by nobody in a list")
def _():
    name = "file; echo injected"
    streams(subprocess.run("echo " + name, shell=True, stdout=PIPE))
    streams(subprocess.run(["echo", name], stdout=PIPE))
    streams(subprocess.run("echo " + shlex.quote(name), shell=True, stdout=PIPE))
