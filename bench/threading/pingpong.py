"""What the rows of two threads that answer each other share."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "harness"))

from scenario import latency_row, race  # noqa: E402

ROUND_TRIPS = 4000


def enter(name, make):
    """make() gives (serve, answer): a round trip, and the other thread's half of it."""

    @latency_row(name, ROUND_TRIPS)
    def ping_pong(items):
        serve, answer = make()
        times = []

        def serve_all():
            before = time.perf_counter_ns()
            for _ in range(items):
                serve()
                now = time.perf_counter_ns()
                times.append(now - before)
                before = now

        def answer_all():
            for _ in range(items):
                answer()

        race([serve_all, answer_all])
        return times
