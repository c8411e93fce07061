"""The twin of conformance/harness/case.hpp: a case asks CPython what the C++ case asks tandem.

    from case import case, log, raised, times, now, wait_until_blocked

    @case("queue.get.timeout-empty", "raises Empty after the timeout, never before")
    def _():
        q, start = queue.Queue(), now()
        log(raised(lambda: q.get(timeout=times.must_expire)))
        log("waited", now() - start >= times.must_expire)

What the twins of a module share stands in support.py beside them: `from support import …`.
reference/record.py runs the file; it is never run by itself. Needs Python 3.8 and nothing else.
"""

import os
import re
import sys
import threading
import time

_cases = {}
_lines = []
_known_threads = set()


def case(id, says, since=None, until=None):
    """Registers a twin. `since` and `until` only where the twin's code needs a version; the clause has its own."""

    def register(body):
        if id in _cases:
            raise ValueError("two twins for " + id)
        _cases[id] = {"id": id, "says": says, "since": since, "until": until, "body": body}
        return body

    return register


def log(*values):
    """Appends one line: the values as str() prints them, joined by a space; addresses become 0x..."""
    _lines.append(re.sub(r"0x[0-9a-fA-F]+", "0x...", " ".join(str(value) for value in values)))


def raised(act):
    """Calls `act` and says what left it: "Empty", "ValueError: text" or "nothing"."""
    try:
        act()
    except BaseException as error:
        text = str(error)
        return type(error).__name__ + (": " + text if text else "")
    return "nothing"


def now():
    return time.monotonic()


class times:
    """Named times in seconds, as in times.hpp."""

    scale = float(os.environ.get("TANDEM_TIME_SCALE") or 1)
    brief = 0.010 * scale
    must_expire = 0.050 * scale
    may_expire = 1.0 * scale
    must_not_expire = 60.0 * scale


_POLL = 0.001
_STABLE_POLLS = 5


def wait_until_blocked(n):
    """Returns when at least n threads started by this case wait in a primitive (or in any call into C that blocks)."""
    deadline, seen, stable = now() + times.must_not_expire, {}, {}
    while sum(1 for polls in stable.values() if polls >= _STABLE_POLLS) < n:
        if now() > deadline:
            raise RuntimeError("fewer than %d threads ever blocked" % n)
        time.sleep(_POLL)
        places = _places()
        stable = {who: stable.get(who, 0) + 1 if seen.get(who) == place else 0 for who, place in places.items()}
        seen = places


def _places():
    """Where each thread of the case stands: it is blocked when it stands still at one instruction, asleep."""
    places, own = {}, threading.get_ident()
    natives = {thread.ident: thread.native_id for thread in threading.enumerate()}
    for who, frame in sys._current_frames().items():
        if who != own and who not in _known_threads:
            places[who] = (id(frame), frame.f_lasti, _rest(natives.get(who)))
    return places


def _rest(native):
    """The CPU time that a sleeping thread has used; for one that runs, or waits for a processor, never the same.

    None where the system does not tell (it does on Linux).
    """
    try:
        with open("/proc/self/task/%d/stat" % native) as stat, open("/proc/self/task/%d/schedstat" % native) as used:
            state = stat.read().rpartition(")")[2].split()[0]
            return object() if state == "R" else used.read().split()[0]
    except (OSError, TypeError):
        return None


def run(id):
    """For record.py: runs one twin here and returns {transcript, error}."""
    import traceback

    del _lines[:]
    _known_threads.clear()
    _known_threads.update(sys._current_frames())
    _known_threads.discard(threading.get_ident())
    error = None
    try:
        _cases[id]["body"]()
    except BaseException:
        error = traceback.format_exc()
    return {"transcript": list(_lines), "error": error}


def registered():
    """For record.py: the twins of the file in their order, without their bodies."""
    return [{key: entry[key] for key in ("id", "says", "since", "until")} for entry in _cases.values()]
