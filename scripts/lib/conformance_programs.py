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


class ChildGenerator:
    PLACES = ["/", "/etc", "/tmp/..", "/proc/self/root", "/no/such/place", "/etc/passwd", ""]
    # All characters; zero is rare, for it is refused.
    CHARACTERS = [*map(chr, range(256)), *" '\"\\$*=\n\r\t" * 20]

    def __init__(self, random, features):
        self.random = random

    def text(self):
        return "".join(self.random.choices(self.CHARACTERS, k=self.random.randrange(8)))

    def name(self):
        """CPython 3.13 takes "=a" and refuses "" for a program with a path, and the other way round for one without."""
        return self.random.choice("Aa\xe9") + self.text()

    def operation(self):
        random = self.random
        name = weighted(random, {"words": 6, "environment": 4, "directory": 2, "input": 4, "captured": 2, "exit": 2, "signal": 2})
        if name == "words":
            return [name, [self.text() for _ in range(random.randrange(8))], random.choice([0, 1, 2, 3, 200])]
        if name == "environment":
            return [name, [[self.name(), self.text()] for _ in range(random.randrange(8))]]
        if name == "input":
            return [name, self.text(), random.choice([0, 1, 2, 3, 10_000])]
        if name == "captured":
            return [name, *(random.choice([0, 1, 100, 200_000]) for _ in range(2))]
        chosen = {"directory": self.PLACES, "exit": range(256), "signal": [1, 2, 3, 6, 9, 13, 14, 15, 34, 40, 64]}
        return [name, random.choice(chosen[name])]

    def program(self):
        return {"operations": [self.operation() for _ in range(self.random.randint(1, 6))]}


class PoolGenerator:
    WEIGHTS = {"apply": 3, "apply_async": 3, "map": 6, "map_async": 3, "starmap": 3, "imap": 5, "imap_unordered": 3, "close": 1}
    WEIGHTS["terminate"] = 1

    def __init__(self, random, features):
        self.random = random

    def number(self):
        """Odd ones are rare enough for whole lists without any."""
        return 2 * self.random.randrange(-50, 50) + (self.random.random() < 0.05)

    def numbers(self):
        return [self.number() for _ in range(self.random.randrange(20))]

    def operation(self):
        random = self.random
        name = weighted(random, self.WEIGHTS)
        if name in ("close", "terminate"):
            return [name]
        function = [] if name in ("starmap", "imap_unordered") else [random.choice(["double", "fail-odd"])]
        if name == "apply":
            return [name, *function, self.number()]
        items = [[one, self.number()] for one in self.numbers()] if name == "starmap" else self.numbers()
        chunked = [] if name == "apply_async" else random.choice([[], [{"chunksize": random.randint(1, 8)}]])
        return [name, *function, items, *chunked]

    def program(self):
        random = self.random
        program = {"processes": random.randint(1, 3), "maxtasksperchild": random.choice([None, 1, 2, 3])}
        return {**program, "operations": [self.operation() for _ in range(random.randint(1, 10))]}


class AsyncioGenerator:
    """A letter for each argument: n an entry, b a body, d a delay, t a timeout, a an action, f yes or no, r return_when,
    q a queue, w one of two, v a value, s a text, m the message of a cancellation; N and B several."""

    ACTIONS = {
        **{"cancel nm": 6, "done n": 1, "cancelled n": 1, "result n": 2, "exception n": 2, "new_future": 2, "set_result nv": 3},
        **{"set_exception ns": 1, "add_done_callback nf": 2, "remove_done_callback n": 1, "call_soon a": 1, "call_later da": 2},
        **{"call_at da": 1, "cancel_handle n": 1, "handle_cancelled n": 0.5, "event_set w": 2, "event_clear w": 1},
        **{"put_nowait qv": 2, "get_nowait q": 2, "task_done q": 2, "qsize q": 0.5, "shutdown qf": 0.5, "release": 2},
        **{"locked": 0.5, "sem_release w": 2, "cond_release": 1, "cell wv": 1, "variable": 0.5, "set_variable v": 0.5},
        **{"tasks": 0.5, "raise s": 1},
    }
    WEIGHTS = {
        **ACTIONS,
        **{"create_task b": 14, "group_create b": 6, "cancelling": 1, "uncancel": 1, "gather_kept Nf": 1, "shield_kept n": 1},
        **{"reschedule t": 1, "expired": 1, "notify v": 1, "notify_all": 0.5, "sleep d": 14, "turns v": 3, "await n": 5},
        **{"await_itself": 0.2, "call b": 1, "gather Nf": 3, "gather_bodies Bf": 3, "shield n": 3, "shield_body b": 2},
        **{"wait Ntr": 3, "wait_for nt": 3, "wait_for_body bt": 3, "as_completed Nt": 2, "timeout tb": 4, "timeout_at db": 1},
        **{"group b": 5, "with_lock b": 3, "acquire": 2, "with_semaphore b": 3, "sem_acquire w": 2, "with_condition b": 2},
        **{"cond_acquire": 1, "cond_wait": 2, "cond_wait_for wv": 1, "event_wait w": 3, "barrier_wait w": 2},
        **{"barrier_reset w": 0.5, "barrier_abort w": 0.3, "put qv": 4, "get q": 4, "join q": 1, "return v": 1},
    }
    BODIES = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5]
    VALUES = {
        **{"n": range(12), "b": range(6), "d": range(5), "t": [None, 0, 1, 2, 3, 4], "f": [0, 1], "r": range(3), "q": [0, 0, 1, 1, 2, 3]},
        **{"w": [0, 0, 1], "v": range(6), "s": ["", "a", "b"], "m": ["", "", "a", "b"]},
    }
    NEEDED = {
        "asyncio.3.11": "timeout timeout_at reschedule expired barrier_wait barrier_reset barrier_abort cancelling",
        "asyncio.3.12": "wait_for wait_for_body wait gather gather_kept",
        "asyncio.3.13": "shutdown uncancel group group_create with_semaphore sem_acquire with_condition cond_acquire cond_wait "
        "cond_wait_for as_completed",
    }

    def __init__(self, random, features):
        self.random = random
        lacking = {name for feature, names in self.NEEDED.items() if feature not in features for name in names.split()}
        self.weights = {name: weight for name, weight in self.WEIGHTS.items() if name.split()[0] not in lacking}
        self.actions = {name: weight for name, weight in self.weights.items() if name in self.ACTIONS and not name.endswith("a")}
        self.has_messages, self.has_eager = "asyncio.3.11" in features, "asyncio.3.12" in features

    def argument(self, letter):
        random = self.random
        if letter in "NB":
            return [self.argument(letter.lower()) for _ in range(random.randint(1, 3))]
        if letter == "a":
            return self.operation(self.actions)
        return random.choice(self.VALUES[letter] if letter != "m" or self.has_messages else [""])

    def operation(self, weights):
        name, letters = (*weighted(self.random, weights).split(), "")[:2]
        return [name, *map(self.argument, letters)]

    def program(self):
        random, operations = self.random, []
        for _ in range(random.randint(1, 2 * MAX_OPERATIONS)):
            operation = [random.choice(self.BODIES), *self.operation(self.weights)]
            operations.append(operation + random.choice([[], [{"catch": 1}], [{"catch": 1}], [{"catch": 2}]]))
        return {"eager": self.has_eager and random.random() < 0.15, "operations": operations}


def maker(generator):
    return lambda random, features: generator(random, features).program()


GENERATORS = {
    "queue": maker(QueueGenerator),
    "future": maker(FutureGenerator),
    "executor": maker(ExecutorGenerator),
    "shlex": maker(ShlexGenerator),
    "text": maker(TextGenerator),
    "child": maker(ChildGenerator),
    "pool": maker(PoolGenerator),
    "asyncio": maker(AsyncioGenerator),
}
# Kinds whose programs start processes: one program of these where there are so many of another kind.
COSTLY = {"child": 10, "pool": 20}


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
