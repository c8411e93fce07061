"""Where two threads can be put on this machine, and where they can't."""
import glob
import os
import re
import shutil
from pathlib import Path

CPU = Path("/sys/devices/system/cpu")
# From the nearest to the farthest.
PLACES = (("one", "one processor for all"), ("smt", "two threads of one core"), ("cache", "two cores, one cache"),
          ("package", "one socket, two caches"), ("socket", "two sockets"))
NONE, NONE_ALLOWED, UNKNOWN = "this machine has none", "none that may be used", "unknown"


def numbers(text):
    """0-2,5: 0, 1, 2 and 5."""
    found = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


def read(path):
    """What stands in a file of the system; nothing where it can't be read."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _last_cache(folder):
    """The processors that share the largest of its caches."""
    caches = [(int(read(index + "/level") or 0), numbers(read(index + "/shared_cpu_list")))
              for index in glob.glob(str(folder / "cache/index*"))]
    return max(caches, key=lambda one: one[0], default=(0, frozenset()))[1]


def _processors(cpu):
    """{number: (its core, its last cache, its socket)}, as sets of processors; empty where it can't be read."""
    found = {}
    for folder in cpu.glob("cpu[0-9]*"):
        topology, number = folder / "topology", int(re.search(r"\d+$", folder.name).group())
        core = read(topology / "core_cpus_list") or read(topology / "thread_siblings_list")
        if core:
            found[number] = (numbers(core), _last_cache(folder), read(topology / "physical_package_id"))
    return found


def _place(one, two):
    """Which of PLACES the two are; None where nobody says."""
    if one[2] != two[2]:
        return "socket"
    if one[0] == two[0]:
        return "smt"
    return ("cache" if one[1] == two[1] else "package") if one[1] and two[1] else None


def _pairs(processors, numbers_of):
    """{place: the first pair that is there}"""
    found = {}
    for first in numbers_of:
        for second in numbers_of:
            if first < second:
                place = _place(processors[first], processors[second])
                found.setdefault(place, (first, second))
    return found


def affinity():
    """The processors that this process may use; none where nobody says."""
    try:
        return sorted(os.sched_getaffinity(0))
    except (AttributeError, OSError):
        return []


def allowed():
    """The same, or as many as there are."""
    return affinity() or list(range(os.cpu_count() or 1))


def places(cpu=CPU, usable=None):
    """[(place, what it is, its processors or (), why there are none)]"""
    usable = allowed() if usable is None else usable
    if not shutil.which("taskset"):
        return [(name, text, (), "taskset is not here") for name, text in PLACES]
    processors = _processors(cpu)
    known = [number for number in usable if number in processors]
    here, anywhere = _pairs(processors, known), _pairs(processors, sorted(processors))
    found = [("one", PLACES[0][1], (usable[0],), "")]
    for name, text in PLACES[1:]:
        why = "" if name in here else NONE_ALLOWED if name in anywhere else UNKNOWN if not processors or (
            None in anywhere and name in ("cache", "package")) else NONE
        found.append((name, text, here.get(name, ()), why))
    return found
