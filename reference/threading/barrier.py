import threading

from case import case, log, now, raised, times, wait_until_blocked
from support import Bunch


class Outcomes:
    """What became of each wait()."""

    def __init__(self):
        self.passed, self.failed = [], []

    def wait(self, barrier, *timeout):
        try:
            self.passed.append(barrier.wait(*timeout))
        except threading.BrokenBarrierError:
            self.failed.append(None)

    def log(self):
        log("passed", sorted(self.passed), "broken", len(self.failed))


@case("threading.barrier.wait.lockstep", "all pass together, round after round")
def _():
    rounds, came, went, wrong = 10, [], [], []
    barrier = threading.Barrier(5, timeout=times.must_not_expire)

    def pass_all():
        for i in range(rounds):
            came.append(None)
            if len(went) != i * 5:
                wrong.append(None)
            barrier.wait()
            went.append(None)
            if len(came) != (i + 1) * 5:
                wrong.append(None)
            barrier.wait()

    Bunch(5, pass_all).join()
    log(len(came), len(went), len(wrong), barrier.n_waiting, barrier.broken)


@case("threading.barrier.wait.index", "each gets another number, in the order of their coming")
def _():
    barrier, indices = threading.Barrier(3), {}

    def wait(who):
        indices[who] = barrier.wait()

    threads = []
    for who in range(2):
        threads.append(threading.Thread(target=wait, args=(who,)))
        threads[-1].start()
        wait_until_blocked(who + 1)
        log(barrier.n_waiting, barrier.parties)
    log(barrier.wait())
    for thread in threads:
        thread.join()
    log(indices[0], indices[1], barrier.n_waiting)


@case("threading.barrier.wait.single", "one party never waits")
def _():
    barrier = threading.Barrier(1)
    log(barrier.wait(), barrier.wait(0), barrier.wait(-1), barrier.broken)


@case("threading.barrier.wait.timeout", "one that is out of time breaks the barrier for all")
def _():
    barrier, outcomes = threading.Barrier(5), Outcomes()
    bunch = Bunch(3, lambda: outcomes.wait(barrier, times.must_not_expire))
    wait_until_blocked(3)
    start = now()
    log(raised(lambda: barrier.wait(times.must_expire)))
    log(now() - start >= times.must_expire)
    bunch.join()
    outcomes.log()
    log(barrier.broken, barrier.n_waiting, raised(barrier.wait))


@case("threading.barrier.wait.default-timeout", "the barrier's own, unless one is given")
def _():
    barrier, start = threading.Barrier(2, timeout=times.must_expire), now()
    log(raised(barrier.wait))
    log(now() - start >= times.must_expire)
    patient, outcomes = threading.Barrier(2, timeout=0), Outcomes()
    bunch = Bunch(1, lambda: outcomes.wait(patient, times.must_not_expire))
    wait_until_blocked(1)
    log(patient.wait())
    bunch.join()
    outcomes.log()


@case("threading.barrier.wait.zero", "no time at all breaks it, unless the round is full")
def _():
    barrier, outcomes = threading.Barrier(2), Outcomes()
    log(raised(lambda: barrier.wait(0)), barrier.broken)
    barrier.reset()
    log(raised(lambda: barrier.wait(-1)), barrier.broken)
    barrier.reset()
    bunch = Bunch(1, lambda: outcomes.wait(barrier))
    wait_until_blocked(1)
    log(barrier.wait(0))
    bunch.join()
    outcomes.log()


@case("threading.barrier.wait.too-large", "a timeout beyond TIMEOUT_MAX is an error where it would count")
def _():
    barrier, outcomes = threading.Barrier(2), Outcomes()
    log(raised(lambda: barrier.wait(1e100)), barrier.broken, barrier.n_waiting)
    bunch = Bunch(1, lambda: outcomes.wait(barrier))
    wait_until_blocked(1)
    log(barrier.wait(1e100))
    bunch.join()
    outcomes.log()
    log(threading.Barrier(1).wait(1e100))


@case("threading.barrier.action.once", "the action is called once a round, before all go on")
def _():
    called, seen = [], []
    barrier = threading.Barrier(5, lambda: called.append(None))

    def wait_twice():
        barrier.wait()
        seen.append(len(called) >= 1)
        barrier.wait()
        seen.append(len(called) == 2)

    Bunch(5, wait_twice).join()
    log(len(called), len(seen), all(seen))


@case("threading.barrier.action.fails", "what the action raises breaks the barrier")
def _():
    def fail():
        raise ValueError("the action")

    barrier = threading.Barrier(3, action=fail)
    for _ in range(2):
        outcomes = Outcomes()
        bunch = Bunch(2, lambda: outcomes.wait(barrier))
        wait_until_blocked(2)
        log(raised(barrier.wait))
        bunch.join()
        outcomes.log()
        log(barrier.broken, barrier.n_waiting)
        barrier.reset()


@case("threading.barrier.action.state", "while the action runs all parties wait")
def _():
    barrier = threading.Barrier(2, lambda: log(barrier.n_waiting, barrier.broken, barrier.parties))
    bunch = Bunch(1, barrier.wait)
    wait_until_blocked(1)
    barrier.wait()
    bunch.join()
    log(barrier.n_waiting)


class SlowAction:
    """An action that has begun and does not end before it may; only in the first round."""

    def __init__(self):
        self.begun, self.may_end, self.rounds = threading.Event(), threading.Event(), 0

    def __call__(self):
        self.rounds += 1
        if self.rounds == 1:
            self.begun.set()
            self.may_end.wait()


@case("threading.barrier.action.newcomer", "who comes during the action belongs to the next round")
def _():
    action, first, second = SlowAction(), Outcomes(), Outcomes()
    barrier = threading.Barrier(2, action)
    full = Bunch(2, lambda: first.wait(barrier))
    action.begun.wait()
    newcomers = Bunch(2, lambda: second.wait(barrier))
    wait_until_blocked(4)
    log(len(first.passed), len(second.passed), action.rounds)
    action.may_end.set()
    full.join()
    newcomers.join()
    first.log()
    second.log()
    log(action.rounds, barrier.n_waiting)


@case("threading.barrier.action.abort", "abort waits for the action, whose round is complete")
def _():
    action, outcomes, aborted = SlowAction(), Outcomes(), []
    barrier = threading.Barrier(1, action)
    waiting = Bunch(1, lambda: outcomes.wait(barrier))
    action.begun.wait()

    def abort():
        barrier.abort()
        aborted.append(len(outcomes.passed))

    aborting = Bunch(1, abort)
    wait_until_blocked(2)
    log(len(aborted), barrier.broken)
    action.may_end.set()
    waiting.join()
    aborting.join()
    outcomes.log()
    log(len(aborted), barrier.broken)


@case("threading.barrier.action.outlasts-timeout", "whose time is over during the action gets through")
def _():
    action, outcomes = SlowAction(), Outcomes()
    barrier = threading.Barrier(2, action)
    hasty = Bunch(1, lambda: outcomes.wait(barrier, times.may_expire))
    wait_until_blocked(1)
    last = Bunch(1, lambda: outcomes.wait(barrier))
    action.begun.wait()
    start = now()
    while now() - start < times.may_expire:
        threading.Event().wait(times.must_expire)
    action.may_end.set()
    hasty.join()
    last.join()
    outcomes.log()
    log(barrier.broken)


@case("threading.barrier.abort.waiters", "all that wait or come get BrokenBarrierError")
def _():
    barrier, outcomes = threading.Barrier(5), Outcomes()
    bunch = Bunch(4, lambda: outcomes.wait(barrier))
    wait_until_blocked(4)
    log(barrier.n_waiting, barrier.broken)
    barrier.abort()
    bunch.join()
    outcomes.log()
    log(barrier.n_waiting, barrier.broken, raised(barrier.wait))


@case("threading.barrier.abort.error", "BrokenBarrierError is a RuntimeError")
def _():
    barrier = threading.Barrier(2)
    barrier.abort()
    try:
        barrier.wait()
    except RuntimeError as error:
        log("RuntimeError", "[" + str(error) + "]")


@case("threading.barrier.reset.waiters", "all that wait get BrokenBarrierError, and it is as new")
def _():
    barrier, before, after = threading.Barrier(3), Outcomes(), Outcomes()
    bunch = Bunch(2, lambda: before.wait(barrier))
    wait_until_blocked(2)
    barrier.reset()
    log(barrier.broken)
    again = Bunch(3, lambda: after.wait(barrier))
    bunch.join()
    again.join()
    before.log()
    after.log()
    log(barrier.broken, barrier.n_waiting)


@case("threading.barrier.reset.broken", "a broken barrier is mended")
def _():
    barrier, before, after = threading.Barrier(3), Outcomes(), Outcomes()
    bunch = Bunch(2, lambda: before.wait(barrier))
    wait_until_blocked(2)
    barrier.abort()
    bunch.join()
    log(barrier.broken)
    barrier.reset()
    log(barrier.broken)
    Bunch(3, lambda: after.wait(barrier)).join()
    before.log()
    after.log()


@case("threading.barrier.reset.unused", "where nobody waits nothing changes")
def _():
    barrier, outcomes = threading.Barrier(2), Outcomes()
    barrier.reset()
    log(barrier.broken, barrier.n_waiting)
    Bunch(2, lambda: outcomes.wait(barrier)).join()
    outcomes.log()


@case("threading.barrier.parties.positive", "there is no barrier without parties")
def _():
    for parties in (0, -1):
        log(raised(lambda: threading.Barrier(parties)))


@case("threading.barrier.repr.state", "its repr says how many wait, or that it is broken")
def _():
    barrier = threading.Barrier(3)
    log(barrier)
    bunch = Bunch(2, barrier.wait)
    wait_until_blocked(2)
    log(barrier)
    barrier.wait()
    bunch.join()
    log(barrier)
    barrier.abort()
    log(barrier)
