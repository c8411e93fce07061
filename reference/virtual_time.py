"""An event loop of asyncio on virtual time: it never sleeps, but jumps its clock to the next deadline.

The twin of tandem's virtual_time_loop(). The clock starts at 0.0 and stands still while callbacks run, so programs of
sleeps and timeouts come out the same every time, ties included, and take no time. Descriptors are real: what is ready is
seen before the clock jumps, and a loop without a deadline waits for them (and for call_soon_threadsafe()). With a
deadline it does not wait for them: a thread or a peer that is being waited for has always been too slow. Stay below 90
days: from there on the loop's nanosecond of tolerance is lost in the rounding, and no timer is ever due.

Needs Python 3.8 and nothing else; for the twins of asyncio and for programs.py.
"""

import asyncio
import selectors
import sys


class _Selector(selectors.DefaultSelector):
    def __init__(self, jump):
        super().__init__()
        self._jump = jump

    def select(self, timeout=None):
        ready = super().select(None if timeout is None else 0)
        if timeout and not ready:
            self._jump()
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self._now = 0.0
        super().__init__(_Selector(self._jump))

    def time(self):
        return self._now

    async def shutdown_default_executor(self, timeout=None):
        await super().shutdown_default_executor()  # its threads have all the time that they need

    def _jump(self):
        # To the very number that the timer has: a sum of differences would not give it back.
        self._now = float(self._scheduled[0]._when)


class _Policy(asyncio.DefaultEventLoopPolicy if sys.version_info < (3, 12) else object):
    _loop_factory = VirtualTimeLoop


def run(main, debug=None):
    """As asyncio.run(), on virtual time."""
    if sys.version_info >= (3, 12):
        return asyncio.run(main, debug=debug, loop_factory=VirtualTimeLoop)
    asyncio.set_event_loop_policy(_Policy())
    try:
        return asyncio.run(main, debug=bool(debug))
    finally:
        asyncio.set_event_loop_policy(None)
