import subprocess
from subprocess import CalledProcessError, SubprocessError, TimeoutExpired

from case import case, log


@case("subprocess.exceptions.hierarchy", "both are SubprocessErrors, and no OSErrors")
def _():
    for error in (CalledProcessError(1, "x"), TimeoutExpired("x", 1.5)):
        log(isinstance(error, SubprocessError), isinstance(error, OSError), isinstance(error, ValueError),
            isinstance(error, TimeoutError))
    log(str(SubprocessError("text")))


@case("subprocess.exceptions.called-process-error.text", "returned non-zero exit status N")
def _():
    log(CalledProcessError(2, "fake cmd"))
    log(CalledProcessError(127, ["sh", "-c", "it's \"x\""]))
    log(CalledProcessError(1, ["x", "a\tb\n"]))
    log(CalledProcessError(0, "x"))


@case("subprocess.exceptions.called-process-error.signal", "or died with the signal's name")
def _():
    for number in (1, 2, 3, 6, 9, 11, 13, 15, 34, 64):
        log(CalledProcessError(-number, "fake cmd"))


@case("subprocess.exceptions.called-process-error.unknown-signal", "or with a signal that has no name")
def _():
    for number in (33, 40, 65, 9876543):
        log(CalledProcessError(-number, ["fake", "cmd"]))


@case("subprocess.exceptions.called-process-error.fields", "returncode, cmd, output (which is stdout), stderr")
def _():
    for error in (CalledProcessError(3, ["a", "b"], "out", "err"), CalledProcessError(3, "a b"),
                  CalledProcessError(3, "a", "")):
        log(error.returncode, error.cmd, repr(error.output), repr(error.stdout), repr(error.stderr))


@case("subprocess.exceptions.timeout-expired.text", "timed out after N seconds")
def _():
    for timeout in (0.05, 1.5, 0, 0.0001, 1e-05, 100.25, 2):
        log(TimeoutExpired(["sleep", "1000"], timeout))
    log(TimeoutExpired("sleep 1000", -0.5))


@case("subprocess.exceptions.timeout-expired.fields", "cmd, timeout, output (which is stdout), stderr")
def _():
    for error in (TimeoutExpired(["a", "b"], 0.5, "out", "err"), TimeoutExpired("a b", 1.5)):
        log(error.cmd, error.timeout, repr(error.output), repr(error.stdout), repr(error.stderr))
