import pickle

from case import case, log, raised
from support import there_and_back


class Date:
    """__reduce__: how it is made again."""

    made = 0

    def __init__(self, year, day):
        Date.made += 1
        self._year, self._day = year, day

    def __reduce__(self):
        return Date, (self._year, self._day)

    def __str__(self):
        return "%d/%d" % (self._year, self._day)


@case("pickle.reduce.constructor", "a class says of what it is made")
def _():
    date = Date(2024, 60)
    back = there_and_back(date)
    log(back, Date.made)


@case("pickle.reduce.inside", "also where it stands in something")
def _():
    back = there_and_back({"a": [Date(1, 2), Date(3, 4)], "b": []})
    log({key: [str(date) for date in value] for key, value in back.items()})


def parse(text):
    return Date(*map(int, text.split("/")))


class Parsed(Date):
    def __reduce__(self):
        return parse, (str(self),)


@case("pickle.reduce.function", "or by which function")
def _():
    log(there_and_back(Parsed(5, 6)))


class Counter:
    """__getstate__ and __setstate__: what it holds."""

    def __init__(self):
        self.count, self.cache = 0, None

    def __getstate__(self):
        return {"count": self.count}

    def __setstate__(self, state):
        self.count, self.cache = state["count"], "filled again"


@case("pickle.reduce.state", "or what it holds")
def _():
    counter = Counter()
    counter.count, counter.cache = 7, "large"
    back = there_and_back(counter)
    log(back.count, back.cache, counter.cache)


class Refusing:
    def __reduce__(self):
        raise ValueError("not me")


@case("pickle.reduce.raises", "what it raises is what dumps() raises")
def _():
    log(raised(lambda: pickle.dumps(Refusing())))
    log(raised(lambda: pickle.dumps([1, [Refusing()]])))
    log(there_and_back([1, 2]))


def refuse(number):
    raise ValueError("not %d" % number)


class RefusedLater:
    def __reduce__(self):
        return refuse, (5,)


@case("pickle.reduce.raises-later", "and the same for loads()")
def _():
    bytes = pickle.dumps([RefusedLater()])
    log(raised(lambda: pickle.loads(bytes)))


class Shared:
    def __init__(self, value):
        self.value = value

    def __reduce__(self):
        return Shared, (self.value,)


@case("pickle.reduce.shared", "one that is met twice is one afterwards")
def _():
    shared = Shared(1)
    one, other, third = there_and_back([shared, shared, Shared(1)])
    log(one is other, one is third, one.value)
