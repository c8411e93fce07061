import dataclasses
import datetime
import enum
import math
import pathlib
import pickle

from case import case, log, raised
from support import log_back, there_and_back

# ---- values


@case("pickle.dumps.numbers", "numbers are what they were, at their limits too")
def _():
    log_back(0, 1, -1, 255, 256, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63), 2**64 - 1)
    log_back(True, False)
    log_back(0.0, -0.0, 1.5, 0.1, 1e308, 5e-324, math.inf, -math.inf)
    log(math.isnan(there_and_back(math.nan)))


@case("pickle.dumps.text", "text, whatever stands in it")
def _():
    log_back("", "text", "it's", "two\nlines", "\0", "a\0b", "ü€😀")
    for size in (254, 255, 256, 65535, 65536, 1 << 20):
        log(size, there_and_back("x" * size) == "x" * size)
    log(there_and_back(bytes(range(256))) == bytes(range(256)))


@case("pickle.dumps.none", "None, and what may be None")
def _():
    log_back(None, [None], [1, None, 2])


@case("pickle.dumps.sequences", "lists and tuples, empty and in each other")
def _():
    log_back([], [1], [1, 2, 3], ["a", ""], [[], [1], [2, 3]], [True, False, True])
    log_back((1, "a"), (1,), ((1, 2), "b", (2.5, None)), [(1, "a"), (2, "b")])
    log(there_and_back(list(range(100000))) == list(range(100000)))


@case("pickle.dumps.sets-and-maps", "sets and dictionaries")
def _():
    log_back({1}, {1, 2, 3}, set(), {}, {1: "a"}, {"a": [1, 2], "b": []}, {"a": {"b": {"c": None}}})


class Colour(enum.IntEnum):
    RED = 1
    BLUE = 200


@case("pickle.dumps.enumerations", "enumerators")
def _():
    log(*(there_and_back(colour).value for colour in Colour), there_and_back(Colour.BLUE) == Colour.BLUE)


@case("pickle.dumps.durations-and-paths", "durations and paths")
def _():
    for seconds in (0.0, 1.5, -0.000001, 86400.0):
        log(there_and_back(datetime.timedelta(seconds=seconds)).total_seconds())
    for path in ("/a/path", "relative", "."):
        log(there_and_back(pathlib.PurePosixPath(path)))


@dataclasses.dataclass
class Point:
    x: int
    y: float


@dataclasses.dataclass
class Shape:
    name: str
    points: list
    extra: dict


@case("pickle.dumps.classes", "a class of plain members needs nothing")
def _():
    point = there_and_back(Point(1, 2.5))
    log(point.x, point.y)
    shape = there_and_back(Shape("it's", [Point(1, 2.5), Point(3, -0.5)], {"a": 1}))
    log(shape.name, [(point.x, point.y) for point in shape.points], shape.extra)


@case("pickle.dumps.copies", "what comes back is another object")
def _():
    value = [[1, 2], [3]]
    back = there_and_back(value)
    back[0].append(9)
    log(value, back)


# ---- what is shared


class Box:
    def __init__(self, value):
        self.value, self.other = value, None


@case("pickle.dumps.shared", "an object that is met twice is one object afterwards")
def _():
    box = Box(1)
    first, second, third = there_and_back([box, box, Box(1)])
    log(first is second, first is third)
    second.value = 2
    log(first.value, third.value, box.value)


@case("pickle.dumps.shared.twice", "but not beyond one pickle")
def _():
    box = Box(1)
    log(there_and_back(box) is there_and_back(box), there_and_back([box])[0] is box)


@case("pickle.dumps.shared.none", "None is nobody's")
def _():
    log(there_and_back([None, None]), there_and_back(Box(1)).other)


@case("pickle.dumps.chain", "objects that refer to others")
def _():
    first = None
    for number in range(50):
        box = Box(number)
        box.other, first = first, box
    back, seen = there_and_back(first), []
    while back:
        seen.append(back.value)
        back = back.other
    log(seen == list(range(49, -1, -1)))


@case("pickle.dumps.cycle", "and to themselves")
def _():
    one, other = Box(1), Box(2)
    one.other, other.other = other, one
    back = there_and_back(one)
    log(back.value, back.other.value, back.other.other is back)


@case("pickle.dumps.too-deep", "as deep as the recursion goes, and no deeper")
def _():
    box = None
    for _ in range(100):
        box = [box]
    log(str(there_and_back(box)).count("["))
    for _ in range(100000):
        box = [box]
    log(raised(lambda: pickle.dumps(box)).partition(":")[0])
    del box


# ---- what is no pickle


@case("pickle.loads.empty", "nothing at all is EOFError")
def _():
    log(raised(lambda: pickle.loads(b"")))


@case("pickle.loads.truncated", "a pickle that ends too early is an error, wherever it ends")
def _():
    bytes = pickle.dumps([1, "text", [2, 3], {"a": 4.5}])
    names = {raised(lambda: pickle.loads(bytes[:size])).partition(":")[0] for size in range(len(bytes))}
    log(sorted(names))


@case("pickle.loads.trailing", "what follows it is ignored")
def _():
    log(pickle.loads(pickle.dumps([1, 2]) + b"more"))
