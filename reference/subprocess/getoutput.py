import subprocess
from subprocess import getoutput, getstatusoutput

from case import case, log, raised
from support import Redirected, shown


@case("subprocess.getoutput.both-streams", "what a shell's command writes to stdout and stderr, in one text")
def _():
    log(shown(getoutput("printf 1; printf 2 >&2; printf 3")))
    log(shown(getoutput("echo $((1 + 2)) | tr 3 x")))
    with Redirected(1) as out, Redirected(2) as err:
        getoutput("echo out; echo err >&2")
    log(shown(out.read()), shown(err.read()))


@case("subprocess.getoutput.last-newline", "one newline at the end is taken away, not more, and nothing else")
def _():
    for output in (r"xyzzy\n", "xyzzy", r"xyzzy\n\n", r"\n", "", r"  a\nb \n", r"a\r\n", r"a\r"):
        log(shown(getoutput("printf '%s'" % output)))


@case("subprocess.getoutput.status-ignored", "getoutput says nothing of the status")
def _():
    log(shown(getoutput("echo out; exit 3")), shown(getoutput("kill -9 $$")))


@case("subprocess.getoutput.status", "getstatusoutput: the exit code, minus the signal's number, and the output")
def _():
    for command in ("echo xyzzy", "exit 0", "echo out; exit 3", "kill -15 $$", "kill -9 $$"):
        status, output = getstatusoutput(command)
        log(status, shown(output))
    log(getstatusoutput("/no/such/command 2>/dev/null"), getstatusoutput("cat /no/such/file 2>/dev/null"))


@case("subprocess.getoutput.text", "text mode: newlines are one, and invalid bytes an error")
def _():
    log(shown(getoutput(r"printf 'a\r\nb\rc\n'")), shown(getoutput(r"printf '\303\244'")))
    log(raised(lambda: getoutput(r"printf 'ab\200'")).replace("0x", ""))
    log(raised(lambda: getstatusoutput(r"printf '\303'; exit 3")).replace("0x", ""))


@case("subprocess.getoutput.encoding", "encoding and errors as in Popen", since="3.11")
def _():
    log(shown(getoutput(r"printf '\344\n'", encoding="latin-1")))
    log(shown(getoutput(r"printf 'ab\200'", errors="replace")))
    log(getstatusoutput(r"printf 'ab\200'; exit 3", errors="ignore"))
    log(raised(lambda: getoutput("true", encoding="no-such-encoding")))
