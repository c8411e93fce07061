import threading

from case import case, log, now, raised, times, wait_until_blocked

Timer = threading.Timer


def run_to_end(timer):
    timer.start()
    timer.join()


@case("threading.timer.start.calls", "the function is called after the interval, with its arguments")
def _():
    called = []

    def function(*arguments):
        called.append(now())
        log(*arguments)
        log(threading.current_thread() is timer, threading.current_thread() is threading.main_thread())

    timer, start = Timer(times.must_expire, function, [1, "str"]), now()
    run_to_end(timer)
    log(len(called), called[0] - start >= times.must_expire)


@case("threading.timer.start.own-arguments", "no other timer sees what one does to its arguments")
def _():
    def function(items):
        items.append("mine")
        log(items)

    run_to_end(Timer(0, function, [[]]))
    run_to_end(Timer(0, function, [[]]))


@case("threading.timer.start.zero", "zero or less calls at once")
def _():
    run_to_end(Timer(0, log, ["zero"]))
    run_to_end(Timer(-1, log, ["less"]))


@case("threading.timer.start.once", "it is started once")
def _():
    timer = Timer(0, lambda: None)
    run_to_end(timer)
    log(raised(timer.start))
    cancelled = Timer(times.must_not_expire, lambda: None)
    cancelled.start()
    cancelled.cancel()
    log(raised(cancelled.start))
    cancelled.join()


@case("threading.timer.cancel.in-time", "cancel ends it without a call")
def _():
    timer = Timer(times.must_not_expire, log, ["called"])
    timer.start()
    wait_until_blocked(1)
    log(timer.is_alive(), timer.finished.is_set())
    timer.cancel()
    timer.join()
    log(timer.is_alive(), timer.finished.is_set())


@case("threading.timer.cancel.before-start", "one cancelled before never calls")
def _():
    timer = Timer(times.must_not_expire, log, ["called"])
    timer.cancel()
    run_to_end(timer)
    log(timer.is_alive(), timer.finished.is_set())


@case("threading.timer.cancel.late", "cancel comes too late for a call that was made")
def _():
    timer = Timer(0, log, ["called"])
    run_to_end(timer)
    timer.cancel()
    log(timer.finished.is_set())


@case("threading.timer.cancel.for-ever", "None waits for cancel")
def _():
    timer = Timer(None, log, ["called"])
    timer.start()
    wait_until_blocked(1)
    log(timer.is_alive())
    timer.cancel()
    timer.join()
    log(timer.is_alive())


@case("threading.timer.finished.set", "set when the function has returned, not when it raises")
def _():
    def fail():
        raise ValueError("the function")

    seen = []
    threading.excepthook = lambda args: seen.append(raised(lambda: (_ for _ in ()).throw(args.exc_value)))
    good, bad = Timer(0, lambda: None), Timer(0, fail)
    log(good.finished.is_set())
    run_to_end(good)
    run_to_end(bad)
    log(good.finished.is_set(), bad.finished.is_set(), seen)


@case("threading.timer.finished.too-large", "beyond TIMEOUT_MAX the thread ends by OverflowError")
def _():
    seen = []
    threading.excepthook = lambda args: seen.append(args.exc_type.__name__)
    timer = Timer(1e100, log, ["called"])
    run_to_end(timer)
    log(seen, timer.finished.is_set())


@case("threading.timer.thread.is-one", "a timer is a Thread")
def _():
    timer = Timer(times.must_not_expire, lambda: None)
    log(timer, timer.name, timer.daemon, timer.is_alive(), isinstance(timer, threading.Thread))
    timer.name = "tick"
    timer.daemon = True
    timer.start()
    log(timer.is_alive(), timer in threading.enumerate(), str(timer).startswith("<Timer(tick, started daemon "))
    timer.cancel()
    timer.join()
    log(timer.is_alive(), str(timer).startswith("<Timer(tick, stopped daemon "))


@case("threading.timer.thread.subclass", "a run() of its own may call again and again")
def _():
    class Repeating(Timer):
        def run(self):
            while not self.finished.wait(self.interval):
                self.function(*self.args)

    called, thrice = [], threading.Event()

    def function(number):
        called.append(number)
        if len(called) == 3:
            timer.cancel()
            thrice.set()

    timer = Repeating(times.brief, function, [7])
    log(str(timer))
    timer.start()
    log(thrice.wait(times.must_not_expire))
    timer.join()
    log(called)
