import os
import subprocess
import sys

from case import case, log


@case("os.process.getpid", "the number by which children know us")
def _():
    asked = subprocess.run(["sh", "-c", "echo $PPID"], stdout=subprocess.PIPE)
    log(int(asked.stdout) == os.getpid(), os.getpid() > 1)


@case("os.process.getppid", "the number of who started us")
def _():
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, b"%d" % os.getppid())
        os._exit(0)
    os.waitpid(child, 0)
    log(int(os.read(reader, 100)) == os.getpid())
    os.close(reader)
    os.close(writer)


@case("os.process.cpu-count", "a number from 1 on, or None where nobody knows")
def _():
    count = os.cpu_count()
    log(count is None or count >= 1, count == os.sysconf("SC_NPROCESSORS_ONLN"))


@case("os.process.environ", "the variables and their values")
def _():
    os.environ.update({"TANDEM_HELLO": "World", "TANDEM_EMPTY": "", "TANDEM_EQUALS": "a=b=c"})
    variables = dict(os.environ)
    log(variables["TANDEM_HELLO"], repr(variables["TANDEM_EMPTY"]), variables["TANDEM_EQUALS"])
    log("TANDEM_NEVER" in variables, variables["PATH"] == os.getenv("PATH"))
    del os.environ["TANDEM_HELLO"]
    log("TANDEM_HELLO" in os.environ, "TANDEM_HELLO" in variables)
