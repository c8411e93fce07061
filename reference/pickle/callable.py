import functools
import pickle

from case import case, log, raised
from support import there_and_back


def add(a, b=0):
    return a + b


class Scale:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, value):
        return value * self.factor

    def scaled(self, value):
        return value * self.factor


@case("pickle.callable.function", "a function is sent by what it is, and is the same one")
def _():
    log(there_and_back(add)(1, 2), there_and_back(add) is add, len(pickle.dumps(add)) < 100)


@case("pickle.callable.object", "an object that can be called, by what it holds")
def _():
    log(there_and_back(Scale(3))(4))


@case("pickle.callable.method", "a method, with its object")
def _():
    log(there_and_back(Scale(3).scaled)(5))


@case("pickle.callable.bound", "a call with its arguments")
def _():
    log(there_and_back(functools.partial(add, 1, 2))())
    log(there_and_back(functools.partial(functools.partial(add, 3), 4))())


@case("pickle.callable.inside", "functions in other values")
def _():
    log([function(3, 4) for function in there_and_back([add, max, min][:1])])
