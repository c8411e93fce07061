import os
import subprocess
import tempfile
from subprocess import DEVNULL, PIPE, STDOUT, call, check_call, check_output

from case import case, log, raised, times
from support import Redirected, no_child_left, shown

ZEROS = ["head", "-c", "1000000", "/dev/zero"]


def sh(command):
    return ["sh", "-c", command]


def fields(act):
    """What the CalledProcessError carries that leaves `act`."""
    try:
        act()
    except subprocess.CalledProcessError as error:
        log(error.returncode, error.cmd, shown(error.output), shown(error.stderr))


@case("subprocess.call.call.returncode", "the child's code, or minus the signal's number")
def _():
    log(call(["true"]), call(["false"]), call(sh("exit 47")), call("exit 3", shell=True), call(sh("kill -15 $$")))


@case("subprocess.call.call.options", "all that Popen takes is passed on")
def _():
    with Redirected(1) as out:
        log(call(sh('test "$FRUIT" = banana'), env={"FRUIT": "banana"}))
        log(call(["pwd"], cwd="/"), call(["echo", "err"], stdout=DEVNULL))
    log(shown(out.read()))


@case("subprocess.call.call.timeout", "TimeoutExpired; the child is killed and reaped")
def _():
    log(raised(lambda: call(["sleep", "1000"], timeout=0.05)), no_child_left())
    log(raised(lambda: check_call(["sleep", "1000"], timeout=0.05)), no_child_left())
    log(call(["true"], timeout=times.must_not_expire), check_call(["true"], timeout=times.must_not_expire))


@case("subprocess.call.call.fails-to-start", "raises as Popen does, and leaves nothing")
def _():
    for function in (call, check_call, check_output):
        log(raised(lambda: function(["/no/such/command"])))
    log(no_child_left())


@case("subprocess.call.call.pipe-unread", "PIPE is never read: what fits is lost, what does not blocks the child for ever")
def _():
    log(call(["echo", "lost"], stdout=PIPE), check_call(sh("echo lost >&2"), stderr=PIPE))
    for function in (call, check_call):
        log(raised(lambda: function(ZEROS, stdout=PIPE, timeout=0.05)), no_child_left())
    log(len(check_output(ZEROS)))


@case("subprocess.call.call.refuses", "input, capture_output and check are no arguments of call and check_call")
def _():
    for function in (call, check_call):
        for options in ({"input": b"x"}, {"capture_output": True}, {"check": True}):
            log(raised(lambda: function(["true"], **options)).partition(":")[0])


@case("subprocess.call.check-call.zero", "0, or CalledProcessError")
def _():
    log(check_call(["true"]))
    log(raised(lambda: check_call(sh("exit 47"))))
    log(raised(lambda: check_call(sh("kill -9 $$"))))
    log(raised(lambda: check_call("exit 3", shell=True)))


@case("subprocess.call.check-call.carries", "the code and the command; no output, for none was read")
def _():
    fields(lambda: check_call(sh("exit 47")))
    fields(lambda: check_call("echo lost; exit 3", shell=True, stdout=PIPE))


@case("subprocess.call.check-output.output", "what the child wrote to stdout; stderr goes where ours goes")
def _():
    with Redirected(2) as err:
        log(shown(check_output(sh("printf 'out\\r\\n\\0'; printf err >&2"))))
    log(shown(err.read()), shown(check_output(["true"])))


@case("subprocess.call.check-output.nonzero", "CalledProcessError with what was written")
def _():
    log(raised(lambda: check_output(sh("exit 5"))))
    fields(lambda: check_output(sh("printf out; exit 5")))
    fields(lambda: check_output(sh("printf out; printf err >&2; exit 5"), stderr=PIPE))
    fields(lambda: check_output(sh("exit 5")))


@case("subprocess.call.check-output.stderr", "stderr=STDOUT returns both")
def _():
    log(shown(check_output(sh("printf 1; printf 2 >&2; printf 3"), stderr=STDOUT)))
    log(shown(check_output(sh("printf 1; printf 2 >&2"), stderr=DEVNULL)))


@case("subprocess.call.check-output.stdin", "from a descriptor or a file")
def _():
    with tempfile.TemporaryFile() as file:
        file.write(b"pear")
        file.flush()
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        log(shown(check_output(["tr", "a-z", "A-Z"], stdin=file)))


@case("subprocess.call.check-output.input", "input is what the child reads; not beside stdin")
def _():
    log(shown(check_output(["tr", "a-z", "A-Z"], input=b"pear")))
    log(raised(lambda: check_output(["cat"], input=b"hare", stdin=DEVNULL)))


@case("subprocess.call.check-output.input-empty", "an empty input is the end at once, whatever our own stdin holds")
def _():
    reader, writer = os.pipe()
    os.write(writer, b"ours")
    before = os.dup(0)
    os.dup2(reader, 0)
    log(shown(check_output(["cat"], input=b"")), shown(check_output(["cat"], input="", text=True)))
    log(shown(check_output(["cat"], input="", universal_newlines=True)))
    log(shown(check_output(["cat"], input="", encoding="utf-8", errors="ignore")))
    os.dup2(before, 0)
    for fd in (reader, writer, before):
        os.close(fd)


@case("subprocess.call.check-output.refuses", "stdout is its own, and capture_output would set it")
def _():
    log(raised(lambda: check_output(["echo", "not run"], stdout=DEVNULL)))
    log(raised(lambda: check_output(["echo", "not run"], stdout=PIPE)))
    log(raised(lambda: check_output(["echo", "not run"], capture_output=True)))


@case("subprocess.call.check-output.refuses-check", "check is its own", since="3.11")
def _():
    log(raised(lambda: check_output(["echo", "not run"], check=True)))


@case("subprocess.call.check-output.timeout", "TimeoutExpired with what had come; the child is killed and reaped")
def _():
    try:
        check_output(["sleep", "1000"], preexec_fn=lambda: os.write(1, b"BDFL"), timeout=times.may_expire)
    except subprocess.TimeoutExpired as error:
        log(error.cmd, shown(error.output), shown(error.stdout), shown(error.stderr))
    log(raised(lambda: check_output(["sleep", "1000"], timeout=0.05)), no_child_left())


@case("subprocess.call.check-output.text", "text mode as everywhere")
def _():
    log(shown(check_output(["printf", r"\303\244\r\n"], text=True)))
    log(shown(check_output(["printf", r"\344"], encoding="latin-1")))
    log(shown(check_output(["cat"], input="\u20ac\n", text=True)))
    log(raised(lambda: check_output(["printf", r"\200"], text=True)).partition(":")[0])
