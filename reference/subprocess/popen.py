import inspect
import itertools
import os
import pathlib
import resource
import signal
import subprocess
import threading
from subprocess import DEVNULL, PIPE, STDOUT, Popen

from case import case, log, now, raised, times
from support import (
    OPEN_DESCRIPTORS,
    Channel,
    Folder,
    OwnStreams,
    content_of,
    is_child,
    is_open,
    no_child_left,
    numbered,
    report,
    sh,
    shown,
    wait_until_ended,
    warned,
)

LARGE = 1 << 20  # more than any pipe holds by default


def timed_out(act):
    """TimeoutExpired or not."""
    return raised(act).partition(":")[0]


# ---- args


@case("subprocess.popen.args.list", "the first word is the program, the others reach it as they are")
def _():
    words = ["a b", "", "*", "$HOME", "it's", 'say "x"', "\\", "two\nlines", "-", "ü"]
    report(Popen(["printf", "<%s>"] + words, stdout=PIPE))


@case("subprocess.popen.args.bytes", "any byte but NUL reaches the child")
def _():
    every = bytes(range(1, 256))
    out, _ = Popen([b"printf", b"%s", every], stdout=PIPE).communicate()
    log(out == every, len(out))


@case("subprocess.popen.args.many", "2,000 of them, in their order")
def _():
    numbers = [str(number) for number in range(1, 2001)]
    report(Popen(["sh", "-c", "echo $# $1 ${1000} ${2000}", "sh"] + numbers, stdout=PIPE))


@case("subprocess.popen.args.string", "a string is the program and nothing else")
def _():
    with Folder() as folder:
        path = folder.script("a program", "echo $#; exit 47")
        report(Popen(path, stdout=PIPE))
    log(raised(lambda: Popen("echo hello")))


@case("subprocess.popen.args.path", "a word may be a path")
def _():
    with Folder() as folder:
        path = pathlib.Path(folder.script("program", "echo $1"))
        report(Popen([path, pathlib.Path("/a/path")], stdout=PIPE))


@case("subprocess.popen.args.empty", "no program at all")
def _():
    log(raised(lambda: Popen([])))


@case("subprocess.popen.args.empty-word", "a program without a name")
def _():
    log(raised(lambda: Popen([""])))
    log(raised(lambda: Popen("")))


@case("subprocess.popen.args.nul", "no word has a NUL")
def _():
    log(raised(lambda: Popen(["tr\0ue"])))
    log(raised(lambda: Popen(["true", "a", "b\0"])))
    log(raised(lambda: Popen("echo\0", shell=True)))
    log(raised(lambda: Popen(["true"], executable="tr\0ue")))
    log(raised(lambda: Popen(["true"], cwd="/\0")))


@case("subprocess.popen.attributes.args", "args is what was given")
def _():
    for args in (["true", "it's"], "true"):
        with Popen(args) as process:
            log(repr(process.args))
    with Popen("exit 0", shell=True) as process:
        log(repr(process.args))


@case("subprocess.popen.attributes.pid", "pid is the child's")
def _():
    process = sh("echo $$; echo $PPID", stdout=PIPE)
    out, _ = process.communicate()
    log(out.split() == [b"%d" % process.pid, b"%d" % os.getpid()])


# ---- the search for the program


@case("subprocess.popen.path.search", "without a slash it is searched for in PATH")
def _():
    with Folder() as folder:
        folder.script("tool", "echo found")
        log(raised(lambda: Popen(["tool"])))
        report(Popen(["tool"], stdout=PIPE, env={"PATH": folder.top}))
        os.environ["PATH"] = "/nonexistent:" + folder.top
        report(Popen(["tool"], stdout=PIPE))
        log(raised(lambda: Popen(["tool"], env={"PATH": "/nonexistent"})))


@case("subprocess.popen.path.order", "the first that can be run is run")
def _():
    with Folder() as folder:
        for name in ("a", "b", "c", "d"):
            folder.folder(name)
        folder.file("a/tool")
        folder.script("b/tool", "echo b")
        folder.script("c/tool", "echo c")
        for path in ("b:c", "c:b", "a:b", "d:c"):
            report(Popen(["tool"], stdout=PIPE, env={"PATH": ":".join(folder.path(name) for name in path.split(":"))}))
        report(Popen(["tool"], stdout=PIPE, env={"PATH": "/dev/null:" + folder.path("b")}))


@case("subprocess.popen.path.denied", "one that may not be run is named before one that is not there")
def _():
    with Folder() as folder:
        folder.folder("a")
        folder.folder("b")
        folder.file("a/tool")
        a, b = folder.path("a"), folder.path("b")
        for path in (a + ":" + b, b + ":" + a, b, b + ":/dev/null"):
            log(raised(lambda: Popen(["tool"], env={"PATH": path})))


@case("subprocess.popen.path.default", "without PATH there is a default")
def _():
    log(Popen(["true"], env={}).wait())
    del os.environ["PATH"]
    log(Popen(["true"]).wait())


@case("subprocess.popen.path.empty-entry", "an empty entry is the current directory")
def _():
    with Folder() as folder:
        folder.script("tool", "echo here")
        report(Popen(["tool"], stdout=PIPE, cwd=folder.top, env={"PATH": "/nonexistent:"}))
        log(raised(lambda: Popen(["tool"], cwd=folder.top, env={"PATH": "/nonexistent"})))


# ---- executable, shell


@case("subprocess.popen.executable.replaces", "another program is run, under the name that was given")
def _():
    report(Popen(["a name", "-c", "echo -$0-"], stdout=PIPE, executable="/bin/sh"))
    report(Popen(["a name", "-c", "echo -$0-"], stdout=PIPE, executable="sh"))
    report(Popen(["a name", "-c", "echo -$0-"], stdout=PIPE, executable=pathlib.Path("/bin/sh")))


@case("subprocess.popen.executable.precedence", "it goes before a program that is there")
def _():
    log(raised(lambda: Popen(["true"], executable="nonexisting_i_hope")))


@case("subprocess.popen.executable.shell", "with shell it is the shell")
def _():
    with Folder() as folder:
        shell_of_ours = folder.script("our-shell", 'echo "$0 $1 $2"')
        out, _ = Popen("a command", stdout=PIPE, shell=True, executable=shell_of_ours).communicate()
        folder.log(out.decode())
        os.symlink("/bin/sh", folder.path("other-name"))
        out, _ = Popen("echo $0", stdout=PIPE, shell=True, executable=folder.path("other-name")).communicate()
        folder.log(out.decode())


@case("subprocess.popen.shell.string", "a string is a command of the shell")
def _():
    environment = dict(os.environ, FRUIT="apple")
    report(Popen("echo $FRUIT | tr a-z A-Z; exit 3", shell=True, stdout=PIPE, env=environment))


@case("subprocess.popen.shell.list", "of a list the first is the command, the others are its $0, $1, …")
def _():
    report(Popen(["echo $FRUIT $0 $1 $#", "a b", "c", "d"], shell=True, stdout=PIPE, env={"FRUIT": "apple"}))
    report(Popen(["echo", "lost"], shell=True, stdout=PIPE))


@case("subprocess.popen.shell.bin-sh", "the shell is /bin/sh, whatever PATH says")
def _():
    with Folder() as folder:
        folder.script("sh", "echo wrong")
        report(Popen("echo $0", shell=True, stdout=PIPE, env={"PATH": folder.top}))


@case("subprocess.popen.shell.not-found", "the shell says by its status that there is no such command")
def _():
    log(Popen("nonexisting_i_hope", shell=True, stderr=DEVNULL).wait())
    log(Popen([], shell=True, stderr=DEVNULL).wait())


# ---- environment


@case("subprocess.popen.env.inherited", "none: the parent's, as it is now")
def _():
    os.environ["FRUIT"] = "orange"
    report(sh("echo $FRUIT", stdout=PIPE))
    del os.environ["FRUIT"]
    report(sh("echo $FRUIT", stdout=PIPE))


@case("subprocess.popen.env.replaced", "else these variables and no others")
def _():
    report(Popen(["env"], stdout=PIPE, env={"FRUIT": "orange"}))
    report(Popen(["env"], stdout=PIPE, env={"FRUIT": "orange=lemon", "EMPTY": ""}))


@case("subprocess.popen.env.empty", "or none at all")
def _():
    report(Popen(["env"], stdout=PIPE, env={}))


@case("subprocess.popen.env.bytes", "names and values are bytes")
def _():
    out, _ = Popen(["env"], stdout=PIPE, env={b"A\xff": b"abc\x80"}).communicate()
    log(list(out))


@case("subprocess.popen.env.invalid-name", "no = in a name")
def _():
    log(raised(lambda: Popen(["true"], env={"FRUIT=ORANGE": "lemon"})))
    log(raised(lambda: Popen(["true"], env={"=": "lemon"})))


@case("subprocess.popen.env.nul", "no NUL in a name or value")
def _():
    log(raised(lambda: Popen(["true"], env={"FRUIT\0VEGETABLE": "cabbage"})))
    log(raised(lambda: Popen(["true"], env={"FRUIT": "orange\0VEGETABLE=cabbage"})))


# ---- working directory


@case("subprocess.popen.cwd.sets", "the child starts there, the parent stays")
def _():
    with Folder() as folder:
        folder.folder("sub")
        before = os.getcwd()
        for cwd in (folder.top, pathlib.Path(folder.path("sub"))):
            out, _ = Popen(["pwd", "-P"], stdout=PIPE, cwd=cwd).communicate()
            folder.log(out.decode())
        log(os.getcwd() == before)
        os.chdir(folder.top)
        out, _ = Popen(["pwd", "-P"], stdout=PIPE, cwd="sub").communicate()
        folder.log(out.decode())


@case("subprocess.popen.cwd.relative-program", "a program with a slash is looked for from there")
def _():
    with Folder() as folder:
        folder.folder("sub")
        folder.script("sub/program", "echo run")
        report(Popen(["./program"], stdout=PIPE, cwd=folder.path("sub")))
        report(Popen(["sub/program"], stdout=PIPE, cwd=folder.top))
        log(raised(lambda: Popen(["./program"])))
        log(raised(lambda: Popen(["./program"], cwd=folder.top)))
        os.chdir(folder.path("sub"))
        log(raised(lambda: Popen(["./program"], cwd=folder.top)))


@case("subprocess.popen.cwd.relative-executable", "and so is executable")
def _():
    with Folder() as folder:
        folder.script("program", "echo run $1")
        report(Popen(["a name", "x"], stdout=PIPE, executable="./program", cwd=folder.top))
        log(raised(lambda: Popen(["a name"], executable="./program")))


@case("subprocess.popen.cwd.absolute-program", "an absolute one is the same everywhere")
def _():
    with Folder() as folder:
        folder.folder("sub")
        program = folder.script("program", "pwd -P")
        for options in ({"args": [program]}, {"args": ["a name"], "executable": program}):
            out, _ = Popen(stdout=PIPE, cwd=folder.path("sub"), **options).communicate()
            folder.log(out.decode())


# ---- what cannot be started


@case("subprocess.popen.error.not-found", "FileNotFoundError names the program")
def _():
    log(raised(lambda: Popen(["/opt/nonexistent_binary", "with", "some", "args"])))
    log(raised(lambda: Popen(["nonexisting_i_hope"])))
    log(raised(lambda: Popen(["it's not"])))


@case("subprocess.popen.error.attributes", "errno and the file's name are there apart")
def _():
    try:
        Popen(["nonexisting_i_hope"], cwd="/")
    except FileNotFoundError as error:
        log(error.errno, error.filename, error.filename2)


@case("subprocess.popen.error.executable", "it names executable, not args")
def _():
    log(raised(lambda: Popen(["true"], executable="/_this/pa.th/does/not/exist")))


@case("subprocess.popen.error.cwd", "a bad cwd is named, not the program")
def _():
    log(raised(lambda: Popen(["true"], cwd="/_this/pa.th/does/not/exist")))
    log(raised(lambda: Popen(["nonexisting_i_hope"], cwd="/_this/pa.th/does/not/exist")))
    log(raised(lambda: Popen(["true"], cwd="/dev/null")))
    log(raised(lambda: Popen(["true"], cwd="")))


@case("subprocess.popen.error.permission", "what may not be run is PermissionError")
def _():
    with Folder() as folder:
        path = folder.file("program", "#!/bin/sh\n")
        folder.log(raised(lambda: Popen([path])))
        folder.log(raised(lambda: Popen([folder.top])))


@case("subprocess.popen.error.not-a-directory", "a file where a directory has to be")
def _():
    log(raised(lambda: Popen(["/dev/null/program"])))


@case("subprocess.popen.error.exec-format", "what no system can run is no script for a shell")
def _():
    with Folder() as folder:
        path = folder.file("program", "echo hello\n", 0o755)
        folder.log(raised(lambda: Popen([path])))
        folder.log(raised(lambda: Popen(["program"], env={"PATH": folder.top})))


@case("subprocess.popen.error.interpreter", "a script whose interpreter is not there is named itself")
def _():
    with Folder() as folder:
        path = folder.file("program", "#!/no/such/interpreter\n", 0o755)
        folder.log(raised(lambda: Popen([path])))


@case("subprocess.popen.error.too-big", "more than the system passes on")
def _():
    log(raised(lambda: Popen(["true", "x" * LARGE])))
    log(raised(lambda: Popen(["true"], env={"x": "x" * LARGE})))


@case("subprocess.popen.error.descriptor", "a descriptor that is not open")
def _():
    for name in ("stdin", "stdout", "stderr"):
        log(raised(lambda: Popen(["true"], **{name: 999})))
    log(raised(lambda: Popen(["true"], stdin=-7)))
    log(raised(lambda: Popen(["true"], stdin=STDOUT)))


@case("subprocess.popen.error.closed-file", "a pipe that was closed")
def _():
    with Popen(["true"], stdout=PIPE) as process:
        process.stdout.close()
        log(raised(lambda: Popen(["cat"], stdin=process.stdout)).partition(":")[0])


@case("subprocess.popen.error.nothing-left", "a failed start leaves no descriptor, no child, and the files given")
def _():
    before = sorted(os.listdir("/proc/self/fd"))
    with open("/dev/null") as given:
        for _ in range(20):
            raised(lambda: Popen(["nonexisting_i_hope"], stdin=PIPE, stdout=PIPE, stderr=PIPE))
            raised(lambda: Popen(["nonexisting_i_hope"], stdin=given, stdout=DEVNULL, stderr=STDOUT))
            raised(lambda: Popen(["true"], stdin=PIPE, stdout=PIPE, stderr=999))
            raised(lambda: Popen(["true"], stdin=PIPE, stdout=PIPE, env={"=": ""}))
            raised(lambda: Popen(["true"], stdin=PIPE, stdout=PIPE, cwd="/nonexistent"))
        log(is_open(given.fileno()))
    log(sorted(os.listdir("/proc/self/fd")) == before)
    log(no_child_left())


@case("subprocess.popen.error.no-double-close", "nor does it close what others have opened meanwhile")
def _():
    opened, stop = [], threading.Event()

    def open_pipes():
        while not stop.is_set() and len(opened) < 400:
            opened.extend(os.pipe())

    thread = threading.Thread(target=open_pipes)
    thread.start()
    for _ in range(20):
        raised(lambda: Popen(["nonexisting_i_hope"], stdin=PIPE, stdout=PIPE, stderr=PIPE))
    stop.set()
    thread.join()
    log(all(is_open(fd) for fd in opened))
    for fd in opened:
        os.close(fd)


@case("subprocess.popen.error.no-descriptors", "none is left: OSError, and nothing is lost")
def _():
    report(Popen(["true"], stdout=PIPE))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    before = sorted(os.listdir("/proc/self/fd"))
    taken = [os.open("/dev/null", os.O_RDONLY)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken[0] + 20, hard))
    while True:
        try:
            taken.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            break
    for free in range(6):
        log(raised(lambda: Popen(["true"], stdin=PIPE, stdout=PIPE, stderr=PIPE)))
        os.close(taken.pop())
    for fd in taken:
        os.close(fd)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    log(sorted(os.listdir("/proc/self/fd")) == before)
    log(Popen(["true"]).wait())


@case("subprocess.popen.error.no-processes", "no process may be made: BlockingIOError")
def _():
    log(Popen(["true"]).wait())
    soft, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    privileged = os.getuid() == 0
    if privileged:
        os.setresuid(65534, 65534, 0)
    resource.setrlimit(resource.RLIMIT_NPROC, (0, hard))
    log(raised(lambda: Popen(["true"], stdout=PIPE)))
    log(raised(lambda: Popen(["true"], preexec_fn=lambda: None)))
    resource.setrlimit(resource.RLIMIT_NPROC, (soft, hard))
    if privileged:
        os.setresuid(0, 0, 0)
    log(Popen(["true"]).wait())


# ---- the child's streams


@case("subprocess.popen.streams.none", "what is not asked for as PIPE has no file")
def _():
    with open("/dev/null") as null:
        for options in ({}, {"stdout": DEVNULL, "stderr": STDOUT}, {"stdin": null, "stderr": DEVNULL}):
            process = Popen(["true"], **options)
            process.wait()
            log(process.stdin is None, process.stdout is None, process.stderr is None)
    with Popen(["true"], stdin=PIPE, stdout=PIPE, stderr=PIPE) as process:
        log(process.stdin is None, process.stdout is None, process.stderr is None)


@case("subprocess.popen.streams.inherited", "what is not given is the parent's")
def _():
    with Folder() as folder, OwnStreams():
        stdin = os.open(folder.file("in", "words"), os.O_RDONLY)
        stdout = os.open(folder.file("out"), os.O_RDWR)
        stderr = os.open(folder.file("err"), os.O_RDWR)
        for fd, place in ((stdin, 0), (stdout, 1), (stderr, 2)):
            os.dup2(fd, place)
        log(sh("cat; echo err >&2").wait())
        report(sh("echo more", stderr=PIPE, stdin=DEVNULL))
        log(repr(content_of(stdout)), repr(content_of(stderr)))
        for fd in (stdin, stdout, stderr):
            os.close(fd)


@case("subprocess.popen.streams.stdin-pipe", "PIPE: what is written the child reads")
def _():
    process = Popen(["tr", "a-z", "A-Z"], stdin=PIPE, stdout=PIPE)
    process.stdin.write(b"pear")
    process.stdin.close()
    log(process.stdout.read().decode())
    process.stdout.close()
    log(process.wait())


@case("subprocess.popen.streams.stdin-descriptor", "a descriptor: the child reads from it, and it stays open")
def _():
    with Folder() as folder:
        fd = os.open(folder.file("in", "pear"), os.O_RDONLY)
        report(Popen(["cat"], stdin=fd, stdout=PIPE))
        log(is_open(fd), os.lseek(fd, 0, os.SEEK_CUR))
        os.close(fd)


@case("subprocess.popen.streams.stdin-file", "an open file")
def _():
    with Folder() as folder, open(folder.file("in", "pear")) as file:
        report(Popen(["cat"], stdin=file, stdout=PIPE))
        log(is_open(file.fileno()))


@case("subprocess.popen.streams.stdout-pipe", "PIPE: what the child says can be read")
def _():
    process = sh("echo orange; echo lemon >&2", stdout=PIPE, stderr=DEVNULL)
    log(process.stdout.read().decode())
    process.stdout.close()
    log(process.wait())


@case("subprocess.popen.streams.stdout-descriptor", "a descriptor")
def _():
    with Folder() as folder:
        fd = os.open(folder.file("out"), os.O_RDWR)
        report(sh("echo orange", stdout=fd))
        log(is_open(fd), content_of(fd))
        os.close(fd)


@case("subprocess.popen.streams.stdout-file", "an open file")
def _():
    with Folder() as folder, open(folder.file("out"), "r+") as file:
        report(sh("echo orange", stdout=file))
        log(content_of(file.fileno()))


@case("subprocess.popen.streams.stderr-pipe", "PIPE: what the child complains can be read")
def _():
    process = sh("echo orange; echo lemon >&2", stdout=DEVNULL, stderr=PIPE)
    log(process.stderr.read().decode())
    process.stderr.close()
    log(process.wait())


@case("subprocess.popen.streams.stderr-descriptor", "a descriptor")
def _():
    with Folder() as folder:
        fd = os.open(folder.file("err"), os.O_RDWR)
        report(sh("echo lemon >&2", stderr=fd))
        log(is_open(fd), content_of(fd))
        os.close(fd)


@case("subprocess.popen.streams.stderr-file", "an open file")
def _():
    with Folder() as folder, open(folder.file("err"), "r+") as file:
        report(sh("echo lemon >&2", stderr=file))
        log(content_of(file.fileno()))


@case("subprocess.popen.streams.stderr-to-stdout", "STDOUT: both go the same way, in their order")
def _():
    report(sh("echo 1; echo 2 >&2; echo 3", stdout=PIPE, stderr=STDOUT))
    with Folder() as folder:
        fd = os.open(folder.file("both"), os.O_RDWR)
        report(sh("echo 1; echo 2 >&2; echo 3", stdout=fd, stderr=STDOUT))
        log(content_of(fd))
        os.close(fd)
    report(sh("echo 1; echo 2 >&2", stdout=DEVNULL, stderr=STDOUT))


@case("subprocess.popen.streams.stderr-to-own-stdout", "STDOUT without stdout: the parent's")
def _():
    with Folder() as folder, OwnStreams():
        out, err = os.open(folder.file("out"), os.O_RDWR), os.open(folder.file("err"), os.O_RDWR)
        os.dup2(out, 1)
        os.dup2(err, 2)
        report(sh("echo 1; echo 2 >&2", stderr=STDOUT))
        log(repr(content_of(out)), repr(content_of(err)))
        os.close(out)
        os.close(err)


@case("subprocess.popen.streams.stdout-number-1", "the parent's stdout, by its number")
def _():
    with Folder() as folder, OwnStreams():
        out = os.open(folder.file("out"), os.O_RDWR)
        os.dup2(out, 1)
        log(sh("echo one", stdout=1).wait(), sh("echo two >&2", stderr=1).wait())
        log(repr(content_of(out)))
        os.close(out)


@case("subprocess.popen.streams.devnull", "DEVNULL is empty and swallows all")
def _():
    report(Popen(["cat"], stdin=DEVNULL, stdout=PIPE))
    report(sh("head -c 1000000 /dev/zero", stdout=DEVNULL, stderr=PIPE))
    report(sh("head -c 1000000 /dev/zero >&2", stdout=PIPE, stderr=DEVNULL))
    report(Popen(["cat"], stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL))


@case("subprocess.popen.streams.stdout-is-stdout", "STDOUT is for stderr only")
def _():
    log(raised(lambda: Popen(["true"], stdout=STDOUT)))


@case("subprocess.popen.streams.same-descriptor", "one descriptor for two streams")
def _():
    with open("/dev/null", "r+") as both:
        log(Popen(["true"], stdin=both, stdout=both).wait())
        log(Popen(["true"], stdout=both, stderr=both).wait())
        log(Popen(["true"], stdin=both, stderr=both).wait())
    with Folder() as folder:
        fd = os.open(folder.file("both"), os.O_RDWR)
        report(sh("echo 1; echo 2 >&2; echo 3", stdout=fd, stderr=fd))
        log(content_of(fd))
        os.close(fd)


@case("subprocess.popen.streams.swapped", "0, 1 and 2 of the parent in any order")
def _():
    for order in map(list, itertools.permutations(range(3))):
        with Folder() as folder, OwnStreams():
            files = [os.open(folder.file(str(number)), os.O_RDWR) for number in range(3)]
            for number, fd in enumerate(files):
                os.dup2(fd, number)
            os.write(order[0], b"STDIN")
            os.lseek(order[0], 0, os.SEEK_SET)
            status = sh("read -r got; echo got $got; echo err >&2", stdin=order[0], stdout=order[1],
                           stderr=order[2]).wait()
            said = [content_of(order[1]), content_of(order[2])]
            for fd in files:
                os.close(fd)
        log(order, status, said)


@case("subprocess.popen.streams.swapped-high", "files that are 0, 1 and 2 under other numbers, too")
def _():
    with Folder() as folder, OwnStreams():
        files = [os.open(folder.file(str(number)), os.O_RDWR) for number in range(3)]
        for number, fd in enumerate(files):
            os.dup2(fd, number)
        os.write(files[1], b"STDIN")
        os.lseek(files[1], 0, os.SEEK_SET)
        status = sh("read -r got; echo got $got; echo err >&2", stdin=files[1], stdout=files[2],
                       stderr=files[0]).wait()
        said = [content_of(files[2]), content_of(files[0])]
        for fd in files:
            os.close(fd)
    log(status, said)


@case("subprocess.popen.streams.one-closed", "two of the parent's in any order while the third is closed")
def _():
    names = ("stdin", "stdout", "stderr")
    for sources in itertools.combinations(range(3), 2):
        for targets in itertools.permutations(range(3), 2):
            with Folder() as folder, OwnStreams():
                for source in sources:
                    fd = os.open(folder.file(str(source)), os.O_RDWR)
                    os.dup2(fd, source)
                    os.close(fd) if fd != source else None
                os.close(({0, 1, 2} - set(sources)).pop())
                script = "; ".join("echo %d >&%d" % (target, target) for target in targets)
                status = sh(script, **{names[t]: source for source, t in zip(sources, targets)}).wait()
                said = [content_of(source) for source in sources]
            log(list(sources), list(targets), status, said)


@case("subprocess.popen.streams.closed", "pipes serve when 0, 1 or 2 are closed in the parent")
def _():
    for count in (1, 2, 3):
        for closed in itertools.combinations(range(3), count):
            with OwnStreams() as own:
                for fd in closed:
                    os.close(fd)
                first = sh("echo apple; echo orange >&2", stdin=own.saved[0], stdout=PIPE, stderr=PIPE)
                said = [shown(out) for out in first.communicate()] + [str(first.returncode)]
                second = sh("cat; cat >&2", stdin=PIPE, stdout=PIPE, stderr=PIPE)
                said += [shown(out) for out in second.communicate(b"pear")] + [str(second.returncode)]
            log(list(closed), *said)


@case("subprocess.popen.streams.closed-inherited", "a start without redirection, while 0 and 1 are closed")
def _():
    with OwnStreams():
        os.close(0)
        os.close(1)
        status = Popen(["true"]).wait()
        failed = raised(lambda: Popen(["nonexisting_i_hope"]))
    log(status, failed)


@case("subprocess.popen.streams.pipeline", "the output of one is the input of the next")
def _():
    first = sh("echo one; echo two; echo three", stdout=PIPE)
    second = Popen(["grep", "t"], stdin=first.stdout, stdout=PIPE)
    first.stdout.close()
    report(second)
    log(first.wait())


@case("subprocess.popen.streams.pipeline-ends", "when the reader ends, SIGPIPE ends the writer")
def _():
    first = Popen(["yes"], stdout=PIPE)
    second = Popen(["head", "-n", "1"], stdin=first.stdout, stdout=PIPE)
    first.stdout.close()
    report(second)
    log(first.wait() == -signal.SIGPIPE)


# ---- descriptors


def descriptors_in_child(wanted, **options):
    out, _ = sh(OPEN_DESCRIPTORS, stdout=PIPE, **options).communicate()
    return [int(line) for line in out.split() if wanted is None or int(line) in wanted]


@case("subprocess.popen.fds.closed", "the child has 0, 1 and 2 only")
def _():
    with open("/dev/null") as null:
        opened = [numbered(null.fileno(), at) for at in (100, 101, 150, 200, 255)]
        log(descriptors_in_child(None))
        log(descriptors_in_child(None, stdin=PIPE, stderr=PIPE))
        for fd in opened:
            os.close(fd)


@case("subprocess.popen.fds.inherited", "close_fds=False leaves those that are inheritable")
def _():
    with open("/dev/null") as null:
        opened = [numbered(null.fileno(), at) for at in (100, 101, 102, 103)]
        os.set_inheritable(opened[1], False)
        log(descriptors_in_child(opened, close_fds=False))
        for fd in opened:
            os.close(fd)


@case("subprocess.popen.fds.passed", "pass_fds are kept, whether inheritable or not; the parent's stay as they are")
def _():
    with open("/dev/null") as null:
        opened = [numbered(null.fileno(), at) for at in (100, 101, 102, 103)]
        os.set_inheritable(opened[1], False)
        for passed in ([100], [101], [103, 101], [101, 101, 102]):
            log(descriptors_in_child(None, pass_fds=passed))
        log([os.get_inheritable(fd) for fd in opened])
        for fd in opened:
            os.close(fd)


@case("subprocess.popen.fds.pass-overrides", "pass_fds beats close_fds=False, with a warning")
def _():
    with open("/dev/null") as null:
        opened = [numbered(null.fileno(), at) for at in (100, 101)]
        warned(lambda: log(descriptors_in_child(None, close_fds=False, pass_fds=[100])))
        for fd in opened:
            os.close(fd)


@case("subprocess.popen.fds.passed-and-redirected", "what is passed may be a stream as well")
def _():
    with open("/dev/null", "r+") as null, Channel() as said:
        passed = [numbered(null.fileno(), 100), numbered(said.writer, 101), numbered(null.fileno(), 102)]
        said.open()
        process = sh(OPEN_DESCRIPTORS, stdin=passed[0], stdout=passed[1], stderr=passed[2], pass_fds=passed)
        for fd in passed:
            os.close(fd)
        process.wait()
        log(repr(os.read(said.reader, 1024).decode()))


@case("subprocess.popen.fds.bad", "a number that is none, or not open")
def _():
    log(raised(lambda: Popen(["true"], pass_fds=[-1])))
    log(raised(lambda: Popen(["true"], pass_fds=[999])))


@case("subprocess.popen.fds.above-the-limit", "those above a limit lowered since are closed, too")
def _():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with open("/dev/null") as null:
        opened = [numbered(null.fileno(), at) for at in (120, 200, 255)]
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
        log(descriptors_in_child(None))
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for fd in opened:
            os.close(fd)


@case("subprocess.popen.fds.after-preexec", "and those that preexec_fn opens")
def _():
    log(descriptors_in_child(None, preexec_fn=lambda: os.dup2(1, 100)))


@case("subprocess.popen.fds.born-cloexec", "no child gets the pipes of another")
def _():
    with Popen(["cat"], stdin=PIPE, stdout=PIPE, stderr=PIPE, close_fds=False) as first:
        pipes = [first.stdin.fileno(), first.stdout.fileno(), first.stderr.fileno()]
        log([os.get_inheritable(fd) for fd in pipes])
        log(descriptors_in_child(pipes, close_fds=False))
        first.stdin.close()


# ---- signals, session, ids


def signal_sets(**options):
    """{name: signals} of the child: which are blocked and which ignored."""
    out, _ = Popen(["cat", "/proc/self/status"], stdout=PIPE, **options).communicate()
    found = {}
    for line in out.decode().splitlines():
        name, _, value = line.partition(":")
        if name in ("SigBlk", "SigIgn"):
            found[name] = {number for number in range(1, 65) if int(value, 16) >> (number - 1) & 1}
    return found


@case("subprocess.popen.restore-signals.default", "SIGPIPE and SIGXFSZ are as at the start of a program")
def _():
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_IGN)
    for restore in (True, False):
        ignored = signal_sets(restore_signals=restore)["SigIgn"]
        log(restore, signal.SIGPIPE in ignored, signal.SIGXFSZ in ignored)
    log(signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN, signal.getsignal(signal.SIGXFSZ) == signal.SIG_IGN)


@case("subprocess.popen.restore-signals.others", "others that are ignored stay so, those with a handler do not")
def _():
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.signal(signal.SIGUSR2, lambda number, frame: None)
    ignored = signal_sets()["SigIgn"]
    log(signal.SIGUSR1 in ignored, signal.SIGUSR2 in ignored)


@case("subprocess.popen.signals.mask", "the child's mask is that of the thread that starts it, which keeps its own")
def _():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    log(signal_sets()["SigBlk"] == {int(number) for number in before}, signal.SIGUSR1 in before)
    log(signal.pthread_sigmask(signal.SIG_BLOCK, []) == before)
    raised(lambda: Popen(["nonexisting_i_hope"]))
    log(signal.pthread_sigmask(signal.SIG_BLOCK, []) == before)


def group_and_session(**options):
    process = Popen(["cat", "/proc/self/stat"], stdout=PIPE, **options)
    out, _ = process.communicate()
    group, session = out.rpartition(b")")[2].split()[2:4]
    return process.pid, int(group), int(session)


@case("subprocess.popen.session.same", "as a rule the child is in the parent's group and session")
def _():
    _, group, session = group_and_session()
    log(group == os.getpgid(0), session == os.getsid(0))


@case("subprocess.popen.session.new", "start_new_session: it leads a session of its own")
def _():
    pid, group, session = group_and_session(start_new_session=True)
    log(group == pid, session == pid)


@case("subprocess.popen.process-group.own", "process_group=0: it leads a group of its own")
def _():
    pid, group, session = group_and_session(process_group=0)
    log(group == pid, session == os.getsid(0))


@case("subprocess.popen.process-group.joined", "another number: the group that it joins")
def _():
    with Popen(["cat"], stdin=PIPE, process_group=0) as leader:
        _, group, _ = group_and_session(process_group=leader.pid)
        log(group == leader.pid)
    log(raised(lambda: Popen(["true"], process_group=4194303)))


def allowed(act):
    """The answer, or True where the system does not let us, as it lets the superuser."""
    try:
        return act()
    except PermissionError:
        return os.getuid() != 0


def said_by(command, **options):
    return Popen(command, stdout=PIPE, **options).communicate()[0].split()


@case("subprocess.popen.ids.user", "user: by number or by name")
def _():
    for user, number in ((65534, b"65534"), ("nobody", b"65534"), (os.getuid(), b"%d" % os.getuid())):
        for close_fds in (True, False):
            log(allowed(lambda: said_by(["id", "-u"], user=user, close_fds=close_fds) == [number]))


@case("subprocess.popen.ids.group", "group: by number or by name")
def _():
    for group, number in ((65534, b"65534"), ("nogroup", b"65534"), (os.getgid(), b"%d" % os.getgid())):
        for close_fds in (True, False):
            log(allowed(lambda: said_by(["id", "-g"], group=group, close_fds=close_fds) == [number]))


@case("subprocess.popen.ids.extra-groups", "extra_groups: these and no others")
def _():
    grep = ["grep", "Groups", "/proc/self/status"]
    log(allowed(lambda: said_by(grep, extra_groups=[65534, "daemon"]) == [b"Groups:", b"1", b"65534"]))
    log(allowed(lambda: said_by(grep, extra_groups=[]) == [b"Groups:"]))


@case("subprocess.popen.ids.together", "group and extra_groups are set while it may be done")
def _():
    out = allowed(lambda: said_by(["sh", "-c", "id -u; id -g"], user=65534, group=65534, extra_groups=[65534]))
    log(out is True or out == [b"65534", b"65534"])


@case("subprocess.popen.ids.negative", "no negative numbers")
def _():
    log(raised(lambda: Popen(["true"], user=-1)))
    log(raised(lambda: Popen(["true"], group=-1)))
    log(raised(lambda: Popen(["true"], extra_groups=[0, -3])))


@case("subprocess.popen.ids.unknown", "no unknown names")
def _():
    for option in ({"user": "no such user"}, {"group": "no such group"}, {"extra_groups": ["no such group"]}):
        try:
            Popen(["true"], **option)
        except KeyError as error:
            log(error.args[0])  # str() puts it between quotes


@case("subprocess.popen.umask.set", "umask is the child's; -1 leaves the parent's")
def _():
    os.umask(0o022)
    for mask in (0o053, 0, -1):
        with Folder() as folder:
            sh("echo > beans", cwd=folder.top, umask=mask).wait()
            log(oct(os.stat(folder.path("beans")).st_mode & 0o777))
    log(oct(os.umask(0o022)))


@case("subprocess.popen.pipesize.set", "pipesize is that of all three pipes")
def _():
    import fcntl

    F_GETPIPE_SZ = 1032
    for size in (8192, -1, 0):
        with Popen(["cat"], stdin=PIPE, stdout=PIPE, stderr=PIPE, pipesize=size) as process:
            log([fcntl.fcntl(f.fileno(), F_GETPIPE_SZ) for f in (process.stdin, process.stdout, process.stderr)])


# ---- preexec_fn


@case("subprocess.popen.preexec.called", "it is called in the child, last, before the program is run")
def _():
    def change():
        os.putenv("FRUIT", "apple")
        os.chdir("/dev")

    seen = []
    report(sh("echo $FRUIT; pwd -P", stdout=PIPE, cwd="/", preexec_fn=change))
    report(sh("echo $$", stdout=DEVNULL, preexec_fn=lambda: seen.append(1)))
    log(os.getenv("FRUIT"), seen)


@case("subprocess.popen.preexec.raises", "what leaves it is SubprocessError here")
def _():
    def fail():
        raise ValueError("What if two swallows carried a coconut?")

    before = sorted(os.listdir("/proc/self/fd"))
    log(raised(lambda: Popen(["true"], stdin=PIPE, stdout=PIPE, stderr=PIPE, preexec_fn=fail)))
    log(sorted(os.listdir("/proc/self/fd")) == before)
    log(no_child_left())


# ---- options


@case("subprocess.popen.options.order", "their names and order are those of the signature")
def _():
    for name in list(inspect.signature(Popen).parameters)[1:]:
        log(name)


@case("subprocess.popen.options.windows", "those for Windows are refused")
def _():
    log(raised(lambda: Popen(["true"], startupinfo=object())))
    log(raised(lambda: Popen(["true"], creationflags=47)))


@case("subprocess.popen.options.text-twice", "text and universal_newlines may not contradict each other")
def _():
    log(raised(lambda: Popen(["true"], text=True, universal_newlines=False)))
    log(raised(lambda: Popen(["true"], text=False, universal_newlines=True)))
    log(raised(lambda: Popen(["true"], text=True, universal_newlines=True).wait()))
    log(raised(lambda: Popen(["true"], text=False, universal_newlines=False).wait()))


@case("subprocess.popen.options.text", "each of four turns text on")
def _():
    for option in ({"text": True}, {"universal_newlines": True}, {"encoding": "utf-8"}, {"errors": "strict"},
                   {"text": False}, {}):
        report(Popen(["printf", "a\\r\\nb\\rc"], stdout=PIPE, stderr=PIPE, **option))


@case("subprocess.popen.bufsize.default", "what is written stays here until it is flushed")
def _():
    process = Popen(["cat"], stdin=PIPE, stdout=PIPE)
    process.stdin.write(b"early ")
    os.write(process.stdin.fileno(), b"first ")
    process.stdin.flush()
    process.stdin.write(b"late")
    report(process)


@case("subprocess.popen.bufsize.zero", "0: nothing stays, neither written nor read")
def _():
    import select

    process = Popen(["cat"], stdin=PIPE, stdout=PIPE, bufsize=0)
    process.stdin.write(b"apple")
    log(process.stdout.read(4).decode())
    log(process.stdout in select.select([process.stdout], [], [], 0)[0])
    process.stdin.close()
    log(process.stdout.read().decode())
    process.stdout.close()
    process.wait()


@case("subprocess.popen.bufsize.line", "1 in text mode: a line goes when it is complete")
def _():
    with Popen(["cat"], stdin=PIPE, stdout=PIPE, bufsize=1, text=True) as process:
        process.stdin.write("line\n")
        log(repr(process.stdout.readline()))


@case("subprocess.popen.bufsize.line-binary", "1 in binary mode: a warning, and nothing goes by itself")
def _():
    started = []
    warned(lambda: started.append(Popen(["cat"], stdin=PIPE, stdout=PIPE, bufsize=1)))
    started[0].stdin.write(b"early\n")
    os.write(started[0].stdin.fileno(), b"first\n")
    report(started[0])


# ---- poll, wait


@case("subprocess.popen.start.does-not-wait", "the child runs beside us")
def _():
    process = Popen(["cat"], stdin=PIPE)
    log(process.returncode, process.poll())
    process.stdin.close()
    log(process.wait())


@case("subprocess.popen.poll.running", "None until the child has ended, then its code")
def _():
    process = sh("read -r line; exit 5", stdin=PIPE)
    log(process.poll(), process.poll(), process.returncode)
    process.stdin.close()
    wait_until_ended(process.pid)
    log(process.returncode, process.poll(), process.returncode, process.poll())
    log(is_child(process.pid))


@case("subprocess.popen.wait.returns", "the code, again and again")
def _():
    process = sh("exit 47")
    log(process.wait(), process.returncode, process.wait(), process.poll(), process.wait(timeout=0))
    log(is_child(process.pid))


@case("subprocess.popen.wait.codes", "codes are 0 to 255")
def _():
    log([sh("exit %d" % code).wait() for code in (0, 1, 2, 127, 128, 137, 255)])


@case("subprocess.popen.wait.signalled", "the negative number of the signal that ended it")
def _():
    for name in ("ABRT", "KILL", "TERM", "USR1"):
        log(name, sh("ulimit -c 0; kill -%s $$" % name).wait() == -getattr(signal, "SIG" + name))


@case("subprocess.popen.wait.timeout", "TimeoutExpired when the time has passed, not before; the child lives on")
def _():
    process, start = Popen(["cat"], stdin=PIPE), now()
    log(timed_out(lambda: process.wait(timeout=times.must_expire)), now() - start >= times.must_expire)
    log(process.returncode, process.poll())
    process.stdin.close()
    log(process.wait(timeout=times.must_not_expire))


@case("subprocess.popen.wait.timeout-error", "which says what, how long, and of no output")
def _():
    process = Popen(["cat"], stdin=PIPE)
    try:
        process.wait(timeout=0)
    except subprocess.TimeoutExpired as error:
        log(error.cmd, error.output, error.stderr, error)
    process.stdin.close()
    process.wait()


@case("subprocess.popen.wait.timeout-zero", "zero or less only looks")
def _():
    process = sh("read -r line; exit 3", stdin=PIPE)
    log(timed_out(lambda: process.wait(timeout=0)), timed_out(lambda: process.wait(timeout=-1)))
    process.stdin.close()
    wait_until_ended(process.pid)
    log(process.wait(timeout=-1))


@case("subprocess.popen.wait.no-files", "also under a limit of no open files")
def _():
    process, start = Popen(["cat"], stdin=PIPE), now()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    log(timed_out(lambda: process.wait(timeout=times.must_expire)), now() - start >= times.must_expire)
    process.stdin.close()
    start = now()
    log(process.wait(timeout=times.must_not_expire), now() - start < times.must_not_expire)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@case("subprocess.popen.wait.full-pipe", "a child that has filled a pipe that nobody reads does not end")
def _():
    process = Popen(["head", "-c", str(LARGE), "/dev/zero"], stdout=PIPE)
    log(timed_out(lambda: process.wait(timeout=times.must_expire)), process.poll())
    out, _ = process.communicate()
    log(len(out), process.returncode)


@case("subprocess.popen.wait.threads", "any number of threads may wait, each gets the code")
def _():
    process, codes = Popen(["cat"], stdin=PIPE), []
    calls = (process.wait, lambda: process.wait(timeout=times.must_not_expire))
    ready = threading.Barrier(5)

    def wait(call):
        ready.wait()
        codes.append(call())

    threads = [threading.Thread(target=wait, args=(calls[n % 2],)) for n in range(4)]
    for thread in threads:
        thread.start()
    ready.wait()
    process.kill()
    for thread in threads:
        thread.join()
    log(codes, process.returncode)


@case("subprocess.popen.wait.kill-from-thread", "one thread waits, another looks, kills and waits")
def _():
    process, waiting, seen = Popen(["cat"], stdin=PIPE), threading.Event(), []

    def kill():
        waiting.wait()
        seen.append(process.poll())
        process.kill()
        process.wait()
        seen.append(process.returncode)

    thread = threading.Thread(target=kill)
    thread.start()
    waiting.set()
    log(process.wait())
    thread.join()
    log(seen)


@case("subprocess.popen.wait.reaped-elsewhere", "whose status somebody else took has ended with 0")
def _():
    for look in (Popen.wait, Popen.poll, lambda process: process.wait(timeout=times.must_not_expire)):
        process = sh("exit 3")
        os.waitpid(process.pid, 0)
        log(process.returncode, look(process), process.returncode)


@case("subprocess.popen.wait.sigchld-ignored", "and so has whose status the system throws away")
def _():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    log(sh("exit 3").wait())
    log(sh("exit 3").wait(timeout=times.must_not_expire))
    process = sh("echo out; exit 3", stdout=PIPE)
    report(process)


@case("subprocess.popen.wait.stopped", "a stopped child has not ended")
def _():
    process = Popen(["cat"], stdin=PIPE)
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
    log(process.poll(), timed_out(lambda: process.wait(timeout=times.must_expire)))
    process.send_signal(signal.SIGCONT)
    process.stdin.close()
    log(process.wait())


def interrupts():
    """SIGUSR1 has a handler that counts."""
    came = []
    signal.signal(signal.SIGUSR1, lambda number, frame: came.append(number))
    return came


INTERRUPTING = "for n in 1 2 3 4 5 6 7 8; do kill -USR1 $PPID; done; cat; echo done"


@case("subprocess.popen.wait.interrupted", "signals that come meanwhile do not end it")
def _():
    for timeout in (None, times.must_not_expire):
        came = interrupts()
        log(sh(INTERRUPTING + "; exit 4", stdin=DEVNULL, stdout=DEVNULL).wait(timeout=timeout), bool(came))


# ---- communicate


@case("subprocess.popen.communicate.returns", "None for what is no pipe")
def _():
    report(sh("exit 47"))
    report(sh("printf pineapple", stdout=PIPE))
    report(sh("printf pineapple >&2", stderr=PIPE))
    report(sh("cat; printf pineapple >&2", stdin=PIPE, stdout=PIPE, stderr=PIPE), b"banana")
    report(sh("exit 0", stdout=PIPE, stderr=PIPE))


@case("subprocess.popen.communicate.stdin", "the input reaches a child that has no other pipe")
def _():
    report(sh("read -r line; [ \"$line\" = pear ] && exit 7", stdin=PIPE), b"pear\n")


@case("subprocess.popen.communicate.closes", "all pipes are closed afterwards")
def _():
    for chosen in itertools.product((None, PIPE), repeat=3):
        process = Popen(["true"], **dict(zip(("stdin", "stdout", "stderr"), chosen)))
        process.communicate()
        log([file.closed for file in (process.stdin, process.stdout, process.stderr) if file])


@case("subprocess.popen.communicate.no-input", "without input the child's stdin is at its end")
def _():
    report(Popen(["cat"], stdin=PIPE))
    report(Popen(["cat"], stdin=PIPE, stdout=PIPE))
    report(Popen(["cat"], stdin=PIPE, stdout=PIPE), b"")


@case("subprocess.popen.communicate.no-stdin", "input for a child without a pipe is dropped")
def _():
    report(Popen(["cat"], stdin=DEVNULL, stdout=PIPE), b"lost")
    report(Popen(["cat"], stdin=DEVNULL, stdout=PIPE, stderr=PIPE), b"lost")


@case("subprocess.popen.communicate.large", "more than the pipes hold, both ways at once")
def _():
    script = "head -c 47; head -c %d /dev/zero >&2; cat" % LARGE
    process = sh(script, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    out, err = process.communicate(b"a" * LARGE)
    log(out == b"a" * LARGE, err == b"\0" * LARGE, process.returncode)


@case("subprocess.popen.communicate.one-pipe", "all of it, of one pipe alone")
def _():
    out, err = Popen(["head", "-c", str(LARGE), "/dev/zero"], stdout=PIPE).communicate()
    log(len(out), err)
    out, err = sh("head -c %d /dev/zero >&2" % LARGE, stderr=PIPE).communicate()
    log(out, len(err))


@case("subprocess.popen.communicate.binary", "bytes are left as they are")
def _():
    every = bytes(range(256)) + b"\r\n\r\r\n"
    process = Popen(["cat"], stdin=PIPE, stdout=PIPE, stderr=PIPE)
    out, err = process.communicate(every)
    log(out == every, len(err))


@case("subprocess.popen.communicate.after-write", "what was written before goes first")
def _():
    process = Popen(["cat"], stdin=PIPE, stdout=PIPE, stderr=PIPE)
    process.stdin.write(b"banana")
    report(process, b"split")
    process = sh("read -r line; [ $line = bananasplit ] && exit 5", stdin=PIPE)
    process.stdin.write(b"banana")
    report(process, b"split\n")


@case("subprocess.popen.communicate.broken-pipe", "a child that does not read its input is no error")
def _():
    for options in ({}, {"stdout": PIPE}, {"stdout": PIPE, "stderr": PIPE}):
        report(Popen(["true"], stdin=PIPE, **options), b"x" * LARGE)
    process = Popen(["true"], stdin=PIPE)
    process.wait()
    report(process, b"x" * LARGE)


@case("subprocess.popen.communicate.broken-pipe-pending", "nor when what was written before cannot go")
def _():
    for streams, arguments in (({}, {}), ({}, {"input": b"more"}), ({"stdout": PIPE}, {}),
                               ({"stdout": PIPE}, {"timeout": times.must_not_expire})):
        process = Popen(["true"], stdin=PIPE, **streams)
        process.stdin.write(b"pending")
        wait_until_ended(process.pid)
        report(process, **arguments)


@case("subprocess.popen.communicate.interrupted", "signals that come meanwhile do not end it")
def _():
    for options in ({"stdout": PIPE}, {"stdout": PIPE, "stdin": PIPE}, {"stdout": PIPE, "stderr": PIPE}):
        came = interrupts()
        report(sh(INTERRUPTING, **dict({"stdin": DEVNULL}, **options)))
        log(bool(came))


@case("subprocess.popen.communicate.timeout", "TimeoutExpired has what came; the next call has all of it")
def _():
    with Channel() as gate, Channel() as ready:
        script = "echo pineapple >&2; echo >/dev/fd/%d; cat </dev/fd/%d; echo pear >&2; cat" % (
            ready.writer, gate.reader)
        process = sh(script, stdin=PIPE, stdout=PIPE, stderr=PIPE, pass_fds=[ready.writer, gate.reader])
        ready.wait()
        start = now()
        try:
            process.communicate(b"banana", timeout=times.must_expire)
        except subprocess.TimeoutExpired as error:
            log(shown(error.output), shown(error.stderr), error.stdout is error.output)
            log(error.timeout == times.must_expire, now() - start >= times.must_expire)
        log(process.poll())
        gate.open()
        report(process)


@case("subprocess.popen.communicate.timeout-large", "nothing is lost of what comes before, between and after")
def _():
    with Channel() as first, Channel() as second:
        part = "head -c %d /dev/zero; " % LARGE
        script = part + "cat </dev/fd/%d; " % first.reader + part + "cat </dev/fd/%d; " % second.reader + part
        process = sh(script, stdout=PIPE, pass_fds=[first.reader, second.reader])
        log(timed_out(lambda: process.communicate(timeout=times.must_expire)))
        first.open()
        log(timed_out(lambda: process.communicate(timeout=times.must_expire)))
        second.open()
        out, _ = process.communicate()
        log(len(out) == 3 * LARGE, process.returncode)


@case("subprocess.popen.communicate.timeout-zero", "a timeout of less than nothing")
def _():
    process = Popen(["cat"], stdin=PIPE, stdout=PIPE)
    log(timed_out(lambda: process.communicate(timeout=-1)))
    report(process)


@case("subprocess.popen.communicate.timeout-end", "a child that closes its output and runs on")
def _():
    with Channel() as gate:
        process = sh("echo x; exec >/dev/null; cat", stdin=gate.reader, stdout=PIPE)
        log(timed_out(lambda: process.communicate(timeout=times.must_expire)))
        log(timed_out(lambda: process.communicate(timeout=times.must_expire)))
        gate.open()
        report(process, timeout=times.must_not_expire)


@case("subprocess.popen.communicate.timeout-in-time", "a timeout that does not pass")
def _():
    process = sh("cat; echo err >&2", stdin=PIPE, stdout=PIPE, stderr=PIPE)
    report(process, b"in time", times.must_not_expire)


@case("subprocess.popen.communicate.grandchild", "the end of the output is waited for, not that of the child")
def _():
    with Channel() as gate:
        process = sh("exec 3<&0; (cat <&3; echo late) & echo early", stdin=gate.reader, stdout=PIPE)
        log(timed_out(lambda: process.communicate(timeout=times.must_expire)))
        gate.open()
        report(process)


@case("subprocess.popen.communicate.input-twice", "no input once it has begun")
def _():
    process = Popen(["cat"], stdin=PIPE, stdout=PIPE)
    report(process, b"first")
    log(raised(lambda: process.communicate(b"second")))
    process = Popen(["cat"], stdin=PIPE, stdout=PIPE, stderr=PIPE)
    timed_out(lambda: process.communicate(timeout=-1))
    log(raised(lambda: process.communicate(b"late")))
    report(process, b"")


@case("subprocess.popen.communicate.closed", "a stream that was closed before")
def _():
    process = Popen(["cat"], stdin=PIPE)
    process.stdin.close()
    report(process)
    for options in ({"stdin": PIPE}, {"stdin": PIPE, "stdout": PIPE}):
        with Popen(["cat"], **options) as process:
            process.stdin.close()
            log(raised(lambda: process.communicate(b"late" if len(options) == 1 else None)))
    with Popen(["true"], stdout=PIPE) as process:
        process.stdout.close()
        log(raised(process.communicate))
    process = Popen(["true"], stdout=PIPE, stderr=PIPE)
    process.stdout.close()
    report(process)


@case("subprocess.popen.communicate.text", "text: every end of line is \\n")
def _():
    lines = "printf 'line1\\nline2\\r\\nline3\\r'; printf '\\nline4\\r\\r\\nline5'"
    for options in ({"stdout": PIPE}, {"stdout": PIPE, "stderr": PIPE}):
        report(sh(lines, text=True, **options))
    report(sh("(" + lines + ") >&2", text=True, stderr=PIPE))


@case("subprocess.popen.communicate.text-input", "the input is sent as it is")
def _():
    process = sh("od -An -c", text=True, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    report(process, "1\n2\r\n3\rü\n")
    process = sh("read -r a; read -r b; [ $a$b = 13 ]", text=True, stdin=PIPE)
    report(process, "1\n3\n")
    report(Popen(["true"], text=True, stdin=PIPE, stdout=PIPE))


@case("subprocess.popen.communicate.text-both", "both outputs, and the input, in text mode")
def _():
    script = "read -r line; echo $line; printf 'line2\\r'; printf 'eline2\\n' >&2; cat; " \
        "printf 'line4\\nline5\\r\\n'; printf 'eline6\\reline7\\r\\nz' >&2"
    report(sh(script, text=True, stdin=PIPE, stdout=PIPE, stderr=PIPE), "line1\nline3\n")


@case("subprocess.popen.communicate.text-errors", "what is no UTF-8 is an error, or what errors= says")
def _():
    for errors in (None, "strict", "ignore", "replace", "backslashreplace", "surrogateescape"):
        process = Popen(["printf", "[\\200\\200]"], stdin=PIPE, stdout=PIPE, encoding="utf-8", errors=errors)
        said = []
        failed = raised(lambda: said.append(process.communicate("")))
        # A surrogate stands for its byte, which is what ours keeps.
        log(errors, failed, *[list(out.encode("utf-8", "surrogateescape")) for out, _ in said])
        log(process.wait())


# ---- signals to the child


@case("subprocess.popen.signal.send", "send_signal sends what it is given")
def _():
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for number in (signal.SIGUSR1, signal.SIGINT, 9):
        process = Popen(["cat"], stdin=PIPE)
        log(process.send_signal(number), process.wait() == -number)


@case("subprocess.popen.signal.caught", "a child may do something else about it")
def _():
    process = sh("trap 'echo caught; exit 6' USR1; echo ready; while :; do read -r line || :; done", stdin=PIPE,
                    stdout=PIPE)
    log(process.stdout.readline().decode())
    process.send_signal(signal.SIGUSR1)
    log(process.stdout.read().decode(), process.wait())
    process.stdout.close()
    process.stdin.close()


@case("subprocess.popen.signal.terminate", "terminate is SIGTERM")
def _():
    process = Popen(["cat"], stdin=PIPE, stderr=PIPE)
    process.terminate()
    report(process)


@case("subprocess.popen.signal.kill", "kill is SIGKILL")
def _():
    process = sh("trap '' TERM; echo; cat", stdin=PIPE, stdout=PIPE)
    process.stdout.readline()
    process.terminate()
    log(process.poll())
    process.kill()
    log(process.wait())
    process.stdout.close()
    process.stdin.close()


@case("subprocess.popen.signal.finished", "nothing happens to one that has ended")
def _():
    for act in (lambda process: process.send_signal(signal.SIGINT), Popen.terminate, Popen.kill):
        waited, unseen = sh("exit 3"), sh("exit 4")
        waited.wait()
        wait_until_ended(unseen.pid)
        log(raised(lambda: act(waited)), waited.returncode, raised(lambda: act(unseen)), unseen.wait())


@case("subprocess.popen.signal.looks-first", "whether it has ended is looked at before")
def _():
    ended, gone = sh("exit 3"), sh("exit 4")
    wait_until_ended(ended.pid)
    os.waitpid(gone.pid, 0)
    for process in (ended, gone):
        log(process.returncode, raised(process.terminate), process.returncode)


@case("subprocess.popen.signal.invalid", "a signal that is none")
def _():
    process = Popen(["cat"], stdin=PIPE)
    log(raised(lambda: process.send_signal(1000)), raised(lambda: process.send_signal(0)), process.poll())
    process.stdin.close()
    log(process.wait(), raised(lambda: process.send_signal(1000)))


@case("subprocess.popen.signal.only-the-child", "its own children get nothing")
def _():
    with Channel() as gate:
        process = sh("exec 3<&0; (cat <&3; echo alive) & echo; wait", stdin=gate.reader, stdout=PIPE)
        process.stdout.readline()
        process.kill()
        log(process.wait())
        gate.open()
        log(process.stdout.read().decode())
        process.stdout.close()


# ---- the end of a Popen


@case("subprocess.popen.with.waits", "the end of `with` waits for the child")
def _():
    with sh("exit 100") as process:
        log(process.returncode)
    log(process.returncode)


@case("subprocess.popen.with.closes", "and closes the pipes before, so the child sees their end")
def _():
    with sh("cat; exit 3", stdin=PIPE, stdout=PIPE, stderr=PIPE) as process:
        process.stdin.write(b"pending")
        process.stdin.flush()
        log(process.stdout.read(7).decode())
    log(process.stdin.closed, process.stdout.closed, process.stderr.closed, process.returncode)


@case("subprocess.popen.with.communicated", "nothing is left to do after communicate")
def _():
    with sh("read -r line; [ $line = context ] && exit 1", stdin=PIPE) as process:
        process.communicate(b"context\n")
        log(process.returncode)
    log(process.returncode)


@case("subprocess.popen.with.broken-pipe", "what cannot be flushed is an error, but the child was waited for")
def _():
    process = Popen(["true"], stdin=PIPE)

    def scope():
        with process:
            process.stdin.write(b"pending")
            wait_until_ended(process.pid)

    log(raised(scope))
    log(process.returncode, process.stdin.closed)


@case("subprocess.popen.dropped.running", "one that still runs is warned of, and reaped when others start")
def _():
    with Channel() as gate:
        held = [Popen(["cat"], stdin=gate.reader)]
        pid = held[0].pid
        warned(held.clear)
        log(is_child(pid))
        gate.open()
        wait_until_ended(pid)
        raised(lambda: Popen(["nonexisting_i_hope"]))
        log(is_child(pid))


@case("subprocess.popen.dropped.ended", "one that has ended unseen is warned of, too, but reaped at once")
def _():
    held = [Popen(["true"])]
    pid = held[0].pid
    wait_until_ended(pid)
    warned(held.clear)
    log(is_child(pid))


@case("subprocess.popen.dropped.finished", "of one whose end was seen nothing is said")
def _():
    held = [Popen(["true"])]
    held[0].wait()
    warned(held.clear)


@case("subprocess.popen.threads.start", "many threads start, feed and read children at once")
def _():
    def run(name):
        for turn in range(5):
            process = sh("cat; echo %s >&2; exit %d" % (name, turn), stdin=PIPE, stdout=PIPE, stderr=PIPE)
            out, err = process.communicate(b"%d" % turn)
            right.append((out, err, process.returncode) == (b"%d" % turn, name.encode() + b"\n", turn))

    right = []
    threads = [threading.Thread(target=run, args=("thread %d" % number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log(len(right), all(right))


# ---- repr


@case("subprocess.popen.repr.text", "return code and arguments, at most 80 characters")
def _():
    def show(args):
        process = Popen(args)
        log(repr(process))
        process.wait()
        log(repr(process))

    show("true")
    show(["true"])
    show(["false", "it's", 'a "b"'])
    show(["true", "--my-opts", "a" * 100])
    for length in range(35, 42):
        show(["true", "a" * length])
    with Popen("exit 123", shell=True) as process:
        process.wait()
        log(repr(process))
