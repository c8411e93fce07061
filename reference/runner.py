#!/usr/bin/env python3
"""CPython behind the runner protocol: see PROTOCOL.md."""

import json
import platform
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import programs  # noqa: E402

PROTOCOL = 1
LIMITS = {"line": 8 << 20, "programs": 1000, "operations": 1000}


class Refused(Exception):
    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


def hello(message):
    if message.get("protocol", PROTOCOL) != PROTOCOL:
        raise Refused("unknown-message", f"this is protocol {PROTOCOL}")
    return {
        "message": "hello",
        "protocol": PROTOCOL,
        "implementation": platform.python_implementation(),
        "version": platform.python_version(),
        "platform": f"{sys.platform}-{platform.machine()}",
        "kinds": list(programs.KINDS),
        "features": programs.features(),
        "limits": LIMITS,
    }


def run_program(kind, program):
    if not isinstance(program, dict) or not isinstance(program.get("operations"), list):
        raise Refused("bad-program", "a program is an object with a list of operations")
    if len(program["operations"]) > LIMITS["operations"]:
        raise Refused("limit", "too many operations")
    try:
        return programs.run(kind, program)
    except programs.Unsupported as error:
        raise Refused("unsupported", str(error)) from None
    except programs.BadProgram as error:
        raise Refused("bad-program", str(error)) from None


def run(message):
    kind = message.get("kind")
    if kind not in programs.KINDS:
        raise Refused("unknown-kind", f"{kind!r}")
    if "programs" in message:
        if len(message["programs"]) > LIMITS["programs"]:
            raise Refused("limit", "too many programs")
        observations = [run_program(kind, program) for program in message["programs"]]
    else:
        observations = run_program(kind, message.get("program"))
    return {"message": "result", "seq": message.get("seq"), "observations": observations}


ANSWERS = {
    "hello": hello,
    "run": run,
    "reset": lambda message: {"message": "reset"},
    "stop": lambda message: {"message": "stop"},
}


def answer(line):
    message = {}
    try:
        if len(line) > LIMITS["line"]:
            raise Refused("limit", "the line is too long")
        try:
            decoded = json.loads(line)
        except ValueError as error:
            raise Refused("bad-json", str(error)) from None
        if not isinstance(decoded, dict):
            raise Refused("bad-json", "not an object")
        message = decoded
        name = message.get("message")
        if name not in ANSWERS:
            raise Refused("unknown-message", f"{name!r}")
        return ANSWERS[name](message)
    except Refused as error:
        code, text = error.code, str(error)
    except Exception as error:
        code, text = "internal", f"{type(error).__name__}: {error}"
    return {"message": "error", "seq": message.get("seq"), "error": code, "text": text}


def main():
    for line in sys.stdin.buffer:
        if not line.strip():
            continue
        reply = answer(line)
        sys.stdout.write(json.dumps(reply, separators=(",", ":")) + "\n")
        sys.stdout.flush()
        if reply["message"] == "stop":
            break


if __name__ == "__main__":
    main()
