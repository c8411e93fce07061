"""A runner (reference/PROTOCOL.md) as a child process."""

import contextlib
import json
import os
import selectors
import subprocess
import time

import hangs


# What must be refused with an error, and which, without an end to the runner.
ODDITIES = {
    "{": "bad-json",
    "[1, 2]": "bad-json",
    '{"message": "sing", "seq": 9}': "unknown-message",
    '{"seq": 9}': "unknown-message",
    '{"message": "hello", "protocol": 0, "seq": 9}': "unknown-message",
    '{"message": "run", "seq": 9, "kind": "sandwich", "program": {"operations": []}}': "unknown-kind",
    '{"message": "run", "seq": 9, "kind": "queue"}': "bad-program",
    '{"message": "run", "seq": 9, "kind": "queue", "program": {"operations": 1}}': "bad-program",
    '{"message": "run", "seq": 9, "kind": "queue", "program": {"operations": []}}': "bad-program",
    '{"message": "run", "seq": 9, "kind": "queue", "program": {"class": "heap", "operations": []}}': "bad-program",
    '{"message": "run", "seq": 9, "kind": "queue", "program": {"class": "queue", "operations": [["sing"]]}}': "bad-program",
    '{"message": "run", "seq": 9, "kind": "queue", "program": {"class": "queue", "operations": [["put"]]}}': "bad-program",
    '{"message": "run", "seq": 9, "kind": "queue", "program": {"class": "queue", "operations": [[]]}}': "bad-program",
    '{"message": "run", "seq": 9, "kind": "queue", "program": {"class": "queue", "operations": ['
    + ", ".join(["[]"] * 1001)
    + "]}}": "limit",
}

TO_END = 10  # seconds, once there is nothing more to read
PIECE = 1 << 16  # bytes that are read at once
SHOWN = 300  # characters of what is no answer


class RunnerError(Exception):
    """It cannot be started, or what it says is not of the protocol: nothing more can be asked of it."""


def both(kind, program, left, right):
    """What each of two runners sees of it, an error where that cannot be said."""
    return left.run(kind, [program])[0], right.run(kind, [program])[0]


def alike(one, other):
    """Whether both have seen the same of a program. Two equal errors are no agreement: nothing was seen."""
    return one == other and isinstance(one, list)


def differ_as(first, now):
    """Whether two still see a program differently, by what they see or by the same errors on the same sides as at `first`: made
    smaller, it has to show the same."""
    return not alike(*now) and [error_of(seen) for seen in now] == [error_of(seen) for seen in first]


def error_of(seen):
    return None if isinstance(seen, list) else seen.get("error")


def ready(pipe, event, until):
    """Whether it can be read from or written to, in time."""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, event)
        left = until - time.monotonic()
        return left > 0 and bool(selector.select(left))


def are_texts(value):
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def are_of(observations, programs):
    return isinstance(observations, list) and len(observations) == len(programs)


class Runner:
    """Starts the command, says hello, runs programs; starts it anew when it has died or hangs."""

    def __init__(self, command, timeout):
        self.command, self.timeout, self.sequence = command, timeout, 0
        self.start()
        try:
            self.greet()
        except RunnerError:
            self.end()
            raise

    def greet(self):
        hello = self.ask({"message": "hello", "protocol": 1})
        if hello.get("message") != "hello":
            raise RunnerError(f"{self.command[0]}: no hello but {hello}")
        kinds, features = hello.get("kinds"), hello.get("features")
        if not (are_texts(kinds) and are_texts(features) and {"implementation", "version"} <= set(hello)):
            raise self.malformed(hello)
        self.kinds, self.features = kinds, set(features)
        self.name = f"{hello['implementation']} {hello['version']}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def start(self):
        self.said = b""  # beyond the last line
        try:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError as error:
            raise RunnerError(f"{self.command[0]}: {error}") from None
        os.set_blocking(self.process.stdin.fileno(), False)  # who does not read what it is sent has its time, too

    def end(self):
        self.close_input()
        self.status()
        self.process.stdout.close()

    def close_input(self):
        """What it has not read when it ends is lost."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()

    def status(self):
        """How it ended. It is killed when it does not, though there is nothing more to say."""
        try:
            return self.process.wait(timeout=TO_END)
        except subprocess.TimeoutExpired:
            self.tell(TO_END)
            self.process.kill()
            return self.process.wait()

    def tell(self, seconds):
        """Where it waits, before it is killed."""
        hangs.say(hangs.told(self.process.pid, self.command[0], seconds))

    def restart(self, why):
        self.process.kill()
        self.process.wait()
        self.close_input()
        self.process.stdout.close()
        self.start()
        return {"message": "error", "error": "died", "text": why}

    def ask(self, message):
        return self.ask_line(json.dumps(message, separators=(",", ":")))

    def ask_line(self, text):
        until = time.monotonic() + self.timeout
        try:
            answer = self.line(until) if self.sent(text.encode() + b"\n", until) else None
        except (BrokenPipeError, ConnectionError):
            return self.restart("it had ended")
        if answer is None:
            self.tell(self.timeout)
            return self.restart(f"no answer within {self.timeout} s")
        if not answer:
            return self.restart(f"it ended with status {self.status()}")
        return self.parsed(answer)

    def sent(self, line, until):
        """Whether all of it was, in time."""
        line = memoryview(line)
        while line and ready(self.process.stdin, selectors.EVENT_WRITE, until):
            line = line[os.write(self.process.stdin.fileno(), line):]
        return not line

    def line(self, until):
        """The next line; nothing where it has ended, None where there is no whole one in time."""
        while b"\n" not in self.said:
            if not ready(self.process.stdout, selectors.EVENT_READ, until):
                return None
            piece = os.read(self.process.stdout.fileno(), PIECE)
            if not piece:
                return b""
            self.said += piece
        line, end, self.said = self.said.partition(b"\n")
        return line + end

    def parsed(self, line):
        with contextlib.suppress(ValueError):
            answer = json.loads(line)
            if isinstance(answer, dict):
                return answer
        raise self.malformed(line.decode(errors="replace").rstrip())

    def malformed(self, said):
        return RunnerError(f"{self.command[0]}: not an answer by the protocol: {str(said)[:SHOWN]}")

    def breaches(self):
        """Where it does not keep to the protocol: each a line of text."""
        for text, code in ODDITIES.items():
            answer = self.ask_line(text)
            if (answer.get("message"), answer.get("error")) != ("error", code):
                yield f"{text} is to be refused as {code!r}, not answered by {answer}"
            elif "seq" not in answer or answer["seq"] != (9 if '"seq"' in text else None):
                yield f"{text} is answered by a wrong seq: {answer}"
        if self.ask({"message": "reset", "unknown": 1}) != {"message": "reset"}:
            yield "reset is not answered by reset"

    def run(self, kind, programs):
        """The observations of each program; for one that fails, the error."""
        self.sequence += 1
        answer = self.ask({"message": "run", "seq": self.sequence, "kind": kind, "programs": programs})
        if self.is_refused(answer):
            if len(programs) > 1:
                return [self.run(kind, [program])[0] for program in programs]
            return [{"error": answer["error"], "text": answer["text"]}]
        seen = answer.get("observations")
        if (answer.get("message"), answer.get("seq")) != ("result", self.sequence) or not are_of(seen, programs):
            raise self.malformed(answer)
        return seen

    def is_refused(self, answer):
        """By an error of this request. It has no number where it was not read, as when its line is too long, or when the runner died."""
        return answer.get("message") == "error" and {"error", "text"} <= set(answer) and answer.get("seq") in (self.sequence, None)
