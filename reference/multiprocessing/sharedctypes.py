"""Twins of conformance/multiprocessing/sharedctypes_test.cpp."""

import ctypes
import multiprocessing
from multiprocessing import sharedctypes

from case import case, log, raised
from support import each_method, free_for_others, run, started

Value, Array = multiprocessing.Value, multiprocessing.Array
RawValue, RawArray = multiprocessing.RawValue, multiprocessing.RawArray


class Point(ctypes.Structure):
    _fields_ = [("x", ctypes.c_int), ("y", ctypes.c_double)]


@case("multiprocessing.value.initial", "what was given, else zero")
def _():
    for make in (Value, RawValue):
        log(make("i", 7).value, make("d", 3.5).value, make("q", -(2 ** 40)).value, make("i").value, make("d").value)


@case("multiprocessing.value.assigned", "each has its own")
def _():
    for make in (Value, RawValue):
        values = [make("i", number) for number in range(5)]
        values[2].value = 42
        values[4].value += 10
        log([value.value for value in values])


def assign(number, real, raw):
    number.value, real.value, raw.value = -number.value, real.value * 2, raw.value + 1


@case("multiprocessing.value.processes.crosses", "assigned there, seen here")
def _():
    def change(context):
        number, real, raw = context.Value("i", 7), context.Value("d", 1.5), context.RawValue("q", 2 ** 40)
        log(run(context, assign, number, real, raw), number.value, real.value, raw.value)

    each_method(change)


def double(point, raw):
    with point.get_lock():
        point.x, point.y = point.x * 2, point.y * 2
    raw.x += 1


@case("multiprocessing.value.structure", "fields are shared")
def _():
    def change(context):
        point, raw = context.Value(Point, 3, 2.5), context.RawValue(Point)
        log(run(context, double, point, raw), point.x, point.y, raw.x, raw.y)

    each_method(change)


def count(value, times_):
    for _ in range(times_):
        with value.get_lock():
            value.value += 1


@case("multiprocessing.value.lock.own", "one lock, in all processes")
def _():
    value = Value("i", 5)
    lock = value.get_lock()
    with lock:
        with lock:
            log(free_for_others(value.get_lock()))
    log(free_for_others(value.get_lock()))

    def together(context):
        counter = context.Value("i", 0)
        children = [started(context, count, counter, 2000) for _ in range(3)]
        for child in children:
            child.join()
        log([child.exitcode for child in children], counter.value)

    each_method(together)


@case("multiprocessing.value.lock.given", "a lock for several")
def _():
    for lock in (multiprocessing.Lock(), multiprocessing.RLock()):
        first, second = Value("i", 1, lock=lock), Value("i", 2, lock=lock)
        with lock:
            log(free_for_others(first.get_lock()), free_for_others(second.get_lock()))
        with first.get_lock():
            log(free_for_others(second.get_lock()), free_for_others(lock))


@case("multiprocessing.value.object", "the raw value behind")
def _():
    value = Value("i", 5)
    raw = value.get_obj()
    raw.value = 6
    log(value.value)
    value.value = 7
    log(raw.value)


@case("multiprocessing.value.copy", "a value of its own")
def _():
    raw = RawValue("i", 5)
    copied = sharedctypes.copy(raw)
    raw.value = 6
    log(copied.value)
    copied.value = 7
    log(raw.value, copied.value)
    array = RawArray("i", [1, 2, 3])
    other = sharedctypes.copy(array)
    array[0] = 7
    log(list(array), list(other))


@case("multiprocessing.value.sharing.inheritance", "no value goes over a connection")
def _():
    reader, writer = multiprocessing.Pipe(False)
    for value in (Value("i", 5), Array("i", 5)):
        log(raised(lambda: writer.send(value)).partition(":")[0], reader.poll())


@case("multiprocessing.array.from-size", "so many zeros")
def _():
    for size in (1, 10, 100):
        for make in (Array, RawArray):
            for _ in range(3):
                array = make("i", size)
                log(len(array), sum(array[:]))
                array[:] = range(size, 0, -1)
                del array


@case("multiprocessing.array.from-sequence", "its items")
def _():
    for make in (Array, RawArray):
        array = make("i", [680, 626, 934, 821, 150, 233, 548, 982, 714, 831])
        log(len(array), list(array), list(make("d", [0.5, 1.5])), list(make("i", range(4))))


@case("multiprocessing.array.items", "by index, one after another, sliced")
def _():
    for make in (Array, RawArray):
        array = make("i", [1, 2, 3, 4, 5])
        array[1], array[4] = 20, array[0] + 50
        part = array[1:4]
        part[0] = 99
        log(list(array), array[0], part)
        array[1:3] = [7, 8]
        log(list(array), sum(array))


@case("multiprocessing.array.empty", "no item at all")
def _():
    log(len(Array("i", 0)), list(Array("i", [])), list(RawArray("d", 0)))


def negate(array, raw):
    with array.get_lock():
        for index in range(len(array)):
            array[index] = -array[index]
    for index in range(len(raw)):
        raw[index] += 0.5


@case("multiprocessing.array.processes.crosses", "written there, seen here")
def _():
    def change(context):
        array, raw = context.Array("i", range(5)), context.RawArray("d", 3)
        log(run(context, negate, array, raw), list(array), list(raw))

    each_method(change)


@case("multiprocessing.array.lock.own", "its own lock, or one that was given")
def _():
    array = Array("i", 10)
    with array.get_lock():
        log(free_for_others(array.get_lock()))
    lock = multiprocessing.Lock()
    given = Array("i", 10, lock=lock)
    with lock:
        log(free_for_others(given.get_lock()))
    log(free_for_others(given.get_lock()))
    plain = array.get_obj()
    plain[3] = 5
    log(array[3], len(plain))


def mark(array):
    array[0], array[len(array) - 1] = 1, 2


@case("multiprocessing.array.large", "as large as one likes")
def _():
    context = multiprocessing.get_context("fork")
    array = context.Array("b", 64 * 1024 * 1024)
    log(run(context, mark, array), len(array), array[0], array[len(array) - 1], array[12345678])


def make_and_lend(context_name, gate, answer):
    context = multiprocessing.get_context(context_name)
    array = context.Array("i", [1, 2, 3])
    context.Process(target=use_later, args=(array, gate, answer), daemon=False).start()
    multiprocessing.process._children.clear()


def use_later(array, gate, answer):
    gate.acquire()
    answer.put(list(array))


@case("multiprocessing.array.outlives-its-maker", "as long as anybody has it")
def _():
    context = multiprocessing.get_context("fork")
    gate, answer = context.Semaphore(0), context.SimpleQueue()
    log(run(context, make_and_lend, "fork", gate, answer))
    gate.release()
    log(answer.get())
