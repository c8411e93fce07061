import asyncio
import os
import pathlib
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT

from case import case, log, raised
from network import heard, named, running, said, shown, turns, until

LARGE = 1 << 20  # more than any pipe holds by default


def run(*words, **options):
    return asyncio.create_subprocess_exec(*words, **options)


def sh(command, **options):
    return asyncio.create_subprocess_shell(command, **options)


async def sleeper(**options):
    """A child that does nothing until it is killed."""
    return await run("sleep", "1000", **options)


async def report(process, *input):
    """Logs what communicate() returns, and the return code."""
    out, err = await process.communicate(*input)
    log(shown(out), shown(err), process.returncode)


def no_child_left():
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return True
    return False


# ---- starting


@case("asyncio.subprocess.exec.words", "a program and its arguments, as they are")
@running
async def _():
    words = ["a b", "", "*", "$HOME", "it's", "\\", "ü"]
    await report(await run("printf", "<%s>", *words, stdout=PIPE))
    await report(await run(pathlib.Path("/bin/sh"), "-c", "echo $1", "sh", pathlib.Path("/a/path"), stdout=PIPE))


@case("asyncio.subprocess.exec.not-found", "what Popen raises; nothing is left")
@running
async def _():
    for options in ({}, {"stdin": PIPE}, {"cwd": "/no/such/folder"}):
        log(await said(run("/no/such/program", **options)))
    log(no_child_left())


@case("asyncio.subprocess.shell", "a line for a shell")
@running
async def _():
    process = await sh("exit 7")
    log(await said(process.wait()), process.returncode)
    await report(await sh("echo out; echo err >&2; exit 3", stdout=PIPE, stderr=PIPE))


@case("asyncio.subprocess.options", "those of Popen: session, environment, directory, descriptors")
@running
async def _():
    await report(await sh("exit 8", start_new_session=True))
    await report(await sh("echo $WORD", env={"WORD": "x"}, stdout=PIPE))
    await report(await sh("pwd", cwd="/", stdout=PIPE))
    reader, writer = os.pipe()
    process = await sh("echo through >&%d" % writer, pass_fds=(writer,))
    os.close(writer)
    log(await said(process.wait()), shown(os.read(reader, 100)))
    os.close(reader)


@case("asyncio.subprocess.text", "ValueError for what asks for text", since="3.8.1")
@running
async def _():
    for options in ({"text": True}, {"encoding": "utf-8"}, {"errors": "strict"}, {"universal_newlines": True},
                    {"bufsize": 1}):
        log(await said(run("true", **options)))
        log(await said(sh("true", **options)))
    log(no_child_left())


@case("asyncio.subprocess.attributes", "pid, streams where there are pipes, no return code yet")
@running
async def _():
    process = await sleeper(stdin=PIPE, stdout=PIPE)
    log(process.pid > 0, process.stdin is None, process.stdout is None, process.stderr is None, process.returncode)
    log(str(process).replace(str(process.pid), "PID"))
    process.kill()
    await process.wait()


# ---- streams


@case("asyncio.subprocess.stdin-stdout", "they are a StreamWriter and a StreamReader")
@running
async def _():
    process = await run("cat", stdin=PIPE, stdout=PIPE)
    process.stdin.write(b"some data")
    await process.stdin.drain()
    process.stdin.close()
    log(await said(process.stdin.wait_closed()))
    log(await said(process.stdout.read()), await said(process.wait()))


@case("asyncio.subprocess.interactive", "question by question")
@running
async def _():
    process = await run("cat", stdin=PIPE, stdout=PIPE)
    for word in (b"one\n", b"two\n"):
        process.stdin.write(word)
        log(await said(process.stdout.readline()))
    process.stdin.write_eof()
    log(await said(process.stdout.readline()), await said(process.wait()))


@case("asyncio.subprocess.devnull", "DEVNULL, STDOUT, descriptors and the parent's own")
@running
async def _():
    await report(await sh("wc -c | tr -d ' '", stdin=DEVNULL, stdout=PIPE, stderr=PIPE))
    await report(await sh("cat", stdin=PIPE, stdout=DEVNULL, stderr=PIPE), b"abc")
    await report(await sh("echo err >&2; cat", stdin=PIPE, stdout=PIPE, stderr=DEVNULL), b"abc")
    await report(await sh("echo out; echo err >&2", stdout=PIPE, stderr=STDOUT))
    reader, writer = os.pipe()
    process = await sh("echo x", stdout=writer)
    os.close(writer)
    log(await said(process.wait()), shown(os.read(reader, 10)))
    os.close(reader)


@case("asyncio.subprocess.dev-stdin", "the child may open its stdin anew")
@running
async def _():
    await report(await sh("cat /dev/stdin", stdin=PIPE, stdout=PIPE, stderr=PIPE), b"abc")


@case("asyncio.subprocess.limit", "a child that writes more than its reader may hold waits; all comes in the end")
@running
async def _():
    process = await sh("head -c 300000 /dev/zero; echo done >&2", stdout=PIPE, stderr=PIPE, limit=10)
    await turns(50)
    log(process.returncode)
    out, err = await process.communicate()
    log(len(out), shown(err), process.returncode)


@case("asyncio.subprocess.after-exit", "what a child has written can be read when it has gone")
@running
async def _():
    process = await sh("head -c 262144 /dev/zero; exit 1", stdout=PIPE)
    total = 0
    while True:
        data = await process.stdout.read(65536)
        if not data:
            break
        total += len(data)
        await turns(20)
    log(total, await said(process.wait()))


# ---- communicate


@case("asyncio.subprocess.communicate.input", "the input in, both outputs out, the child waited for")
@running
async def _():
    await report(await sh("cat; echo err >&2; exit 3", stdin=PIPE, stdout=PIPE, stderr=PIPE), b"some data")
    await report(await sh("cat", stdin=PIPE, stdout=PIPE))
    await report(await sh("wc -c | tr -d ' '", stdin=PIPE, stdout=PIPE), b"")
    await report(await sh("exit 4"))


@case("asyncio.subprocess.communicate.large", "more than pipes hold, in both directions")
@running
async def _():
    process = await run("cat", stdin=PIPE, stdout=PIPE)
    out, err = await process.communicate(b"x" * LARGE)
    log(len(out), out.count(b"x"), err, process.returncode)


@case("asyncio.subprocess.communicate.inheritable", "no child keeps another's stdin open")
@running
async def _():
    first = await run("cat", stdin=PIPE, stdout=PIPE, close_fds=False)
    second = await run("cat", stdin=PIPE, stdout=PIPE, close_fds=False)
    await report(first, b"abc")
    await report(second, b"def")


@case("asyncio.subprocess.communicate.broken-pipe", "a child that does not read its input is no error")
@running
async def _():
    messages = heard()
    await report(await run("true", stdin=PIPE), b"x" * LARGE)
    await report(await sh("exec <&-; echo out", stdin=PIPE, stdout=PIPE), b"x" * LARGE)
    log(messages)


@case("asyncio.subprocess.communicate.many", "many at once, each with its own output")
@running
async def _():
    async def output(word):
        out, _ = await (await run("echo", word, stdout=PIPE)).communicate()
        return out.decode().strip()

    log(await asyncio.gather(*[output("foo%d" % number) for number in range(10)]))


@case("asyncio.subprocess.communicate.cancel", "a cancelled one may be called again: the child lives")
@running
async def _():
    process = await run("cat", stdin=PIPE, stdout=PIPE)
    task = asyncio.ensure_future(process.stdout.read())
    await turns(3)
    task.cancel()
    log(await said(task), process.returncode)
    await report(process, b"abc")


@case("asyncio.subprocess.drain.broken-pipe", "drain() of a child's stdin raises when it is gone")
@running
async def _():
    process = await sh("read x", stdin=PIPE)
    process.stdin.write(b"x" * LARGE)
    log(isinstance(process.stdin, asyncio.StreamWriter))
    process.kill()
    try:
        await process.stdin.drain()
        log("nothing")
    except (BrokenPipeError, ConnectionResetError) as error:
        log(isinstance(error, ConnectionError))
    log(await said(process.wait()))


# ---- waiting


@case("asyncio.subprocess.wait.again", "the same, as often as it is asked, by as many")
@running
async def _():
    process = await sh("exit 5")
    log(await asyncio.gather(process.wait(), process.wait()), await said(process.wait()), process.returncode)


@case("asyncio.subprocess.wait.cancel", "a cancelled one can be repeated; the child does not notice")
@running
async def _():
    process = await sleeper()
    task = asyncio.ensure_future(process.wait())
    asyncio.get_running_loop().call_soon(task.cancel)
    log(await said(task), process.returncode)
    task.cancel()
    other = asyncio.ensure_future(process.wait())
    process.kill()
    log(await said(process.wait()), await said(other))


@case("asyncio.subprocess.wait.streams", "who waits goes on when the child's pipes are at their ends, too")
@running
async def _():
    process = await sh("read x; sleep 1000 & echo $!", stdin=PIPE, stdout=PIPE)
    task = asyncio.ensure_future(process.wait())
    await turns(2)
    process.stdin.write(b"\n")
    process.stdin.close()
    other = int(await process.stdout.readline())
    await until(lambda: process.returncode is not None)
    await turns(5)
    log(process.returncode, task.done())
    os.kill(other, signal.SIGKILL)
    log(await said(process.stdout.read()), await said(task))


@case("asyncio.subprocess.signals", "kill(), terminate(), send_signal(); none to one that has ended")
@running
async def _():
    for act in (lambda child: child.kill(), lambda child: child.terminate(),
                lambda child: child.send_signal(signal.SIGHUP)):
        process = await sleeper()
        act(process)
        log(await said(process.wait()))
        log(raised(process.kill), raised(process.terminate), raised(lambda: process.send_signal(signal.SIGHUP)))
    process = await sh("sleep 1000; exit 1", stdout=PIPE, start_new_session=True)
    os.killpg(process.pid, signal.SIGKILL)
    log(await said(process.wait()))


@case("asyncio.subprocess.create.cancel", "a cancelled creation kills and reaps the child")
@running
async def _():
    for number in range(5):
        task = asyncio.ensure_future(sleeper(stdin=PIPE, stdout=PIPE))
        await turns(number)
        task.cancel()
        log(await said(task), no_child_left())


# ---- the transport


class Recorder(asyncio.SubprocessProtocol):
    """Remembers what it is told."""

    def __init__(self):
        self.told, self.data = [], {1: b"", 2: b""}
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.told.append("made")

    def pipe_data_received(self, fd, data):
        self.data[fd] += data
        if "data %d" % fd not in self.told:
            self.told.append("data %d" % fd)

    def pipe_connection_lost(self, fd, error):
        self.told.append("pipe %d lost %s" % (fd, named(error) if error else None))

    def process_exited(self):
        self.told.append("exited")

    def connection_lost(self, error):
        self.told.append("lost %s" % error)
        self.done.set_result(None)


def started(*words, **options):
    return asyncio.get_running_loop().subprocess_exec(Recorder, *words, **options)


def started_shell(command, **options):
    return asyncio.get_running_loop().subprocess_shell(Recorder, command, **options)


@case("asyncio.subprocess.transport.exec", "pipes by default; close() kills what runs")
@running
async def _():
    transport, protocol = await started("cat")
    log([transport.get_pipe_transport(fd) is not None for fd in range(4)], transport.get_pid() > 0)
    await until(lambda: protocol.told)
    stdin = transport.get_pipe_transport(0)
    for word in (b"Python ", b"The Winner"):
        stdin.write(word)
        await until(lambda: protocol.data[1].endswith(word))
    log(transport.get_returncode(), transport.is_closing())
    transport.close()
    log(transport.is_closing())
    await protocol.done
    log(sorted(protocol.told), transport.get_returncode(), shown(protocol.data[1]))
    transport.close()


@case("asyncio.subprocess.transport.shell", "output, exit code, in the end lost")
@running
async def _():
    transport, protocol = await started_shell("read x; echo OUT:$x; echo ERR:$x >&2; exit 7")
    transport.get_pipe_transport(0).write(b"test\n")
    await protocol.done
    log(protocol.told[0], protocol.told[-1], sorted(protocol.told), transport.get_returncode())
    log(shown(protocol.data[1]), shown(protocol.data[2]))
    transport.close()


@case("asyncio.subprocess.transport.no-pipes", "nothing to be told but its end")
@running
async def _():
    transport, protocol = await started_shell("exit 7", stdin=None, stdout=None, stderr=None)
    log([transport.get_pipe_transport(fd) for fd in range(3)])
    await protocol.done
    log(protocol.told, transport.get_returncode(), transport.close())


@case("asyncio.subprocess.transport.stderr", "STDOUT sends both to one pipe")
@running
async def _():
    transport, protocol = await started_shell("echo OUT; echo ERR >&2", stdin=None, stderr=STDOUT)
    log([transport.get_pipe_transport(fd) is not None for fd in range(3)])
    await protocol.done
    log(shown(protocol.data[1]), shown(protocol.data[2]), transport.get_returncode())
    transport.close()


@case("asyncio.subprocess.transport.close-pipe", "a pipe that is closed on our side breaks on the child's")
@running
async def _():
    transport, protocol = await started_shell("trap '' PIPE; echo OUT; read x; echo more 2>/dev/null || echo ERR >&2; exec sleep 1000")
    await until(lambda: protocol.data[1])
    transport.get_pipe_transport(1).close()
    await until(lambda: "pipe 1 lost None" in protocol.told)
    transport.get_pipe_transport(0).write(b"xxx\n")
    await until(lambda: protocol.data[2])
    log(shown(protocol.data[1]), shown(protocol.data[2]))
    transport.close()
    await until(lambda: "exited" in protocol.told)
    log(transport.get_returncode())


@case("asyncio.subprocess.transport.signals", "kill(), terminate(), send_signal()")
@running
async def _():
    for act in (lambda child: child.kill(), lambda child: child.terminate(),
                lambda child: child.send_signal(signal.SIGHUP)):
        transport, protocol = await started("sleep", "1000")
        act(transport)
        await protocol.done
        log(transport.get_returncode(), raised(lambda: act(transport)))
        transport.close()


@case("asyncio.subprocess.transport.close-finished", "one that has ended is not killed")
@running
async def _():
    transport, protocol = await started_shell("read x; exit 3", stdout=None, stderr=None)
    transport.get_pipe_transport(0).write(b"\n")
    os.waitid(os.P_PID, transport.get_pid(), os.WEXITED | os.WNOWAIT)
    log(transport.get_returncode())
    transport.close()
    await protocol.done
    log(transport.get_returncode() != -signal.SIGKILL, protocol.told[0], protocol.told[-1])


@case("asyncio.subprocess.transport.set-protocol", "what comes next is told to the new one")
@running
async def _():
    transport, first = await started("cat")
    await until(lambda: first.told)
    log(transport.get_protocol() is first)
    second = Recorder()
    transport.set_protocol(second)
    log(transport.get_protocol() is second)
    stdin = transport.get_pipe_transport(0)
    stdin.write(b"told\n")
    await until(lambda: second.data[1])
    stdin.close()
    await second.done
    log(first.told, sorted(second.told), shown(second.data[1]), transport.get_protocol())
    transport.close()


@case("asyncio.subprocess.transport.repr", "what runs, and by which pipes")
@running
async def _():
    transport, protocol = await started("sleep", "1000", stdin=None, stdout=None, stderr=None)
    hide = lambda: str(transport).replace("pid=%d" % transport.get_pid(), "pid=N")
    log(hide())
    transport.kill()
    await protocol.done
    log(hide())
    transport.close()
    log(hide())
