"""One measurement is one fresh process; rounds go there and back again."""
import json
import math
import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace

from contenders import MACHINE  # which has put scripts/lib on the path

import hangs
from statistic import FEWEST_ROUNDS


@dataclass
class Settings:
    scale: float
    min_time: float
    rounds: int
    budget: float = 0  # seconds that rounds are planned for; 0: as long as they take
    deadline: float = 0  # seconds after which no run is begun, come what may
    patience: float = 20  # seconds until a process counts as hung


QUICK = Settings(scale=0.2, min_time=0.05, rounds=9, budget=145, deadline=160, patience=10)
FULL = Settings(scale=1.0, min_time=0.25, rounds=15, patience=60)
AFTER_THE_END = 1  # seconds that a pipe of a process that was ended is waited for
LEAST_TIME = 0.001  # of a run that is over after one pass
PART_ROUNDS = 5  # of rows that only a sweep or a grid has: they show a shape, and are judged by nothing


@dataclass
class Sample:
    row: str
    impl: str
    label: str  # the impl; ours stands there a second time as tandem′
    round: int
    ok: bool
    value: float = 0
    seconds: float = 0
    error: str = ""
    details: dict = field(default_factory=dict)


def rounds_of(row, rounds):
    return min(rounds, PART_ROUNDS) if row.part else rounds


def second(impl):
    return impl + "′"


def _ending(code):
    if code >= 0:
        return f"ended with status {code}"
    try:
        return f"crashed with {signal.Signals(-code).name}"
    except ValueError:
        return f"crashed with signal {-code}"


def _failed(why):
    return {"ok": False, "error": why}


def _answer(output, errors, code):
    try:
        answer = json.loads(output.strip().splitlines()[-1])
        value = answer.get("value", 0)
    except (ValueError, IndexError, AttributeError):
        text = errors.strip().splitlines()
        return _failed(_ending(code) + (f": {text[-1]}" if text else ""))
    # Ratios are made of them, and logarithms.
    if answer.get("ok") and not (isinstance(value, (int, float)) and 0 < value < math.inf):
        return _failed(f"what it measured is {value}")
    return answer


def _silence(process, name, settings):
    """Why there was no answer; its children can hold the pipes longer than it lives. Told is where it waits."""
    code = process.poll()
    if code is None:
        hangs.say(hangs.told(process.pid, name, settings.patience))
    return _failed(_ending(code) if code else f"no answer within {settings.patience:g} s")


def _end_all(process):
    """With whatever it has left behind, which would keep a processor from the next one."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)  # it leads a group of its own
    with suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=AFTER_THE_END)


def run_once(contender, row, label, number, settings, environment=()):
    """Never raises for what the contender does: it crashes, hangs or lies at its own cost."""
    command = [*contender.command, "--scale", str(settings.scale), "--min-time",
               str(settings.min_time)]
    start = time.monotonic()
    # A session of its own: Ctrl-C is for us.
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                               start_new_session=True, env={**os.environ, **dict(environment)})
    try:
        answer = _answer(*process.communicate(timeout=settings.patience), process.returncode)
    except subprocess.TimeoutExpired:
        answer = _silence(process, f"{label} of {row.id}", settings)
    finally:
        _end_all(process)
    ok = bool(answer.get("ok"))
    return Sample(row.id, contender.impl, label, number, ok, float(answer["value"]) if ok else 0.0,
                  time.monotonic() - start, answer.get("error", ""),
                  {key: answer[key] for key in ("items", "cpu_s", "latency", "loads", "shares", "voluntary",
                                                "involuntary", "peak_kib", "allocations") if key in answer})


def allocations(contender, row, settings, counter):
    """{allocations_per_item}, in a run whose time does not count; CPython's objects come from elsewhere."""
    if contender.kind in ("cpython", MACHINE):
        return {}
    details = run_once(contender, row, contender.impl, 0, replace(settings, min_time=LEAST_TIME),
                       {"LD_PRELOAD": str(counter)}).details
    if not details.get("items") or "allocations" not in details:
        return {}
    return {"allocations_per_item": details["allocations"] / details["items"]}


def order(contenders, number):
    """Ours at both ends, the others between; every second round backwards."""
    labelled = [(one, one.impl) for one in contenders]
    labelled += [(one, second(one.impl)) for one in contenders if one.kind == "ours"]
    return labelled if number % 2 == 0 else labelled[::-1]


def whole_rounds(samples, contenders):
    """Without those rounds of a row that were cut short: what is compared was measured at a stretch."""
    dead = {(one.row, one.impl) for one in samples if not one.ok}
    have = {(one.row, one.round, one.label) for one in samples}
    cut = {(one.row, one.round) for one in samples
           for contender, label in order(contenders.get(one.row, []), one.round)
           if (one.row, one.round, label) not in have and (one.row, contender.impl) not in dead}
    return [one for one in samples if one.row in contenders and (one.row, one.round) not in cut]


class Session:
    """Runs rounds over all rows until the number of rounds or the budget is used up.

    earlier: samples of the same run, before it was interrupted. keep: is told each sample at once.
    counter: the library that counts allocations, once for each contender of a row.
    """

    def __init__(self, rows, contenders, settings, progress, earlier=(), keep=lambda sample: None, counter=None):
        self.rows, self.contenders, self.settings = rows, contenders, settings
        self.progress, self.keep, self.counter = progress, keep, counter
        self.samples = list(earlier)
        self.interrupted = False
        self._done = {(one.row, one.round) for one in earlier}
        # What has failed once is not asked again.
        self._dead = {(one.row, one.impl) for one in earlier if not one.ok}
        self._took = {(one.row, one.label): one.seconds for one in earlier}
        self._before = sum(one.seconds for one in earlier)
        self._counting = 0.0  # seconds of the runs that counted allocations
        self._start = time.monotonic()

    def run(self):
        self._start = time.monotonic()
        try:
            self._rounds()
        except KeyboardInterrupt:
            self.interrupted = True
        self.progress.end()
        return self.samples

    def _rounds(self):
        rounds = self.settings.rounds
        for number in range(rounds):
            self._round(number, rounds)
            took = sum(one.seconds for one in self.samples if one.round == number)
            if number == 0:
                rounds = self._affordable(took)
            if number + 1 >= rounds or self._over(took, number):
                return

    def _spent(self):
        return self._before + time.monotonic() - self._start

    def _late(self):
        return bool(self.settings.deadline) and self._spent() > self.settings.deadline

    def _affordable(self, took):
        settings = self.settings
        if not settings.budget:
            return settings.rounds
        return max(FEWEST_ROUNDS, min(settings.rounds, int(settings.budget / max(took, 0.01))))

    def _over(self, took, number):
        budget = self.settings.budget
        return self._late() or (bool(budget) and number + 1 >= FEWEST_ROUNDS
                                and self._spent() + took > budget)

    def _round(self, number, rounds):
        for row in self.rows:
            if (row.id, number) in self._done or number >= rounds_of(row, rounds):
                continue
            for contender, label in order(self.contenders[row.id], number):
                if (row.id, contender.impl) in self._dead or self._late():
                    continue
                sample = run_once(contender, row, label, number, self.settings)
                if self.counter and sample.ok and number == 0 and label == contender.impl:
                    self._count(contender, row, sample)
                self.samples.append(sample)
                self.keep(sample)
                self._took[row.id, label] = sample.seconds
                if not sample.ok:
                    self._dead.add((row.id, contender.impl))
                self.progress.show(number, rounds, row.id, label, self._left(number, rounds))

    def _count(self, contender, row, sample):
        start = time.monotonic()
        sample.details.update(allocations(contender, row, self.settings, self.counter))
        self._counting += time.monotonic() - start

    def _left(self, number, rounds):
        """(share done, seconds left), by what each run took the last time; without the counting, which is done once."""
        runs = [(row, len(order(self.contenders[row.id], 0))) for row in self.rows]
        mean = sum(self._took.values()) / max(1, len(self._took))
        one_round, budget = mean * sum(count for _, count in runs), self.settings.budget
        if number == 0 and budget:  # how many rounds there will be is not known yet
            rounds = max(FEWEST_ROUNDS, min(rounds, budget / one_round))
        spent = self._spent() - self._counting
        whole = max(spent, mean * sum(count * rounds_of(row, rounds) for row, count in runs))
        return spent / whole, whole - spent
