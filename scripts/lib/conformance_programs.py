"""Random programs for runners (reference/PROTOCOL.md), and smaller ones of the same kind."""

import copy

MAX_OPERATIONS = 40


def weighted(random, choices):
    """One of {what: weight}."""
    return random.choices(list(choices), weights=list(choices.values()))[0]


def blocking_options(random):
    return random.choice(
        [[], [], [], [{"block": False}], [{"timeout": 0}], [{"timeout": 0.0001}], [{"timeout": -1}]]
        + [[{"block": False, "timeout": -1}], [{"block": True, "timeout": 0}]]
    )


class QueueGenerator:
    WEIGHTS = {"put": 6, "get": 5, "put_nowait": 2, "get_nowait": 2, "qsize": 2, "empty": 1}
    OTHERS = {"full": 1, "task_done": 3, "join": 1, "maxsize": 0.3}

    def __init__(self, random, features):
        self.random, self.items = random, 0
        self.kind = random.choice(["queue", "lifo", "priority", "simple"])
        self.weights = dict(self.WEIGHTS)
        if self.kind != "simple":
            self.weights.update(self.OTHERS)
            if "queue.shutdown" in features:
                self.weights["shutdown"] = 0.3

    def item(self):
        self.items += 1
        return [self.random.randrange(5), self.items] if self.kind == "priority" else self.items

    def operation(self):
        name = weighted(self.random, self.weights)
        if name == "put":
            return [name, self.item(), *blocking_options(self.random)]
        if name == "get":
            return [name, *blocking_options(self.random)]
        if name == "put_nowait":
            return [name, self.item()]
        if name == "maxsize":
            return [name, self.random.randrange(-1, 5)]
        if name == "shutdown":
            return [name, *self.random.choice([[], [False], [True]])]
        return [name]

    def program(self):
        program = {"class": self.kind, "maxsize": self.random.choice([0, 0, 1, 2, 3, 5, -1])}
        if self.kind == "priority":
            program["order"] = self.random.choice(["whole", "first"])
        count = self.random.randint(1, MAX_OPERATIONS)
        return {**program, "operations": [self.operation() for _ in range(count)]}


RETURN_WHEN = ["FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED"]


def some_indices(random, count):
    return [random.randrange(count) for _ in range(random.randint(1, 3))]


class FutureGenerator:
    WEIGHTS = {
        **dict.fromkeys(["set_running_or_notify_cancel", "set_result", "set_exception", "cancel"], 1),
        **dict.fromkeys(["cancelled", "running", "done", "result", "exception", "repr", "wait", "as_completed"], 1),
        "add_done_callback": 2,
    }

    def __init__(self, random, features):
        self.random, self.count = random, random.randint(1, 4)

    def operation(self):
        name, random = weighted(self.random, self.WEIGHTS), self.random
        if name == "wait":
            return [name, some_indices(random, self.count), {"return_when": random.choice(RETURN_WHEN)}]
        if name == "as_completed":
            return [name, some_indices(random, self.count)]
        operation = [name, random.randrange(self.count)]
        if name == "set_result":
            operation.append(random.randrange(10))
        elif name == "set_exception":
            operation += [random.choice(["ValueError", "RuntimeError", "KeyboardInterrupt"]), random.choice(["", "text"])]
        elif name == "add_done_callback":
            operation += [random.choice("abc"), *random.choice([[], [], ["raise"]])]
        return operation

    def program(self):
        count = self.random.randint(1, MAX_OPERATIONS)
        return {"futures": self.count, "operations": [self.operation() for _ in range(count)]}


class ExecutorGenerator:
    WEIGHTS = {
        **dict.fromkeys(["cancelled", "running", "done", "result", "exception", "wait", "as_completed"], 1),
        **{"submit": 8, "cancel": 3, "close_gate": 2, "open_gate": 1.5, "map": 2, "shutdown": 0.3},
    }

    def __init__(self, random, features):
        self.random, self.features, self.submitted = random, features, 0

    def submit(self):
        random = self.random
        self.submitted += 1
        function = random.choice(["value", "raise", "add"])
        arguments = {"value": [self.submitted], "raise": [f"text {self.submitted}"], "add": [self.submitted, 1]}
        return ["submit", function, *arguments[function]]

    def map(self):
        random = self.random
        name = random.choice(["double", "fail-odd", "add"])
        lists = [[random.randrange(10) for _ in range(random.randrange(5))] for _ in range(2 if name == "add" else 1)]
        return ["map", name, *lists, *random.choice([[], [{"chunksize": random.randint(1, 3)}]])]

    def shutdown(self):
        options = {"wait": self.random.choice([True, False])}
        if "executor.cancel_futures" in self.features and self.random.random() < 0.5:
            options["cancel_futures"] = self.random.choice([True, False])
        return ["shutdown", options]

    def operation(self, accepting):
        random = self.random
        name = weighted(random, self.WEIGHTS)
        if name == "map":
            return self.map()
        if name == "shutdown":
            return self.shutdown()
        if name in ("close_gate", "open_gate"):
            return [name]
        if name == "submit" or not self.submitted:
            return self.submit() if accepting else ["submit", "value", 0]
        if name == "wait":
            return [name, some_indices(random, self.submitted), {"return_when": random.choice(RETURN_WHEN)}]
        if name == "as_completed":
            return [name, some_indices(random, self.submitted)]
        return [name, random.randrange(self.submitted)]

    def program(self):
        random, operations, accepting = self.random, [], True
        fails = random.random() < 0.1
        for _ in range(random.randint(1, MAX_OPERATIONS)):
            operations.append(self.operation(accepting))
            accepting = accepting and operations[-1][0] != "shutdown" and not fails
        return {"workers": random.choice([1, 1, 2, 2, 3, 4, 0]), "initializer": "raise" if fails else "none", "operations": operations}


class ShlexGenerator:
    CHARACTERS = [*" \t\r\n", *"'\"\\\\'\"", *"# abA0_@-+=:,./$`;|&<>(){}[]*?!~^%", *map(chr, range(1, 256))]

    def __init__(self, random, features):
        self.random = random

    def text(self):
        return "".join(self.random.choices(self.CHARACTERS, k=self.random.choice([0, 1, 2, 4, 8, 16])))

    def operation(self):
        random = self.random
        name = weighted(random, {"split": 4, "quote": 1, "join": 1, "split_joined": 2})
        if name in ("join", "split_joined"):
            return [name, [self.text() for _ in range(random.randrange(5))]]
        options = {key: random.choice([True, False]) for key in ("comments", "posix") if random.random() < 0.5}
        return [name, self.text(), *([options] if name == "split" and options else [])]

    def program(self):
        return {"operations": [self.operation() for _ in range(self.random.randint(1, MAX_OPERATIONS))]}


class TextGenerator:
    PIECES = ["\n", "\r\n", "\r", "a", "bc", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xff", "\x80", "\xc3", "\xe2\x82"]
    PIECES += ["\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf0\x9f", "\xc0\x80"]

    def __init__(self, random, features):
        self.random = random

    def text(self):
        return "".join(self.random.choices(self.PIECES, k=self.random.randrange(20)))

    def operation(self):
        random = self.random
        if random.random() < 0.3:
            return ["write", self.text()]
        return ["read", self.text(), random.choices([0, 1, 2, 5, "line", "lines", -1], k=random.randint(1, 5))]

    def program(self):
        errors = self.random.choice(["strict", "ignore", "replace", "backslashreplace", "surrogateescape"])
        encoding = self.random.choice(["utf-8", "utf-8", "ascii", "latin-1"])
        return {"encoding": encoding, "errors": errors, "operations": [self.operation() for _ in range(self.random.randint(1, 4))]}


def maker(generator):
    return lambda random, features: generator(random, features).program()


GENERATORS = {
    "queue": maker(QueueGenerator),
    "future": maker(FutureGenerator),
    "executor": maker(ExecutorGenerator),
    "shlex": maker(ShlexGenerator),
    "text": maker(TextGenerator),
}


def without(program, start, length):
    smaller = copy.copy(program)
    smaller["operations"] = program["operations"][:start] + program["operations"][start + length :]
    return smaller


def shrunk(program, fails):
    """A program with fewer operations that still `fails`: none of them can be left out."""
    length = max(1, len(program["operations"]) // 2)
    while True:
        start, progress = 0, False
        while start < len(program["operations"]):
            smaller = without(program, start, length)
            if smaller["operations"] and fails(smaller):
                program, progress = smaller, True
            else:
                start += length
        if length > 1:
            length //= 2
        elif not progress:
            return program
