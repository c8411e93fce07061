"""Twins of conformance/multiprocessing/shared_memory_test.cpp. Names are shown as NAME."""

import os
import signal
import warnings
from multiprocessing.shared_memory import ShareableList, SharedMemory

from case import case, log, raised
from support import each_method, run


class Block:
    """A new block, gone at the end of the case."""

    def __init__(self, size, name=None):
        self.size, self.name = size, name

    def __enter__(self):
        self.memory = SharedMemory(self.name, create=True, size=self.size)
        return self.memory

    def __exit__(self, *error):
        try:
            self.memory.close()
            self.memory.unlink()
        except FileNotFoundError:
            pass


def name_of_ones_own(number=0):
    return "tandem-case-%d-%d" % (os.getpid(), number)


def shown(text, *names):
    for name in names:
        text = text.replace("/" + name, "NAME").replace(name, "NAME")
    return text


def text(memory, begin, end):
    return bytes(memory.buf[begin:end]).decode()


@case("multiprocessing.shared-memory.create", "new memory, all zero")
def _():
    name = name_of_ones_own()
    with Block(512) as first, Block(512) as second, Block(100000, name) as named:
        log(first.size >= 512, sum(first.buf[:512]), first.name != second.name, first.name != "")
        log(named.name == name, named.size >= 100000, sum(named.buf[:100000]))
        first.buf[0], first.buf[511] = 42, 7
        log(first.buf[0], first.buf[511], second.buf[0])


@case("multiprocessing.shared-memory.attach", "the same memory")
def _():
    with Block(512) as block:
        block.buf[:4] = b"abcd"
        attached = SharedMemory(block.name)
        larger = SharedMemory(block.name, size=block.size + 1000)
        log(text(attached, 0, 4), attached.size == block.size, larger.size == block.size)
        attached.buf[1] = ord("X")
        log(text(block, 0, 4), text(larger, 0, 4))
        attached.close()
        larger.close()


@case("multiprocessing.shared-memory.create.exists", "a name is there once")
def _():
    name = name_of_ones_own()
    with Block(64, name) as block:
        block.buf[0] = 9
        log(shown(raised(lambda: SharedMemory(name, create=True, size=128)), name))
        attached = SharedMemory(name)
        log(block.buf[0], attached.buf[0])
        attached.close()


@case("multiprocessing.shared-memory.attach.missing", "there is none of that name")
def _():
    name = name_of_ones_own()
    log(shown(raised(lambda: SharedMemory(name)), name))


@case("multiprocessing.shared-memory.create.invalid", "what makes no sense")
def _():
    log(raised(lambda: SharedMemory(create=True, size=-1)))
    log(raised(lambda: SharedMemory(create=True, size=0)), raised(lambda: SharedMemory(create=True)))
    log(raised(lambda: SharedMemory()))


@case("multiprocessing.shared-memory.name.null", "no null character in a name")
def _():
    name = name_of_ones_own()
    with Block(64, name):
        log(raised(lambda: SharedMemory(name + "\0a")))
        log(raised(lambda: SharedMemory(name + "\0a", create=True, size=64)))


@case("multiprocessing.shared-memory.unlink", "the name is gone, the memory is not")
def _():
    name = name_of_ones_own()
    with Block(64, name) as block:
        attached = SharedMemory(name)
        block.unlink()
        log(shown(raised(lambda: SharedMemory(name)), name))
        attached.buf[3] = 5
        log(block.buf[3])
        log(shown(raised(block.unlink), name))
        attached.close()


@case("multiprocessing.shared-memory.close", "ends this access")
def _():
    name = name_of_ones_own()
    with Block(64, name) as block:
        attached = SharedMemory(name)
        attached.buf[0] = 3
        attached.close()
        attached.close()
        log(block.buf[0])
        block.close()
        again = SharedMemory(name)
        log(again.buf[0])
        block.unlink()
        again.close()
        log(raised(again.close))


def write_by_name(name):
    attached = SharedMemory(name)
    attached.buf[0] += 1
    attached.buf[5:10] = b"there"
    attached.close()


@case("multiprocessing.shared-memory.dropped", "closed, but not unlinked")
def _():
    name = name_of_ones_own()
    with Block(64, name) as block:
        write_by_name(name)
        SharedMemory(name)
        attached = SharedMemory(name)
        log(attached.buf[0], block.buf[0])
        attached.close()


@case("multiprocessing.shared-memory.processes.by-name", "written there, seen here")
def _():
    def write(context):
        with Block(64) as block:
            block.buf[0] = 1
            log(run(context, write_by_name, block.name), block.buf[0], text(block, 5, 10))

    each_method(write)


def write_to(memory, size):
    memory.buf[0] += memory.size == size
    memory.buf[5:10] = b"given"
    memory.close()


@case("multiprocessing.shared-memory.processes.as-argument", "given to a process")
def _():
    def write(context):
        with Block(64) as block:
            log(run(context, write_to, block, block.size), block.buf[0], text(block, 5, 10))

    each_method(write)


def only_child():
    """The tracker, as soon as no signals have to wait for it."""
    with open("/proc/thread-self/children") as children:
        (pid,) = children.read().split()
    blocked = None
    while blocked != 0:
        with open("/proc/%s/status" % pid) as status:
            (blocked,) = [int(line.split()[1], 16) for line in status if line.startswith("SigBlk:")]
    return int(pid)


def what_ends(pid, *signals):
    """Of these signals, one after the other."""
    for number in signals:
        os.kill(pid, number)
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT).si_status


@case("multiprocessing.shared-memory.tracker.signals", "which go by the tracker, and which does not")
def _():
    with Block(512):
        pass
    log(what_ends(only_child(), signal.SIGINT, signal.SIGTERM, signal.SIGKILL))


@case("multiprocessing.shared-memory.tracker.killed", "there is another one")
def _():
    with Block(512):
        first = only_child()
    log(what_ends(first, signal.SIGKILL))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # resource_tracker: process died unexpectedly, relaunching
        with Block(512) as block:
            log(block.size >= 512, only_child() != first)


@case("multiprocessing.shared-memory.repr", "name and size")
def _():
    name = name_of_ones_own()
    with Block(512, name) as block:
        log(shown(repr(block), name), shown(repr(SharedMemory(name)), name))


# ShareableList


class Lists:
    """Makes lists that are gone at the end of the case."""

    def __enter__(self):
        self.lists = []
        return self

    def __call__(self, *arguments, **options):
        self.lists.append(ShareableList(*arguments, **options))
        return self.lists[-1]

    def __exit__(self, *error):
        for made in self.lists:
            made.shm.close()
            try:
                made.shm.unlink()
            except FileNotFoundError:
                pass


EVERYTHING = ["howdy", "HoWdY", -273.154, 100, None, True, 42]


@case("multiprocessing.shareable-list.items", "what was given")
def _():
    with Lists() as make:
        shared = make(EVERYTHING)
        log(list(shared), len(shared))
        log(shared[0], shared[-1], shared[4], shared[-7], shared[2])


@case("multiprocessing.shareable-list.assign", "replaced by what has room")
def _():
    with Lists() as make:
        shared = make(EVERYTHING)
        shared[4], shared[-3], shared[-2] = "some", 7, None
        shared[6], shared[3] = 0.5, False
        log(list(shared))
        log(shared.format)
        shared[0] = "encodin"
        shared[1] = "87654321"
        log(raised(lambda: shared.__setitem__(0, "123456789")), raised(lambda: shared.__setitem__(2, "123456789")))
        shared[2] = "12345678"
        log(list(shared))
        umlauts = make(["\u00e4\u00f6\u00fc"])
        umlauts[0] = "\u00df\u00df"
        log(umlauts[0])


@case("multiprocessing.shareable-list.index-error", "beyond the end")
def _():
    with Lists() as make:
        shared = make([1, 2, 3])
        for index in (3, 4, 100):
            log(raised(lambda: shared[index]), raised(lambda: shared.__setitem__(index, 7)))
        log(list(shared))


@case("multiprocessing.shareable-list.search", "compared by value")
def _():
    with Lists() as make:
        shared = make([1, "a", 2, 1, None, "a", 1])
        log(shared.count(1), shared.count("a"), shared.count(None), shared.count(7), shared.count("b"))
        log(shared.index(1), shared.index("a"), shared.index(None), shared.index(2))
        log(raised(lambda: shared.index(7)), raised(lambda: shared.index("b")))


@case("multiprocessing.shareable-list.format", "how items are packed")
def _():
    with Lists() as make:
        shared = make(EVERYTHING)
        log(shared.format, make([]).format == "", make(["12345678", "1234567"]).format)


@case("multiprocessing.shareable-list.attach", "the same list, or a copy")
def _():
    with Lists() as make:
        shared = make(EVERYTHING)
        same, copied = ShareableList(name=shared.shm.name), make(shared)
        same[3] = 1000
        copied[6] = -42
        log(shared[3], copied[3], shared[6], copied[6], len(same), len(copied))
        log(same.shm.name == shared.shm.name, copied.shm.name != shared.shm.name)
        same.shm.close()


def change_list(name):
    shared = ShareableList(name=name)
    shared[0], shared[1] = shared[0] + 1, "there"
    shared.shm.close()


@case("multiprocessing.shareable-list.processes", "the same in all processes")
def _():
    def change(context):
        with Lists() as make:
            shared = make([41, "here", None])
            log(run(context, change_list, shared.shm.name), list(shared))

    each_method(change)


@case("multiprocessing.shareable-list.empty", "no item at all")
def _():
    with Lists() as make:
        shared = make([])
        log(len(shared), list(shared), raised(lambda: shared[0]), shared.count(0))


@case("multiprocessing.shareable-list.repr", "items and name")
def _():
    with Lists() as make:
        shared = make([1, "a", None, 2.5])
        log(shown(repr(shared), shared.shm.name))
