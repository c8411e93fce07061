"""A runner (reference/PROTOCOL.md) as a child process."""

import json
import selectors
import subprocess


class RunnerError(Exception):
    pass


class Runner:
    """Starts the command, says hello, runs programs; starts it anew when it has died or hangs."""

    def __init__(self, command, timeout):
        self.command, self.timeout, self.sequence = command, timeout, 0
        self.start()
        hello = self.ask({"message": "hello", "protocol": 1})
        if hello.get("message") != "hello":
            raise RunnerError(f"{command[0]}: no hello but {hello}")
        self.kinds, self.features = hello["kinds"], set(hello["features"])
        self.name = f"{hello['implementation']} {hello['version']}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def start(self):
        try:
            self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError as error:
            raise RunnerError(f"{self.command[0]}: {error}") from None

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def restart(self, why):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.start()
        return {"message": "error", "error": "died", "text": why}

    def ask(self, message):
        line = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        try:
            self.process.stdin.write(line)
            self.process.stdin.flush()
        except (BrokenPipeError, ConnectionError):
            return self.restart("it had ended")
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(self.timeout):
                return self.restart(f"no answer within {self.timeout} s")
        answer = self.process.stdout.readline()
        if not answer:
            return self.restart(f"it ended with status {self.process.wait()}")
        return json.loads(answer)

    def run(self, kind, programs):
        """The observations of each program; for one that fails, the error."""
        self.sequence += 1
        answer = self.ask({"message": "run", "seq": self.sequence, "kind": kind, "programs": programs})
        if answer["message"] == "result":
            return answer["observations"]
        if len(programs) > 1:
            return [self.run(kind, [program])[0] for program in programs]
        return [{"error": answer["error"], "text": answer["text"]}]
